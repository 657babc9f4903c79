// Small helpers for our own pages; everything works without them, only less smoothly.
"use strict";

// A running import: follow its progress, and show the result page when it is over.
for (const box of document.querySelectorAll("[data-progress]")) {
  const bar = box.querySelector("progress");
  const timer = setInterval(async () => {
    const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok) { clearInterval(timer); return; }
    const state = await answer.json();
    bar.value = state.progress;
    const note = box.querySelector("[data-progress-note]");
    if (note) { note.textContent = state.note; note.hidden = !state.note; }
    if (!state.busy) { clearInterval(timer); location.reload(); }
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
