"""Printed forms: one description (`Form`), printed by the browser (templates/print/form.html) or as PDF by typst.

    form = Form(title=_("Enrolment detail sheet"), facts=[…], columns=[Column(_("No."), 7), …], rows=[…])
    pdf([form, …])          # one file; each form begins on a page of its own and counts its own pages

What people typed reaches typst as data (JSON), never as source, so that it cannot be read as markup.
"""

import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pypdf import PdfWriter

from backoffice.core import written
from backoffice.core.glyphs import GETA, coverage_of, is_private, needs_glyph

TEMPLATE = Path(__file__).parent / "print" / "form.typ"
#: Fonts that can draw Chinese, the best for a form first; the first two that are installed are used.
FAMILIES = (
    "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC", "Source Han Sans SC", "SimSun", "FangSong",
    "Songti SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
)  # fmt: skip
#: How wide a Latin letter or digit stands in the table, in millimetres.
LETTER = 1.6
#: So many forms of a pile are typeset together.
PORTION = 10
#: How long a text may be for its row to be kept on one page with the row after it.
LONG = 60


class CannotPrint(Exception):
    """Why no PDF can be made here: a sentence that names the remedy."""


@dataclass(frozen=True)
class Column:
    """One column: its width in millimetres (0: what is left over), and the heading above several of them."""

    label: Any
    width: float = 0
    align: str = "center"
    group: Any = ""


@dataclass(frozen=True)
class Form:
    """A form as it stands on paper. All texts are in the reader's language already."""

    title: Any
    organisation: Any = ""
    number: str = ""
    landscape: bool = True
    #: (label, value) above the table.
    facts: Sequence[tuple[Any, Any]] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Any]] = ()
    #: What stands in the table when there are no rows.
    empty: Any = ""
    #: The sums of the last columns, and what stands before them.
    totals: Sequence[Any] = ()
    totals_label: Any = ""
    #: A last row over the whole width: (label, value) each, such as the sum in capitals.
    sums: Sequence[tuple[Any, Any]] = ()
    #: Below the table, kept together with its last rows.
    notes: Sequence[Any] = ()
    seal: Any = ""
    signatures: Sequence[Any] = ()
    #: Where the QR code leads, and what is written below it.
    url: str = ""
    url_label: Any = ""
    #: Across the page: that it is a draft, or cancelled.
    stamp: Any = ""
    #: In the footer of each page.
    footer: Any = ""
    page_of: Any = field(default_factory=lambda: _("Page {page} of {pages}"))

    @property
    def qr(self) -> str:
        return qr_svg(self.url) if self.url else ""

    @property
    def has_groups(self) -> bool:
        return any(column.group for column in self.columns)

    @property
    def heading(self) -> list[tuple[Any, int, int]]:
        """The first heading row: (label, columns, rows); a group stands above its columns."""
        cells: list[tuple[Any, int, int]] = []
        for before, column in zip((None, *self.columns), self.columns, strict=False):
            if not column.group:
                cells.append((column.label, 1, 2 if self.has_groups else 1))
            elif before is not None and before.group == column.group:
                cells[-1] = (column.group, cells[-1][1] + 1, 1)
            else:
                cells.append((column.group, 1, 1))
        return cells

    @property
    def subheading(self) -> list[Any]:
        return [column.label for column in self.columns if column.group]

    @property
    def kept(self) -> int:
        """How many of the last rows stay with what stands below them: two, or one where they are tall."""
        last = self.rows[-2:]
        return 1 if any(len(str(cell)) > LONG for row in last for cell in row) else len(last)

    @property
    def body(self) -> list[list[tuple[Any, str]]]:
        """The rows before the kept ones, each cell with how it is aligned."""
        return self.aligned(self.rows[: len(self.rows) - self.kept])

    @property
    def tail(self) -> list[list[tuple[Any, str]]]:
        return self.aligned(self.rows[len(self.rows) - self.kept :])

    def aligned(self, rows: Sequence[Sequence[Any]]) -> list[list[tuple[Any, str]]]:
        sides = [column.align for column in self.columns]
        return [list(zip(row, sides, strict=True)) for row in rows]

    @property
    def totals_span(self) -> int:
        return len(self.columns) - len(self.totals)

    def texts(self) -> Iterable[tuple[str, str]]:
        """Everything people typed, each with where it stands."""
        for label, value in self.facts:
            yield str(label), str(value)
        for number, row in enumerate(self.rows, 1):
            for column, cell in zip(self.columns, row, strict=True):
                yield _("line %(number)d, %(column)s") % {"number": number, "column": column.label}, str(cell)


FIELDS = tuple(one.name for one in fields(Form))


@dataclass(frozen=True)
class Missing:
    """A character that no installed font can draw, and where it stands."""

    character: str
    places: tuple[str, ...]

    @property
    def code(self) -> str:
        return f"U+{ord(self.character):04X}"

    def __str__(self) -> str:
        shown = [self.character] if not is_private(self.character) else []
        return " ".join([*shown, f"{self.code} ({'; '.join(self.places)})"])


@dataclass(frozen=True)
class Press:
    """What PDFs are made with on this machine."""

    typst: ModuleType
    fonts: Any
    families: tuple[str, ...]
    #: File and number of each face that may be used.
    faces: tuple[tuple[str, int], ...]

    def can_draw(self, character: str) -> bool:
        """Whether one of the fonts has it; characters of private use are none that a font could know."""
        if not needs_glyph(character):
            return True
        drawn = (coverage_of(path, index).has(character) for path, index in self.faces)
        return not is_private(character) and any(drawn)


@cache
def press() -> Press:
    """The typesetter and its fonts, looked up once; raises CannotPrint with the sentence to show."""
    try:
        import typst
    except ImportError:
        raise CannotPrint(_(
            "No PDF can be made on this server: the package “typst” is not installed. Print the page from the browser, "
            "and tell the system administrator."
        )) from None  # fmt: skip
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False)
    known = fonts.fonts()
    installed = {font.family for font in known}
    families = tuple(name for name in FAMILIES if name in installed)[:2]
    if not families:
        raise CannotPrint(_(
            "No PDF can be made on this server: it has no Chinese font (on Debian the package fonts-noto-cjk). Print "
            "the page from the browser, and tell the system administrator."
        ))  # fmt: skip
    faces = {(str(font.path), font.index) for font in known if font.family in families and font.weight <= 500}
    return Press(typst, fonts, families, tuple(sorted(faces)))


def missing_in(forms: Iterable[Form]) -> list[Missing]:
    """The characters that could not be printed, each once, with up to three places; empty when all is well."""
    machine = press()
    found: dict[str, list[str]] = {}
    for form in forms:
        typed = set().union(
            *(str(cell) for row in form.rows for cell in row), *(str(v) for _l, v in form.facts)
        )
        if gaps := {character for character in typed if not machine.can_draw(character)}:
            for place, text in form.texts():
                for character in dict.fromkeys(text):
                    if character in gaps:
                        found.setdefault(character, []).append(place)
    return [Missing(character, tuple(places[:3])) for character, places in found.items()]


def missing_sentence(missing: Sequence[Missing]) -> str:
    """What to tell the reader, in the form's notes and on the page."""
    values = {"mark": GETA, "characters": ", ".join(str(one) for one in missing)}
    return (
        _("The PDF shows %(mark)s where no font has the character: %(characters)s. Write it by hand.")
        % values
    )


def pdf(forms: Sequence[Form]) -> bytes:
    """The forms as one PDF; raises CannotPrint where nothing can make one.

    A single form carries the tags that screen readers follow; in a pile for the printer they would be nine tenths of
    the file and three quarters of the work. A pile is typeset in portions: memory does not grow with it.
    """
    if len(forms) == 1:
        return typeset(forms)
    pile, content = PdfWriter(), io.BytesIO()
    for start in range(0, len(forms), PORTION):
        portion = typeset(forms[start : start + PORTION], pdf_tags=False)
        pile.append(io.BytesIO(portion), import_outline=False)
        forget()
    pile.add_metadata({"/Title": str(forms[0].title) if forms else ""})
    pile.write(content)
    return content.getvalue()


def forget() -> None:
    """Let typst drop what it keeps of its last ten typesettings, five megabytes a form, in case the next is alike."""
    machine = press()
    for _turn in range(11):
        machine.typst.compile(b"", font_paths=machine.fonts, format="pdf")


def typeset(forms: Iterable[Form], **options: Any) -> bytes:
    machine = press()
    try:
        return machine.typst.compile(  # type: ignore[no-any-return]
            sources(forms, machine), font_paths=machine.fonts, format="pdf", **options
        )
    except machine.typst.TypstError as error:
        raise CannotPrint(_("The PDF could not be made: %(error)s") % {"error": error}) from error


def sources(forms: Iterable[Form], machine: Press) -> dict[str, bytes]:
    """The files typst reads: our template, and the forms as data."""
    data = {
        "fonts": machine.families, "forms": [as_data(form, machine) for form in forms],
        "language": translation.get_language() or "zh",
    }  # fmt: skip
    return {"main.typ": TEMPLATE.read_bytes(), "data.json": json.dumps(data, default=str).encode()}


def as_data(form: Form, machine: Press) -> dict[str, Any]:
    """The form as the template reads it: drawable characters only, long words with places to break at."""
    if missing := missing_in([form]):
        form = replace(form, notes=[*form.notes, missing_sentence(missing)])
    gaps = {ord(one.character): GETA for one in missing}
    widths = [column.width for column in form.columns]
    plain = {name: getattr(form, name) for name in FIELDS}
    data = plain | {
        "columns": [asdict(column) for column in form.columns],
        "totals": [
            breakable(str(value), width)
            for value, width in zip(form.totals, widths[form.totals_span :], strict=True)
        ],
        "qr": form.qr, "heading": form.heading, "subheading": form.subheading, "kept": form.kept,
        "rows": [
            [breakable(str(cell).translate(gaps), width) for cell, width in zip(row, widths, strict=True)]
            for row in form.rows
        ],
        "facts": [(label, breakable(str(value).translate(gaps), 40)) for label, value in form.facts],
    }  # fmt: skip
    # The note speaks of the missing characters; it shows their codes, not the characters.
    data["notes"] = [str(note).translate(gaps) for note in form.notes]
    return data


def breakable(text: str, width: float) -> str:
    """The text with places to break at in words too long for the column; Chinese breaks anywhere."""
    longest = max(int((width or 28) / LETTER), 1)
    return re.sub(rf"[!-~]{{{longest + 1},}}", lambda word: "\u200b".join(word[0]), text)


def qr_svg(url: str) -> str:
    """A QR code as SVG, readable with a seventh of it dirty; coarse enough for a cheap printer."""
    import segno

    target = io.BytesIO()
    segno.make(url, error="m", micro=False).save(target, kind="svg", border=0, xmldecl=False, omitsize=True)
    return target.getvalue().decode()


def absolute(path: str) -> str:
    """The address as somebody with the paper in hand types or scans it."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def organisation() -> str:
    """The association's name in the reader's language."""
    return str(settings.UNFOLD["SITE_HEADER"])


def printed_at() -> str:
    return written.moment(timezone.now())


def pdf_response(content: bytes, name: str, *, download: bool = False) -> HttpResponse:
    """The file for the browser: shown, or saved under `name`."""
    kind = "attachment" if download else "inline"
    headers = {"Content-Disposition": f"{kind}; filename=\"form.pdf\"; filename*=UTF-8''{quote(name)}",
               "Cache-Control": "private, no-store"}  # fmt: skip
    return HttpResponse(content, content_type="application/pdf", headers=headers)


#: So many forms are printed at once.
MOST = 200
TOO_MANY = gettext_lazy("Choose at most %(most)d to print at once; you chose %(count)d.")
