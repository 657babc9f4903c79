"""Sending batches and asking for news in the background.

A killed worker leaves a batch QUEUED or SENDING: its job is started again (core/tasks.py) and sends the same batch
with the same key. The platform does the work once; we record its answer once, in one transaction.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import task

from backoffice.core.scoping import visible_to
from backoffice.core.tasks import attempt, deferred, on_reap, retrying, waiting_jobs
from backoffice.roles import Role
from training.flows.learning import L
from training.models import EnrolmentLine, PlatformRow, PlatformRun
from training.platform import http
from training.platform.answers import MEANING, Answer, record, settle, tidy
from training.platform.http import PlatformError

Outcome, Status = PlatformRow.Outcome, PlatformRun.Status
#: Seconds before the second, third … attempt; the last one is repeated.
BACK_OFF: Final = (60, 300, 1800)
MAX_ATTEMPTS: Final = 8
#: A batch without a job is looked for after so long; where the queue cannot be looked into, after the longest wait
#: between two attempts.
PATIENCE: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=1)
#: So long the platform is asked by itself whether it has opened the learning.
ASKED_FOR: Final = timedelta(days=14)
#: So many people are asked about in one request.
ASK_FOR_MOST: Final = 1_000


def start_sending(run_id: int) -> None:
    retrying(send_run, run_id, attempts=MAX_ATTEMPTS, back_off=BACK_OFF)


def watch() -> int:
    """Send again what was handed over and has no job: a broker was down, or its worker was killed too often. The key
    is the same, so twice has one effect."""
    jobs = waiting_jobs(attempt.module_path)
    late = timezone.now() - (LONGEST_WAIT if jobs is None else PATIENCE)
    waiting = PlatformRun.objects.filter(
        adapter=PlatformRun.Adapter.HTTP, status__in=(Status.QUEUED, Status.SENDING)
    )
    waiting = waiting.filter(created_at__lt=late).exclude(sent_at__gte=late)
    known = {job[1][0] for job in jobs or [] if job[0] == send_run.module_path}
    left = [pk for pk in waiting.values_list("pk", flat=True) if pk not in known]
    for pk in left:
        start_sending(pk)
    return len(left)


on_reap(watch)


@task()
def send_run(run_id: int) -> None:
    """Send the batch and record the answer; raises where another attempt may help."""
    claimed = PlatformRun.objects.filter(pk=run_id, status__in=[Status.QUEUED, Status.SENDING])
    if not claimed.update(status=Status.SENDING, attempts=F("attempts") + 1, sent_at=timezone.now()):
        return
    run = PlatformRun.objects.select_related("sent_by").get(pk=run_id)
    try:
        may_act(run)
        lines = lines_of(run)
        if not lines:
            settle([run_id])
            return
        answers = http.ask(
            "enrolments", {"batch": str(run.key), "lines": [spoken(line) for line in lines]}, key=run.key
        )
        record(understood(answers, [line.pk for line in lines]), by=run.sent_by, run=run)
        if run.rows.filter(outcome=Outcome.WAITING).exists():
            raise PlatformError(_("The platform's answer does not name everybody."))
    except PlatformError as error:
        failed(run, error)
        return
    ask_later(run_id)


def may_act(run: PlatformRun) -> None:
    if not run.sent_by.is_active or run.sent_by.role != Role.TRAINING:
        raise PlatformError(
            _("%(name)s no longer works for the training department; a colleague sends this again.")
            % {"name": run.sent_by}, final=True,
        )  # fmt: skip


def lines_of(run: PlatformRun) -> list[EnrolmentLine]:
    """The people of the batch: the same ones at every attempt. Who was dropped before the first is left out."""
    rows = run.rows.exclude(outcome=Outcome.WITHDRAWN)
    if run.attempts == 1:
        gone = rows.filter(outcome=Outcome.WAITING).exclude(line__state=L.PENDING)
        gone.update(outcome=Outcome.WITHDRAWN, reason=_("Dropped before the hand-over was sent."))
    lines = EnrolmentLine.objects.filter(platform_rows__in=rows).order_by("pk")
    return list(lines.select_related("person", "enrolment__company", "enrolment__training_class"))


def spoken(line: EnrolmentLine) -> dict[str, Any]:
    """One person as the platform's service gets it (README.md)."""
    enrolment, course = line.enrolment, line.enrolment.training_class
    return {
        "reference": str(line.pk), "name": line.name, "id_number": line.id_number, "phone": line.person.phone,
        "class": {
            "reference": str(course.pk), "title": course.title, "type": course.type,
            "begins": course.start_date.isoformat() if course.start_date else "",
            "ends": course.end_date.isoformat() if course.end_date else "",
        },
        "category": line.category, "certificate_number": line.certificate_number, "company": enrolment.company.name,
    }  # fmt: skip


def understood(lines: Iterable[dict[str, Any]], asked: Iterable[int]) -> dict[int, Answer]:
    """The answers by number of the enrolled person; PlatformError where a word is not in the contract."""
    found = {}
    for pk, line in http.by_reference(lines, asked).items():
        if line["status"] not in MEANING:
            raise http.not_understood()
        found[pk] = Answer(MEANING[line["status"]], " ".join(str(line.get("reason") or "").split())[:300])
    return found


def failed(run: PlatformRun, error: PlatformError) -> None:
    """Note why; raise so that the job is tried again, unless that cannot help or was tried often enough."""
    over = error.final or run.attempts >= MAX_ATTEMPTS
    # record() has put the run to SENT where only some were answered; another process may have finished it.
    if not run.rows.filter(outcome=Outcome.WAITING).exists():
        return
    PlatformRun.objects.filter(pk=run.pk).update(
        status=Status.FAILED if over else Status.QUEUED, error=str(error)
    )
    if not over:
        raise error


# --- News ---------------------------------------------------------------------------------------------


def ask_later(run_id: int) -> None:
    """Ask for news after a while, as long as somebody's learning is not open yet."""
    run = PlatformRun.objects.filter(pk=run_id, status=Status.SENT).first()
    if run is None or not run.by_http or not ask_run.get_backend().supports_defer:
        return
    if run.created_at > timezone.now() - ASKED_FOR:
        minutes = settings.LEARNING_PLATFORM_HTTP["poll_minutes"]
        deferred(ask_run, timezone.now() + timedelta(minutes=minutes)).enqueue(run_id)


@task()
def ask_run(run_id: int) -> None:
    """Ask whether the learning of a batch was opened; ask again later where it was not."""
    run = PlatformRun.objects.filter(pk=run_id, status=Status.SENT).select_related("sent_by").first()
    if run is None or not run.by_http:
        return
    try:
        may_act(run)
        ask_now(run, by=run.sent_by)
    except PlatformError as error:
        PlatformRun.objects.filter(pk=run_id, status=Status.SENT).update(error=str(error))
    ask_later(run_id)


def ask_now(run: PlatformRun, *, by: Any) -> int:
    """Ask and record; return for how many the platform had news. Raises PlatformError."""
    tidy(run.rows.values_list("line_id", flat=True))
    asked = list(run.rows.filter(outcome=Outcome.ACCEPTED).values_list("line_id", flat=True))
    if not asked:
        return 0
    lines = http.ask("status", {"references": [str(pk) for pk in asked]})
    return len(record(understood(lines, asked), by=by, run=run))


def fetch_results(*, by: Any) -> Any:
    """Fetch hours, scores and results of everybody who learns on the platform, and record them."""
    from training.results.record import Recorded, record_results

    learning = visible_to(EnrolmentLine, by).filter(
        state=L.LEARNING,
        platform_rows__outcome=Outcome.OPENED,
        platform_rows__run__adapter=PlatformRun.Adapter.HTTP,
    )
    asked = list(learning.order_by("pk").distinct().values_list("pk", flat=True))
    total = Recorded()
    for first in range(0, len(asked), ASK_FOR_MOST):
        part = asked[first : first + ASK_FOR_MOST]
        lines = http.by_reference(http.ask("results", {"references": [str(pk) for pk in part]}), part)
        total += record_results(results_of(lines), by=by)
    return total


def results_of(lines: dict[int, dict[str, Any]]) -> dict[int, Any]:
    """The results by number of the enrolled person; PlatformError where a value is not in the contract."""
    from training.results.record import Result, hours_or_none, past_day_or_none, score_or_none

    known = {"learning": None, "passed": True, "failed": False}
    try:
        return {
            pk: Result(
                passed=known[line["status"]], study_hours=hours_or_none(line.get("study_hours")),
                score=score_or_none(line.get("score")), passed_on=past_day_or_none(line.get("passed_on")),
            )
            for pk, line in lines.items()
        }  # fmt: skip
    except (ValueError, KeyError):
        raise http.not_understood() from None
