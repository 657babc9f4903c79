"""Receipts to be written and refunds to be paid (manual ch. 6-3): finance's lists, a company's own papers."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import display

from backoffice.core.admin import FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.flow import object_url
from backoffice.core.admin.history import HISTORY
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter, ScopedRelatedFilter
from backoffice.core.public_numbers import narrowed, typed
from backoffice.core.search import words_of
from backoffice.roles import Role
from fees.admin.issuing import IssuingMixin
from fees.admin.search import companies_named
from fees.admin.totals import TotalsMixin
from fees.flows.receipts import ReceiptState, normal_number
from fees.models import Bill, Receipt, Refund
from fees.money import in_yuan, yuan
from fees.receipts import not_issued, retitle
from fees.rules import Paper

BILLS: Final = (gettext_lazy("To the bills"), "admin:fees_bill_changelist")


#: What finance notes of a transfer that went back.
TRANSFER: Final = ("payee_name", "payee_account", "payee_bank", "reference", "paid_on")


class OfBillMixin:
    """What belongs to a bill: its company and subject stand in the list and are searched."""

    #: Fields of the paper itself that a word may be a part of.
    own_words: ClassVar[tuple[str, ...]] = ()

    def get_list_display(self, request: HttpRequest) -> list[str]:
        hidden = {"show_company"} if request.user.role == Role.COMPANY else set()
        return [name for name in super().get_list_display(request) if name not in hidden]  # type: ignore[misc]

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)  # type: ignore[misc]
        if request.user.role != Role.COMPANY:
            return filters
        return [entry for entry in filters if entry[1] is not ScopedRelatedFilter]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, term: str
    ) -> tuple[QuerySet, bool]:
        """Each word is the bill's number, or a part of the company's name, the bill's subject or the paper's words."""
        queryset, rest, mistyped = narrowed(queryset, term, "bill__number", dashed=True)
        if mistyped:
            self.message_user(request, mistyped, messages.WARNING)  # type: ignore[attr-defined]
        for word in words_of(rest)[:5]:
            companies = companies_named(self, request, word)
            condition = Q(bill__company__in=companies) | Q(bill__subject__icontains=word)
            if (number := typed(word)) is not None:
                condition |= Q(bill__number=number.number)
            for name in self.own_words:
                condition |= Q(**{f"{name}__icontains": normal_number(word) if name == "number" else word})
            queryset = queryset.filter(condition)
        return queryset, False

    @display(description=gettext_lazy("company"))
    def show_company(self, paper: Any) -> str:
        return str(paper.bill.company)

    @display(description=gettext_lazy("bill"), ordering="id")
    def show_subject(self, paper: Any) -> str:
        return format_html('<a class="bo-link" href="{}">{}</a>', object_url(paper.bill), paper.bill)


def too_much_issued(bill: Bill) -> list[str]:
    """A sentence for each kind of receipt of which more was issued than the bill asks for."""
    labels = dict(Receipt._meta.get_field("kind").flatchoices)
    text = _("%(kind)s: %(more)s yuan more are issued than the bill asks for. Declare a receipt void; the right one "
             "then becomes due.")  # fmt: skip
    over = {kind: -not_issued(bill, kind) for kind in Paper}
    return [text % {"kind": labels[kind], "more": yuan(more)} for kind, more in over.items() if more > 0]


@admin.register(Receipt)
class ReceiptAdmin(
    IssuingMixin, OfBillMixin, TotalsMixin, ExportMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin
):
    list_display = [
        "title", "kind", "amount", "show_state", "number", "issued_on", "show_company", "show_subject",
    ]  # fmt: skip
    phone_lines = (("title", "show_state"), ("kind", "amount"), ("number", "issued_on"), ("show_subject",))
    list_select_related = ["bill__company"]
    list_filter = [("state", ChoicesFilter), ("kind", ChoicesFilter), ("bill__company", ScopedRelatedFilter)]
    search_fields = ["title", "number"]
    own_words = ("title", "number")
    search_help_text = gettext_lazy("Number of the bill or the receipt, title, company, words of the bill")
    sortable_by = ("title", "amount", "issued_on", "show_subject")
    #: What is due stands first (DUE, ISSUED, VOID).
    ordering = ["state", "-id"]
    totals = ((gettext_lazy("Amount"), "amount"),)
    review_fields = (
        "show_company", "show_subject", "kind", "payer", "title", "amount", "number", "issued_on", "created_at",
    )  # fmt: skip
    #: Number and date come with their steps; amount and kind from the bill.
    editable_by: ClassVar = {Role.FINANCE: ("title",)}
    panels = (HISTORY,)
    empty_hints: ClassVar = {
        Role.FINANCE: (gettext_lazy("No receipt here. They become due when a payment is verified."), (BILLS,)),
        Role.COMPANY: (
            gettext_lazy("No receipt here. They follow once finance has verified your payment."), (BILLS,),
        ),
    }  # fmt: skip

    def step_page(
        self, request: HttpRequest, obj: Receipt, offer: Any, form: Any, offers: Any
    ) -> HttpResponse:
        """A correction begins with what stands there."""
        if offer.step.name == "correct" and not form.is_bound:
            form.initial |= {"number": obj.number, "issued_on": obj.issued_on}
        return super().step_page(request, obj, offer, form, offers)

    def save_model(self, request: HttpRequest, obj: Receipt, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "title" in form.changed_data:
            retitle(obj, form.initial["title"], request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The title can be corrected until the receipt is written."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.pk is None or obj.state == ReceiptState.DUE)

    def review_notes(self, request: HttpRequest, obj: Receipt) -> list[tuple[str, Any]]:
        if obj.state != ReceiptState.ISSUED:
            return []
        return [("warning", text) for text in too_much_issued(obj.bill)]


@admin.register(Refund)
class RefundAdmin(OfBillMixin, TotalsMixin, ExportMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    list_display = [
        "show_number", "amount", "show_state", "reason", "show_company", "show_subject", "reference", "paid_on",
        "created_at",
    ]  # fmt: skip
    phone_lines = (("show_number", "show_state"), ("amount", "paid_on"), ("show_company",), ("reason",))
    list_select_related = ["bill__company"]
    list_filter = [("state", ChoicesFilter), ("bill__company", ScopedRelatedFilter)]
    search_fields = ["reference"]
    own_words = ("reference", "reason")
    search_help_text = gettext_lazy(
        "Number of the bill, company, words of the bill or the reason, reference of the transfer"
    )
    sortable_by = ("amount", "paid_on", "created_at")
    #: What is due stands first (DUE, PAID, USED).
    ordering = ["state", "-id"]
    totals = ((gettext_lazy("Amount"), "amount"),)
    review_fields = (
        "show_company", "show_subject", "amount", "reason", "show_payers", *TRANSFER, "created_at",
    )  # fmt: skip
    panels = (HISTORY,)
    empty_hints: ClassVar = {
        Role.FINANCE: (gettext_lazy("Nothing is to be paid back."), (BILLS,)),
        Role.COMPANY: (gettext_lazy("Nothing is to be paid back."), (BILLS,)),
    }

    def step_page(
        self, request: HttpRequest, obj: Refund, offer: Any, form: Any, offers: Any
    ) -> HttpResponse:
        """A correction begins with what stands there, a payment with whom the money came from."""
        if not form.is_bound and offer.step.name == "correct":
            form.initial |= {name: getattr(obj, name) for name in TRANSFER}
        elif not form.is_bound and (paid := obj.bill.vouchers.filter(status="VERIFIED").last()) is not None:
            form.initial["payee_name"] = paid.payer_name
        return super().step_page(request, obj, offer, form, offers)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing of a refund is typed by hand but what its step asks for."""
        return obj is None and super().has_change_permission(request, obj)

    def take(self, request: HttpRequest, obj: Any, step: str, data: dict[str, Any]) -> bool:
        """After the money went back, say which receipts are too high now."""
        done = super().take(request, obj, step, data)
        if done:
            for text in too_much_issued(obj.bill):
                messages.warning(request, text)
        return done

    @display(description=pgettext_lazy("public number", "number"))
    def show_number(self, refund: Refund) -> str:
        return refund.bill.number

    @display(description=gettext_lazy("paid by"))
    def show_payers(self, refund: Refund) -> str:
        """Whom the money came from: it goes back there."""
        rows = refund.bill.vouchers.filter(status="VERIFIED").order_by("id")
        return "\n".join(f"{row.payer_name} · {in_yuan(row.amount)}" for row in rows)
