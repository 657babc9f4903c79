"""The verbs of enrolments: each runs inside the transaction of the step that calls it."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from backoffice.core import subjects
from backoffice.core.engine import Done, go_on, perform_all, take_locked_step
from backoffice.core.flow import StepRefused
from backoffice.roles import SYSTEM
from fees.services import make_bill
from training import notices
from training.flows.enrolment import UNDER_WAY, S, class_open, no_voucher_waiting, seats_left
from training.flows.learning import ENDED, L
from training.models import Enrolment, EnrolmentLine, TrainingClass
from training.roster import Roster, look


def freeze(enrolment: Enrolment, at: datetime.datetime) -> None:
    """Take the seats, freeze what the lines say and what they cost (specification 3.5, submit).

    Class, company, people and certificates are locked by now (`EnrolmentFlow.lock_first`): of two companies that want
    the last seats, and of two enrolments with the same certificate, one is refused. The roster is looked at and priced
    here and nowhere else in a submit.
    """
    roster = look(enrolment)
    reasons = [class_open(enrolment), seats_left(enrolment), *(problem.text for problem in roster.errors)]
    if any(reasons):
        raise StepRefused("\n".join(filter(None, reasons)))
    for row in roster.rows:
        row.line.is_masked = False
        row.line.snapshot()
        row.line.amount, row.line.review_remark = row.amount, ""
    fields = [*EnrolmentLine.FROZEN, "is_masked", "amount", "review_remark"]
    EnrolmentLine.objects.bulk_update([row.line for row in roster.rows], fields, batch_size=200)
    count(enrolment, roster)
    make_bill(enrolment, enrolment.company, [(row.line.pk, row.label, row.items) for row in roster.rows])
    enrolment.submitted_at = at


def count(enrolment: Enrolment, roster: Roster) -> None:
    """Put the number of people and the amount on the enrolment, without saving."""
    enrolment.people, enrolment.amount = roster.people, roster.total


def recount(enrolment: Enrolment) -> Roster:
    """After the draft's lines changed: store number and amount, and return the roster as it is now."""
    roster = look(enrolment)
    count(enrolment, roster)
    Enrolment.objects.filter(pk=enrolment.pk).update(people=enrolment.people, amount=enrolment.amount)
    subjects.renew(enrolment)
    return roster


def confirm_lines(enrolment: Enrolment, by: Any) -> None:
    """Everybody on the roster is enrolled now."""
    lines = list(enrolment.lines.select_for_update().filter(state=L.ENROLLING))
    take_locked_step(lines, "confirm")


def drop_all(enrolment: Enrolment, by: Any, opinion: str) -> None:
    """The class does not take place: whoever has not ended yet is dropped."""
    lines = list(enrolment.lines.select_for_update().exclude(state__in=(*ENDED, L.ENROLLING)))
    take_locked_step(lines, "drop", opinion=opinion)


def cancel_enrolments(training_class: TrainingClass, by: Any, opinion: str) -> int:
    """Cancel every enrolment of a class that does not take place; return how many (specification 3.5, edges)."""
    rows = Enrolment.objects.select_for_update(of=("self",)).filter(
        training_class=training_class, state__in=(S.DRAFT, *UNDER_WAY)
    )
    enrolments = list(rows.order_by("pk"))
    if reasons := [reason for row in enrolments if (reason := no_voucher_waiting(row))]:
        raise StepRefused("\n".join(reasons))
    learning = list(learners_of(training_class))
    for row in enrolments:  # one by one: the effect of each counts the money of its bill
        take_locked_step([row], "class_cancelled", opinion=opinion)
    from training.platform.answers import tidy  # its module records answers by steps of this one

    tidy([line.pk for line in learning])
    notices.class_cancelled(training_class, enrolments, learning, opinion)
    return len(enrolments)


def learners_of(training_class: TrainingClass) -> "QuerySet[EnrolmentLine]":
    """Those who were told that they are enrolled, and whose learning has not ended."""
    lines = EnrolmentLine.objects.filter(enrolment__training_class=training_class)
    lines = lines.exclude(state__in=(*ENDED, L.ENROLLING)).order_by("pk")
    return lines.select_related("person", "enrolment__company", "enrolment__training_class")


@transaction.atomic
def move_lines(
    lines: Iterable[int], step: str, *, by: Any, opinion: str = "", data: Any = None, **shared: Any
) -> Done:
    """Take a step of the learning on many people at once; enrolments whose last line ended are closed with it."""
    wanted = list(lines)
    # The enrolments first, as the steps of the enrolment do: two that lock in one order never wait for each other.
    enrolments = Enrolment.objects.select_for_update(of=("self",)).order_by("pk")
    list(
        enrolments.filter(pk__in=EnrolmentLine.objects.filter(pk__in=wanted).values("enrolment")).values_list(
            "pk"
        )
    )
    return perform_all(EnrolmentLine, wanted, step, by=by, opinion=opinion, data=data, **shared)


def lines_moved(lines: list[EnrolmentLine], step: str, by: Any, opinion: str) -> None:
    """After a step of the learning, of one line or many: tell whom it concerns, and let the enrolments follow.

    The system drops lines as part of a step of the enrolment itself: then nothing follows here.
    """
    if by.role == SYSTEM:
        return
    notices.learning(lines, step, opinion)
    if step in (
        "record_pass",
        "record_fail",
        "drop",
        "retake",
        "withdraw_pass",
        "withdraw_fail",
        "take_result_back",
    ):
        go_on(Enrolment, {line.enrolment_id for line in lines})
