// The decision page: ready-made opinions, and the pictures by keyboard. All of it works without, only slower.
"use strict";

const opinion = document.getElementById("id_opinion");

// A ready-made opinion is added to what stands in the box already, once.
for (const chip of document.querySelectorAll("[data-opinion]")) {
  chip.addEventListener("click", () => {
    if (!opinion || opinion.value.includes(chip.dataset.opinion)) return;
    opinion.value = [opinion.value.trim(), chip.dataset.opinion].filter(Boolean).join("\n");
    opinion.focus();
  });
}

// Going over to another step takes the opinion along (within this tab, until it is read).
const KEPT = "backoffice.opinion";
for (const link of document.querySelectorAll("[data-other-step]")) {
  link.addEventListener("click", () => { if (opinion?.value) sessionStorage.setItem(KEPT, opinion.value); });
}
const kept = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);
if (kept && opinion && !opinion.value) opinion.value = kept;

// Arrow keys walk through the pictures unless somebody is writing.
const pictures = [...document.querySelectorAll("[data-pictures] a")];
document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !pictures.length || event.target.closest("input, textarea, select")) return;
  const at = pictures.indexOf(document.activeElement);
  const next = pictures[at < 0 ? 0 : (at + step + pictures.length) % pictures.length];
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
});
