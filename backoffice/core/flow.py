"""State machines as they are written down: desks, steps and flows; `available()` lists what a user may do now.

`perform()` (core/engine.py) is the only way a state changes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, ClassVar

from django import forms
from django.db import models
from django_fsm import ConcurrentTransitionMixin, transition

from backoffice.core import subjects
from backoffice.core.locks import Rank
from backoffice.core.scoping import bound_id, visible_to
from backoffice.roles import DESK_BINDINGS, SYSTEM, desk_label

#: A guard returns why not, as a sentence the user understands, or an empty string.
Guard = Callable[[Any], str]


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
    #: Guards that a page foretells and the effect asks itself, on what it has locked and goes on to use.
    foretold: tuple[Guard, ...] = ()
    #: Guards and effect look at no other record of the flow: many records may take it at once (core/engine.py).
    in_bulk: bool = False
    #: Guards that are asked besides where many are decided at once: what has to be looked at on its own page.
    when_many: tuple[Guard, ...] = ()

    def refusals_of_many(self, obj: models.Model) -> list[str]:
        """Why this one is left out where many are decided at once; empty if it may go along."""
        return [reason for guard in self.when_many if (reason := guard(obj))]

    def refusals(self, obj: models.Model) -> list[str]:
        """The sentences of the guards that do not hold; empty if the effect may be tried."""
        return [reason for guard in self.when if (reason := guard(obj))]

    def foreseen(self, obj: models.Model) -> list[str]:
        """The sentences of all guards that do not hold, those of the effect as well; empty if the step may go ahead."""
        return [reason for guard in (*self.when, *self.foretold) if (reason := guard(obj))]


@dataclass(frozen=True)
class NamedBy:
    """A target that the flow which inherits the step names in this attribute; where it says None, it lacks the step."""

    attribute: str


def step(
    state: Any,
    source: str | Iterable[str],
    target: str | NamedBy,
    *,
    by: str | Iterable[str],
    label: Any,
    when: Iterable[Guard] = (),
    form: type[forms.Form] | None = None,
    opinion_required: bool = False,
    tone: str = "primary",
    foretold: Iterable[Guard] = (),
    in_bulk: bool = False,
    when_many: Iterable[Guard] = (),
) -> Callable[[Callable], Callable]:
    """Declare a method of a Flow as a step; the method's body is the step's effect on the locked object.

    The method gets `by` (who acts), `opinion`, `at` (the moment of the step) and the values of the step's form.
    """
    sources = (source,) if isinstance(source, str) else tuple(source)
    roles = (str(by),) if isinstance(by, str) else tuple(map(str, by))

    def decorate(method: Callable, target: Any = target) -> Callable:
        if isinstance(target, NamedBy):
            method.undecided = target.attribute, decorate  # type: ignore[attr-defined]
            return method
        changed = transition(field=state, source=list(sources), target=target)(method)
        changed.declared_step = Step(
            name=method.__name__, sources=tuple(map(str, sources)), target=str(target), by=roles, label=label,
            when=tuple(when), form=form, opinion_required=opinion_required, tone=tone,
            help=(method.__doc__ or "").strip(), foretold=tuple(foretold), in_bulk=in_bulk, when_many=tuple(when_many),
        )  # fmt: skip
        return changed

    return decorate


def own_copy(method: Any) -> Callable:
    """The same function for one flow, so that what is declared of it says nothing of another flow's."""
    code = (method.__code__, method.__globals__, method.__name__, method.__defaults__, method.__closure__)
    copied = FunctionType(*code)
    copied.__doc__, copied.__kwdefaults__, copied.__qualname__ = (
        method.__doc__, method.__kwdefaults__, method.__qualname__,
    )  # fmt: skip
    return copied


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
    state: Any

    class Meta:
        abstract = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Steps whose target the inheriting flow names become steps of that flow."""
        super().__init_subclass__(**kwargs)
        for name in dir(cls):
            undecided: tuple[str, Callable[..., Any]] | None = getattr(
                getattr(cls, name, None), "undecided", None
            )
            if undecided is not None and hasattr(cls, undecided[0]):
                target, decorate = getattr(cls, undecided[0]), undecided[1]
                setattr(cls, name, None if target is None else decorate(own_copy(getattr(cls, name)), target))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A task says what the record says: its title is renewed with it."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if self.desks and not is_new:
            subjects.renew(self)

    @classmethod
    def steps(cls) -> dict[str, Step]:
        """The steps by name, in the order they are written."""
        found: dict[str, Step | None] = {}
        for parent in reversed(cls.__mro__):
            for name, member in vars(parent).items():
                if hasattr(member, "declared_step") or hasattr(member, "undecided") or name in found:
                    found[name] = getattr(member, "declared_step", None)
        return {name: declared for name, declared in found.items() if declared is not None}

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

    def onward(self, taken: str = "") -> str:
        """Hook: the step that follows by itself now (a bill of 0 skips the payment), or an empty string.

        `taken` names the step just taken; empty where something outside the record may have decided it.
        """
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
        Offer(step, step.foreseen(obj))
        for step in obj.steps().values()
        if obj.state in step.sources and user.role in step.by and step.name not in obj.never_takes()
    ]


class System:
    """Takes the steps that follow by themselves."""

    role = SYSTEM
    is_active = True

    def __str__(self) -> str:
        return desk_label(SYSTEM)


def account_of(by: Any) -> Any:
    """The user account behind an actor; None for applicants, who act by signed link, and for the system."""
    return by if isinstance(by, models.Model) else None
