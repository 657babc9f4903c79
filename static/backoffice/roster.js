// The roster: every form on it answers in place. Without scripts the same forms load the page.
// Two promises: nothing that is being pressed moves or is replaced, and nothing that was typed is lost.
"use strict";

(function () {
  const page = document.querySelector("[data-roster]");
  if (!page) return;
  const told = document.getElementById("roster-status");
  page.classList.add("ro-live");

  // -- what is typed and not saved yet: kept for this tab, whatever happens to page or session --------------

  // Nobody else who signs in here sees it.
  const KEY = `backoffice.roster:${document.getElementById("kept")?.dataset.who ?? ""}:${location.pathname}`;
  const isKept = (field) => field.id && !["checkbox", "file", "hidden"].includes(field.type) && field.matches("input, textarea, select") && !field.closest("[role=search]");
  let unsaved = {}; // id of the field -> what was typed

  function remember() {
    try {
      if (Object.keys(unsaved).length) sessionStorage.setItem(KEY, JSON.stringify(unsaved));
      else sessionStorage.removeItem(KEY);
    } catch { /* no storage: the page itself still has it */ }
  }

  function saved(values) {
    for (const [id, value] of Object.entries(values)) if (unsaved[id] === value) delete unsaved[id];
    remember();
  }

  function refill(only) {
    const filled = [];
    for (const [id, value] of Object.entries(unsaved)) {
      const field = document.getElementById(id);
      if (!field || (only && !only.contains(field))) continue;
      if (field.value === value) continue;
      field.value = value;
      if (field.value === value) filled.push(field);
    }
    return filled;
  }

  function restore() {
    try { unsaved = JSON.parse(sessionStorage.getItem(KEY)) ?? {}; } catch { unsaved = {}; }
    const filled = refill();
    // What the server has already, or what belongs to a line that is gone, is forgotten.
    unsaved = Object.fromEntries(filled.map((field) => [field.id, field.value]));
    remember();
    if (!filled.length) return;
    const forms = new Set(filled.map((field) => field.form).filter((form) => form?.dataset.auto));
    const line = say(page.dataset.kept, true);
    if (forms.size) line.append(" ", press(page.dataset.save, () => { for (const form of forms) send(form, form.dataset.auto); }));
    line.append(" ", press(page.dataset.forget, () => { unsaved = {}; remember(); location.reload(); }));
  }

  page.addEventListener("input", (event) => {
    if (!isKept(event.target)) return;
    unsaved[event.target.id] = event.target.value;
    remember();
  });

  // -- one request after the other ---------------------------------------------------------------------------

  // What is sent is taken from the form at once: the answer before may put another form in its place.
  let waiting = Promise.resolve();
  function send(form, act, button) {
    const data = new FormData(form);
    if (button?.name) data.set(button.name, button.value);
    if (act) data.set("act", act);
    const values = {};
    for (const field of form.elements) if (isKept(field)) values[field.id] = field.value;
    const request = { url: form.action, data, values };
    waiting = waiting.then(() => sent(request));
    return waiting;
  }

  async function sent(request) {
    say(page.dataset.busy);
    request.data.delete("csrfmiddlewaretoken"); // the header has the present one
    try {
      const answer = await Backoffice.ask(request.url, { method: "POST", body: request.data }, [409]);
      const html = await answer.text();
      await released();
      const parts = partsOf(html);
      const wrong = parts.some((part) => part.dataset.part.startsWith("error-") && part.textContent.trim());
      if (!wrong && answer.status !== 409) saved(request.values);
      put(parts);
      told.replaceChildren();
    } catch (error) {
      if (leaving) return;
      const line = say("", true);
      Backoffice.tell(line, error);
      line.append(" ", press(page.dataset.again, () => { waiting = waiting.then(() => sent(request)); }));
    }
  }

  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; });

  // -- nothing moves while it is pressed ------------------------------------------------------------------------

  let pressing = null; // what is held down
  const free = [];
  const pressBegins = (event) => { pressing = event.target; };
  // The click follows the release: it still finds what was pressed.
  const pressEnds = () => setTimeout(() => { pressing = null; free.splice(0).forEach((go) => go()); }, 0);
  addEventListener("pointerdown", pressBegins, true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, pressEnds, true);
  addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") pressBegins(event); }, true);
  addEventListener("keyup", pressEnds, true);
  // A menu of the system keeps the release to itself. (Leaving a field by pressing a button is a change, too.)
  addEventListener("change", (event) => { if (event.target === pressing) pressEnds(); }, true);
  addEventListener("blur", pressEnds);
  const released = () => (pressing ? new Promise((go) => { free.push(go); setTimeout(go, 3000); }) : Promise.resolve());

  function press(text, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "bo-link";
    button.textContent = text;
    button.addEventListener("click", act);
    return button;
  }

  // What is under way or failed is said over the page (roster.css): it pushes nothing away.
  function say(text, failed) {
    const line = document.createElement("p");
    line.className = failed ? "bo-remark bo-remark-danger" : "bo-small";
    line.textContent = text;
    told.replaceChildren(line);
    return line;
  }

  function partsOf(html) {
    const parts = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-part]")];
    if (!parts.length) throw new Backoffice.NotAnswered("server");
    return parts;
  }

  // Put the parts in place; focus, caret, what was typed meanwhile and the place on the screen stay as they are.
  function put(parts) {
    const active = document.activeElement;
    const caret = active?.id && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
    const anchor = active?.id && page.contains(active) ? active : page.querySelector(".ro-bar");
    const before = anchor?.getBoundingClientRect().top;
    for (const part of parts) {
      const target = document.getElementById(part.dataset.part);
      if (!target) continue;
      target.replaceChildren(...part.childNodes);
      if (target.dataset.for) {
        const field = document.getElementById(target.dataset.for);
        if (target.textContent.trim()) field?.setAttribute("aria-invalid", "true");
        else field?.removeAttribute("aria-invalid");
        field?.setAttribute("aria-describedby", target.id);
      }
    }
    refill(page);
    if (active?.id && !document.contains(active)) {
      const again = document.getElementById(active.id);
      again?.focus({ preventScroll: true });
      if (again && caret && caret[0] !== null) try { again.setSelectionRange(...caret); } catch { /* no text field */ }
    }
    const now = anchor?.id ? document.getElementById(anchor.id) : page.querySelector(".ro-bar");
    if (now && before !== undefined && active?.id) scrollBy(0, now.getBoundingClientRect().top - before);
  }

  page.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    const act = button?.name === "act" ? button.value : button?.dataset.act;
    if (act === "submit" || !(form.dataset.fetch !== undefined || form.dataset.auto)) {
      // After signing in again in another tab the page's own token is outdated.
      if (form.method === "post" && form.elements.csrfmiddlewaretoken && Backoffice.token()) form.elements.csrfmiddlewaretoken.value = Backoffice.token();
      return;
    }
    event.preventDefault();
    send(form, act || form.dataset.auto || "look_up", button);
  });

  // The grid and the contact are saved as they change.
  page.addEventListener("change", (event) => {
    const all = event.target.dataset.all;
    if (all) {
      const within = event.target.dataset.within ? document.getElementById(event.target.dataset.within) : event.target.form;
      for (const box of within.querySelectorAll(`[name="${all}"]:not(:disabled):not([data-holds])`)) box.checked = event.target.checked;
      return;
    }
    const form = event.target.form;
    if (form?.dataset.auto && form.reportValidity()) send(form, form.dataset.auto);
  });

  // Ctrl+Enter looks the numbers up; Enter in an entry that waits looks these up again.
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    if ((event.ctrlKey || event.metaKey) && event.target.id === "numbers") {
      event.preventDefault();
      send(event.target.form, "look_up");
    } else if (event.target.classList.contains("ro-entry")) {
      event.preventDefault();
      send(event.target.form, "again");
    }
  });

  // Back from a page that was opened beside: what was put right there is seen here.
  let beside = false;
  page.addEventListener("click", (event) => { if (event.target.closest("[data-beside]")) beside = true; });
  addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || !beside) return;
    beside = false;
    waiting = waiting.then(async () => {
      try {
        const answer = await Backoffice.ask(`${location.pathname}?part=lines`);
        const html = await answer.text();
        await released();
        put(partsOf(html));
      } catch { /* the next act says what is wrong */ }
    });
  });

  restore();
})();
