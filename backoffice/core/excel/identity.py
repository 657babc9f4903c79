"""Identity numbers of people (GB 11643) and organisations (GB 32100)."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, lru_cache

from stdnum.cn import uscc

from .errors import BadValue
from .text import normalise_code

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
Table = dict[str, int]
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d+")


@cache
def checksum_tables() -> tuple[Table, Table, Table, Table, Table]:
    """Partial sums of four digits at once: five look-ups per number instead of seventeen products."""
    quads = [f"{n:04d}" for n in range(10_000)]

    def sums(start: int) -> Table:
        a, b, c, d = WEIGHTS[start : start + 4]
        return {q: a * int(q[0]) + b * int(q[1]) + c * int(q[2]) + d * int(q[3]) for q in quads}

    last = {f"{a}{b}": WEIGHTS[16] * a + "0123456789X".index(b) for a in range(10) for b in "0123456789X"}
    return sums(0), sums(4), sums(8), sums(12), last


class Birthdays(dict[str, dt.date]):
    """'19900130' -> date, remembered; a KeyError when there is no such day, or it has not come yet."""

    def __missing__(self, digits: str) -> dt.date:
        try:
            day = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            raise KeyError(digits) from None
        if not dt.date(1900, 1, 1) <= day <= dt.date.today():
            raise KeyError(digits)
        self[digits] = day
        return day


birthdays = Birthdays()


def digits_lost(value: object) -> bool:
    """Excel keeps 15 digits: a longer number typed as a number ends in made-up zeros."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return abs(value) >= 1e15
    return isinstance(value, str) and _SCIENTIFIC.fullmatch(normalise_code(value)) is not None


def parse_id_number(value: object) -> str:
    """The 18 characters of a resident ID number, or BadValue. An unknown birthplace is no error."""
    if digits_lost(value):
        raise BadValue("digits_lost", value)
    text = normalise_code(value)
    if re.fullmatch("[0-9]{15}", text):
        raise BadValue("old_id_number", value)
    if not re.fullmatch("[0-9]{17}[0-9X]", text):
        raise BadValue("bad_id_number", value)
    try:
        birthdays[text[6:14]]
    except KeyError:
        raise BadValue("bad_id_birthday", value) from None
    a, b, c, d, e = checksum_tables()
    if (a[text[:4]] + b[text[4:8]] + c[text[8:12]] + d[text[12:16]] + e[text[16:]]) % 11 != 1:
        raise BadValue("bad_id_checksum", value)
    return text


def birthday_of(id_number: str) -> dt.date:
    try:
        return birthdays[id_number[6:14]]
    except KeyError:
        raise BadValue("bad_id_birthday", id_number) from None


def gender_of(id_number: str) -> str:
    """'M' or 'F': the last digit before the check character is odd for men."""
    return "M" if int(id_number[16]) % 2 else "F"


@lru_cache(maxsize=4096)
def _check_credit_code(text: str) -> str:
    """The name of the problem, or nothing."""
    if not re.fullmatch("[0-9A-Z]{18}", text):
        return "bad_credit_code"
    try:
        uscc.validate(text)
    except uscc.InvalidChecksum:
        return "bad_credit_checksum"
    except uscc.ValidationError:
        return "bad_credit_code"
    return ""


def parse_credit_code(value: object) -> str:
    """统一社会信用代码, or BadValue. Few distinct companies: stdnum is fast enough behind a memo."""
    if digits_lost(value):
        raise BadValue("digits_lost", value)
    text = normalise_code(value).replace("-", "")
    code = _check_credit_code(text)
    if code:
        raise BadValue(code, value)
    return text
