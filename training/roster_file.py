"""An uploaded roster: any office file with a column of certificate numbers, ID numbers or names (specification 3.6,
5)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.excel import Place, Table, UnreadableFile, clean, normalise_text, open_workbook
from backoffice.core.excel.limits import LIST
from backoffice.core.excel.text import as_text, normalise_code
from registry import captions
from registry.imports.fields import TYPE
from training.entries import MATTERS, MOST, Entry, Typed, entries_in, flat

#: Any of the first three names somebody; the others are compared with the record.
FIELDS: Final = (
    captions.column("number", "certificate_number", required=True),
    captions.column("id_number"),
    captions.column("name"),
    captions.column("employer", "company", also=("原单位", "company on the certificate")),
    captions.column("type", "certificate_type", cleaner=TYPE),
    captions.column("matter"),
    captions.column("remark", "matter_remark"),
    captions.column("waiver"),
)
YES: Final = frozenset({"是", "有", "Y", "YES", "TRUE", "1", "√", "✓"})
CLEANERS: Final[dict[str, Callable[[list[Any]], tuple[list[Any], dict[int, Any]]]]] = {
    "id_number": clean.clean_id_number,
    "name": partial(clean.clean_name, max_length=50),
    "matter": partial(clean.clean_choice, mapping=MATTERS),
    "type": TYPE,
}


@dataclass
class RosterFile:
    """The entries of the file, each once; sentences about cells that could not be read."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    typed: Typed = field(default_factory=Typed)


def read_roster(upload: UploadedFile) -> RosterFile:
    """Read the file; raises UnreadableFile with a sentence for the user.

    A file without captions counts as a pasted list: every cell that looks like a certificate number is one.
    """
    workbook = open_workbook(upload.file, upload.name or "", LIST)  # type: ignore[arg-type]
    try:
        table = workbook.table(FIELDS)
    except UnreadableFile as error:
        if error.code != "no_header":
            raise
        table = None
    if table is None or not any(table.has(name) for name in ("number", "id_number", "name")):
        return bare_list(workbook.plain_rows())
    return from_table(table)


def bare_list(rows: list[list[Any]]) -> RosterFile:
    """A file without captions counts as a pasted table: what stands in a row belongs together."""
    entries: list[Entry] = []
    for at, cells in enumerate(rows, 1):
        row = "\t".join(as_text(cell) for cell in cells if cell not in ("", None))
        entries += [replace_row(entry, at) for entry in entries_in(flat(row))]
    first = next((at for at, entry in enumerate(entries) if entry.number or entry.id_number), None)
    if first is None:
        raise UnreadableFile("no_header")
    typed = Typed().add(entries[first:])  # above stand titles
    return RosterFile(typed.entries, typed=typed)


def replace_row(entry: Entry, row: Place) -> Entry:
    entry.row = row
    return entry


def from_table(table: Table) -> RosterFile:
    """Row by row: whom it means, and what the sheet says of matter, remark and waiver."""
    found = RosterFile(problems=list(table.warnings))
    found.problems += [
        _("Row %(row)s: %(problem)s") % {"row": row.row, "problem": row.reason} for row in table.rejected
    ]
    columns: dict[str, Any] = {}
    problems: dict[int, list[str]] = {}
    for name, cleaner in CLEANERS.items():
        columns[name], unread = cleaner(table.column(name))
        for at, problem in unread.items():
            problems.setdefault(at, []).append(str(problem))
    entries = []
    for at, row in enumerate(table.places):
        given: dict[str, Any] = {name: column[at] or "" for name, column in columns.items()}
        entry = Entry(row=row, **given)
        take_number(entry, table.column("number")[at])
        entry.employer = normalise_text(table.column("employer")[at])[:100]
        entry.remark = normalise_text(table.column("remark")[at])[:200]
        entry.is_waived = normalise_code(table.column("waiver")[at]) in YES
        for problem in problems.get(at, ()):
            found.problems.append(_("Row %(row)s: %(problem)s") % {"row": row, "problem": problem})
        entries.append(entry)
    found.typed.add(entries)
    found.entries = found.typed.entries
    return found


def take_number(entry: Entry, cell: Any) -> None:
    """The certificate number of a row; what is none stays as the row's text and is told."""
    typed = entries_in(flat(as_text(cell)))
    if len(typed) == 1 and typed[0].number:
        entry.number = typed[0].number
        entry.name = entry.name or typed[0].name
    elif not (entry.id_number or entry.name):
        entry.text = normalise_text(cell)[:80] or _("Row %(row)s") % {"row": entry.row}


def remarks_of(typed: Typed) -> list[str]:
    """What to tell about a list besides its entries."""
    told = []
    if typed.left:
        text = ngettext("At most %(most)d entries are taken in at once; %(count)d is still in the box.",
                        "At most %(most)d entries are taken in at once; %(count)d are still in the box.",
                        len(typed.left))  # fmt: skip
        told.append(text % {"most": MOST, "count": len(typed.left)})
    return told
