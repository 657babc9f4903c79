"""The bad rows of an upload, marked: to be corrected and uploaded again as they are.

Every cell has its own style, which the fast writer cannot do and XlsxWriter does slowly (50,000 rows:
six seconds instead of half of one). The few lines of XML a workbook needs are written here directly.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO, Any

from .header import column_letter
from .table import Row, Table
from .write import EXACT_INTEGER, safe_text, sheet_title

# Captions in Chinese in every language: our reader knows them and leaves these two columns out.
ROW_CAPTION, REASON_CAPTION = "原行号", "错误原因"
Complaint = tuple[str | None, str]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Cell styles by number: WRONG is added to the plain one of the same kind.
PLAIN, DATE, MOMENT, WRONG, HEAD, OUR_HEAD = 0, 1, 2, 3, 6, 7
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
    '<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><sz val="11"/><color rgb="FF9C0006"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFDDEBF7"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="8">'
    + "".join(
        f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" '
        'applyNumberFormat="1" applyFont="1" applyFill="1"/>'
        for number, font, fill in (
            *((0, 0, 0), (164, 0, 0), (165, 0, 0)),
            *((0, 1, 2), (164, 1, 2), (165, 1, 2)),
            *((0, 2, 3), (0, 2, 2)),
        )
    )
    + "</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_LITERAL_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_EPOCH = dt.datetime(1899, 12, 30)
ROWS_AT_ONCE = 1000


def mark_copy(table: Table, problems: Mapping[int, Iterable[Complaint]], out: IO[bytes] | str) -> int:
    """Writes the header and only the bad rows, values unaltered, wrong cells red; the number of rows.

    ``problems``: true row number -> (field name or None for the whole row, sentence) pairs.
    """
    bad = [at for at, number in enumerate(table.row_numbers) if number in problems]
    writer = _Writer(table)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in _frame(sheet_title(table.sheet)).items():
            archive.writestr(name, _XML + content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as raw, io.TextIOWrapper(raw, "utf-8") as sheet:
            sheet.write(writer.start())
            for start in range(0, len(bad), ROWS_AT_ONCE):
                chunk = bad[start : start + ROWS_AT_ONCE]
                lines = [
                    writer.row(
                        start + i, table.row_numbers[at], table.rows[at], problems[table.row_numbers[at]]
                    )
                    for i, at in enumerate(chunk, start=2)
                ]
                sheet.write("".join(lines))
            sheet.write("</sheetData></worksheet>")
    return len(bad)


class _Writer:
    def __init__(self, table: Table) -> None:
        self.table = table
        # Our two columns of an earlier round are replaced, not repeated.
        self.cells = [c for c in table.headers if c.text not in (ROW_CAPTION, REASON_CAPTION)]
        self.indexes = [cell.index for cell in self.cells]
        self.letters = [column_letter(at) for at in range(len(self.cells) + 2)]
        self.column_of = {cell.field: at for at, cell in enumerate(self.cells, start=1) if cell.field}

    def start(self) -> str:
        last = len(self.cells) + 2
        captions = [ROW_CAPTION, *(cell.text for cell in self.cells), REASON_CAPTION]
        styles = [OUR_HEAD, *[HEAD] * len(self.cells), OUR_HEAD]
        cells = map(_cell, captions, [f"{letter}1" for letter in self.letters], styles)
        return (
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView tabSelected="1" workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>'
            f'<col min="1" max="1" width="9" customWidth="1"/>{self._widths(last)}'
            f'<col min="{last}" max="{last}" width="70" customWidth="1"/></cols>'
            f'<sheetData><row r="1">{"".join(cells)}</row>'
        )

    def _widths(self, last: int) -> str:
        return f'<col min="2" max="{last - 1}" width="18" customWidth="1"/>' if last > 2 else ""

    def row(self, at: int, number: int, row: Row, complaints: Iterable[Complaint]) -> str:
        complaints = list(complaints)
        wrong = {self.column_of.get(name, -1) for name, _message in complaints if name}
        letters = self.letters
        parts = [f'<row r="{at}"><c r="A{at}"><v>{number}</v></c>']
        for column, index in enumerate(self.indexes, start=1):
            value = row[index] if index < len(row) else None
            if value is not None and value != "":
                parts.append(_cell(value, f"{letters[column]}{at}", WRONG if column in wrong else PLAIN))
            elif column in wrong:
                parts.append(f'<c r="{letters[column]}{at}" s="{WRONG}"/>')
        reasons = "; ".join(self._reason(number, name, message) for name, message in complaints)
        parts.append(_cell(reasons, f"{letters[-1]}{at}", WRONG))
        parts.append("</row>")
        return "".join(parts)

    def _reason(self, number: int, name: str | None, message: str) -> str:
        letter = self.table.letter(name) if name else ""
        return f"{letter}{number}: {message}" if letter else str(message)


def _cell(value: Any, where: str, style: int) -> str:
    """Texts are inline strings: shown by Excel, never run, whatever they begin with."""
    if isinstance(value, bool):
        return f'<c r="{where}" s="{style}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < EXACT_INTEGER):
        if value - value == 0:  # neither infinite nor 'not a number', which no workbook can hold
            return f'<c r="{where}" s="{style}"><v>{value!r}</v></c>'
    elif isinstance(value, dt.date) and value.year > 1900:  # Excel's early 1900 has a day too many
        if isinstance(value, dt.datetime):
            return (
                f'<c r="{where}" s="{style + MOMENT}"><v>{(value - _EPOCH) / dt.timedelta(days=1)!r}</v></c>'
            )
        return f'<c r="{where}" s="{style + DATE}"><v>{value.toordinal() - _EPOCH.toordinal()}</v></c>'
    return (
        f'<c r="{where}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_escape(value)}</t></is></c>'
    )


def _escape(value: Any) -> str:
    text = safe_text(value if isinstance(value, str) else str(value))
    if text.isalnum():
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LITERAL_ESCAPE.sub("_x005F_", text).replace("\r", "_x000D_")


def _frame(sheet: str) -> Mapping[str, str]:
    """What surrounds the one sheet of a workbook."""
    name = _escape(sheet).replace('"', "&quot;")
    part = f'{_TYPES}.{{}}+xml"/>'
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{part.format("sheet.main")}'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{part.format("worksheet")}'
        f'<Override PartName="/xl/styles.xml" ContentType="{part.format("styles")}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f'<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
