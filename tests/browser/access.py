"""What every page is asked for, so that nobody is shut out: WCAG 2.2 AA as axe sees it, and what axe cannot see.

axe looks at what stands in the page. Whether a thing that answers a click can be reached and named at all, whether
something focused hides behind a sticky bar, whether the way past the menu comes first: that is asked here.
"""

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
#: All that WCAG 2.2 asks for at A and AA, whatever axe holds its weight for.
RUN_AXE = """async () => (await axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa",
"wcag21a", "wcag21aa", "wcag22a", "wcag22aa"], rules: {"label-content-name-mismatch": {enabled: true}}})).violations
.map(v => `${v.id}: ${v.nodes
.map(n => n.target.join(" ") + " | " + n.html.slice(0, 160)).slice(0, 3).join(" || ")}`)"""

#: Which elements listen for clicks: noted as they begin to. On the page before its own scripts (`context` does it).
NOTE_CLICKS = """{
    const listening = window.listensForClicks = new Set();
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
        if (type === "click" && this instanceof Element && this !== document.documentElement && this !== document.body)
            listening.add(this);
        return add.call(this, type, ...rest);
    };
}"""

OWN_CHECKS = """() => {
    const found = [];
    const tell = (what, element) => found.push(`${what}: ${element.outerHTML.replace(/\\s+/g, " ").slice(0, 140)}`);
    const REACHED = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], audio[controls]";
    const seen = e => e.checkVisibility({visibilityProperty: true}) && !e.closest("[inert]");
    const reached = e => e.matches(REACHED) && !e.matches(":disabled") && e.tabIndex >= 0;
    const ROLES = "a[href], button, input, select, textarea, summary, [role]";
    const words = e => {
        const copy = e.cloneNode(true);
        copy.querySelectorAll("[aria-hidden=true]").forEach(hidden => hidden.remove());
        const labels = [...(e.labels ?? [])].map(label => label.textContent);
        const named = (e.getAttribute("aria-labelledby") ?? "").split(/\\s+/).filter(Boolean)
            .map(id => document.getElementById(id)?.textContent ?? "");
        const inside = [...copy.querySelectorAll("[alt], [title]")].map(part => part.alt ?? part.title);
        return [e.getAttribute("aria-label"), e.title, e.value, copy.textContent, ...labels, ...named, ...inside]
            .join(" ").trim();
    };

    // What answers a click can be reached by keyboard, says what it is and has a name. A box that listens for
    // what is pressed inside it is asked for what is inside.
    for (const element of new Set([...listensForClicks, ...document.querySelectorAll("[onclick]")])) {
        if (!element.isConnected || !seen(element)) continue;
        if (element.matches("form, fieldset, dialog")) continue;
        if (!reached(element) && ![...element.querySelectorAll(REACHED)].some(reached)) {
            if (!element.matches(":disabled") && !element.closest("label")) tell("no keyboard reaches", element);
        } else if (reached(element)) {
            if (!element.matches(ROLES)) tell("no role", element);
            if (!words(element)) tell("no name", element);
        }
    }

    const mains = document.querySelectorAll("main, [role=main]");
    if (mains.length !== 1) found.push(`${mains.length} <main>`);
    const titles = [...document.querySelectorAll("h1")].filter(seen);
    if (titles.length !== 1) found.push(`${titles.length} <h1>: ${titles.map(t => t.textContent.trim()).join(" / ")}`);
    for (const icon of document.querySelectorAll(".material-symbols-outlined"))
        if (!icon.closest("[aria-hidden=true]")) tell("an icon's word is read out", icon);

    const stops = [...document.querySelectorAll(REACHED)].filter(e => reached(e) && seen(e));
    const first = stops[0];
    const skips = first?.hash && document.querySelector(first.hash)?.matches("main");
    if (stops.length > 6 && !skips) tell("no skip link first", first);

    // What has the focus is seen: not under a bar that sticks, nor out of the window.
    const before = [scrollX, scrollY];
    for (const stop of stops) {
        if (stop.matches("input[type=radio]:not(:checked), [type=file]") || stop.tabIndex > 0) continue;
        stop.focus();
        if (document.activeElement !== stop) continue;
        const box = [...stop.getClientRects()].find(part => part.width && part.height);
        if (!box || box.width < 3) continue;
        const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2; // of what the window shows
        const [x, y] = [middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight)];
        const top = document.elementFromPoint(x, y);
        const over = top && !stop.contains(top) && !top.contains(stop) && !top.closest("label")?.contains(stop)
            && !(stop.labels && [...stop.labels].some(label => label.contains(top)));
        if (!top || over) tell(top ? `covered by ${top.outerHTML.slice(0, 60)}` : "focused out of sight", stop);
    }
    document.activeElement?.blur();
    scrollTo(...before);
    return [...new Set(found)].slice(0, 12);
}"""


def barriers(page: Page) -> list[str]:
    """What shuts people out of the page as it stands."""
    # The debugger's evaluate is not subject to the pages' content security policy.
    if not page.evaluate("!!window.axe"):
        page.evaluate(AXE)
    return [*page.evaluate(RUN_AXE), *page.evaluate(OWN_CHECKS)]
