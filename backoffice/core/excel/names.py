"""What may stand as a name: letters, not addresses. Names go into official mail, and a name that is an address or a
sentence with a number to call would be a stranger's message under our letterhead."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Between the parts of a name: 阿卜杜·热合曼, Jean-Paul O'Neil.
PERSON_SIGNS: Final = frozenset("·-'’ʼ 〇")
CONTACT_SIGNS: Final = PERSON_SIGNS | frozenset("()（）、,，")
COMPANY_SIGNS: Final = CONTACT_SIGNS | frozenset('[]【】〔〕《》“”‘"&＆+.．–—')
#: The dot of an initial (J. Smith) and of an abbreviation (Co., Ltd.); every other dot makes an address.
_INITIAL: Final = re.compile(r"(?<![^\W\d_])[A-Za-z]\.(?=\s|$)")
_ABBREVIATION: Final = re.compile(r"(?<=[A-Za-z])[.．](?=[\s,，)）]|$)|(?<=\bNo)\.(?=\s?\d)")
_ADDRESS_WORD: Final = re.compile(r"(?<![a-z])(?:https?|www)(?![a-z])", re.IGNORECASE)
#: A phone or chat number; no company is called so.
_LONG_NUMBER: Final = re.compile(r"\d{7}")
#: A sentence in Chinese: no part of anybody's name is that long.
_LONG_PART: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]{13}")


def is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"


def is_person_name(text: str) -> bool:
    """Letters of any script, and what stands between the parts of a name."""
    bare = text if text.isalpha() else _INITIAL.sub("A", text)
    return all(is_letter(char) or char in PERSON_SIGNS for char in bare) and not _LONG_PART.search(text)


def is_contact(text: str) -> bool:
    """One or more names, with what the person is in brackets: 张三、李四（办公室）."""
    bare = text if text.isalpha() else _INITIAL.sub("A", text)
    return all(is_letter(char) or char in CONTACT_SIGNS for char in bare)


def is_company_name(text: str) -> bool:
    """Letters, digits, brackets and the dots of abbreviations; nothing that opens or calls something."""
    if text.isalpha():
        return not _ADDRESS_WORD.search(text)
    bare = _ABBREVIATION.sub("", text)
    known = all(is_letter(char) or char.isdecimal() or char in COMPANY_SIGNS for char in bare)
    return known and not (
        "." in bare or "．" in bare or _LONG_NUMBER.search(bare) or _ADDRESS_WORD.search(bare)
    )
