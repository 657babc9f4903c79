"""Taking an import back, in the background and in slices: nobody waits for more than one slice.

    begin -> carry_on: slice, slice, slice … -> UNDONE, or PARTLY where something stays, with the reasons

What is still to be taken back is read from the database each time, so an undo that was killed goes on where it was.
Each slice is a transaction of its own and looks again, under its locks, at what was built on its records meanwhile.
"""

import logging
import time
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_tasks import task

from backoffice.core.import_watch import claim, promise
from backoffice.core.importers import ImportRefused, Slice, importer_for, must_import
from backoffice.core.models import ImportRun

logger = logging.getLogger("backoffice.imports")
Status = ImportRun.Status
#: A run in one of these states has something that may be taken back.
UNDOABLE = (Status.DONE, Status.PARTLY)
#: So many of those that stay are named on the page; the others are counted.
SHOWN = 50
ATTEMPTS = 3
#: Between two slices others get their turn: a quarter of what the slice took, at most so many seconds. PostgreSQL
#: locks rows only; on SQLite whoever wants to write looks for the free moment every tenth of a second.
LONGEST_PAUSE = 0.15


def undo_blockers(run: ImportRun) -> list[str]:
    """What stands against an undo as a whole, as sentences; none if it can begin."""
    if run.status not in UNDOABLE:
        return [why_not_undone(run)]
    return importer_for(run.layout).undo_blockers(run)


def undo_preview(run: ImportRun) -> tuple[int, list[tuple[str, str]]] | None:
    """How many records an undo would take back now, and which would stay and why; None where it is all or nothing."""
    preview = getattr(importer_for(run.layout), "undo_preview", None)
    return preview(run) if preview and run.status in UNDOABLE else None


def begin_undo(run: ImportRun, by: Any, *, enqueue: bool = True) -> ImportRun:
    """Let the undo be done in the background; ImportRefused with the sentences that stand against it.

    A second click changes nothing and says who was first.
    """
    must_import(by, run.layout)
    if blockers := undo_blockers(ImportRun.objects.get(pk=run.pk)):
        raise ImportRefused(*blockers)
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.status not in UNDOABLE:
            raise ImportRefused(why_not_undone(locked))
        state = {"before": locked.status, "language": translation.get_language()}
        ImportRun.objects.filter(pk=run.pk).update(
            status=Status.UNDOING, undone_by_id=by.pk, undone_at=timezone.now(), progress=0, undo_state=state,
            error="", worker="", restarts=0, alive_at=timezone.now(),
        )  # fmt: skip
        if enqueue:
            promise(undo_import, run.pk)
    run.refresh_from_db()
    return run


def undo(run: ImportRun, by: Any) -> ImportRun:
    """Take the import back here and now, for the command line and for tests; see `begin_undo()`."""
    begin_undo(run, by, enqueue=False)
    carry_on_undo(run.pk)
    run.refresh_from_db()
    return run


@task()
def undo_import(run_id: int) -> None:
    carry_on_undo(run_id)


def carry_on_undo(run_id: int) -> None:
    """Do an undo that was begun, or go on with one whose worker died."""
    run = claim(run_id, (Status.UNDOING,))
    if run is None:
        return
    with translation.override(run.undo_state.get("language")):
        try:
            take_back(run)
        except Exception as error:
            # Frames only: a database's message can quote an ID number, and logs hold nothing personal.
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("Undo of import %s failed: %s\n%s", run.pk, type(error).__name__, frames)
            stop(
                run,
                _("The undo stopped because of a fault. What was taken back so far stays so; try it again."),
            )


def stop(run: ImportRun, sentence: str) -> None:
    """End an undo before its end; it can be begun again."""
    ImportRun.objects.filter(pk=run.pk, status=Status.UNDOING).update(
        status=Status.PARTLY, error=sentence, undone_at=timezone.now(), worker=""
    )


def take_back(run: ImportRun) -> None:
    """All slices that are left, one transaction each."""
    importer = importer_for(run.layout)
    by = get_user_model().objects.filter(pk=run.undone_by_id or 0).first()
    slices = list(importer.undo_slices(run))
    remaining = sum(len(part.ids) for part in slices)
    total = max(remaining, run.undo_state.get("total", 0))
    stay: list[dict[str, str]] = []
    for part in slices:
        began = time.monotonic()
        kept = take_slice(run, importer, part, by)
        if kept is None:
            return  # another worker has ended it
        stay += kept
        remaining -= len(part.ids)
        state = run.undo_state | {"total": total, "stay": len(stay), "first": stay[:SHOWN]}
        saved = ImportRun.objects.filter(pk=run.pk, status=Status.UNDOING).update(
            progress=min(99, 100 * (total - remaining) // max(total, 1)),
            alive_at=timezone.now(),
            undo_state=state,
        )
        if not saved:
            return
        if connection.vendor == "sqlite":
            time.sleep(min(LONGEST_PAUSE, (time.monotonic() - began) / 4))
    state = run.undo_state | {"total": total, "stay": len(stay), "first": stay[:SHOWN]}
    # What all stays is as it was before.
    end = Status.UNDONE if not stay else state["before"] if len(stay) >= total else Status.PARTLY
    ImportRun.objects.filter(pk=run.pk, status=Status.UNDOING).update(
        status=end, progress=100, undone_at=timezone.now(), undo_state=state, worker=""
    )


def take_slice(run: ImportRun, importer: Any, part: Slice, by: Any) -> list[dict[str, str]] | None:
    """One slice in one transaction, tried again when somebody else's change came between; what stays and why.

    None if the undo was ended by somebody else.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                # Two workers on one run take turns: what the first has taken back, the second does not find.
                locked = ImportRun.objects.select_for_update().get(pk=run.pk)
                if locked.status != Status.UNDOING:
                    return None
                kept = importer.undo_slice(locked, part, by)
                return [{"what": what, "reason": reason} for what, reason in kept]
        except (IntegrityError, OperationalError):
            if attempt == ATTEMPTS:
                raise
    return None


def in_slices(kind: str, ids: Sequence[int], size: int) -> Iterator[Slice]:
    """Records of one kind, `size` at a time."""
    for first in range(0, len(ids), size):
        yield Slice(kind, ids[first : first + size])


def why_not_undone(run: ImportRun) -> str:
    moment = timezone.localtime(run.undone_at) if run.undone_at else None
    said = {
        "who": run.undone_by or _("the command line"),
        "when": f"{moment:%Y-%m-%d %H:%M}" if moment else "–",
    }
    if run.status == Status.UNDONE:
        return _("Already undone by {who} at {when}.").format(**said)
    if run.status == Status.UNDOING:
        return _("{who} is undoing this import since {when}; this page shows how far it is.").format(**said)
    return _("Only a finished import can be undone; this one is: {status}.").format(
        status=run.get_status_display()
    )
