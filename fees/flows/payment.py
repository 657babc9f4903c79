"""The payment leg every paid flow shares (specification 3.5, manual ch. 5 and 6): pay, hand in the voucher, finance
looks.

class EnrolmentFlow(PaymentLeg):
    paid_to, declined_to = S.TRAINING_REVIEW, S.DRAFT

The states AWAITING_PAYMENT and FINANCE_REVIEW belong to the flow that inherits; the two outside it names.
"""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.flow import Flow, NamedBy, step
from backoffice.roles import SYSTEM, Role
from fees.money import yuan

AWAITING_PAYMENT, FINANCE_REVIEW = "AWAITING_PAYMENT", "FINANCE_REVIEW"
#: In the trail: the company corrected a voucher's payer or title.
CORRECTED = "correct_payer"


class Billable:
    """What a paid record implements."""

    def bill_subject(self) -> str:
        """One line that says what the money is for."""
        return str(self)[:200]

    def money_went_back(self, refund: Any, is_correction: bool) -> None:
        """Hook inside the transaction: finance paid back what was too much, or corrected what it noted about it."""

    def payment_settled(self, by: Any) -> None:
        """Hook inside the transaction: the money is there (or none is needed)."""


def vouchers_checked(obj: Any) -> str:
    """Finance looks at what was handed in; with less than the bill nobody goes on."""
    return still_missing(obj.bill, _("Return it."))


def plain_payment(obj: Any) -> str:
    """Where many are verified at once: new vouchers of exactly what is asked for, nothing else."""
    bill = obj.bill
    return "" if bill is None else not_plain(bill.pending(), bill.balance)


def not_plain(pending: Any, balance: Any) -> str:
    """Why a payment is looked at on its own page: too much, or back from the training department with no new voucher;
    empty where vouchers of exactly the balance wait (or where they do not suffice, which is refused anyway)."""
    if pending > balance:
        return _("%(rest)s yuan too much: look at it on its own page.") % {"rest": yuan(pending - balance)}
    if not pending:
        return _("No new voucher was handed in since it came back: look at the opinion on its own page.")
    return ""


def still_missing(bill: Any, remedy: str) -> str:
    """What the vouchers still lack, and the remedy; empty where they cover the bill."""
    pending = bill.pending()
    missing = bill.balance - pending
    if missing <= 0:
        return ""
    return _("The vouchers come to %(paid)s yuan, the bill to %(total)s: %(missing)s yuan are missing. %(remedy)s") % {
        "paid": yuan(bill.paid + pending), "total": yuan(bill.total), "missing": yuan(missing), "remedy": remedy,
    }  # fmt: skip


def nothing_left_to_pay(obj: Any) -> bool:
    return bool(obj.bill is not None and obj.bill.balance <= 0)


class PaymentLeg(Billable, Flow):
    """The abstract flow with the steps of the payment."""

    #: Where finance sends the record on to.
    paid_to: ClassVar[str]
    #: Where a company that disagrees takes it back to; None: it cannot.
    declined_to: ClassVar[str | None]

    carries_back = frozenset({"decline_payment"})
    trail_notes = {CORRECTED: gettext_lazy("Payer or invoice title corrected")}

    class Meta:
        abstract = True

    @property
    def bill(self) -> Any:
        """The record's bill, None before it was submitted once."""
        from fees.models import Bill

        return Bill.of(self).first() if self.pk else None

    @step(
        "state", AWAITING_PAYMENT, FINANCE_REVIEW, by=Role.COMPANY,
        label=gettext_lazy("Agree and hand in the voucher"),
    )  # fmt: skip
    def submit_voucher(self, by: Any, vouchers: Any = (), **data: Any) -> None:
        """Hand in the pictures of the transfers, with payer and invoice title (manual ch. 6)."""
        from fees.services import hand_in

        hand_in(self.bill, vouchers, by)

    @step(
        "state", AWAITING_PAYMENT, NamedBy("declined_to"), by=Role.COMPANY, label=gettext_lazy("Disagree: edit again"),
        tone="default",
    )  # fmt: skip
    def decline_payment(self, by: Any, **data: Any) -> None:
        """The only way to edit the lines once they were approved (manual ch. 5-2); verified money stays credit."""
        from fees.services import ask_no_more

        ask_no_more(self.bill)

    @step("state", AWAITING_PAYMENT, NamedBy("paid_to"), by=SYSTEM, label=gettext_lazy("No payment needed"))
    def skip_payment(self, by: Any, **data: Any) -> None:
        """Nothing is left to pay: the bill is 0, or verified vouchers cover it."""
        from fees.services import settle

        settle(self.bill, by)
        self.payment_settled(by)

    @step(
        "state", FINANCE_REVIEW, NamedBy("paid_to"), by=Role.FINANCE, label=gettext_lazy("Verify the payment"),
        when=[vouchers_checked], in_bulk=True, when_many=[plain_payment],
    )  # fmt: skip
    def finance_approve(self, by: Any, **data: Any) -> None:
        """The money is there: the receipts due are known, and what is too much goes back."""
        from fees.services import verify

        verify(self.bill, by)
        self.payment_settled(by)

    @step(
        "state", FINANCE_REVIEW, AWAITING_PAYMENT, by=Role.FINANCE, label=gettext_lazy("Return to the company"),
        opinion_required=True, tone="danger", in_bulk=True,
    )  # fmt: skip
    def finance_return(self, by: Any, **data: Any) -> None:
        """Only the voucher may be corrected then (manual ch. 5-2)."""
        from fees.services import hand_back

        hand_back(self.bill)

    def onward(self, taken: str = "") -> str:
        """A bill of 0 skips the payment: only on the way there, so that finance can still return it further."""
        arrives = self.state == AWAITING_PAYMENT and taken != "finance_return"
        return "skip_payment" if arrives and nothing_left_to_pay(self) else super().onward(taken)
