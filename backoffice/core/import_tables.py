"""The table of an import run: how its file is read, by the user's word or by what is remembered for its header."""

import ctypes
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from backoffice.core.excel import Field, Place, Problem, Table, UnreadableFile, Workbook, open_workbook
from backoffice.core.excel.limits import IMPORT
from backoffice.core.excel.text import as_text
from backoffice.core.importers import importer_for
from backoffice.core.models import HeaderMapping, ImportRun

#: So much of the sheet is shown, to point at the header: rows and columns around it.
TOP_ROWS, TOP_COLUMNS = 45, 20


def content_of(file: BinaryIO | Path | bytes) -> bytes:
    """What was handed in; UnreadableFile before more of it is read than an import may have."""
    if isinstance(file, bytes):
        content = file
    elif isinstance(file, Path):
        content = file.read_bytes() if file.stat().st_size <= IMPORT.file else b" " * (IMPORT.file + 1)
    else:
        file.seek(0)
        content = file.read(IMPORT.file + 1)
    if len(content) > IMPORT.file:
        raise UnreadableFile("too_large", size=IMPORT.megabytes)
    return content


def read_table(run: ImportRun, content: bytes) -> Table:
    """The table by what was set for this run; a new run takes what is remembered for its header, for good."""
    try:
        workbook = open_workbook(content, run.filename, IMPORT)
        fields, options = importer_for(run.layout).fields, run.options
        sheets = options.get("sheets") or ([options["sheet"]] if options.get("sheet") else [])
        if options.get("mapping") or options.get("header_row"):
            return _by_hand(workbook, fields, sheets, options)
        if run.pk is None and (known := _remembered(workbook, run.layout, fields, sheets)):
            table = _by_hand(workbook, fields, sheets, known)
            if not table.missing:
                run.options = options | known
                table.warnings.insert(0, _("The columns are read as they were set by hand for this header before; "
                                           "they can be set anew below."))  # fmt: skip
                return table
        return workbook.table(fields, sheets=sheets)
    finally:
        _give_back_memory()


def _by_hand(
    workbook: Workbook, fields: Sequence[Field], sheets: Sequence[str], options: Mapping[str, Any]
) -> Table:
    mapping = {int(index): name for index, name in (options.get("mapping") or {}).items()}
    return workbook.table(fields, sheets=sheets, mapping=mapping, header_row=options.get("header_row"))


def _remembered(
    workbook: Workbook, layout: str, fields: Sequence[Field], sheets: Sequence[str]
) -> dict[str, Any] | None:
    """Mapping and header row that were set for this header; None where there are none, or they do not fit."""
    found = workbook.signature(fields, sheets)
    known = HeaderMapping.objects.filter(layout=layout, signature=found).first()
    if known is None:
        return None
    options: dict[str, Any] = {"mapping": known.mapping}
    if known.points_to and known.points_to != found:
        row = workbook.row_of(known.points_to, fields, sheets, known.header_row)
        if row is None:
            return None
        options["header_row"] = row
    return options


def remember_header(run: ImportRun, table: Table, by: Any) -> None:
    """Keep the run's mapping and header row for files with the header that was recognised in this one."""
    HeaderMapping.objects.update_or_create(
        layout=run.layout,
        signature=table.recognised,
        defaults={
            "header": " | ".join(cell.text for cell in table.headers),
            "mapping": run.options.get("mapping") or {},
            "header_row": table.header_row,
            "points_to": "" if table.signature == table.recognised else table.signature,
            "created_by_id": by.pk,
        },
    )


def _give_back_memory() -> None:
    """glibc keeps what the parser has freed (100 MB for 100,000 rows), and writing needs as much again elsewhere."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def seen_of(table: Table) -> dict[str, Any]:
    """What a page shows about the file; the same size whatever the file's."""
    width = len(table.headers)
    return {
        "sheet": table.sheet,
        "sheets": table.sheets,
        "all_sheets": table.all_sheets,
        "lead": table.lead,
        "header_row": table.header_row,
        "signature": table.signature,
        "rows": len(table),
        "headers": [
            {"index": cell.index, "letter": cell.letter, "text": cell.text, "field": cell.field}
            for cell in table.headers
        ],
        "missing": [field.name for field in table.missing],
        "missing_labels": [field.labels[0] for field in table.missing],
        "sample": [[as_text(cell)[:100] for cell in row[:width]] for row in table.samples],
        "top": top_of(table),
        "warnings": list(table.warnings),
        "skipped": len(table.skipped),
        "skipped_rows": [{"row": s.row, "reason": s.reason, "text": s.text[:60]} for s in table.skipped[:20]],
        "rejected": len(table.rejected),
    }


def top_of(table: Table) -> list[list[Any]]:
    """The first rows of the leading sheet up to a little below the header: [row number, texts of its cells]."""
    first = max(0, table.header_row - TOP_ROWS + 10)
    rows = table.top[first : first + TOP_ROWS]
    width = max((at + 1 for row in rows for at, cell in enumerate(row) if as_text(cell)), default=0)
    return [
        [number, [as_text(cell)[:30] for cell in row[: min(width, TOP_COLUMNS)]]]
        for number, row in enumerate(rows, start=first + 1)
    ]


def complaints(
    table: Table, problems: Mapping[str, Mapping[int, Problem]]
) -> dict[Place, list[tuple[str | None, str]]]:
    """The problems by the place of their row, columns in the order of the layout."""
    found: dict[Place, list[tuple[str | None, str]]] = {}
    for name, cells in problems.items():
        for index, cell in cells.items():
            found.setdefault(table.places[index], []).append((name, cell.message()))
    return found


def digest(problems: Mapping[str, Mapping[int, Problem]]) -> str:
    """Equal for equal problems: the marked copy need not be made again."""
    lines = (
        f"{name}:{index}:{cell.code}" for name, cells in problems.items() for index, cell in cells.items()
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
