// What was typed is never lost: a form that was sent stays in this tab until an answer says that it arrived. After an
// ended session, a page that was open too long, a lost connection or an error of the server it is filled in again.
// Kept: text, choices and ticks. Never kept: passwords, files, hidden values. Nobody else who signs in sees it.
"use strict";

(function () {
  const KEY = "backoffice.kept";
  const HOURS = 12 * 60 * 60 * 1000;
  const LEFT_OUT = new Set(["hidden", "password", "file", "submit", "button", "image", "reset"]);
  const box = document.getElementById("kept");
  if (!box) return;
  const words = box.dataset;

  function read() {
    try {
      const entry = JSON.parse(sessionStorage.getItem(KEY));
      return entry && Date.now() - entry.at < HOURS && /^\/[^/\\]/.test(entry.path) ? entry : null;
    } catch {
      return null;
    }
  }
  const write = (entry) => { try { sessionStorage.setItem(KEY, JSON.stringify(entry)); } catch { /* no room: not kept */ } };
  const forget = () => sessionStorage.removeItem(KEY);
  const pathOf = (address) => new URL(address, location.origin).pathname;
  const create = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // --- Keeping ------------------------------------------------------------------------------------

  const postForms = () => [...document.forms].filter((form) => form.method === "post");
  const isOurs = (form) => form.method === "post" && form.id !== "changelist-form" && form.dataset.notKept === undefined
    && !form.querySelector("[type=password]");
  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !LEFT_OUT.has(field.type));

  function labelOf(field) {
    const label = field.labels?.[0]?.textContent || field.getAttribute("aria-label") || field.name;
    return label.replace(/\s*\*\s*$/, "").trim();
  }

  function stateOf(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked;
    if (field.tagName === "SELECT") return [...field.selectedOptions].map((option) => [option.value, option.text]);
    return field.value;
  }

  // The last listener of all: whatever else takes the submit over has had its turn.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (/\/logout\/$/.test(pathOf(form.action))) { forget(); return; }
    if (event.defaultPrevented || !isOurs(form)) return;
    const fields = fieldsOf(form).map((field) => ({
      name: field.name, value: field.type === "radio" || field.type === "checkbox" ? field.value : undefined,
      state: stateOf(field), label: labelOf(field),
    }));
    if (!fields.length) return;
    write({
      path: location.pathname + location.search, who: words.who, at: Date.now(), id: form.id,
      place: postForms().indexOf(form), fields,
    });
  });

  // --- Filling in again ---------------------------------------------------------------------------

  function shown(state) {
    if (typeof state === "boolean") return state ? "✓" : "–";
    if (Array.isArray(state)) return state.map(([, text]) => text.trim()).join("、") || "–";
    return state || "–";
  }

  function put(field, state) {
    if (typeof state === "boolean") {
      field.checked = state;
    } else if (Array.isArray(state)) {
      for (const [value, text] of state) {
        if (![...field.options].some((option) => option.value === value)) field.add(new Option(text, value));
      }
      for (const option of field.options) option.selected = state.some(([value]) => value === option.value);
    } else {
      field.value = state;
    }
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function restore(entry) {
    const isHere = pathOf(entry.path) === location.pathname;
    const form = isHere && ((entry.id && document.getElementById(entry.id)) || postForms()[entry.place]);
    const lines = [];
    for (const kept of entry.fields) {
      const field = form && fieldsOf(form).find((other) => other.name === kept.name
        && (kept.value === undefined || other.value === kept.value));
      const now = field ? stateOf(field) : "";
      if (JSON.stringify(now) === JSON.stringify(kept.state) || (!field && !shown(kept.state).replace("–", ""))) continue;
      const isOpen = field && !field.disabled && !field.readOnly;
      if (isOpen) put(field, kept.state);
      lines.push([kept.label, shown(kept.state), field ? shown(now) : "–"]);
    }
    if (lines.length) tell(lines, isHere); else forget();
  }

  function tell(lines, isHere) {
    const table = create("table", { className: "bo-table" });
    const row = (cells, tag) => {
      const line = create("tr");
      for (const text of cells) line.append(create(tag, { textContent: text }));
      return line;
    };
    table.append(row([words.field, words.typed, words.saved], "th"), ...lines.map((cells) => row(cells, "td")));
    const details = create("details");
    details.append(create("summary", { textContent: words.compare }), table);
    const drop = create("button", { type: "button", className: "bo-link", textContent: words.discard });
    drop.addEventListener("click", () => { forget(); location.replace(location.href); });
    details.open = !isHere;
    say(isHere ? words.restored : words.copy, drop, details);
  }

  function say(text, ...more) {
    box.replaceChildren(create("p", { textContent: text }), ...more);
    box.className = "bo-banner pub-message pub-message-warning";
    box.hidden = false;
  }

  // --- What this page is an answer to ---------------------------------------------------------------

  addEventListener("DOMContentLoaded", () => {
    const entry = read();
    if (!entry) return;
    if (words.unsent) { // the sign-in page, or an error page
      entry.unsent = true;
      write(entry);
      const login = document.getElementById("login-form");
      if (login) {
        login.action = `${location.pathname}?${new URLSearchParams({ next: entry.path })}`;
        say(words.unsent);
      } else {
        say(words.unsent, create("a", { href: entry.path, textContent: words.back, className: "bo-link" }));
      }
      return;
    }
    const [arrival] = performance.getEntriesByType("navigation");
    const isAnswer = words.answer || arrival?.redirectCount > 0;
    const isRefusedHere = document.querySelector("[data-unsent-here]");
    const isRefused = entry.unsent || isRefusedHere;
    if (!isRefused && (isAnswer || arrival?.type === "back_forward")) { if (isAnswer) forget(); return; }
    if (entry.who !== words.who) { forget(); return; }
    if (isRefusedHere || pathOf(entry.path) === location.pathname) addEventListener("load", () => restore(entry));
  });
})();
