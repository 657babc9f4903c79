"""培训班 (specification 2): the training department's plan; everybody else reads what is open."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin import FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.history import HISTORY
from backoffice.core.admin.running import RunningMattersMixin
from backoffice.core.engine import perform, start
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter, ScopedDropdownFilter
from backoffice.core.flow import StepRefused
from backoffice.core.rows import two_lines
from backoffice.roles import allows
from registry.models import Certificate
from training.admin.attendance import ATTENDANCE
from training.admin.class_cancelling import WITHDRAWALS, ClassCancellingMixin
from training.admin.class_copying import ClassCopyMixin
from training.cancelling import odd_edit
from training.flows.training_class import S
from training.models import TrainingClass
from training.month import month_of, next_month, weeks_of
from training.services import with_seats, year_plan

#: What companies chose the class for; fixed as soon as it is open.
FIXED_ONCE_OPEN = ("type", "mode", "category", "local_body")

#: A class without a certificate type takes everybody's renewal, 双证 included.
ALL_TYPES = _("All types")


class YearFilter(SimpleListFilter):
    """The year the class begins in: last year's, this year's, and the next one's plan."""

    title = _("year")
    parameter_name = "year"
    scoped = True
    field_name = "start_date"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        this = timezone.localdate().year
        return [(str(year), str(year)) for year in (this - 1, this, this + 1)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        offered = dict(self.lookup_choices)
        return (
            queryset.filter(**{f"{self.field_name}__year": self.value()})
            if self.value() in offered
            else queryset
        )


@admin.register(TrainingClass)
class TrainingClassAdmin(
    ClassCopyMixin, ClassCancellingMixin, RunningMattersMixin, ExportMixin, FlowAdmin, PanelsMixin, HistoryAdmin,
    ScopedAdmin,
):  # fmt: skip
    breaking_fields = ("start_date", "end_date", "place", "capacity", "tuition")
    #: How many seats there are is no matter to those who have one.
    told_fields = ("start_date", "end_date", "place", "tuition")
    list_display = [
        "title", "show_state", "show_dates", "show_kind", "show_category", "local_body", "show_seats", "tuition",
    ]  # fmt: skip
    list_select_related = ["local_body"]
    list_filter = [
        YearFilter, ("state", ChoicesFilter), ("type", ChoicesFilter), ("mode", ChoicesFilter),
        ("category", ChoicesFilter), ("local_body", ScopedDropdownFilter),
    ]  # fmt: skip
    list_before_template = "admin/training/class_list_tools.html"
    search_fields = ["title", "place", "local_body__name", "local_body__name_en"]
    search_help_text = _("Words of the title, the place or the local body")
    sortable_by = ["title", "show_dates", "show_seats"]
    phone_lines = (("title",), ("show_state", "tuition"), ("show_dates", "show_seats"), ("local_body",))
    ordering = ["-start_date", "-id"]
    autocomplete_fields = ["local_body"]
    actions: ClassVar = ["open_selected", "close_selected", "copy_selected"]
    panels = (ATTENDANCE, WITHDRAWALS, HISTORY)
    readonly_fields = ("show_category", "show_seats", "show_enrolments")
    review_fields = (
        "title", "type", "mode", "show_category", "local_body", "start_date", "end_date", "place", "capacity",
        "tuition", "remark", "show_enrolments",
    )  # fmt: skip
    fieldsets = [
        (None, {
            "fields": ["title", ("type", "mode"), ("category", "local_body")],
            "description": _("Type, mode, certificate type and local body stay as they are once enrolment has opened: "
                             "companies chose the class for them."),
        }),
        (_("Dates and places"), {
            "fields": [("start_date", "end_date"), "place", ("capacity", "tuition"), "remark"],
            "description": _("A planned class may still lack its dates. To open it for enrolment both are needed; "
                             "then it stands in the public training plan."),
        }),
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("year-plan/", wrap(self.year_plan_view), name="training_trainingclass_year_plan"),
            path("calendar/", wrap(self.calendar_view), name="training_trainingclass_calendar"),
            *super().get_urls(),
        ]

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        return with_seats(rows)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "category" and field is not None:
            field.choices = [("", ALL_TYPES), *Certificate.Type.choices]  # type: ignore[attr-defined]
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A class of all types says so where nothing is edited; seats and enrolments for those who see enrolments."""
        if obj is None:
            return super().get_fieldsets(request, obj)
        fixed = obj.state != S.PLANNED or not self.has_change_permission(request, obj)
        shown = (
            ["show_enrolments"] if allows(request.user.role, "view", "training.Enrolment") else ["show_seats"]
        )
        fieldsets = [(title, dict(options)) for title, options in super().get_fieldsets(request, obj)]
        if fixed:
            fieldsets[0][1]["fields"] = ["title", ("type", "mode"), ("show_category", "local_body")]
        fieldsets[1][1]["fields"] = [*fieldsets[1][1]["fields"], *shown]
        return fieldsets

    @display(description=_("certificate type"))
    def show_category(self, row: TrainingClass) -> Any:
        return row.get_category_display() or ALL_TYPES

    @display(description=pgettext_lazy("training class", "dates"), ordering="start_date")
    def show_dates(self, row: TrainingClass) -> Any:
        if row.start_date is None:
            return self.empty_value_display
        until = format_html(pgettext("day", "to {}"), row.end_date) if row.end_date else ""
        return two_lines(row.start_date.isoformat(), until)

    @display(description=_("type and mode"))
    def show_kind(self, row: TrainingClass) -> Any:
        return two_lines(row.get_type_display(), row.get_mode_display())

    @display(description=_("seats taken"), ordering="capacity")
    def show_seats(self, row: Any) -> str:
        taken = row.taken if hasattr(row, "taken") else row.seats_taken()
        values = {"taken": taken, "free": max(row.capacity - taken, 0)}
        return gettext("%(taken)d taken, %(free)d free") % values

    @display(description=_("seats taken"))
    def show_enrolments(self, row: TrainingClass) -> Any:
        """With the way to the enrolments in this class."""
        address = f"{reverse('admin:training_enrolment_changelist')}?training_class={row.pk}"
        label = gettext("Its enrolments")
        return format_html('{} · <a class="bo-link" href="{}">{}</a>', self.show_seats(row), address, label)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        readonly = tuple(super().get_readonly_fields(request, obj))
        opened = obj is not None and obj.state != S.PLANNED
        return (
            (*readonly, *(name for name in FIXED_ONCE_OPEN if name not in readonly)) if opened else readonly
        )

    def save_model(self, request: HttpRequest, obj: TrainingClass, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            start(obj, by=request.user)

    def odd(self, obj: TrainingClass, changed: set[str]) -> list[str]:
        return odd_edit(obj, changed, timezone.localdate())

    # -- many at once ----------------------------------------------------------------------------

    @admin.action(description=_("Open for enrolment"), permissions=["change"])
    def open_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.take_step(request, queryset, "open")

    @admin.action(description=_("Close enrolment"), permissions=["change"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.take_step(request, queryset, "close")

    def take_step(self, request: HttpRequest, queryset: QuerySet, step: str) -> None:
        """The step on each class, one transaction each; say how many, and of the others why not."""
        done = 0
        for row in queryset.order_by("start_date", "id"):
            try:
                perform(row, step, by=request.user)
                done += 1
            except StepRefused as refusal:
                messages.error(request, _("%(title)s: %(why)s") % {"title": row.title, "why": refusal})
        if done:
            text = ngettext("%(label)s: %(count)d class.", "%(label)s: %(count)d classes.", done)
            messages.success(request, text % {"label": TrainingClass.steps()[step].label, "count": done})

    # -- the year at a glance --------------------------------------------------------------------

    def year_plan_view(self, request: HttpRequest) -> HttpResponse:
        """The classes by month, printable; the year is `?year=`, this year's by default."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        year = year_of(request.GET.get("year", ""))
        context = {
            **self.admin_site.each_context(request), "title": _("Training plan %(year)d") % {"year": year},
            "opts": self.opts, "months": year_plan(self.get_queryset(request), year), "year": year,
            "list_url": reverse("admin:training_trainingclass_changelist"), "colours": TrainingClass.colours,
            "all_types": ALL_TYPES,
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/year_plan.html", context)

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """The classes of `?month=2026-11` as bars over their days; the present month by default."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        month = month_of(request.GET.get("month", ""), today)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Classes in %(month)s") % {"month": f"{month:%Y-%m}"}, "opts": self.opts,
            "weeks": weeks_of(self.get_queryset(request), month), "month": month, "today": today,
            "previous": next_month(month, -1), "next": next_month(month),
            "list_url": reverse("admin:training_trainingclass_changelist"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/class_calendar.html", context)


def year_of(text: str) -> int:
    """A year people may mean; this one otherwise."""
    this = timezone.localdate().year
    is_year = len(text) == 4 and text.isascii() and text.isdecimal()
    return int(text) if is_year and abs(int(text) - this) <= 20 else this
