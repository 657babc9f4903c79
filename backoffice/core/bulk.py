"""`perform_all()`: one step on many records of one flow, with the same care as `perform()` and a constant number
of queries (the steps' own effects aside)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from backoffice.core.flow import Flow, Step, StepRefused, account_of, at_own_desk
from backoffice.core.models.inbox import Task, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.working_days import add_working_days
from backoffice.roles import DESK_BINDINGS

#: Rows that change to the same values share one UPDATE; more different values than this go in one CASE.
FEW = 8


@dataclass
class Done:
    """What became of the records: those that took the step, and why each of the others did not."""

    rows: list[Any] = field(default_factory=list)
    refused: dict[int, list[str]] = field(default_factory=dict)


@transaction.atomic
def perform_all(
    model: type[Flow], ids: Iterable[int], name: str, *, by: Any, opinion: str = "",
    data: Mapping[int, Mapping[str, Any]] | None = None, related: tuple[str, ...] = (), **shared: Any,
) -> Done:  # fmt: skip
    """Take the step on each of these records in one transaction; one that is refused does not hold up the others.

    `data` holds what a single record's step gets besides the `shared` keyword arguments, by primary key. `related`
    is what guards and effects read of other records. Steps that follow by themselves (`onward`) are not taken here.
    """
    declared = model.steps()[name]
    wanted = list(dict.fromkeys(ids))
    rows = visible_to(model, by).select_for_update(of=("self",)).select_related(*related).in_bulk(wanted)
    outcome = Done()
    opinion = opinion.strip()
    for pk in wanted:
        row = rows.get(pk)
        if row is not None and not (reasons := reasons_against(row, declared, by, opinion)):
            outcome.rows.append(row)
        else:
            outcome.refused[pk] = reasons if row is not None else [_("This record is not yours to act on.")]
    apply_all(outcome.rows, name, by=by, opinion=opinion, data=data, **shared)
    return outcome


def apply_all(
    rows: list[Any], name: str, *, by: Any, opinion: str = "", data: Mapping[int, Mapping[str, Any]] | None = None,
    **shared: Any,
) -> None:  # fmt: skip
    """Take a step that was checked on locked rows of one flow, inside the caller's transaction."""
    if not rows:
        return
    declared = rows[0].steps()[name]
    before = {row.pk: values_of(row) for row in rows}
    for row in rows:
        getattr(row, name)(by=by, opinion=opinion, **{**shared, **(data or {}).get(row.pk, {})})
    store(type(rows[0]), declared, rows, before, by, opinion)
    for row in rows:
        row.last_step = name
        row.transition_done(declared, by, opinion)


def reasons_against(row: Flow, declared: Step, by: Any, opinion: str) -> list[str]:
    if by.role not in declared.by or not at_own_desk(row, by):
        return [_("“%(step)s” is not for your role.") % {"step": declared.label}]
    if row.state not in declared.sources:
        return [_("“%(step)s” is not possible in the present state.") % {"step": declared.label}]
    if declared.opinion_required and not opinion:
        return [_("Write an opinion: the other side must know what to correct.")]
    return declared.refusals(row)


def values_of(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def store(
    model: type[Flow],
    declared: Step,
    rows: list[Any],
    before: dict[int, dict[str, Any]],
    by: Any,
    opinion: str,
) -> None:
    """Rows, history, log and tasks, each with as many statements for a thousand rows as for one."""
    now, user = timezone.now(), account_of(by)
    for stamp in (f for f in model._meta.concrete_fields if getattr(f, "auto_now", False)):
        for row in rows:
            setattr(row, stamp.attname, now)
    update(model, rows, before)
    reason = f"{declared.label}: {opinion}" if opinion else str(declared.label)
    if hasattr(model, "history"):
        bulk_update_with_history(rows, model, [], default_user=user, default_change_reason=reason)
    kind = ContentType.objects.get_for_model(model)
    ids = [row.pk for row in rows]
    tasks = Task.objects.filter(content_type=kind, object_id__in=ids)
    due = dict(tasks.filter(closed_at=None).values_list("object_id", "due_on"))
    TransitionLog.objects.bulk_create(
        TransitionLog(
            content_type=kind, object_id=row.pk, step=declared.name, source=before[row.pk]["state"], target=row.state,
            by=user, by_name=str(by)[:100], role=by.role, opinion=opinion, due_on=due.get(row.pk),
        )
        for row in rows
    )  # fmt: skip
    if not model.desks:
        return
    tasks.filter(closed_at=None).update(closed_at=now, closed_by=user, closed_with=declared.name)
    opened = [task for row in rows if (task := task_for(row, kind)) is not None]
    tasks.filter(object_id__in=[task.object_id for task in opened], is_latest=True).update(is_latest=False)
    Task.objects.bulk_create(opened)


def task_for(row: Flow, kind: ContentType) -> Task | None:
    """The task of the desk the record waits at now (not stored); None at an end."""
    desk = row.desk()
    if desk is None:
        return None
    bound = desk.bound_id(row)
    if desk.role in DESK_BINDINGS and bound is None:
        raise StepRefused(_("Nobody would receive this: it is not addressed to anyone yet."))
    days = desk.working_days
    return Task(
        content_type=kind, object_id=row.pk, role=desk.role, bound_id=bound, state=row.state,
        subject=row.task_subject()[:200],
        due_on=add_working_days(timezone.localdate(), days) if days else None,
    )  # fmt: skip


def update(model: type[models.Model], rows: list[Any], before: dict[int, dict[str, Any]]) -> None:
    """Write what changed: rows that changed alike by one UPDATE, many different ones by one CASE."""
    alike: dict[tuple, list[int]] = defaultdict(list)
    for row in rows:
        changed = tuple((name, new) for name, new in values_of(row).items() if new != before[row.pk][name])
        alike[changed].append(row.pk)
    if len(alike) <= FEW:
        for changed, ids in alike.items():
            model._default_manager.filter(pk__in=ids).update(**dict(changed))
        return
    names = sorted({name for changed in alike for name, _value in changed})
    model._default_manager.bulk_update(rows, names, batch_size=500)
