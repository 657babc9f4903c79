"""What other rooms ask of the training department's records."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.engine import start_many
from backoffice.core.working_days import Calendar, add_working_days, read_calendar
from registry.models import LocalBody
from training.models import EnrolmentLine, TrainingClass
from training.models.training_class import SEATED

#: Two classes that agree in these are one and the same.
SAME_CLASS: Final = ("title", "type", "mode", "category", "local_body_id", "start_date", "end_date")


def open_classes() -> "QuerySet[TrainingClass]":
    """The classes of this year's plan that take enrolments now, by their beginning (manual ch. 4b-1)."""
    return (
        TrainingClass.objects.filter(state=TrainingClass.State.OPEN)
        .exclude(end_date__lt=timezone.localdate())
        .select_related("local_body")
        .order_by("start_date", "id")
    )


def with_seats(classes: "QuerySet[TrainingClass]") -> Any:
    """The classes, each with its seats (`taken` and `free_seats`, as `seats_taken()` counts), in the same query."""
    lines = EnrolmentLine.objects.filter(
        enrolment__training_class=OuterRef("pk"), enrolment__state__in=SEATED
    ).order_by()
    counted = lines.values("enrolment__training_class").annotate(count=Count("person", distinct=True))
    counted = counted.values("count")
    taken = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    return classes.annotate(taken=taken, free_seats=F("capacity") - taken)


def bodies_with_open_practice_classes() -> "QuerySet[LocalBody]":
    """The choices of 资料审核所属区域: bodies with an open practice class (manual ch. 2-3, 4b-1)."""
    running = open_classes().filter(type=TrainingClass.Type.PRACTICE).order_by()
    return LocalBody.objects.filter(is_active=True, pk__in=running.values("local_body"))


def one_year_later(day: datetime.date | None) -> datetime.date | None:
    """The same day of the next year; 29 February becomes the 28th."""
    if day is None:
        return None
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def title_one_year_later(title: str, day: datetime.date | None) -> str:
    """A title that names the year names the next one: 2026年第1期 -> 2027年第1期."""
    return title.replace(str(day.year), str(day.year + 1)) if day else title


@dataclass(frozen=True)
class Copied:
    """A class and its copy, not stored: whether its days were moved off days off, and whether it is planned already."""

    source: TrainingClass
    copy: TrainingClass
    is_moved: bool
    is_known: bool


Days = tuple[datetime.date | None, datetime.date | None]


def on_working_days(days: Days, known: Calendar | None) -> Days:
    """First and last day, moved on to the next working days: no class begins or ends on a day off."""
    start, end = days
    if start is None:
        return days
    moved = next_working_day(start, known)
    return moved, next_working_day(moved + (end - start), known) if end is not None else None


def next_working_day(day: datetime.date, known: Calendar | None) -> datetime.date:
    """The day itself if offices work on it, else the first one after it."""
    return add_working_days(day - datetime.timedelta(days=1), 1, known)


def calendar_around(days: list[datetime.date]) -> Calendar | None:
    """The calendar over these days and two months more, read once."""
    if not days:
        return None
    return read_calendar(min(days) - datetime.timedelta(days=1), max(days) + datetime.timedelta(days=60))


def copies_for_next_year(classes: "QuerySet[TrainingClass]") -> list[Copied]:
    """What `copy_into_next_year()` would plan, class by class."""
    planned = set(TrainingClass.objects.values_list(*SAME_CLASS))
    rows = list(classes.select_related("local_body").order_by("start_date", "id"))
    next_year = [(one_year_later(row.start_date), one_year_later(row.end_date)) for row in rows]
    known_days = calendar_around([day for days in next_year for day in days if day is not None])
    found = []
    for row, same_days in zip(rows, next_year, strict=True):
        start, end = on_working_days(same_days, known_days)
        copy = TrainingClass(
            title=title_one_year_later(row.title, row.start_date), type=row.type, mode=row.mode, category=row.category,
            local_body=row.local_body, start_date=start, end_date=end, place=row.place, capacity=row.capacity,
            tuition=row.tuition,
        )  # fmt: skip
        known = tuple(getattr(copy, name) for name in SAME_CLASS) in planned
        found.append(Copied(row, copy, is_moved=(start, end) != same_days, is_known=known))
    return found


@transaction.atomic
def copy_into_next_year(classes: "QuerySet[TrainingClass]", by: Any) -> tuple[list[TrainingClass], int]:
    """Plan the same classes for the next year; return the new ones, and how many the plan has already."""
    copies = copies_for_next_year(classes)
    new = [entry.copy for entry in copies if not entry.is_known]
    start_many(new, by=by, reason=_("Copied into the next year"))
    return new, len(copies) - len(new)


def year_plan(
    rows: "QuerySet[TrainingClass]", year: int
) -> list[tuple[datetime.date | None, list[TrainingClass]]]:
    """The classes that begin in `year` by month, all twelve; then those without a date, if there are any."""
    months: dict[datetime.date | None, list[TrainingClass]] = {
        datetime.date(year, month, 1): [] for month in range(1, 13)
    }
    begins = with_seats(rows).select_related("local_body").order_by("start_date", "id")
    for row in begins.filter(start_date__year=year):
        months[row.start_date.replace(day=1)].append(row)  # type: ignore[union-attr]
    if undated := list(begins.filter(start_date=None, state=TrainingClass.State.PLANNED)):
        months[None] = undated
    return list(months.items())
