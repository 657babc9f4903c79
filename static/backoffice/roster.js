// The roster: every form on it answers in place. Without scripts the same forms load the page.
"use strict";

(function () {
  const page = document.querySelector("[data-roster]");
  if (!page) return;
  const told = document.getElementById("roster-messages");
  page.classList.add("ro-live");

  // One change after the other: a second one waits for the first one's answer.
  let waiting = Promise.resolve();
  const send = (form, act) => (waiting = waiting.then(() => sent(form, act)));

  function dataOf(form, act) {
    const data = new FormData(form);
    data.set("act", act);
    return data;
  }

  async function sent(form, act) {
    if (!document.contains(form)) return; // removed by the answer before
    const data = dataOf(form, act);
    say(page.dataset.busy);
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: data, headers: { "X-Requested-With": "fetch" }, redirect: "manual",
      });
      if (!answer.ok && answer.status !== 409) throw new Error(answer.status);
      put(await answer.text());
    } catch {
      say(page.dataset.failed, true);
    }
  }

  function say(text, failed) {
    told.innerHTML = "";
    const line = document.createElement("p");
    line.className = failed ? "bo-remark bo-remark-danger" : "bo-small";
    line.textContent = text;
    told.append(line);
  }

  // Put the parts in place; the focus stays where it was, by id.
  function put(html) {
    const parts = new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-part]");
    if (!parts.length) throw new Error("not a part of this page");
    for (const part of parts) {
      const target = document.getElementById(part.dataset.part);
      if (!target) continue;
      const focused = target.contains(document.activeElement) && document.activeElement.id;
      target.replaceChildren(...part.childNodes);
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    }
  }

  page.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    const act = button?.value;
    if (act === "submit" || !(form.dataset.fetch !== undefined || form.dataset.auto)) return;
    event.preventDefault();
    send(form, act || form.dataset.auto || "look_up");
  });

  // The grid and the contact are saved as they change.
  page.addEventListener("change", (event) => {
    const all = event.target.dataset.all;
    if (all) {
      for (const box of event.target.form.querySelectorAll(`[name="${all}"]:not(:disabled):not([data-holds])`)) box.checked = event.target.checked;
      return;
    }
    const form = event.target.form;
    if (form?.dataset.auto && form.reportValidity()) send(form, form.dataset.auto);
  });

  // Ctrl+Enter looks the numbers up.
  page.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "numbers") {
      event.preventDefault();
      send(event.target.form, "look_up");
    }
  });
})();
