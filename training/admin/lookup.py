"""Who looked up the certificates of other companies by number."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin import ScopedAdmin
from training.models import CertificateLookup


class AnswerFilter(SimpleListFilter):
    """Those that did not fit: somebody guesses, or a list is full of mistakes."""

    title = _("answer")
    parameter_name = "answer"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("wrong", _("did not fit")), ("fits", _("shown masked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in ("wrong", "fits"):
            return queryset
        return queryset.filter(is_wrong=self.value() == "wrong")


@admin.register(CertificateLookup)
class CertificateLookupAdmin(ScopedAdmin):
    list_display = ["at", "company", "by", "number", "certificate", "show_answer"]
    list_select_related = ["by", "certificate", "company"]
    list_filter = [AnswerFilter]
    search_fields = ["number", "certificate__number", "by__username"]
    search_help_text = _("Certificate number or login name")
    sortable_by = ()
    ordering = ["-id"]

    @display(description=_("answer"), label={"wrong": "danger", "fits": "success"})
    def show_answer(self, lookup: CertificateLookup) -> tuple[str, str]:
        return ("wrong", gettext("did not fit")) if lookup.is_wrong else ("fits", gettext("shown masked"))
