"""Recording study hours, scores and results of many people at once, wherever they come from: a file, the platform,
the grid of a face-to-face class. The numbers of queries do not grow with the people."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from training.enrolling import move_lines
from training.flows.learning import L
from training.holding import hold
from training.models import EnrolmentLine, TrainingClass

MOST_HOURS: Final = Decimal(2000)
MOST_POINTS: Final = Decimal(150)
TENTH: Final = Decimal("0.1")


@dataclass(frozen=True)
class Result:
    """What is known of one person; `passed` None: still learning. What is None changes nothing."""

    study_hours: Decimal | None = None
    score: Decimal | None = None
    passed: bool | None = None
    passed_on: datetime.date | None = None


@dataclass
class Recorded:
    """Numbers of the enrolled people, by what was recorded; and why nothing was."""

    passed: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    noted: list[int] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(
            self.passed + other.passed, self.failed + other.failed, self.noted + other.noted,
            self.refused | other.refused,
        )  # fmt: skip

    @property
    def changed(self) -> int:
        return len(self.passed) + len(self.failed) + len(self.noted)


def taught_by(user: Any) -> "QuerySet[EnrolmentLine]":
    """Whose learning the user looks after: all for the training department, its face-to-face classes for a body."""
    lines = visible_to(EnrolmentLine, user).exclude(state=L.ENROLLING)
    if user.role == Role.LOCAL_BODY:
        return lines.filter(enrolment__training_class__mode=TrainingClass.Mode.FACE_TO_FACE)
    return lines if user.role == Role.TRAINING else lines.none()


@transaction.atomic
def record_results(results: Mapping[int, Result], *, by: Any) -> Recorded:
    """Record the results of these enrolled people (by number); whoever is not learning is refused with the reason."""
    lines = hold(taught_by(by), results)
    done = Recorded()
    learning = {}
    for pk in results:
        line = lines.get(pk)
        if line is None:
            done.refused[pk] = [_("This record is not yours to act on.")]
        elif line.state != L.LEARNING:
            done.refused[pk] = [
                _("%(name)s is not learning now, but: %(state)s.")
                % {"name": line.name, "state": line.get_state_display()}
            ]
        else:
            learning[pk] = line
    changed = note([(line, results[pk]) for pk, line in learning.items()], by)
    for step, passed, found in (("record_pass", True, done.passed), ("record_fail", False, done.failed)):
        data = {
            pk: {"study_hours": line.study_hours, "score": line.score, "passed_on": results[pk].passed_on}
            for pk, line in learning.items()
            if results[pk].passed is passed
        }
        outcome = move_lines(list(data), step, by=by, data=data)
        found += [row.pk for row in outcome.rows]
        done.refused |= outcome.refused
    ended = {*done.passed, *done.failed}
    done.noted = [line.pk for line in changed if line.pk not in ended]
    return done


def note(pairs: Iterable[tuple[EnrolmentLine, Result]], by: Any) -> list[EnrolmentLine]:
    """Store hours and scores that differ; return whose did. What ends somebody's learning is stored by its step."""
    changed, to_store = [], []
    for line, result in pairs:
        if not differs(line, result):
            continue
        if result.study_hours is not None:
            line.study_hours = result.study_hours
            if not line.enrolment.training_class.is_online:
                line.attended_hours = result.study_hours
        if result.score is not None:
            line.score = result.score
        changed.append(line)
        if result.passed is None or not line.enrolment.training_class.is_online:
            to_store.append(line)
    bulk_update_with_history(
        to_store, EnrolmentLine, ["study_hours", "attended_hours", "score"], batch_size=500, default_user=by,
        default_change_reason=_("Study hours and score"),
    )  # fmt: skip
    return changed


def differs(line: EnrolmentLine, result: Result) -> bool:
    """Whether hours or score of the result are given and are not those of the line."""
    return (result.study_hours is not None and result.study_hours != line.study_hours) or (
        result.score is not None and result.score != line.score
    )


def bounded(value: Any, most: Decimal) -> Decimal | None:
    """A number from 0 to `most` with one decimal; None where there is none; ValueError where it is something else."""
    if value in (None, ""):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(value) from None
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= most:
        raise ValueError(value)
    return number.quantize(TENTH, ROUND_HALF_UP)


def hours_or_none(value: Any) -> Decimal | None:
    return bounded(value, MOST_HOURS)


def score_or_none(value: Any) -> Decimal | None:
    return bounded(value, MOST_POINTS)


def past_day_or_none(value: Any) -> datetime.date | None:
    """A date written as 2026-06-28 that is not in the future; ValueError where it is something else."""
    if value in (None, ""):
        return None
    day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value)[:10])
    if day > timezone.localdate():
        raise ValueError(value)
    return day
