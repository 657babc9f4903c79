// Whoever leaves a page to put something right finds the way back on the pages after it. Within this tab only;
// the address was written by our own page, and only paths of this site are followed.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const KEY = "backoffice.back";
  const here = document.querySelector("[data-back-label]");
  if (here) {
    sessionStorage.removeItem(KEY);
    here.addEventListener("click", (event) => {
      if (!event.target.closest("a[data-fix]")) return;
      sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, label: here.dataset.backLabel }));
    });
    return;
  }
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEY)); } catch { /* somebody else's */ }
  const place = document.getElementById("content");
  if (!kept || !place || typeof kept.path !== "string" || !/^\/[^/\\]/.test(kept.path)) return;
  const line = document.createElement("p");
  const link = document.createElement("a");
  line.className = "bo-banner";
  link.href = kept.path;
  link.textContent = `← ${kept.label}`;
  line.append(link);
  place.prepend(line);
});
