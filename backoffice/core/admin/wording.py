"""Texts the office words itself: ready-made opinions and message templates; and everyone's saved filters."""

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectMultipleWidget, UnfoldAdminSelectWidget

from backoffice.core.admin.history import HISTORY, HistoryAdmin, HistoryForm
from backoffice.core.admin.panels import PanelsMixin
from backoffice.core.admin.saved_filters import SESSION_KEY, list_url, save_view
from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.inbox import step_label
from backoffice.core.models import MessageTemplate, ReadyOpinion, SavedFilter
from backoffice.core.models.inbox import flow_models
from backoffice.core.notices import NOTICES, Notice, ensure_templates, unknown_placeholders, wording
from backoffice.roles import SYSTEM

EMPTY = "–"


# --- Ready-made opinions -----------------------------------------------------------------------------


def flow_choices() -> list[tuple[str, Any]]:
    return [(model._meta.label, capfirst(str(model._meta.verbose_name))) for model in flow_models()]


class OpinionFlowFilter(DropdownFilter):
    title = _("flow")
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("every", _("Every flow")), *flow_choices()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        if value == "every":
            return queryset.filter(flow="")
        return queryset.filter(flow=value) if value in dict(flow_choices()) else queryset


def step_choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The steps of each flow at which somebody writes an opinion: `app.Model:step`."""
    found = []
    for model in flow_models():
        steps = [step for step in model.steps().values() if step.by != (SYSTEM,)]  # type: ignore[attr-defined]
        names = [(f"{model._meta.label}:{step.name}", step.label) for step in steps]
        found.append((capfirst(str(model._meta.verbose_name)), names))
    return found


class ReadyOpinionForm(forms.ModelForm):
    """The steps are chosen by name within the flow; stored are their code names."""

    steps = forms.MultipleChoiceField(
        label=pgettext_lazy("ready opinion", "Steps"), required=False, choices=step_choices,
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 12}),
        help_text=_("Where it is offered; none: wherever an opinion is required."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        flow, steps = self.instance.flow, filter(None, self.instance.steps.split(","))
        self.initial["steps"] = [f"{flow}:{name}" for name in steps]

    def clean(self) -> dict[str, Any] | None:
        """Steps belong to the chosen flow."""
        cleaned = super().clean() or {}
        chosen = [key.partition(":") for key in cleaned.get("steps") or ()]
        if any(flow != cleaned.get("flow") for flow, _colon, _name in chosen):
            self.add_error("steps", _("Choose steps of the flow above only."))
        cleaned["steps"] = ",".join(name for _flow, _colon, name in chosen)
        return cleaned


@admin.register(ReadyOpinion)
class ReadyOpinionAdmin(ScopedAdmin):
    form = ReadyOpinionForm
    list_display = ["text", "show_flow", "show_steps", "text_en", "order", "is_active"]
    list_filter = [OpinionFlowFilter]
    search_fields = ["text", "text_en"]
    sortable_by = ()
    fields = ["flow", "steps", "text", "text_en", ("order", "is_active")]

    @display(description=_("flow"))
    def show_flow(self, opinion: ReadyOpinion) -> str:
        return str(dict(flow_choices()).get(opinion.flow, opinion.flow) or _("Every flow"))

    @display(description=pgettext_lazy("ready opinion", "steps"))
    def show_steps(self, opinion: ReadyOpinion) -> str:
        model = next((model for model in flow_models() if model._meta.label == opinion.flow), None)
        names = filter(None, opinion.steps.split(","))
        return "、".join(dict.fromkeys(step_label(model, name) for name in names)) or EMPTY

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "flow":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.ChoiceField(
            label=capfirst(str(db_field.verbose_name)), required=False, widget=UnfoldAdminSelectWidget,
            choices=[("", _("Every flow")), *flow_choices()],
        )  # fmt: skip


# --- Message templates -------------------------------------------------------------------------------


class MessageTemplateForm(HistoryForm):
    def clean(self) -> dict[str, Any] | None:
        """A placeholder this notice does not know would reach people as it stands."""
        cleaned = super().clean() or {}
        notice = NOTICES.get(self.instance.code)
        for name in ("subject", "body", "sms") if notice else ():
            if unknown := unknown_placeholders(notice, cleaned.get(name) or ""):  # type: ignore[arg-type]
                self.add_error(name, forms.ValidationError(
                    _("This notice does not know %(unknown)s. Use only: %(known)s."),
                    params={"unknown": braced(unknown), "known": braced(notice.placeholders)},  # type: ignore[union-attr]
                ))  # fmt: skip
        return cleaned


def braced(names: Any) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


@admin.register(MessageTemplate)
class MessageTemplateAdmin(PanelsMixin, HistoryAdmin, ScopedAdmin):
    """All notices of the product; an empty field means the shipped text, which the page shows."""

    form = MessageTemplateForm
    list_display = ["show_notice", "show_subject", "show_wording", "is_active", "updated_at"]
    search_fields = ["code"]
    search_help_text = _("Part of the notice's name")
    list_per_page = 100
    sortable_by = ()
    fieldsets = [
        (None, {"fields": ["show_notice", "is_active", "show_placeholders"]}),
        (_("Own wording"), {
            "fields": ["subject", "body", "sms"],
            "description": _("Leave a field empty to send the shipped text."),
        }),
        (_("Preview"), {"fields": ["show_preview"]}),
    ]  # fmt: skip
    readonly_fields = ["show_notice", "show_placeholders", "show_preview"]
    reason_required: ClassVar = ()
    panels = (HISTORY,)

    class Media:
        js = ("backoffice/wording.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(code__in=NOTICES)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        ensure_templates()
        return super().changelist_view(request, extra_context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """The names of the notices are no column: they are looked through here."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        found = [n.code for n in NOTICES.values() if term in f"{n.label} {n.code}".lower()]
        return queryset.filter(code__in=found), False

    @display(description=_("notice"))
    def show_notice(self, template: MessageTemplate) -> str:
        return str(template)

    @display(description=_("subject"))
    def show_subject(self, template: MessageTemplate) -> str:
        return template.subject or str(NOTICES[template.code].subject)

    @display(description=_("wording"), label={"own": "info", "shipped": ""})
    def show_wording(self, template: MessageTemplate) -> tuple[str, str]:
        is_own = template.subject or template.body or template.sms
        return ("own", str(_("Own wording"))) if is_own else ("shipped", str(_("Shipped text")))

    @display(description=_("placeholders"))
    def show_placeholders(self, template: MessageTemplate) -> str:
        notice = NOTICES[template.code]
        return render_to_string("admin/core/wording_placeholders.html", {"placeholders": examples(notice)})

    @display(description=_("with example values"))
    def show_preview(self, template: MessageTemplate) -> str:
        return preview(NOTICES[template.code], template)


def examples(notice: Notice) -> dict[str, str]:
    return {name: str(value) for name, value in notice.placeholders.items()}


def preview(notice: Notice, template: MessageTemplate) -> str:
    """The texts as they would go out; the script follows what is typed, with the same values."""
    values = examples(notice)
    present, shipped = wording(notice, values, template), wording(notice, {}, None)
    parts = [
        (name, label, getattr(present, name), getattr(shipped, name))
        for name, label in (("subject", _("Subject")), ("body", _("Mail")), ("sms", _("Text message")))
    ]
    context = {"parts": parts, "examples": json.dumps(values, ensure_ascii=False)}
    return render_to_string("admin/core/wording_preview.html", context)


# --- Saved filters -----------------------------------------------------------------------------------


@admin.register(SavedFilter)
class SavedFilterAdmin(ScopedAdmin):
    """Mine alone. They are made above the lists they belong to; here one sees them all and deletes."""

    list_display = ["name", "show_list"]
    ordering = ["path", "name", "id"]
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(save_view)
        return [path("save/", view, name="core_savedfilter_save"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: SavedFilter) -> None:
        super().delete_model(request, obj)
        request.session.pop(SESSION_KEY, None)

    @display(description=_("list"))
    def show_list(self, saved: SavedFilter) -> str:
        for model in admin.site._registry:
            if model._meta.label_lower == saved.path:
                name = capfirst(str(model._meta.verbose_name_plural))
                return format_html(
                    '<a class="bo-link" href="{}?{}">{}</a>', list_url(model), saved.query, name
                )
        return EMPTY
