"""Locking enrolled people in the order in which everybody locks them: the enrolments first, then the lines."""

from collections.abc import Iterable

from django.db.models import QuerySet

from training.models import Enrolment, EnrolmentLine


def hold_enrolments(lines: Iterable[int]) -> None:
    """Lock the enrolments of these people until the transaction ends, as the steps of an enrolment do."""
    of_lines = EnrolmentLine.objects.filter(pk__in=list(lines)).values("enrolment")
    enrolments = Enrolment.objects.select_for_update(of=("self",)).filter(pk__in=of_lines)
    list(enrolments.order_by("pk").values_list("pk"))


def hold(lines: "QuerySet[EnrolmentLine]", ids: Iterable[int]) -> dict[int, EnrolmentLine]:
    """Lock those of `lines` that have these numbers, and their enrolments; return them with their class."""
    wanted = sorted(ids)
    hold_enrolments(wanted)
    rows = lines.select_for_update(of=("self",)).select_related("enrolment__training_class", "person")
    return rows.order_by("pk").in_bulk(wanted)
