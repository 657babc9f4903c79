"""The bad rows of an upload, marked: to be corrected and uploaded again as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from .table import Table
from .write import EXACT_INTEGER, WORKBOOK_OPTIONS, safe_text, sheet_title

# Captions in Chinese in every language: our reader knows them and leaves these two columns out.
ROW_CAPTION, REASON_CAPTION = "原行号", "错误原因"
Complaint = tuple[str | None, str]


def mark_copy(table: Table, problems: Mapping[int, Iterable[Complaint]], out: IO[bytes] | str) -> int:
    """Writes the header and only the bad rows, values unaltered, wrong cells red; the number of rows.

    ``problems``: true row number -> (field name or None for the whole row, sentence) pairs.
    """
    # constant_memory writes row by row: 50,000 bad rows take no more memory than five.
    with xlsxwriter.Workbook(out, {**WORKBOOK_OPTIONS, "constant_memory": True, "in_memory": False}) as book:
        sheet = book.add_worksheet(sheet_title(table.sheet))
        writer = _Writer(book, sheet, table)
        writer.header()
        rows = ((n, r) for n, r in zip(table.row_numbers, table.rows, strict=True) if n in problems)
        count = 0
        for count, (number, row) in enumerate(rows, start=1):
            writer.row(count, number, row, problems[number])
        return count


class _Writer:
    def __init__(self, book: xlsxwriter.Workbook, sheet: Worksheet, table: Table) -> None:
        self.sheet, self.table = sheet, table
        red = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}
        date = {"num_format": "yyyy-mm-dd"}
        moment = {"num_format": "yyyy-mm-dd hh:mm:ss"}
        self.head = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        self.red_head = book.add_format({"bold": True, **red})
        self.plain = {False: None, True: book.add_format(red)}
        self.dates = {False: book.add_format(date), True: book.add_format({**date, **red})}
        self.moments = {False: book.add_format(moment), True: book.add_format({**moment, **red})}
        # Our two columns of an earlier round are replaced, not repeated.
        self.cells = [c for c in table.headers if c.text not in (ROW_CAPTION, REASON_CAPTION)]
        self.column_of = {cell.field: at for at, cell in enumerate(self.cells, start=1) if cell.field}

    def header(self) -> None:
        self.sheet.set_column(0, 0, 9)
        self.sheet.set_column(1, len(self.cells), 18)
        self.sheet.set_column(len(self.cells) + 1, len(self.cells) + 1, 70)
        self.sheet.freeze_panes(1, 0)
        captions = [ROW_CAPTION, *(cell.text for cell in self.cells), REASON_CAPTION]
        for column, text in enumerate(captions):
            ours = column in (0, len(captions) - 1)
            self.sheet.write_string(0, column, safe_text(text), self.red_head if ours else self.head)

    def row(self, at: int, number: int, row: Sequence[Any], complaints: Iterable[Complaint]) -> None:
        complaints = list(complaints)
        wrong = {self.column_of.get(name, -1) for name, _message in complaints if name}
        self.sheet.write_number(at, 0, number)
        for column, cell in enumerate(self.cells, start=1):
            value = row[cell.index] if cell.index < len(row) else None
            self._cell(at, column, value, column in wrong)
        reasons = "; ".join(self._reason(number, name, message) for name, message in complaints)
        self.sheet.write_string(at, len(self.cells) + 1, safe_text(reasons), self.plain[True])

    def _reason(self, number: int, name: str | None, message: str) -> str:
        letter = self.table.letter(name) if name else ""
        return f"{letter}{number}: {message}" if letter else str(message)

    def _cell(self, row: int, column: int, value: Any, wrong: bool) -> None:
        sheet = self.sheet
        if value is None or value == "":
            if wrong:
                sheet.write_blank(row, column, None, self.plain[True])
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.plain[wrong])
        elif isinstance(value, (int, float)) and (abs(value) < EXACT_INTEGER or isinstance(value, float)):
            sheet.write_number(row, column, value, self.plain[wrong])
        elif isinstance(value, dt.date) and value.year >= 1900:
            styles = self.moments if isinstance(value, dt.datetime) else self.dates
            sheet.write_datetime(row, column, value, styles[wrong])
        else:
            sheet.write_string(row, column, safe_text(str(value)), self.plain[wrong])
