"""Working days, from one place: the editable calendar, then the shipped holidays, then the plain week."""

import bisect
import datetime
from collections.abc import Iterable
from typing import NamedTuple

import chinese_calendar

from backoffice.core.models.calendar import CalendarDay


def is_working_day(day: datetime.date) -> bool:
    """Whether offices work on `day`. The office's table wins; years the library does not know are plain weeks."""
    return day in _working_days(day, day)


class Calendar(NamedTuple):
    """What the office's table says of a span of days, for those who ask more than once."""

    first: datetime.date
    last: datetime.date
    kinds: dict[datetime.date, str]


def read_calendar(first: datetime.date, last: datetime.date) -> Calendar:
    rows = CalendarDay.objects.filter(date__range=(first, last)).values_list("date", "kind")
    return Calendar(first, last, dict(rows))


def _working_days(
    first: datetime.date, last: datetime.date, known: Calendar | None = None
) -> set[datetime.date]:
    """The working days from `first` to `last`, both included, with one query, or none where they are known."""
    if known is None or first < known.first or last > known.last:
        known = read_calendar(first, last)
    table = known.kinds
    days = (first + datetime.timedelta(days=n) for n in range((last - first).days + 1))
    return {
        day for day in days if (table[day] == CalendarDay.Kind.WORKDAY if day in table else _by_library(day))
    }


def _by_library(day: datetime.date) -> bool:
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:
        return day.weekday() < 5


def add_working_days(start: datetime.date, days: int, known: Calendar | None = None) -> datetime.date:
    """The `days`-th working day after `start` (which itself does not count); `start` itself for 0."""
    if days <= 0:
        return start
    span = days * 2 + 20
    while True:
        found = sorted(
            _working_days(start + datetime.timedelta(days=1), start + datetime.timedelta(days=span), known)
        )
        if len(found) >= days:
            return found[days - 1]
        span *= 2


def working_days_between(start: datetime.date, end: datetime.date) -> int:
    """How many working days lie after `start` up to and including `end`; negative if `end` is earlier."""
    if end < start:
        return -working_days_between(end, start)
    return len(_working_days(start + datetime.timedelta(days=1), end)) if end > start else 0


def working_days_since(
    starts: Iterable[datetime.date], end: datetime.date, known: Calendar | None = None
) -> dict[datetime.date, int]:
    """`working_days_between(start, end)` for many starts that are not after `end`, with one query at most."""
    wanted = set(starts)
    if not wanted:
        return {}
    days = sorted(_working_days(min(wanted) + datetime.timedelta(days=1), end, known))
    return {start: len(days) - bisect.bisect_right(days, start) for start in wanted}
