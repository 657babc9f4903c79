"""The three views of the inbox (manual ch. 5, FAQ 15): to do, done, and the trail of one object."""

import datetime
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.engine import perform, perform_all
from backoffice.core.flow import Flow, Step, StepRefused
from backoffice.core.models import Task, TrackedTask, TransitionLog
from backoffice.core.models.inbox import flow_models
from backoffice.core.scoping import bound_id, scope_of, visible_to
from backoffice.core.search import any_of
from backoffice.core.sensitive import text_for
from backoffice.core.spans import Span, within
from backoffice.core.trail import STARTED, last_log_id, last_logs
from backoffice.core.working_days import add_working_days, read_calendar
from backoffice.roles import ALL, BINDINGS, DESK_BINDINGS, allows, desk_label

logger = logging.getLogger(__name__)


def todo(user: Any) -> QuerySet[Task]:
    """待办: the open tasks of the user's desk, the most overdue first, then the oldest."""
    tasks = Task.objects.filter(closed_at=None, role=user.role)
    if user.role in DESK_BINDINGS:
        tasks = tasks.filter(bound_id=bound_id(user)) if bound_id(user) is not None else tasks.none()
    return tasks.order_by(F("due_on").asc(nulls_last=True), "id")


def open_to(tasks: QuerySet[Task], user: Any) -> QuerySet[Task]:
    """Those of the tasks that nobody else of the desk looks after."""
    return tasks.filter(Q(assigned_to=None) | Q(assigned_to=user))


def done(user: Any) -> QuerySet[Task]:
    """已办: what this user (or a colleague of the same company, body) finished, newest first."""
    tasks = Task.objects.filter(closed_at__isnull=False)
    if user.role in DESK_BINDINGS and bound_id(user) is not None:
        return tasks.filter(role=user.role, bound_id=bound_id(user)).order_by("-closed_at", "-id")
    return tasks.filter(closed_by=user).order_by("-closed_at", "-id")


def count_due_dates_anew(changed: datetime.date) -> int:
    """Set the due dates of open tasks by the calendar as it is now, after it was changed from that day on.

    Returns how many moved. A due date before the first changed day cannot move.
    """
    desks = {
        (ContentType.objects.get_for_model(model).pk, str(state)): desk.working_days
        for model in flow_models()
        for state, desk in model.desks.items()  # type: ignore[attr-defined]
    }
    rows = Task.objects.filter(closed_at=None, due_on__gte=changed)
    tasks: list[Any] = list(rows.values_list("pk", "content_type_id", "state", "opened_at", "due_on"))
    if not tasks:
        return 0
    first, last = timezone.localdate(min(task[3] for task in tasks)), max(task[4] for task in tasks)
    known = read_calendar(first, last + datetime.timedelta(days=400))
    moved = defaultdict(list)
    for pk, content_type, state, opened_at, due_on in tasks:
        days = desks.get((content_type, state))
        opened = timezone.localdate(opened_at)
        due = add_working_days(opened, days, known) if days else due_on
        if due != due_on:
            moved[due].append(pk)
    for due, pks in moved.items():
        for start in range(0, len(pks), 5_000):
            Task.objects.filter(pk__in=pks[start : start + 5_000]).update(due_on=due)
    return sum(map(len, moved.values()))


def trail(obj: Model) -> QuerySet[TransitionLog]:
    """流程追踪: every step of `obj`, oldest first."""
    return TransitionLog.of(obj).select_related("by").order_by("id")


def latest_tasks() -> QuerySet[TrackedTask]:
    """The newest task of every record, of all flows, whoever may see them."""
    return TrackedTask.objects.filter(is_latest=True).order_by()


def tracked(user: Any) -> QuerySet[TrackedTask]:
    """流程追踪 as a list: the newest task of every flow in the user's scope, under way or ended, newest first.

    The same rows as `visible_to(TrackedTask, user)`, found faster (`Share`).
    """
    share, latest = share_of(user), latest_tasks()
    found = latest.filter(pk__in=share.keys(latest)) if share.parts else latest.filter(share.whole)
    return found.order_by("-id")


@dataclass(frozen=True)
class Share:
    """The part of 流程追踪 that a user may see.

    Where a role sees all of a flow, the tasks alone say so (`whole`). Where it sees some, its records lead to their
    tasks; that is quick for any number of records up to a page counter's cap (`keys`). Who sees more finds a page
    soon by asking of each task, from the newest on, whether its record is one of them (`walk`).
    """

    whole: Q | None
    parts: list[tuple[Q, QuerySet]]

    def keys(self, rows: QuerySet) -> QuerySet:
        """The keys of those of `rows` that the user may see, in no order."""
        found = [
            rows.filter(of_flow, object_id__in=records.values("pk")).values_list("pk", flat=True)
            for of_flow, records in self.parts
        ]
        if self.whole is not None:
            found.append(rows.filter(self.whole).values_list("pk", flat=True))
        return found[0].union(*found[1:], all=True) if len(found) > 1 else found[0]

    def walk(self, rows: QuerySet) -> QuerySet:
        """The same of `rows`, as one condition on each."""
        conditions = [
            of_flow & Q(Exists(records.filter(pk=OuterRef("object_id")))) for of_flow, records in self.parts
        ]
        return rows.filter(any_of([*conditions, *([self.whole] if self.whole is not None else [])]))


def share_of(user: Any) -> Share:
    whole: list[ContentType] = []
    drafts: list[Q] = []
    parts: list[tuple[Q, QuerySet]] = []
    for model in tracked_flows(user):
        content_type = ContentType.objects.get_for_model(model)
        if not sees_all_of(model, user):
            parts.append((Q(content_type=content_type), visible_to(model, user).order_by()))
            continue
        whole.append(content_type)
        if private := getattr(model, "private_states", ()):
            drafts.append(Q(content_type=content_type, closed_at=None, state__in=private))
    if not whole:
        return Share(None if parts else any_of([]), parts)
    condition = Q(content_type__in=whole)
    for draft in drafts:
        condition &= ~draft
    return Share(condition, parts)


def sees_all_of(model: type[Model], user: Any) -> bool:
    """Whether nothing but a draft of an applicant keeps the user from a record."""
    shown_to = getattr(model, "shown_to", None)
    return (
        scope_of(model, user) == ALL
        and not hasattr(model, "hidden_rows")
        and not (shown_to is not None and shown_to(user))
    )


def tracked_flows(user: Any) -> list[type[Model]]:
    """The flows whose records wait at desks and of which the user may see some."""
    return [
        model
        for model in flow_models()
        if model.desks  # type: ignore[attr-defined]
        and scope_of(model, user) is not None
        and allows(user.role, "view", model._meta.label)
    ]


def colleagues(user: Any) -> QuerySet:
    """The others who sit at the same desk: same role, same company or body."""
    same = {"role": user.role, "is_active": True}
    if binding := BINDINGS.get(user.role):
        same[binding] = bound_id(user)
    return get_user_model()._default_manager.filter(**same).exclude(pk=user.pk).order_by("name", "pk")


# --- Many at once ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of one of many tasks."""

    task: Task | None
    reasons: list[str]

    @property
    def is_done(self) -> bool:
        return not self.reasons


def decide(ids: list[int], step: str, *, by: Any, opinion: str = "") -> list[Outcome]:
    """Take the step on each of these tasks of the user's desk; one that is refused, or fails, does not hold up the
    others. Steps declared `in_bulk` are taken together, any other each in its own transaction."""
    open_tasks = {task.pk: task for task in todo(by).filter(pk__in=ids).prefetch_related("owner")}
    known = visible_to(Task, by).in_bulk([pk for pk in ids if pk not in open_tasks])
    flows: dict[type, list[Task]] = defaultdict(list)
    for pk in dict.fromkeys(ids):
        if pk in open_tasks:
            flows[type(open_tasks[pk].owner)].append(open_tasks[pk])
    reasons: dict[int, list[str]] = {}
    for model, tasks in flows.items():
        unseen = not_unseen(model, tasks, step, by)
        reasons |= unseen
        if rest := [task for task in tasks if task.pk not in unseen]:
            reasons |= decide_together(rest, step, by, opinion)
    return [Outcome(open_tasks.get(pk) or known.get(pk), reasons.get(pk, [gone()])) for pk in ids]


def not_unseen(model: Any, tasks: list[Task], step: str, by: Any) -> dict[int, list[str]]:
    """By task: what keeps its record from a step that is taken on many at once (`Flow.not_unseen`)."""
    if not issubclass(model, Flow):
        return {}
    found = model.not_unseen([task.owner for task in tasks if task.owner is not None], step, by)
    return {task.pk: found[task.object_id] for task in tasks if task.object_id in found}


def preview(tasks: list[Task], steps: list[Step], by: Any) -> dict[int, dict[str, list[str]]]:
    """What `decide()` would leave out: for each of these tasks of one flow and each step, why; empty lists else."""
    found: dict[int, dict[str, list[str]]] = {task.pk: {} for task in tasks}
    for step in steps:
        model: Any = tasks[0].content_type.model_class()
        unseen = not_unseen(model, tasks, step.name, by)
        for task in tasks:
            guards = step.foreseen(task.owner) if task.owner is not None else [gone()]
            lines = [line for reason in guards for line in reason.splitlines()]
            found[task.pk][step.name] = unseen.get(task.pk) or lines
    return found


def gone() -> str:
    return _("It no longer waits at your desk; someone was faster.")


def decide_together(tasks: list[Task], step: str, by: Any, opinion: str) -> dict[int, list[str]]:
    """Take the step on these tasks of one flow; return for each why not, or nothing."""
    model: Any = type(tasks[0].owner)
    declared = model.steps().get(step) if issubclass(model, Flow) else None
    if declared is not None and declared.when_many:
        left_out = {task.pk: why for task in tasks if (why := declared.refusals_of_many(task.owner))}
        if left_out:
            others = [task for task in tasks if task.pk not in left_out]
            return left_out | (decide_together(others, step, by, opinion) if others else {})
    if declared is not None and declared.in_bulk and len(tasks) > 1:
        seen = {pk: log.pk for pk, log in last_logs(model, [task.object_id for task in tasks]).items()}
        # Asked after `seen` was read: so `seen` belongs to these very visits of the records to the desk.
        still = set(
            Task.objects.filter(pk__in=[task.pk for task in tasks], closed_at=None).values_list(
                "pk", flat=True
            )
        )
        ids = [task.object_id for task in tasks if task.pk in still]
        try:
            refused = perform_all(model, ids, step, by=by, seen=seen, opinion=opinion).refused
        except Exception:
            logger.exception("Step %s on %d tasks at once failed; each is taken by itself", step, len(tasks))
        else:
            return {
                task.pk: refused.get(task.object_id, []) if task.pk in still else [gone()] for task in tasks
            }
    return {task.pk: decide_one(task, step, by, opinion) for task in tasks}


def decide_one(task: Task, step: str, by: Any, opinion: str) -> list[str]:
    """Take the step on the task's record; return why not, or nothing."""
    record: Any = task.owner
    if record is None or step not in record.steps():
        return [_("This step is not possible here.")]
    seen = last_log_id(record)
    # Asked after `seen` was read: so `seen` belongs to this very visit of the record to the desk.
    if not Task.objects.filter(pk=task.pk, closed_at=None).exists():
        return [gone()]
    return attempt(record, step, by, seen, opinion)


def attempt(record: Flow, step: str, by: Any, seen: int | None, opinion: str) -> list[str]:
    """Take the step on one of many records; return why not, or nothing. Whatever fails, the others go on."""
    try:
        perform(record, step, by=by, seen=seen, opinion=opinion)
    except StepRefused as refusal:
        return str(refusal).splitlines()
    except Exception:
        logger.exception("Step %s of %s %s failed", step, record._meta.label, record.pk)
        return [_("An error of the system stopped this one; open the record and try it there.")]
    return []


# --- In words ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a trail, as people read it."""

    at: Any
    who: str
    role: str
    step: str
    state: str
    opinion: str
    late: bool


def lines(obj: Flow, user: Any, found: list[Span] | None) -> list[Line]:
    """The trail of `obj` for a reader who may see the record, as long as it was the reader's own (`spans_of`)."""
    model = type(obj)
    return [
        Line(
            at=log.at, who=str(log.by or log.by_name), role=desk_label(log.role),
            step=step_label(model, log.step), state=state_label(model, log.target),
            opinion=text_for(user, log.opinion),
            late=log.due_on is not None and timezone.localdate(log.at) > log.due_on,
        )
        for log in within(found, visible_to(TransitionLog, user, queryset=trail(obj)), "at")
    ]  # fmt: skip


def step_label(model: type[Model] | None, name: str) -> str:
    """What the button of the step said; the first line of every trail is no button."""
    if name == STARTED:
        return _("Begun")
    declared = model.steps().get(name) if model is not None else None  # type: ignore[attr-defined]
    if declared is None:
        return str(getattr(model, "trail_notes", {}).get(name, name))
    return str(declared.label)


def state_label(model: type[Model] | None, state: str) -> str:
    labels = dict(model._meta.get_field("state").flatchoices) if model is not None else {}  # type: ignore[union-attr]
    return str(labels.get(state, state))


def waits_at(obj: Flow) -> str:
    """The desk an object waits at, with the name of its company or body; empty at an end."""
    desk = obj.desk()
    if desk is None:
        return ""
    record: Any = obj
    names = desk.bound.removesuffix("_id").split(".") if desk.bound else []
    for name in names:
        record = record if name == "pk" else getattr(record, name)
    return desk.label if record is obj or record is None else f"{desk.label} · {record}"


def desk_names(tasks: Iterable[Task]) -> dict[tuple[str, int | None], str]:
    """The desks of these tasks in words, by (role, bound_id): one query for each kind of bound record."""
    desks = {(task.role, task.bound_id) for task in tasks}
    names = {desk: desk_label(desk[0]) for desk in desks}
    for role, binding in BINDINGS.items():
        wanted = {key for desk, key in desks if desk == role and key is not None}
        model = get_user_model()._meta.get_field(binding.removesuffix("_id")).related_model
        for pk, record in model._default_manager.in_bulk(wanted).items() if wanted else ():  # type: ignore[union-attr]
            names[str(role), pk] += f" · {record}"
    return names
