"""单位会员: the member companies."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core import subjects
from backoffice.core.bounds import validate_day
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.roles import Role
from registry.models.dictionaries import Region
from registry.validators import validate_company_name, validate_contact, validate_credit_code, validate_phone


def initials_of(name: str) -> str:
    """The pinyin initials people type to find a company: 广东建科 -> GDJK."""
    from pypinyin import Style, lazy_pinyin  # its tables take 20 MB, and few processes ever need them

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).upper()[:100]


class Company(models.Model):
    class Membership(models.TextChoices):
        FORMAL = "FORMAL", _("Formal member")
        TEMPORARY = "TEMPORARY", _("Temporary member")

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        SUSPENDED = "SUSPENDED", _("Suspended")
        LEFT = "LEFT", _("Left")

    hidden_rows = models.Q(merged_into__isnull=False)
    lock_rank = Rank.COMPANY
    MEMBERSHIP_COLOURS: ClassVar = {"FORMAL": "success", "TEMPORARY": "info"}
    STATUS_COLOURS: ClassVar = {"ACTIVE": "success", "SUSPENDED": "warning", "LEFT": "danger"}
    takes_attachments = ("LICENCE", "QUALIFICATION", "RENAME_NOTICE", "OTHER")
    #: Without these a company can start nothing (manual ch. 1-2, 4b-2).
    required_for_flows: ClassVar = (
        "credit_code", "region", "office_address", "contact_name", "contact_phone", "information_officer",
    )  # fmt: skip
    #: Kept on the profile so that later flows need no upload again.
    profile_papers: ClassVar = ("LICENCE",)

    name = models.CharField(
        _("company name"), max_length=100, unique=True, validators=[validate_company_name]
    )
    credit_code = models.CharField(
        _("unified social credit code"), max_length=18, unique=True, null=True, blank=True,
        validators=[validate_credit_code],
    )  # fmt: skip
    membership = models.CharField(
        _("membership"), max_length=10, choices=Membership.choices, default=Membership.TEMPORARY
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region"),
        help_text=_("The company's own region; not the region of the body that reviews its papers."),
    )  # fmt: skip
    office_address = models.CharField(
        _("office address"), max_length=200, blank=True, help_text=_("Couriers deliver certificates here.")
    )
    contact_name = models.CharField(
        _("association contact"), max_length=50, blank=True, validators=[validate_contact]
    )
    contact_phone = models.CharField(
        _("contact phone"), max_length=20, blank=True, validators=[validate_phone]
    )
    information_officer = models.CharField(
        _("information officer"),
        max_length=100,
        blank=True,
        validators=[validate_company_name],
        help_text=_("The login name unless you change it."),
    )
    email = models.EmailField(_("email"), blank=True)
    dues_from = models.DateField(
        _("dues from"),
        null=True,
        blank=True,
        validators=[validate_day],
        help_text=_("Formal members pay dues from this day."),
    )
    #: A duplicate that went into another record: hidden everywhere, its page leads to the other one.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False, db_index=False,
        verbose_name=_("merged into"),
    )  # fmt: skip
    initials = models.CharField(_("pinyin initials"), max_length=100, editable=False, blank=True)
    created_at = models.DateTimeField(_("member since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    history = History(excluded_fields=["initials", "updated_at"])

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["region", "name"], name="company_region_name"),
            models.Index(fields=["membership", "name"], name="company_membership_name"),
            models.Index(fields=["status", "name"], name="company_status_name"),
            models.Index(
                fields=["merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="company_merged_into",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the initials, and the titles of the tasks that show the name."""
        self.initials = initials_of(self.name)
        fields = kwargs.get("update_fields")
        if fields is not None and "name" in fields:
            kwargs["update_fields"] = [*fields, "initials"]
        renamed = not self._state.adding and (fields is None or "name" in fields) and self.is_renamed()
        super().save(*args, **kwargs)
        if renamed:
            subjects.renew_those_of(self)

    def is_renamed(self) -> bool:
        """Whether another name is stored than this one."""
        return type(self)._default_manager.filter(pk=self.pk).exclude(name=self.name).exists()

    def history_follows(self, user: Any) -> tuple[Any, str, int | None] | None:
        """A member reads of the employer what happened while employed there."""
        return (user.person, "company", self.pk) if user.person_id else None

    def clean(self) -> None:
        self.name = "".join(self.name.split())
        self.credit_code = (self.credit_code or "").strip().upper() or None

    @property
    def is_active_member(self) -> bool:
        """A company that is suspended or has left may read and settle, and starts and changes nothing."""
        return self.status == self.Status.ACTIVE

    def takes_files_from(self, user: Any) -> bool:
        """Who only reads and settles hands in nothing for the profile either (specification 2, Company)."""
        return user.role != Role.COMPANY or self.is_active_member

    def default_officer(self, login_name: str, by: Any) -> None:
        """Name the information officer after the login name where nobody is named (manual ch. 1-2); stored at once."""
        if self.information_officer or self.pk is None:
            return
        self.information_officer = login_name
        self._history_user, self._change_reason = by, _("The login name, by default")  # type: ignore[attr-defined]
        self.save(update_fields=["information_officer", "updated_at"])

    def missing_fields(self) -> list[str]:
        """The names of the required fields that are empty; while any is, the company can start no flow."""
        return [
            name
            for name in self.required_for_flows
            if not getattr(self, self._meta.get_field(name).attname)  # type: ignore[union-attr]
        ]


class FormerName(models.Model):
    """曾用名: still found by search and by imports after a rename (manual ch. 3-2)."""

    company = models.ForeignKey(
        Company, models.CASCADE, related_name="former_names", verbose_name=_("company")
    )
    name = models.CharField(_("former name"), max_length=100, db_index=True)
    until = models.DateField(_("used until"), null=True, blank=True, validators=[validate_day])

    class Meta:
        verbose_name = _("former name")
        verbose_name_plural = _("former names")
        ordering = ["-until", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="former_name_once_per_company")
        ]

    def __str__(self) -> str:
        return self.name
