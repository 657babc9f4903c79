"""Company changes 企业信息变更 (specification 3.3, manual ch. 3-2, 3-3): begun by the company, decided by the General
Office."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, Panel, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY, HistoryForm
from backoffice.core.admin.panels import table
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter
from backoffice.core.returns import DraftsFilter, with_returns
from backoffice.core.scoping import visible_to
from registry.admin.change_notes import comparison, printed_list, rename_notes, still_printed, upgrade_notes
from registry.admin.company import link
from registry.admin.drafts import CompanyDraftAdmin, is_company
from registry.flows.company_change import Kind, S, asks_for_something, new_login_name_free, new_name_free
from registry.models import Company, CompanyChange
from registry.search import search_companies

OPEN = (S.DRAFT, S.OFFICE_REVIEW)
#: The fields of a rename; the page hides them while another kind is chosen. `typeof`: a page on which the kind
#: cannot be chosen knows no `kind`.
OF_RENAME = "typeof kind === 'undefined' || kind === 'RENAME'"


WHAT_FOLLOWS = _(
    "After saving you upload the papers: for a new name the notice of approved change and the new licence; to become "
    "a formal member the licence and the qualification certificate. Then you submit, and the General Office decides."
)


class CompanyChangeForm(HistoryForm):
    begun_by: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and self.begun_by is not None:
            self.instance.company = self.begun_by.company
        if "kind" in self.fields:
            self.fields["kind"].help_text = impossible_kinds(self.instance.company)
            self.fields["kind"].choices = possible_kinds(self.instance.company)  # type: ignore[attr-defined]
            self.fields["kind"].initial = self.initial.get("kind") or self.fields["kind"].choices[0][0]  # type: ignore[attr-defined]
        for name in ("new_name", "new_login_name"):
            if self.instance.pk and name in self.fields:
                self.fields[name].required = True
        user = self.instance.login_user() if "new_login_name" in self.fields else None
        if user is not None:
            self.fields["new_login_name"].help_text = _(
                "Now: %(name)s. To keep it, type it again. The password stays."
            ) % {"name": user.username}

    def _post_clean(self) -> None:
        """The guards of the submit, asked early and at their fields."""
        super()._post_clean()  # type: ignore[misc]
        if self.instance.kind != Kind.RENAME or self.errors:
            return
        for name, sentence in (
            ("new_name", _("Write the company's new name as it stands on the new licence.")),
            ("new_login_name", _("Write the login name your company will sign in with.")),
        ):
            if not getattr(self.instance, name):
                self.add_error(name, sentence)
        if self.errors:
            return
        for name, guard in (
            ("new_name", asks_for_something), ("new_name", new_name_free), ("new_login_name", new_login_name_free),
        ):  # fmt: skip
            if reason := guard(self.instance):
                self.add_error(name, reason)


def open_changes(company: Company | None) -> QuerySet[CompanyChange]:
    return CompanyChange.objects.filter(company=company, state__in=OPEN).select_related("company")


def possible_kinds(company: Company) -> list[tuple[str, Any]]:
    """What the company may still begin: no formal member is upgraded, and of each kind one is open at a time."""
    under_way = set(open_changes(company).values_list("kind", flat=True))
    if company.membership == Company.Membership.FORMAL:
        under_way.add(Kind.UPGRADE)
    return [(value, label) for value, label in Kind.choices if value not in under_way]


def impossible_kinds(company: Company) -> Any:
    """Of each kind that cannot be begun now: why, with the way to the change that is open."""
    reasons = []
    opened = {change.kind: change for change in open_changes(company)}
    for kind, label in Kind.choices:
        if change := opened.get(kind):
            sentence = gettext("“{}” is under way already ({}): {}.")
            reasons.append(format_html(sentence, label, change.get_state_display(), link(change)))
        elif kind == Kind.UPGRADE and company.membership == Company.Membership.FORMAL:
            sentence = gettext("“{}” is not needed: your company is a formal member already.")
            reasons.append(format_html(sentence, label))
    return format_html_join(mark_safe("<br>"), "{}", ((reason,) for reason in reasons))


def printed_panel(request: HttpRequest, change: CompanyChange) -> dict[str, Any] | None:
    """After a rename: which certificates still show the former name."""
    if change.kind != Kind.RENAME or change.state != S.APPROVED:
        return None
    return table(
        [_("Certificate number"), _("Certificate type"), _("Holder"), _("Valid until"),
         _("Company on the certificate")],
        still_printed(change, request.user).select_related("person"),
        lambda c: [link(c), c.get_type_display(), link(c.person), c.expiry_date.isoformat(), c.printed_company],
        more_url=printed_list(change),
        empty=_("No valid certificate shows the former name any more."),
    )  # fmt: skip


@admin.register(CompanyChange)
class CompanyChangeAdmin(
    ExportMixin, CompanyDraftAdmin, AttachmentsMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin
):
    form = CompanyChangeForm
    list_display = ["show_subject", "kind", "new_name", "show_state", "created_at"]
    phone_lines = (("show_subject",), ("kind", "show_state"), ("new_name",), ("created_at",))
    list_select_related = ["company"]
    list_filter = [("kind", ChoicesFilter), ("state", DraftsFilter)]
    search_fields = ["new_name"]
    search_help_text = _("Part of the company's name, old or new")
    sortable_by = ()
    ordering = ["-id"]
    radio_fields = {"kind": admin.VERTICAL}
    conditional_fields = {"new_name": OF_RENAME, "new_login_name": OF_RENAME}
    review_fields = ("show_company", "kind", "show_comparison", "created_by", "created_at")
    readonly_fields = ("show_company", "show_comparison", "created_by", "created_at")
    panels = (Panel("printed", _("Certificates with the former name"), printed_panel), ATTACHMENTS, HISTORY)

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        return with_returns(rows)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["kind", "new_name", "new_login_name"], "description": WHAT_FOLLOWS})]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": list(self.review_fields)})]
        names = ["new_name", "new_login_name"] if obj.kind == Kind.RENAME else []
        return [(None, {"fields": ["kind", "show_comparison", *names, "seen_version"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Which papers are needed depends on the kind: it is chosen once."""
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None else (*readonly, "kind")

    # -- begin -------------------------------------------------------------------------------------

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        kind = request.GET.get("kind", "")
        return {"kind": kind} if kind in Kind.values else {}

    def open_one(self, request: HttpRequest) -> CompanyChange | None:
        """The open change of the chosen kind; without a choice, the only thing that is left to open."""
        company: Any = request.user.company
        rows = open_changes(company)
        if kind := request.POST.get("kind") or request.GET.get("kind"):
            return rows.filter(kind=kind).first()
        return None if possible_kinds(company) else rows.first()

    # -- show --------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        companies = search_companies(visible_to(Company, request.user), term, request.user)[0]
        named = Q(new_name__icontains=term) | Q(old_name__icontains=term)
        return queryset.filter(named | Q(company__in=companies.order_by().values("pk"))), False

    def review_notes(self, request: HttpRequest, obj: CompanyChange) -> list[tuple[str, Any]]:
        if is_company(request) or obj.state != S.OFFICE_REVIEW:
            return []
        return rename_notes(obj, request.user) if obj.kind == Kind.RENAME else upgrade_notes()

    @display(description=_("Company"), ordering="company")
    def show_subject(self, change: CompanyChange) -> str:
        return change.old_name or change.company.name

    @display(description=_("Company"))
    def show_company(self, change: CompanyChange) -> str:
        return link(change.company)

    @display(description=_("Now and afterwards"))
    def show_comparison(self, change: CompanyChange) -> str:
        if not hasattr(change, "compared"):  # a page asks for the value of a field several times
            change.compared = comparison(change)  # type: ignore[attr-defined]
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td class="bo-after">{}</td></tr>',
            change.compared,  # type: ignore[attr-defined]
        )
        return format_html(
            '<div class="bo-scroll" tabindex="0"><table class="bo-table bo-before-after"><thead><tr><td></td>'
            '<th scope="col">{}</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table></div>',
            _("Before") if change.state == S.APPROVED else _("Now"), _("Afterwards"), rows,
        )  # fmt: skip
