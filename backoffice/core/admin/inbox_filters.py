"""The filters of 待办, 已办 and 流程追踪."""

import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from backoffice.core.working_days import Calendar, add_working_days, read_calendar

#: "Due soon" is today, tomorrow, and the working day after.
SOON = 2
LATELY = datetime.timedelta(days=90)


class KnownFilter(DropdownFilter):
    """A drop-down that ignores a value it does not offer."""

    def value(self) -> str | None:
        value = super().value()
        return value if value in {key for key, _label in self.lookup_choices} else None

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        return queryset if value is None else self.narrowed(request, queryset, value)

    def narrowed(self, request: HttpRequest, queryset: QuerySet, value: str) -> QuerySet:
        raise NotImplementedError


class FlowFilter(KnownFilter):
    title = _("flow")
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        flows = model_admin.flows_of(request)
        return [(model._meta.label_lower, capfirst(str(model._meta.verbose_name))) for model in flows]

    def narrowed(self, request: HttpRequest, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(content_type=ContentType.objects.get_by_natural_key(*value.split(".")))


class DueFilter(KnownFilter):
    title = _("due date")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("late", _("Overdue")), ("soon", _("Due within two working days"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet, value: str) -> QuerySet:
        today = timezone.localdate()
        if value == "late":
            return queryset.filter(due_on__lt=today)
        # What is due soon was opened lately: the same look at the calendar serves the ages on the page.
        known = request.calendar = read_calendar(today - LATELY, today + LATELY)  # type: ignore[attr-defined]
        return queryset.filter(due_on__range=(today, add_working_days(today, SOON, known)))


class HolderFilter(KnownFilter):
    title = _("looked after by")
    parameter_name = "holder"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Me")), ("nobody", _("Nobody yet")), ("others", _("Colleagues"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet, value: str) -> QuerySet:
        if value == "nobody":
            return queryset.filter(assigned_to=None)
        if value == "mine":
            return queryset.filter(assigned_to=request.user)
        return queryset.filter(assigned_to__isnull=False).exclude(assigned_to=request.user)


class ProgressFilter(KnownFilter):
    title = _("progress")
    parameter_name = "progress"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("In progress")), ("ended", _("Ended"))]

    def narrowed(self, request: HttpRequest, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(closed_at__isnull=value == "open")


def calendar_of(request: HttpRequest) -> Calendar | None:
    """What a filter of this request has read of the calendar."""
    return getattr(request, "calendar", None)
