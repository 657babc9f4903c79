"""CSV as Excel, WPS and other systems write it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from .errors import UnreadableFile

SAMPLE_LINES = 30
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f]")
# Our own export puts an apostrophe before what Excel would run as a formula; it goes again here.
ESCAPED = re.compile(r"'(?='*[=+\-@\t\r\n＝＋－＠])")
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
MAX_COLUMNS = 1000


def decode(data: bytes) -> tuple[str, str]:
    """Text and encoding: byte order mark, then strict UTF-8, then GB18030."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decode(data, "utf-16"), "utf-16"
    if b"\x00" in data[:4096]:
        raise UnreadableFile("not_a_workbook")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(_CONTROL.findall(text, 0, 4096)) > 2:
            raise UnreadableFile("not_a_workbook")
        if encoding == "utf-8-sig" and not data.startswith(b"\xef\xbb\xbf"):
            return text, "utf-8"
        return text, encoding
    raise UnreadableFile("encoding")


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile("encoding") from error


def read_csv(data: bytes) -> tuple[list[list[str]], str]:
    """Rows, all of the same length, and the encoding. Row numbers are those Excel shows."""
    text, encoding = decode(data)
    text = text.removesuffix("\x1a")
    hint = _SEPARATOR_LINE.match(text)
    if hint:
        text = text[hint.end() :]
    delimiter = hint[1] if hint else find_delimiter(text)
    rows = _strict_rows(text, delimiter)
    if "'" in text or '="' in text:
        rows = [[unescape(cell) if cell[:1] in ("'", "=") else cell for cell in row] for row in rows]
    return _rectangular(rows), encoding


def _strict_rows(text: str, delimiter: str) -> list[list[str]]:
    """A quotation mark that is never closed would swallow the people below it: refused with its line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise UnreadableFile("csv_line", row=_line_of_error(text, delimiter)) from error
    if reader.line_num != len(rows):  # some values go over several lines
        _refuse_swallowed_lines(rows, delimiter)
    return rows


def _line_of_error(text: str, delimiter: str) -> int:
    """Where the line begins that cannot be read: an open quotation mark is noticed much further down."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        for _row in reader:
            begun = reader.line_num + 1
    except csv.Error:
        pass
    return begun


def _refuse_swallowed_lines(rows: list[list[str]], delimiter: str) -> None:
    """A value over several lines that has as many separators as a row: two marks lie that far apart by mistake."""
    width = Counter(len(row) for row in rows[:SAMPLE_LINES] if len(row) > 1).most_common(1)
    most = max(2, width[0][0] - 1) if width else 2
    line = 1
    for row in rows:
        breaks = 0
        for cell in row:
            if "\n" in cell or "\r" in cell:
                breaks += len(cell.splitlines()) - 1 or 1
                if cell.count(delimiter) >= most:
                    raise UnreadableFile("csv_line", row=line)
        line += 1 + breaks


def unescape(cell: str) -> str:
    if cell.startswith("'"):
        return cell[1:] if ESCAPED.match(cell) else cell
    kept = _KEPT_AS_TEXT.fullmatch(cell)
    return kept[1] if kept else cell


def _rectangular(rows: list[list[str]]) -> list[list[str]]:
    width = max(map(len, rows), default=0)
    if width > MAX_COLUMNS:
        raise UnreadableFile("too_big")
    for row in rows:
        if len(row) < width:
            row.extend([""] * (width - len(row)))
    return rows


def find_delimiter(text: str) -> str:
    """The sign that cuts most of the first lines into the same, largest number of columns."""
    sample = "\n".join(text[:65536].splitlines()[:SAMPLE_LINES])

    def merit(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0
        counts = Counter(width for width in widths if width > 1)
        if not counts:
            return 0, 0
        width, lines = max(counts.items(), key=lambda item: (item[1], item[0]))
        return lines, width

    return max((",", "\t", ";", "|"), key=merit)
