"""Certificates with their term history."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin import HistoryAdmin, ImportLinkMixin, Panel, PanelsMixin, ScopedAdmin
from backoffice.core.admin.history import HISTORY
from backoffice.core.admin.running import RunningMattersMixin
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter, ExpiryFilter, RegionFilter, ScopedRelatedFilter
from backoffice.roles import Role
from registry.admin.filters import StandingFilter
from registry.admin.terms import TermsMixin, terms_panel
from registry.models import Certificate
from registry.search import search_certificates
from registry.services import place_certificate
from registry.terms import Dates, follow_dates


@admin.register(Certificate)
class CertificateAdmin(
    TermsMixin, RunningMattersMixin, ImportLinkMixin, ExportMixin, PanelsMixin, HistoryAdmin, ScopedAdmin
):
    empty_hints: ClassVar = {
        Role.COMPANY: (
            _("No certificate of your people matches. Those of somebody registered with another company come with a "
              "transfer; if one is wrong or missing, ask for help."),
            ((_("Claim a person"), "admin:registry_transfer_add"), (_("Ask for help"), "public:help")),
        ),
        Role.PERSON: (
            _("No certificate is on record. If you hold one, tell the General Office."),
            ((_("Ask for help"), "public:help"),),
        ),
    }  # fmt: skip
    breaking_fields = ("number", "type", "person", "status", "issue_date", "expiry_date")
    list_display = [
        "number", "show_type", "show_holder", "show_company", "specialty", "issue_date", "renewal_date",
        "expiry_date", "show_standing",
    ]  # fmt: skip
    phone_lines = (
        ("number", "show_standing"), ("show_holder", "show_type"), ("show_company",), ("expiry_date",),
    )  # fmt: skip
    list_select_related = ["person", "company", "specialty"]
    list_filter = [
        ("type", ChoicesFilter), ("status", StandingFilter), ("region", RegionFilter), ExpiryFilter,
        ("company", ScopedRelatedFilter),
    ]  # fmt: skip
    #: A rename leads to the certificates that still show the former name.
    url_lookups = ("printed_company",)
    search_fields = ["number"]
    search_help_text = _("Certificate number, ID number, holder's name, or words of the company's name")
    import_layout = "certificates"
    sortable_by = ["number", "issue_date", "expiry_date"]
    ordering = ["-issue_date", "-id"]
    autocomplete_fields = ["person", "specialty"]
    readonly_fields = ["show_company", "show_standing"]
    fieldsets = [
        (
            None,
            {"fields": [("number", "type"), ("person", "show_company"), ("printed_company", "specialty")]},
        ),
        (_("Dates"), {"fields": [("issue_date", "renewal_date"), ("expiry_date", "status"), "remark"]}),
    ]
    panels = (Panel("terms", _("Terms"), terms_panel), HISTORY)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        role = request.user.role
        hidden = {"show_company"} if role in (Role.COMPANY, Role.PERSON) else set()
        return [name for name in super().get_list_display(request) if name not in hidden]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who only reads is told how the certificate stands today, not what is stored."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        basics, (title, options) = fieldsets
        fields = [("issue_date", "renewal_date"), ("expiry_date", "show_standing"), "remark"]
        return [basics, (title, {**options, "fields": fields})]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        found, duplicates, notice = search_certificates(queryset, search_term, request.user)
        if notice:
            self.message_user(request, notice, "warning")
        return found, duplicates

    def save_model(self, request: HttpRequest, obj: Certificate, form: Any, change: bool) -> None:
        """A correction of the dates corrects the term it is about; a renewal begins another one."""
        before = Dates.of(Certificate.objects.get(pk=obj.pk)) if change else None
        place_certificate(obj)
        super().save_model(request, obj, form, change)
        follow_dates(obj, before)

    @display(description=_("Type"), ordering="type")
    def show_type(self, certificate: Certificate) -> str:
        return str(certificate.get_type_display())

    @display(description=_("Holder"))
    def show_holder(self, certificate: Certificate) -> str:
        return str(certificate.person)

    @display(description=_("Company"))
    def show_company(self, certificate: Certificate) -> str:
        if certificate.employer_differs:
            return _("%(now)s (certificate: %(printed)s)") % {
                "now": certificate.company,
                "printed": certificate.printed_company,
            }
        return str(certificate.company or certificate.printed_company or "–")

    @display(description=_("Status"), label=Certificate.STANDING_COLOURS, ordering="status")
    def show_standing(self, certificate: Certificate) -> tuple[str, str]:
        standing = certificate.standing()
        return standing.value, str(standing.label)
