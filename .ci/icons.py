"""The icon font, cut down to the icons that our pages show: 3,600 icons weigh 290 KB, a hundred weigh 15.

    python .ci/icons.py            rebuild static/backoffice/icons.woff2 (after a new icon, or a new theme)
    python .ci/icons.py --check    say which icons are used but missing; the exit code is their number

Icons that the file holds already are kept, so that running it with each version of the theme serves both.
"""

import re
import sys
from pathlib import Path

import unfold
from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
THEME = Path(unfold.__file__).parent
WHOLE = THEME / "static/unfold/fonts/material-symbols/Material-Symbols-Outlined.woff2"
OURS = ROOT / "static/backoffice/icons.woff2"

#: The text of an icon's element may be chosen by template tags: every word in it counts.
ELEMENT = re.compile(r"<(\w+)[^<>]*material-symbols-outlined.*?>(.*?)</\1>", re.DOTALL)
#: `icon="print"` in Python and in template tags; what scripts and style sheets put in ("dark_mode", content:"close").
NAMED = re.compile(r"""icon\w*["']?\s*[=:,]\s*["'](\w+)["']""", re.IGNORECASE)
CONTENT = re.compile(r'content:\s*"(\w+)"')
CHOSEN = re.compile(r'x-text="([^"]*)"')
QUOTED = re.compile(r"""["']([a-z][a-z0-9_]+)["']""")


def icons_of(font: TTFont) -> dict[str, str]:
    """What one writes to get an icon ("inbox") -> the name of its glyph."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    icons = {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            table = getattr(table, "ExtSubTable", table)
            for first, ligatures in getattr(table, "ligatures", {}).items():
                for ligature in ligatures:
                    word = "".join(letters.get(glyph, "") for glyph in (first, *ligature.Component))
                    icons[word] = ligature.LigGlyph
    return icons


def used(known: set[str]) -> set[str]:
    """The icons that our pages and the theme's can show; `known` are the names that the whole font has."""
    words: set[str] = set()
    theme = [THEME / "templates", *(THEME / "contrib" / name for name in ("filters", "simple_history"))]
    for path in (page for folder in [ROOT / "templates", *theme] for page in folder.rglob("*.html")):
        text = path.read_text()
        for _tag, inner in ELEMENT.findall(text):
            words.update(re.findall(r"\w+", inner))
        words.update(NAMED.findall(text))
        for script in CHOSEN.findall(text):
            words.update(re.findall(r"\w+", script))
    for package in ("backoffice", "fees", "registry", "training"):
        for path in (ROOT / package).rglob("*.py"):
            words.update(NAMED.findall(path.read_text()))
    # The sidebar's entries are tuples: title, icon, model.
    words.update(QUOTED.findall((ROOT / "backoffice/navigation.py").read_text()))
    words.update(CONTENT.findall((THEME / "static/unfold/css/styles.css").read_text()))
    look = (ROOT / "backoffice/look.py").read_text()
    words.update(re.findall(r'"SITE_SYMBOL": "(\w+)"', look))
    return words & known


def missing() -> set[str]:
    return used(set(icons_of(TTFont(WHOLE)))) - set(icons_of(TTFont(OURS)))


def rebuild() -> int:
    """Write our font; returns how many icons it holds."""
    font = TTFont(WHOLE)
    glyphs = icons_of(font)
    names = used(set(glyphs)) | (set(icons_of(TTFont(OURS))) if OURS.exists() else set())
    options = subset.Options(flavor="woff2", layout_closure=False, hinting=False, desubroutinize=True)
    options.drop_tables += ["FFTM"]
    cutter = subset.Subsetter(options)
    cutter.populate(glyphs=[glyphs[name] for name in names if name in glyphs], text="".join(sorted(names)))
    cutter.subset(font)
    subset.save_font(font, OURS, options)
    return len(names)


if __name__ == "__main__":
    if "--check" in sys.argv:
        lacking = sorted(missing())
        if lacking:
            sys.stdout.write(f"static/backoffice/icons.woff2 lacks: {' '.join(lacking)}\n")
        sys.exit(len(lacking))
    sys.stdout.write(f"{rebuild()} icons, {OURS.stat().st_size} bytes\n")
