"""Enrolments and their lines (specification 2, 3.5, 3.6)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from backoffice.core.bounds import MOST_HOURS, MOST_SCORE, between, validate_day
from backoffice.core.export import mask, mask_name
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.core.models import Numbered
from backoffice.roles import Role
from fees.models.schedule import money
from registry.models import Certificate, Company, LocalBody, Person
from registry.models.papers import Papers
from registry.validators import validate_contact, validate_phone
from training.flows.enrolment import EnrolmentFlow, S
from training.flows.learning import ENDED, L, LearningFlow
from training.models.training_class import TrainingClass


class Enrolment(Numbered, Papers, EnrolmentFlow):
    """报名单: who of a company takes part in a class."""

    State = S
    #: What counts for everybody on the roster (manual ch. 4b-4, attachments); each line takes its own, too.
    takes_attachments = ("CERTIFICATE", "TITLE", "QUALIFICATION", "ID_CARD", "DIPLOMA", "OTHER")

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="enrolments", verbose_name=_("company"), db_index=False
    )
    training_class = models.ForeignKey(
        TrainingClass,
        models.PROTECT,
        related_name="enrolments",
        verbose_name=_("training class"),
        db_index=False,
    )
    #: The class's body, kept on the row so that scoping never joins.
    local_body = models.ForeignKey(
        LocalBody, models.PROTECT, related_name="enrolments", verbose_name=_("reviewing body"), db_index=False,
        editable=False,
    )  # fmt: skip
    contact_name = models.CharField(
        _("contact"),
        max_length=50,
        blank=True,
        help_text=_("Who handles this enrolment."),
        validators=[validate_contact],
    )
    contact_phone = models.CharField(
        _("contact phone"), max_length=20, blank=True, validators=[validate_phone]
    )
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True, editable=False)
    open_by = models.DateField(_("learning opens by"), null=True, blank=True, editable=False)
    papers_due_on = models.DateField(_("papers due on"), null=True, blank=True, editable=False)
    papers_received_on = models.DateField(_("papers received on"), null=True, blank=True, editable=False)
    #: How many people and how much, as of the last look; kept by training.enrolling for the lists.
    people = models.PositiveIntegerField(_("number of people"), default=0, editable=False)
    #: Entries that are not on the roster yet, as `Entry.kept()` gives them, until somebody deals with them.
    waiting = models.JSONField(_("entries that wait"), default=list, blank=True, editable=False)
    amount = money(_("amount"), 0, editable=False)
    created_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("begun by"),
        editable=False,
    )
    created_at = models.DateTimeField(_("begun at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    history = History(excluded_fields=["updated_at", "number", "waiting"])

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["-id"]
        indexes = [
            models.Index("company", F("id").desc(), name="enrolment_company"),
            models.Index(fields=["amount", "id"], name="enrolment_amount"),
            models.Index(fields=["submitted_at", "id"], name="enrolment_submitted"),
            models.Index("company", "state", F("id").desc(), name="enrolment_company_state"),
            models.Index("local_body", "state", F("id").desc(), name="enrolment_body_state"),
            models.Index("state", F("id").desc(), name="enrolment_state"),
            models.Index("training_class", "state", name="enrolment_class_state"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.company} · {self.training_class}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.local_body_id is None:
            self.local_body = self.training_class.local_body
        super().save(*args, **kwargs)

    @staticmethod
    def shown_to(user: Any) -> Q:
        """A draft that was never submitted is the company's own; a body and finance see it from then on."""
        if user.role in (Role.LOCAL_BODY, Role.FINANCE):
            return Q(submitted_at__isnull=False)
        return Q()

    def takes_changes_from(self, user: Any) -> bool:
        """The company edits its draft only: while it is to pay, it disagrees first (manual ch. 5-2)."""
        return self.state == S.DRAFT and super().takes_changes_from(user)

    def task_subject(self) -> str:
        """Company, class, once there are some the number of people, and the enrolment's public number."""
        people = f" · {self.people}" if self.people else ""
        return f"{self.company} · {self.training_class}{people} · {self.number}"[:200]

    def all_lines_ended(self) -> bool:
        return not self.lines.exclude(state__in=ENDED).exists()

    def bill_subject(self) -> str:
        """Without company and number, which stand beside it wherever a bill is shown."""
        with translation.override(settings.LANGUAGE_CODE):  # it is stored, and read by everybody
            text = ngettext("%(class)s · %(people)d person", "%(class)s · %(people)d people", self.people)
            return text % {"class": self.training_class, "people": self.people}

    def money_went_back(self, refund: Any, is_correction: bool) -> None:
        from training import notices

        notices.paid_back(self, refund, is_correction)


class EnrolmentLine(Papers, LearningFlow):
    """One person of an enrolment: for practice training the person, for continuing education a certificate."""

    class Matter(models.TextChoices):
        PRACTICE = "PRACTICE", _("First certificate")
        RENEWAL = "RENEWAL", _("Renewal")
        RENEWAL_CHANGE = "RENEWAL_CHANGE", _("Renewal and change of employer")
        UPGRADE = "UPGRADE", _("Supervisor to engineer")

    State = L
    lock_rank = Rank.LINE
    takes_attachments = ("CERTIFICATE", "TITLE", "QUALIFICATION", "ID_CARD", "DIPLOMA", "OTHER")

    enrolment = models.ForeignKey(
        Enrolment, models.CASCADE, related_name="lines", verbose_name=_("enrolment"), db_index=False
    )
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="enrolment_lines", verbose_name=_("person")
    )
    certificate = models.ForeignKey(
        Certificate, models.PROTECT, null=True, blank=True, related_name="enrolment_lines",
        verbose_name=_("certificate"),
    )  # fmt: skip
    category = models.CharField(_("certificate type"), max_length=10, choices=Certificate.Type.choices)
    matter = models.CharField(_("matter"), max_length=15, choices=Matter.choices)
    is_waived = models.BooleanField(_("second certificate waived"), default=False)
    new_employer = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("new employer"),
        db_index=False,
    )  # fmt: skip
    change_remark = models.CharField(_("remark on the change"), max_length=200, blank=True)
    #: What the reviewer has to say of this very person; shown to the company until the next submit.
    review_remark = models.CharField(_("reviewer's remark"), max_length=300, blank=True, editable=False)
    #: Somebody of another company, until the first submit: name and ID number below are masked (specification 3.6).
    is_masked = models.BooleanField(pgettext_lazy("enrolled person", "masked"), default=False, editable=False)
    #: Frozen at the submit: later edits of person and certificate do not change what was asked for.
    name = models.CharField(_("full name"), max_length=50, editable=False)
    id_number = models.CharField(_("ID number"), max_length=18, editable=False)
    certificate_number = models.CharField(_("certificate number"), max_length=32, blank=True, editable=False)
    printed_company = models.CharField(
        _("company on the certificate"), max_length=100, blank=True, editable=False
    )
    expiry_date = models.DateField(_("valid until"), null=True, blank=True, editable=False)
    amount = money(_("amount"), 0, editable=False)
    #: The learning.
    handed_off_at = models.DateTimeField(
        _("handed to the platform at"), null=True, blank=True, editable=False
    )
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True, editable=False)
    study_hours = models.DecimalField(
        _("study hours"),
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        validators=between(0, MOST_HOURS),
    )
    score = models.DecimalField(
        _("score"), max_digits=5, decimal_places=1, null=True, blank=True, validators=between(0, MOST_SCORE)
    )
    passed_on = models.DateField(_("passed on"), null=True, blank=True, validators=[validate_day])
    attempts = models.PositiveSmallIntegerField(
        pgettext_lazy("learning query", "attempt"), default=1, editable=False
    )
    attended_hours = models.DecimalField(
        _("hours attended"),
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        validators=between(0, MOST_HOURS),
    )

    #: By enrolment: the reviewer sees what changed since the last return, lines taken off included.
    history = History(indexed=("enrolment",))

    class Meta:
        verbose_name = _("enrolled person")
        verbose_name_plural = _("enrolled people")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "certificate"], condition=Q(certificate__isnull=False),
                name="certificate_once_in_an_enrolment",
            ),
            models.UniqueConstraint(
                fields=["enrolment", "person"], condition=Q(certificate__isnull=True),
                name="person_once_in_a_practice_enrolment",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["enrolment", "id"], name="line_enrolment"),
            models.Index(fields=["name", "id"], name="line_name"),
            models.Index("state", F("id").desc(), name="line_state"),
            models.Index(
                fields=["new_employer"], condition=Q(new_employer__isnull=False), name="line_new_employer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.certificate_number}".strip()

    @staticmethod
    def shown_to(user: Any) -> Q:
        """Where the enrolment is shown; a person sees the own learning once it is confirmed."""
        if user.role in (Role.LOCAL_BODY, Role.FINANCE):
            return Q(enrolment__submitted_at__isnull=False)
        return ~Q(state=L.ENROLLING) if user.role == Role.PERSON else Q()

    #: Snapshots taken at the submit: attribute of the line -> where it comes from.
    FROZEN: ClassVar = ("name", "id_number", "certificate_number", "printed_company", "expiry_date")

    def snapshot(self) -> None:
        """Copy what the line says of person and certificate, without saving."""
        self.name, self.id_number = self.person.name, self.person.id_number
        if self.is_masked:
            self.name, self.id_number = mask_name(self.name), mask(self.id_number)
        if (certificate := self.certificate) is not None:
            self.certificate_number, self.printed_company = certificate.number, certificate.printed_company
            self.expiry_date = certificate.expiry_date

    @staticmethod
    def hidden_in_history(row: Any) -> tuple[str, ...]:
        """The record behind a masked line: its name would say who it is."""
        return ("person",) if row.is_masked else ()

    @property
    def shown_name(self) -> str:
        """The person's name as the company may read it: of its own people today's, of others what is not masked."""
        return self.name if self.is_masked else self.person.name

    def takes_changes_from(self, user: Any) -> bool:
        """The roster is editable in DRAFT only (manual ch. 5)."""
        return bool(self.enrolment.state == S.DRAFT and self.enrolment.takes_changes_from(user))
