"""The three views of the inbox (manual ch. 5, FAQ 15): to do, done, and the trail of one object."""

from typing import Any

from django.db.models import F, Model, QuerySet

from backoffice.core.models import Task, TransitionLog
from backoffice.core.scoping import bound_id
from backoffice.roles import DESK_BINDINGS


def todo(user: Any) -> QuerySet[Task]:
    """待办: the open tasks of the user's desk, the most overdue first, then the oldest."""
    tasks = Task.objects.filter(closed_at=None, role=user.role)
    if user.role in DESK_BINDINGS:
        tasks = tasks.filter(bound_id=bound_id(user)) if bound_id(user) is not None else tasks.none()
    return tasks.order_by(F("due_on").asc(nulls_last=True), "id")


def done(user: Any) -> QuerySet[Task]:
    """已办: what this user (or a colleague of the same company, body) finished, newest first."""
    tasks = Task.objects.filter(closed_at__isnull=False)
    if user.role in DESK_BINDINGS and bound_id(user) is not None:
        return tasks.filter(role=user.role, bound_id=bound_id(user)).order_by("-closed_at")
    return tasks.filter(closed_by=user).order_by("-closed_at")


def trail(obj: Model) -> QuerySet[TransitionLog]:
    """流程追踪: every step of `obj`, oldest first."""
    return TransitionLog.of(obj).select_related("by").order_by("id")
