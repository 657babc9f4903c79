"""Working days, from one place: the editable calendar, then the shipped holidays, then what the law fixes.

The State Council announces a year's holidays in the November before. Until the office has imported the announcement
(core/announced_days.py), or a newer chinesecalendar knows it, a year is not *known*: only the days off that the law
fixes by date are counted, and whoever shows a due date in such a year says so (`known_until()`).
"""

import bisect
import collections
import datetime
from collections.abc import Iterable
from typing import Final, NamedTuple

import chinese_calendar
from django.db.models import Q
from django.utils import timezone

from backoffice.core.models.calendar import CalendarDay

#: Month and day of the holidays that the law fixes by date (全国年节及纪念日放假办法, since 2025).
FIXED_BY_LAW: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
#: A year whose table has these as days off was announced: every announcement has them.
IN_EVERY_ANNOUNCEMENT: Final = ((1, 1), (5, 1), (10, 1))
#: The last year that the shipped holidays cover.
SHIPPED_UNTIL: Final = max(chinese_calendar.holidays).year


def is_working_day(day: datetime.date) -> bool:
    """Whether offices work on `day`. The office's table wins; in a year nobody knows the law's fixed days are off."""
    return day in _working_days(day, day)


def known_until(today: datetime.date | None = None) -> datetime.date:
    """The last day until which working days are certain: no year from this one on is missing up to there.

    31 December of last year where not even the present year is known. At most one query.
    """
    year = (today or timezone.localdate()).year
    marks = Q(*[Q(date__month=month, date__day=day) for month, day in IN_EVERY_ANNOUNCEMENT], _connector=Q.OR)
    rows = CalendarDay.objects.filter(marks, date__year__gte=year, kind=CalendarDay.Kind.HOLIDAY)
    entered = collections.Counter(day.year for day in rows.values_list("date", flat=True))
    while year <= SHIPPED_UNTIL or entered[year] == len(IN_EVERY_ANNOUNCEMENT):
        year += 1
    return datetime.date(year - 1, 12, 31)


class Calendar(NamedTuple):
    """What the office's table says of a span of days, for those who ask more than once."""

    first: datetime.date
    last: datetime.date
    kinds: dict[datetime.date, str]


def is_provisional(day: datetime.date | None, until: datetime.date | None = None) -> bool:
    """Whether holidays are not known yet on that day. `until`: what `known_until()` said, for many days.

    A day in a year that was shipped costs no query.
    """
    return day is not None and day.year > SHIPPED_UNTIL and day > (until or known_until())


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
        return day.weekday() < 5 and (day.month, day.day) not in FIXED_BY_LAW


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


def last_working_day(day: datetime.date, known: Calendar | None = None) -> datetime.date:
    """`day` itself where offices work on it, else the working day before it."""
    return max(_working_days(day - datetime.timedelta(days=20), day, known))


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
