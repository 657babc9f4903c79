"""What the platform says of each person, from an answer or from a confirmation file: one way to record it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from training.enrolling import move_lines
from training.flows.learning import L
from training.holding import hold_enrolments
from training.models import PlatformRow, PlatformRun

Outcome, Status = PlatformRow.Outcome, PlatformRun.Status
#: Rows about which the platform has not said its last word.
OPEN_ROWS = (Outcome.WAITING, Outcome.ACCEPTED)
#: So many different reasons are worth a step each.
FEW = 10
#: The words of the platform (README.md) -> what they mean for a row.
MEANING = {
    "accepted": Outcome.ACCEPTED, "known": Outcome.ACCEPTED, "opened": Outcome.OPENED, "refused": Outcome.REFUSED,
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    outcome: str
    reason: str = ""


@transaction.atomic
def record(answers: Mapping[int, Answer], *, by: Any, run: PlatformRun | None = None) -> list[PlatformRow]:
    """Record the answers about these enrolled people (by number) and move their learning; return the rows changed.

    Whoever has no open row (of `run`) is left alone, so the same answer twice has one effect.
    """
    hold_enrolments(answers)
    rows = list(
        PlatformRow.objects.select_for_update(of=("self",))
        .filter(line__in=list(answers), outcome__in=OPEN_ROWS, **({"run": run} if run else {}))
        .select_related("line")
        .order_by("pk")
    )
    rows = [row for row in rows if answers[row.line_id].outcome != row.outcome]
    if not rows:
        return []
    refused = move([(row.line, answers[row.line_id]) for row in rows], by)
    for row in rows:
        answer = answers[row.line_id]
        row.outcome, row.answered_at = answer.outcome, timezone.now()
        row.reason = (answer.reason or "; ".join(refused.get(row.line_id, [])))[:300]
    PlatformRow.objects.bulk_update(rows, ["outcome", "answered_at", "reason"], batch_size=500)
    settle({row.run_id for row in rows})
    return rows


def move(pairs: Iterable[tuple[Any, Answer]], by: Any) -> dict[int, list[str]]:
    """Take the steps that the answers mean; return why somebody's learning did not move (dropped meanwhile)."""
    by_step: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line, answer in pairs:
        if answer.outcome == Outcome.REFUSED:
            if line.state == L.SUBMITTED:
                by_step["take_back", answer.reason or _("Refused by the platform without a reason.")].append(
                    line.pk
                )
            continue
        if line.state == L.PENDING:
            by_step["hand_off", ""].append(line.pk)
        if answer.outcome == Outcome.OPENED and line.state in (L.PENDING, L.SUBMITTED):
            by_step["open_learning", ""].append(line.pk)
    if len(by_step) > FEW:  # each row keeps its own reason anyway
        back = [pk for (step, _opinion), pks in by_step.items() if step == "take_back" for pk in pks]
        by_step = {key: pks for key, pks in by_step.items() if key[0] != "take_back"}
        by_step["take_back", _("Refused by the platform; the reason stands in the hand-over.")] = back
    refused: dict[int, list[str]] = {}
    # Handing off comes before opening.
    for step, opinion in sorted(by_step, key=lambda pair: pair[0] == "open_learning"):
        refused |= move_lines(by_step[step, opinion], step, by=by, opinion=opinion).refused
    return refused


def tidy(lines: Iterable[int]) -> None:
    """Close the rows of people whose learning went on without the platform's word (opened by hand, dropped, taken
    back), and settle their hand-overs."""
    rows = PlatformRow.objects.filter(line__in=list(lines), outcome__in=OPEN_ROWS)
    back = Q(line__state=L.PENDING) & (
        Q(outcome=Outcome.ACCEPTED) | Q(run__adapter=PlatformRun.Adapter.EXCEL)
    )
    touched: set[int] = set()
    for outcome, condition in (
        (Outcome.WITHDRAWN, Q(line__state=L.DROPPED)),
        (Outcome.OPENED, Q(line__state__in=(L.LEARNING, L.PASSED, L.FAILED))),
        (Outcome.REFUSED, back),
    ):
        found = dict(rows.filter(condition).values_list("pk", "run_id"))
        PlatformRow.objects.filter(pk__in=list(found)).update(outcome=outcome, answered_at=timezone.now())
        touched |= set(found.values())
    settle(touched)


def settle(runs: Iterable[int]) -> None:
    """Say of each run what its rows say: opened, partly refused, or still with the platform."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    found = PlatformRow.objects.filter(run__in=list(runs)).values("run", "outcome").order_by()
    for row in found.annotate(number=Count("pk")):
        counts[row["run"]][row["outcome"]] = row["number"]
    by_status: dict[str, list[int]] = defaultdict(list)
    for pk, number in counts.items():
        by_status[status_of(number)].append(pk)
    now = timezone.now()
    for status, pks in by_status.items():
        changing = PlatformRun.objects.filter(pk__in=pks)
        if status == Status.SENT:  # one that was not sent yet is not sent by somebody's being dropped
            changing = changing.exclude(status__in=[Status.QUEUED, Status.FAILED])
        changing.update(status=status, answered_at=now, error="")


def status_of(number: Mapping[str, int]) -> str:
    if number.get(Outcome.WAITING) or number.get(Outcome.ACCEPTED):
        return Status.SENT
    if number.get(Outcome.REFUSED):
        return Status.PARTLY
    return Status.CONFIRMED if number.get(Outcome.OPENED) else Status.WITHDRAWN
