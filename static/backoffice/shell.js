// The frame of the admin pages: sidebar, filters, menu finder, shortcuts, and what the theme leaves to the mouse.
"use strict";

{
  // -- single-key shortcuts can be switched off (WCAG 2.1.4) --------------------------------------

  const KEY = "backoffice.shortcuts";
  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const store = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };
  const isWriting = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  const isSingleKey = (event) =>
    event.key?.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;

  addEventListener("keydown", (event) => {
    if (!isSingleKey(event) || isWriting(event.target)) return;
    if (stored(KEY) === "off") { event.stopImmediatePropagation(); return; }
    const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (field && !document.querySelector("dialog[open]")) { event.preventDefault(); field.focus(); field.select(); }
  }, true);

  // -- the state of the frame; the theme's own carries the colours and its dialogs ----------------

  const WIDE = matchMedia("(min-width: 1280px)"); // where the sidebar is a column: as in shell.css
  const VERY_WIDE = matchMedia("(min-width: 1536px)"); // where the filters stand beside the list
  const afterwards = (id) => requestAnimationFrame(() => document.getElementById(id)?.focus());

  window.shell = (colours) => {
    const given = colours ? theme(colours) : theme();
    return Object.assign(given, {
      navOpen: false, // on a narrow screen
      navFolded: stored("backoffice.nav") === "folded", // on a wide one
      shortcuts: stored(KEY) !== "off",
      // Only the colours: the theme's other shortcuts cannot be switched off.
      themeBindings: { "x-bind:class": given.themeBindings["x-bind:class"] },
      navShown() { return WIDE.matches ? !this.navFolded : this.navOpen; },
      toggleNav() {
        if (!WIDE.matches) { this.navOpen = true; afterwards("nav-close"); return; }
        this.navFolded = !this.navFolded;
        store("backoffice.nav", this.navFolded ? "folded" : "open");
      },
      closeNav() {
        if (!this.navOpen) return;
        this.navOpen = false;
        afterwards("nav-toggle");
      },
      openFilters() {
        this.filterOpen = true;
        requestAnimationFrame(() => document.querySelector("#changelist-filter .bo-filters-close")?.focus());
      },
      closeFilters() {
        if (!this.filterOpen || VERY_WIDE.matches) return;
        this.filterOpen = false;
        afterwards("filter-open");
      },
      switchShortcuts() {
        this.shortcuts = !this.shortcuts;
        store(KEY, this.shortcuts ? "on" : "off");
      },
    });
  };

  // -- records beside a choice open in a window of their own (a newer theme frames them, which our policy forbids) --

  addEventListener("click", (event) => {
    const link = event.target.closest?.("a.related-widget-wrapper-link[href]");
    if (!link) return;
    event.stopPropagation();
    if (link.dataset.popup !== "yes") return;
    event.preventDefault();
    showRelatedObjectPopup(link);
  }, true);

  // -- Ctrl+K ------------------------------------------------------------------------------------

  function openPalette() {
    const palette = document.getElementById("palette");
    if (!palette || palette.open) return;
    palette.showModal();
    const search = document.getElementById("palette-search");
    search.value = "";
    search.dispatchEvent(new Event("palette-open"));
  }
  addEventListener("opencommand", openPalette);
  addEventListener("keydown", (event) => {
    if (event.key?.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    if (!document.getElementById("palette")) return;
    event.preventDefault();
    openPalette();
  });

  addEventListener("DOMContentLoaded", () => {
    const palette = document.getElementById("palette");
    palette?.querySelector("[data-close]").addEventListener("click", () => palette.close());
    palette?.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault(); // Enter in the box opens the first entry
      palette.querySelector("#palette-results a")?.click();
    });
    palette?.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const stops = [palette.querySelector("input"), ...palette.querySelectorAll("#palette-results a")];
      const next = stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length];
      event.preventDefault();
      next.focus();
    });

    // -- a refused form begins with its errors ---------------------------------------------------

    for (const summary of document.querySelectorAll("[data-error-summary]")) {
      for (const link of summary.querySelectorAll("a[href^='#']")) {
        link.addEventListener("click", (event) => {
          const field = fieldOf(link.hash.slice(1));
          if (!field) return;
          event.preventDefault();
          field.focus();
          field.scrollIntoView({ block: "center" });
        });
      }
    }
    const summary = document.querySelector("[data-error-summary]");
    if (summary) summary.focus();
    else if (location.pathname.endsWith("/add/")) {
      document.querySelector("#content-main form :is(input, select, textarea):not([type=hidden], :disabled)")?.focus();
    }

    document.querySelector("#nav-sidebar-apps a.active")?.scrollIntoView({ block: "nearest" });

    // -- icons are words in a font: nothing to be read out ------------------------------------------

    hideIcons(document.body);
    new MutationObserver((changes) => {
      for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) hideIcons(node);
    }).observe(document.body, { childList: true, subtree: true });
  });

  function hideIcons(node) {
    if (node.matches(".material-symbols-outlined")) node.setAttribute("aria-hidden", "true");
    for (const icon of node.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
      icon.setAttribute("aria-hidden", "true");
    }
  }

  // A box that Select2 made stands for the field itself, a group of choices for its first.
  function fieldOf(id) {
    const field = document.getElementById(id) ?? document.getElementById(`${id}_0`);
    if (!field) return null;
    if (field.matches(".select2-hidden-accessible")) return field.nextElementSibling.querySelector(".select2-selection");
    return field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea") ?? field;
  }
}
