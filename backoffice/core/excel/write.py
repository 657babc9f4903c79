"""Fast writers whose cells are never live formulae."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from rustpy_xlsxwriter import Format, write_worksheet

from .text import normalise_label

Target = str | Path | IO[bytes]
Progress = Callable[[int], None]
PROGRESS_EVERY = 1000
EXCEL_TEXT_LIMIT = 32_767
EXACT_INTEGER = 10**15
LARGEST = 10**300
#: Excel's count of days begins with a year that had a day too many: before March 1900 no two programs agree.
FIRST_DAY = dt.date(1900, 3, 1)
FIRST_MOMENT = dt.datetime(1900, 3, 1)
# What no workbook may contain: control characters, half surrogates, non-characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def safe_text(text: str) -> str:
    """The text without what Excel refuses to open."""
    if text.isalnum():
        return text if len(text) <= EXCEL_TEXT_LIMIT else text[:EXCEL_TEXT_LIMIT]
    return _UNWRITABLE.sub("", text)[:EXCEL_TEXT_LIMIT]


def safe_cell(value: Any) -> Any:
    """Numbers, dates and truth stay what they are; what a workbook cannot hold becomes text."""
    kind = type(value)
    if kind is str:
        return safe_text(value) or None
    if value is None or kind is bool:
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT_INTEGER else str(value)
    if isinstance(value, (float, Decimal)):
        return value if fits_number(value) else str(value)
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)  # a workbook knows no time zones; give it local time
        return value if value >= FIRST_MOMENT else value.isoformat(" ", "seconds")
    if isinstance(value, dt.date):
        return value if value >= FIRST_DAY else value.isoformat()
    return safe_text(str(value)) or None


def fits_number(value: float | Decimal) -> bool:
    """Whether a workbook holds the number: it knows no infinity, and no more than 1E+308."""
    return isfinite(value) and -LARGEST < value < LARGEST


def sheet_title(name: str) -> str:
    return _SHEET_NAME.sub(" ", safe_text(name)).strip("' ")[:31] or "Sheet1"


def write_xlsx(
    path_or_file: Target,
    sheet_name: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    widths: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> int:
    """Streams ``rows`` into one sheet (about 20 MB of memory for any length); the number of rows written.

    Every text is a string cell, which Excel shows and never runs, whatever it begins with.
    """
    keys = _unique(headers)
    counter = _Counter(rows, progress)
    options: dict[str, Any] = {
        "sheet_name": sheet_title(sheet_name),
        "freeze_row": 1,
        "header_format": Format().set_bold().set_background_color("#DDEBF7"),
        "datetime_format": "yyyy-mm-dd",
        "column_widths": list(widths) if widths else [_width(header) for header in headers],
    }
    records = _records(keys, counter)
    target: Any = path_or_file if not isinstance(path_or_file, Path) else os.fspath(path_or_file)
    first = next(records, None)
    if first is None:
        # The writer takes its header from the first record; an empty export keeps its header anyway.
        _write_header_only(target, options["sheet_name"], keys)
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_worksheet(_chain(first, records), target, **options)
    return counter.count


def _records(keys: list[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield dict(zip(keys, map(safe_cell, row), strict=True))


def _chain(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


class _Counter:
    def __init__(self, rows: Iterable[Sequence[Any]], progress: Progress | None) -> None:
        self.rows, self.progress, self.count = rows, progress, 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.rows:
            self.count += 1
            if self.progress and self.count % PROGRESS_EVERY == 0:
                self.progress(self.count)
            yield row
        if self.progress:
            self.progress(self.count)


def _write_header_only(target: Any, sheet_name: str, keys: list[str]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(target, WORKBOOK_OPTIONS) as book:
        sheet = book.add_worksheet(sheet_name)
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        for column, key in enumerate(keys):
            sheet.write_string(0, column, key, bold)
            sheet.set_column(column, column, _width(key))
        sheet.freeze_panes(1, 0)


# XlsxWriter turns '=…' into formulae and 'http…' into links unless told not to.
WORKBOOK_OPTIONS: Mapping[str, Any] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}


def _unique(headers: Sequence[str]) -> list[str]:
    """Records are dictionaries: a caption used twice gets a space more, which is invisible."""
    keys: list[str] = []
    for header in headers:
        key = safe_text(header) or " "
        while key in keys:
            key += " "
        keys.append(key)
    return keys


def _width(header: str) -> float:
    """Chinese characters are two columns wide."""
    wide = sum(2 if ord(char) > 0x2E80 else 1 for char in header)
    label = normalise_label(header)
    if "身份证" in label or "idnumber" in label:
        return 21
    return float(min(40, max(12, wide + 4)))


def write_csv(file: IO[bytes] | IO[str], headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """UTF-8 with BOM, so that Excel shows Chinese. A text that Excel would run gets an apostrophe in
    front, which our own reader takes off again; numbers stay numbers.
    """
    counter = _Counter(rows, None)
    if isinstance(file, io.TextIOBase):
        file.write("\ufeff")
        _write_lines(file, headers, counter)
    else:
        text = io.TextIOWrapper(cast(BinaryIO, file), "utf-8-sig", newline="")
        _write_lines(text, headers, counter)
        text.detach()  # flushes; the file stays open for its owner
    return counter.count


def _write_lines(file: Any, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(file)
    writer.writerow([csv_cell(header) for header in headers])
    writer.writerows([csv_cell(value) for value in row] for row in rows)


def csv_cell(value: Any) -> Any:
    if type(value) is not str:
        if value is None or isinstance(value, (int, float, Decimal, dt.date)):
            return value
        value = str(value)
    if value.isalnum():
        return value
    text = _UNWRITABLE.sub("", value)
    return "'" + text if _FORMULA.match(text) else text
