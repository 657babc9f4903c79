"""Transfers 人员调动 (specification 3.4, FAQ 16): a company claims a person; the General Office looks and decides.

Until the approval the company reads what it typed and nothing else: neither the person's record nor the former
employer. Names and ID numbers cannot be tried out either: wrong pairs are counted.
"""

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core import written
from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, Panel, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS, present
from backoffice.core.admin.history import HISTORY, HistoryForm
from backoffice.core.admin.panels import table
from backoffice.core.counters import count
from backoffice.core.export import ExportMixin, mask
from backoffice.core.filters import ScopedRelatedFilter
from backoffice.core.models import Attachment
from backoffice.core.returns import DraftsFilter, with_returns
from backoffice.core.scoping import can_see, visible_to
from backoffice.core.search import any_of
from registry.admin.company import link
from registry.admin.drafts import CompanyDraftAdmin, is_company
from registry.flows.guards import all_papers_there
from registry.flows.transfer import S, names_a_member, no_other_transfer, proof_there
from registry.models import Certificate, Person, Transfer
from registry.search import Term, companies_by_word, numbers_of
from registry.validators import normalise_id_number

OPEN = (S.DRAFT, S.OFFICE_REVIEW)
#: So many wrong pairs of name and ID number a company may type within an hour.
WRONG_TRIES: Final = 20
WITHIN: Final = 60 * 60


def wrong_tries(company_id: int, change: int) -> int:
    """Count a try up (1) or, once it proved right, down again (-1); return how many count now."""
    return count(f"transfer-tries:{company_id}", WITHIN, change)[0]


WHAT_FOLLOWS: Final = _(
    "Write name and ID number as they stand on the ID card. After saving you upload a scan of the ID card and proof of "
    "joining your company or of leaving the former one. Then you submit; the General Office answers within four "
    "working days, and both companies are told."
)


class TransferForm(HistoryForm):
    begun_by: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and self.begun_by is not None:
            self.instance.company = self.begun_by.company

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        named = bool({"name", "id_number"} & set(self.changed_data))
        if named and not self.errors and (reason := self.claim_refused()):
            self.add_error(None, reason)

    def claim_refused(self) -> str:
        """Why this pair of name and ID number is not taken; never which of the two is wrong."""
        company_id = self.instance.company_id
        # Counted before it is looked up: tries sent at the same moment count, too.
        if wrong_tries(company_id, 1) > WRONG_TRIES:
            return gettext("Too many wrong pairs of name and ID number. Compare with the ID card and try again in an "
                           "hour, or ask the General Office.")  # fmt: skip
        if self.instance.find_person() is not None:
            wrong_tries(company_id, -1)
        return names_a_member(self.instance) or no_other_transfer(self.instance)


def certificates_panel(request: HttpRequest, transfer: Transfer) -> dict[str, Any] | None:
    """The person's certificates, with the employer each of them shows."""
    person = person_shown(transfer, request.user)
    if person is None:
        return None
    return table(
        [_("Certificate number"), _("Certificate type"), _("Valid until"), _("Status"),
         _("Company on the certificate")],
        visible_to(Certificate, request.user).filter(person=person),
        lambda c: [link(c), c.get_type_display(), c.expiry_date.isoformat(), c.standing_label(), c.printed_company],
        empty=_("No certificates yet."),
    )  # fmt: skip


def profile_panel(request: HttpRequest, transfer: Transfer) -> dict[str, Any] | None:
    person = None if is_company(request) else person_shown(transfer, request.user)
    return None if person is None else {"attachments": present(person, request.user), "upload_url": ""}


def earlier_panel(request: HttpRequest, transfer: Transfer) -> dict[str, Any] | None:
    """The other transfers of this ID number; only the office sees whose they are."""
    if is_company(request):
        return None
    others = visible_to(Transfer, request.user).filter(id_number=transfer.id_number).exclude(pk=transfer.pk)
    return table(
        [_("Transfer"), _("Former company"), _("State"), _("Begun at")],
        others.select_related("company", "from_company").order_by("-id"),
        lambda t: [link(t), t.from_company or "–", t.get_state_display(), written.day(t.created_at)],
        empty=_("No other transfer of this person."),
    )


def history_panel(request: HttpRequest, transfer: Transfer) -> dict[str, Any] | None:
    """Its rows name the person's record and the former company: not for the company before the approval."""
    return HISTORY.content(request, transfer) if tells_all(transfer, request) else None


def tells_all(transfer: Transfer, request: HttpRequest) -> bool:
    """Whether the reader may know whom the transfer concerns and where from."""
    return not is_company(request) or transfer.state == S.APPROVED


def person_shown(transfer: Transfer, user: Any) -> Person | None:
    """The person's record, for those who may see it: the new company only once it is its own."""
    person = transfer.claimed()
    return person if person is not None and can_see(person, user) else None


@admin.register(Transfer)
class TransferAdmin(
    ExportMixin, CompanyDraftAdmin, AttachmentsMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin
):
    form = TransferForm
    paper_guards = (all_papers_there, proof_there)
    list_display = ["name", "show_masked", "company", "from_company", "show_state", "created_at"]
    phone_lines = (("name", "show_state"), ("company",), ("from_company",), ("created_at",))
    list_select_related = ["company", "from_company"]
    list_filter = [("state", DraftsFilter), ("company", ScopedRelatedFilter)]
    search_fields = ["name"]
    search_help_text = _("Name, ID number, or words of the new or the former company's name")
    sortable_by = ()
    ordering = ["-id"]
    review_fields = (
        "show_company", "name", "id_number", "remark", "show_person", "show_former", "show_certificates",
        "show_profile_papers", "created_by", "created_at",
    )  # fmt: skip
    readonly_fields = (
        "show_company", "show_masked", "show_person", "show_former", "show_certificates", "show_profile_papers",
        "created_by", "created_at",
    )  # fmt: skip
    panels = (
        ATTACHMENTS,
        Panel("certificates", _("Certificates"), certificates_panel),
        Panel("profile", _("Attachments of the person"), profile_panel, "admin/core/panel_attachments.html"),
        Panel("earlier", _("Other transfers"), earlier_panel),
        Panel("history", _("History"), history_panel, HISTORY.template),
    )
    #: What the company reads of its own transfer before the approval, and after it.
    TYPED: ClassVar = ["name", "show_masked", "remark", "created_by", "created_at"]
    DONE: ClassVar = [
        "name",
        "show_masked",
        "remark",
        "show_person",
        "show_former",
        "created_by",
        "created_at",
    ]

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        return with_returns(rows)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        hidden = {"company", "from_company"} if is_company(request) else set()
        return [name for name in super().get_list_display(request) if name not in hidden]

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return filters[:1] if is_company(request) else filters

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            names = ["name", "id_number", "remark", *(["seen_version"] if obj else [])]
        elif is_company(request):
            names = self.DONE if obj.state == S.APPROVED else self.TYPED
        else:
            names = list(self.review_fields)
        return [(None, {"fields": names} | ({} if obj else {"description": WHAT_FOLLOWS}))]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        transfer = self.get_object(request, object_id)
        if transfer is None or not tells_all(transfer, request):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None and not tells_all(obj, request):
            context["show_history"] = False  # the button would lead to a page that is not there
        return super().render_change_form(request, context, *args, **kwargs)

    # -- begin -------------------------------------------------------------------------------------

    def open_one(self, request: HttpRequest) -> Transfer | None:
        """The company's own open transfer of the ID number it typed."""
        try:
            typed = normalise_id_number(request.POST.get("id_number", ""))
        except ValidationError:
            return None
        mine = visible_to(Transfer, request.user).filter(id_number=typed, state__in=OPEN)
        return mine.select_related("company").first() if typed else None

    # -- show --------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        term = Term.parse(search_term)
        if term.is_empty:
            return queryset.none(), False
        if term.identities:
            numbers = (numbers_of(Transfer, ("id_number",), code, request.user) for code in term.identities)
            queryset = queryset.filter(any_of(numbers))
        for word, companies in companies_by_word(term.words, request.user).items():
            named = Q(name__icontains=word) | Q(company__in=companies)
            queryset = queryset.filter(
                named if is_company(request) else named | Q(from_company__in=companies)
            )
        return queryset, False

    def review_notes(self, request: HttpRequest, obj: Transfer) -> list[tuple[str, Any]]:
        if is_company(request) or obj.state != S.OFFICE_REVIEW or (person := obj.claimed()) is None:
            return []
        notes: list[tuple[str, Any]] = []
        if (person.name, person.id_number) != (obj.name, obj.id_number):
            text = gettext("The record was corrected meanwhile: it says %(name)s, %(number)s now.")
            notes.append(("warning", text % {"name": person.name, "number": person.id_number}))
        for other in (
            visible_to(Transfer, request.user).filter(id_number=obj.id_number).exclude(pk=obj.pk)[:5]
        ):
            text = gettext("Another transfer of this person: {} ({}).")
            notes.append(("info", format_html(text, link(other), other.get_state_display())))
        return notes

    @display(description=_("ID number"))
    def show_masked(self, transfer: Transfer) -> str:
        return mask(transfer.id_number)

    @display(description=_("New company"))
    def show_company(self, transfer: Transfer) -> str:
        return link(transfer.company)

    @display(description=_("Former company"))
    def show_former(self, transfer: Transfer) -> Any:
        return transfer.from_company  # plain: the new company may read the name, not the page

    @display(description=_("Individual member"))
    def show_person(self, transfer: Transfer) -> Any:
        person = transfer.claimed()
        return link(person) if person else None

    @display(description=_("Certificates"))
    def show_certificates(self, transfer: Transfer) -> Any:
        person = transfer.claimed()
        reader = transfer.reader  # type: ignore[attr-defined]  # who looks at the page
        rows = visible_to(Certificate, reader).filter(person=person)[:20] if person else ()
        return format_html_join(
            "\n", "{} · {} · {} · {}",
            ((link(c), c.get_type_display(), c.standing_label(), c.printed_company) for c in rows),
        )  # fmt: skip

    @display(description=_("Attachments of the person"))
    def show_profile_papers(self, transfer: Transfer) -> Any:
        person = transfer.claimed()
        papers = Attachment.of(person).filter(removed_at=None).select_related("kind") if person else ()
        return format_html_join(
            "、", '<a class="bo-link" href="{}" target="_blank" rel="noopener">{}</a>',
            ((reverse("core:attachment", args=[paper.pk]), paper.kind) for paper in papers),
        )  # fmt: skip
