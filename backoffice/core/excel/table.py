"""The data of a file as one list of columns, with the true place of every cell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from .captions import Field
from .errors import UnreadableFile
from .header import Header, HeaderCell, column_letter, signature_of
from .limits import DEFAULT
from .rows import Row, sort_rows
from .text import is_empty, is_picture

MAX_DATA_ROWS = DEFAULT.rows
MAX_FILLED_CELLS = 2_000_000  # by merged regions: a hostile file can declare millions of them
Merge = tuple[tuple[int, int], tuple[int, int]]
#: A row as people find it: its number, or '安全员!3' in a file of which several sheets are read.
Place = int | str


@dataclass(frozen=True)
class RejectedRow:
    """A line that looks like data and cannot be read as such."""

    row: Place
    reason: str


@dataclass(frozen=True)
class SkippedRow:
    """A line that is no data: 'note', 'total', 'index_only' or 'header' (repeated on every page)."""

    row: Place
    reason: str
    text: str = ""


@dataclass(frozen=True)
class Part:
    """Rows that were read one after the other from one sheet under one header."""

    start: int
    """Position of its first row in the table."""
    sheet: str
    header_row: int
    columns: Sequence[int | None] | None = None
    """Column of the table -> column of the sheet, where they differ."""


@dataclass
class Table:
    sheet: str
    """The sheet it was read from; several are parted by 、."""
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
    parts: list[Part] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Other sheets with data."""
    all_sheets: list[str] = field(default_factory=list)
    """Those it was read from and those, in the order of the workbook."""
    lead: str = ""
    """The sheet whose header row and columns the user sets."""
    recognised: str = ""
    """The signature of the header that was found without the user's word."""
    top: Sequence[Row] = ()
    """The first rows of the leading sheet as they stand there, to a little below the header."""

    def __post_init__(self) -> None:
        self._indexes = {cell.field: cell.index for cell in self.headers if cell.field}
        self.set_parts(self.parts)

    def set_parts(self, parts: list[Part]) -> None:
        self.parts = parts
        self._starts = [part.start for part in parts]
        self.places: Sequence[Place] = self.row_numbers
        if len(self.sheets) > 1:
            self.places = [
                f"{self.part_of(index).sheet}!{number}" for index, number in enumerate(self.row_numbers)
            ]

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def sheets(self) -> list[str]:
        """The names of the sheets it was read from, in their order."""
        return list(dict.fromkeys(part.sheet for part in self.parts))

    @property
    def signature(self) -> str:
        """Equal for equal headers: the key under which a mapping by hand is remembered."""
        return signature_of([cell.text for cell in self.headers])

    @property
    def samples(self) -> list[Row]:
        return self.rows[:5]

    def part_of(self, index: int) -> Part:
        return self.parts[bisect_right(self._starts, index) - 1]

    def order_of(self, place: Place) -> tuple[int, int]:
        """Sorts places as their sheets and rows follow each other."""
        if isinstance(place, int):
            return 0, place
        sheet, _mark, row = place.rpartition("!")
        return self.sheets.index(sheet), int(row)

    def has(self, name: str) -> bool:
        return name in self._indexes

    def letter(self, name: str, index: int | None = None) -> str:
        """The column of a field as Excel calls it, '' when the file has no such column.

        With the position of a row: where that very cell stands, which a repeated header may have moved.
        """
        column = self._indexes.get(name)
        if column is None:
            return ""
        columns = self.part_of(index).columns if index is not None and self.parts else None
        if columns is not None:
            place = columns[column]
            return "" if place is None else column_letter(place)
        return column_letter(column)

    def column(self, name: str) -> list[Any]:
        """Raw cells aligned with ``row_numbers``; all None when the file has no such column."""
        index = self._indexes.get(name)
        if index is None:
            return [None] * len(self.rows)
        cells = [row[index] for row in self.rows]
        if self.has_pictures:
            cells = [None if is_picture(cell) else cell for cell in cells]
        return cells


def cell_name(column: str, place: Place) -> str:
    """What Excel calls the cell: 'F3', or '安全员!F3' where the row is one of several sheets."""
    if isinstance(place, str):
        sheet, _mark, row = place.rpartition("!")
        return f"{sheet}!{column}{row}"
    return f"{column}{place}"


def build_table(
    sheet: str,
    rows: list[Row],
    header: Header,
    fields: Sequence[Field],
    *,
    merges: Iterable[Merge] = (),
    ragged: bool = False,
    most: int | None = None,
) -> Table:
    """One sheet as a table; UnreadableFile without a header or with more than `most` rows of data."""
    most = MAX_DATA_ROWS if most is None else most
    if header.row < 0:
        raise UnreadableFile("no_header")
    spans = [m for m in merges if m[0][0] > header.row and m[1][0] > m[0][0]]
    _fill_down(rows, spans)
    data = sort_rows(rows, header, fields)
    if len(data.rows) > most:
        raise UnreadableFile("too_many_rows", limit=most)
    table = Table(
        sheet=sheet,
        header_row=header.row + 1,
        headers=[
            HeaderCell(i, column_letter(i), text, header.fields[i]) for i, text in enumerate(header.texts)
        ],
        missing=[f for f in fields if f.required and f.name not in header.found],
        row_numbers=[index + 1 for index in data.indexes],
        rows=data.rows,
        skipped=[SkippedRow(index + 1, reason, text) for index, reason, text in data.skipped],
        parts=[Part(0, sheet, header.row + 1), *(
            Part(start, sheet, header.row + 1, columns) for start, columns in data.moves
        )],
    )  # fmt: skip
    if ragged:
        _reject_long_lines(table)
    if spans:
        table.warnings.append(_("Cells merged over several rows count for each of these rows."))
    if data.moves:
        table.warnings.append(
            _("The header comes again with its columns in another order; the rows below are read by it.")
        )
    return table


def _fill_down(rows: list[Row], merges: Iterable[Merge]) -> None:
    """A company merged over its people belongs to each of them."""
    budget = MAX_FILLED_CELLS
    for (top, left), (bottom, right) in merges:
        if left != right or top >= len(rows) or budget <= 0 or left >= len(rows[top]):
            continue
        value = rows[top][left]
        last = min(bottom, len(rows) - 1, top + budget)
        budget -= last - top
        for number in range(top + 1, last + 1):
            if rows[number][left] in ("", None):
                rows[number][left] = value


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
    table.rows[:] = [row for at, row in enumerate(table.rows) if at not in long]
    table.row_numbers[:] = [number for at, number in enumerate(table.row_numbers) if at not in long]
    table.set_parts(
        [replace(part, start=part.start - sum(at < part.start for at in long)) for part in table.parts]
    )
