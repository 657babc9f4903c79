"""Cells that show an error, or a formula the file holds no result of: the parser reads both as empty."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: What Excel, WPS and LibreOffice show where a formula fails.
_SHOWN = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|BUSY!|CONNECT!|UNKNOWN!"
    r"|GETTING_DATA)|Err:\d{3}"
)
Faults = dict[tuple[int, int], str]
"""(row, column), both from 0 -> what stands there instead of a value."""

_ERROR = re.compile(rb"\bt\s*=\s*[\"']e[\"']")
_NO_RESULT = re.compile(
    rb"(?:</(?:[\w.-]+:)?f\s*>|<(?:[\w.-]+:)?f\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*/>)\s*"
    rb"(?:<(?:[\w.-]+:)?v\s*/>|<(?:[\w.-]+:)?v\s*>\s*</(?:[\w.-]+:)?v\s*>)?\s*</(?:[\w.-]+:)?c\s*>"
)
_TAG = re.compile(rb"<(?:[\w.-]+:)?(row|c)(?=[\s/>])((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_BODY = re.compile(rb"(.*?)</(?:[\w.-]+:)?c\s*>", re.DOTALL)
_FORMULA = re.compile(
    rb"<(?:[\w.-]+:)?f\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?:/>|>(.*?)</(?:[\w.-]+:)?f\s*>)", re.DOTALL
)
_VALUE = re.compile(rb"<(?:[\w.-]+:)?v\b[^>]*>(.*?)</(?:[\w.-]+:)?v\s*>", re.DOTALL)
_INLINE = re.compile(rb"<(?:[\w.-]+:)?is\b")
_TEXT_RESULT = re.compile(rb"\bt\s*=\s*[\"']str[\"']")
_REFERENCE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
_ROW_NUMBER = re.compile(rb"\sr\s*=\s*[\"'](\d{1,7})[\"']")
MOST = 200_000


class NoResult(str):
    """The text of a formula whose result is not in the file."""

    __slots__ = ()


def is_error_text(value: object) -> bool:
    """Whether the cell shows what Excel shows instead of a value: '#N/A'."""
    return isinstance(value, str) and value[:1] in "#E \t" and _SHOWN.fullmatch(value.strip()) is not None


def looks_faulty(piece: bytes) -> bool:
    """Whether a piece of a sheet's XML has such a cell, without saying where."""
    if (b't="e"' in piece or b"t='e'" in piece) and _ERROR.search(piece):
        return True
    if b"f" not in piece:  # most sheets have no formula: one byte is found at memory's speed
        return False
    return (b"<f" in piece or b":f" in piece) and _NO_RESULT.search(piece) is not None


def find_faults(pieces: Iterator[bytes]) -> Faults:
    """The faulty cells of a sheet's XML, which comes in pieces."""
    faults: Faults = {}
    row = column = -1
    carry = b""
    for piece in pieces:
        piece = carry + piece
        cut = piece.rfind(b"c>") + 2
        carry, piece = piece[cut:], piece[:cut]
        if len(carry) > 8 * 2**20:
            carry = b""
        at = 0
        while match := _TAG.search(piece, at):
            at = match.end()
            tag, attributes = match.groups()
            if tag == b"row":
                number = _ROW_NUMBER.search(attributes)
                row, column = (int(number[1]) - 1 if number else row + 1), -1
                continue
            column += 1
            if reference := _REFERENCE.search(attributes):
                row, column = int(reference[2]) - 1, _column(reference[1])
            if attributes.endswith(b"/"):
                continue
            body = _BODY.match(piece, at)
            if body is None:
                break
            at = body.end()
            if (fault := _fault(attributes, body[1])) is not None and len(faults) < MOST:
                faults[row, column] = fault
    return faults


def _fault(attributes: bytes, body: bytes) -> str | None:
    value = _VALUE.search(body)
    if _ERROR.search(attributes):
        return value[1].decode("utf-8", "replace") if value else "#N/A"
    if (formula := _FORMULA.search(body)) is None or (value and value[1].strip()) or _INLINE.search(body):
        return None
    if value and _TEXT_RESULT.search(attributes):
        return None  # its result is an empty text
    return NoResult("=" + (formula[1] or b"").decode("utf-8", "replace")[:200])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


# OpenDocument says the error beside a value of 0 or an empty text; its paragraph holds what people see.
_ODS_ERROR = re.compile(rb"<table:table-cell\b(?=[^>]*\bcalcext:value-type=[\"']error[\"'])[^>]*>")
_ODS_VALUE = re.compile(rb"\soffice:(?:string-)?value=(?:\"[^\"]*\"|'[^']*')")
_ODS_TYPE = re.compile(rb"\soffice:value-type=(?:\"[^\"]*\"|'[^']*')")


def show_errors_of_opendocument(content: bytes) -> bytes:
    """The same content.xml whose faulty cells are texts: '#DIV/0!' instead of 0."""
    if b'value-type="error"' not in content and b"value-type='error'" not in content:
        return content

    def as_text(match: re.Match[bytes]) -> bytes:
        cell = _ODS_VALUE.sub(b"", match[0])
        return _ODS_TYPE.sub(b' office:value-type="string"', cell)

    return _ODS_ERROR.sub(as_text, content)
