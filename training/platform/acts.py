"""What is done to many people of the learning list at once, by role; each act says of everybody what became of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.roles import Role
from training.enrolling import move_lines
from training.flows.learning import L
from training.models import EnrolmentLine, PlatformRow, PlatformRun
from training.platform.answers import Answer, record, tidy
from training.platform.hand_off import hand_off
from training.results.record import Result, record_results, taught_by
from training.results.rules import impossible

#: The steps of the learning that each role takes from the list.
ACTS: Final[dict[str, tuple[str, ...]]] = {
    Role.TRAINING: ("hand_off", "open_learning", "record_pass", "record_fail", "retake", "take_back", "drop"),
    Role.LOCAL_BODY: ("open_learning", "record_pass", "record_fail", "retake"),
}


@dataclass
class Acted:
    done: list[int] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)
    #: The hand-overs that were made.
    runs: list[PlatformRun] = field(default_factory=list)
    #: What was corrected in the register since the submit and goes to the platform corrected.
    corrected: list[str] = field(default_factory=list)


@transaction.atomic
def act(ids: Iterable[int], step: str, *, by: Any, opinion: str = "", passed_on: Any = None) -> Acted:
    """Take the step on each of these people; refused are those out of the user's care, and whoever cannot take it."""
    wanted = list(dict.fromkeys(ids))
    if step not in ACTS.get(by.role, ()):
        text = _("“%(step)s” is not for your role.") % {"step": EnrolmentLine.steps()[step].label}
        return Acted(refused={pk: [text] for pk in wanted})
    mine = set(taught_by(by).filter(pk__in=wanted).values_list("pk", flat=True))
    ready = [pk for pk in wanted if pk in mine]
    acted = WAYS.get(step, moved)(ready, step, by, opinion, passed_on)
    strange = _("This person's learning is not yours to look after.")
    acted.refused |= {pk: [strange] for pk in wanted if pk not in mine}
    return acted


def moved(ids: list[int], step: str, by: Any, opinion: str, passed_on: Any) -> Acted:
    outcome = move_lines(ids, step, by=by, opinion=opinion)
    tidy([row.pk for row in outcome.rows])
    return Acted([row.pk for row in outcome.rows], outcome.refused)


def handed_over(ids: list[int], step: str, by: Any, opinion: str, passed_on: Any) -> Acted:
    outcome = hand_off(ids, by=by)
    return Acted([line.pk for line in outcome.lines], outcome.refused, outcome.runs, outcome.corrected)


def opened(ids: list[int], step: str, by: Any, opinion: str, passed_on: Any) -> Acted:
    """By hand, as if the platform had said so: its hand-over is settled with it."""
    with_platform = EnrolmentLine.objects.filter(
        pk__in=ids, state=L.SUBMITTED, platform_rows__outcome__in=("WAITING", "ACCEPTED")
    ).values_list("pk", flat=True)
    if by.role != Role.TRAINING:
        return moved(ids, step, by, opinion, passed_on)
    answers = {pk: Answer(PlatformRow.Outcome.OPENED) for pk in with_platform}
    record(answers, by=by)
    told = set(
        EnrolmentLine.objects.filter(pk__in=list(answers), state=L.LEARNING).values_list("pk", flat=True)
    )
    acted = moved([pk for pk in ids if pk not in told], step, by, opinion, passed_on)
    return Acted([*told, *acted.done], acted.refused)


def judged(ids: list[int], step: str, by: Any, opinion: str, passed_on: Any) -> Acted:
    result = Result(passed=step == "record_pass", passed_on=passed_on)
    lines = EnrolmentLine.objects.filter(pk__in=ids, state=L.LEARNING).select_related(
        "enrolment__training_class"
    )
    wrong = {line.pk: [reason] for line in lines if (reason := impossible(line, result))}
    done = record_results({pk: result for pk in ids if pk not in wrong}, by=by)
    return Acted([*done.passed, *done.failed], done.refused | wrong)


WAYS: Final[dict[str, Callable[..., Acted]]] = {
    "hand_off": handed_over, "open_learning": opened, "record_pass": judged, "record_fail": judged,
}  # fmt: skip
