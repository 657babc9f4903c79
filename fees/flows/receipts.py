"""Receipts and refunds: what finance still has to hand out after a payment, and what it has to pay back."""

import datetime
import unicodedata
from collections.abc import Iterable
from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice.core.bounds import validate_day
from backoffice.core.flow import Desk, Flow, Step, StepRefused, step
from backoffice.core.locks import lock_related
from backoffice.core.state_field import StateField
from backoffice.roles import SYSTEM, Role
from fees.locks import one_at_a_time
from fees.rules import ZERO
from fees.validators import validate_account_number, wrong_account_number
from fees.widgets import date_box

#: A receipt may bear a date some days before its bill was entered here, not more.
WRITTEN_AHEAD = datetime.timedelta(days=31)


class NumberForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Number of the receipt"), max_length=40, widget=UnfoldAdminTextInputWidget
    )
    issued_on = forms.DateField(
        validators=[validate_day],
        label=gettext_lazy("Issued on"),
        initial=timezone.localdate,
        widget=date_box(),
    )


class PaidBackForm(forms.Form):
    payee_name = forms.CharField(
        label=gettext_lazy("Paid to (account holder)"), max_length=100, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Money goes back to the account it came from."),
    )  # fmt: skip
    payee_account = forms.CharField(
        label=gettext_lazy("Account number"), max_length=40, widget=UnfoldAdminTextInputWidget,
        validators=[validate_account_number],
    )  # fmt: skip
    payee_bank = forms.CharField(
        label=gettext_lazy("Bank"), max_length=100, required=False, widget=UnfoldAdminTextInputWidget
    )
    reference = forms.CharField(
        label=gettext_lazy("Reference of the transfer"), max_length=60, widget=UnfoldAdminTextInputWidget
    )
    paid_on = forms.DateField(
        validators=[validate_day],
        label=gettext_lazy("Paid back on"),
        initial=timezone.localdate,
        widget=date_box(),
    )


def normal_number(number: str) -> str:
    """A receipt's number as it is kept: half-width, capital letters, no blanks."""
    return "".join(unicodedata.normalize("NFKC", number).split()).upper()


def not_in_the_future(day: datetime.date) -> None:
    if day > timezone.localdate():
        raise StepRefused(_("%(day)s lies in the future.") % {"day": day.isoformat()})


def not_before(day: datetime.date, earliest: Any, text: Any) -> None:
    """Refuse a day before the moment from which on it can be true; `text` says which moment that is."""
    if earliest is not None and day < (first := timezone.localdate(earliest)):
        raise StepRefused(text % {"day": day.isoformat(), "first": first.isoformat()})


class ReceiptState(models.TextChoices):
    DUE = "DUE", gettext_lazy("To be issued")
    ISSUED = "ISSUED", gettext_lazy("Issued")
    VOID = "VOID", gettext_lazy("Void")


class ReceiptFlow(Flow):
    state = StateField(gettext_lazy("state"), default=ReceiptState.DUE, choices=ReceiptState.choices)

    colours = {ReceiptState.DUE: "warning", ReceiptState.ISSUED: "success", ReceiptState.VOID: ""}
    #: Receipts are written in one go from their own list, not from the inbox.
    resting = frozenset({ReceiptState.DUE, ReceiptState.ISSUED})

    class Meta:
        abstract = True

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        if step_name == "void":
            lock_related(cls, ids, "bill")

    @step(
        state, ReceiptState.DUE, ReceiptState.ISSUED, by=Role.FINANCE, label=gettext_lazy("Record as issued"),
        form=NumberForm,
    )  # fmt: skip
    def issue(self, by: Any, number: str, issued_on: Any, **data: Any) -> None:
        """The receipt was written; its number is kept here."""
        self.take_number(number, issued_on)

    @step(
        state, ReceiptState.ISSUED, ReceiptState.ISSUED, by=Role.FINANCE, label=gettext_lazy("Correct number or date"),
        form=NumberForm, opinion_required=True, tone="default",
    )  # fmt: skip
    def correct(self, by: Any, number: str, issued_on: Any, **data: Any) -> None:
        """A typing mistake; the receipt itself is right."""
        self.take_number(number, issued_on)

    @step(
        state, ReceiptState.ISSUED, ReceiptState.VOID, by=Role.FINANCE, label=gettext_lazy("Declare void"),
        opinion_required=True, tone="danger",
    )  # fmt: skip
    def void(self, by: Any, **data: Any) -> None:
        """Not valid any more; the opinion says why. Another becomes due, if it is still owed."""

    @step(state, ReceiptState.DUE, ReceiptState.VOID, by=SYSTEM, label=gettext_lazy("Not owed any more"))
    def not_owed(self, by: Any, **data: Any) -> None:
        """It was never written, and the bill asks for less now. Nobody takes this step by hand: what is owed stays
        due."""

    def take_number(self, number: str, issued_on: Any) -> None:
        """Set number and date; a number stands on one receipt of its kind, and a void one keeps its own."""
        number = normal_number(number)
        if not number:
            raise StepRefused(_("Enter the number of the receipt."))
        not_in_the_future(issued_on)
        too_early = _(
            "%(day)s is long before the bill was made (%(first)s). Compare the date with the receipt."
        )
        not_before(issued_on, self.bill.created_at - WRITTEN_AHEAD, too_early)
        one_at_a_time(type(self))
        others = type(self)._default_manager.filter(kind=self.kind, number=number).exclude(pk=self.pk)
        if (other := others.select_related("bill__company").first()) is not None:
            raise StepRefused(
                _("The number %(number)s stands on another receipt already: %(other)s (%(company)s, %(state)s). "
                  "Compare with the paper and correct the number.") % {
                    "number": number, "other": other, "company": other.bill.company,
                    "state": other.get_state_display(),
                }
            )  # fmt: skip
        self.number, self.issued_on = number, issued_on

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        if done.name == "void":
            from fees.services import expect_again

            expect_again(self.bill, by)


class RefundState(models.TextChoices):
    DUE = "DUE", gettext_lazy("To be paid back")
    PAID = "PAID", gettext_lazy("Paid back")
    USED = "USED", gettext_lazy("Used for the bill after all")


def still_too_much(obj: Any) -> str:
    """The bill may ask for more again since the refund became due: then the credit is needed."""
    return short_of(obj, obj.bill)


def short_of(refund: Any, bill: Any) -> str:
    from fees.money import yuan

    if -bill.balance >= refund.amount:
        return ""
    return _("Only %(left)s of the %(amount)s yuan are too much by now: the bill asks for %(total)s. Wait until it is "
             "settled again; then the refund is adjusted by itself.") % {
        "left": yuan(max(-bill.balance, ZERO)), "amount": yuan(refund.amount), "total": yuan(bill.total),
    }  # fmt: skip


class RefundFlow(Flow):
    state = StateField(gettext_lazy("state"), default=RefundState.DUE, choices=RefundState.choices)

    colours = {RefundState.DUE: "warning", RefundState.PAID: "success", RefundState.USED: ""}
    desks = {RefundState.DUE: Desk(Role.FINANCE, working_days=10)}
    #: What was noted of the transfer can be corrected; nobody has to do anything.
    resting = frozenset({RefundState.PAID})

    class Meta:
        abstract = True

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        if step_name == "pay_back":
            lock_related(cls, ids, "bill")

    @step(
        state, RefundState.DUE, RefundState.PAID, by=Role.FINANCE, label=gettext_lazy("Record as paid back"),
        form=PaidBackForm, when=[still_too_much],
    )  # fmt: skip
    def pay_back(self, by: Any, **data: Any) -> None:
        """The money went back; the bill's credit is less by it, and the company is told."""
        from fees.services import paid_back

        self.note_transfer(**data)
        paid_back(self, by)

    @step(
        state, RefundState.PAID, RefundState.PAID, by=Role.FINANCE, label=gettext_lazy("Correct the transfer"),
        form=PaidBackForm, opinion_required=True, tone="default",
    )  # fmt: skip
    def correct(self, by: Any, **data: Any) -> None:
        """A typing mistake in payee, reference or date; the opinion says which, and the company is told."""
        self.note_transfer(**data)

    @step(
        state, RefundState.DUE, RefundState.USED, by=SYSTEM,
        label=gettext_lazy("Use for the bill"), tone="default",
    )  # fmt: skip
    def use(self, by: Any, **data: Any) -> None:
        """Nothing is paid back: the credit stays on the bill."""

    def note_transfer(
        self, reference: str = "", paid_on: Any = None, payee_name: str = "", payee_account: str = "",
        payee_bank: str = "", **data: Any,
    ) -> None:  # fmt: skip
        """Set what the bank's slip says: a reference stands for one transfer, and nothing is paid before it is due."""
        reference, account = normal_number(reference), normal_number(payee_account)
        if not (reference and payee_name and account and paid_on):
            raise StepRefused(
                _(
                    "Enter to whom and to which account it was paid, the reference of the transfer and the day."
                )
            )
        if reason := wrong_account_number(account):
            raise StepRefused(reason)
        not_in_the_future(paid_on)
        too_early = _(
            "%(day)s is before the refund became due (%(first)s). Compare the date with the bank's slip."
        )
        not_before(paid_on, self.created_at, too_early)
        one_at_a_time(type(self))
        others = type(self)._default_manager.filter(reference=reference).exclude(pk=self.pk)
        if (other := others.select_related("bill__company").first()) is not None:
            raise StepRefused(
                _("The reference %(reference)s stands on another refund already: %(other)s (%(company)s). Compare with "
                  "the bank's slip.") % {"reference": reference, "other": other, "company": other.bill.company}
            )  # fmt: skip
        self.reference, self.paid_on = reference, paid_on
        self.payee_name, self.payee_account = " ".join(payee_name.split()), account
        self.payee_bank = " ".join(payee_bank.split())

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        owner: Any = self.bill.owner
        if owner is not None and done.name in ("pay_back", "correct"):
            owner.money_went_back(self, done.name == "correct")
