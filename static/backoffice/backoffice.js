// Small helpers for our own pages; everything works without them, only less smoothly.
"use strict";

// Why there is no usable answer: a lost connection, an ended session, an error of the server; "" if there is one.
function whyNot(answer) {
  const words = document.getElementById("kept")?.dataset ?? {};
  if (!answer) return words.lost;
  if (answer.redirected || answer.status === 401 || answer.status === 403) return words.ended;
  return answer.ok ? "" : words.server;
}

// A running import: follow its progress, and show the result page when it is over.
async function follow(box) {
  const bar = box.querySelector("progress");
  const told = box.appendChild(document.createElement("p"));
  told.setAttribute("role", "status");
  for (let pause = 1000; ; pause = Math.min(pause * 2, 15000)) {
    await new Promise((done) => { setTimeout(done, pause); });
    const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } }).catch(() => null);
    told.textContent = whyNot(answer);
    if (answer && answer.redirected) return;
    if (told.textContent) continue;
    const state = await answer.json();
    bar.value = state.progress;
    const note = box.querySelector("[data-progress-note]");
    if (note) { note.textContent = state.note; note.hidden = !state.note; }
    pause = 500;
    if (!state.busy) { location.reload(); return; }
  }
}
document.querySelectorAll("[data-progress]").forEach(follow);

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

// What is looked for in an autocomplete box is posted: an ID number stands in no address.
addEventListener("load", () => {
  window.django?.jQuery?.ajaxPrefilter?.((options, original, request) => {
    if (!new URL(options.url, location).pathname.endsWith("/autocomplete/")) return;
    options.type = "POST";
    request.setRequestHeader("X-CSRFToken", document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "");
  });
});
