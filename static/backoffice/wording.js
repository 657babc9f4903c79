// A message template: the preview follows what is typed; an empty field shows the shipped text.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-wording]");
  if (!box) return;
  const examples = JSON.parse(box.dataset.wording);
  for (const shown of box.querySelectorAll("[data-preview]")) {
    const field = document.getElementById(`id_${shown.dataset.preview}`);
    field?.addEventListener("input", () => {
      const text = field.value || shown.dataset.shipped;
      shown.textContent = text.replace(/\{(\w+)\}/g, (found, name) => examples[name] ?? found) || "–";
    });
  }
});
