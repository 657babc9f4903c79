"""Import runs: a file is handed in, looked through, confirmed, carried out, and can be undone.

Knows no domain: an app registers an Importer for a layout (`core.excel.layouts`) and is called in this order:

    start -> preview (-> set_mapping, set_options -> preview ...) -> confirm -> execute -> undo

What keeps a run safe: everything it writes, and its status DONE, are one transaction. Killed in the middle,
it has written nothing and is found RUNNING; executing it again starts from the file.
"""

import datetime
import gc
import hashlib
import io
import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files.base import ContentFile
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_tasks import task

from backoffice.core.excel import Table, UnreadableFile, mark_copy
from backoffice.core.import_tables import complaints, content_of, digest, read_table, remember_header
from backoffice.core.import_tables import seen_of as _seen
from backoffice.core.import_watch import BY_COMMAND, broken_off, claim, promise
from backoffice.core.importers import (
    CommandLine,
    Importer,
    ImportRefused,
    Plan,
    RegisterChanged,
    importer_for,
    may_import,
    must_import,
    register_importer,
)
from backoffice.core.models import ImportRun
from backoffice.core.undoing import UNDOABLE, begin_undo, carry_on_undo, undo, undo_blockers, undo_preview

__all__ = [
    "UNDOABLE", "CommandLine", "ImportRefused", "Importer", "Plan", "RegisterChanged", "begin_undo", "carry_on_undo",
    "importer_for", "may_import", "register_importer", "undo", "undo_blockers",
    "undo_preview",
]  # fmt: skip
logger = logging.getLogger("backoffice.imports")
Status = ImportRun.Status
#: May still be looked through again. A refused or failed run wrote nothing, so it may, too.
OPEN = (Status.UPLOADED, Status.UNMAPPED, Status.PREVIEWED, Status.REFUSED, Status.FAILED)
OPTIONS = {"all_or_nothing", "accept", "create_companies", "sheet", "sheets", "header_row"}
ATTEMPTS = 3
BULK = 10_000


# --- Handing in and looking through -------------------------------------------------------------------


def start(
    file: BinaryIO | Path | bytes,
    filename: str,
    layout: str,
    by: Any,
    options: Mapping[str, Any] | None = None,
) -> ImportRun:
    """Keep the file as a new run. Raises UnreadableFile before anything is kept."""
    must_import(by, layout)
    content = content_of(file)
    chosen = {key: value for key, value in (options or {}).items() if key in OPTIONS}
    run = ImportRun(
        layout=layout,
        filename=Path(filename).name[-200:],
        sha256=hashlib.sha256(content).hexdigest(),
        options=chosen | {"language": translation.get_language()},
        created_by_id=by.pk,
    )
    with _undisturbed(run):
        table = read_table(run, content)
    run.file.save("upload", ContentFile(content), save=False)
    run.save()
    run.__dict__["_table"] = table  # the preview that follows need not parse the file again
    return run


def preview(run: ImportRun) -> ImportRun:
    """Look through the file without writing: PREVIEWED, or UNMAPPED when required columns were not found."""
    importer = importer_for(run.layout)
    with _undisturbed(run):
        table = _table_of(run)
        if table.missing:
            _save_open(run, status=Status.UNMAPPED, seen=_seen(table), counts={}, samples={}, error="")
            return run
        plan = importer.plan(run, importer.read(run, table), to_write=False)
        saved = _save_open(
            run, status=Status.PREVIEWED, counts=plan.counts, samples=plan.samples, error="", progress=0,
            seen=_seen(table) | {"problems": run.seen.get("problems", "")},
        )  # fmt: skip
        if saved:
            _save_marked_copy(run, table, plan)
    return run


def set_mapping(
    run: ImportRun,
    mapping: Mapping[int, str],
    *,
    by: Any,
    header_row: int | None = None,
    sheets: Sequence[str] | None = None,
    remember: bool = True,
) -> ImportRun:
    """Take the user's word for which column (0-based) is which field, and look through the file again.

    `header_row` is the 1-based row of the captions and `sheets` the sheets to be read; None leaves either as it
    is. An empty mapping: as the captions say. `remember` keeps all but the sheets for files with the same header.
    """
    must_import(by, run.layout)
    known = {field.name for field in importer_for(run.layout).fields}
    before = {name: run.options.get(name) for name in ("mapping", "header_row", "sheets")}
    chosen: dict[str, Any] = {
        "mapping": {str(index): name for index, name in mapping.items() if not name or name in known}
    }
    if header_row is not None:
        chosen["header_row"] = header_row
    if sheets is not None:
        chosen["sheets"] = list(sheets)
    _save_options(run, chosen)
    run.__dict__.pop("_table", None)
    try:
        with _undisturbed(run):
            table = _table_of(run)
    except UnreadableFile:
        _save_options(run, before)  # what was pointed at is no header: the page stays as it was
        raise
    if remember and not table.missing:
        remember_header(run, table, by)
    run.__dict__["_table"] = table
    return preview(run)


def set_options(run: ImportRun, **options: Any) -> ImportRun:
    """Change all_or_nothing, accept, create_companies or sheet, and look through the file again."""
    unknown = options.keys() - OPTIONS
    if unknown:
        raise TypeError(f"Unknown import options: {', '.join(sorted(unknown))}.")
    _save_options(run, options)
    return preview(run)


def _save_options(run: ImportRun, options: Mapping[str, Any]) -> None:
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        run.options = locked.options | options
        run.status = locked.status
        _save_open(run, options=run.options)


def _save_open(run: ImportRun, **values: Any) -> bool:
    """Save unless another tab has confirmed or discarded the run meanwhile; `run` then shows its real state."""
    saved = ImportRun.objects.filter(pk=run.pk, status__in=OPEN).update(**values)
    if not saved:
        run.refresh_from_db()
        raise ImportRefused(_why_closed(run))
    for name, value in values.items():
        setattr(run, name, value)
    return True


def _why_closed(run: ImportRun) -> str:
    return _("This import can no longer be changed; it is: {status}.").format(status=run.get_status_display())


# --- Confirming and carrying out ----------------------------------------------------------------------


def confirm(run: ImportRun, by: Any, *, enqueue: bool = True) -> ImportRun:
    """Queue the run; a second click, or a second tab, changes nothing. Without `enqueue` the caller executes it.

    A broker that is down does not matter: the run is QUEUED and found again (core/import_watch.py).
    """
    must_import(by, run.layout)
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.status in OPEN and locked.status != Status.UNMAPPED:
            locked.status, locked.confirmed_at, locked.progress = Status.QUEUED, timezone.now(), 0
            locked.options = locked.options | {"confirmed_by": by.pk, BY_COMMAND: not enqueue}
            locked.worker, locked.restarts, locked.alive_at = "", 0, timezone.now()
            locked.save(
                update_fields=[
                    "status",
                    "confirmed_at",
                    "progress",
                    "options",
                    "worker",
                    "restarts",
                    "alive_at",
                ]
            )
            if enqueue:
                promise(run_import, run.pk)
    table = run.__dict__.get("_table")
    run.refresh_from_db()
    run.__dict__["_table"] = table
    return run


@task()
def run_import(run_id: int) -> None:
    execute(run_id)


def execute(run_id: int, *, table: Table | None = None) -> None:
    """Carry a confirmed run out. Safe to call again for a run whose worker died."""
    run = claim(run_id, (Status.QUEUED, Status.RUNNING), status=Status.RUNNING, progress=5)
    if run is None:
        return
    try:
        with _undisturbed(run):
            _execute(run, table)
    except UnreadableFile as error:
        _fail(run, str(error))
    except Exception as error:
        # Frames only: a database's message can quote an ID number, and logs hold nothing personal.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Import %s failed: %s\n%s", run.pk, type(error).__name__, frames)
        with translation.override(run.options.get("language")):
            _fail(run, _("The import stopped because of a fault. Nothing was written; try it again."))
    except BaseException:  # Ctrl-C; a worker's run is found again
        if run.options.get(BY_COMMAND):
            broken_off(run)
        raise


def _execute(run: ImportRun, table: Table | None) -> None:
    importer = importer_for(run.layout)
    if table is None:
        table = _table_of(run)
    if table.missing:
        ImportRun.objects.filter(pk=run.pk).update(status=Status.UNMAPPED, seen=_seen(table))
        return
    _progress(run, 25)
    rows = importer.read(run, table)
    _progress(run, 50)  # the last word before the transaction: nobody would see a later one before its end
    plan = _plan_and_write(run, importer, table, rows)
    if plan is not None:
        _save_marked_copy(run, table, plan)
        _refresh_statistics(run)


def _refresh_statistics(run: ImportRun) -> None:
    """After a bulk load the database must learn the new sizes; PostgreSQL's autovacuum sees to that itself."""
    if connection.vendor == "sqlite" and sum(run.counts.get(name, 0) for name in ("create", "update")) > BULK:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 400")
            cursor.execute("PRAGMA optimize")


def _plan_and_write(run: ImportRun, importer: Importer, table: Table, rows: Any) -> Plan | None:
    """One transaction, tried again when somebody else's change came between; None if another worker was first."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                if ImportRun.objects.select_for_update().get(pk=run.pk).status != Status.RUNNING:
                    return None
                plan = importer.plan(run, rows, to_write=True)
                refused = bool(run.options.get("all_or_nothing")) and plan.left_out > 0
                user_id = run.options.get("confirmed_by", run.created_by_id)
                ranges = {} if refused else importer.write(run, plan, user_id)
                ImportRun.objects.filter(pk=run.pk).update(
                    status=Status.REFUSED if refused else Status.DONE, progress=100, finished_at=timezone.now(),
                    seen=_seen(table) | {"problems": run.seen.get("problems", "")},
                    counts=plan.counts, samples=plan.samples, history_ranges=ranges, error="",
                )  # fmt: skip
            run.counts = plan.counts
            return plan
        except (IntegrityError, OperationalError, RegisterChanged):
            if attempt == ATTEMPTS:
                raise
    return None


def _progress(run: ImportRun, percent: int) -> None:
    now = timezone.now()
    ImportRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(progress=percent, alive_at=now)


def _fail(run: ImportRun, sentence: str) -> None:
    ImportRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(
        status=Status.FAILED, error=sentence, finished_at=timezone.now()
    )


# --- Discarding ---------------------------------------------------------------------------------------


def discard(run: ImportRun, by: Any) -> ImportRun:
    """Drop a run that was not carried out, and its files: they hold personal data."""
    must_import(by, run.layout)
    _save_open(run, status=Status.DISCARDED, samples={}, seen=run.seen | {"top": [], "sample": []})
    for file in (run.file, run.marked_copy):
        if file:
            file.delete(save=False)
    ImportRun.objects.filter(pk=run.pk).update(file="", marked_copy="")
    return run


def purge(before: datetime.datetime) -> int:
    """Discard the runs that nobody carried out and that are older than `before`; return how many."""
    purged = 0
    for run in ImportRun.objects.filter(status__in=OPEN, created_at__lt=before).iterator():
        with suppress(ImportRefused):  # someone confirms it at this very moment
            discard(run, CommandLine())
            purged += 1
    return purged


# --- The file -----------------------------------------------------------------------------------------


def _table_of(run: ImportRun) -> Table:
    """The table, parsed once: `start` leaves it on the instance for the preview that follows."""
    table = run.__dict__.pop("_table", None)
    if table is None:
        with run.file.open("rb") as file:
            table = read_table(run, file.read())
    return table


def _save_marked_copy(run: ImportRun, table: Table, plan: Plan) -> None:
    """Keep a copy of the upload with the rows left out marked; made again only if other cells are refused."""
    found = digest(plan.problems) if plan.left_out else ""
    if run.seen.get("problems", "") == found and bool(run.marked_copy) == bool(found):
        return
    old = run.marked_copy.name
    if found:
        out = io.BytesIO()
        mark_copy(table, complaints(table, plan.problems), out)
        run.marked_copy.save("marked", ContentFile(out.getvalue()), save=False)
    else:
        run.marked_copy = ""
    seen = ImportRun.objects.values_list("seen", flat=True).get(pk=run.pk)
    run.seen = seen | {"problems": found}
    ImportRun.objects.filter(pk=run.pk).update(marked_copy=run.marked_copy.name or "", seen=run.seen)
    if old:
        run.marked_copy.storage.delete(old)


@contextmanager
def _undisturbed(run: ImportRun) -> Iterator[None]:
    """In the language of the uploader, without the garbage collector walking over a million live cells."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with translation.override(run.options.get("language") or translation.get_language()):
            yield
    finally:
        if collecting:
            gc.enable()
