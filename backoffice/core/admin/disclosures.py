"""The page that shows one masked value with a reason, and the log of who had what shown."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.core.admin.flow import object_url
from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.disclosure import askable, disclose
from backoffice.core.models import Attachment, Disclosure
from backoffice.core.sensitive import shown_to, without_id_numbers


class AskForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, min_length=4, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Stands in the log that the General Office and the system administrator read."),
    )  # fmt: skip


@admin.register(Disclosure)
class DisclosureAdmin(ScopedAdmin):
    list_display = ["at", "by", "show_kind", "show_field", "label", "reason"]
    list_select_related = ["by", "content_type"]
    search_fields = ["label", "reason", "by__name"]
    search_help_text = _("Part of a name or of the reason")
    fields = ["at", "by", "show_kind", "show_field", "label", "reason"]
    readonly_fields = ["show_kind", "show_field"]
    sortable_by = ()
    ordering = ["-id"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.ask_view)
        return [
            path("ask/<str:label>/<int:pk>/<str:field>/", view, name="core_disclosure_ask"),
            *super().get_urls(),
        ]

    def ask_view(self, request: HttpRequest, label: str, pk: int, field: str) -> HttpResponse:
        """GET asks for the reason; POST keeps it and shows the value. 404 for whatever is not masked to the reader."""
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError):
            raise Http404 from None
        record: Any = askable(request.user, model, pk, field)
        if record is None:
            raise Http404
        form = AskForm(request.POST) if request.method == "POST" else AskForm()
        value = None
        if request.method == "POST" and form.is_valid():
            value = disclose(request.user, record, field, form.cleaned_data["reason"])
            if isinstance(record, Attachment):
                return HttpResponseRedirect(reverse("core:attachment", args=[record.pk]))
        owner = record.owner if isinstance(record, Attachment) else record
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "form": form, "value": value,
            "title": _("Have a masked value shown"), "subtitle": without_id_numbers(str(owner)),
            "what": str(record.kind) if isinstance(record, Attachment) else caption(model, field),
            "present": "" if isinstance(record, Attachment) else shown_to(request.user, record, field),
            "back_url": object_url(owner) if type(owner) in self.admin_site._registry else "",
        }  # fmt: skip
        response = TemplateResponse(request, "admin/core/disclosure.html", context)
        response.is_disclosure = value is not None  # type: ignore[attr-defined]  # core/middleware.py
        response["Cache-Control"] = "private, no-store"
        return response

    @display(description=pgettext_lazy("disclosure", "kind of record"))
    def show_kind(self, row: Disclosure) -> str:
        return capfirst(str(row.content_type))

    @display(description=pgettext_lazy("disclosure", "what"))
    def show_field(self, row: Disclosure) -> str:
        model = row.content_type.model_class()
        return caption(model, row.field) if model is not None else row.field


def caption(model: Any, field: str) -> str:
    return capfirst(str(model._meta.get_field(field).verbose_name))
