"""Column cleaners: a column of raw cells -> (values, {index: Problem}).

A column is cleaned at once and every distinct cell only once: names of companies, types and dates
repeat thousands of times. Refused cells become None in ``values``; empty cells become "" in text
columns and None in columns of dates and numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from .dates import NEWEST as NEWEST
from .dates import OLDEST as OLDEST
from .dates import parse_date
from .errors import BadValue, Problem
from .faults import NoResult, is_error_text
from .identity import birthdays, checksum_tables, digits_lost, parse_credit_code, parse_id_number
from .names import is_company_name, is_contact, is_person_name
from .text import as_text, normalise_code, normalise_label, normalise_name, normalise_text

Column = Sequence[Any]
Problems = dict[int, Problem]


class _Memo(dict[Any, Any]):
    """Cleans each distinct cell once; a refused one is remembered as its Problem."""

    def __init__(self, clean: Callable[[Any], Any]) -> None:
        super().__init__()
        self.clean = clean
        self.refused = False

    def __missing__(self, raw: Any) -> Any:
        try:
            value = self.clean(_checked(raw))
        except BadValue as bad:
            self.refused = True
            value = Problem(bad.code, raw, bad.problem.params)
        self[raw] = value
        return value


def _checked(raw: Any) -> Any:
    """The cell, unless it shows an error instead of a value."""
    if isinstance(raw, NoResult):
        raise BadValue("no_result", raw)
    if is_error_text(raw):
        raise _refuse("excel_error", raw, error=raw.strip())
    return raw


def _clean(column: Column, clean: Callable[[Any], Any]) -> tuple[list[Any], Problems]:
    memo = _Memo(clean)
    values = [memo[raw] for raw in column]
    if not memo.refused:
        return values, {}
    problems = {i: value for i, value in enumerate(values) if type(value) is Problem}
    for index in problems:
        values[index] = None
    return values, problems


def _clean_matching(
    column: Column, usual: re.Pattern[str], clean: Callable[[Any], Any]
) -> tuple[list[Any], Problems]:
    """For columns whose cells are all different: a cell in its usual form is taken as it is."""
    matches = usual.fullmatch
    values: list[Any] = []
    problems: Problems = {}
    append = values.append
    for index, raw in enumerate(column):
        if type(raw) is str and matches(raw):
            append(raw)
            continue
        try:
            append(clean(_checked(raw)))
        except BadValue as bad:
            append(None)
            problems[index] = Problem(bad.code, raw, bad.problem.params)
    return values, problems


def _refuse(code: str, raw: Any, **params: object) -> BadValue:
    bad = BadValue(code, raw)
    bad.problem = Problem(code, raw, tuple(params.items()))
    return bad


# Text


def _limited(normalise: Callable[[Any], str], max_length: int | None) -> Callable[[Any], str]:
    if max_length is None:
        return normalise
    limit = max_length

    def clean(raw: Any) -> str:
        text = normalise(raw)
        if len(text) > limit:
            raise _refuse("too_long", raw, limit=limit)
        return text

    return clean


def clean_text(column: Column, max_length: int | None = None) -> tuple[list[str], Problems]:
    return _clean(column, _limited(normalise_text, max_length))


def _named(right: Callable[[str], bool], code: str) -> Callable[[Any], str]:
    def parse(raw: Any) -> str:
        text = normalise_name(raw)
        if not right(text):
            raise BadValue(code, raw)
        return text

    return parse


#: Each takes a raw value and returns the name, or raises BadValue with the sentence.
parse_person_name = _named(is_person_name, "bad_person_name")
parse_contact = _named(is_contact, "bad_contact")
parse_company_name = _named(is_company_name, "bad_company_name")


def clean_name(column: Column, max_length: int | None = None) -> tuple[list[str], Problems]:
    """A person's name: '张 三' -> '张三', one kind of dot in names of minorities."""
    return _clean(column, _limited(parse_person_name, max_length))


def clean_contact(column: Column, max_length: int | None = None) -> tuple[list[str], Problems]:
    return _clean(column, _limited(parse_contact, max_length))


def clean_company_name(column: Column, max_length: int | None = None) -> tuple[list[str], Problems]:
    return _clean(column, _limited(parse_company_name, max_length))


def clean_choice(column: Column, mapping: Mapping[str, str]) -> tuple[list[str], Problems]:
    """Any spelling in ``mapping`` -> its code, or the code itself. Width, case and spaces do not matter."""
    spellings = {normalise_label(code): code for code in mapping.values()}
    spellings |= {normalise_label(label): code for label, code in mapping.items()}
    # Name the first spelling of every code, which is the one on our screens.
    first = {code: label for label, code in reversed(list(mapping.items()))}
    choices = "、".join(dict.fromkeys(first[code] for code in mapping.values()))

    def clean(raw: Any) -> str:
        text = normalise_text(raw)
        if not text:
            return ""
        code = spellings.get(normalise_label(text))
        if code is None:
            raise _refuse("unknown_choice", raw, choices=choices)
        return code

    return _clean(column, clean)


# Dates


def clean_date(column: Column, date1904: bool = False) -> tuple[list[dt.date | None], Problems]:
    """True dates, serials and every way a date is written, mixed as they come."""
    if date1904:
        return _clean(column, lambda raw: parse_date(raw, date1904=True))
    return _clean(column, parse_date)


# Numbers that name something


def clean_id_number(column: Column) -> tuple[list[str | None], Problems]:
    """Good numbers take five look-ups; only the others meet the parser, which knows why."""
    a, b, c, d, e = checksum_tables()
    values: list[str | None] = []
    problems: Problems = {}
    append = values.append
    for index, raw in enumerate(column):
        try:
            if (a[raw[:4]] + b[raw[4:8]] + c[raw[8:12]] + d[raw[12:16]] + e[raw[16:]]) % 11 == 1:
                birthdays[raw[6:14]]
                append(raw)
                continue
        except (KeyError, TypeError):
            pass
        try:
            append("" if normalise_code(_checked(raw)) == "" else parse_id_number(raw))
        except BadValue as bad:
            append(None)
            problems[index] = Problem(bad.code, raw, bad.problem.params)
    return values, problems


_CERTIFICATE_NUMBER = re.compile("[A-Z][A-Z0-9-]{2,31}")


def parse_certificate_number(raw: Any) -> str:
    if digits_lost(raw):
        raise BadValue("digits_lost", raw)
    text = normalise_code(raw)
    if text and not _CERTIFICATE_NUMBER.fullmatch(text):
        raise BadValue("bad_certificate_number", raw)
    return text


def clean_certificate_number(column: Column) -> tuple[list[str | None], Problems]:
    return _clean_matching(column, _CERTIFICATE_NUMBER, parse_certificate_number)


def clean_credit_code(column: Column) -> tuple[list[str | None], Problems]:
    return _clean(column, lambda raw: parse_credit_code(raw) if normalise_code(raw) else "")


# Reaching people

_BARE_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_LAND_LINE = re.compile(r"(0(?:10|2\d|[3-9]\d\d))(\d{7,8})(?:[-X转](\d{1,6}))?", re.ASCII)
_OTHER_PHONE = re.compile(r"[48]00\d{7}|[2-9]\d{6,7}|(?:\+|00)\d{8,15}", re.ASCII)


def parse_phone(raw: Any) -> str:
    """Mobiles as 11 digits, land lines as 020-12345678 with an optional extension -123."""
    text = normalise_code(raw)
    if not text:
        return ""
    if digits_lost(raw):
        raise BadValue("digits_lost", raw)
    bare = re.sub(r"[()\s.]", "", text)
    if match := _MOBILE.fullmatch(bare.replace("-", "")):
        return match[1]
    # The hyphen after the area code goes, the one before an extension stays.
    head = re.sub(r"^(\+?86-?|0086-?)(?=0)", "", bare)
    if match := _LAND_LINE.fullmatch(re.sub(r"^(0\d{2,3})-", r"\1", head)):
        return "-".join(part for part in match.groups() if part)
    if _OTHER_PHONE.fullmatch(bare.replace("-", "")):
        return bare
    raise BadValue("bad_phone", raw)


def clean_phone(column: Column) -> tuple[list[str | None], Problems]:
    return _clean_matching(column, _BARE_MOBILE, parse_phone)


_EMAIL = re.compile(
    r"[A-Z0-9._%+'&=~!#$*/?^`{|}-]{1,64}@(?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z]{2,24}"
)


def parse_email(raw: Any) -> str:
    """Case does not matter to any mail server in use, so addresses are kept in small letters."""
    text = normalise_code(raw)
    if text and (not _EMAIL.fullmatch(text) or ".." in text or len(text) > 254):
        raise BadValue("bad_email", raw)
    return text.lower()


def clean_email(column: Column) -> tuple[list[str | None], Problems]:
    return _clean(column, parse_email)


def parse_decimal(raw: Any) -> Decimal | None:
    """1200.5, '1,200.50', '￥1200', '1200元'. Money never passes through a binary fraction."""
    if isinstance(raw, (bool, dt.date, dt.time, dt.timedelta)):
        raise BadValue("bad_number", raw)
    text = as_text(raw) if isinstance(raw, (int, float)) else normalise_code(raw)
    text = re.sub(r"^([+-]?)[¥¥$]|元$|(?<=\d),(?=\d{3})", r"\1", text)
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadValue("bad_number", raw) from None
    if not number.is_finite():
        raise BadValue("bad_number", raw)
    return number


def clean_decimal(column: Column) -> tuple[list[Decimal | None], Problems]:
    return _clean(column, parse_decimal)
