"""Static files that every page needs, put together into a few: a page asks for a dozen files, not for forty.

Each bundle is one file that staticfiles offers like any other: `collectstatic` gives it its hashed name and whitenoise
its compressed copies, and without `collectstatic` (demo, tests) it is made on the first request for it and again when
a source changes. Sources that the installed theme does not have are left out: its versions differ.
"""

import contextlib
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from django.forms import Media
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

STYLES = "backoffice/admin.bundle.css"
SCRIPTS = "backoffice/admin.bundle.js"
FORMS = "backoffice/forms.bundle.js"
FORM_STYLES = "backoffice/forms.bundle.css"

#: What of the theme is not here, and why: its fonts (Inter has no Chinese; of its 3,600 icons we show a hundred, see
#: .ci/icons.py), chart.js (no chart anywhere), Alpine's sorting (no list is sorted by dragging).
BUNDLES: dict[str, tuple[str, ...]] = {
    STYLES: (
        "unfold/css/styles.css",
        "unfold/css/simplebar/simplebar.css",
        "backoffice/backoffice.css",
        "backoffice/shell.css",
    ),
    # In this order: Alpine begins when its own file is read, and needs its parts and the theme's functions by then.
    SCRIPTS: (
        "backoffice/shell.js",
        "unfold/js/htmx/htmx.js",
        "unfold/js/simplebar/simplebar.js",
        "unfold/js/app.js",
        "backoffice/backoffice.js",
        "backoffice/back.js",
        "unfold/js/alpine/alpine.anchor.js",
        "unfold/js/alpine/alpine.persist.js",
        "unfold/js/alpine/alpine.focus.js",
        "unfold/js/alpine/alpine.resize.js",
        "unfold/js/alpine/alpine.js",
    ),
    # jQuery hides itself in jquery.init.js: Select2 must have found it before.
    FORMS: (
        "admin/js/vendor/jquery/jquery.min.js",
        "admin/js/vendor/select2/select2.full.min.js",
        "admin/js/vendor/select2/i18n/zh-CN.js",
        "admin/js/jquery.init.js",
        "admin/js/core.js",
        "admin/js/admin/RelatedObjectLookups.js",
        "admin/js/actions.js",
        "admin/js/calendar.js",
        "admin/js/admin/DateTimeShortcuts.js",
        "admin/js/autocomplete.js",
        "unfold/js/select2.init.js",
    ),
    FORM_STYLES: ("admin/css/vendor/select2/select2.min.css", "admin/css/autocomplete.css"),
}
#: Django's admin puts these on every page; they fill in fields from other fields (`prepopulated_fields`): we have none.
NOT_NEEDED = {
    "admin/js/urlify.js",
    "admin/js/prepopulate.js",
    "admin/js/vendor/xregexp/xregexp.min.js",
    "admin/js/vendor/xregexp/xregexp.js",
}
HOLDS = {source: bundle for bundle, sources in BUNDLES.items() for source in sources}
#: The same file under the names that Django uses in development and in production.
HOLDS |= {
    "admin/js/vendor/jquery/jquery.js": FORMS,
    "admin/js/vendor/select2/select2.full.js": FORMS,
    "admin/css/vendor/select2/select2.css": FORM_STYLES,
}

ADDRESS = re.compile(r"""url\(\s*(["']?)(?!data:|https?:|/|#)([^)"']+)\1\s*\)""")
SOURCE_MAP = re.compile(r"^\s*(//|/\*)# sourceMappingURL=.*$", re.MULTILINE)


def folder() -> Path:
    return Path(settings.DATA_DIR) / "bundles"


def sources_of(bundle: str) -> list[tuple[str, Path]]:
    """Name and file of each source that the installed packages have."""
    found = ((source, finders.find(source)) for source in BUNDLES[bundle])
    return [(source, Path(str(path))) for source, path in found if path]


def put_together(bundle: str) -> Path:
    """The bundle as a file, made anew if a source is younger or another one."""
    sources = sources_of(bundle)
    target = folder() / bundle
    # All of them by name, size and age, and this file: another version of the theme may bring older files.
    states = [(source, path.stat()) for source, path in [*sources, (__name__, Path(__file__))]]
    stamp = (
        "/* "
        + " ".join(f"{source}:{state.st_size}:{state.st_mtime_ns}" for source, state in states)
        + " */\n"
    )
    with contextlib.suppress(FileNotFoundError), target.open(encoding="utf-8") as made:
        if made.readline() == stamp:
            return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, whoever else makes it at this moment.
    with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, suffix=".part", delete=False) as draft:
        draft.write(stamp + "".join(part(bundle, source, path) for source, path in sources))
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(target)
    return target


def part(bundle: str, source: str, path: Path) -> str:
    """One source as it stands in the bundle."""
    text = SOURCE_MAP.sub("", path.read_text(encoding="utf-8"))
    if not bundle.endswith(".css"):
        # One source's "use strict" at the top would hold for all; behind a statement it holds for none.
        return f";\n{text}\n"

    def moved(match: re.Match) -> str:
        address = posixpath.join(posixpath.dirname(source), match[2])
        return f'url("{posixpath.relpath(address, posixpath.dirname(bundle))}")'

    return ADDRESS.sub(moved, text) + "\n"


class BundleFinder(BaseFinder):
    """Offers the bundles to staticfiles (STATICFILES_FINDERS)."""

    def find(self, path: str, find_all: bool = False, **options: Any) -> Any:
        if path not in BUNDLES:
            return []
        made = str(put_together(path))
        return [made] if find_all or options.get("all") else made

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        storage = FileSystemStorage(location=folder())
        for bundle in BUNDLES:
            put_together(bundle)
            yield bundle, storage


def bundled(media: Media) -> SafeString:
    """The tags of a form's media: what a bundle holds is asked for as that bundle, once.

    Scripts are deferred, in their order: they run when the page is read and the bundles before them have run.
    """
    js, css = media._js, media._css  # type: ignore[attr-defined]
    scripts = once(HOLDS.get(str(path), path) for path in js if path not in NOT_NEEDED)
    styles = once(HOLDS.get(str(path), path) for paths in css.values() for path in paths)
    sheets = format_html_join("", '<link rel="stylesheet" href="{}">', ((address(path),) for path in styles))
    return format_html("{}{}", sheets, format_html_join("", "{}", ((script_tag(path),) for path in scripts)))


def once(paths: Iterable[Any]) -> list[Any]:
    """Without what every page has anyway, and each one once."""
    return [path for path in dict.fromkeys(paths) if path not in (STYLES, SCRIPTS)]


def script_tag(path: Any) -> SafeString:
    if hasattr(path, "__html__"):
        return path.__html__()  # type: ignore[no-any-return]
    return format_html('<script src="{}" defer></script>', address(path))


def address(path: str) -> str:
    return path if path.startswith(("http://", "https://", "/")) else static(path)
