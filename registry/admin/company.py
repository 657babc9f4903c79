"""Companies: the office's list and each company's own profile."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core import written
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
from backoffice.core.filters import ChoicesFilter, ScopedRelatedFilter
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import shown_to
from backoffice.roles import Role, allows
from registry.admin.completeness import CompletenessMixin
from registry.admin.filters import CompanyProfileFilter
from registry.admin.merging import MergeMixin
from registry.models import Certificate, Company, CompanyChange, FormerName, Person
from registry.search import search_companies
from registry.services import move_certificates_to_region


def link(obj: Any) -> str:
    """An anchor to the record's page."""
    return format_html('<a class="bo-link" href="{}">{}</a>', address(obj), obj)


def address(obj: Any) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def people_panel(request: HttpRequest, company: Company) -> dict[str, Any]:
    people = visible_to(Person, request.user).filter(company=company).order_by("-id")
    return table(
        [_("Name"), _("ID number"), _("Mobile phone"), _("Education"), _("Title")],
        people,
        lambda p: [
            link(p),
            shown_to(request.user, p, "id_number"),
            shown_to(request.user, p, "phone"),
            p.get_education_display(),
            p.title,
        ],
        more_url=reverse("admin:registry_person_changelist") + f"?company={company.pk}",
        empty=_("No people yet. Importing a certificate creates its holder."),
    )


def certificates_panel(request: HttpRequest, company: Company) -> dict[str, Any]:
    rows = visible_to(Certificate, request.user).filter(company=company).select_related("person")
    return table(
        [_("Certificate number"), _("Certificate type"), _("Holder"), _("First issue date"), _("Valid until"),
         _("Status")],
        rows,
        lambda c: [link(c), c.get_type_display(), link(c.person), c.issue_date.isoformat(), c.expiry_date.isoformat(),
                   c.standing_label()],
        more_url=reverse("admin:registry_certificate_changelist") + f"?company={company.pk}",
        empty=_("No certificates yet."),
    )  # fmt: skip


def users_panel(request: HttpRequest, company: Company) -> dict[str, Any] | None:
    if not allows(request.user.role, "view", "accounts.User"):
        return None
    users = visible_to(company.users.model, request.user).filter(company=company)
    return table(
        [_("Login name"), _("Name"), _("Manager"), _("Active"), _("Last sign-in")],
        users,
        lambda u: [link(u), u.name, _("Yes") if u.is_manager else "", _("Yes") if u.is_active else _("No"),
                   written.moment(u.last_login) if u.last_login else _("never")],
        more_url=reverse("admin:accounts_user_changelist"),
        empty=_("Nobody can sign in for this company yet."),
    )  # fmt: skip


def changes_panel(request: HttpRequest, company: Company) -> dict[str, Any] | None:
    """Renames and upgrades, under way and done (manual ch. 3-2, 3-3); the company begins them here."""
    if not allows(request.user.role, "view", "registry.CompanyChange"):
        return None
    content = table(
        [_("Kind of change"), _("New company name"), _("State"), _("Begun at")],
        visible_to(CompanyChange, request.user).filter(company=company).order_by("-id"),
        lambda c: [format_html('<a class="bo-link" href="{}">{}</a>', address(c), c.get_kind_display()),
                   c.new_name, c.get_state_display(), written.day(c.created_at)],
        empty=_("No change of name or membership was asked for yet."),
    )  # fmt: skip
    if allows(request.user.role, "add", "registry.CompanyChange"):
        content["add_url"] = reverse("admin:registry_companychange_add")
        content["add_label"] = _("Begin a company change")
    return content


def former_names_panel(request: HttpRequest, company: Company) -> dict[str, Any]:
    return table(
        [_("Former name"), _("Used until")],
        visible_to(FormerName, request.user).filter(company=company),
        lambda f: [f.name, f.until.isoformat() if f.until else ""],
        empty=_("The company has had no other name."),
    )


@admin.register(Company)
class CompanyAdmin(
    RunningMattersMixin, CompletenessMixin, MergeMixin, ImportLinkMixin, ExportMixin, AttachmentsMixin,
    PanelsMixin, HistoryAdmin, ScopedAdmin,
):  # fmt: skip
    breaking_fields = ("name", "status")
    list_display = [
        "name", "credit_code", "show_membership", "show_status", "region", "contact_name", "contact_phone",
        "show_missing",
    ]  # fmt: skip
    phone_lines = (
        ("name",), ("show_membership", "show_status"), ("contact_name", "contact_phone"), ("show_missing",),
    )  # fmt: skip
    list_select_related = ["region"]
    list_filter = [
        ("membership", ChoicesFilter), ("status", ChoicesFilter), ("region", ScopedRelatedFilter), CompanyProfileFilter,
    ]  # fmt: skip
    search_fields = ["name"]
    search_help_text = _("Part of a name, a former name, pinyin initials or the credit code")
    import_layout = "companies"
    sortable_by = ["name", "region", "credit_code"]
    ordering = ["name"]
    autocomplete_fields = ["region"]
    fieldsets = [
        (None, {"fields": [("name", "credit_code"), ("membership", "status")]}),
        (_("Where couriers and the association find you"), {
            "fields": [("region", "office_address"), ("contact_name", "contact_phone"),
                       ("information_officer", "email")],
        }),
    ]  # fmt: skip
    editable_by: ClassVar = {
        Role.COMPANY: (
            "credit_code", "region", "office_address", "contact_name", "contact_phone", "information_officer", "email",
        )
    }  # fmt: skip
    panels = (
        Panel("people", _("People"), people_panel),
        Panel("certificates", _("Certificates"), certificates_panel),
        Panel("users", _("Users"), users_panel),
        ATTACHMENTS,
        Panel("changes", _("Company changes"), changes_panel),
        Panel("former", _("Former names"), former_names_panel),
        HISTORY,
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The company cannot type over its name and membership: it says how they change (manual ch. 3-2, 3-3)."""
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.role != Role.COMPANY or obj is None:
            return fieldsets
        url, label = reverse("admin:registry_companychange_add"), gettext("Begin a company change")
        said = gettext("Name, login name and membership change with the approval of the General Office: ")
        (title, options), *others = fieldsets
        how = format_html('{}<a class="bo-link" href="{}">{}</a>', said, url, label)
        return [(title, {**options, "description": how}), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        readonly = super().get_readonly_fields(request, obj)
        # Filled in once by the company itself; afterwards it is a correction by the General Office.
        if request.user.role == Role.COMPANY and obj is not None and obj.credit_code:
            return (*readonly, "credit_code")
        return readonly

    def save_model(self, request: HttpRequest, obj: Company, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "region" in form.changed_data:
            move_certificates_to_region(obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        found, duplicates, notice = search_companies(queryset, search_term, request.user)
        if notice:
            self.message_user(request, notice, "warning")
        return found, duplicates

    @display(description=_("Membership"), label=Company.MEMBERSHIP_COLOURS, ordering="membership")
    def show_membership(self, company: Company) -> tuple[str, str]:
        return company.membership, str(company.get_membership_display())

    @display(description=_("Status"), label=Company.STATUS_COLOURS, ordering="status")
    def show_status(self, company: Company) -> tuple[str, str]:
        return company.status, str(company.get_status_display())

    @display(description=_("Profile"))
    def show_missing(self, company: Company) -> str:
        missing = company.missing_fields()
        if not missing:
            return str(_("complete"))
        return str(_("lacks %s")) % "、".join(
            str(company._meta.get_field(name).verbose_name) for name in missing
        )
