"""An uploaded roster: any office file with a column of certificate numbers (SPEC 3.6, 5)."""

from dataclasses import dataclass, field
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.excel import Table, UnreadableFile, clean_choice, normalise_text, open_workbook
from backoffice.core.excel.limits import LIST
from backoffice.core.excel.text import as_text, normalise_code
from registry import captions
from training.drafting import Entry
from training.models import EnrolmentLine
from training.proposals import MOST, Typed, parse_numbers

Matter = EnrolmentLine.Matter
#: How companies and the association's own sheets call these columns.
FIELDS: Final = (
    captions.column("number", "certificate_number", required=True),
    captions.column("matter"),
    captions.column("remark", "matter_remark"),
    captions.column("waiver"),
)
MATTERS: Final = {
    "延续": Matter.RENEWAL, "renewal": Matter.RENEWAL, "延续+变更": Matter.RENEWAL_CHANGE,
    "延续和变更": Matter.RENEWAL_CHANGE, "延续变更": Matter.RENEWAL_CHANGE,
    "renewal and change of employer": Matter.RENEWAL_CHANGE, "员升师": Matter.UPGRADE,
    "supervisor to engineer": Matter.UPGRADE,
}  # fmt: skip
YES: Final = frozenset({"是", "有", "Y", "YES", "TRUE", "1", "√", "✓"})


@dataclass
class RosterFile:
    """The entries of the file, each number once; sentences about rows that could not be read."""

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
    if table is None or not table.has("number"):
        return bare_list(workbook.plain_rows())
    return from_table(table)


def bare_list(rows: list[list[Any]]) -> RosterFile:
    cells = (cell for row in rows for cell in row)
    typed = parse_numbers("\n".join(as_text(cell) for cell in cells if cell not in ("", None)))
    if not typed.numbers:
        raise UnreadableFile("no_header")
    typed.strangers.clear()  # names and captions of a table that nobody asked for
    return RosterFile([Entry(number) for number in typed.numbers], typed=typed)


def from_table(table: Table) -> RosterFile:
    """Row by row: number, and what the sheet says of matter, remark and waiver."""
    matters, unknown = clean_choice(table.column("matter"), MATTERS)
    found = RosterFile(problems=list(table.warnings))
    seen: set[str] = set()
    columns = zip(
        table.row_numbers,
        table.column("number"),
        table.column("remark"),
        table.column("waiver"),
        matters,
        strict=True,
    )
    for at, (row, raw, remark, waiver, matter) in enumerate(columns):
        typed = parse_numbers(as_text(raw))
        if len(typed.numbers) != 1 or typed.strangers:
            if raw not in ("", None):
                text = _("Row %(row)d: “%(value)s” is not one certificate number.")
                found.problems.append(text % {"row": row, "value": normalise_text(raw)[:40]})
            continue
        number = typed.numbers[0]
        if at in unknown:
            text = _("Row %(row)d: %(problem)s It was proposed anew.")
            found.problems.append(text % {"row": row, "problem": unknown[at]})
        if number in seen:
            found.typed.repeated += 1
        elif len(seen) == MOST:
            found.typed.left.append(number)
        else:
            seen.add(number)
            is_waived = normalise_code(waiver) in YES
            found.entries.append(Entry(number, matter or "", normalise_text(remark), is_waived))
    return found


def remarks_of(typed: Typed) -> list[str]:
    """What to tell about a pasted list besides its numbers."""
    told = []
    if typed.strangers:
        shown = "、".join(word[:20] for word in typed.strangers[:5])
        text = ngettext("%(count)d piece of text is no certificate number and was passed over: %(shown)s",
                        "%(count)d pieces of text are no certificate numbers and were passed over: %(shown)s",
                        len(typed.strangers))  # fmt: skip
        told.append(text % {"count": len(typed.strangers), "shown": shown})
    if typed.repeated:
        text = ngettext("%(count)d repeated number was taken once.", "%(count)d repeated numbers were taken once.",
                        typed.repeated)  # fmt: skip
        told.append(text % {"count": typed.repeated})
    if typed.left:
        text = ngettext("At most %(most)d numbers are taken in at once; %(count)d is still in the box.",
                        "At most %(most)d numbers are taken in at once; %(count)d are still in the box.",
                        len(typed.left))  # fmt: skip
        told.append(text % {"most": MOST, "count": len(typed.left)})
    return told
