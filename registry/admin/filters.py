"""Filters that know the register's rules: whose profile lacks what a flow needs."""

from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core.filters import Choices, ChoicesFilter, first_value
from registry.models import EXPIRES_SOON, Certificate, Company, Person


def lacks_required(model: type[Company] | type[Person]) -> Q:
    """A condition: at least one of the model's `required_for_flows` is empty."""
    condition = Q()
    for name in model.required_for_flows:
        nullable = model._meta.get_field(name).null
        condition |= Q(**{f"{name}__isnull": True}) if nullable else Q(**{name: ""})
    return condition


class StandingFilter(ChoicesFilter):
    """What the list says of its certificates (有效, 即将到期, 已过期, 已注销), and all that were not cancelled."""

    def options(self) -> Choices:
        standing, stored = Certificate.Standing, Certificate.Status
        return [
            ("CURRENT", _("Valid, also if soon to expire")), (standing.SOON.value, standing.SOON.label),
            (standing.EXPIRED.value, standing.EXPIRED.label), (stored.VALID.value, _("Valid or expired")),
            *((value, label) for value, label in stored.choices if value != stored.VALID),
        ]  # fmt: skip

    def value(self) -> str:
        value = first_value(self.used_parameters, self.field_path)
        return value if value in dict(self.options()) else ""

    @property
    def ordering(self) -> tuple[str, ...]:
        """The order that one index serves together with the last day. Read by `FastChangeList`."""
        return {
            Certificate.Standing.SOON: ("expiry_date", "id"), Certificate.Standing.EXPIRED: ("-expiry_date", "-id"),
        }.get(self.value(), ())  # type: ignore[call-overload]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        today, value = timezone.localdate(), self.value()
        valid = queryset.filter(status=Certificate.Status.VALID)
        if value == "CURRENT":
            return valid.filter(expiry_date__gte=today)
        if value == Certificate.Standing.SOON:
            return valid.filter(expiry_date__range=(today, today + EXPIRES_SOON))
        if value == Certificate.Standing.EXPIRED:
            return valid.filter(expiry_date__lt=today)
        return queryset.filter(status=value) if value else queryset


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
