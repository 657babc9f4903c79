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

from django.utils.translation import gettext as _

from .header import column_letter
from .table import Place, Table, cell_name
from .write import EXACT_INTEGER, FIRST_DAY, FIRST_MOMENT, fits_number, safe_text, sheet_title

# Captions in Chinese in every language: our reader knows them and leaves these columns out.
SHEET_CAPTION, ROW_CAPTION, REASON_CAPTION = "原工作表", "原行号", "错误原因"
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


def mark_copy(table: Table, problems: Mapping[Any, Iterable[Complaint]], out: IO[bytes] | str) -> int:
    """Writes the header and only the bad rows, values unaltered, wrong cells red; the number of rows.

    ``problems``: place of a row (its true number) -> (field name or None for the whole row, sentence) pairs.
    """
    bad = [at for at, place in enumerate(table.places) if place in problems]
    writer = _Writer(table)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in _frame(sheet_title(table.sheet)).items():
            archive.writestr(name, _XML + content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as raw, io.TextIOWrapper(raw, "utf-8") as sheet:
            sheet.write(writer.start())
            for start in range(0, len(bad), ROWS_AT_ONCE):
                chunk = bad[start : start + ROWS_AT_ONCE]
                lines = [
                    writer.row(start + i, at, problems[table.places[at]])
                    for i, at in enumerate(chunk, start=2)
                ]
                sheet.write("".join(lines))
            sheet.write("</sheetData></worksheet>")
    return len(bad)


class _Writer:
    def __init__(self, table: Table) -> None:
        self.table = table
        # Our columns of an earlier round are replaced, not repeated.
        ours = (SHEET_CAPTION, ROW_CAPTION, REASON_CAPTION)
        self.cells = [c for c in table.headers if c.text not in ours]
        self.indexes = [cell.index for cell in self.cells]
        #: The columns in front that say where the row stood.
        self.front = [SHEET_CAPTION, ROW_CAPTION] if len(table.sheets) > 1 else [ROW_CAPTION]
        self.letters = [column_letter(at) for at in range(len(self.front) + len(self.cells) + 1)]
        fields = enumerate(self.cells, start=len(self.front))
        self.column_of = {cell.field: at for at, cell in fields if cell.field}

    def start(self) -> str:
        last = len(self.letters)
        captions = [*self.front, *(cell.text for cell in self.cells), REASON_CAPTION]
        styles = [*[OUR_HEAD] * len(self.front), *[HEAD] * len(self.cells), OUR_HEAD]
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

    def row(self, at: int, index: int, complaints: Iterable[Complaint]) -> str:
        """Line `at` of the copy: the row at that position of the table."""
        row, complaints = self.table.rows[index], list(complaints)
        wrong = {self.column_of.get(name, -1) for name, _message in complaints if name}
        letters = self.letters
        parts = [f'<row r="{at}">{self._where(at, self.table.places[index])}']
        for column, source in enumerate(self.indexes, start=len(self.front)):
            value = row[source] if source < len(row) else None
            if value is not None and value != "":
                parts.append(_cell(value, f"{letters[column]}{at}", WRONG if column in wrong else PLAIN))
            elif column in wrong:
                parts.append(f'<c r="{letters[column]}{at}" s="{WRONG}"/>')
        reasons = "; ".join(self._reason(at, index, name, message) for name, message in complaints)
        parts.append(_cell(reasons, f"{letters[-1]}{at}", WRONG))
        parts.append("</row>")
        return "".join(parts)

    def _where(self, at: int, place: Place) -> str:
        if isinstance(place, int):
            return f'<c r="A{at}"><v>{place}</v></c>'
        sheet, _mark, number = place.rpartition("!")
        return _cell(sheet, f"A{at}", PLAIN) + f'<c r="B{at}"><v>{number}</v></c>'

    def _reason(self, at: int, index: int, name: str | None, message: str) -> str:
        """Names the cell of this copy, where its reader looks, and where that stood in the file."""
        if name not in self.column_of:
            return str(message)
        cell = f"{self.letters[self.column_of[name]]}{at}"
        former = cell_name(self.table.letter(name, index), self.table.places[index])
        if former == cell:
            return _("{cell}: {message}").format(cell=cell, message=message)
        text = _("{cell} ({former} in the file): {message}")
        return text.format(cell=cell, former=former, message=message)


def _cell(value: Any, where: str, style: int) -> str:
    """Texts are inline strings: shown by Excel, never run, whatever they begin with."""
    if isinstance(value, bool):
        return f'<c r="{where}" s="{style}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < EXACT_INTEGER):
        if isinstance(value, int) or fits_number(value):
            return f'<c r="{where}" s="{style}"><v>{value!r}</v></c>'
    elif isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)
        if value >= FIRST_MOMENT:
            return (
                f'<c r="{where}" s="{style + MOMENT}"><v>{(value - _EPOCH) / dt.timedelta(days=1)!r}</v></c>'
            )
    elif isinstance(value, dt.date) and value >= FIRST_DAY:
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
