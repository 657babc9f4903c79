"""Training classes: the year's plan, shown publicly, and what companies enrol in."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core import subjects
from backoffice.core.bounds import MOST_SEATS, MOST_YUAN, between, validate_day
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.roles import Role
from fees.models.schedule import money
from registry.models import Certificate, LocalBody
from training.flows.enrolment import UNDER_WAY
from training.flows.enrolment import S as Enrolling
from training.flows.training_class import S, TrainingClassFlow

#: Enrolments in these states hold their seats.
SEATED = (*UNDER_WAY, Enrolling.CLOSED)


class TrainingClass(TrainingClassFlow):
    class Type(models.TextChoices):
        PRACTICE = "PRACTICE", _("Practice training")
        CONTINUING = "CONTINUING", _("Continuing education")

    class Mode(models.TextChoices):
        ONLINE = "ONLINE", _("Online")
        FACE_TO_FACE = "FACE_TO_FACE", _("Face to face")

    State = S
    lock_rank = Rank.CLASS

    title = models.CharField(_("title"), max_length=100)
    type = models.CharField(_("type of training"), max_length=10, choices=Type.choices)
    mode = models.CharField(_("mode"), max_length=12, choices=Mode.choices)
    category = models.CharField(
        _("certificate type"), max_length=10, choices=Certificate.Type.choices, blank=True,
        help_text=_("Empty: open to all types. Who renews two certificates enrols both in such a class."),
    )  # fmt: skip
    local_body = models.ForeignKey(
        LocalBody, models.PROTECT, related_name="classes", verbose_name=_("local body"),
        help_text=_("Reviews the papers of everyone who enrols (资料审核所属区域)."),
    )  # fmt: skip
    start_date = models.DateField(_("begins on"), null=True, blank=True, validators=[validate_day])
    end_date = models.DateField(_("ends on"), null=True, blank=True, validators=[validate_day])
    place = models.CharField(_("place"), max_length=200, blank=True)
    capacity = models.PositiveIntegerField(_("seats"), default=100, validators=between(1, MOST_SEATS))
    tuition = money(_("tuition in yuan"), 0, most=MOST_YUAN)
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("entered at"), auto_now_add=True)

    history = History()

    class Meta:
        verbose_name = _("training class")
        verbose_name_plural = _("training classes")
        ordering = ["-start_date", "-id"]
        constraints = [
            models.CheckConstraint(
                name="class_ends_after_it_begins",
                condition=Q(start_date=None) | Q(end_date=None) | Q(end_date__gte=F("start_date")),
                violation_error_message=_("The class ends before it begins."),
            )
        ]
        indexes = [
            models.Index("state", "type", F("start_date").desc(), name="class_state_type"),
            models.Index("local_body", F("start_date").desc(), name="class_body"),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The titles of its enrolments' tasks show the class: they are renewed with it."""
        stored = type(self)._default_manager.filter(pk=self.pk).exclude(title=self.title)
        renamed = not self._state.adding and stored.exists()
        super().save(*args, **kwargs)
        if renamed:
            subjects.renew_those_of(self)

    def clean(self) -> None:
        """Only practice training costs tuition (specification 3.6); elsewhere it would be shown, never asked for."""
        super().clean()
        if self.type == self.Type.CONTINUING and self.tuition:
            raise ValidationError({"tuition": _(
                "Continuing education costs what the fee schedule says; tuition is charged for practice training only. "
                "Enter 0."
            )})  # fmt: skip

    @property
    def is_online(self) -> bool:
        return self.mode == self.Mode.ONLINE

    def takes_enrolments(self) -> bool:
        """Open, and not over yet (specification 3.5: the class must be open at the submit)."""
        return self.state == S.OPEN and not self.has_ended()

    def still_runs(self) -> bool:
        """Not over and not cancelled: those who are in finish."""
        return self.state in (S.OPEN, S.CLOSED, S.IN_PROGRESS) and not self.has_ended()

    def has_ended(self) -> bool:
        return self.end_date is not None and self.end_date < timezone.localdate()

    def seats_taken(self) -> int:
        """Seats are taken from the submit on and given back at a return or cancel; a dropped one stays taken.

        One person takes one seat, also with two certificates.
        """
        from training.models import EnrolmentLine

        lines = EnrolmentLine.objects.filter(enrolment__training_class=self, enrolment__state__in=SEATED)
        return lines.order_by().values("person").distinct().count()

    def seats_free(self) -> int:
        return self.capacity - self.seats_taken()

    @staticmethod
    def shown_to(user: Any) -> Q:
        """A planned class is known to those who plan, and to the body that will hold it (core/scoping.py)."""
        if user.role in (Role.TRAINING, Role.ADMIN, Role.AUDITOR):
            return Q()
        planned = Q(state=S.PLANNED)
        if user.role == Role.LOCAL_BODY:
            return ~planned | Q(local_body=user.local_body_id)
        return ~planned
