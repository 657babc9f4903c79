"""One face for the parsers: calamine for nearly everything, xlrd for odd old .xls, csv."""

from __future__ import annotations

import datetime as dt
import gc
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import xlrd
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from .errors import UnreadableFile
from .faults import Faults
from .guard import MAX_CELLS
from .header import column_letter
from .rows import Row

T = TypeVar("T")
Merge = tuple[tuple[int, int], tuple[int, int]]


class Grid(Protocol):
    """One sheet: its size, its first rows cheaply, all of its rows, its merged regions.

    Every row is as wide as the sheet and begins in column A, whichever way it is read.
    """

    @property
    def height(self) -> int: ...

    @property
    def width(self) -> int: ...

    def rows(self, limit: int | None = None) -> list[Row]: ...

    def merges(self) -> Sequence[Merge]: ...


class Source(Protocol):
    names: list[str]
    visible: list[bool]

    def grid(self, index: int) -> Grid: ...


@dataclass
class ListGrid:
    """Rows that are in memory already."""

    cells: list[Row]

    @property
    def height(self) -> int:
        return len(self.cells)

    @property
    def width(self) -> int:
        return len(self.cells[0]) if self.cells else 0

    def rows(self, limit: int | None = None) -> list[Row]:
        return self.cells if limit is None else self.cells[:limit]

    def merges(self) -> Sequence[Merge]:
        return ()


@dataclass
class ListSource:
    names: list[str]
    visible: list[bool]
    grids: list[ListGrid]

    def grid(self, index: int) -> Grid:
        return self.grids[index]


@contextmanager
def collector_paused() -> Iterator[None]:
    """A million new cells make the garbage collector walk over all of them, again and again: a third of
    the time, for nothing, since cells form no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class CalamineGrid:
    def __init__(self, sheet: CalamineSheet, faults: Faults | None = None) -> None:
        self.sheet = sheet
        self.faults = faults or {}
        self.left = sheet.start[1] if sheet.start else 0
        end = sheet.end
        self.height, self.width = (end[0] + 1, end[1] + 1) if end else (0, 0)
        if self.height:  # a column of formulae without a result is wider than the parser knows
            self.width = max([self.width, *(column + 1 for row, column in self.faults if row < self.height)])

    def rows(self, limit: int | None = None) -> list[Row]:
        if limit is None and self.height * self.width > 2 * MAX_CELLS:
            raise UnreadableFile("stray_cell", column=column_letter(self.width - 1), row=self.height)
        if not self.height:
            return []
        # Without skip_empty_area=False leading blank rows vanish and every row number is wrong.
        with collector_paused():
            if limit is not None:
                return self._shaped(self.sheet.to_python(skip_empty_area=False, nrows=limit))
            # A company's name stands in fifty rows: each text is kept once (a third of the memory).
            texts: dict[str, str] = {}
            keep = texts.setdefault
            rows = [
                [keep(cell, cell) if type(cell) is str else cell for cell in row]
                for row in self.sheet.iter_rows()
            ]
            if self.left:  # iter_rows leaves out what is empty on the left, to_python does not
                pad = [""] * self.left
                rows = [pad + row for row in rows]
            return self._shaped(rows)

    def _shaped(self, rows: list[Row]) -> list[Row]:
        """All rows as wide as the sheet, with the faulty cells in their places."""
        if rows and len(rows[0]) != self.width:  # the parser makes all of them alike
            for row in rows:
                row += [""] * (self.width - len(row))
        for (at, column), fault in self.faults.items():
            if at < len(rows) and rows[at][column] in ("", None):
                rows[at][column] = fault
        return rows

    def merges(self) -> Sequence[Merge]:
        return self.sheet.merged_cell_ranges or ()


class CalamineSource:
    def __init__(self, data: bytes, faults: Mapping[str, Faults] | None = None) -> None:
        """`faults`: sheet name -> its faulty cells."""
        self.book = _guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
        sheets = [m for m in self.book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
        self.names = [sheet.name for sheet in sheets]
        self.visible = [sheet.visible == SheetVisibleEnum.Visible for sheet in sheets]
        self.faults = faults or {}

    def grid(self, index: int) -> CalamineGrid:
        name = self.names[index]
        return _guarded(lambda: CalamineGrid(self.book.get_sheet_by_name(name), self.faults.get(name)))


def _guarded(parse: Callable[[], T]) -> T:
    """The parser's errors, and its panics (which are no Exception), as our one sentence."""
    try:
        return parse()
    except PasswordError as error:
        raise UnreadableFile("encrypted") from error
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, UnreadableFile):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile("broken") from error


def has_nul_text(source: Source) -> bool:
    """Some old .xls (code page 1252, written by jxl) come out of calamine as text full of NULs."""
    for index in range(len(source.names)):
        for row in source.grid(index).rows():
            if any(type(cell) is str and "\x00" in cell for cell in row):
                return True
    return False


def xlrd_source(data: bytes) -> ListSource:
    try:
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
        sheets = [book.sheet_by_index(i) for i in range(book.nsheets)]
        grids = [
            ListGrid([_xlrd_row(sheet, r, book.datemode) for r in range(sheet.nrows)]) for sheet in sheets
        ]
    except xlrd.XLRDError as error:
        raise UnreadableFile("encrypted" if "encrypted" in str(error).lower() else "broken") from error
    except Exception as error:
        # xlrd trusts offsets inside the file and raises whatever a wrong one leads to.
        raise UnreadableFile("broken") from error
    return ListSource([s.name for s in sheets], [s.visibility == 0 for s in sheets], grids)


def _xlrd_row(sheet: Any, index: int, datemode: int) -> Row:
    cells: Row = []
    for kind, value in zip(sheet.row_types(index), sheet.row_values(index), strict=True):
        if kind == xlrd.XL_CELL_DATE:
            value = _xlrd_date(value, datemode)
        elif kind == xlrd.XL_CELL_ERROR:
            value = xlrd.error_text_from_code.get(value, "#N/A")
        elif kind == xlrd.XL_CELL_BOOLEAN:
            value = bool(value)
        cells.append(value)
    cells.extend([""] * (sheet.ncols - len(cells)))
    return cells


def _xlrd_date(value: float, datemode: int) -> dt.date | dt.datetime | float:
    try:
        moment: dt.datetime = xlrd.xldate_as_datetime(value, datemode)
    except (ValueError, OverflowError):
        return value
    return moment.date() if moment.time() == dt.time() else moment
