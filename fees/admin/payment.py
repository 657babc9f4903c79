"""The payment of a flow's record: the company's payment page, and what finance sees when it decides (manual ch. 6).

class EnrolmentAdmin(PaymentMixin, …, FlowAdmin, HistoryAdmin, ScopedAdmin): …
"""

from typing import Any, ClassVar, Final

from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.admin.flow import not_open, object_url, offers_of
from backoffice.core.admin.panels import Panel
from backoffice.core.flow import Offer
from backoffice.core.once import once
from backoffice.core.returns import returned_by, returns_of
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from fees.admin.bill_actions import OpinionForm
from fees.admin.payment_forms import MOST, Entered
from fees.admin.shown import breakdown, cover_of, different_titles, papers_due, shown_vouchers
from fees.flows.payment import AWAITING_PAYMENT, FINANCE_REVIEW
from fees.models import BankAccount, Bill
from fees.money import in_capitals, yuan
from fees.rules import ZERO

PAY: Final = "submit_voucher"
DECISIONS: Final = ("finance_approve", "finance_return")


def bill_of(request: HttpRequest, obj: Any) -> Bill | None:
    """The bill of a record, if the reader may see it."""
    rows = visible_to(Bill, request.user, queryset=Bill.of(obj)).select_related("company")
    return once(request, ("bill", type(obj), obj.pk, request.user.pk), rows.first)


def payment_panel(request: HttpRequest, obj: Any) -> dict[str, Any] | None:
    """The bill of a record with its vouchers; nothing for those who see no bills, or before the first submit."""
    bill = bill_of(request, obj)
    return None if bill is None else bill_context(bill, request.user)


def bill_context(bill: Bill, user: Any) -> dict[str, Any]:
    """What the templates of a bill show."""
    parts = breakdown(bill)
    return {
        "bill": bill, "parts": parts, "papers": papers_due(parts), "cover": cover_of(bill),
        "capitals": in_capitals(bill.total), "vouchers": shown_vouchers(bill, user),
    }  # fmt: skip


PAYMENT = Panel("payment", gettext_lazy("Payment"), payment_panel, "admin/fees/payment_panel.html")


class PaymentMixin:
    """Mixin before FlowAdmin for a model whose flow is built on `PaymentLeg`."""

    payment_template: ClassVar[str] = "admin/fees/payment.html"

    def get_panels(self, request: HttpRequest) -> tuple[Panel, ...]:
        """The payment stands before the last tab, the history."""
        panels = super().get_panels(request)  # type: ignore[misc]
        return (*panels[:-1], PAYMENT, *panels[-1:])

    # -- remarks -----------------------------------------------------------------------------------

    def review_notes(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        return [*super().review_notes(request, obj), *self.payment_notes(request, obj)]  # type: ignore[misc]

    def payment_notes(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """What the company has to pay, or what finance should notice."""
        bill = obj.bill if obj.state in (AWAITING_PAYMENT, FINANCE_REVIEW) else None
        if bill is not None and obj.state == AWAITING_PAYMENT and request.user.role == Role.COMPANY:
            return company_notes(request, obj, bill)
        if bill is not None and obj.state == FINANCE_REVIEW and request.user.role == Role.FINANCE:
            return finance_notes(obj, bill, request.user)
        return []

    # -- many at once ------------------------------------------------------------------------------

    def bulk_decision(self, request: HttpRequest, ids: list[int], state: str) -> HttpResponse | None:
        """For the inbox: many payments are decided on the page of the bills, with their pictures."""
        if state != FINANCE_REVIEW or request.user.role != Role.FINANCE:
            return None
        kind = ContentType.objects.get_for_model(self.model)  # type: ignore[attr-defined]
        bills = visible_to(Bill, request.user).filter(content_type=kind, object_id__in=ids)
        bill_admin: Any = self.admin_site.get_model_admin(Bill)  # type: ignore[attr-defined]
        return bill_admin.decide_page(request, list(bills.values_list("pk", flat=True)), OpinionForm())  # type: ignore[no-any-return]

    # -- the company's page ------------------------------------------------------------------------

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """As FlowAdmin's; handing in the vouchers has a page of its own."""
        if step == PAY:
            return self.payment_view(request, object_id)
        return super().step_view(request, object_id, step)  # type: ignore[misc,no-any-return]

    def payment_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows what to pay and where; POST hands in. Out of scope: 404. Not open now: a message, and back."""
        obj: Any = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        bill, told, entered = obj.bill, False, None
        if request.method == "POST" and bill is not None and request.user.role == Role.COMPANY:
            entered = Entered(request, bill)
            told = entered.is_valid()
            if told and self.take(request, obj, PAY, entered.data()):  # type: ignore[attr-defined]
                tell_rest(request, bill, entered)
                return self.after_step(request, obj, PAY)  # type: ignore[attr-defined,no-any-return]
            obj = self.get_object(request, object_id) or obj  # type: ignore[attr-defined]
            entered.show_state_of(obj)
        offers = offers_of(request, obj)
        offer = next((offer for offer in offers if offer.step.name == PAY), None)
        if offer is None or bill is None:
            if not told:
                messages.warning(request, not_open(obj, request.user))
            return HttpResponseRedirect(object_url(obj))
        if entered is None:
            entered = Entered(request, bill)
            entered.show_state_of(obj)
        return self.payment_page(request, obj, offer, offers, entered)

    def payment_page(
        self, request: HttpRequest, obj: Any, offer: Offer, offers: list[Offer], entered: Entered
    ) -> HttpResponse:
        response: Any = self.step_page(request, obj, offer, entered.page, offers)
        response.template_name = self.payment_template
        response.context_data |= bill_context(entered.bill, request.user) | {
            "formset": entered.formset, "account": BankAccount.shown(),
            "transfer_remark": remark_for(obj, entered.bill),
            "balance": entered.bill.balance, "balance_capitals": in_capitals(max(entered.bill.balance, ZERO)),
            "returns": returns_of(obj), "finance_opinion": returned_by(obj, "finance_return"), "most": MOST,
            "from_training": bool(returned_by(obj, "training_return")),
            "choose_again": entered.formset.is_bound or entered.is_longer,
            "decline": next((other for other in offers if other.step.name == "decline_payment"), None),
        }  # fmt: skip
        return response  # type: ignore[no-any-return]

    # -- finance's page ----------------------------------------------------------------------------

    def step_page(
        self, request: HttpRequest, obj: Any, offer: Offer, form: Any, offers: list[Offer]
    ) -> HttpResponse:
        """Finance decides with the vouchers before its eyes; what training said is its opinion already."""
        if offer.step.name == "finance_return" and not form.is_bound:
            form.initial.setdefault("opinion", returned_by(obj, "training_return"))
        response: Any = super().step_page(request, obj, offer, form, offers)  # type: ignore[misc]
        if offer.step.name in DECISIONS:
            response.context_data |= bill_context(obj.bill, request.user)
            response.context_data["step_extra"] = "admin/fees/payment_review.html"
        return response  # type: ignore[no-any-return]


def company_notes(request: HttpRequest, obj: Any, bill: Bill) -> list[tuple[str, Any]]:
    """Finance's opinion, what is to be paid, and what declining means."""
    notes: list[tuple[str, Any]] = []
    for told in returns_of(obj):
        notes.append(("warning", _("%(desk)s, %(step)s: “%(opinion)s”.") % {
            "desk": told.role, "step": told.step, "opinion": told.opinion,
        }))  # fmt: skip
    match = request.resolver_match
    if match is not None and match.kwargs.get("step") == "decline_payment":
        notes.append(("warning", _("The roster opens again. After you have changed it you submit it anew, and every "
                                   "review follows once more.")))  # fmt: skip
        if bill.paid > 0:
            notes.append(("info", _("The %(paid)s yuan that finance has verified stay as credit: only what is missing "
                                    "is asked for then.") % {"paid": yuan(bill.paid)}))  # fmt: skip
    elif bill.balance > 0:
        notes.append(("info", _("%(balance)s yuan are to be paid; the next page shows the account and takes the "
                                "voucher.") % {"balance": yuan(bill.balance)}))  # fmt: skip
    return notes


def finance_notes(obj: Any, bill: Bill, user: Any) -> list[tuple[str, Any]]:
    """Whether the money covers the bill, and what the training department said when it came back."""
    cover = cover_of(bill)
    notes: list[tuple[str, Any]] = []
    if opinion := returned_by(obj, "training_return"):
        notes.append(("warning", _("The training department sent it back: “%(opinion)s”. Return it further to the "
                                   "company with this opinion.") % {"opinion": opinion}))  # fmt: skip
    if cover.difference < 0:
        notes.append(("danger", _("%(missing)s yuan are missing.") % {"missing": yuan(-cover.difference)}))
    elif cover.difference > 0:
        notes.append(("warning", _("%(rest)s yuan more than asked for: they become a refund due once you verify.")
                      % {"rest": yuan(cover.difference)}))  # fmt: skip
    if text := different_titles(shown_vouchers(bill, user)):
        notes.append(("warning", text))
    return notes


def tell_rest(request: HttpRequest, bill: Bill, entered: Entered) -> None:
    """Too much was paid: no question, but a sentence."""
    if (rest := entered.too_much) > 0:
        messages.warning(request, _("You handed in %(rest)s yuan more than asked for. Once finance has verified the "
                                    "vouchers, the rest is paid back.") % {"rest": yuan(rest)})  # fmt: skip


def remark_for(obj: Any, bill: Bill) -> str:
    """What to write on the transfer, in Chinese: company and matter (manual ch. 7b-2), and the public number."""
    with translation.override("zh-hans"):
        return f"{bill.company.name} {obj._meta.verbose_name} {bill.number}"
