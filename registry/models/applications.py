"""What people and companies ask for: the records behind `registry/flows/`."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.excel.text import normalise_text
from backoffice.core.history import History
from backoffice.core.links import new_key
from backoffice.roles import APPLICANT
from registry.flows import company_application, company_change, help_request, personal_application, transfer
from registry.models.company import Company
from registry.models.dictionaries import LocalBody, Region
from registry.models.papers import Papers
from registry.models.person import Person
from registry.validators import (
    normalise_id_number,
    validate_company_name,
    validate_contact,
    validate_credit_code,
    validate_person_name,
    validate_phone,
)  # fmt: skip


def survivor(record: Any) -> Any:
    """The record itself, or the one it was merged into (and that one, …); None stays None."""
    while record is not None and record.merged_into_id is not None:
        record = record.merged_into
    return record


def account_named(name: str) -> bool:
    """Whether a user signs in with this name, in capital or small letters."""
    from backoffice.accounts.models import User

    return bool(name) and User.objects.filter(username__iexact=name).exists()


def check_id_number(record: Any) -> None:
    """Normalise `id_number` in place; raise its sentence at its field."""
    if record.id_number:
        try:
            record.id_number = normalise_id_number(record.id_number)
        except ValidationError as error:
            raise ValidationError({"id_number": error}) from error


class Application(Papers, models.Model):
    """What the applications of people without an account share: the key of the signed link, the mail address."""

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    email = models.EmailField(
        _("email"), blank=True, help_text=_("The link to your application is sent here.")
    )
    created_at = models.DateTimeField(_("begun at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        abstract = True


class PersonalApplication(Application, personal_application.PersonalApplicationFlow):
    takes_attachments = ("PHOTO", "ID_CARD", "DIPLOMA", "TITLE")
    papers = ("PHOTO", "ID_CARD", "DIPLOMA")
    required: ClassVar = (
        "name", "id_number", "phone", "email", "company", "region", "education", "local_body",
    )  # fmt: skip
    Review = personal_application.Review

    name = models.CharField(_("full name"), max_length=50, blank=True, validators=[validate_person_name])
    id_number = models.CharField(_("ID number"), max_length=18, blank=True, db_index=True)
    phone = models.CharField(_("mobile phone"), max_length=20, blank=True, validators=[validate_phone])
    company = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="personal_applications",
        verbose_name=_("employer"),
    )  # fmt: skip
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region"),
        help_text=_("Your own region; not the region of the body that reviews your papers."),
    )  # fmt: skip
    education = models.CharField(_("education"), max_length=20, choices=Person.Education.choices, blank=True)
    title = models.CharField(_("professional title"), max_length=50, blank=True)
    local_body = models.ForeignKey(
        LocalBody, models.PROTECT, null=True, blank=True, related_name="personal_applications",
        verbose_name=_("reviewing body"),
        help_text=_("Where you will take the class; it reviews your papers."),
    )  # fmt: skip
    company_review = models.CharField(
        _("company review"), max_length=10, choices=Review.choices, default=Review.PENDING, editable=False
    )
    company_opinion = models.TextField(_("opinion of the company"), blank=True, editable=False)
    local_review = models.CharField(
        _("local review"), max_length=10, choices=Review.choices, default=Review.PENDING, editable=False
    )
    local_opinion = models.TextField(_("opinion of the local body"), blank=True, editable=False)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="applications", editable=False,
        verbose_name=_("individual member"),
    )  # fmt: skip

    history = History(excluded_fields=["key", "updated_at"])

    class Meta:
        verbose_name = _("personal application")
        verbose_name_plural = _("personal applications")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["id_number"],
                condition=Q(state__in=personal_application.UNDER_REVIEW),
                name="one_personal_application_under_review",
            )
        ]
        indexes = [
            models.Index("company", models.F("id").desc(), name="application_company"),
            models.Index("local_body", models.F("id").desc(), name="application_body"),
            models.Index("state", models.F("id").desc(), name="application_state"),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Personal application %s") % self.pk)

    def task_subject(self) -> str:
        return f"{self.name} · {self.company or ''}"[:200]

    def clean(self) -> None:
        self.name = normalise_text(self.name)
        check_id_number(self)

    def member_with_this_id(self) -> Person | None:
        """The individual member who has this ID number already, other than by this application."""
        if not self.id_number:
            return None
        return survivor(Person.objects.filter(id_number=self.id_number).exclude(pk=self.person_id).first())

    def login_name_taken(self) -> bool:
        """Whether another account has the ID number as its login name, so that the person could not sign in."""
        return self.person_id is None and account_named(self.id_number)


class CompanyApplication(Application, company_application.CompanyApplicationFlow):
    takes_attachments = ("LICENCE", "QUALIFICATION")
    papers = ("LICENCE",)
    required: ClassVar = (
        "name", "credit_code", "purpose", "region", "office_address", "contact_name", "contact_phone", "email",
        "login_name",
    )  # fmt: skip
    Purpose = Company.Membership

    purpose = models.CharField(
        _("purpose"), max_length=10, choices=Purpose.choices, blank=True,
        help_text=_("A formal member pays dues and gets all services; a temporary one only enrols staff in training."),
    )  # fmt: skip
    name = models.CharField(_("company name"), max_length=100, blank=True, validators=[validate_company_name])
    credit_code = models.CharField(
        _("unified social credit code"), max_length=18, blank=True, validators=[validate_credit_code]
    )
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    office_address = models.CharField(
        _("office address"), max_length=200, blank=True, help_text=_("Couriers deliver certificates here.")
    )
    contact_name = models.CharField(
        _("association contact"), max_length=50, blank=True, validators=[validate_contact]
    )
    contact_phone = models.CharField(
        _("contact phone"), max_length=20, blank=True, validators=[validate_phone],
        help_text=_("A mobile phone also gets our text messages."),
    )  # fmt: skip
    login_name = models.CharField(
        _("login name"), max_length=100, blank=True,
        help_text=_("You will sign in with it; for example the company's short name."),
    )  # fmt: skip
    company = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="applications", editable=False,
        verbose_name=_("company"),
    )  # fmt: skip

    history = History(excluded_fields=["key", "updated_at"])

    class Meta:
        verbose_name = _("company application")
        verbose_name_plural = _("company applications")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=Q(state="OFFICE_REVIEW"),
                name="one_company_application_under_review",
            )
        ]
        indexes = [models.Index("state", models.F("id").desc(), name="companyapp_state")]

    def __str__(self) -> str:
        return self.name or str(_("Company application %s") % self.pk)

    def clean(self) -> None:
        from backoffice.accounts.models import login_name

        self.name = "".join(normalise_text(self.name).split())
        self.credit_code = normalise_text(self.credit_code).upper()
        self.login_name = login_name(self.login_name)

    def required_papers(self) -> tuple[str, ...]:
        """A formal member shows its qualification too, as an upgrade asks for it (manual ch. 3-3)."""
        return (*self.papers, "QUALIFICATION") if self.purpose == self.Purpose.FORMAL else self.papers

    def takes_files_from(self, user: Any) -> bool:
        """The office corrects fields, but never the pictures it decides on."""
        return user.role == APPLICANT and self.takes_changes_from(user)

    def member_like_this(self) -> Company | None:
        """The registered company with this name (now or formerly) or credit code, not by this application."""
        same = Q()
        if self.name:
            same |= Q(name=self.name) | Q(former_names__name=self.name)
        if self.credit_code:  # an empty one must not find the companies that have none yet
            same |= Q(credit_code=self.credit_code)
        if not same:
            return None
        return survivor(Company.objects.filter(same).exclude(pk=self.company_id).order_by("pk").first())

    def login_name_taken(self) -> bool:
        return self.company_id is None and account_named(self.login_name)


class CompanyChange(Papers, company_change.CompanyChangeFlow):
    takes_attachments = ("LICENCE", "QUALIFICATION", "RENAME_NOTICE")
    Kind = company_change.Kind

    company = models.ForeignKey(Company, models.PROTECT, related_name="changes", verbose_name=_("company"))
    kind = models.CharField(_("kind of change"), max_length=10, choices=Kind.choices)
    new_name = models.CharField(
        _("new company name"), max_length=100, blank=True, validators=[validate_company_name]
    )
    new_login_name = models.CharField(
        _("new login name"), max_length=100, blank=True,
        help_text=_("Replaces the login name the company registered with; passwords stay."),
    )  # fmt: skip
    old_name = models.CharField(_("former name"), max_length=100, blank=True, editable=False)
    old_login_name = models.CharField(_("former login name"), max_length=100, blank=True, editable=False)
    created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", editable=False, verbose_name=_("begun by")
    )
    created_at = models.DateTimeField(_("begun at"), auto_now_add=True)

    history = History()

    class Meta:
        verbose_name = _("company change")
        verbose_name_plural = _("company changes")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "kind"],
                condition=Q(state__in=["DRAFT", "OFFICE_REVIEW"]),
                name="one_open_change_of_a_kind",
                violation_error_message=_(
                    "Your company has an open change of this kind already; go on with that one."
                ),
            )
        ]
        indexes = [models.Index("company", models.F("id").desc(), name="companychange_company")]

    def __str__(self) -> str:
        return f"{self.company} · {self.get_kind_display()}"

    def clean(self) -> None:
        from backoffice.accounts.models import login_name

        if self.kind == self.Kind.UPGRADE:
            self.new_name = self.new_login_name = ""
        self.new_name = "".join(normalise_text(self.new_name).split())
        self.new_login_name = login_name(self.new_login_name)

    def required_papers(self) -> tuple[str, ...]:
        return ("RENAME_NOTICE", "LICENCE") if self.kind == self.Kind.RENAME else ("LICENCE", "QUALIFICATION")

    def company_named_so(self) -> Company | None:
        """Another company that bears the new name; a duplicate that went into this one does not count."""
        others = Company.objects.filter(name=self.new_name).exclude(pk=self.company_id)
        return others.exclude(merged_into=self.company_id).first()

    def login_user(self) -> Any:
        """The user whose login name the company registered with: its first manager, else its first user."""
        return self.company.users.order_by("-is_manager", "id").first()

    def login_name_taken(self) -> bool:
        from backoffice.accounts.models import User

        user = self.login_user()
        others = User.objects.filter(username__iexact=self.new_login_name)
        return (others.exclude(pk=user.pk) if user else others).exists()


class Transfer(Papers, transfer.TransferFlow):
    takes_attachments = ("ID_CARD", "JOINING", "LEAVING")
    papers = ("ID_CARD",)

    company = models.ForeignKey(
        Company, models.PROTECT, related_name="transfers", verbose_name=_("new company")
    )
    name = models.CharField(_("full name"), max_length=50, validators=[validate_person_name])
    id_number = models.CharField(_("ID number"), max_length=18, db_index=True)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="transfers", editable=False,
        verbose_name=_("person"),
    )  # fmt: skip
    from_company = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("former company"),
    )  # fmt: skip
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", editable=False, verbose_name=_("begun by")
    )
    created_at = models.DateTimeField(_("begun at"), auto_now_add=True)

    history = History()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["id_number"], condition=Q(state="OFFICE_REVIEW"), name="one_transfer_under_review"
            )
        ]
        indexes = [models.Index("company", models.F("id").desc(), name="transfer_company")]

    def __str__(self) -> str:
        return f"{self.name} → {self.company}"

    def clean(self) -> None:
        self.name = normalise_text(self.name)
        check_id_number(self)

    def claimed(self) -> Person | None:
        """The person the transfer was submitted for; after a merge of duplicates, the record that is left."""
        return survivor(self.person)  # type: ignore[no-any-return]

    def find_person(self) -> Person | None:
        """The member with exactly this ID number and name (FAQ 16); of merged duplicates, the record that is left."""
        return survivor(Person.objects.filter(id_number=self.id_number, name=self.name).first())  # type: ignore[no-any-return]


class HelpRequest(Application, help_request.HelpRequestFlow):
    takes_attachments = ("ID_CARD", "CERTIFICATE", "OTHER")
    required: ClassVar = ("name", "topic", "text")
    Topic = help_request.Topic

    topic = models.CharField(_("what it is about"), max_length=20, choices=Topic.choices, blank=True)
    name = models.CharField(_("full name"), max_length=50, blank=True, validators=[validate_person_name])
    id_number = models.CharField(_("ID number"), max_length=18, blank=True)
    certificate_number = models.CharField(_("certificate number"), max_length=32, blank=True)
    company_name = models.CharField(
        _("company name"), max_length=100, blank=True, validators=[validate_company_name]
    )
    phone = models.CharField(_("mobile phone"), max_length=20, blank=True, validators=[validate_phone])
    text = models.TextField(_("what is wrong"), blank=True, max_length=2000)
    answer_text = models.TextField(_("answer"), blank=True, editable=False)

    history = History(excluded_fields=["key", "updated_at"])

    class Meta:
        verbose_name = _("help request")
        verbose_name_plural = _("help requests")
        ordering = ["-id"]
        indexes = [models.Index("state", models.F("id").desc(), name="helprequest_state")]

    def __str__(self) -> str:
        return f"{self.name} · {self.get_topic_display()}"

    def clean(self) -> None:
        self.name = normalise_text(self.name)
        check_id_number(self)
