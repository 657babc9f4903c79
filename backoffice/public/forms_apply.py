"""What the two application forms share (specification 3.1, 3.2): strict when they are submitted, forgiving while they
are filled in. A draft keeps what was typed, right or wrong, so that a closed phone loses nothing."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.excel import clean
from backoffice.core.excel.text import normalise_text
from backoffice.core.links import VISITOR
from backoffice.core.scoping import visible_to
from registry.models import Region
from registry.validators import checked

CHOOSE = gettext_lazy("Choose …")


def text(label: Any, max_length: int, *, check: str = "", **options: Any) -> forms.CharField:
    """A text field; `check` names what may be asked about it while typing, the rest goes to the input."""
    help_text, required = options.pop("help_text", ""), options.pop("required", True)
    attributes = {"data-check": check} if check else {}
    return forms.CharField(
        label=label, max_length=max_length, required=required, help_text=help_text,
        widget=forms.TextInput(attributes | options),
    )  # fmt: skip


class RecordChoice(forms.TypedChoiceField):
    """A choice among records by their number; the choices are put in when the form is made."""

    def __init__(self, **options: Any) -> None:
        super().__init__(coerce=int, empty_value=None, **options)


class ApplicationForm(forms.Form):
    """Bound to a record, stored or not. `kept` are the fields that the record has as well."""

    kept: ClassVar[tuple[str, ...]] = ()
    #: The parts of the page: title and fields.
    sections: ClassVar[tuple[tuple[Any, tuple[str, ...]], ...]] = ()
    #: A trap: people do not see it, programs fill in whatever they find.
    website = forms.CharField(label=gettext_lazy("Leave this field empty"), required=False)

    def __init__(self, data: Any = None, *, record: Any) -> None:
        self.record = record
        initial = {name: getattr(record, record._meta.get_field(name).attname) for name in self.kept}
        super().__init__(data, initial=initial)
        self.fill_choices()

    def fill_choices(self) -> None:
        region: Any = self.fields["region"]
        region.choices = [("", CHOOSE), *regions(visible_to(Region, VISITOR).order_by("code"))]

    # -- what is right ---------------------------------------------------------------------------------

    def clean_name(self) -> str:
        return normalise_text(self.cleaned_data["name"])

    def clean_email(self) -> str:
        return checked(clean.clean_email, self.cleaned_data["email"]) or ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("website"):  # a browser that fills in by itself is no program: once more is enough
            self.data = {**self.data.dict(), "website": ""}  # type: ignore[attr-defined]
            self.add_error(None, _("Your application was not sent yet. Please press the button once more."))
        return data

    def calm(self) -> None:
        """Leave out the complaints about empty fields: they are for the submit."""
        for name in list(self.errors):
            if name in self.fields and not self.typed(name):
                del self.errors[name]

    def typed(self, name: str) -> str:
        return normalise_text(self.data.get(name) or "")

    # -- what is kept ----------------------------------------------------------------------------------

    def worth_keeping(self) -> dict[str, Any]:
        """By the record's attributes: the clean values, and wrong texts as they were typed if they fit."""
        self.is_valid()
        values: dict[str, Any] = {}
        for name in self.kept:
            column = self.record._meta.get_field(name)
            if name in self.cleaned_data:
                values[column.attname] = self.cleaned_data[name]
            elif name not in self.data:
                continue  # the page did not show it
            elif not self.typed(name):
                values[column.attname] = None if column.null else ""
            elif not column.is_relation and not column.choices and len(self.typed(name)) <= column.max_length:
                values[column.attname] = self.typed(name)
        return values


def regions(found: Iterable[Region]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Cities with their districts, as the groups of a drop-down list."""
    cities: dict[int, tuple[str, list[tuple[int, str]]]] = {}
    rows = list(found)
    for region in rows:
        if region.parent_id is None:
            cities[region.pk] = (str(region), [(region.pk, str(region))])
    for region in rows:
        if region.parent_id in cities:
            city, places = cities[region.parent_id]
            places.append((region.pk, f"{city} {region}"))
    return list(cities.values())


def full_name(value: str) -> str:
    name = checked(clean.clean_name, value) or ""
    if len(name) < 2:
        raise ValidationError(_("Enter the full name as it stands on the ID card."))
    return name


def phone_number(value: str) -> str:
    return checked(clean.clean_phone, value) or ""
