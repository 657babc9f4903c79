"""The one engine: `perform()` takes a step on a record, `perform_all()` on many; nothing else changes a state.

In one transaction it locks the rows through `visible_to(by)`, checks state, role, desk and guards, runs the step,
saves with history, writes the log, closes the open tasks and opens the next. One record is many records of one: a
step that is declared `in_bulk` costs as many queries for a thousand records as for one (its own guards and effects
aside); any other is taken by one record after the other.
"""

import copy
import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from backoffice.core.flow import Flow, Step, StepRefused, System, account_of, at_own_desk
from backoffice.core.locks import again_after_deadlock
from backoffice.core.models.inbox import TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.trail import (
    STARTED,
    close_tasks_and_log,
    handled_already,
    last_logs,
    new_log,
    open_tasks,
)

#: Rows that change to the same values share one UPDATE; more different values than this go in one CASE.
FEW = 8

#: What a single record's step gets besides what all get, by primary key.
Data = Mapping[int, Mapping[str, Any]]


@dataclass
class Done:
    """What became of the records: those that took the step, and why each of the others did not."""

    rows: list[Any] = field(default_factory=list)
    refusals: dict[int, StepRefused] = field(default_factory=dict)

    @property
    def refused(self) -> dict[int, list[str]]:
        return {pk: str(refusal).splitlines() for pk, refusal in self.refusals.items()}


@dataclass(frozen=True)
class Wish:
    """A step that somebody wants to take, with all that was said to it."""

    model: type[Flow]
    step: Step
    by: Any
    opinion: str = ""
    #: What all records' steps get.
    shared: Mapping[str, Any] = field(default_factory=dict)
    #: What single records' steps get besides.
    data: Data = field(default_factory=dict)
    #: The `last_log_id()` of the page that the user decided on: a newer step makes it stale.
    seen: Mapping[int, int] = field(default_factory=dict)
    related: tuple[str, ...] = ()


def perform(
    obj: Flow, name: str, *, by: Any, seen: int | None = None, opinion: str = "", **data: Any
) -> Flow:
    """Take the step `name` and return the saved object; raise StepRefused and change nothing otherwise.

    `seen` is the `last_log_id()` of the page the user decided on: a newer step makes this one stale.
    """
    model = type(obj)
    known = {} if seen is None else {obj.pk: seen}
    wish = Wish(model, model.steps()[name], by, opinion.strip(), shared=data, seen=known)
    done = take(wish, [obj.pk])
    if obj.pk in done.refusals:
        raise done.refusals[obj.pk]
    row: Flow = done.rows[0]
    return row


def perform_all(
    model: type[Flow], ids: Iterable[int], name: str, *, by: Any, opinion: str = "", data: Data | None = None,
    seen: Mapping[int, int] | None = None, related: tuple[str, ...] = (), **shared: Any,
) -> Done:  # fmt: skip
    """Take the step on each of these records in one transaction; one that is refused does not hold up the others.

    `data` holds what a single record's step gets besides the `shared` keyword arguments, `seen` the `last_log_id()`
    of the page it was decided on, both by primary key. `related` is read along with the records, for guards and
    effects. Steps that follow by themselves (`onward`) are taken as well.
    """
    wish = Wish(model, model.steps()[name], by, opinion.strip(), shared, data or {}, seen or {}, related)
    return take(wish, list(dict.fromkeys(ids)))


@again_after_deadlock
@transaction.atomic
def take(wish: Wish, wanted: list[int]) -> Done:
    """Lock in the one order (core/locks.py), then together where the step can, else one by one."""
    wish.model.lock_first(wanted, wish.step.name)
    if wish.step.in_bulk and len(wanted) > 1:
        try:
            return attempt(wish, wanted)
        except (StepRefused, IntegrityError):
            pass  # the effect refused one of them; taken one by one, it is known which
    done = Done()
    for pk in wanted:
        try:
            one = attempt(wish, [pk])
        except StepRefused as refusal:
            one = Done(refusals={pk: refusal})
        except IntegrityError:
            # Somebody stored the same at this very moment. The guards, asked again, see it and say so;
            # where they see nothing, it is our mistake and must not be hidden.
            row = visible_to(wish.model, wish.by).filter(pk=pk).first()
            if not (reasons := wish.step.foreseen(row) if row is not None else []):
                raise
            one = Done(refusals={pk: StepRefused("\n".join(reasons))})
        done.rows += one.rows
        done.refusals |= one.refusals
    return done


@transaction.atomic
def attempt(wish: Wish, wanted: list[int]) -> Done:
    """Lock, check and take; the records that may not take the step are told, and an effect that refuses raises."""
    rows = visible_to(wish.model, wish.by).select_for_update(of=("self",)).order_by("pk")
    found = rows.select_related(*wish.related, *wish.model.bulk_related).in_bulk(sorted(wanted))
    refusals = refusals_of(wish, wanted, found)
    ready = [found[pk] for pk in wanted if pk not in refusals]
    take_locked_step(ready, wish.step.name, by=wish.by, opinion=wish.opinion, data=wish.data, **wish.shared)
    return Done(ready, refusals)


def take_locked_step(
    rows: list[Any], name: str, *, by: Any = None, opinion: str = "", data: Data | None = None, **shared: Any
) -> None:
    """Take a step on rows of one flow that the caller has locked and checked, inside the caller's transaction.

    For the system's own steps (`by` left out) and for whoever asks more than the step's guards do. Steps that follow
    by themselves (`onward`) are taken as well.
    """
    if not rows:
        return
    actor, model, at = by or System(), type(rows[0]), timezone.now()
    declared = model.steps()[name]
    before = {row.pk: values_of(row) for row in rows}
    for row in rows:
        getattr(row, name)(by=actor, opinion=opinion, at=at, **{**shared, **(data or {}).get(row.pk, {})})
    save(model, rows, before, actor, f"{declared.label}: {opinion}" if opinion else str(declared.label), at)
    sources = {pk: values["state"] for pk, values in before.items()}
    close_tasks_and_log(model, name, rows, sources, actor, opinion, at)
    follows: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        follows[row.onward(name)].append(row)
    open_tasks(model, follows.pop("", []))
    model.transitions_done(rows, declared, actor, opinion)
    for next_name, those in follows.items():
        take_locked_step(those, next_name)


@transaction.atomic
def go_on(model: type[Flow], ids: Iterable[int]) -> None:
    """Take the step that follows by itself on each of these records that has one now: something outside decided it."""
    rows = model._default_manager.select_for_update(of=("self",)).order_by("pk")  # type: ignore[attr-defined]
    follows: dict[str, list[Any]] = defaultdict(list)
    for row in rows.select_related(*model.bulk_related).filter(pk__in=set(ids)):
        follows[row.onward()].append(row)
    follows.pop("", None)
    for name, those in follows.items():
        take_locked_step(those, name)


def start(obj: Any, *, by: Any, reason: str = "") -> Any:
    """Store a new object of a flow: history and log name who began it, and its first desk gets the task."""
    with transaction.atomic():
        obj._history_user, obj._change_reason = account_of(by), reason
        obj.save(force_insert=True)
        obj._change_reason = None  # a later save has its own reason
        begun(type(obj), [obj], by, reason)
    return obj


@transaction.atomic
def start_many(rows: list[Any], *, by: Any, reason: str = "") -> list[Any]:
    """`start()` for many new objects of one flow, with as many queries as for one."""
    if not rows:
        return []
    model = type(rows[0])
    made: list[Any] = bulk_create_with_history(
        rows, model, default_user=account_of(by), default_change_reason=reason, batch_size=500
    )
    begun(model, made, by, reason)
    return made


def begun(model: type[Flow], rows: list[Any], by: Any, reason: str) -> None:
    TransitionLog.objects.bulk_create(new_log(row, STARTED, "", by, reason) for row in rows)
    open_tasks(model, rows)


# --- May they? ---------------------------------------------------------------------------------------


def refusals_of(wish: Wish, wanted: list[int], rows: Mapping[int, Any]) -> dict[int, StepRefused]:
    """Why each record that may not take the step may not."""
    stale = [pk for pk, row in rows.items() if row.state not in wish.step.sources]
    asked = [*stale, *(pk for pk in wish.seen if pk in rows)]
    last = last_logs(wish.model, asked) if asked else {}
    found = {pk: refusal_of(wish, pk, rows.get(pk), last.get(pk)) for pk in wanted}
    return {pk: refusal for pk, refusal in found.items() if refusal is not None}


def refusal_of(wish: Wish, pk: int, row: Any, last: TransitionLog | None) -> StepRefused | None:
    """Why it is not this user's turn on this record, or what stands against the step."""
    if row is None:
        return StepRefused(_("This record is not yours to act on."))
    if wish.by.role not in wish.step.by or not at_own_desk(row, wish.by):
        return StepRefused(_("“%(step)s” is not for your role.") % {"step": wish.step.label})
    if row.state not in wish.step.sources or wish.seen.get(pk) not in (None, last.pk if last else 0):
        return handled_already(wish.step, last)
    if wish.step.opinion_required and not wish.opinion:
        return StepRefused(_("Write an opinion: the other side must know what to correct."))
    reasons = wish.step.refusals(row)
    return StepRefused("\n".join(reasons)) if reasons else None


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
    rows: list[Any],
    before: dict[int, dict[str, Any]],
    by: Any,
    reason: str,
    at: datetime.datetime,
) -> None:
    """The rows and their history, each with as many statements for a thousand rows as for one."""
    kept = [column.attname for column in model._meta.concrete_fields if getattr(column, "auto_now", False)]
    for row in rows:
        for name in kept:
            setattr(row, name, at)
        row._history_user, row._change_reason = account_of(by), reason
    update(model, rows, before)
    if hasattr(model, "history"):
        bulk_update_with_history(rows, model, [])
    for row in rows:
        row._change_reason = None  # a later save has its own reason
        row._update_initial_state()  # and saves upon the state that is stored now


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
