"""The catalogue of what our packages leave in English, kept in vendor_locale/.

    python .ci/vendor_catalogue.py

collects every translatable string of the packages below, as installed, and what the installed Django asks for but its
own Chinese catalogue lacks (that lags behind), drops those that Django or the package itself already has in Simplified
Chinese, merges the rest into vendor_locale/zh_Hans/LC_MESSAGES/django.po (translations are
kept, strings that are gone are dropped, new ones come in empty) and compiles the .mo. Run it after an upgrade of one
of them, then translate what it lists; it ends with an error while something is untranslated.
Entries with the comment "instead of Django's" replace a translation of Django's that does not suit our screens; one
that Django no longer asks for is dropped.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "vendor_locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PACKAGES = ("unfold", "axes", "simple_history", "django_fsm", "django_tasks", "django_tasks_db")
DJANGO = ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes", "contrib/sessions")
SOURCES = {".py", ".html", ".txt"}
OVERRIDE = "instead of Django's"

Key = tuple[str | None, str]


def folder(package: str) -> Path:
    """Where the package is installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"{package} is not installed; run pip install -r requirements.txt first.")
    return Path(spec.origin).parent


def translated(catalogue: Path) -> set[Key]:
    """What a catalogue says in full; a package without Chinese has none."""
    if not catalogue.exists():
        return set()
    return {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(catalogue)).translated_entries()}


def already_chinese() -> set[Key]:
    """What Django and the packages themselves bring along."""
    homes = [folder("django") / part for part in DJANGO] + [folder(package) for package in PACKAGES]
    return set().union(*(translated(home / "locale/zh_Hans/LC_MESSAGES/django.po") for home in homes))


def asked_by_django() -> polib.POFile:
    """Every string of the installed Django, from the catalogue of its source language."""
    asked = polib.POFile(wrapwidth=0)
    for part in DJANGO:
        source = folder("django") / part / "locale/en/LC_MESSAGES/django.po"
        for entry in polib.pofile(str(source)):
            if not entry.obsolete:
                entry.occurrences = [(f"django/{part}", "")]
                asked.append(entry)
    return asked


def extract() -> polib.POFile:
    """Every translatable string of the packages, by makemessages over a copy of their sources."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for package in PACKAGES:
            source = folder(package)
            for path in source.rglob("*"):
                if path.suffix in SOURCES and path.is_file():
                    target = work / package / path.relative_to(source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
        (work / "locale").mkdir()
        subprocess.run(
            [sys.executable, "-m", "django", "makemessages", "-l", "zh_Hans", "--no-wrap", "--add-location=file"],
            cwd=work, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return polib.pofile(str(work / "locale/zh_Hans/LC_MESSAGES/django.po"), wrapwidth=0)


def merge(found: polib.POFile, asked: polib.POFile) -> polib.POFile:
    """What is left for us, with the translations we already have."""
    old = polib.pofile(str(CATALOGUE)) if CATALOGUE.exists() else polib.POFile()
    kept = {(entry.msgctxt, entry.msgid): entry for entry in old if not entry.obsolete}
    skip = already_chinese()
    new = polib.POFile(wrapwidth=0)
    new.header = "What our packages leave in English; see .ci/vendor_catalogue.py."
    new.metadata = {
        "Project-Id-Version": "vendor",
        "PO-Revision-Date": "2026-11-24 02:00+0800",
        "Last-Translator": "the team",
        "Language-Team": "the team",
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    known = {(entry.msgctxt, entry.msgid) for entry in asked}
    overrides = {key: entry for key, entry in kept.items() if entry.tcomment == OVERRIDE and key in known}
    new.extend(overrides.values())
    for entry in sorted([*asked, *found], key=lambda entry: (entry.msgid, entry.msgctxt or "")):
        key = (entry.msgctxt, entry.msgid)
        if entry.obsolete or key in skip or key in overrides:
            continue
        before = kept.get(key)
        entry.flags = [flag for flag in entry.flags if flag.endswith("-format")]
        entry.occurrences = [(place, "") for place in sorted({place for place, _ in entry.occurrences})]
        entry.previous_msgid = entry.previous_msgctxt = entry.previous_msgid_plural = None
        if entry.msgid_plural:
            entry.msgstr_plural = {0: before.msgstr_plural.get(0, "") if before else ""}
        else:
            entry.msgstr = before.msgstr if before else ""
        new.append(entry)
    return new


def main() -> None:
    """Extract, merge, compile, and say what is left to do."""
    catalogue = merge(extract(), asked_by_django())
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(CATALOGUE))
    subprocess.run(  # noqa: S603
        ["msgfmt", "--check", "-o", str(CATALOGUE.with_suffix(".mo")), str(CATALOGUE)],  # noqa: S607
        check=True,
    )
    missing = catalogue.untranslated_entries()
    for entry in missing:
        print(entry.msgid)  # noqa: T201
    sys.exit(f"{len(missing)} strings to translate in {CATALOGUE.relative_to(ROOT)}." if missing else 0)


if __name__ == "__main__":
    main()
