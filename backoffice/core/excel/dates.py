"""Dates in every way they are written or stored, and what is said about those that carry a time of day."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import ngettext

from .errors import BadValue
from .text import normalise_code, normalise_text

OLDEST, NEWEST = dt.date(1950, 1, 1), dt.date(2100, 12, 31)
_DAY = r"(\d{4})\s*(?:[-./]|年)\s*(\d{1,2})\s*(?:[-./]|月)\s*(\d{1,2})\s*日?"
_DATE = re.compile(_DAY + r"\s*((?:[T\s]?(?:上午|下午)?\s*\d{1,2}[:时点].*)?)")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:\.0+)?()")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_TIME = re.compile(
    r"T?\s*(上午|下午)?\s*(\d{1,2})[:时点](\d{1,2})?分?(?::(\d{1,2})(?:[.,]\d+)?秒?)?\s*(AM|PM)?\s*"
    r"(Z|(?:GMT|UTC)?\s*(?:[+-]\d{1,2}(?::?\d\d)?)?)?",
    re.IGNORECASE,
)
_EPOCH = dt.datetime(1899, 12, 30)
_DAY_LENGTH = dt.timedelta(days=1)
#: A time as late as this is a midnight that lost its last seconds on the way through another program.
ALMOST_MIDNIGHT = dt.time(23, 59)


class Reading(NamedTuple):
    """One cell read as a day; `moment` is what stands there if that is more than a day."""

    day: dt.date
    moment: dt.datetime | None = None
    has_zone: bool = False


def parse_date(raw: Any, date1904: bool = False) -> dt.date | None:
    """One cell -> date, None when empty, or BadValue.

    A time zone is converted to ours; within a minute before midnight it is the next day; of any other time the
    day is taken. `date_remarks` says so.
    """
    reading = read_date(raw, date1904)
    if reading is None:
        return None
    if not OLDEST <= reading.day <= NEWEST:
        raise BadValue("date_out_of_range", raw)
    return reading.day


def read_date(raw: Any, date1904: bool = False) -> Reading | None:
    if isinstance(raw, dt.datetime):
        return _judged(raw)
    if isinstance(raw, dt.date):
        return Reading(raw)
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return _of_number(raw, date1904)
    return _of_text(raw, date1904)


def _judged(moment: dt.datetime, has_zone: bool = False) -> Reading:
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(timezone.get_default_timezone()).replace(tzinfo=None)
        except OverflowError:
            return Reading(moment.date())
        has_zone = True
    if moment.time() == dt.time():
        return Reading(moment.date(), moment if has_zone else None, has_zone)
    is_next = moment.time() >= ALMOST_MIDNIGHT and moment.date() < dt.date.max
    return Reading(moment.date() + _DAY_LENGTH if is_next else moment.date(), moment, has_zone)


def _of_number(raw: float, date1904: bool) -> Reading:
    """20160130 was typed as a number; 42399 is Excel's count of days."""
    if 20_000 <= raw <= 80_000:
        moment = _EPOCH + dt.timedelta(days=raw + (1462 if date1904 else 0))
        return _judged(moment.replace(microsecond=0) if moment.microsecond < 500_000 else _up(moment))
    if 10_000_000 <= raw <= 99_999_999 and raw == int(raw):
        return Reading(_day(raw, *divmod(int(raw) // 100, 100), int(raw) % 100))
    raise BadValue("bad_date", raw)


def _up(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0) + dt.timedelta(seconds=1)


def _of_text(raw: Any, date1904: bool) -> Reading | None:
    text = normalise_text(raw)
    if not text:
        return None
    match = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is None:
        # Full-width digits, inner spaces, odd hyphens: rare, so only on the second attempt.
        text = normalise_code(text).replace("。", ".")
        match = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is not None:
        day = _day(raw, int(match[1]), int(match[2]), int(match[3]))
        return _with_time(raw, day, match[4].strip()) if match[4] else Reading(day)
    if _SERIAL.fullmatch(text):
        return _of_number(float(text), date1904)
    raise BadValue("bad_date", raw)


def _with_time(raw: Any, day: dt.date, text: str) -> Reading:
    """The day as the time beside it wants it; what is no time at all is told, and the day taken."""
    match = _TIME.fullmatch(text)
    if match is None:
        return Reading(day, dt.datetime.combine(day, dt.time(12)))
    hour, minute, second = (int(part or 0) for part in match.groups()[1:4])
    half, zone = (match[1] or match[5] or "").upper(), (match[6] or "").upper().replace(" ", "")
    if half:
        hour = hour % 12 + (12 if half in ("PM", "下午") else 0)
    if hour == 24 and minute == second == 0 and day < dt.date.max:
        return Reading(day + _DAY_LENGTH, dt.datetime.combine(day, dt.time.max))
    try:
        moment = dt.datetime.combine(day, dt.time(hour, minute, min(second, 59)), _zone(zone))
    except ValueError:
        raise BadValue("bad_date", raw) from None
    return _judged(moment)


def _zone(text: str) -> dt.timezone | None:
    """'Z', '+08:00', 'GMT+8', 'UTC'; None where no zone is written."""
    if not text:
        return None
    digits = text.removeprefix("GMT").removeprefix("UTC").replace(":", "")
    if digits in ("", "Z"):
        return dt.UTC
    hours, minutes = (digits[1:-2], digits[-2:]) if len(digits) > 3 else (digits[1:], "0")
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return dt.timezone(-offset if digits[0] == "-" else offset)


def _day(raw: Any, year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise BadValue("impossible_date", raw) from None


def date_remarks(cells: Sequence[Any], caption: str, name_of: Any, date1904: bool = False) -> list[str]:
    """Sentences about the dates of a column that carry a time of day: what was made of them.

    `name_of(index)` gives the name of a cell, such as G2.
    """
    kinds: dict[str, list[tuple[int, Reading]]] = {}
    known = {cell: found for cell in set(cells) if (found := _kind_of(cell, date1904)) is not None}
    if not known:
        return []
    for index, cell in enumerate(cells):
        if (found := known.get(cell)) is not None:
            kinds.setdefault(found[0], []).append((index, found[1]))
    return [
        _remark(kind, len(found)).format(
            caption=caption, count=len(found), cell=name_of(found[0][0]),
            moment=_shown(cells[found[0][0]], found[0][1]), day=found[0][1].day.isoformat(),
        )
        for kind, found in kinds.items()
    ]  # fmt: skip


def _remark(kind: str, count: int) -> str:
    if kind == "zone":
        return ngettext(
            "Column “{caption}”: {count} date is written with a time zone and was converted to ours: {cell}, {moment}, "
            "counts as {day}.",
            "Column “{caption}”: {count} dates are written with a time zone and were converted to ours, the first in "
            "{cell}: {moment} counts as {day}.",
            count,
        )
    if kind == "next":
        return ngettext(
            "Column “{caption}”: {count} date ends less than a minute before midnight and counts as the next day: "
            "{cell}, {moment}, counts as {day}.",
            "Column “{caption}”: {count} dates end less than a minute before midnight and count as the next day, the "
            "first in {cell}: {moment} counts as {day}.",
            count,
        )
    return ngettext(
        "Column “{caption}”: {count} date carries a time of day, which was left out: {cell}, {moment}, counts as "
        "{day}.",
        "Column “{caption}”: {count} dates carry a time of day, which was left out, the first in {cell}: {moment} "
        "counts as {day}.",
        count,
    )


def _is_plain(text: str) -> bool:
    """Nearly every date that is a text: ten characters, and no count of days with a fraction."""
    return len(text) <= 10 and not text[:5].isdigit()


def _kind_of(cell: Any, date1904: bool) -> tuple[str, Reading] | None:
    if type(cell) is dt.date or cell in ("", None) or (isinstance(cell, str) and _is_plain(cell)):
        return None
    try:
        reading = read_date(cell, date1904)
    except BadValue:
        return None
    if reading is None or reading.moment is None:
        return None
    if reading.has_zone:
        return "zone", reading
    return ("next" if reading.day > reading.moment.date() else "time"), reading


def _shown(cell: Any, reading: Reading) -> str:
    if isinstance(cell, str):
        return normalise_text(cell)[:40]
    return reading.moment.isoformat(" ", "seconds") if reading.moment else str(cell)
