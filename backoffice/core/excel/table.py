"""The rows under a header: which are data, which are notes, and the columns of the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from .errors import UnreadableFile
from .header import INDEX_LABELS, OWN_COLUMNS, Field, Header, HeaderCell, column_letter, signature_of
from .text import is_picture, normalise_label, normalise_text

MAX_DATA_ROWS = 200_000
MAX_FILLED_CELLS = 2_000_000  # by merged regions: a hostile file can declare millions of them
Row = list[Any]
Merge = tuple[tuple[int, int], tuple[int, int]]

_TOTAL = re.compile(
    r"(本页|本表)?\s*(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|(grand |sub)?total)", re.IGNORECASE
)
_NOTE = re.compile(
    r"\s*(注|备注|附注|说明|填表说明|填写说明|填报|填表|制表|审核|审批|经办|联系人|单位(\(|（)?盖章|盖章"
    r"|负责人|日期|打印|第\s*\d+\s*页|notes?\b|prepared by)\s*[:：人单日时0-9一二三、.．（(]",
    re.IGNORECASE,
)
LONG_TEXT = 40


@dataclass(frozen=True)
class RejectedRow:
    """A line that looks like data and cannot be read as such."""

    row: int
    reason: str


@dataclass(frozen=True)
class SkippedRow:
    """A line that is no data: 'note', 'total', 'index_only' or 'header' (repeated on every page)."""

    row: int
    reason: str
    text: str = ""


@dataclass
class Table:
    sheet: str
    header_row: int
    """1-based true row of the (lower line of the) header; 0 when there is none."""
    headers: list[HeaderCell]
    missing: list[Field]
    row_numbers: list[int]
    rows: list[Row]
    """The data rows as read, aligned with ``row_numbers``."""
    rejected: list[RejectedRow] = field(default_factory=list)
    skipped: list[SkippedRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    date1904: bool = False
    has_pictures: bool = False
    merges: Sequence[Merge] = ()

    def __post_init__(self) -> None:
        self._indexes = {cell.field: cell.index for cell in self.headers if cell.field}

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def signature(self) -> str:
        """Equal for equal headers: the key under which a mapping by hand is remembered."""
        return signature_of([cell.text for cell in self.headers])

    @property
    def samples(self) -> list[Row]:
        return self.rows[:5]

    def has(self, name: str) -> bool:
        return name in self._indexes

    def letter(self, name: str) -> str:
        """The column of a field as Excel calls it, '' when the file has no such column."""
        return column_letter(self._indexes[name]) if name in self._indexes else ""

    def column(self, name: str) -> list[Any]:
        """Raw cells aligned with ``row_numbers``; all None when the file has no such column."""
        index = self._indexes.get(name)
        if index is None:
            return [None] * len(self.rows)
        cells = [row[index] for row in self.rows]
        if self.has_pictures:
            cells = [None if is_picture(cell) else cell for cell in cells]
        if self.merges:
            self._fill_down(cells, index)
        return cells

    def _fill_down(self, cells: list[Any], index: int) -> None:
        """A company merged over its people belongs to each of them."""
        positions = {number - 1: at for at, number in enumerate(self.row_numbers)}
        budget = MAX_FILLED_CELLS
        for (top, left), (bottom, right) in self.merges:
            if left != index or right != index or top not in positions or budget <= 0:
                continue
            value = cells[positions[top]]
            budget -= bottom - top
            for row in range(top + 1, min(bottom, top + MAX_DATA_ROWS) + 1):
                if row in positions and cells[positions[row]] in ("", None):
                    cells[positions[row]] = value


def is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and (not cell or not normalise_text(cell)))


class RowSorter:
    """Tells data from blank lines, notes, totals and repeated headers."""

    def __init__(self, header: Header, fields: Sequence[Field]) -> None:
        self.texts = header.texts
        labels = [normalise_label(text) for text in header.texts]
        self.mapped = [i for i, name in enumerate(header.fields) if name]
        self.ignored = {i for i, label in enumerate(labels) if label in OWN_COLUMNS}
        self.index_columns = {
            i for i, label in enumerate(labels) if label in INDEX_LABELS and i not in self.mapped
        }
        required = {f.name for f in fields if f.required}
        keys = sorted(self.mapped, key=lambda i: header.fields[i] not in required)
        self.keys = (keys[0], keys[min(1, len(keys) - 1)]) if keys else None

    def reason_to_skip(self, row: Row) -> str | None:
        """None for data, '' for a blank line, else why the line is none."""
        filled = [i for i, cell in enumerate(row) if i not in self.ignored and not is_empty(cell)]
        if not filled:
            return ""
        if all(i in self.index_columns for i in filled) and not isinstance(row[filled[0]], str):
            return "index_only"
        first = normalise_text(row[filled[0]])
        mapped = [i for i in filled if i in self.mapped]
        if filled[0] in self.index_columns and len(filled) == 1 and first.isdigit():
            return "index_only"
        if self._repeats_header(row, filled):
            return "header"
        if _TOTAL.match(first) and len(mapped) <= 3:
            return "total"
        if self._is_note(first, filled, mapped):
            return "note"
        return None

    def _repeats_header(self, row: Row, filled: list[int]) -> bool:
        same = sum(i < len(self.texts) and normalise_text(row[i]) == self.texts[i] for i in filled)
        return same >= 2 and same * 2 > len(filled)

    def _is_note(self, first: str, filled: list[int], mapped: list[int]) -> bool:
        if self.mapped and not mapped:
            return True
        if len(mapped) > 2 and len(filled) > 2:
            return False
        return bool(_NOTE.match(first)) or (len(filled) == 1 and len(first) > LONG_TEXT)


def sort_rows(
    rows: Sequence[Row], header: Header, fields: Sequence[Field]
) -> tuple[list[int], list[SkippedRow]]:
    """Indexes of the data rows, and the lines left out. Blank lines are not worth a word."""
    sorter = RowSorter(header, fields)
    data: list[int] = []
    skipped: list[SkippedRow] = []
    keys = sorter.keys
    # Nearly every line has both its key cells and needs no closer look.
    a, b = keys or (0, 0)
    caption = header.texts[a] if keys else None
    for index in range(header.row + 1, len(rows)):
        row = rows[index]
        if keys and row[a] and row[b] and row[a] != caption and a != b:
            data.append(index)
            continue
        reason = sorter.reason_to_skip(row)
        if reason is None:
            data.append(index)
        elif reason:
            text = next((normalise_text(cell) for cell in row if not is_empty(cell)), "")
            skipped.append(SkippedRow(index + 1, reason, text[:200]))
    return data, skipped


def build_table(
    sheet: str,
    rows: list[Row],
    header: Header,
    fields: Sequence[Field],
    *,
    merges: Iterable[Merge] = (),
    ragged: bool = False,
) -> Table:
    if header.row < 0:
        raise UnreadableFile("no_header")
    data, skipped = sort_rows(rows, header, fields)
    if len(data) > MAX_DATA_ROWS:
        raise UnreadableFile("too_many_rows", limit=MAX_DATA_ROWS)
    found = {name for name in header.fields if name}
    table = Table(
        sheet=sheet,
        header_row=header.row + 1,
        headers=[
            HeaderCell(i, column_letter(i), text, header.fields[i]) for i, text in enumerate(header.texts)
        ],
        missing=[f for f in fields if f.required and f.name not in found],
        row_numbers=[index + 1 for index in data],
        rows=[rows[index] for index in data],
        skipped=skipped,
        merges=[m for m in merges if m[0][0] > header.row and m[1][0] > m[0][0]],
    )
    if ragged:
        _reject_long_lines(table)
    _warn_about_doubles(table, header)
    return table


def _reject_long_lines(table: Table) -> None:
    """A CSV line longer than its header has an unquoted comma: its cells stand in the wrong columns."""
    width = max((cell.index + 1 for cell in table.headers if cell.text), default=0)
    long = {at for at, row in enumerate(table.rows) if any(not is_empty(cell) for cell in row[width:])}
    if not long:
        return
    reason = _(
        "The line has more columns than the header. Put texts that contain the separator in quotation marks."
    )
    table.rejected += [RejectedRow(table.row_numbers[at], reason) for at in sorted(long)]
    table.rows = [row for at, row in enumerate(table.rows) if at not in long]
    table.row_numbers = [number for at, number in enumerate(table.row_numbers) if at not in long]


def _warn_about_doubles(table: Table, header: Header) -> None:
    read = {normalise_label(cell.text): cell for cell in table.headers if cell.field}
    for cell in table.headers:
        twin = read.get(normalise_label(cell.text)) if cell.text and not cell.field else None
        if twin is not None:
            table.warnings.append(
                _("Column {second} has the same caption as column {first} and is not read.").format(
                    second=cell.letter, first=twin.letter
                )
            )
