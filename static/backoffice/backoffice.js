// Small helpers for our own pages; everything works without them, only less smoothly.
"use strict";

// A running import: follow its progress, and show the result page when it is over.
for (const box of document.querySelectorAll("[data-progress]")) {
  const bar = box.querySelector("progress"), told = box.querySelector("[data-progress-told]");
  const timer = setInterval(async () => {
    try {
      const answer = await Backoffice.ask(box.dataset.progress, { headers: { Accept: "application/json" } });
      const state = await answer.json();
      bar.value = state.progress;
      told.replaceChildren();
      if (!state.busy) { clearInterval(timer); location.reload(); }
    } catch (error) {
      // The work goes on without this page. A connection comes back, a server is started again: ask on.
      if (!["lost", "server"].includes(Backoffice.tell(told, error))) clearInterval(timer);
    }
  }, 1000);
}

// An upload: say that it is under way and take no second click.
for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", () => {
    form.querySelector("button[type=submit]").disabled = true;
    form.querySelector("[data-upload-progress]").hidden = false;
  });
}

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => { if (!confirm(form.dataset.confirm)) event.preventDefault(); });
}

// Autocomplete boxes are named by their labels: Select2 names an empty one by nothing.
function nameBoxes() {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = select.labels[0];
    const box = select.nextElementSibling?.querySelector(".select2-selection");
    const text = box?.querySelector(".select2-selection__rendered");
    if (!label || !box || !text) continue;
    label.id ||= `label_${select.id}`;
    box.setAttribute("aria-labelledby", `${label.id} ${text.id}`);
    text.setAttribute("aria-labelledby", label.id);
  }
}
// jQuery calls what waits for "ready" in turn: after those that make the boxes.
addEventListener("load", () => { window.django?.jQuery?.(nameBoxes); });
