"""What a step leaves behind: the line of the log, the task it closes and the one it opens."""

import datetime
import functools
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core import written
from backoffice.core.flow import AlreadyHandled, Flow, Step, StepRefused, account_of
from backoffice.core.models.inbox import Task, TransitionLog
from backoffice.core.working_days import add_working_days
from backoffice.roles import DESK_BINDINGS

#: The name of the first line of every trail.
STARTED = "start"


# --- The log -----------------------------------------------------------------------------------------


def new_log(
    row: Flow, step_name: str, source: str, by: Any, opinion: str = "", due_on: Any = None
) -> TransitionLog:
    """The line of the trail, not stored yet."""
    return TransitionLog(
        content_type=ContentType.objects.get_for_model(row), object_id=row.pk, step=step_name, source=source,
        target=row.state, by=account_of(by), by_name=str(by)[:100], role=by.role, opinion=opinion, due_on=due_on,
    )  # fmt: skip


def write_log(row: Flow, step_name: str, source: str, by: Any, opinion: str = "") -> None:
    """A line of the trail beside the steps: that a flow began, or what was corrected while it waits."""
    new_log(row, step_name, source, by, opinion).save(force_insert=True)


def last_log_id(obj: models.Model) -> int:
    """The number of the last step taken; a page carries it so that a stale page can be told."""
    return TransitionLog.of(obj).aggregate(last=models.Max("id"))["last"] or 0


def last_logs(model: type[Flow], ids: Iterable[int]) -> dict[int, TransitionLog]:
    """The newest step of each of these records that has one, with one query."""
    kind = ContentType.objects.get_for_model(model)
    logs = TransitionLog.objects.filter(content_type=kind, object_id__in=list(ids)).order_by()
    newest = logs.values("object_id").annotate(last=models.Max("pk")).values("last")
    return {log.object_id: log for log in TransitionLog.objects.filter(pk__in=newest)}


def handled_already(declared: Step, last: TransitionLog | None) -> AlreadyHandled:
    """Who was faster, in words; `last` is the newest step of the record."""
    if last is None:
        return AlreadyHandled(
            _("“%(step)s” is not possible in the present state.") % {"step": declared.label}
        )
    return AlreadyHandled(
        _("Already handled by %(who)s at %(when)s. The page now shows the present state.")
        % {"who": last.by_name, "when": written.moment(last.at)}
    )


# --- The tasks ---------------------------------------------------------------------------------------


def days_from_now(days: int) -> datetime.date:
    return add_working_days(timezone.localdate(), days)


def new_task(row: Flow, due_on: Callable[[int], datetime.date] = days_from_now) -> Task | None:
    """The task of the desk `row` waits at now, not stored yet; None at an end."""
    desk = row.desk()
    if desk is None:
        return None
    bound = desk.bound_id(row)
    if desk.role in DESK_BINDINGS and bound is None:
        raise StepRefused(_("Nobody would receive this: it is not addressed to anyone yet."))
    return Task(
        content_type=ContentType.objects.get_for_model(row), object_id=row.pk, role=desk.role,
        bound_id=bound, state=row.state, subject=row.task_subject()[:200],
        due_on=due_on(desk.working_days) if desk.working_days else None,
    )  # fmt: skip


def open_tasks(model: type[Flow], rows: Iterable[Flow]) -> None:
    """The tasks of the desks the records wait at now; none at an end."""
    due_on = functools.cache(days_from_now)
    opened = [task for row in rows if (task := new_task(row, due_on)) is not None]
    if opened:
        ids = [task.object_id for task in opened]
        kind = ContentType.objects.get_for_model(model)
        Task.objects.filter(content_type=kind, object_id__in=ids, is_latest=True).update(is_latest=False)
        Task.objects.bulk_create(opened)


def close_tasks_and_log(
    model: type[Flow],
    step_name: str,
    rows: Iterable[Flow],
    sources: dict[int, str],
    by: Any,
    opinion: str,
    at: datetime.datetime,
) -> None:
    """Close the open tasks of the records that took the step; each gets its line of the trail with the day due."""
    kind = ContentType.objects.get_for_model(model)
    due: dict[int, Any] = {}
    if model.desks:
        waiting = Task.objects.filter(content_type=kind, object_id__in=list(sources), closed_at=None)
        due = dict(waiting.values_list("object_id", "due_on"))
        if due:
            waiting.update(closed_at=at, closed_by=account_of(by), closed_with=step_name)
    TransitionLog.objects.bulk_create(
        new_log(row, step_name, sources[row.pk], by, opinion, due.get(row.pk)) for row in rows
    )
