"""Looks at a zipped workbook before the parser does.

The parser allocates (last row x last column) cells at once: one stray value in XFD1048576 would ask
for 400 GB and kill the process. It also believes any size. So every part is unpacked once, in
pieces, which costs a tenth of parsing: sizes, document types, the reach of the cells, hidden rows
and the tail of formatted but empty rows are known before anything is built.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from .errors import UnreadableFile
from .faults import Faults, find_faults, looks_faulty, show_errors_of_opendocument
from .header import column_letter
from .limits import DEFAULT

MAX_PART = 160 * 2**20  # any part that is no sheet: shared texts, styles
MAX_PARTS = 10_000
MAX_CELLS = 8_000_000
MAX_MERGES = 200_000
PIECE = 2**20
GHOST_TAIL = 4 * 2**20
OPENDOCUMENT = "application/vnd.oasis.opendocument.spreadsheet"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
#: What the parser opens besides the sheets; of everything else only the size matters.
_PARSED = re.compile(
    r"xl/(?:workbook|sharedstrings|styles)\.xml|xl/worksheets/.*|(?:.*/)?_rels/.*|\[content_types\]\.xml"
)
_OPAQUE = re.compile(r"\.(png|jpe?g|gif|emf|wmf|bmp|tiff?|wdp|svg|bin|vml)$", re.IGNORECASE)
_ROOT = re.compile(rb"<[A-Za-z_]")
_HIDDEN = re.compile(rb"<(?:\w+:)?row\b[^>]*\shidden=[\"'](?:1|true)[\"']")
# Cells within A..Z x 250,000 rows, or A..AZ x 150,000, are certain to fit; others are looked at one by one.
_BEYOND = (
    re.compile(rb'<c(?![A-Za-z]| r="[A-Z](?:\d{1,5}|1\d{5}|2[0-4]\d{4})")'),
    re.compile(rb'<c(?![A-Za-z]| r="A?[A-Z](?:\d{1,5}|1[0-4]\d{4})")'),
)
_PREFIXED = re.compile(rb":(?:c|row)[\s/>]")
_CELL = re.compile(rb"<(?:[\w.-]+:)?(row|c)(?=[\s/>])((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_REFERENCE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{0,3})(\d{1,7})[\"']")


@dataclass
class SheetScan:
    size: int = 0
    values_end: int = 0
    """No value stands behind this offset; what follows is the formatting of empty rows."""
    hidden_rows: int = 0
    merges: int = 0
    tier: int = 0
    is_sheet: bool = False
    has_pictures: bool = False
    has_faults: bool = False
    faults: Faults = field(default_factory=dict)


@dataclass
class ZipScan:
    kind: str
    data: bytes
    most: int = DEFAULT.unpacked
    """Bytes it may unpack to."""
    sheets: dict[str, SheetScan] = field(default_factory=dict)
    date1904: bool = False
    has_pictures: bool = False


def inflate(data: bytes, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces, to its real end: the sizes written in the archive may lie."""
    head = data[info.header_offset : info.header_offset + 30]
    if head[:4] != b"PK\x03\x04":
        raise UnreadableFile("broken")
    start = (
        info.header_offset
        + 30
        + int.from_bytes(head[26:28], "little")
        + int.from_bytes(head[28:30], "little")
    )
    packed = memoryview(data)[start : start + info.compress_size]
    if info.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[at : at + PIECE]) for at in range(0, len(packed), PIECE))
        return
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise UnreadableFile("broken")
    unpacker = zlib.decompressobj(-15)
    for at in range(0, len(packed), PIECE):
        rest: bytes = bytes(packed[at : at + PIECE])
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, PIECE)
            rest = unpacker.unconsumed_tail


def inspect_zip(data: bytes, most: int = DEFAULT.unpacked) -> ZipScan:
    """What the archive holds, looked at in pieces; UnreadableFile where that is no workbook or too much."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableFile("broken") from error
    infos = archive.infolist()
    if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > most:
        raise UnreadableFile("too_big")
    kind = _kind(archive)
    if any(info.flag_bits & 1 for info in infos):
        raise UnreadableFile("encrypted")
    scan = ZipScan(kind, data, most)
    try:
        if kind == "xlsx":
            _inspect_xlsx(scan, archive)
        elif kind == "ods":
            _inspect_ods(scan, archive)
        else:
            _inspect_sizes(scan, infos)
    except zlib.error as error:
        raise UnreadableFile("broken") from error
    return scan


def _kind(archive: zipfile.ZipFile) -> str:
    names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.endswith("workbook.xml") for name in names):
        return "xlsx"
    if "content.xml" in names:
        return _kind_of_opendocument(archive, names)
    if any(name.startswith("word/") for name in names):
        raise UnreadableFile("word")
    if any(name.startswith("ppt/") for name in names):
        raise UnreadableFile("not_a_workbook")
    raise UnreadableFile("broken" if "[content_types].xml" in names or not names else "archive")


def _kind_of_opendocument(archive: zipfile.ZipFile, names: set[str]) -> str:
    """The type stands in a part of its own; some programs leave that out, and the content tells as well."""
    if "mimetype" in names:
        is_table = b"spreadsheet" in archive.read("mimetype")[:200]
    else:
        info = archive.getinfo("content.xml")
        is_table = b"<office:spreadsheet" in next(inflate(archive.fp.getvalue(), info), b"")  # type: ignore[union-attr]
    if not is_table:
        raise UnreadableFile("word")
    manifest = archive.read("META-INF/manifest.xml")[:PIECE] if "meta-inf/manifest.xml" in names else b""
    if b"encryption-data" in manifest:
        raise UnreadableFile("encrypted")
    return "ods"


def _inspect_sizes(scan: ZipScan, infos: list[zipfile.ZipInfo]) -> None:
    total = 0
    for info in infos:
        for piece in inflate(scan.data, info):
            total += len(piece)
            if total > scan.most // 2:
                raise UnreadableFile("too_big")


def _inspect_xlsx(scan: ZipScan, archive: zipfile.ZipFile) -> None:
    used = {name.lower() for name in sheet_parts(archive).values()}
    total = 0
    for info in archive.infolist():
        name = info.filename.lower()
        if _OPAQUE.search(name) and name not in used:
            continue  # pictures and macros: the parser never opens them
        is_parsed = name in used or _PARSED.fullmatch(name) is not None
        part = scan_part(scan.data, info, scan.most - total, is_parsed=is_parsed)
        total += part.size
        scan.has_pictures = scan.has_pictures or part.has_pictures
        if part.is_sheet:
            scan.sheets[info.filename] = part
        if name == "xl/workbook.xml":
            scan.date1904 = bool(re.search(rb"date1904=[\"'](1|true)", archive.read(info)))
    for name, part in scan.sheets.items():
        if part.has_faults:
            part.faults = find_faults(inflate(scan.data, archive.getinfo(name)))
    ghosts = [n for n, s in scan.sheets.items() if s.size - s.values_end > GHOST_TAIL]
    if ghosts:
        scan.data = _without_ghosts(scan, archive, ghosts)


def scan_part(data: bytes, info: zipfile.ZipInfo, budget: int, *, is_parsed: bool = True) -> SheetScan:
    """Look through one part. What the parser never opens (settings of queries, models) may be anything."""
    scan, carry, first = SheetScan(), b"", True
    for piece in inflate(data, info):
        scan_from = scan.size - len(carry)
        scan.size += len(piece)
        if scan.size > budget:
            raise UnreadableFile("too_big")
        piece = carry + piece
        cut = piece.rfind(b"<")
        if first:
            first = False
            if is_parsed:
                _check_prolog(piece)
            scan.is_sheet = b"worksheet" in piece[:4096] or b"<row" in piece or b"sheetData" in piece
        elif (is_parsed or scan.is_sheet) and (cut < 0 or len(piece) > 3 * PIECE):
            raise UnreadableFile("too_big")  # a text of more than a million characters
        if not scan.is_sheet and scan.size > MAX_PART:
            raise UnreadableFile("too_big")
        # Pieces end between two tags, so that no tag is cut in half.
        carry = piece[cut:] if cut > 0 and (is_parsed or scan.is_sheet) else b""
        scan.has_pictures = scan.has_pictures or b"DISPIMG(" in piece
        if scan.is_sheet:
            _look_at(scan, piece[:cut] if cut > 0 else piece, scan_from)
    if scan.tier >= len(_BEYOND):
        check_reach(data, info)
    return scan


def _check_prolog(piece: bytes) -> None:
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise UnreadableFile("unsafe")
    if piece[:2] in UTF_16 or not _ROOT.search(piece):
        raise UnreadableFile("broken")


def _look_at(scan: SheetScan, piece: bytes, offset: int) -> None:
    if b"<mergeCell " in piece:
        scan.merges += piece.count(b"<mergeCell ")
        if scan.merges > MAX_MERGES:
            raise UnreadableFile("too_big")
    scan.has_faults = scan.has_faults or looks_faulty(piece)
    if b"hidden=" in piece:
        scan.hidden_rows += len(_HIDDEN.findall(piece))
    # Only cells with a value take room in the parser.
    if not (b"<v" in piece or b"<is" in piece or b":v" in piece or b":is" in piece):
        return
    scan.values_end = offset + len(piece)
    while scan.tier < len(_BEYOND) and _BEYOND[scan.tier].search(piece):
        scan.tier += 1
    if b":c" in piece and _PREFIXED.search(piece):
        scan.tier = len(_BEYOND)


def check_reach(data: bytes, info: zipfile.ZipInfo) -> None:
    """Every cell with a value, one by one: slow and sure, for unusual files only."""
    row = column = 0
    lowest = rightmost = (0, 0)
    carry = b""
    for piece in inflate(data, info):
        piece = carry + piece
        cut = max(piece.rfind(b"<"), 0)
        carry, piece = piece[cut:], piece[:cut]
        for match in _CELL.finditer(piece):
            tag, attributes = match.groups()
            reference = _REFERENCE.search(attributes)
            if tag == b"row":
                row, column = (int(reference[2]) if reference else row + 1), 0
                continue
            column += 1
            if reference:
                column, row = _column_number(reference[1]), int(reference[2])
            if attributes.endswith(b"/"):
                continue
            lowest, rightmost = max(lowest, (row, column)), max(rightmost, (column, row))
    if lowest[0] * rightmost[0] > MAX_CELLS:
        far = (lowest[1], lowest[0]) if lowest[0] > 250_000 else rightmost
        raise UnreadableFile("stray_cell", column=column_letter(far[0] - 1), row=far[1])


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> name of its part. Empty when the workbook is unusual; nothing depends on it but hints."""
    parts: dict[str, str] = {}
    for info in archive.infolist():
        if (
            info.filename.lower() in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
            and info.file_size < MAX_PART
        ):
            content = b"".join(_limited(inflate(archive.fp.getvalue(), info)))  # type: ignore[union-attr]
            _check_prolog(content)
            parts[info.filename.lower()] = content.decode("utf-8", "replace")
    try:
        book = ElementTree.fromstring(parts["xl/workbook.xml"].encode())  # noqa: S314 - no DOCTYPE, checked
        links = ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"].encode())  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        return {}
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    result = {}
    for element in book.iter():
        if element.tag.endswith("}sheet"):
            key = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
            target = targets.get(key, "").replace("\\", "/")
            result[element.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return result


def _limited(pieces: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > 8 * PIECE:
            raise UnreadableFile("too_big")
        yield piece


def _without_ghosts(scan: ZipScan, archive: zipfile.ZipFile, ghosts: list[str]) -> bytes:
    """The same workbook without the formatted empty rows below the last value (up to a million)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as slim:
        for info in archive.infolist():
            if _OPAQUE.search(info.filename.lower()):
                continue
            keep = scan.sheets[info.filename].values_end if info.filename in ghosts else None
            pieces = inflate(scan.data, info)
            content = (keep is not None and _cut(pieces, keep)) or b"".join(inflate(scan.data, info))
            slim.writestr(info.filename, content)
    return out.getvalue()


def _cut(pieces: Iterator[bytes], values_end: int) -> bytes:
    """Everything up to the first row behind the last value, and what stands behind the rows; nothing
    when no rows follow, but a lot of something else.
    """
    head, size, tail = bytearray(), 0, b""
    for piece in pieces:
        if size < values_end + PIECE:
            head += piece
        size += len(piece)
        tail = (tail + piece)[-2 * PIECE :]
    ghost = re.compile(rb"<(?:\w+:)?row[\s>/]").search(head, values_end)
    rest = re.compile(rb"</(?:\w+:)?sheetData\s*>").search(tail)
    if ghost is None or rest is None:
        return b""
    return bytes(head[: ghost.start()]) + tail[rest.start() :]


_ODS_ROW = re.compile(
    rb"<table:table-row\b[^>]*number-rows-repeated=[\"'](\d{3,})[\"'][^>]*[^/]>(.*?)</table:table-row>",
    re.DOTALL,
)
_ODS_CELL = re.compile(rb"<table:table-cell\b[^>]*>")
_ODS_REPEAT = re.compile(rb"number-columns-repeated=[\"'](\d{4,})[\"']")


def _inspect_ods(scan: ZipScan, archive: zipfile.ZipFile) -> None:
    """An .ods says 'this cell, a million times': empty ones are usual, filled ones a trap."""
    _inspect_sizes(scan, archive.infolist())
    content = b"".join(inflate(scan.data, archive.getinfo("content.xml")))
    _check_prolog(content[:PIECE])
    if len(content) > MAX_PART * 2:
        raise UnreadableFile("too_big")
    for cell in _ODS_CELL.finditer(content):
        if b"value-type" in cell[0] and _ODS_REPEAT.search(cell[0]):
            raise UnreadableFile("too_big")
    for count, cells in _ODS_ROW.findall(content):
        if b"value-type" in cells and int(count) > 250_000:
            raise UnreadableFile("too_big")
    shown = show_errors_of_opendocument(content)
    if shown is not content or "mimetype" not in archive.namelist():
        scan.data = _as_opendocument(shown)


def _as_opendocument(content: bytes) -> bytes:
    """The least that the parser takes for a spreadsheet: it asks for the type, and reads one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as slim:
        slim.writestr("mimetype", OPENDOCUMENT)
        slim.writestr("content.xml", content)
        slim.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()
