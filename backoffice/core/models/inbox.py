"""The inbox: one row per piece of work at a desk, and one row per step ever taken.

One table answers 待办 (open), 已办 (closed by me) and, with the log, 流程追踪 (the trail): tasks are closed,
never deleted (manual ch. 5, FAQ 15).
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models.base import Owned
from backoffice.roles import DESKS


def flow_models() -> tuple[type[models.Model], ...]:
    """The concrete models that are flows."""
    from django.apps import apps

    from backoffice.core.flow import Flow

    return tuple(model for model in apps.get_models() if issubclass(model, Flow))


OPEN = models.Q(closed_at__isnull=True)
CLOSED = models.Q(closed_at__isnull=False)
HELD = models.Q(closed_at__isnull=True, assigned_to__isnull=False)


class Task(Owned):
    """Something waits at a desk: a role, and where the role is bound, one company, body or person."""

    role = models.CharField(_("desk"), max_length=20, choices=DESKS)
    bound_id = models.PositiveBigIntegerField(_("record of the desk"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=40)
    subject = models.CharField(_("subject"), max_length=200)
    opened_at = models.DateTimeField(_("since"), auto_now_add=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("done at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("done by"),
    )
    closed_with = models.CharField(_("done with"), max_length=60, blank=True)
    #: Who of the desk looks after it; everybody at the desk may still act.
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("looked after by"), db_index=False,
    )  # fmt: skip
    #: The newest task of its object: where it stands now, or where it ended (流程追踪).
    is_latest = models.BooleanField(default=True, editable=False)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id"],
                condition=OPEN,
                name="one_open_task_per_object",
            )
        ]
        # Each list of the inbox is one stretch of one of these, at 100,000 open and a million closed tasks.
        indexes = [
            models.Index(fields=["role", "bound_id", "due_on", "id"], condition=OPEN, name="task_open"),
            models.Index(fields=["role", "due_on", "id"], condition=OPEN, name="task_open_desk"),
            models.Index(
                fields=["role", "content_type", "due_on", "id"], condition=OPEN, name="task_open_flow"
            ),
            # A search reads the subjects of a desk here, not the rows.
            models.Index(
                fields=["role", "bound_id", "subject", "due_on", "id"],
                condition=OPEN,
                name="task_open_subject",
            ),
            models.Index(fields=["assigned_to", "due_on", "id"], condition=HELD, name="task_open_held"),
            models.Index(fields=["-id"], condition=OPEN, name="task_in_progress"),
            models.Index(fields=["closed_by", "-closed_at", "-id"], condition=CLOSED, name="task_done"),
            models.Index(
                fields=["role", "bound_id", "-closed_at", "-id"], condition=CLOSED, name="task_done_desk"
            ),
            models.Index(fields=["content_type", "object_id"], name="task_object"),
            models.Index(
                fields=["content_type", "-id"], condition=models.Q(is_latest=True), name="task_latest"
            ),
            models.Index(
                fields=["content_type", "object_id"],
                condition=models.Q(is_latest=True),
                name="task_latest_object",
            ),
            models.Index(fields=["subject"], condition=models.Q(is_latest=True), name="task_latest_subject"),
        ]

    def __str__(self) -> str:
        return self.subject

    @staticmethod
    def owner_models() -> tuple[type[models.Model], ...]:
        return flow_models()


class FinishedTask(Task):
    """已办: what I, or my company, finished."""

    class Meta:
        proxy = True
        verbose_name = _("finished task")
        verbose_name_plural = _("finished tasks")


class TrackedTask(Task):
    """流程追踪: everything under way or ended in my scope, each with the desk it waits at."""

    class Meta:
        proxy = True
        verbose_name = _("flow under way")
        verbose_name_plural = _("flow tracking")


class TransitionLog(Owned):
    """One step that happened: append-only, written by `perform()` in the step's own transaction."""

    step = models.CharField(_("step"), max_length=60)
    source = models.CharField(_("from state"), max_length=40)
    target = models.CharField(_("to state"), max_length=40)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    by_name = models.CharField(_("full name"), max_length=100, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=DESKS, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    opinion = models.TextField(_("opinion"), blank=True)
    due_on = models.DateField(_("was due on"), null=True, blank=True)

    class Meta:
        verbose_name = _("step taken")
        verbose_name_plural = _("steps taken")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["content_type", "object_id", "-id"], name="log_object"),
            models.Index(fields=["by", "-id"], name="log_by"),
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.source} → {self.target}"

    @staticmethod
    def owner_models() -> tuple[type[models.Model], ...]:
        return flow_models()
