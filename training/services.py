"""What other rooms ask of the training department's records."""

import datetime
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from backoffice.core.flow import STARTED
from backoffice.core.models import TransitionLog
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
    """The classes, each with its seats (`taken` and `free_seats`), in the same query."""
    lines = EnrolmentLine.objects.filter(
        enrolment__training_class=OuterRef("pk"), enrolment__state__in=SEATED
    ).order_by()
    counted = lines.values("enrolment__training_class").annotate(count=Count("pk")).values("count")
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


@transaction.atomic
def copy_into_next_year(classes: "QuerySet[TrainingClass]", by: Any) -> tuple[list[TrainingClass], int]:
    """Plan the same classes for the next year; return the new ones, and how many the plan has already."""
    copies = [
        TrainingClass(
            title=title_one_year_later(row.title, row.start_date), type=row.type, mode=row.mode, category=row.category,
            local_body=row.local_body, start_date=one_year_later(row.start_date),
            end_date=one_year_later(row.end_date), place=row.place, capacity=row.capacity, tuition=row.tuition,
        )
        for row in classes.select_related("local_body").order_by("start_date", "id")
    ]  # fmt: skip
    planned = set(TrainingClass.objects.values_list(*SAME_CLASS))
    new = [copy for copy in copies if tuple(getattr(copy, name) for name in SAME_CLASS) not in planned]
    bulk_create_with_history(
        new, TrainingClass, default_user=by, default_change_reason=_("Copied into the next year")
    )
    TransitionLog.objects.bulk_create(started(row, by) for row in new)
    return new, len(copies) - len(new)


def started(row: TrainingClass, by: Any) -> TransitionLog:
    """The first line of a class's trail, as `flow.start()` writes it; a class waits at no desk, so no task."""
    return TransitionLog(
        content_type=ContentType.objects.get_for_model(row), object_id=row.pk, step=STARTED, source="",
        target=row.state, by=by, by_name=str(by)[:100], role=by.role, opinion=_("Copied into the next year"),
    )  # fmt: skip


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
