"""Why a record came back: the opinions to act on, whatever was noted in its trail since."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.core.filters import Choices, ChoicesFilter, first_value
from backoffice.core.flow import Flow
from backoffice.core.inbox import step_label
from backoffice.core.models import TransitionLog
from backoffice.roles import desk_label


def sent_back(obj: Flow) -> list[TransitionLog]:
    """The returns by which the record came where it is, with their opinions, the newest first; none where it came
    forwards.

    A return may pass several desks (the training department to finance, finance to the company, the company back to
    its draft): all of them count, up to the last step forwards. Lines of the trail that changed no state do not.
    """
    declared, found = obj.steps(), []
    for log in TransitionLog.of(obj).order_by("-id"):
        step = declared.get(log.step)
        if log.source == log.target:
            continue  # a note: the voucher's title was corrected
        if step is None or not (step.opinion_required or log.step in obj.carries_back):
            break
        if log.opinion and step.opinion_required:
            found.append(log)
    return found


@dataclass(frozen=True)
class Return:
    """A return as people read it."""

    step: str
    role: str
    opinion: str


def returns_of(obj: Flow) -> list[Return]:
    """The returns to act on in words; an opinion that a desk only passed on is told as that of who wrote it first."""
    logs = sent_back(obj)
    told = [
        log for log, older in zip_longest(logs, logs[1:]) if older is None or older.opinion != log.opinion
    ]
    return [Return(step_label(type(obj), log.step), desk_label(log.role), log.opinion) for log in told]


def returned_by(obj: Flow, *steps: str) -> str:
    """The opinion of the newest of these steps among the returns that brought the record here, or nothing."""
    return next((log.opinion for log in sent_back(obj) if log.step in steps), "")


# --- Drafts that came back, in lists -------------------------------------------------------------------


def first_state(model: Any) -> str:
    """Where its records begin, and where a return leads back to if there is no state for returned ones."""
    return str(model._meta.get_field("state").get_default())


def came_back(model: Any) -> Exists:
    """A condition on drafts: some step led back to the draft, so that it is no fresh one."""
    begin, kind = first_state(model), ContentType.objects.get_for_model(model)
    logs = TransitionLog.objects.filter(content_type=kind, object_id=OuterRef("pk"), target=begin)
    return Exists(logs.exclude(source=begin).exclude(source=""))


def with_returns(rows: QuerySet) -> QuerySet:
    """For the rows of a page: `was_returned`, which their state shows."""
    return rows.annotate(was_returned=came_back(rows.model))


def is_returned_draft(obj: Any) -> bool:
    return bool(getattr(obj, "was_returned", False)) and obj.state == first_state(type(obj))


class DraftsFilter(ChoicesFilter):
    """The states, with the drafts that came back apart from those that were never handed in."""

    BACK = "DRAFT_RETURNED"

    def options(self) -> Choices:
        (begin, label), *others = super().options()
        return [(begin, label), (self.BACK, _("Returned to be corrected")), *others]

    def value(self) -> str:
        value = first_value(self.used_parameters, self.field_path)
        return value if value in dict(self.options()) else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() != self.BACK:
            return super().queryset(request, queryset)
        return queryset.filter(came_back(queryset.model), state=first_state(queryset.model))
