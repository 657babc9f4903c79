"""Filters that know the register's rules: whose profile lacks what a flow needs."""

from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from registry.models import Company, Person


def lacks_required(model: type[Company] | type[Person]) -> Q:
    """A condition: at least one of the model's `required_for_flows` is empty."""
    condition = Q()
    for name in model.required_for_flows:
        nullable = model._meta.get_field(name).null
        condition |= Q(**{f"{name}__isnull": True}) if nullable else Q(**{name: ""})
    return condition


class ProfileFilter(SimpleListFilter):
    title = _("profile")
    parameter_name = "profile"
    scoped = True
    model: ClassVar[Any] = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("incomplete", _("incomplete")), ("complete", _("complete"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "incomplete":
            return queryset.filter(lacks_required(self.model))
        return queryset.exclude(lacks_required(self.model)) if self.value() == "complete" else queryset


class CompanyProfileFilter(ProfileFilter):
    model = Company


class PersonProfileFilter(ProfileFilter):
    model = Person
