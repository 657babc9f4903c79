"""Text as people type it -> text as we keep it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any

# Zero-width and direction marks, soft hyphen, BOM: invisible on screen, fatal in a comparison.
INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
_DROP = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff{INVISIBLE}]")
_SPACE = re.compile(r"\s+")
CJK = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LINE_BREAK_IN_CJK = re.compile(f"(?<=[{CJK}])[ \t]*[\r\n]\\s*(?=[{CJK}])")
_SPACE_BESIDE_CJK = re.compile(f"(?<=[{CJK}·])\\s+|\\s+(?=[{CJK}·])")
_NAME_DOT = re.compile(f"(?<=[{CJK}])\\s*[.．•・･∙⋅‧●。᛫]\\s*(?=[{CJK}])")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))
_PICTURE = re.compile(r"=\s*(?:_xlfn\.)?DISPIMG\(", re.IGNORECASE)


def is_picture(value: object) -> bool:
    """WPS keeps a picture in a cell as the text =DISPIMG("ID_…",1)."""
    return type(value) is str and value.startswith("=") and _PICTURE.match(value) is not None


def as_text(value: Any) -> str:
    """A raw cell as the text a person saw in it: 5.0 was typed as 5."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    return str(value)


def is_empty(cell: Any) -> bool:
    """Whether a person sees nothing in the cell."""
    return cell is None or (isinstance(cell, str) and (not cell or not normalise_text(cell)))


def normalise_text(value: object) -> str:
    """Drop what cannot be seen, keep what can: one space between words, none around the text."""
    text = as_text(value)
    if text.isalnum():  # nearly every cell; 30 ns instead of 700
        return text
    if is_picture(text):
        return ""
    text = _DROP.sub("", text.replace("_x000D_", "\n"))
    return _SPACE.sub(" ", _LINE_BREAK_IN_CJK.sub("", text)).strip()


def normalise_name(value: object) -> str:
    """'张 三' -> '张三', '阿凡提•买买提' -> '阿凡提·买买提'; 'John  Smith' keeps one space."""
    text = normalise_text(value)
    if text.isalnum():
        return text
    return _SPACE_BESIDE_CJK.sub("", _NAME_DOT.sub("·", text))


def normalise_code(value: object) -> str:
    """Numbers, IDs and dates: half-width, no spaces, one kind of hyphen, capital letters."""
    text = as_text(value)
    if text.isascii() and text.isalnum():
        return text.upper()
    if is_picture(text):
        return ""
    text = unicodedata.normalize("NFKC", _DROP.sub("", text.translate(_DASHES)))
    text = _SPACE.sub("", text).strip("'`‘’")  # typed in front to make Excel keep the digits
    return text.upper()


def normalise_label(text: object) -> str:
    """A caption reduced to its letters: '*身 份 证\\n号码：' -> '身份证号码'."""
    flat = unicodedata.normalize("NFKC", as_text(text)).casefold()
    return "".join(char for char in flat if char.isalnum())
