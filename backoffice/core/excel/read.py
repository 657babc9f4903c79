"""Any office file -> a Workbook -> the Table we asked for."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import BinaryIO

from django.utils.translation import gettext as _

from .captions import SAMPLE_ROWS, Field
from .csvfile import read_csv
from .dates import date_remarks
from .errors import UnreadableFile
from .faults import Faults
from .guard import ZipScan, inspect_zip, sheet_parts
from .header import SEARCHED_ROWS, Header, column_letter, header_at, signature_of
from .limits import DEFAULT, Limits
from .sheets import Look, choose, join, look_at, under
from .sniff import OLE, sniff
from .sources import CalamineSource, Grid, ListGrid, ListSource, Source, has_nul_text, xlrd_source
from .table import Table, build_table, cell_name
from .text import is_picture, normalise_label

__all__ = ["Field", "SheetInfo", "Table", "UnreadableFile", "Workbook", "open_workbook"]

_EXTENSIONS = {"xlsx": {"xlsx", "xlsm", "xltx", "xltm", "et"}, "xls": {"xls", "xlt", "et"}, "xlsb": {"xlsb"},
               "ods": {"ods", "ots"}, "csv": {"csv", "txt", "tsv"}}  # fmt: skip


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
        self.limits = DEFAULT
        self.warnings: list[str] = []
        self.date1904 = bool(scan and scan.date1904)
        self._scan = scan
        self._sizes: dict[int, tuple[int, int]] = {}
        self._looked: tuple[Sequence[Field], list[Look]] | None = None

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
        sheets: Sequence[str] = (),
        mapping: Mapping[int, str] | None = None,
        header_row: int | None = None,
    ) -> Table:
        """The best sheet and those with the same columns (or the named ones) as one list.

        ``mapping`` maps 0-based column indexes to field names, ``header_row`` is the 1-based row of the captions:
        they override what was recognised on the leading sheet.
        """
        names = [sheet] if sheet is not None else list(sheets)
        choice = choose(
            self._looks(fields, names), fields, named=names, mapping=mapping, header_row=header_row
        )
        warnings = list(self.warnings) + caption_remarks(choice.header, fields)
        tables = []
        for look, header, move in choice.in_order:
            header = header if move is None else under(choice.header, header, move)
            tables.append((self._read(look, header, fields), move))
        table = join(choice, tables)
        if len(table) > self.limits.rows:
            raise UnreadableFile("too_many_rows", limit=self.limits.rows)
        table.recognised = signature_of(choice.recognised)
        table.all_sheets = choice.all_sheets
        table.lead = choice.main.name
        table.top = choice.main.top
        if choice.header.row + SAMPLE_ROWS > len(table.top):
            table.top = choice.main.grid.rows(choice.header.row + SAMPLE_ROWS)
        table.date1904 = self.date1904
        table.has_pictures = any(part.has_pictures for part, _move in tables)
        if len(tables) > 1:
            names = [part.sheet for part, _move in tables]
            text = _("{count} sheets with the same columns are read as one list: {names}.")
            warnings.append(text.format(count=len(names), names="、".join(names)))
        if choice.unread:
            table.unread = choice.unread
            text = _("Other sheets hold data, too, and are not read: {names}.")
            warnings.append(text.format(names="、".join(choice.unread)))
        for wanted in fields:
            if wanted.is_date and table.has(wanted.name):
                warnings += self._date_remarks(table, wanted)
        table.warnings[:0] = warnings
        return table

    def _read(self, look: Look, header: Header, fields: Sequence[Field]) -> Table:
        table = build_table(
            look.name, look.grid.rows(), header, fields, merges=look.grid.merges(),
            ragged=self.kind == "csv", most=self.limits.rows if self.limits is not DEFAULT else None,
        )  # fmt: skip
        self._add_warnings(table, look.name)
        return table

    def _date_remarks(self, table: Table, wanted: Field) -> list[str]:
        caption = next(cell.text for cell in table.headers if cell.field == wanted.name)

        def name_of(index: int) -> str:
            return cell_name(table.letter(wanted.name, index), table.places[index])

        return date_remarks(table.column(wanted.name), caption, name_of, self.date1904)

    def _grid(self, index: int) -> Grid:
        grid = self.source.grid(index)
        self._sizes[index] = (grid.height, grid.width)
        return grid

    def _looks(self, fields: Sequence[Field], names: Sequence[str]) -> list[Look]:
        """Every sheet with data, whether it will be read or only be named."""
        for name in names:
            if name not in self.source.names:
                raise UnreadableFile("unknown_sheet", sheet=name)
        if self._looked is None or self._looked[0] is not fields:
            looks = [
                look_at(index, name, self.source.visible[index], self._grid(index), fields)
                for index, name in enumerate(self.source.names)
            ]
            self._looked = fields, [look for look in looks if look is not None]
        found = self._looked[1]
        if not any(look.name in names if names else look.visible for look in found):
            raise UnreadableFile("no_sheet")
        return found

    def signature(self, fields: Sequence[Field], sheets: Sequence[str] = ()) -> str:
        """Of the header that is recognised without anybody's word: the key of what is remembered for it."""
        return signature_of(choose(self._looks(fields, sheets), fields, named=sheets).recognised)

    def row_of(
        self, signature: str, fields: Sequence[Field], sheets: Sequence[str], likely: int | None
    ) -> int | None:
        """The 1-based row of the leading sheet whose captions have that signature, the likely one first."""
        look = choose(self._looks(fields, sheets), fields, named=sheets).main
        rows = [likely - 1] if likely else []
        for row in [*rows, *range(min(len(look.top), SEARCHED_ROWS))]:
            if signature_of(header_at(look.top, row, fields).texts) == signature:
                return row + 1
        return None

    def plain_rows(self) -> list[list[object]]:
        """The rows of the first sheet as they stand there, for lists without captions."""
        grid = self._grid(0)
        if grid.height > self.limits.rows:
            raise UnreadableFile("too_many_rows", limit=self.limits.rows)
        return grid.rows()

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


def caption_remarks(header: Header, fields: Sequence[Field]) -> list[str]:
    """Which other columns could have been meant: the user sees it and may choose otherwise."""
    read = {name: at for at, name in enumerate(header.fields) if name}
    labels = {wanted.name: wanted.labels[0] for wanted in fields}
    remarks = []
    for column, name in sorted(header.others.items()):
        letter, text, first = column_letter(column), header.texts[column], read.get(name)
        if first is None:
            sentence = _(
                "Column {second} “{text}” could be “{field}”, but what stands in it does not look like it."
            )
        elif normalise_label(header.texts[first]) == normalise_label(text):
            sentence = _("Column {second} has the same caption as column {first} and is not read.")
        else:
            sentence = _("“{field}” is read from column {first} “{caption}”; column {second} “{text}” could be meant, "
                         "too.")  # fmt: skip
        remarks.append(
            sentence.format(
                second=letter, text=text, field=labels[name],
                first="" if first is None else column_letter(first),
                caption="" if first is None else header.texts[first],
            )
        )  # fmt: skip
    return remarks


def open_workbook(source: BinaryIO | Path | bytes, filename: str = "", limits: Limits = DEFAULT) -> Workbook:
    """Recognises the file by its content; raises UnreadableFile with one sentence for the user.

    `limits` are those of the door the file came through; what is larger is refused before it is read.
    """
    data = _content(source, limits)
    if not filename and isinstance(source, Path):
        filename = source.name
    sniffed = sniff(data)
    if sniffed == "zip":
        scan = inspect_zip(data, limits.unpacked)
        book = Workbook(CalamineSource(scan.data, _faults(scan)), scan.kind, scan=scan)
    elif sniffed == "csv":
        rows, encoding = read_csv(data)
        name = PurePath(filename).stem or "CSV"
        book = Workbook(ListSource([name], [True], [ListGrid(rows)]), "csv", encoding)
    else:
        book = Workbook(_old_excel(data, sniffed), "xls")
    book.limits = limits
    _warn_about_extension(book, filename)
    return book


def _faults(scan: ZipScan) -> dict[str, Faults]:
    """Sheet name -> its cells that show an error or have no result."""
    if not any(part.faults for part in scan.sheets.values()):
        return {}
    with zipfile.ZipFile(io.BytesIO(scan.data)) as archive:
        parts = sheet_parts(archive)
    return {name: scan.sheets[part].faults for name, part in parts.items() if part in scan.sheets}


def _content(source: BinaryIO | Path | bytes, limits: Limits) -> bytes:
    too_large = UnreadableFile("too_large", size=limits.megabytes)
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, Path):
        if source.stat().st_size > limits.file:
            raise too_large
        data = source.read_bytes()
    else:
        source.seek(0)
        data = source.read(limits.file + 1)
    if len(data) > limits.file:
        raise too_large
    return data


def _old_excel(data: bytes, sniffed: str) -> Source:
    """calamine first; xlrd for what it cannot read, or reads as text full of NULs."""
    if sniffed == "biff":
        try:
            return xlrd_source(data)
        except UnreadableFile as error:
            if error.code != "broken" or not data.startswith(OLE):
                raise
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
