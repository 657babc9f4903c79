"""`perform_all()`: one step on many records of one flow, with the same care as `perform()`.

A step that is declared `in_bulk` costs as many queries for a thousand records as for one (its own guards and effects
aside); any other is taken by one record after the other. What becomes of the records is the same in both.
"""

import copy
import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from backoffice.core.flow import (
    Flow,
    Step,
    StepRefused,
    System,
    account_of,
    at_own_desk,
    days_from_now,
    handled_already,
    new_log,
    new_task,
    perform,
)
from backoffice.core.locks import again_after_deadlock
from backoffice.core.models.inbox import Task, TransitionLog
from backoffice.core.scoping import visible_to

#: Rows that change to the same values share one UPDATE; more different values than this go in one CASE.
FEW = 8

#: A time this short ago was the present when the step was taken on the first of the records.
MOMENT = timedelta(minutes=1)

#: What a single record's step gets besides what all get, by primary key.
Data = Mapping[int, Mapping[str, Any]]


@dataclass
class Done:
    """What became of the records: those that took the step, and why each of the others did not."""

    rows: list[Any] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)


@again_after_deadlock
@transaction.atomic
def perform_all(
    model: type[Flow], ids: Iterable[int], name: str, *, by: Any, opinion: str = "", data: Data | None = None,
    seen: Mapping[int, int] | None = None, related: tuple[str, ...] = (), **shared: Any,
) -> Done:  # fmt: skip
    """Take the step on each of these records in one transaction; one that is refused does not hold up the others.

    `data` holds what a single record's step gets besides the `shared` keyword arguments, `seen` the `last_log_id()`
    of the page it was decided on, both by primary key. `related` is read along with the records, for guards and
    effects. Steps that follow by themselves (`onward`) are taken as well.
    """
    declared = model.steps()[name]
    wanted, opinion = list(dict.fromkeys(ids)), opinion.strip()
    model.lock_first(wanted, name)
    rows = visible_to(model, by).select_for_update(of=("self",)).order_by("pk")
    found = rows.select_related(*related, *model.bulk_related).in_bulk(sorted(wanted))
    if declared.in_bulk:
        refused = reasons_against(model, wanted, found, declared, by, opinion, seen)
        ready = [found[pk] for pk in wanted if pk not in refused]
        try:
            with transaction.atomic():
                apply_all(ready, name, by=by, opinion=opinion, data=data, **shared)
            return Done(ready, refused)
        except (StepRefused, IntegrityError):
            pass  # the effect refused one of them; taken one by one, it is known which
    return one_by_one(model, wanted, name, by, opinion, data or {}, seen or {}, shared)


def one_by_one(
    model: type[Flow], wanted: list[int], name: str, by: Any, opinion: str, data: Data, seen: Mapping[int, int],
    shared: Mapping[str, Any],
) -> Done:  # fmt: skip
    outcome = Done()
    for pk in wanted:
        values = {**shared, **data.get(pk, {})}
        try:
            row = perform(model(pk=pk), name, by=by, seen=seen.get(pk), opinion=opinion, **values)
        except StepRefused as refusal:
            outcome.refused[pk] = str(refusal).splitlines()
        else:
            outcome.rows.append(row)
    return outcome


def apply_all(
    rows: list[Any], name: str, *, by: Any, opinion: str = "", data: Data | None = None, **shared: Any
) -> None:
    """Take a step that was checked on locked rows of one flow, and those that follow by themselves (`onward`),
    inside the caller's transaction."""
    if not rows:
        return
    model, declared = type(rows[0]), rows[0].steps()[name]
    before = {row.pk: values_of(row) for row in rows}
    for row in rows:
        getattr(row, name)(by=by, opinion=opinion, **{**shared, **(data or {}).get(row.pk, {})})
        row.last_step = name
    save(model, declared, rows, before, by, opinion)
    close_tasks_and_log(model, declared, rows, before, by, opinion)
    follows: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        follows[row.onward()].append(row)
    open_tasks(model, follows.pop("", []))
    model.transitions_done(rows, declared, by, opinion)
    for next_name, those in follows.items():
        apply_all(those, next_name, by=System())


@transaction.atomic
def go_on_all(model: type[Flow], ids: Iterable[int]) -> None:
    """Take the step that follows by itself on each of these records that has one now (`flow.go_on()` for many)."""
    rows = model._default_manager.select_for_update(of=("self",)).order_by("pk")  # type: ignore[attr-defined]
    follows: dict[str, list[Any]] = defaultdict(list)
    for row in rows.select_related(*model.bulk_related).filter(pk__in=set(ids)):
        follows[row.onward()].append(row)
    follows.pop("", None)
    for name, those in follows.items():
        apply_all(those, name, by=System())


# --- May they? ---------------------------------------------------------------------------------------


def reasons_against(
    model: type[Flow], wanted: list[int], rows: Mapping[int, Any], declared: Step, by: Any, opinion: str,
    seen: Mapping[int, int] | None,
) -> dict[int, list[str]]:  # fmt: skip
    """Why each record that may not take the step may not, in the words of `perform()`."""
    stale = [pk for pk, row in rows.items() if row.state not in declared.sources]
    last = last_logs(model, rows if seen else stale) if seen or stale else {}
    refused = {}
    for pk in wanted:
        row = rows.get(pk)
        reasons = (
            [_("This record is not yours to act on.")]
            if row is None
            else reasons_of(row, declared, by, opinion, last.get(pk), (seen or {}).get(pk))
        )
        if reasons:
            refused[pk] = reasons
    return refused


def reasons_of(
    row: Flow, declared: Step, by: Any, opinion: str, last: TransitionLog | None, seen: int | None
) -> list[str]:
    if by.role not in declared.by or not at_own_desk(row, by):
        return [_("“%(step)s” is not for your role.") % {"step": declared.label}]
    if row.state not in declared.sources or seen not in (None, last.pk if last else 0):
        return [str(handled_already(declared, last))]
    if declared.opinion_required and not opinion:
        return [_("Write an opinion: the other side must know what to correct.")]
    return [line for reason in declared.refusals(row) for line in reason.splitlines()]


def last_logs(model: type[Flow], ids: Iterable[int]) -> dict[int, TransitionLog]:
    """The newest step of each of these records that has one, with one query."""
    kind = ContentType.objects.get_for_model(model)
    logs = TransitionLog.objects.filter(content_type=kind, object_id__in=list(ids)).order_by()
    newest = logs.values("object_id").annotate(last=models.Max("pk")).values("last")
    return {log.object_id: log for log in TransitionLog.objects.filter(pk__in=newest)}


# --- Writing -----------------------------------------------------------------------------------------


def values_of(row: models.Model) -> dict[str, Any]:
    """The row's values by column; what can change in place is copied."""
    values = {}
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        if isinstance(column, models.FileField):
            value = value.name
        values[column.attname] = copy.deepcopy(value) if isinstance(value, dict | list) else value
    return values


def save(
    model: type[Flow],
    declared: Step,
    rows: list[Any],
    before: dict[int, dict[str, Any]],
    by: Any,
    opinion: str,
) -> None:
    """The rows and their history, each with as many statements for a thousand rows as for one."""
    user = account_of(by)
    same_moment(model, rows, before)
    for row in rows:
        row._history_user = user
        row._change_reason = f"{declared.label}: {opinion}" if opinion else str(declared.label)
    update(model, rows, before)
    if hasattr(model, "history"):
        bulk_update_with_history(rows, model, [])
    for row in rows:
        row._change_reason = None  # a later save has its own reason
        row._update_initial_state()  # and saves upon the state that is stored now


def same_moment(model: type[Flow], rows: list[Any], before: dict[int, dict[str, Any]]) -> None:
    """One time for all: `auto_now` columns, and what the step set to the present a moment ago."""
    now = timezone.now()
    columns = [column for column in model._meta.concrete_fields if isinstance(column, models.DateTimeField)]
    for row in rows:
        for column in columns:
            value = getattr(row, column.attname)
            is_new = value is not None and value != before[row.pk][column.attname]
            if column.auto_now or (is_new and now - MOMENT <= value <= now):
                setattr(row, column.attname, now)


def update(model: type[models.Model], rows: list[Any], before: dict[int, dict[str, Any]]) -> None:
    """Write what changed: rows that changed alike by one UPDATE, many different ones by one CASE."""
    changes = {
        row.pk: {name: new for name, new in values_of(row).items() if new != before[row.pk][name]}
        for row in rows
    }
    alike: list[tuple[dict[str, Any], list[int]]] = []
    for pk, changed in changes.items():
        same = next((ids for known, ids in alike if known == changed), None)
        if same is not None:
            same.append(pk)
            continue
        alike.append((changed, [pk]))
        if len(alike) > FEW:
            return update_by_case(model, rows, changes)
    for changed, ids in alike:
        if changed:
            model._default_manager.filter(pk__in=ids).update(**changed)
    return None


def update_by_case(model: type[models.Model], rows: list[Any], changes: dict[int, dict[str, Any]]) -> None:
    """What all rows have in common by one UPDATE, the rest by a CASE for each column."""
    names = sorted({name for changed in changes.values() for name in changed})
    first = rows[0]
    shared = [name for name in names if all(getattr(row, name) == getattr(first, name) for row in rows)]
    if shared:
        common = {name: getattr(first, name) for name in shared}
        model._default_manager.filter(pk__in=list(changes)).update(**common)
    if different := [name for name in names if name not in shared]:
        model._default_manager.bulk_update(rows, different, batch_size=500)


def close_tasks_and_log(
    model: type[Flow],
    declared: Step,
    rows: list[Any],
    before: dict[int, dict[str, Any]],
    by: Any,
    opinion: str,
) -> None:
    kind, user = ContentType.objects.get_for_model(model), account_of(by)
    due: dict[int, Any] = {}
    if model.desks:
        waiting = Task.objects.filter(content_type=kind, object_id__in=list(before), closed_at=None)
        due = dict(waiting.values_list("object_id", "due_on"))
        waiting.update(closed_at=timezone.now(), closed_by=user, closed_with=declared.name)
    TransitionLog.objects.bulk_create(
        new_log(row, declared.name, before[row.pk]["state"], by, opinion, due.get(row.pk)) for row in rows
    )


def open_tasks(model: type[Flow], rows: list[Any]) -> None:
    """The tasks of the desks the records wait at now; none at an end."""
    due_on = functools.cache(days_from_now)
    opened = [task for row in rows if (task := new_task(row, due_on)) is not None]
    if opened:
        ids = [task.object_id for task in opened]
        kind = ContentType.objects.get_for_model(model)
        Task.objects.filter(content_type=kind, object_id__in=ids, is_latest=True).update(is_latest=False)
        Task.objects.bulk_create(opened)
