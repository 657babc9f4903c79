"""What other rooms ask of the training department's records."""

from django.db.models import QuerySet
from django.utils import timezone

from registry.models import LocalBody
from training.models import TrainingClass


def open_classes() -> "QuerySet[TrainingClass]":
    """The classes of this year's plan that take enrolments now, by their beginning (manual ch. 4b-1)."""
    return (
        TrainingClass.objects.filter(state=TrainingClass.State.OPEN)
        .exclude(end_date__lt=timezone.localdate())
        .select_related("local_body")
        .order_by("start_date", "id")
    )


def bodies_with_open_practice_classes() -> "QuerySet[LocalBody]":
    """The choices of 资料审核所属区域: bodies with an open practice class (manual ch. 2-3, 4b-1)."""
    running = open_classes().filter(type=TrainingClass.Type.PRACTICE).order_by()
    return LocalBody.objects.filter(is_active=True, pk__in=running.values("local_body"))
