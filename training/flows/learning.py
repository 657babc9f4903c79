"""The learning of one enrolled person (specification 3.5, manual ch. 7a, FAQ 1, 3, 12): handed to the platform,
opened, ended.

状态 and 提交正保 stand side by side in the learning query: `state` and `is_handed_off`.
"""

import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from backoffice.core.flow import Flow, Step, step
from backoffice.core.state_field import StateField
from backoffice.roles import SYSTEM, Role
from training.made import certificates_made

TEACHERS = (Role.TRAINING, Role.LOCAL_BODY)


class L(models.TextChoices):
    ENROLLING = "ENROLLING", gettext_lazy("Enrolment under way")
    PENDING = "PENDING", gettext_lazy("To be opened")
    SUBMITTED = "SUBMITTED", gettext_lazy("Handed to the platform")
    LEARNING = "LEARNING", gettext_lazy("Learning")
    PASSED = "PASSED", pgettext_lazy("learning", "Passed")
    FAILED = "FAILED", pgettext_lazy("learning", "Failed")
    DROPPED = "DROPPED", gettext_lazy("Dropped")


ENDED = (L.PASSED, L.FAILED, L.DROPPED)


def by_platform(obj: Any) -> str:
    """Face-to-face classes skip the platform (specification 3.5)."""
    if obj.enrolment.training_class.is_online:
        return ""
    return _("%(name)s is in a face-to-face class: the local body opens it when it begins.") % {
        "name": obj.name
    }


def opened_by_whom(obj: Any) -> str:
    """Online: after the hand-off. Face to face: at once."""
    if obj.state == L.SUBMITTED or not obj.enrolment.training_class.is_online:
        return ""
    return _("%(name)s was not handed to the learning platform yet.") % {"name": obj.name}


def enrolment_confirmed(obj: Any) -> str:
    if obj.enrolment.state in ("CONFIRMED", "CLOSED"):
        return ""
    return _("The enrolment of %(name)s is not confirmed.") % {"name": obj.name}


def no_certificate_made(obj: Any) -> str:
    """What was built on a result stands against taking it back (specification 3.5, edges)."""
    return certificates_made([obj]).get(obj.pk, "")


class LearningFlow(Flow):
    state = StateField(gettext_lazy("state"), default=L.ENROLLING, choices=L.choices)

    colours = {
        L.ENROLLING: "", L.PENDING: "warning", L.SUBMITTED: "info", L.LEARNING: "info", L.PASSED: "success",
        L.FAILED: "danger", L.DROPPED: "",
    }  # fmt: skip
    #: Whole classes move at once, from the learning list: no task for each person.
    resting = frozenset({L.ENROLLING, L.PENDING, L.SUBMITTED, L.LEARNING, L.PASSED, L.FAILED})
    bulk_related = ("person", "enrolment__training_class", "enrolment__company")

    class Meta:
        abstract = True

    def passes_over(self) -> frozenset[str]:
        """Face-to-face classes skip the platform (specification 3.5)."""
        return frozenset() if self.enrolment.training_class.is_online else frozenset({L.SUBMITTED})

    def never_takes(self) -> frozenset[str]:
        return frozenset() if self.enrolment.training_class.is_online else frozenset({"hand_off"})

    def in_care_of(self, user: Any) -> bool:
        """A local body teaches face to face; online learning is the training department's (specification 3.5)."""
        return user.role != Role.LOCAL_BODY or not self.enrolment.training_class.is_online

    @step(
        state,
        L.ENROLLING,
        L.PENDING,
        by=(Role.TRAINING, SYSTEM),
        label=gettext_lazy("Enrolled"),
        in_bulk=True,
    )
    def confirm(self, by: Any, **data: Any) -> None:
        """The enrolment is confirmed."""

    @step(
        state, L.PENDING, L.SUBMITTED, by=Role.TRAINING, label=gettext_lazy("Hand to the platform"),
        when=[enrolment_confirmed, by_platform], in_bulk=True,
    )  # fmt: skip
    def hand_off(self, by: Any, *, at: datetime.datetime, **data: Any) -> None:
        """提交正保 = 是: the platform has the name."""
        self.handed_off_at = at

    @step(
        state, L.SUBMITTED, L.PENDING, by=Role.TRAINING, label=gettext_lazy("Refused by the platform"),
        opinion_required=True, tone="danger", in_bulk=True,
    )  # fmt: skip
    def take_back(self, by: Any, opinion: str = "", **data: Any) -> None:
        """提交正保 = 否 again: the platform refused the name, and the opinion says why; corrected, it is sent again."""
        self.handed_off_at = None

    @step(
        state, (L.PENDING, L.SUBMITTED), L.LEARNING, by=TEACHERS, label=gettext_lazy("Open the learning"),
        when=[enrolment_confirmed, opened_by_whom], in_bulk=True,
    )  # fmt: skip
    def open_learning(self, by: Any, *, at: datetime.datetime, **data: Any) -> None:
        """The platform confirmed the name, or the class has begun."""
        self.opened_at = at

    @step(state, L.LEARNING, L.PASSED, by=TEACHERS, label=gettext_lazy("Record as passed"), in_bulk=True)
    def record_pass(
        self,
        by: Any,
        *,
        study_hours: Decimal | None = None,
        score: Decimal | None = None,
        passed_on: datetime.date | None = None,
        **data: Any,
    ) -> None:
        """The examination was passed; the certificate follows in a batch (FAQ 3)."""
        self.study_hours, self.score = study_hours, score
        self.passed_on = passed_on or timezone.localdate()

    @step(
        state,
        L.LEARNING,
        L.FAILED,
        by=TEACHERS,
        label=gettext_lazy("Record as failed"),
        tone="danger",
        in_bulk=True,
    )
    def record_fail(
        self, by: Any, *, study_hours: Decimal | None = None, score: Decimal | None = None, **data: Any
    ) -> None:
        """Not passed; a retake may be opened."""
        self.study_hours, self.score = study_hours, score

    @step(
        state, L.FAILED, L.LEARNING, by=TEACHERS, label=gettext_lazy("Open a retake"), when=[enrolment_confirmed],
        in_bulk=True,
    )  # fmt: skip
    def retake(self, by: Any, **data: Any) -> None:
        """Learn again in the same class."""
        self.attempts += 1

    @step(
        state, L.PASSED, L.LEARNING, by=Role.TRAINING, label=gettext_lazy("Withdraw the pass"), opinion_required=True,
        tone="danger", when=[enrolment_confirmed, no_certificate_made],
    )  # fmt: skip
    def withdraw_pass(self, by: Any, opinion: str = "", **data: Any) -> None:
        """“Passed” was wrong: back to learning, as long as no certificate was made of it; the company is told."""
        self.passed_on = None

    @step(
        state, L.FAILED, L.LEARNING, by=Role.TRAINING, label=gettext_lazy("Withdraw the failure"),
        opinion_required=True, tone="danger", when=[enrolment_confirmed],
    )  # fmt: skip
    def withdraw_fail(self, by: Any, opinion: str = "", **data: Any) -> None:
        """“Failed” was wrong: back to learning in the same attempt; the company is told."""

    @step(
        state, (L.PASSED, L.FAILED), L.LEARNING, by=SYSTEM, label=gettext_lazy("Result taken back"),
        opinion_required=True, in_bulk=True,
    )  # fmt: skip
    def take_result_back(
        self,
        by: Any,
        *,
        study_hours: Decimal | None = None,
        attended_hours: Decimal | None = None,
        score: Decimal | None = None,
        passed_on: datetime.date | None = None,
        **data: Any,
    ) -> None:
        """The import that recorded it was undone: everything is as before it (training/results/undo.py)."""
        self.study_hours, self.attended_hours = study_hours, attended_hours
        self.score, self.passed_on = score, passed_on

    @step(
        state, (L.PENDING, L.SUBMITTED, L.LEARNING, L.FAILED), L.DROPPED, by=(Role.TRAINING, SYSTEM),
        label=pgettext_lazy("learning", "Drop"), opinion_required=True, tone="danger", in_bulk=True,
    )  # fmt: skip
    def drop(self, by: Any, opinion: str = "", **data: Any) -> None:
        """Does not take part any more; the opinion says why."""

    @classmethod
    def transitions_done(cls, rows: list[Any], done: Step, by: Any, opinion: str) -> None:
        """Tell people and companies, and close (or open again) the enrolments these lines belong to."""
        from training.enrolling import lines_moved

        lines_moved(rows, done.name, by, opinion)

    @property
    def is_handed_off(self) -> bool:
        """提交正保: whether the platform has got the name."""
        return self.handed_off_at is not None
