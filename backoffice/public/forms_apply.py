"""The two application forms (SPEC 3.1, 3.2): everything may stay empty in a draft; submitting asks for the rest."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.models import Attachment
from backoffice.public.employers import active_companies, find_employers
from registry.bodies import offered_bodies
from registry.models import CompanyApplication, PersonalApplication, Region


class ApplicationForm(forms.ModelForm):
    """`submitting`: the required fields must be filled in; a draft may lack them."""

    website = forms.CharField(required=False, label=gettext_lazy("Leave this empty"))  # a trap for programs
    checked: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, submitting: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.submitting = submitting
        for name, field in self.fields.items():
            field.required = False
            if name in self.instance.required:
                field.widget.attrs["aria-required"] = "true"
            if name in self.checked:
                field.widget.attrs["data-check"] = self.checked[name]
        for name in ("phone", "contact_phone"):
            if name in self.fields:
                self.fields[name].widget.attrs |= {"inputmode": "tel", "autocomplete": "tel"}

    @property
    def trapped(self) -> bool:
        return bool(self.data.get("website"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.submitting:
            for name in self.instance.required:
                if name not in self.errors and not cleaned.get(name):
                    self.add_error(name, self.fill_in(name))
        return cleaned

    def fill_in(self, name: str) -> str:
        return _("Fill in: %(field)s.") % {"field": self.fields[name].label}

    def keep_valid(self, record: Any) -> None:
        """Put what passed onto the stored record, without the fields that did not; nothing is saved here."""
        for name in self._meta.fields or ():
            if name in self.cleaned_data and name not in self.errors:
                setattr(record, name, getattr(self.instance, name))


def regions() -> "QuerySet[Region]":
    return Region.objects.select_related("parent").order_by("code")


class RegionField(forms.ModelChoiceField):
    def label_from_instance(self, region: Any) -> str:
        return f"{region.parent} {region}" if region.parent_id else str(region)


class PersonalForm(ApplicationForm):
    employer = forms.CharField(
        label=gettext_lazy("Employer"), max_length=100, required=False,
        help_text=gettext_lazy("Type two characters or more of the name, a former name, or pinyin initials, and choose "
                               "from the list."),
    )  # fmt: skip
    region = RegionField(regions(), label=PersonalApplication._meta.get_field("region").verbose_name,
                         help_text=PersonalApplication._meta.get_field("region").help_text)  # fmt: skip
    checked: ClassVar = {"id_number": "id_number", "phone": "phone"}
    field_order = ("name", "id_number", "phone", "email", "employer", "company", "region", "education", "title",
                   "local_body")  # fmt: skip

    class Meta:
        model = PersonalApplication
        fields = (
            "name",
            "id_number",
            "phone",
            "email",
            "company",
            "region",
            "education",
            "title",
            "local_body",
        )
        widgets: ClassVar = {"company": forms.HiddenInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = self.instance.company
        choices: dict[str, Any] = self.fields
        choices["company"].queryset = active_companies()
        choices["local_body"].queryset = offered_bodies(also=self.instance.local_body_id)
        choices["local_body"].empty_label = _("Choose …")
        self.fields["employer"].widget.attrs |= {"autocomplete": "off", "data-employer": "id_company",
                                                 "aria-required": "true"}  # fmt: skip
        if present is not None:
            self.initial.setdefault("employer", present.name)
        self.found: Sequence[Any] = ()

    def clean(self) -> dict[str, Any]:
        """An employer that was typed and not chosen: the one company it names, or the list to choose from."""
        cleaned = self.cleaned_data
        typed, chosen = cleaned.get("employer", ""), cleaned.get("company")
        if typed and (chosen is None or chosen.name != typed):
            self.found = find_employers(typed)
            exact = [company for company in self.found if company.name == "".join(typed.split())]
            only = exact or (self.found if len(self.found) == 1 else [])
            cleaned["company"] = chosen = only[0] if only else None
            if only:
                self.instance.company = chosen
        elif not typed:
            cleaned["company"] = None
        cleaned = super().clean()
        if "company" in self.errors:
            del self.errors["company"]
            self.add_error("employer", self.about_employer(typed))
        return cleaned

    def about_employer(self, typed: str) -> str:
        if not typed:
            return _("Choose your employer.")
        if self.found:
            return _("Several companies fit “%(typed)s”; choose yours below.") % {"typed": typed}
        return _("No member company fits “%(typed)s”. Try fewer characters; a company that is not in the list must "
                 "register first.") % {"typed": typed}  # fmt: skip


class CompanyForm(ApplicationForm):
    region = RegionField(regions(), label=CompanyApplication._meta.get_field("region").verbose_name)
    checked: ClassVar = {"credit_code": "credit_code", "contact_phone": "phone", "login_name": "login_name"}

    class Meta:
        model = CompanyApplication
        fields = ("purpose", "name", "credit_code", "region", "office_address", "contact_name", "contact_phone",
                  "email", "login_name")  # fmt: skip
        widgets: ClassVar = {"purpose": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = self.fields
        choices["purpose"].choices = CompanyApplication.Purpose.choices


def present_papers(record: Any) -> dict[str, Attachment]:
    """Kind code -> the attachment that is there now (the newest)."""
    if record.pk is None:
        return {}
    there = Attachment.of(record).filter(removed_at=None).select_related("kind").order_by("id")
    return {paper.kind.code: paper for paper in there}
