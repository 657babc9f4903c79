"""个人申请: the form of somebody who wants to become an individual member (specification 3.1, manual ch. 2)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.excel.text import normalise_text
from backoffice.public.employers import active_companies, find_employers
from backoffice.public.forms_apply import CHOOSE, ApplicationForm, RecordChoice, full_name, phone_number, text
from registry.bodies import offered_bodies
from registry.models import Company, LocalBody, Person
from registry.validators import normalise_id_number
from training.models import TrainingClass
from training.services import open_classes


@dataclass
class OfferedBody:
    """A body that may review the papers, with its open practice classes: none where one closed meanwhile."""

    body: LocalBody
    classes: list[TrainingClass]


class PersonalForm(ApplicationForm):
    kept = ("name", "id_number", "phone", "email", "company", "region", "education", "title", "local_body")
    sections: ClassVar = (
        (_("About you"), ("name", "id_number", "phone", "email")),
        (_("Your work"), ("employer", "region", "education", "title")),
        (_("Where your papers are reviewed"), ("local_body",)),
    )

    name = text(_("Full name"), 50, autocomplete="name", help_text=_("As it stands on the ID card."))
    id_number = text(_("ID number"), 40, check="id_number", autocomplete="off", spellcheck="false",
                     autocapitalize="characters",
                     help_text=_("18 digits; it becomes your login name."))  # fmt: skip
    phone = text(_("Mobile phone"), 40, check="phone", autocomplete="tel", inputmode="tel")
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({"autocomplete": "email"}),
                             help_text=_("The link to your application is sent here."))  # fmt: skip
    employer = text(_("Employer"), 100, required=False, autocomplete="off", spellcheck="false",
                    help_text=_("Any parts of the name in any order, a former name, or pinyin initials; then choose "
                                "the company from the list."))  # fmt: skip
    company = forms.IntegerField(label=_("Employer"), required=False, widget=forms.HiddenInput)
    region = RecordChoice(
        label=_("Your region"), help_text=_("Your own region; not the region of the body that reviews your papers.")
    )  # fmt: skip
    education = forms.ChoiceField(label=_("Education"), choices=[("", CHOOSE), *Person.Education.choices])
    title = text(_("Professional title"), 50, required=False,
                 help_text=_("If you have one, for example engineer; then add a picture of it below."))  # fmt: skip
    local_body = RecordChoice(label=_("Reviewing body"),
                              help_text=_("The body whose class you want to take. It reviews your papers, and may be "
                                          "in another city than you or your company."))  # fmt: skip

    def __init__(self, data: Any = None, *, record: Any) -> None:
        #: What the search for the employer found: the radio buttons below it.
        self.found: list[Company] = []
        super().__init__(data, record=record)
        if record.company is not None:
            self.initial["employer"] = record.company.name

    def fill_choices(self) -> None:
        super().fill_choices()
        self.bodies = offered(self.record.local_body_id)
        body: Any = self.fields["local_body"]
        body.choices = [("", CHOOSE), *((offer.body.pk, str(offer.body)) for offer in self.bodies)]

    @property
    def none_is_open(self) -> bool:
        return not any(offer.classes for offer in self.bodies)

    def clean_name(self) -> str:
        return full_name(self.cleaned_data["name"])

    def clean_id_number(self) -> str:
        return normalise_id_number(self.cleaned_data["id_number"])

    def clean_phone(self) -> str:
        return phone_number(self.cleaned_data["phone"])

    def clean_title(self) -> str:
        return normalise_text(self.cleaned_data["title"])

    def clean_employer(self) -> str:
        return normalise_text(self.cleaned_data["employer"])

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.settle_employer(data)
        return data

    def settle_employer(self, data: dict[str, Any]) -> None:
        """The company that was chosen, if it fits what stands in the box; else the list to choose from."""
        typed, chosen = data.get("employer", ""), data.pop("company", None)
        company = self.possible(chosen)
        if typed and (company is None or company.name != typed):
            self.found = find_employers(typed)
            exact = [row for row in self.found if row.name == "".join(typed.split())]
            if company not in self.found:
                company = exact[0] if exact else None
        if company is not None:
            data["company"] = company.pk
        elif not typed:
            self.add_error(
                "employer", gettext("Enter a part of your employer's name and choose it from the list.")
            )
        elif self.found:
            self.add_error("employer", gettext("Choose your employer from the list."))
        else:
            self.add_error("employer", gettext(
                "No member company fits “%(typed)s”. Try a shorter part of the name. If your company is not a member "
                "yet, it must register first.") % {"typed": typed})  # fmt: skip

    def possible(self, chosen: int | None) -> Company | None:
        """An active company, or the one the application names already: about that one the submit says why not."""
        if chosen is None:
            return None
        if chosen == self.record.company_id:
            return self.record.company  # type: ignore[no-any-return]
        return active_companies(pk=chosen).first()

    def options(self) -> list[tuple[int, str, bool]]:
        """The radio buttons for browsers without scripts: the chosen company and what the search found."""
        chosen = self.cleaned_data.get("company") if self.is_bound else self.record.company_id
        rows = {row.pk: row.name for row in self.found}
        if chosen and chosen not in rows:
            company = self.possible(chosen)
            rows = ({company.pk: company.name} if company else {}) | rows
        return [(pk, name, pk == chosen) for pk, name in rows.items()]


def offered(present: int | None) -> list[OfferedBody]:
    """The bodies with open practice classes, and the one that the application names already."""
    classes: dict[int, list[TrainingClass]] = {}
    for row in open_classes().filter(type=TrainingClass.Type.PRACTICE):
        classes.setdefault(row.local_body_id, []).append(row)
    bodies = offered_bodies(also=present).order_by("code")
    return [OfferedBody(body, classes.get(body.pk, [])) for body in bodies]
