"""Bills and their vouchers: finance's one desk for everything that is paid (specification 1, FINANCE)."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import display

from backoffice.core.admin import AttachmentsMixin, HistoryAdmin, Panel, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.flow import object_url, offers_of, step_url
from backoffice.core.admin.history import HISTORY
from backoffice.core.admin.panels import table
from backoffice.core.admin.scoped import keys_of
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter, ScopedRelatedFilter
from backoffice.core.public_numbers import narrowed
from backoffice.core.scoping import visible_to
from backoffice.core.search import words_of
from backoffice.roles import Role
from fees.admin.bill_actions import BillActions
from fees.admin.bill_list import ALL, BillChangeList, BillColumns, StageFilter, shown_tab, tabs, with_sums
from fees.admin.correcting import CorrectingMixin
from fees.admin.payment import bill_context
from fees.admin.search import companies_named
from fees.admin.totals import TotalsMixin
from fees.models import Bill, BillItem, Receipt, Refund, Voucher
from fees.money import in_capitals, in_yuan

#: The steps of the payment, which a bill's page offers; all others belong to the record's own page.
NEXT_ROLES: frozenset[str] = frozenset({Role.FINANCE, Role.COMPANY})
PAYMENT_STEPS = ("submit_voucher", "decline_payment", "finance_approve", "finance_return")


def vouchers_panel(request: HttpRequest, bill: Bill) -> dict[str, Any]:
    return bill_context(bill, request.user)


def items_panel(request: HttpRequest, bill: Bill) -> dict[str, Any]:
    rows = visible_to(BillItem, request.user).filter(bill=bill)
    return table(
        [_("For"), _("Kind"), _("Price"), _("Number"), _("Amount"), _("You receive")], rows,
        lambda item: [item.label, item.get_kind_display(), in_yuan(item.unit), item.count, in_yuan(item.amount),
                      item.get_paper_display()],
        limit=500, empty=_("Nothing is asked for."),
    )  # fmt: skip


def receipts_panel(request: HttpRequest, bill: Bill) -> dict[str, Any]:
    rows = visible_to(Receipt, request.user).filter(bill=bill)
    return table(
        [_("Receipt"), _("Made out to"), _("Amount"), _("Number"), _("State")], rows,
        lambda row: [anchor(row, row.get_kind_display()), row.title, in_yuan(row.amount), row.number or "–",
                     row.get_state_display()],
        empty=_("No receipt is due: receipts follow once finance has verified the payment."),
    )  # fmt: skip


def refunds_panel(request: HttpRequest, bill: Bill) -> dict[str, Any]:
    rows = visible_to(Refund, request.user).filter(bill=bill)
    return table(
        [_("Refund"), _("Reason"), _("Reference of the transfer"), _("State")], rows,
        lambda row: [anchor(row, in_yuan(row.amount)), row.reason, row.reference or "–", row.get_state_display()],
        empty=_("Nothing is to be paid back."),
    )  # fmt: skip


def anchor(obj: Any, text: Any) -> str:
    return format_html('<a class="bo-link" href="{}">{}</a>', object_url(obj), text)


@admin.register(Bill)
class BillAdmin(BillActions, BillColumns, TotalsMixin, ExportMixin, PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = [
        "show_subject", "show_next", "company", "total", "paid", "show_vouchers", "show_difference", "show_payer",
        "show_title", "show_since", "show_stage",
    ]  # fmt: skip
    phone_lines = (
        ("show_subject", "show_stage"), ("company",), ("total", "show_difference"), ("show_since", "show_next"),
    )  # fmt: skip
    list_select_related = ["company"]
    list_filter = [StageFilter, ("company", ScopedRelatedFilter)]
    list_before_template = "admin/fees/bill_list_top.html"
    search_fields = ["subject"]
    search_help_text = gettext_lazy("Number of the bill, words of the company's name or of the subject")
    sortable_by = ("show_subject", "total", "paid")
    ordering = ["-id"]
    totals = (
        (gettext_lazy("Amount due"), "total"), (gettext_lazy("Verified"), "paid"),
        (pgettext_lazy("bill", "Balance"), F("total") - F("paid")),
    )  # fmt: skip
    change_form_outer_before_template = "admin/fees/bill_top.html"
    fields = (
        "number",
        "company",
        "subject",
        "show_total",
        "paid",
        "show_balance",
        "stage",
        "created_at",
    )
    readonly_fields = ("show_total", "show_balance")
    panels = (
        Panel("vouchers", gettext_lazy("Vouchers"), vouchers_panel, "admin/fees/bill_vouchers_panel.html"),
        Panel("items", gettext_lazy("Items"), items_panel),
        Panel("receipts", gettext_lazy("Receipts"), receipts_panel),
        Panel("refunds", gettext_lazy("Refunds"), refunds_panel),
        HISTORY,
    )

    # -- the list --------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return BillChangeList

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        return with_sums(rows)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """A company knows who it is, a tab its stage; only those who act from the list have links to act."""
        hidden = set() if request.user.role in NEXT_ROLES else {"show_next"}
        if request.user.role == Role.COMPANY:
            hidden |= {"company", "show_since"}
        if shown_tab(request) != ALL:
            hidden.add("show_stage")
        return [name for name in super().get_list_display(request) if name not in hidden]

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return filters[:1] if request.user.role == Role.COMPANY else filters

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """A public number (as on the transfer) is the bill's; each word is one of the company or of the subject."""
        queryset, rest, mistyped = narrowed(queryset, search_term)
        if mistyped:
            self.message_user(request, mistyped, messages.WARNING)
        for word in words_of(rest)[:5]:
            companies = companies_named(self, request, word)
            queryset = queryset.filter(Q(company__in=companies) | Q(subject__icontains=word))
        return queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        if (
            changelist := getattr(response, "context_data", None) and response.context_data.get("cl")
        ) is not None:
            response.context_data["bill_tabs"] = tabs(changelist)
        return response

    # -- the page --------------------------------------------------------------------------------

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        bill = kwargs.get("obj")
        if bill is not None:
            context |= self.record_context(request, bill)
        return super().render_change_form(request, context, *args, **kwargs)

    def record_context(self, request: HttpRequest, bill: Bill) -> dict[str, Any]:
        """The paid record with its state, its trail and the steps of the payment; nothing if it is out of scope."""
        model: Any = ContentType.objects.get_for_id(bill.content_type_id).model_class()
        rows = visible_to(model, request.user).filter(pk=bill.object_id) if model else None
        record = rows.select_related(*keys_of(model)).first() if rows is not None else None
        if record is None:
            return {}
        offers = [offer for offer in offers_of(request, record) if offer.step.name in PAYMENT_STEPS]
        flow_admin: Any = self.admin_site.get_model_admin(model)
        return flow_admin.flow_context(request, record) | {
            "record": record, "record_url": object_url(record), "record_kind": model._meta.verbose_name,
            "record_offers": [(offer, step_url(record, record.pk, offer.step.name)) for offer in offers],
        }  # fmt: skip

    @display(description=gettext_lazy("amount due"))
    def show_total(self, bill: Bill) -> str:
        return f"{in_yuan(bill.total)} · {in_capitals(bill.total)}"


@admin.register(Voucher)
class VoucherAdmin(
    CorrectingMixin, TotalsMixin, ExportMixin, AttachmentsMixin, PanelsMixin, HistoryAdmin, ScopedAdmin
):
    list_display = [
        "show_bill",
        "payer_name",
        "invoice_title",
        "amount",
        "paid_on",
        "show_status",
        "submitted_at",
    ]
    phone_lines = (("show_bill", "show_status"), ("payer_name",), ("amount", "paid_on"))
    list_select_related = ["bill"]
    list_filter = [("status", ChoicesFilter)]
    search_fields = ["payer_name", "invoice_title"]
    search_help_text = gettext_lazy("Number of the bill, payer or invoice title")
    sortable_by = ("show_bill", "amount", "paid_on")
    ordering = ["-id"]
    totals = ((gettext_lazy("Amount paid"), "amount"),)
    panels = (ATTACHMENTS, HISTORY)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        queryset, rest, mistyped = narrowed(queryset, search_term, "bill__number")
        if mistyped:
            self.message_user(request, mistyped, messages.WARNING)
        for word in words_of(rest)[:5]:
            queryset = queryset.filter(Q(payer_name__icontains=word) | Q(invoice_title__icontains=word))
        return queryset, False

    @display(description=gettext_lazy("bill"), ordering="id")
    def show_bill(self, voucher: Voucher) -> str:
        return voucher.bill.number

    @display(description=gettext_lazy("status"), label=Voucher.STATUS_COLOURS)
    def show_status(self, voucher: Voucher) -> Any:
        return voucher.status, str(voucher.get_status_display())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Vouchers are handed in and corrected on the payment page only."""
        return False
