"""Handing people over to the platform (specification 3.5, hand_off): who is due, the batch, sending again,
withdrawing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.flow import Step, StepRefused
from backoffice.core.scoping import visible_to
from training.corrections import take_over
from training.enrolling import move_lines
from training.flows.learning import L
from training.holding import hold
from training.models import EnrolmentLine, PlatformRow, PlatformRun, TrainingClass
from training.platform.answers import OPEN_ROWS, settle, tidy

Adapter, Outcome, Status = PlatformRun.Adapter, PlatformRow.Outcome, PlatformRun.Status
#: So many people are in one batch; more make several.
MOST: Final = 1_000


@dataclass
class HandedOver:
    runs: list[PlatformRun] = field(default_factory=list)
    lines: list[EnrolmentLine] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)
    #: Whose name or ID number was corrected since the submit: the platform gets the corrected one.
    corrected: list[str] = field(default_factory=list)


def adapter() -> str:
    """The way that is set up for this site."""
    return Adapter.HTTP if settings.LEARNING_PLATFORM == "http" else Adapter.EXCEL


def pending(user: Any) -> "QuerySet[EnrolmentLine]":
    """Whom the training department still has to hand over: confirmed, online, in no open batch."""
    return visible_to(EnrolmentLine, user).filter(
        state=L.PENDING, enrolment__state="CONFIRMED", enrolment__training_class__mode=TrainingClass.Mode.ONLINE
    ).exclude(platform_rows__outcome__in=OPEN_ROWS)  # fmt: skip


@transaction.atomic
def hand_off(ids: Iterable[int], *, by: Any) -> HandedOver:
    """Hand these people over in batches; say of each of the others why not.

    By file they count as handed over at once (提交正保 = 是); by direct connection when the platform took them.
    """
    wanted = list(dict.fromkeys(ids))
    step = EnrolmentLine.steps()["hand_off"]
    lines = hold(visible_to(EnrolmentLine, by), wanted)
    tidy(lines)
    open_runs = dict(
        PlatformRow.objects.filter(line__in=lines, outcome__in=OPEN_ROWS).values_list("line_id", "run_id")
    )
    outcome = HandedOver()
    for pk in wanted:
        line = lines.get(pk)
        if line is None:
            outcome.refused[pk] = [_("This record is not yours to act on.")]
        elif reasons := why_not(line, step, by):
            outcome.refused[pk] = reasons
        elif pk in open_runs:
            text = _("%(name)s is in hand-over #%(run)d already.")
            outcome.refused[pk] = [text % {"name": line.name, "run": open_runs[pk]}]
        else:
            outcome.lines.append(line)
    outcome.corrected = take_over(outcome.lines, by)
    if outcome.lines and adapter() == Adapter.EXCEL:
        move_lines([line.pk for line in outcome.lines], "hand_off", by=by)
    outcome.runs = make_runs(outcome.lines, by)
    return outcome


def why_not(line: EnrolmentLine, step: Step, by: Any) -> list[str]:
    """Why the step is not open to the user for this person now; nothing if it is."""
    if by.role not in step.by:
        return [_("“%(step)s” is not for your role.") % {"step": step.label}]
    if line.state not in step.sources:
        values = {"name": line.name, "state": line.get_state_display(), "step": step.label}
        return [_("%(name)s: “%(step)s” is not possible in the state “%(state)s”.") % values]
    return step.refusals(line)


def make_runs(lines: list[EnrolmentLine], by: Any) -> list[PlatformRun]:
    """The batches of these people; those of the direct connection are sent once this is committed."""
    way = adapter()
    by_file = way == Adapter.EXCEL
    runs = [
        PlatformRun(
            adapter=way, status=Status.SENT if by_file else Status.QUEUED, created_by=by, sent_by=by,
            people=len(lines[first : first + MOST]), sent_at=timezone.now() if by_file else None,
        )
        for first in range(0, len(lines), MOST)
    ]  # fmt: skip
    for number, run in enumerate(runs):
        run.save()
        part = lines[number * MOST : (number + 1) * MOST]
        PlatformRow.objects.bulk_create((PlatformRow(run=run, line=line) for line in part), batch_size=500)
        if not by_file:
            enqueue(run)
    return runs


def enqueue(run: PlatformRun) -> None:
    from training.platform.jobs import start_sending

    pk = run.pk
    transaction.on_commit(lambda: start_sending(pk), robust=True)


@transaction.atomic
def send_again(run: PlatformRun, *, by: Any) -> PlatformRun:
    """Send a batch again that was not answered, with the same key; from now on in the name of `by`."""
    row = locked(run, by)
    if not row.by_http or row.status not in (Status.QUEUED, Status.SENDING, Status.FAILED):
        raise StepRefused(_("This hand-over was answered already; it now is: %(status)s.")
                          % {"status": row.get_status_display()})  # fmt: skip
    PlatformRun.objects.filter(pk=row.pk).update(status=Status.QUEUED, sent_by=by, error="", attempts=0)
    enqueue(row)
    return row


@transaction.atomic
def withdraw(run: PlatformRun, *, by: Any, opinion: str) -> int:
    """Take back whoever the platform has not answered for; return how many. They are to be opened again."""
    row = locked(run, by)
    if not opinion.strip():
        raise StepRefused(_("Write why the hand-over is withdrawn."))
    if row.status != (Status.FAILED if row.by_http else Status.SENT):
        raise StepRefused(_("Only a hand-over that nobody answered can be withdrawn; this one is: %(status)s.")
                          % {"status": row.get_status_display()})  # fmt: skip
    waiting = list(row.rows.filter(outcome=Outcome.WAITING).values_list("line_id", flat=True))
    row.rows.filter(outcome=Outcome.WAITING).update(outcome=Outcome.WITHDRAWN, reason=opinion.strip()[:300])
    handed = EnrolmentLine.objects.filter(pk__in=waiting, state=L.SUBMITTED).values_list("pk", flat=True)
    move_lines(list(handed), "take_back", by=by, opinion=opinion)
    settle([row.pk])
    return len(waiting)


def locked(run: PlatformRun, by: Any) -> PlatformRun:
    row = visible_to(PlatformRun, by).select_for_update(of=("self",)).filter(pk=run.pk).first()
    if row is None:
        raise StepRefused(_("This record is not yours to act on."))
    return row
