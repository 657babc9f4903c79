"""What a file is, by its content. The name only serves the warning that it lies."""

from __future__ import annotations

import struct

from xlrd.compdoc import CompDoc

from .errors import UnreadableFile
from .guard import MAX_CELLS
from .header import column_letter

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "pdf"),
    (b"{\\rtf", "word"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"BM", "picture"),
    (b"RIFF", "picture"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
)
_HTML = (
    b"<html",
    b"<!doctype html",
    b"<table",
    b"<head",
    b"<meta",
    b"<style",
    b"<div",
    b"<script",
    b"<body",
    b"mime-version:",
)
BIFF_STARTS = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
BOF_LENGTHS = (b"\x04\x00", b"\x06\x00", b"\x08\x00", b"\x10\x00")
RECORD = struct.Struct("<HHHH")  # kind, length, and of a cell: row and column
FILEPASS, EOF, MULRK, BOOLERR, FORMULA = 0x2F, 0x0A, 0xBD, 0x205, 0x06
CELLS = frozenset((0x06, 0xD6, 0xFD, 0x203, 0x204, 0x205, 0x27E, MULRK))  # with a value; blanks take no room
MARKUP_WINDOW = 4096


def sniff(data: bytes) -> str:
    """'zip', 'xls', 'biff' (an .xls without its container, or with cells that show an error: for the second
    parser) or 'csv'; what is known to be no table raises."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise UnreadableFile("empty")
    if data.startswith(b"PK"):
        return "zip"
    if data.startswith(OLE):
        return _sniff_ole(data)
    if data[:2] in BIFF_STARTS and data[2:4] in BOF_LENGTHS:
        return "biff"
    for magic, code in _MAGIC:
        # 'BM', 'RIFF' and 'BZh' may also begin a text; the real ones contain zero bytes at once.
        if data.startswith(magic) and (not magic.isalpha() or b"\x00" in data[:64]):
            raise UnreadableFile(code)
    _refuse_markup(data)
    return "csv"


def _refuse_markup(data: bytes) -> None:
    head = data[:MARKUP_WINDOW]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode()
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<?xml", b"<workbook")):
        if b"schemas-microsoft-com:office:spreadsheet" in head:
            raise UnreadableFile("xml2003")
        raise UnreadableFile("html" if b"<html" in head or b"<table" in head else "not_a_workbook")
    if head.startswith(_HTML) or (head.startswith(b"<") and b"<table" in data.lower()[:200_000]):
        raise UnreadableFile("html")


def _sniff_ole(data: bytes) -> str:
    try:
        document = CompDoc(data, logfile=_Silent())
        names = {entry.name for entry in document.dirlist}
        stream = next((name for name in ("Workbook", "Book", "WORKBOOK", "BOOK") if name in names), None)
        content, base, length = document.locate_named_stream(stream) if stream else (None, 0, 0)
    except Exception as error:
        # xlrd raises whatever a damaged container leads it to: assertions, struct.error, IndexError.
        raise UnreadableFile("broken") from error
    if names & {"EncryptedPackage", "EncryptionInfo"}:
        raise UnreadableFile("encrypted")
    if "WordDocument" in names:
        raise UnreadableFile("word")
    if not stream:
        raise UnreadableFile("not_a_workbook")
    if content is None:
        raise UnreadableFile("broken")
    return "biff" if check_records(content[base : base + length]) else "xls"


def check_records(stream: bytes) -> bool:
    """Refuses a password, and a value so far away that the parser would ask for a gigabyte; whether a cell
    shows an error.
    """
    at, end, shows_error = 0, len(stream) - 8, False
    rows = columns = 0
    unpack = RECORD.unpack_from
    while at <= end:
        kind, length, row, column = unpack(stream, at)
        if kind in CELLS:
            if kind == MULRK and at + 4 + length <= len(stream):
                column = int.from_bytes(stream[at + 2 + length : at + 4 + length], "little")
            elif kind == BOOLERR:
                shows_error = shows_error or stream[at + 11 : at + 12] == b"\x01"
            elif kind == FORMULA:  # its result: 2 and twice 255 around the number of the error
                result = stream[at + 10 : at + 18]
                shows_error = shows_error or (result[:1] == b"\x02" and result[6:] == b"\xff\xff")
            if row > rows or column > columns:
                rows, columns = max(row, rows), max(column, columns)
                if (rows + 1) * (columns + 1) > MAX_CELLS:
                    raise UnreadableFile("stray_cell", column=column_letter(column), row=row + 1)
        elif kind == FILEPASS:
            raise UnreadableFile("encrypted")
        elif kind == EOF:
            rows = columns = 0
        at += 4 + length
    return shows_error


class _Silent:
    """xlrd prints its findings about damaged containers; nobody reads them here."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None
