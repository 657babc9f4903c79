"""工作日历: the office's table of days off and make-up days, and the import of the yearly announcement."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseFormSet, formset_factory
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.core import announced_days as announced
from backoffice.core.admin.history import HISTORY, HistoryAdmin
from backoffice.core.admin.panels import PanelsMixin
from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.bounds import validate_day
from backoffice.core.excel import UnreadableFile
from backoffice.core.filters import ChoicesFilter
from backoffice.core.models import CalendarDay
from backoffice.core.working_days import known_until

MOST_BYTES = 2 * 1024 * 1024
MOST_DAYS = 120
STATUS = {
    "NEW": (_("New day"), "success"),
    "KNOWN": (_("Already in the calendar"), "default"),
    "CHANGED": (_("Differs from the calendar"), "warning"),
}


class AnnouncementForm(forms.Form):
    """The announcement as text or as a file; the year where neither names it."""

    year = forms.IntegerField(
        label=pgettext_lazy("calendar", "Year"), required=False,
        min_value=announced.FIRST_YEAR, max_value=announced.LAST_YEAR,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Only needed where the heading does not name it."),
    )  # fmt: skip
    text = forms.CharField(
        label=_("Text of the announcement"), required=False, max_length=20_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=_("Paste the State Council’s announcement as it was published, heading and all."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("Or a file"), required=False, widget=UnfoldAdminFileFieldWidget,
        help_text=_("Excel or CSV with the columns 日期, 类型 (放假 / 上班) and 名称, "
                    "or 节日, 放假时间 and 调休上班日期."),
    )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MOST_BYTES:
            raise forms.ValidationError(_("A list of holidays is small: the file may have up to 2 MB."))
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and bool(data.get("text", "").strip()) == bool(data.get("file")):
            raise forms.ValidationError(_("Paste the text or choose a file: one of the two."))
        return data

    def read(self) -> announced.Announcement | None:
        """What the text or file says; None, with the reason among the form's errors, where it cannot be read."""
        data = self.cleaned_data
        try:
            if data["file"]:
                return announced.read_file(data["file"], data["year"])
            return announced.read_text(data["text"], data["year"])
        except (announced.NotUnderstood, UnreadableFile) as error:
            self.add_error("file" if data["file"] else "text", str(error))
            return None


class DayForm(forms.Form):
    """One day of the preview, correctable; an empty line is nothing."""

    take = forms.BooleanField(label=_("Take over"), required=False, widget=UnfoldBooleanSwitchWidget)
    date = forms.DateField(
        label=pgettext_lazy("calendar", "Date"), required=False, validators=[validate_day],
        widget=UnfoldAdminSingleDateWidget,
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=pgettext_lazy("calendar", "Kind"),
        choices=CalendarDay.Kind.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    name = forms.CharField(
        label=pgettext_lazy("calendar", "Name"),
        max_length=50,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label  # the table's captions are far away

    #: What taking the day would do (announced.Change); set by the view.
    change: announced.Change | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("take") and not self.errors:
            if not data.get("date"):
                self.add_error("date", _("Enter the date, or do not take this line over."))
            if not data.get("kind"):
                self.add_error("kind", _("Say whether the day is off or worked."))
        return data

    def day(self) -> announced.Day | None:
        """The day this line stands for, None if it is not to be taken or not filled in."""
        data = getattr(self, "cleaned_data", {})
        if not data.get("take") or not data.get("date") or not data.get("kind"):
            return None
        return announced.Day(data["date"], data["kind"], data["name"])


class DayFormSet(BaseFormSet):
    def clean(self) -> None:
        seen = set()
        for form in self.forms:
            day = form.day()  # type: ignore[attr-defined]
            if day and day.date in seen:
                form.add_error("date", _("This date stands in another line, too; take one of them over."))
            seen.add(day.date if day else None)

    def days(self) -> list[announced.Day]:
        return [day for form in self.forms if (day := form.day())]  # type: ignore[attr-defined]


Days = formset_factory(DayForm, formset=DayFormSet, extra=3, max_num=MOST_DAYS, absolute_max=MOST_DAYS)


@admin.register(CalendarDay)
class CalendarDayAdmin(PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = ["date", "kind", "name"]
    list_filter = [("kind", ChoicesFilter)]
    search_fields = ["name"]
    search_help_text = _("Part of the name")
    ordering = ["-date"]
    sortable_by = ["date"]
    list_before_template = "admin/core/calendar_tools.html"
    panels = (HISTORY,)

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "announcement/",
            self.admin_site.admin_view(self.announcement),
            name="core_calendarday_announcement",
        )
        return [address, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"known_until": known_until(), "may_import": self.has_add_permission(request)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def announcement(self, request: HttpRequest) -> HttpResponse:
        """GET asks for the announcement; POST shows its days to look through and correct, then writes them."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST" and "form-TOTAL_FORMS" in request.POST:
            return self.look_through(request)
        if request.method != "POST":
            return self.page(request, {"form": AnnouncementForm()})
        form = AnnouncementForm(request.POST, request.FILES)
        found = form.read() if form.is_valid() else None
        if found is not None:
            return self.preview(request, days_of(found), found.problems)
        return self.page(request, {"form": form})

    def look_through(self, request: HttpRequest) -> HttpResponse:
        days: Any = Days(request.POST)
        if not days.is_valid() or "confirm" not in request.POST:
            return self.preview(request, days, [])
        new, changed, moved = announced.write(days.days(), str(_("Announcement of holidays")))
        text = _("%(new)d days were added and %(changed)d changed. Working days are known until %(until)s.")
        until = known_until().isoformat()
        messages.success(request, text % {"new": new, "changed": changed, "until": until})
        if moved:
            sentence = ngettext("The due date of %d open task was counted anew.",
                            "The due dates of %d open tasks were counted anew.", moved)  # fmt: skip
            messages.info(request, sentence % moved)
        return HttpResponseRedirect(reverse("admin:core_calendarday_changelist"))

    def preview(self, request: HttpRequest, days: Any, problems: list[str]) -> HttpResponse:
        lines = [(form, line_day(form)) for form in days.forms]
        changes = {change.day: change for change in announced.compare(day for _f, day in lines if day)}
        for form, day in lines:
            form.change = changes.get(day) if day else None
        found = [change.day for change in changes.values()]
        off = sum(day.kind == CalendarDay.Kind.HOLIDAY for day in found)
        return self.page(
            request,
            {"days": days, "problems": problems, "off": off, "worked": len(found) - off, "status": STATUS},
        )

    def page(self, request: HttpRequest, more: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "known_until": known_until(),
            "title": _("Import the yearly announcement"), **more,
        }  # fmt: skip
        return TemplateResponse(request, "admin/core/calendar_announcement.html", context)


def days_of(found: announced.Announcement) -> Any:
    """The preview's lines: every day that was read, ticked."""
    days = sorted(found.days.values(), key=lambda day: day.date)
    return Days(
        initial=[{"take": True, "date": day.date, "kind": day.kind, "name": day.name} for day in days]
    )


def line_day(form: Any) -> announced.Day | None:
    """The day of a line of the preview, read or posted."""
    if form.is_bound:
        return form.day()
    initial = form.initial
    return announced.Day(initial["date"], initial["kind"], initial["name"]) if initial else None
