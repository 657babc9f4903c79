"""The classes of a month as a calendar: weeks from Monday on, each class as a bar over its days."""

import calendar
import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from training.models import TrainingClass


@dataclass(frozen=True)
class Bar:
    """A class within one week: so many days before it, on it and after it."""

    row: TrainingClass
    before: int
    days: int
    #: Whether it began before this week, or goes on after it.
    began: bool
    goes_on: bool

    @property
    def after(self) -> int:
        return 7 - self.before - self.days


@dataclass(frozen=True)
class Week:
    days: list[datetime.date]
    bars: list[Bar]


def month_of(text: str, today: datetime.date) -> datetime.date:
    """The first of the month that an address names (2026-11); the present month for anything else."""
    try:
        first = datetime.date.fromisoformat(f"{text}-01")
    except ValueError:
        first = today
    return first.replace(day=1) if abs(first.year - today.year) <= 20 else today.replace(day=1)


def next_month(first: datetime.date, step: int = 1) -> datetime.date:
    """The first of the month that many months later."""
    months = first.year * 12 + first.month - 1 + step
    return datetime.date(months // 12, months % 12 + 1, 1)


def weeks_of(rows: QuerySet, first: datetime.date) -> list[Week]:
    """The weeks of the month with the classes held in them, from one query."""
    found = calendar.Calendar().monthdatescalendar(first.year, first.month)
    start, stop = found[0][0], found[-1][-1]
    held = rows.filter(start_date__lte=stop).filter(
        Q(end_date__gte=start) | Q(end_date=None, start_date__gte=start)
    )
    classes: list[Any] = list(held.select_related("local_body").order_by("start_date", "id"))
    return [Week(days, [bar for row in classes if (bar := bar_of(row, days))]) for days in found]


def bar_of(row: TrainingClass, days: list[datetime.date]) -> Bar | None:
    """The class's days within a week; None where it has none. One without an end takes its first day."""
    begins = row.start_date
    ends = row.end_date or begins
    if begins is None or ends is None or begins > days[-1] or ends < days[0]:
        return None
    first, last = max(begins, days[0]), min(ends, days[-1])
    return Bar(row, (first - days[0]).days, (last - first).days + 1, begins < days[0], ends > days[-1])
