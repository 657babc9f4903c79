"""The way of a record in one line: what is done, who has it now and until when, what comes next (specification 3,
Inbox).

One strip stands on every flow's page, for clerks and for applicants (`templates/core/stages.html`). The way is read
from the steps as they are declared: the first step in business order that leads on from each state.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from backoffice.core.flow import Desk, Flow
from backoffice.core.models import Task, TransitionLog
from backoffice.core.scoping import bound_id

DONE, HERE, RETURNED, NEXT, ENDED, LATER = "done", "here", "returned", "next", "ended", ""


@dataclass(frozen=True)
class Stage:
    """One stop of the way. `who` is the desk in words; `until` and `working_days` are how long it has."""

    state: str
    label: str
    who: str = ""
    mark: str = LATER
    until: datetime.date | None = None
    working_days: int | None = None

    @property
    def says(self) -> str:
        """The mark in words, for those who do not see colours."""
        if self.mark == HERE and self.until is not None:
            return _("it is here now, until %(day)s") % {"day": self.until.isoformat()}
        if self.mark == NEXT and self.working_days:
            days = ngettext("%(days)d working day", "%(days)d working days", self.working_days)
            return _("next, within %(days)s") % {"days": days % {"days": self.working_days}}
        return {
            DONE: pgettext("stage", "done"), HERE: _("it is here now"), RETURNED: _("returned it"),
            NEXT: pgettext("stage", "next"), ENDED: pgettext("stage", "ended here"),
        }.get(self.mark, "")  # fmt: skip


#: Who sits at a desk, in words: given the record and the desk.
Name = Callable[[Any, Desk], str]
#: Where the way of every flow begins: a state without a desk of others, to which a return leads.
BACK: Final = ("RETURNED",)


def way(model: type[Flow]) -> list[str]:
    """The states from the first to the last, as a record passes them when nothing goes wrong."""
    state, found = str(model._meta.get_field("state").get_default()), []  # type: ignore[misc,union-attr]
    while state and state not in found:
        found.append(state)
        state = next(
            (
                step.target
                for step in model.steps().values()
                if state in step.sources and step.tone != "danger" and step.target not in found
            ),
            "",
        )
    return found


#: The states a record went from and to, oldest first.
Moves = list[tuple[str, str]]


def moves_of(records: Sequence[Model]) -> dict[int, Moves]:
    """The moves of records of one flow, by key, with one query."""
    found: dict[int, Moves] = {record.pk: [] for record in records}
    if records:
        kind = ContentType.objects.get_for_model(records[0])
        logs = TransitionLog.objects.filter(content_type=kind, object_id__in=found).order_by("id")
        for key, source, target in logs.values_list("object_id", "source", "target"):
            found[key].append((source, target))
    return found


def stages(obj: Any, name: Name, task: Task | None = None, moves: Moves | None = None) -> list[Stage]:
    """The stops of this very record, in order, each with its mark. `task` is its open one, where it has one.

    A state that is no stop (cancelled, withdrawn) ends the line where the record left it.
    """
    labels = dict(type(obj)._meta.get_field("state").flatchoices)
    states = [state for state in way(type(obj)) if state == obj.state or state not in obj.passes_over()]
    moves = moves_of([obj])[obj.pk] if moves is None else moves
    at = states[0] if obj.state in BACK else obj.state
    found = [
        Stage(state, str(labels.get(state, state)), name(obj, desk) if desk else "",
              working_days=desk.working_days if desk else None)
        for state in states
        for desk in (obj.desks.get(state),)
    ]  # fmt: skip
    if at not in states:
        return ended(found, states, moves, str(labels.get(at, at)))
    here = states.index(at)
    returned_from = came_back_from(moves, states, at) if here == 0 else ""
    last = here == len(states) - 1
    marked = []
    for number, stop in enumerate(found):
        mark = LATER
        if number < here or (number == here and last):
            mark = DONE
        elif number == here:
            mark = HERE
        elif stop.state == returned_from:
            mark = RETURNED
        elif number == here + 1:
            mark = NEXT
        until = task.due_on if task is not None and mark == HERE else None
        marked.append(replace(stop, mark=mark, until=until))
    return marked


def came_back_from(moves: list[tuple[str, str]], states: list[str], at: str) -> str:
    """The stop that sent the record back to where it is now; empty where it came here otherwise."""
    back = [source for source, target in moves if target in (at, *BACK)]
    return back[-1] if back and back[-1] in states and back[-1] != at else ""


def ended(stops: list[Stage], states: list[str], moves: list[tuple[str, str]], label: str) -> list[Stage]:
    """The stops that were passed before the end, and the end."""
    reached = [states.index(source) for source, _target in moves if source in states]
    passed = [replace(stop, mark=DONE) for stop in stops[: max(reached, default=0)]]
    left = moves[-1][0] if moves else ""
    return [*passed, Stage(left, label, mark=ENDED)]


def names_for(user: Any) -> Name:
    """Desks in words for this reader: with the name of their company or body, but for the reader's own."""

    def name(obj: Any, desk: Desk) -> str:
        record: Any = obj
        for part in desk.bound.removesuffix("_id").split(".") if desk.bound else ():
            record = record if part == "pk" else getattr(record, part)
        own = getattr(user, "role", "") == desk.role and desk.bound and desk.bound_id(obj) == bound_id(user)
        named = isinstance(record, Model) and record is not obj and not own
        return f"{desk.label} · {record}" if named else desk.label

    return name
