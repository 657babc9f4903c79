"""Import runs that were promised and that nobody does any more: who does a run, whether it still lives, what then.

A run is promised (QUEUED, UNDOING) in the same transaction as the click. Whether the queue takes the job is another
matter: the broker may be down, a worker may be killed, a command may be broken off. So nothing depends on the job:
`watch()` looks at the runs themselves, and gives out again what nobody does.
"""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from backoffice.core.models import ImportRun
from backoffice.core.tasks import (
    MAX_RESTARTS,
    enqueue_or_log,
    is_gone,
    is_here,
    on_reap,
    this_worker,
    waiting_jobs,
)

logger = logging.getLogger("backoffice.imports")
Status = ImportRun.Status
#: The jobs of runs that wait or are under way.
JOBS = {
    Status.QUEUED: "backoffice.core.imports.run_import",
    Status.RUNNING: "backoffice.core.imports.run_import",
    Status.UNDOING: "backoffice.core.undoing.undo_import",
}
BUSY = tuple(JOBS)
#: A job that nobody has taken up for so long is looked for.
PATIENCE = timedelta(minutes=1)
#: A queue whose jobs cannot be looked up (Celery) gets the job again after so long; done twice it has one effect.
LONG_PATIENCE = timedelta(minutes=10)
#: The option of a run that a command does itself, in its own process.
BY_COMMAND = "by_command"


def promise(job: Any, run_id: int) -> None:
    """Enqueue the job once the transaction is committed; a broker that is down is logged, and `watch()` makes good."""
    transaction.on_commit(lambda: enqueue_or_log(job, run_id))


def claim(run_id: int, states: tuple[str, ...], **changes: Any) -> ImportRun | None:
    """Take the run up in the name of this process; None if it is over, or somebody here is at it already.

    A run whose processes end without a result again and again is given up.
    """
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None or run.status not in states or (run.worker and is_done_here(run)):
            return None
        if run.restarts > MAX_RESTARTS:
            give_up(
                run,
                _("The process doing this ended %(times)d times without a result.") % {"times": run.restarts},
            )
            return None
        changes |= {"worker": this_worker(), "alive_at": timezone.now(), "restarts": run.restarts + 1}
        ImportRun.objects.filter(pk=run_id).update(**changes)
    return ImportRun.objects.get(pk=run_id)


def is_done_here(run: ImportRun) -> bool:
    """Whether a process of this machine that still lives does the run (of other machines nobody knows)."""
    return is_here(run.worker) and not is_gone(run.worker) and not too_long(run)


def too_long(run: ImportRun) -> bool:
    """Nothing may be without a sign of life longer than settings.TASK_TIME_LIMIT minutes."""
    limit = timedelta(minutes=settings.TASK_TIME_LIMIT)
    return run.alive_at is None or run.alive_at < timezone.now() - limit


def is_forsaken(run: ImportRun) -> bool:
    """Whether nobody does this busy run, and no job of it waits in the queue."""
    if run.worker and not is_gone(run.worker) and not too_long(run):
        return False
    jobs = waiting_jobs(JOBS[Status(run.status)])
    patience = LONG_PATIENCE if jobs is None else PATIENCE
    if not run.worker and run.alive_at is not None and run.alive_at > timezone.now() - patience:
        return False
    return jobs is None or [run.pk] not in jobs


def watch() -> int:
    """Give out again the runs that nobody does; return how many. Called wherever jobs of dead workers are."""
    found = [run for run in ImportRun.objects.filter(status__in=BUSY) if is_forsaken(run)]
    for run in found:
        take_care_of(run)
    return len(found)


def take_care_of(run: ImportRun) -> None:
    """A run that nobody does: give it out again, or end it where a command was to do it and was broken off."""
    same = ImportRun.objects.filter(pk=run.pk, status=run.status, worker=run.worker, alive_at=run.alive_at)
    with transaction.atomic():
        if not same.update(worker="", alive_at=timezone.now()):
            return  # somebody else has just seen to it
        logger.warning("import %s was left behind as %s", run.pk, run.status)
        if run.status != Status.UNDOING and run.options.get(BY_COMMAND):
            broken_off(run)
            return
        promise(import_string(JOBS[Status(run.status)]), run.pk)


def broken_off(run: ImportRun) -> None:
    """End a run whose command was killed, and delete its files: whoever gave the command has them."""
    with translation.override(run.options.get("language")):
        sentence = _("The command was broken off. Nothing was written; import the file again.")
    ended = ImportRun.objects.filter(pk=run.pk, status__in=(Status.QUEUED, Status.RUNNING)).update(
        status=Status.DISCARDED, error=sentence, finished_at=timezone.now(), worker="", samples={}
    )
    for file in (run.file, run.marked_copy):
        if ended and file:
            file.delete(save=False)


def give_up(run: ImportRun, sentence: str) -> None:
    """End a run that cannot be carried out. An import has written nothing, an undo is done in part."""
    end = Status.PARTLY if run.status == Status.UNDOING else Status.FAILED
    ImportRun.objects.filter(pk=run.pk).update(
        status=end, error=sentence, finished_at=run.finished_at or timezone.now(), worker=""
    )


def standstill(run: ImportRun) -> str:
    """Why a busy run does not move, as a sentence for its page; empty while it does."""
    if run.status not in BUSY or run.alive_at is None:
        return ""
    since = f"{timezone.localtime(run.alive_at):%Y-%m-%d %H:%M}"
    if run.worker and is_gone(run.worker):
        return _(
            "The process that did this ended at %(since)s. Nothing is lost: it is taken up again by itself."
        ) % {"since": since}
    if not run.worker and run.alive_at < timezone.now() - PATIENCE:
        text = _("This has been waiting since %(since)s: no background worker takes it up. Nothing is lost; it goes on "
                 "as soon as one runs. If this stays, tell the system administrator.")  # fmt: skip
        return text % {"since": since}
    return ""


on_reap(watch)
