"""List filters that stay within the user's scope and survive any value in the address.

Unfold's related filters list and accept every row of the related table (docs/pitfalls.md); these ask `visible_to()`.
`scoped = True` says so to the system check. A value that means nothing is ignored; a record out of the
user's scope gives an empty list, whether it exists or not.

    list_filter = [("status", ChoicesFilter), ("company", ScopedRelatedFilter), ("region", RegionFilter),
                   ExpiryFilter]

The parameter is the field's name: ?status=VALID&company=7&expires=30.
"""

import datetime
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import FieldListFilter, ListFilter
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from backoffice.core.scoping import visible_to
from backoffice.core.theme import INPUT_CLASSES, AutocompleteDropdownForm, DropdownForm

Choices = list[tuple[Any, Any]]
#: The largest key a database knows; anything above would be an error there.
LARGEST_KEY = 2**63 - 1
ALL_OPTION = ("", _("All"))


def first_value(parameters: dict[str, Any], name: str) -> str:
    """The first value given for the parameter; an address may repeat or empty it."""
    values = parameters.get(name) or [""]
    return str(values[0] if isinstance(values, list) else values).strip()


def key_or_none(text: str) -> int | None:
    """The text as a primary key, if it can be one."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    key = int(text)
    return key if key <= LARGEST_KEY else None


class FieldFilter(FieldListFilter):
    """A filter on one field, shown as Unfold's drop-down; its parameter is the field's name."""

    scoped = True
    template = "unfold/filters/filters_field.html"
    form_class: ClassVar[type[forms.Form]] = DropdownForm

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(field, request, *args, **kwargs)

    def expected_parameters(self) -> list[str | None]:
        return [self.field_path]

    def value(self) -> str:
        return first_value(self.used_parameters, self.field_path)

    @property
    def is_active(self) -> bool:
        return bool(self.value())

    def options(self) -> Choices:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Iterator[Any]:
        form = DropdownForm(
            name=self.field_path,
            label=self.title,
            choices=[ALL_OPTION, *self.options()],
            data={self.field_path: self.value()},
        )
        yield {"form": form}


class ChoicesFilter(FieldFilter):
    """One of the field's choices. No query."""

    def options(self) -> Choices:
        return list(self.field.flatchoices)

    def value(self) -> str:
        value = super().value()
        return value if value in dict(self.field.flatchoices) else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(**{self.field_path: self.value()}) if self.value() else queryset


class ChosenSelect(AutocompleteSelect):
    """Django's autocomplete box, showing its given options; Django's own asks the database for any id."""

    optgroups = forms.Select.optgroups  # type: ignore[assignment]  # the stubs disagree on `value`


class AutocompleteForm(forms.Form):
    Media = AutocompleteDropdownForm.Media

    def __init__(self, name: str, label: Any, field: Any, admin_site: Any, chosen: Model | None) -> None:
        super().__init__({name: chosen.pk if chosen else ""})
        options = [("", ""), (chosen.pk, str(chosen))] if chosen else [("", "")]
        widget = ChosenSelect(field, admin_site, attrs={"class": "unfold-filter-autocomplete"})
        self.fields[name] = forms.ChoiceField(label=label, required=False, choices=options, widget=widget)


class ScopedRelatedFilter(FieldFilter):
    """A related record, found by autocomplete among those the user may see.

    No query without a value, one with it (is it visible, and what is it called). The related model needs an
    admin class with `search_fields`, as for `autocomplete_fields`.
    """

    form_class = AutocompleteForm
    field: ForeignKey

    def __init__(
        self, field: Any, request: HttpRequest, params: dict, model: Any, model_admin: Any, **kw: Any
    ) -> None:
        self.admin_site = model_admin.admin_site
        super().__init__(field, request, params, model, model_admin, **kw)

    def visible(self) -> QuerySet:
        return visible_to(self.field.remote_field.model, self.request.user)

    def value(self) -> str:
        value = super().value()
        return value if key_or_none(value) is not None else ""

    @cached_property
    def chosen(self) -> Model | None:
        """The record that was chosen, if the user may see it."""
        return self.visible().filter(pk=self.value()).first() if self.value() else None

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        return queryset.filter(**{self.field_path: self.chosen.pk}) if self.chosen else queryset.none()

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "form": AutocompleteForm(self.field_path, self.title, self.field, self.admin_site, self.chosen)
        }


class ScopedDropdownFilter(ScopedRelatedFilter):
    """The same as a drop-down, for short lists: one query for all options."""

    form_class = DropdownForm
    #: Which of the visible records are offered.
    offered: ClassVar[dict[str, Any]] = {}

    def visible(self) -> QuerySet:
        return super().visible().filter(**self.offered)

    @cached_property
    def records(self) -> list[Model]:
        return list(self.visible())

    @cached_property
    def chosen(self) -> Model | None:
        key = key_or_none(self.value())
        return next((record for record in self.records if record.pk == key), None)

    def options(self) -> Choices:
        return [(record.pk, str(record)) for record in self.records]

    def choices(self, changelist: Any) -> Iterator[Any]:
        return FieldFilter.choices(self, changelist)


class RegionFilter(ScopedDropdownFilter):
    """The 21 cities; rows carry the city of their region, so that one value is one stretch of an index."""

    offered: ClassVar[dict[str, Any]] = {"parent": None}


class ExpiryForm(DropdownForm):
    """The usual questions about validity, or two dates."""

    def __init__(self, name: str, label: Any, choices: Choices, data: dict[str, Any]) -> None:
        super().__init__(name=name, label=label, choices=choices, data=data)
        # The browser's own date box: no scripts, and right on a phone.
        box = forms.DateInput({"type": "date", "class": " ".join(INPUT_CLASSES)}, "%Y-%m-%d")
        self.fields[f"{name}_from"] = forms.DateField(label=_("Expires from"), required=False, widget=box)
        self.fields[f"{name}_to"] = forms.DateField(label=_("Expires until"), required=False, widget=box)


class ExpiryFilter(ListFilter):
    """Valid, expired, about to expire, or between two dates; the last day of validity still counts.

    While it is active the list is in the order of expiry: only then one index serves condition and order.
    """

    scoped = True
    title = _("validity")
    template = "unfold/filters/filters_field.html"
    form_class = ExpiryForm
    parameter_name = "expires"
    field_name = "expiry_date"
    DAYS: ClassVar[tuple[int, ...]] = (30, 90, 180)

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)

    def expected_parameters(self) -> list[str | None]:
        name = self.parameter_name
        return [name, f"{name}_from", f"{name}_to"]

    def has_output(self) -> bool:
        return True

    def options(self) -> Choices:
        within = [(str(days), _("Expires within %(days)d days") % {"days": days}) for days in self.DAYS]
        return [("valid", _("Not expired")), ("expired", _("Expired")), *within]

    def value(self) -> str:
        value = first_value(self.used_parameters, self.parameter_name)
        return value if value in dict(self.options()) else ""

    def date(self, which: str) -> datetime.date | None:
        """The given date, or None where it is missing or none."""
        try:
            return parse_date(first_value(self.used_parameters, f"{self.parameter_name}_{which}"))
        except ValueError:
            return None

    @cached_property
    def bounds(self) -> tuple[datetime.date | None, datetime.date | None]:
        """The first and the last day of expiry that are asked for; the choice and the dates both count."""
        today = timezone.localdate()
        value, start, stop = self.value(), self.date("from"), self.date("to")
        if value == "expired":
            stop = min(stop or datetime.date.max, today - datetime.timedelta(days=1))
        elif value:
            start = max(start or datetime.date.min, today)
        if value.isdecimal():
            stop = min(stop or datetime.date.max, today + datetime.timedelta(days=int(value)))
        return start, stop

    @property
    def is_active(self) -> bool:
        return self.bounds != (None, None)

    @property
    def ordering(self) -> tuple[str, ...]:
        """Soonest first; of the expired, the latest first. Read by `FastChangeList`."""
        if not self.is_active:
            return ()
        latest_first = self.value() == "expired"
        return (f"-{self.field_name}", "-id") if latest_first else (self.field_name, "id")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        start, stop = self.bounds
        if start:
            queryset = queryset.filter(**{f"{self.field_name}__gte": start})
        return queryset.filter(**{f"{self.field_name}__lte": stop}) if stop else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        name = self.parameter_name
        data = {name: self.value(), f"{name}_from": self.date("from"), f"{name}_to": self.date("to")}
        yield {"form": ExpiryForm(name, self.title, [ALL_OPTION, *self.options()], data)}
