"""What was handed to the learning platform (提交正保, specification 3.5): a batch of people, and its answer about
each."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from training.models.enrolment import EnrolmentLine


class PlatformRun(models.Model):
    """One hand-over. `key` is its idempotency key: however often it is sent, the platform takes it once."""

    class Adapter(models.TextChoices):
        EXCEL = "EXCEL", _("Excel file")
        HTTP = "HTTP", _("Direct connection")

    class Status(models.TextChoices):
        QUEUED = "QUEUED", _("Waiting to be sent")
        SENDING = "SENDING", _("Being sent")
        SENT = "SENT", pgettext_lazy("platform", "With the platform")
        CONFIRMED = "CONFIRMED", pgettext_lazy("platform", "All opened")
        PARTLY = "PARTLY", pgettext_lazy("platform", "Some refused")
        FAILED = "FAILED", pgettext_lazy("platform", "Not sent")
        WITHDRAWN = "WITHDRAWN", pgettext_lazy("platform", "Withdrawn")

    COLOURS = {
        "QUEUED": "info", "SENDING": "info", "SENT": "warning", "CONFIRMED": "success", "PARTLY": "warning",
        "FAILED": "danger", "WITHDRAWN": "",
    }  # fmt: skip

    key = models.UUIDField(_("idempotency key"), default=uuid.uuid4, unique=True, editable=False)
    adapter = models.CharField(_("way"), max_length=5, choices=Adapter.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    people = models.PositiveIntegerField(_("number of people"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    #: A sentence for the training department; never what the platform wrote about a person.
    error = models.TextField(_("last error"), blank=True)
    created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", verbose_name=_("handed over by")
    )
    #: In whose name the answers are recorded: whoever sent it last.
    sent_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("sent by"))
    created_at = models.DateTimeField(_("handed over at"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    answered_at = models.DateTimeField(_("last answer at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hand-over to the learning platform")
        verbose_name_plural = _("hand-overs to the learning platform")
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "-id"], name="platform_run_status")]

    def __str__(self) -> str:
        return f"{self.get_adapter_display()} #{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the platform has not said its last word about everybody."""
        return self.status in OPEN_RUNS

    @property
    def by_http(self) -> bool:
        return self.adapter == self.Adapter.HTTP


OPEN_RUNS = ("QUEUED", "SENDING", "SENT", "FAILED")


class PlatformRow(models.Model):
    """One person of a hand-over, and what the platform says."""

    class Outcome(models.TextChoices):
        WAITING = "WAITING", _("No answer yet")
        ACCEPTED = "ACCEPTED", _("Accepted")
        OPENED = "OPENED", pgettext_lazy("platform", "Opened")
        REFUSED = "REFUSED", pgettext_lazy("platform", "Refused")
        WITHDRAWN = "WITHDRAWN", pgettext_lazy("platform", "Withdrawn")

    COLOURS = {
        "WAITING": "info",
        "ACCEPTED": "info",
        "OPENED": "success",
        "REFUSED": "danger",
        "WITHDRAWN": "",
    }

    run = models.ForeignKey(
        PlatformRun, models.CASCADE, related_name="rows", verbose_name=_("hand-over"), db_index=False
    )
    line = models.ForeignKey(
        EnrolmentLine, models.CASCADE, related_name="platform_rows", verbose_name=_("enrolled person")
    )
    outcome = models.CharField(_("answer"), max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("person handed over")
        verbose_name_plural = _("people handed over")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "line"], name="line_once_in_a_hand_over"),
            # Two clicks, or two officers, cannot hand the same person over twice.
            models.UniqueConstraint(
                fields=["line"], condition=Q(outcome__in=["WAITING", "ACCEPTED"]), name="line_in_one_open_hand_over"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["run", "outcome", "id"], name="platform_row_outcome")]

    def __str__(self) -> str:
        return str(self.line)
