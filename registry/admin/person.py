"""People: the office's list, a company's own people, and each member's own profile."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin import (
    AttachmentsMixin,
    HistoryAdmin,
    ImportLinkMixin,
    Panel,
    PanelsMixin,
    ScopedAdmin,
)
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY
from backoffice.core.admin.panels import table
from backoffice.core.admin.running import RunningMattersMixin
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ScopedRelatedFilter
from backoffice.core.scoping import visible_to
from backoffice.roles import Role, allows
from registry.admin.company import link
from registry.admin.completeness import CompletenessMixin
from registry.admin.filters import PersonProfileFilter
from registry.admin.merging import MergeMixin
from registry.models import Certificate, Person
from registry.search import search_people
from registry.services import move_certificates_of


def certificates_panel(request: HttpRequest, person: Person) -> dict[str, Any]:
    rows = visible_to(Certificate, request.user).filter(person=person).select_related("specialty")
    return table(
        [_("Certificate number"), _("Certificate type"), _("Specialty"), _("First issue date"), _("Last renewal date"),
         _("Valid until"), _("Status"), _("Company on the certificate")],
        rows,
        lambda c: [link(c), c.get_type_display(), c.specialty, c.issue_date.isoformat(),
                   c.renewal_date.isoformat() if c.renewal_date else "", c.expiry_date.isoformat(),
                   c.standing_label(), c.printed_company],
        empty=_("No certificates yet."),
    )  # fmt: skip


@admin.register(Person)
class PersonAdmin(
    RunningMattersMixin, CompletenessMixin, MergeMixin, ImportLinkMixin, ExportMixin, AttachmentsMixin,
    PanelsMixin, HistoryAdmin, ScopedAdmin,
):  # fmt: skip
    breaking_fields = ("name", "id_number", "company")
    list_display = ["name", "id_number", "gender", "phone", "company", "region", "education", "title"]
    phone_lines = (("name", "gender"), ("id_number",), ("company",), ("phone",))
    list_select_related = ["company", "region"]
    list_filter = [("company", ScopedRelatedFilter), ("region", ScopedRelatedFilter), PersonProfileFilter]
    search_fields = ["name"]
    search_help_text = _("Name, ID number, mobile phone, or words of the company's name")
    import_layout = "people"
    sortable_by = ["id_number"]
    ordering = ["-id"]
    autocomplete_fields = ["company", "region"]
    readonly_fields = ["gender", "birthday"]
    fieldsets = [
        (None, {"fields": [("name", "id_number"), ("gender", "birthday"), ("phone", "email")]}),
        (_("Work and qualification"), {"fields": [("company", "region"), ("education", "title")]}),
    ]
    editable_by: ClassVar = {
        Role.COMPANY: ("phone", "email", "region", "education", "title"),
        Role.PERSON: ("phone", "email", "region", "education", "title"),
    }
    empty_hints: ClassVar = {
        Role.COMPANY: (
            _("Nobody of your people matches. Somebody registered with another company is claimed with the "
              "button above; somebody without a certificate registers with the personal application."),
            ((_("Personal application"), "public:apply_person"), (_("Ask for help"), "public:help")),
        )
    }  # fmt: skip
    panels = (Panel("certificates", _("Certificates"), certificates_panel), ATTACHMENTS, HISTORY)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        found, duplicates, notice = search_people(queryset, search_term, request.user)
        if notice:
            self.message_user(request, notice, "warning")
        return found, duplicates

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "company" in form.changed_data:
            move_certificates_of(obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """A company whose new colleague is missing here claims the person (FAQ 16)."""
        if allows(request.user.role, "add", "registry.Transfer"):
            extra_context = {
                **(extra_context or {}),
                "list_links": [
                    {
                        "title": _("Claim a person registered elsewhere"),
                        "url": reverse("admin:registry_transfer_add"),
                    }
                ],
            }
        return super().changelist_view(request, extra_context)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        role = request.user.role
        hidden = {"company"} if role in (Role.COMPANY, Role.PERSON) else set()
        return [name for name in super().get_list_display(request) if name not in hidden]

    def response_add(self, request: HttpRequest, obj: Person, post_url_continue: str | None = None) -> Any:
        return super().response_add(
            request, obj, post_url_continue or reverse("admin:registry_person_change", args=[obj.pk])
        )
