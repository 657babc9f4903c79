"""The schedule of fees (specification 3.6) and the bank account companies pay to (manual ch. 7b-2)."""

import datetime
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from backoffice.core.admin import HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.history import HISTORY, HistoryForm
from backoffice.roles import Role
from fees.admin.successor import successor_page
from fees.admin.whatif import WhatIfMixin, plans
from fees.locks import one_at_a_time
from fees.models import BankAccount, FeeSchedule
from fees.models.schedule import AMOUNTS, first_day_without, schedule_on

#: What stays as it is from the first day on.
FIXED: Final = ("effective_from", *AMOUNTS)
HINT: Final = gettext_lazy(
    "No schedule of fees yet: nothing can be priced, so no company can submit an enrolment."
)


class ScheduleForm(HistoryForm):
    """Decided one at a time, so that two tabs cannot put two schedules on the same day."""

    def full_clean(self) -> None:
        if self.is_bound:
            one_at_a_time(FeeSchedule)
        super().full_clean()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.instance.pk and FeeSchedule.is_in_use(self.stored):
            self.check_in_use()
        return cleaned

    @property
    def stored(self) -> FeeSchedule:
        return FeeSchedule.objects.get(pk=self.instance.pk)

    def check_in_use(self) -> None:
        """The page may be older than midnight; and a last day in the past would leave today without prices."""
        if any(name in self.data for name in FIXED):
            self.add_error(
                None,
                _("This schedule came into force while its page was open: its amounts and its first day stay as they "
                  "are now. Nothing was saved. Open the page again; a new schedule changes the prices."),
            )  # fmt: skip
        until, today = self.cleaned_data.get("effective_until"), timezone.localdate()
        if "effective_until" in self.changed_data and until and until < today:
            self.add_error(
                "effective_until",
                _("This day is over, and what was asked for since then was priced by this schedule. The earliest last "
                  "day is %(today)s.") % {"today": f"{today:%Y-%m-%d}"},
            )  # fmt: skip

    def _update_errors(self, errors: Any) -> None:
        """What a date that is only shown here would have to say stands above the form."""
        if hasattr(errors, "error_dict"):
            known = {*self.fields, NON_FIELD_ERRORS}
            for name in [name for name in errors.error_dict if name not in known]:
                moved = errors.error_dict.pop(name)
                errors.error_dict.setdefault(NON_FIELD_ERRORS, []).extend(moved)
        super()._update_errors(errors)  # type: ignore[misc]


@admin.register(FeeSchedule)
class FeeScheduleAdmin(WhatIfMixin, PanelsMixin, HistoryAdmin, ScopedAdmin):
    form = ScheduleForm
    list_display = ["__str__", "show_now", *AMOUNTS]
    list_before_template = "admin/fees/schedule_list_tools.html"
    change_form_outer_before_template = "admin/fees/schedule_tools.html"
    sortable_by = ()
    panels = (HISTORY,)
    empty_hints: ClassVar = {
        Role.ADMIN: (HINT, ((gettext_lazy("Enter the first one"), "admin:fees_feeschedule_add"),)),
        **dict.fromkeys([Role.OFFICE, Role.FINANCE, Role.TRAINING], (HINT, ())),
    }
    fieldsets = [
        (None, {"fields": [("effective_from", "effective_until")]}),
        (gettext_lazy("Continuing education"), {
            "fields": [("yearly_dues", "renewal_years"), ("change", "upgrade"), "lapsed_year"],
        }),
        (gettext_lazy("Practice training"), {"fields": ["practice_dues"]}),
        (gettext_lazy("More"), {"fields": ["remark"]}),
    ]  # fmt: skip
    COLOURS: ClassVar = {"now": "success", "coming": "info", "past": ""}

    class Media:
        js = ("backoffice/schedule.js",)
        css: ClassVar = {"all": ("backoffice/schedule.css",)}

    @display(description=gettext_lazy("today"), label=COLOURS)
    def show_now(self, schedule: FeeSchedule) -> tuple[str, str]:
        if not schedule.is_in_use():
            return "coming", _("Not yet in force")
        return ("past", _("Ended")) if schedule.has_ended() else ("now", _("In force"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.successor_view)
        name = "fees_feeschedule_successor"
        return [path("<path:object_id>/successor/", view, name=name), *super().get_urls()]

    def successor_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new schedule from another day, which ends this one on the day before; for who may do both."""
        return successor_page(self, request, object_id)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        readonly = tuple(super().get_readonly_fields(request, obj))
        if obj is None or not obj.is_in_use():
            return readonly
        return (*readonly, *(name for name in FIXED if name not in readonly))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The amounts of today, from the first day that has none yet; what the address says goes first."""
        latest = self.get_queryset(request).order_by("-effective_from").first()
        given: dict[str, Any] = {}
        if latest is not None:
            given = {name: getattr(latest, name) for name in AMOUNTS}
            given["effective_from"] = first_day_without() or timezone.localdate() + datetime.timedelta(days=1)
        return given | super().get_changeform_initial_data(request)

    # -- what stands around the list and the form ------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        links = [{"url": reverse("admin:fees_feeschedule_prices"), "title": _("What things cost")}]
        if plans(request.user):
            links.append(
                {"url": reverse("admin:fees_feeschedule_what_if"), "title": _("What would it cost?")}
            )
        planning = plans(request.user) and self.get_queryset(request).exists()
        extra = {"list_links": links, "schedule_gap": gap() if planning else ""}
        return super().changelist_view(request, extra | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        context["schedule_tools"] = self.tools(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def tools(self, request: HttpRequest, obj: FeeSchedule | None) -> dict[str, Any]:
        """Notes and links above the form."""
        may_add = self.has_add_permission(request)
        tools: dict[str, Any] = {"obj": obj}
        if plans(request.user):
            of = f"?of={obj.pk}" if obj else ""
            tools["what_if_url"] = reverse("admin:fees_feeschedule_what_if") + of
        if obj is None:
            current = schedule_on()
            tools["open_ended"] = current if current and current.effective_until is None else None
            obj = tools["open_ended"]
        elif obj.is_in_use() and self.has_change_permission(request, obj):
            tools["in_use"] = True
        if may_add and obj is not None and not obj.has_ended():
            tools["successor_url"] = reverse("admin:fees_feeschedule_successor", args=[obj.pk])
        return tools

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if text := gap():
            messages.warning(request, text)


def gap() -> str:
    """A sentence about the first day without a schedule; empty where there is none."""
    day = first_day_without()
    if day is None:
        return ""
    if day == timezone.localdate():
        return _("No schedule of fees is in force today: no company can submit an enrolment.")
    return _("From %(day)s on no schedule of fees is in force. Prepare the next one.") % {
        "day": f"{day:%Y-%m-%d}"
    }


class AccountForm(HistoryForm):
    """Decided one at a time: of two accounts shown at once companies would not know which to pay to."""

    def full_clean(self) -> None:
        if self.is_bound:
            one_at_a_time(BankAccount)
        super().full_clean()


@admin.register(BankAccount)
class BankAccountAdmin(PanelsMixin, HistoryAdmin, ScopedAdmin):
    form = AccountForm
    list_display = ["holder", "bank", "number", "is_active"]
    sortable_by = ()
    ordering = ["-is_active", "-id"]
    panels = (HISTORY,)
    fieldsets = [
        (None, {
            "fields": ["holder", "bank", "number", "is_active"],
            "description": gettext_lazy("Payment pages show one account. To show another one switches this one off."),
        }),
    ]  # fmt: skip
    empty_hints: ClassVar = {
        Role.ADMIN: (
            gettext_lazy("No account yet: companies do not see where to pay to."),
            ((gettext_lazy("Enter it"), "admin:fees_bankaccount_add"),),
        )
    }

    def save_model(self, request: HttpRequest, obj: BankAccount, form: Any, change: bool) -> None:
        """Show one account at most: the others are switched off in the same transaction."""
        super().save_model(request, obj, form, change)
        others = BankAccount.objects.filter(is_active=True).exclude(pk=obj.pk)
        if not obj.is_active:
            if not others.exists():
                messages.warning(request, _("No account is shown now: companies do not see where to pay to."))
            return
        for other in others:
            other.is_active = False
            other._history_user = request.user  # type: ignore[attr-defined]
            other._change_reason = _("Replaced by %(account)s") % {"account": obj}  # type: ignore[attr-defined]
            other.save()
            messages.info(request, _("%(account)s is not shown any more.") % {"account": other})
