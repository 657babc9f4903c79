"""Any office file -> a Workbook -> the Table we asked for."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import BinaryIO

from django.utils.translation import gettext as _

from .csvfile import read_csv
from .errors import UnreadableFile
from .guard import ZipScan, inspect_zip, sheet_parts
from .header import SEARCHED_ROWS, Field, Header, apply_mapping, find_header, header_at
from .sniff import sniff
from .sources import CalamineSource, Grid, ListGrid, ListSource, Source, has_nul_text, xlrd_source
from .table import Table, build_table
from .text import is_picture

__all__ = ["Field", "SheetInfo", "Table", "UnreadableFile", "Workbook", "open_workbook"]

MAX_FILE = 100 * 2**20
_EXTENSIONS = {"xlsx": {"xlsx", "xlsm", "xltx", "xltm", "et"}, "xls": {"xls", "xlt", "et"}, "xlsb": {"xlsb"},
               "ods": {"ods", "ots"}, "csv": {"csv", "txt", "tsv"}}  # fmt: skip
_NOTES_SHEET = re.compile(
    r"说明|须知|示例|样例|范例|例子|字典|下拉|选项|notes|example|instruction|lists", re.IGNORECASE
)


@dataclass(frozen=True)
class SheetInfo:
    name: str
    visible: bool
    rows: int
    columns: int
    hidden_rows: int = 0


class Workbook:
    def __init__(
        self, source: Source, kind: str, encoding: str | None = None, scan: ZipScan | None = None
    ) -> None:
        self.source = source
        self.kind = kind
        self.encoding = encoding
        self.warnings: list[str] = []
        self.date1904 = bool(scan and scan.date1904)
        self._scan = scan
        self._sizes: dict[int, tuple[int, int]] = {}

    @cached_property
    def sheets(self) -> list[SheetInfo]:
        """Sizes need a parse of every sheet: ask only to show them."""
        for index in range(len(self.source.names)):
            if index not in self._sizes:
                self._grid(index)
        return [
            SheetInfo(name, self.source.visible[i], *self._sizes[i], hidden_rows=self._hidden_rows(name))
            for i, name in enumerate(self.source.names)
        ]

    def table(
        self,
        fields: Sequence[Field],
        *,
        sheet: str | None = None,
        mapping: Mapping[int, str] | None = None,
        header_row: int | None = None,
    ) -> Table:
        """The best sheet (or the named one) under its header (or the given 1-based row).

        ``mapping`` maps 0-based column indexes to field names and overrides what was recognised.
        """
        index, grid, top = self._choose(fields, sheet)
        if header_row is None:
            header = find_header(top, fields)
        else:
            header = header_at(grid.rows(header_row), header_row - 1, fields)
        if mapping:
            header = apply_mapping(header, mapping)
        name = self.source.names[index]
        table = build_table(
            name, grid.rows(), header, fields, merges=grid.merges(), ragged=self.kind == "csv"
        )
        table.date1904 = self.date1904
        self._add_warnings(table, name)
        return table

    def _grid(self, index: int) -> Grid:
        grid = self.source.grid(index)
        self._sizes[index] = (grid.height, grid.width)
        return grid

    def _choose(self, fields: Sequence[Field], sheet: str | None) -> tuple[int, Grid, list[list[object]]]:
        """The sheet whose header fits best. Sheets of notes and examples only when nothing else fits."""
        best: tuple[tuple[bool, int], int, Grid, list[list[object]]] | None = None
        for index in self._candidates(sheet):
            grid = self._grid(index)
            top = grid.rows(SEARCHED_ROWS)
            if (
                not any(cell not in ("", None) for row in top for cell in row)
                and grid.height <= SEARCHED_ROWS
            ):
                continue
            header: Header = find_header(top, fields)
            merit = (not _NOTES_SHEET.search(self.source.names[index]), header.score)
            if header.score == 0:
                merit = (False, -1)
            if best is None or merit > best[0]:
                best = (merit, index, grid, top)
        if best is None:
            raise UnreadableFile("no_sheet")
        return best[1:]

    def _candidates(self, sheet: str | None) -> list[int]:
        if sheet is not None:
            if sheet not in self.source.names:
                raise UnreadableFile("unknown_sheet", sheet=sheet)
            return [self.source.names.index(sheet)]
        return [i for i, visible in enumerate(self.source.visible) if visible]

    @cached_property
    def _parts(self) -> dict[str, str]:
        if self._scan is None or self.kind != "xlsx":
            return {}
        with zipfile.ZipFile(io.BytesIO(self._scan.data)) as archive:
            return sheet_parts(archive)

    def _hidden_rows(self, name: str) -> int:
        part = self._scan.sheets.get(self._parts.get(name, "")) if self._scan else None
        return part.hidden_rows if part else 0

    def _add_warnings(self, table: Table, name: str) -> None:
        part = self._scan.sheets.get(self._parts.get(name, "")) if self._scan else None
        if part and part.hidden_rows:
            table.warnings.append(
                _("{count} rows of the sheet are hidden; they are read like the others.").format(
                    count=part.hidden_rows
                )
            )
        if self._scan and self._scan.has_pictures and any(is_picture(c) for row in table.rows for c in row):
            table.has_pictures = True
            table.warnings.append(
                _("The sheet contains pictures in cells (WPS); these cells are read as empty.")
            )
        if table.merges:
            table.warnings.append(_("Cells merged over several rows count for each of these rows."))
        table.warnings[:0] = self.warnings


def open_workbook(source: BinaryIO | Path | bytes, filename: str = "") -> Workbook:
    """Recognises the file by its content; raises UnreadableFile with one sentence for the user."""
    data = _content(source)
    if not filename and isinstance(source, Path):
        filename = source.name
    sniffed = sniff(data)
    if sniffed == "zip":
        scan = inspect_zip(data)
        book = Workbook(CalamineSource(scan.data), scan.kind, scan=scan)
    elif sniffed == "csv":
        rows, encoding = read_csv(data)
        name = PurePath(filename).stem or "CSV"
        book = Workbook(ListSource([name], [True], [ListGrid(rows)]), "csv", encoding)
    else:
        book = Workbook(_old_excel(data, sniffed), "xls")
    _warn_about_extension(book, filename)
    return book


def _content(source: BinaryIO | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, Path):
        if source.stat().st_size > MAX_FILE:
            raise UnreadableFile("too_big")
        data = source.read_bytes()
    else:
        source.seek(0)
        data = source.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise UnreadableFile("too_big")
    return data


def _old_excel(data: bytes, sniffed: str) -> Source:
    """calamine first; xlrd for what it cannot read, or reads as text full of NULs."""
    if sniffed == "biff":
        return xlrd_source(data)
    try:
        source = CalamineSource(data)
        if not has_nul_text(source):
            return source
    except UnreadableFile as error:
        if error.code != "broken":
            raise
    return xlrd_source(data)


def _warn_about_extension(book: Workbook, filename: str) -> None:
    extension = PurePath(filename).suffix.lower().lstrip(".")
    if extension and extension not in _EXTENSIONS[book.kind]:
        book.warnings.append(
            _("The name says .{extension}, but the content is .{kind}; it was read as .{kind}.").format(
                extension=extension, kind=book.kind
            )
        )
