"""State machines: `step()` declares a step, `available()` lists what a user may do now, `perform()` does it.

`perform()` is the only way a state changes. In one transaction it locks the row, checks state, role, desk and
guards, runs the step, saves with history, writes the log, closes the open task and opens the next.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from backoffice.core import subjects
from backoffice.core.locks import Rank, again_after_deadlock
from backoffice.core.models.inbox import Task, TransitionLog
from backoffice.core.scoping import bound_id, visible_to
from backoffice.core.working_days import add_working_days
from backoffice.roles import DESK_BINDINGS, SYSTEM, desk_label

#: A guard returns why not, as a sentence the user understands, or an empty string.
Guard = Callable[[Any], str]


#: The name of the first line of every trail.
STARTED = "start"


class StepRefused(Exception):
    """The step did not happen and nothing was written; `str()` is a sentence for the user."""


class AlreadyHandled(StepRefused):
    """Someone was faster, or the page is older than the record."""


@dataclass(frozen=True)
class Desk:
    """Where an object waits: a role, for bound roles the attribute path to the record, and the days it has."""

    role: str
    bound: str = ""
    working_days: int | None = None

    @property
    def label(self) -> str:
        return desk_label(self.role)

    def bound_id(self, obj: models.Model) -> int | None:
        value: Any = obj
        for name in self.bound.split(".") if self.bound else ():
            value = getattr(value, name)
        return value if self.bound else None


@dataclass(frozen=True)
class Step:
    name: str
    sources: tuple[str, ...]
    target: str
    by: tuple[str, ...]
    label: Any
    when: tuple[Guard, ...] = ()
    form: type[forms.Form] | None = None
    opinion_required: bool = False
    tone: str = "primary"  # the button's look: primary, danger, default
    help: Any = ""
    #: Guards and effect look at no other record of the flow: many records may take it at once (core/bulk.py).
    in_bulk: bool = False
    #: Guards that are asked besides where many are decided at once: what has to be looked at on its own page.
    when_many: tuple[Guard, ...] = ()

    def refusals_of_many(self, obj: models.Model) -> list[str]:
        """Why this one is left out where many are decided at once; empty if it may go along."""
        return [reason for guard in self.when_many if (reason := guard(obj))]

    def refusals(self, obj: models.Model) -> list[str]:
        """The sentences of the guards that do not hold; empty if the step may go ahead."""
        return [reason for guard in self.when if (reason := guard(obj))]


def step(
    state: FSMField,
    source: str | Iterable[str],
    target: str,
    *,
    by: str | Iterable[str],
    label: Any,
    when: Iterable[Guard] = (),
    form: type[forms.Form] | None = None,
    opinion_required: bool = False,
    tone: str = "primary",
    in_bulk: bool = False,
    when_many: Iterable[Guard] = (),
) -> Callable[[Callable], Callable]:
    """Declare a method of a Flow as a step; the method's body is the step's effect on the locked object."""
    sources = (source,) if isinstance(source, str) else tuple(source)
    roles = (str(by),) if isinstance(by, str) else tuple(map(str, by))

    def decorate(method: Callable) -> Callable:
        changed = transition(field=state, source=list(sources), target=target)(method)
        changed.declared_step = Step(
            name=method.__name__, sources=tuple(map(str, sources)), target=str(target), by=roles, label=label,
            when=tuple(when), form=form, opinion_required=opinion_required, tone=tone,
            help=(method.__doc__ or "").strip(), in_bulk=in_bulk, when_many=tuple(when_many),
        )  # fmt: skip
        return changed

    return decorate


class Flow(ConcurrentTransitionMixin, models.Model):
    """Base of every flow: subclasses declare `state`, `desks` and their steps, in business order.

    Saving a copy that was read before a step raises ConcurrentTransition: an edit never undoes a submit.
    """

    desks: ClassVar[dict[str, Desk]] = {}
    colours: ClassVar[dict[str, str]] = {}
    #: States that steps leave, but in which nobody has anything to do (a class that is open): no task.
    resting: ClassVar[frozenset[str]] = frozenset()
    #: States in which only the holder of the signed link sees the record.
    private_states: ClassVar[frozenset[str]] = frozenset()
    #: The code of this model in signed links (core/links.py); empty: it has none.
    link_code: ClassVar[str] = ""
    #: Foreign keys that guards and effects follow: read with the records where many take a step at once.
    bulk_related: ClassVar[tuple[str, ...]] = ()
    lock_rank: ClassVar[Rank] = Rank.RECORD
    #: Steps by which a record goes on back, with what was said before (core/returns.py).
    carries_back: ClassVar[frozenset[str]] = frozenset()
    #: What stands in the trail without being a step: name -> label.
    trail_notes: ClassVar[dict[str, Any]] = {}
    #: The step just taken, for `onward()` and `transition_done()`.
    last_step: str = ""
    state: Any

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A task says what the record says: its title is renewed with it."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if self.desks and not is_new:
            subjects.renew(self)

    @classmethod
    def steps(cls) -> dict[str, Step]:
        """The steps by name, in the order they are written."""
        found: dict[str, Step] = {}
        for parent in reversed(cls.__mro__):
            for name, member in vars(parent).items():
                if hasattr(member, "declared_step"):
                    found[name] = member.declared_step
        return found

    def desk(self) -> Desk | None:
        """The desk this object waits at now, None at an end."""
        return self.desks.get(self.state)

    def task_subject(self) -> str:
        """The line that stands in the inbox."""
        return str(self)[:200]

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        """Hook: lock what comes before these records in the order of `core/locks.py` and the step needs."""

    def touches(self, step_name: str) -> list[models.Model]:
        """Hook: the records that the step changes and on which running matters of others hang (core/running.py)."""
        return []

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        """Hook inside the transaction, after log and tasks are written: queue messages here."""

    @classmethod
    def transitions_done(cls, rows: list[Any], done: Step, by: Any, opinion: str) -> None:
        """Hook: `transition_done()` for all records that took the step together."""
        for row in rows:
            row.transition_done(done, by, opinion)

    def in_care_of(self, user: Any) -> bool:
        """Hook: whether this user may take steps here at all; for what role and desk do not say."""
        return True

    @classmethod
    def not_unseen(cls, rows: list[Any], step_name: str, by: Any) -> dict[int, list[str]]:
        """Hook: why some of these must not take the step among many, unseen: somebody has to look at them first."""
        return {}

    def passes_over(self) -> frozenset[str]:
        """Hook: the states that this very record does not come by (a bill of 0 is not paid); for `core/stages.py`."""
        return frozenset()

    def never_takes(self) -> frozenset[str]:
        """Hook: steps that this record has no use for, whatever happens; nobody is offered them."""
        return frozenset()

    def onward(self) -> str:
        """Hook: the step that follows by itself now (a bill of 0 skips the payment), or an empty string."""
        return ""

    def is_closed(self) -> bool:
        """Whether the flow is at an end: no step leaves this state."""
        return not any(self.state in step.sources for step in self.steps().values())


@dataclass
class Offer:
    """A step the user may see on a page now, with the reasons that still stand against it."""

    step: Step
    refusals: list[str] = field(default_factory=list)


def at_own_desk(obj: Flow, user: Any) -> bool:
    """Whether a bound user (company, body, person) is bound to the record that the desk names."""
    if not obj.in_care_of(user):
        return False
    desk = obj.desk()
    if desk is None or user.role not in DESK_BINDINGS or desk.role != user.role or not desk.bound:
        return True
    return desk.bound_id(obj) == bound_id(user)


def available(obj: Flow, user: Any) -> list[Offer]:
    """The steps `user` may take on `obj` in its present state, each with what still stands against it."""
    if not visible_to(type(obj), user).filter(pk=obj.pk).exists() or not at_own_desk(obj, user):
        return []
    return [
        Offer(step, step.refusals(obj))
        for step in obj.steps().values()
        if obj.state in step.sources and user.role in step.by and step.name not in obj.never_takes()
    ]


def last_log_id(obj: models.Model) -> int:
    """The number of the last step taken; a page carries it so that a stale page can be told."""
    return TransitionLog.of(obj).aggregate(last=models.Max("id"))["last"] or 0


@again_after_deadlock
def perform(
    obj: Flow, name: str, *, by: Any, seen: int | None = None, opinion: str = "", **data: Any
) -> Flow:
    """Take the step `name` and return the saved object; raise StepRefused and change nothing otherwise.

    `seen` is the `last_log_id()` of the page the user decided on: a newer step makes this one stale.
    """
    try:
        return take_step(obj, name, by=by, seen=seen, opinion=opinion, **data)
    except IntegrityError:
        # Somebody stored the same at this very moment. The guards, asked again, see it and say so;
        # where they see nothing, it is our mistake and must not be hidden.
        row = visible_to(type(obj), by).filter(pk=obj.pk).first()
        refusals = type(obj).steps()[name].refusals(row) if row is not None else []
        if not refusals:
            raise
        raise StepRefused("\n".join(refusals)) from None


@transaction.atomic
def take_step(obj: Flow, name: str, *, by: Any, seen: int | None, opinion: str, **data: Any) -> Flow:
    """`perform()` without its care for races; the step's method gets the opinion with the form's data."""
    model = type(obj)
    declared = model.steps()[name]
    model.lock_first([obj.pk], name)
    try:
        row = visible_to(model, by).select_for_update(of=("self",)).get(pk=obj.pk)
    except ObjectDoesNotExist:
        raise StepRefused(_("This record is not yours to act on.")) from None
    opinion = opinion.strip()
    check_turn(row, declared, by, seen)
    if declared.opinion_required and not opinion:
        raise StepRefused(_("Write an opinion: the other side must know what to correct."))
    if refusals := declared.refusals(row):
        raise StepRefused("\n".join(refusals))
    apply(row, declared, by, opinion, data)
    return row


class System:
    """Takes the steps that follow by themselves."""

    role = SYSTEM
    is_active = True

    def __str__(self) -> str:
        return desk_label(SYSTEM)


def apply(row: Flow, declared: Step, by: Any, opinion: str, data: dict[str, Any]) -> None:
    """Take a step that was checked on a locked row, and those that follow by themselves (`onward`)."""
    source = row.state
    getattr(row, declared.name)(by=by, opinion=opinion, **data)
    user = account_of(by)
    row._history_user = user  # type: ignore[attr-defined]
    row._change_reason = f"{declared.label}: {opinion}" if opinion else str(declared.label)  # type: ignore[attr-defined]
    row.save()
    row._change_reason = None  # type: ignore[attr-defined] # a later save has its own reason
    due_on = close_task(row, user, declared.name)
    write_log(row, declared.name, source, by, opinion, due_on)
    row.last_step = declared.name
    follows = row.onward()
    if not follows:
        open_task(row)
    type(row).transitions_done([row], declared, by, opinion)
    if follows:
        apply(row, row.steps()[follows], System(), "", {})


@transaction.atomic
def go_on(obj: Flow) -> None:
    """Take the step that follows by itself, if there is one now: something outside the record decided it."""
    row = type(obj)._default_manager.select_for_update(of=("self",)).get(pk=obj.pk)  # type: ignore[attr-defined]
    if follows := row.onward():
        apply(row, row.steps()[follows], System(), "", {})


@transaction.atomic
def start(obj: Flow, *, by: Any, reason: str = "") -> Flow:
    """Store a new object of a flow: history and log name who began it, and its first desk gets the task."""
    obj._history_user = account_of(by)  # type: ignore[attr-defined]
    obj._change_reason = reason  # type: ignore[attr-defined]
    obj.save(force_insert=True)
    obj._change_reason = None  # type: ignore[attr-defined]
    write_log(obj, STARTED, "", by, reason)
    open_task(obj)
    return obj


def account_of(by: Any) -> Any:
    """The user account behind an actor; None for applicants, who act by signed link."""
    return by if isinstance(by, models.Model) else None


def write_log(row: Flow, step_name: str, source: str, by: Any, opinion: str = "", due_on: Any = None) -> None:
    new_log(row, step_name, source, by, opinion, due_on).save(force_insert=True)


def new_log(
    row: Flow, step_name: str, source: str, by: Any, opinion: str = "", due_on: Any = None
) -> TransitionLog:
    """The line of the trail, not stored yet."""
    return TransitionLog(
        content_type=ContentType.objects.get_for_model(row), object_id=row.pk, step=step_name, source=source,
        target=row.state, by=account_of(by), by_name=str(by)[:100], role=by.role, opinion=opinion, due_on=due_on,
    )  # fmt: skip


def check_turn(row: Flow, declared: Step, by: Any, seen: int | None) -> None:
    """Raise unless it is this user's turn and the page is as new as the record."""
    if by.role not in declared.by or not at_own_desk(row, by):
        raise StepRefused(_("“%(step)s” is not for your role.") % {"step": declared.label})
    if row.state in declared.sources and seen in (None, last_log_id(row)):
        return
    raise handled_already(declared, TransitionLog.of(row).first())


def handled_already(declared: Step, last: TransitionLog | None) -> AlreadyHandled:
    """Who was faster, in words; `last` is the newest step of the record."""
    if last is None:
        return AlreadyHandled(
            _("“%(step)s” is not possible in the present state.") % {"step": declared.label}
        )
    return AlreadyHandled(
        _("Already handled by %(who)s at %(when)s. The page now shows the present state.")
        % {"who": last.by_name, "when": date_format(timezone.localtime(last.at), "DATETIME_FORMAT")}
    )


def close_task(row: Flow, by: Any, step_name: str) -> Any:
    """Close the open task of `row`; return the date it was due on, None where none was open."""
    task = Task.of(row).filter(closed_at=None).first()
    if task is None:
        return None
    task.closed_at, task.closed_by, task.closed_with = timezone.now(), by, step_name
    task.save(update_fields=["closed_at", "closed_by", "closed_with"])
    return task.due_on


def open_task(row: Flow) -> Task | None:
    """Open the task of the desk `row` waits at now; None at an end. Also used when a flow starts."""
    task = new_task(row)
    if task is not None:
        Task.of(row).filter(is_latest=True).update(is_latest=False)
        task.save(force_insert=True)
    return task


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
