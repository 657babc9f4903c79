"""个人会员: holding any one of the three certificates makes one a member (manual ch. 1)."""

import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.excel.identity import birthday_of, gender_of
from backoffice.core.excel.text import normalise_text
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.roles import Role
from registry.models.company import Company
from registry.models.dictionaries import Region
from registry.validators import normalise_id_number, validate_person_name, validate_phone


class Person(models.Model):
    class Gender(models.TextChoices):
        MALE = "M", _("Male")
        FEMALE = "F", _("Female")

    class Education(models.TextChoices):
        SECONDARY = "SECONDARY", _("Secondary school")
        COLLEGE = "COLLEGE", _("Junior college")
        BACHELOR = "BACHELOR", _("Bachelor")
        MASTER = "MASTER", _("Master")
        DOCTOR = "DOCTOR", _("Doctor")

    hidden_rows = models.Q(merged_into__isnull=False)
    lock_rank = Rank.PERSON
    takes_attachments = (
        "PHOTO", "ID_CARD", "DIPLOMA", "TITLE", "CERTIFICATE", "LEAVING", "JOINING", "SOCIAL_SECURITY", "OTHER",
    )  # fmt: skip
    #: The red fields of the profile (manual ch. 1): an empty region stops an enrolment.
    required_for_flows: ClassVar = ("company", "region", "phone", "education")
    #: Kept on the profile so that later flows need no upload again (manual ch. 4b-3.4).
    profile_papers: ClassVar = ("PHOTO", "ID_CARD", "DIPLOMA")

    name = models.CharField(_("full name"), max_length=50, validators=[validate_person_name])
    id_number = models.CharField(_("ID number"), max_length=18, unique=True)
    gender = models.CharField(_("gender"), max_length=1, choices=Gender.choices, editable=False)
    birthday = models.DateField(_("birthday"), editable=False)
    phone = models.CharField(_("mobile phone"), max_length=20, blank=True, validators=[validate_phone])
    email = models.EmailField(_("email"), blank=True)
    company = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("company"),
        db_index=False,
    )  # fmt: skip
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region"), db_index=False,
        help_text=_("The person's own region; an empty one stops every enrolment."),
    )  # fmt: skip
    education = models.CharField(_("education"), max_length=20, choices=Education.choices, blank=True)
    title = models.CharField(_("professional title"), max_length=50, blank=True)
    #: A duplicate that went into another record: hidden everywhere, its page leads to the other one.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False, db_index=False,
        verbose_name=_("merged into"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("member since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    history = History(excluded_fields=["updated_at"])

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["-id"]
        indexes = [
            models.Index("company", models.F("id").desc(), name="person_company"),
            models.Index("region", models.F("id").desc(), name="person_region"),
            # The first page of a large company counts its people, and those whose profile has gaps, along it.
            models.Index(
                fields=["company", "merged_into", "region", "phone", "education"],
                name="person_company_profile",
            ),
            models.Index(fields=["phone"], name="person_phone"),
            # Few are merged; without this each person who is deleted costs a walk through all the others.
            models.Index(
                fields=["merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="person_merged_into",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.birthday, self.gender = birthday_of(self.id_number), gender_of(self.id_number)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.name = normalise_text(self.name)
        try:
            self.id_number = normalise_id_number(self.id_number)
        except ValidationError as error:
            raise ValidationError({"id_number": error}) from error

    def takes_files_from(self, user: Any) -> bool:
        """A company that is suspended or has left changes nothing of its people (specification 2, Company)."""
        return user.role != Role.COMPANY or bool(user.company.is_active_member)

    def missing_fields(self) -> list[str]:
        """The names of the red fields that are empty."""
        return [
            name
            for name in self.required_for_flows
            if not getattr(self, self._meta.get_field(name).attname)  # type: ignore[union-attr]
        ]

    def age(self, today: datetime.date) -> int:
        """Full years on `today`."""
        return (
            today.year
            - self.birthday.year
            - ((today.month, today.day) < (self.birthday.month, self.birthday.day))
        )
