"""Certificates and their terms (specification 2): three dates, a term of three years, history append-only."""

import datetime
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import validate_day
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.roles import Role
from registry.models.company import Company
from registry.models.dictionaries import Region, Specialty
from registry.models.person import Person
from registry.validators import normalise_certificate_number

#: So long before its last day a certificate is said to expire soon.
EXPIRES_SOON: Final = datetime.timedelta(days=90)


class Certificate(models.Model):
    class Type(models.TextChoices):
        ENGINEER = "ENGINEER", _("Specialised supervision engineer")
        SUPERVISOR = "SUPERVISOR", _("Supervisor")
        SAFETY = "SAFETY", _("Safety officer")

    lock_rank = Rank.CERTIFICATE

    class Status(models.TextChoices):
        VALID = "VALID", _("Valid")
        CANCELLED = "CANCELLED", _("Cancelled")
        SUPERSEDED = "SUPERSEDED", _("Superseded")
        REPLACED = "REPLACED", _("Replaced")

    class Standing(models.TextChoices):
        """What readers are told: the stored status, and of a valid certificate how its last day stands to today."""

        VALID = "VALID", _("Valid")
        SOON = "SOON", _("Expires soon")
        EXPIRED = "EXPIRED", _("Expired")
        CANCELLED = "CANCELLED", _("Cancelled")
        SUPERSEDED = "SUPERSEDED", _("Superseded")
        REPLACED = "REPLACED", _("Replaced")

    STANDING_COLOURS: ClassVar = {
        "VALID": "success", "SOON": "warning", "EXPIRED": "danger", "CANCELLED": "danger", "SUPERSEDED": "",
        "REPLACED": "",
    }  # fmt: skip

    number = models.CharField(_("certificate number"), max_length=32, unique=True)
    type = models.CharField(_("certificate type"), max_length=10, choices=Type.choices)
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="certificates", verbose_name=_("holder"), db_index=True
    )
    #: Where the holder works now. Kept on the row so that scoping never joins; moves with the person.
    company = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="certificates", verbose_name=_("company"),
        db_index=False,
    )  # fmt: skip
    #: The company's region, kept on the row for the same reason (`services.moves`).
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
        db_index=False,
    )
    #: What is printed; stays the old employer until 单位变更 or 企业更名 (manual ch. 7b).
    printed_company = models.CharField(_("company on the certificate"), max_length=100, blank=True)
    specialty = models.ForeignKey(
        Specialty, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("specialty"),
        db_index=False,
    )  # fmt: skip
    issue_date = models.DateField(_("first issue date"), validators=[validate_day])
    renewal_date = models.DateField(_("last renewal date"), null=True, blank=True, validators=[validate_day])
    expiry_date = models.DateField(_("valid until"), validators=[validate_day])
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.VALID)
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("entered at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    history = History(excluded_fields=["company", "region", "updated_at"])

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["-issue_date", "-id"]
        # Each index is one list as it is really used, newest first (docs/quality.md, "Indexes").
        indexes = [
            models.Index(F("issue_date").desc(), F("id").desc(), name="cert_issued"),
            models.Index("company", F("issue_date").desc(), F("id").desc(), name="cert_company"),
            models.Index("region", F("issue_date").desc(), F("id").desc(), name="cert_region"),
            models.Index("type", F("issue_date").desc(), F("id").desc(), name="cert_type"),
            models.Index("status", F("issue_date").desc(), F("id").desc(), name="cert_status"),
            models.Index("status", "type", F("issue_date").desc(), F("id").desc(), name="cert_status_type"),
            models.Index(fields=["expiry_date", "id"], name="cert_expiry"),
            models.Index(fields=["region", "expiry_date", "id"], name="cert_region_expiry"),
            models.Index(fields=["status", "expiry_date", "id"], name="cert_status_expiry"),
            # The first page of a large company counts along it: by type, too.
            models.Index(
                fields=["company", "status", "expiry_date", "id", "type"], name="cert_company_status_expiry"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="certificate_dates_in_order",
                condition=Q(expiry_date__gt=F("issue_date"))
                & (
                    Q(renewal_date=None)
                    | Q(renewal_date__gte=F("issue_date"), renewal_date__lte=F("expiry_date"))
                ),
                violation_error_message=_(
                    "The dates are out of order: first issue, then renewal, then the end of validity."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.number

    def history_follows(self, user: Any) -> tuple[Any, str, int | None]:
        """A company reads what happened while the holder was its own: the certificate's history names no employer."""
        if user.role == Role.COMPANY:
            return self.person, "company", user.company_id
        return self, "person", user.person_id

    def clean(self) -> None:
        try:
            self.number = normalise_certificate_number(self.number)
        except ValidationError as error:
            raise ValidationError({"number": error}) from error
        if self.issue_date and self.issue_date > timezone.localdate():
            text = _("%(day)s lies in the future; check the year.") % {"day": self.issue_date.isoformat()}
            raise ValidationError({"issue_date": text})

    def is_expired(self, today: datetime.date | None = None) -> bool:
        """Expired is derived, never stored: the last day of validity still counts."""
        return self.expiry_date < (today or timezone.localdate())

    def standing(self, today: datetime.date | None = None) -> Standing:
        """The state as it is shown everywhere; the stored status alone would call an expired certificate valid."""
        today = today or timezone.localdate()
        if self.status != self.Status.VALID:
            return self.Standing(self.status)
        if self.is_expired(today):
            return self.Standing.EXPIRED
        return self.Standing.SOON if self.expiry_date <= today + EXPIRES_SOON else self.Standing.VALID

    def standing_label(self) -> str:
        return str(self.standing().label)

    @property
    def employer_differs(self) -> bool:
        """The certificate still shows an employer other than the holder's present one."""
        return self.company is not None and self.printed_company != self.company.name


class CertificateTerm(models.Model):
    """One period of validity. A renewal appends a row; gaps between rows stay visible."""

    certificate = models.ForeignKey(
        Certificate, models.CASCADE, related_name="terms", verbose_name=_("certificate")
    )
    start_date = models.DateField(_("from"), validators=[validate_day])
    expiry_date = models.DateField(_("until"), validators=[validate_day])
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    import_run_id = models.BigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["start_date", "id"]

    def __str__(self) -> str:
        return f"{self.start_date:%Y-%m-%d} – {self.expiry_date:%Y-%m-%d}"
