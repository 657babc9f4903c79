"""Makes the office files people really send, and those nobody should send. `cases/` holds some hard ones."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
HEADER = ["证书编号", "证书类型", "姓名", "身份证号码", "工作单位", "发证日期", "有效期至"]
GOOD = ["A2016001", "监理员", "张伟", "440106199001011236", "广东某监理公司", "2016-01-30", "2019-01-29"]


def id_number(digits17: str) -> str:
    """The 17 digits with their check character."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(d) for w, d in zip(weights, digits17, strict=True))
    return digits17 + "10X98765432"[total % 11]


def good_row(number: int) -> list[str]:
    return [f"A{number:07d}", "监理员", f"张{chr(0x4E00 + number % 5000)}",
            id_number(f"440106199001{number % 28 + 1:02d}{number % 1000:03d}"),
            "广东某监理公司", "2016-01-30", "2019-01-29"]  # fmt: skip


def xlsx(
    rows: Iterable[Sequence[Any]] = (),
    *,
    sheet: str = "证书",
    also: Callable[[xlsxwriter.Workbook, Any], None] | None = None,
    **options: Any,
) -> bytes:
    """A plain workbook; ``also`` adds merges, hidden rows, more sheets."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, **options})
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, dt.date):
                page.write_datetime(r, c, value, day)
            elif isinstance(value, str):
                page.write_string(r, c, value)
            elif value is not None:
                page.write(r, c, value)
    if also:
        also(book, page)
    book.close()
    return out.getvalue()


def rewrite(data: bytes, part: str | None, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part (or all of them) changed: what other programs write."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if part in (name, None) else content)
    return out.getvalue()


def table(count: int = 3) -> bytes:
    return xlsx([HEADER, *(good_row(n) for n in range(1, count + 1))])


def sheet_xml(rows: bytes) -> bytes:
    """A workbook whose first sheet holds exactly these <row> elements."""
    body = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return rewrite(table(), SHEET, lambda _old: body + rows + b"</sheetData></worksheet>")


def inline_row(number: int, cells: dict[str, str]) -> bytes:
    parts = "".join(f'<c r="{col}{number}" t="inlineStr"><is><t>{v}</t></is></c>' for col, v in cells.items())
    return f'<row r="{number}">{parts}</row>'.encode()


def header_rows() -> bytes:
    letters = "ABCDEFG"
    lines = [HEADER, good_row(1), good_row(2)]
    return b"".join(inline_row(r, dict(zip(letters, line, strict=True))) for r, line in enumerate(lines, 1))


# Files that must still give data


def strict_ooxml() -> bytes:
    old, new = b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/"
    names = {
        old + b"spreadsheetml/2006/main": new + b"spreadsheetml/main",
        old + b"officeDocument/2006/relationships": new + b"officeDocument/relationships",
    }

    def change(xml: bytes) -> bytes:
        for a, b in names.items():
            xml = xml.replace(a, b)
        return xml

    return rewrite(table(), None, change)


def wrong_dimension() -> bytes:
    return rewrite(
        table(), SHEET, lambda xml: xml.replace(b'<dimension ref="A1:G4"/>', b'<dimension ref="A1"/>')
    )


def empty_fill() -> bytes:
    return rewrite(table(), "xl/styles.xml", lambda xml: xml.replace(b"<fill>", b"<fill/><fill>", 1))


def namespace_prefix() -> bytes:
    def change(xml: bytes) -> bytes:
        xml = xml.replace(b"</", b"\x00").replace(b"<", b"<x:").replace(b"\x00", b"</x:")
        return xml.replace(b"<x:?", b"<?").replace(b"xmlns=", b"xmlns:x=")

    return rewrite(table(), SHEET, change)


def cells_without_reference() -> bytes:
    import re

    return rewrite(table(), SHEET, lambda xml: re.sub(rb'<c r="[A-Z]\d+"', b"<c", xml))


def ghost_rows(count: int = 1_000_000, cells: int = 3) -> bytes:
    """Formatted to the bottom of the sheet: 'delete' in Excel leaves them behind."""
    pieces = [header_rows()]
    columns = "ABCDEFG"[:cells]
    blank = '<row r="%d">' + "".join(f'<c r="{column}%d" s="1"/>' for column in columns) + "</row>"
    for start in range(4, count, 10_000):
        numbers = range(start, min(start + 10_000, count))
        pieces.append("".join([blank % ((n,) * (1 + cells)) for n in numbers]).encode())
    return sheet_xml(b"".join(pieces))


def hidden_rows() -> bytes:
    def hide(_book: Any, page: Any) -> None:
        page.set_row(2, None, None, {"hidden": True})
        page.set_row(3, None, None, {"hidden": True})

    return xlsx([HEADER, *(good_row(n) for n in range(1, 5))], also=hide)


def wps_pictures() -> bytes:
    row = good_row(1)
    row[4] = '=DISPIMG("ID_0A1B",1)'
    return xlsx([HEADER, row])


# Files that give one sentence


def stray_cell() -> bytes:
    """A space far away from the table: the parser would ask for 400 GB."""
    return sheet_xml(header_rows() + inline_row(1_048_576, {"XFD": "x"}))


def stray_cell_in_disguise() -> bytes:
    """The same with another spelling of the same XML."""
    return sheet_xml(
        header_rows() + b"<q:row r='1048576'><q:c t='n' r='XFD1048576'><q:v >1</q:v ></q:c ></q:row>"
    )


def stray_cell_in_old_excel() -> bytes:
    return xls([HEADER, GOOD, *[[]] * 65_533, [*[None] * 255, "x"]])


def too_many_merges() -> bytes:
    merges = b"<mergeCells>" + b'<mergeCell ref="A2:A9"/>' * 300_000 + b"</mergeCells>"
    return rewrite(table(), SHEET, lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + merges))


def zip_bomb() -> bytes:
    """A text of 700 MB in 700 kB, with its size declared."""
    return _with_big_part(declare=True)


def lying_zip_bomb() -> bytes:
    """The same with a declared size of 1000 bytes."""
    return _with_big_part(declare=False)


def _with_big_part(declare: bool) -> bytes:
    data, real = _big_part()
    return data if declare else data.replace(struct.pack("<L", real), struct.pack("<L", 1000))


@cache
def _big_part() -> tuple[bytes, int]:
    """Packed once for both bombs; and the size of what is packed."""
    out = io.BytesIO(table())
    block = b"<si><t>" + b"a" * 10_000 + b"</t></si>"
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/big.xml", "w") as part:
        part.write(b"<sst>")
        for _ in range(700):
            part.write(block * 100)
    return out.getvalue(), 5 + 700 * 100 * len(block)


def doctype() -> bytes:
    entity = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet'
    return rewrite(table(), SHEET, lambda xml: xml.replace(b"<worksheet", entity, 1))


def broken_zip() -> bytes:
    data = table()
    return data[: len(data) // 2]


def damaged_part() -> bytes:
    """The archive is whole, the compressed sheet inside is not."""
    data = bytearray(table(200))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        at = archive.getinfo(SHEET).header_offset + 200
    data[at : at + 40] = b"\xff" * 40
    return bytes(data)


def truncated_xml() -> bytes:
    return rewrite(table(), SHEET, lambda xml: xml[: len(xml) // 2])


def html() -> bytes:
    return "<html><body><table><tr><td>姓名</td></tr></table></body></html>".encode()


def xml_2003() -> bytes:
    return b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'


def zip_of(names: Iterable[str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"<x/>")
    return out.getvalue()


# Old Excel: just enough of a compound file and of BIFF8

SECTOR = 512


def compound_file(streams: dict[str, bytes]) -> bytes:
    """An OLE container. Streams are padded to 4096 bytes, so that no mini-FAT is needed."""
    bodies = {name: body.ljust(4096, b"\x00") for name, body in streams.items()}
    bodies = {name: body.ljust(-(-len(body) // SECTOR) * SECTOR, b"\x00") for name, body in bodies.items()}
    directory_sectors = -(-(len(bodies) + 1) // 4)
    data_sectors = sum(len(body) // SECTOR for body in bodies.values())
    fat_sectors = 1
    while fat_sectors * 128 < fat_sectors + directory_sectors + data_sectors:
        fat_sectors += 1
    fat = [0xFFFFFFFD] * fat_sectors + _chain(fat_sectors, directory_sectors)
    entries = [_entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)]
    for at, (name, body) in enumerate(bodies.items(), start=1):
        right = at + 1 if at < len(bodies) else 0xFFFFFFFF
        entries.append(_entry(name, 2, len(fat), len(body), right=right))
        fat += _chain(len(fat), len(body) // SECTOR)
    fat += [0xFFFFFFFF] * (fat_sectors * 128 - len(fat))
    while len(entries) % 4:
        entries.append(_entry("", 0, 0, 0))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(10)
    )
    header += struct.pack("<LLLLLLLL", fat_sectors, fat_sectors, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109L", *range(fat_sectors), *[0xFFFFFFFF] * (109 - fat_sectors))
    return header + struct.pack(f"<{len(fat)}L", *fat) + b"".join(entries) + b"".join(bodies.values())


def _chain(start: int, length: int) -> list[int]:
    return [*range(start + 1, start + length), 0xFFFFFFFE]


def _entry(
    name: str, kind: int, start: int, size: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF
) -> bytes:
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\x00") + struct.pack("<HBB", len(text) + 2 if name else 0, kind, 1)
    return head + struct.pack("<LLL", 0xFFFFFFFF, right, child) + bytes(36) + struct.pack("<LQ", start, size)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def xls(rows: Sequence[Sequence[Any]], *, password: bool = False) -> bytes:
    """A small BIFF8 workbook of texts and numbers."""
    bof = struct.pack("<HHHHLL", 0x600, 5, 0, 1997, 0, 0)
    sheet_bof = struct.pack("<HHHHLL", 0x600, 0x10, 0, 1997, 0, 0)
    name = "证书".encode("utf-16-le")
    head = _record(0x809, bof) + (_record(0x2F, bytes(54)) if password else b"") + _record(0x42, b"\xb0\x04")
    bound_length = 4 + 8 + len(name)
    offset = len(head) + bound_length + 4
    bound = _record(0x85, struct.pack("<LBBBB", offset, 0, 0, 2, 1) + name)
    cells = b"".join(_cell(r, c, v) for r, row in enumerate(rows) for c, v in enumerate(row) if v is not None)
    width = max(map(len, rows), default=0)
    size = _record(0x200, struct.pack("<LLHHH", 0, len(rows), 0, width, 0))
    stream = head + bound + _record(0x0A, b"") + _record(0x809, sheet_bof) + size + cells + _record(0x0A, b"")
    return compound_file({"Workbook": stream})


def _cell(row: int, column: int, value: Any) -> bytes:
    where = struct.pack("<HHH", row, column, 0)
    if isinstance(value, bytes):  # the code of an error
        return _record(0x205, where + value + b"\x01")
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return _record(0x204, where + struct.pack("<HB", len(text) // 2, 1) + text)
    return _record(0x203, where + struct.pack("<d", value))


def encrypted_xlsx() -> bytes:
    return compound_file({"EncryptionInfo": b"x", "EncryptedPackage": b"y" * 5000})


def word_doc() -> bytes:
    return compound_file({"WordDocument": b"x"})


# OpenDocument


def ods(content: str) -> bytes:
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="证书">{content}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def ods_rows(rows: Iterable[Sequence[str]], repeat: str = "") -> str:
    def cell(value: str) -> str:
        return f'<table:table-cell office:value-type="string"{repeat}><text:p>{value}</text:p></table:table-cell>'

    return "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)


# Cells that the parser reads as empty, or not at all


def in_column_c() -> bytes:
    """A table that begins in column C, row 4."""
    return xlsx([[], [], [], *([None, None, *row] for row in (HEADER, good_row(1), good_row(2)))])


def faulty_old_excel() -> bytes:
    """An .xls with #N/A in its third column."""
    return xls([HEADER, [*GOOD[:2], b"\x2a", *GOOD[3:]]])


def faulty_opendocument() -> bytes:
    """An .ods with #DIV/0! beside an empty text and Err:502 beside a zero."""
    cells = (
        '<table:table-cell office:value-type="string"><text:p>A001</text:p></table:table-cell>'
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
        '<table:table-cell table:formula="of:=x" office:value-type="float" office:value="0" '
        'calcext:value-type="error"><text:p>Err:502</text:p></table:table-cell>'
    )
    rows = ods_rows([["证书编号", "姓名", "身份证号码"]]) + f"<table:table-row>{cells}</table:table-row>"
    return rewrite(
        ods(rows),
        "content.xml",
        lambda xml: xml.replace(b"xmlns:text=", b'xmlns:calcext="urn:x" xmlns:text='),
    )


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one part more, which the table does not need."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def without_part(data: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
    return out.getvalue()


def sheets(pages: dict[str, Sequence[Sequence[Any]]], *hidden: str) -> bytes:
    """A workbook of several sheets, by name."""
    (first, rows), *others = pages.items()

    def more(book: xlsxwriter.Workbook, _page: Any) -> None:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, lines in others:
            page = book.add_worksheet(name)
            for r, line in enumerate(lines):
                for c, value in enumerate(line):
                    if isinstance(value, dt.date):
                        page.write_datetime(r, c, value, day)
                    elif value is not None:
                        page.write(r, c, value)
            if name in hidden:
                page.hide()

    return xlsx(rows, sheet=first, also=more)


def moment(value: dt.datetime) -> bytes:
    """A table whose only date, in B3, carries a time of day."""

    def more(book: xlsxwriter.Workbook, page: Any) -> None:
        page.write_datetime(2, 1, value, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))

    return xlsx([["姓名", "发证日期"], ["甲"], ["乙"]], also=more)
