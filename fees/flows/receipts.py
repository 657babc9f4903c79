"""Receipts and refunds: what finance still has to hand out after a payment, and what it has to pay back."""

import datetime
import unicodedata
from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_fsm import FSMField
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice.core.bounds import validate_day
from backoffice.core.flow import Desk, Flow, Step, StepRefused, step
from backoffice.roles import SYSTEM, Role
from fees.locks import one_at_a_time
from fees.rules import ZERO
from fees.widgets import date_box


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
        raise StepRefused(_("%(day)s lies in the future.") % {"day": f"{day:%Y-%m-%d}"})


class ReceiptState(models.TextChoices):
    DUE = "DUE", gettext_lazy("To be issued")
    ISSUED = "ISSUED", gettext_lazy("Issued")
    VOID = "VOID", gettext_lazy("Void")


class ReceiptFlow(Flow):
    state = FSMField(
        gettext_lazy("state"), default=ReceiptState.DUE, choices=ReceiptState.choices, protected=True
    )

    colours = {ReceiptState.DUE: "warning", ReceiptState.ISSUED: "success", ReceiptState.VOID: ""}
    #: Receipts are written in one go from their own list, not from the inbox.
    resting = frozenset({ReceiptState.DUE, ReceiptState.ISSUED})

    class Meta:
        abstract = True

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
        state, (ReceiptState.DUE, ReceiptState.ISSUED), ReceiptState.VOID, by=Role.FINANCE,
        label=gettext_lazy("Declare void"), opinion_required=True, tone="danger",
    )  # fmt: skip
    def void(self, by: Any, **data: Any) -> None:
        """Not valid (any more); the opinion says why. For one that was issued another becomes due, if still owed."""

    def take_number(self, number: str, issued_on: Any) -> None:
        """Set number and date; a number stands on one receipt of its kind, and a void one keeps its own."""
        number = normal_number(number)
        if not number:
            raise StepRefused(_("Enter the number of the receipt."))
        not_in_the_future(issued_on)
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
        if done.name == "void" and self.number:
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
    from fees.flows.payment import yuan

    if -bill.balance >= refund.amount:
        return ""
    return _("Only %(left)s of the %(amount)s yuan are too much by now: the bill asks for %(total)s. Wait until it is "
             "settled again; then the refund is adjusted by itself.") % {
        "left": yuan(max(-bill.balance, ZERO)), "amount": yuan(refund.amount), "total": yuan(bill.total),
    }  # fmt: skip


class RefundFlow(Flow):
    state = FSMField(
        gettext_lazy("state"), default=RefundState.DUE, choices=RefundState.choices, protected=True
    )

    colours = {RefundState.DUE: "warning", RefundState.PAID: "success", RefundState.USED: ""}
    desks = {RefundState.DUE: Desk(Role.FINANCE, working_days=10)}

    class Meta:
        abstract = True

    @step(
        state, RefundState.DUE, RefundState.PAID, by=Role.FINANCE, label=gettext_lazy("Record as paid back"),
        form=PaidBackForm, when=[still_too_much],
    )  # fmt: skip
    def pay_back(self, by: Any, reference: str, paid_on: Any, **data: Any) -> None:
        """The money went back; the bill's credit is less by it."""
        from fees.services import paid_back

        not_in_the_future(paid_on)
        self.reference, self.paid_on = reference, paid_on
        paid_back(self, by)

    @step(
        state, RefundState.DUE, RefundState.USED, by=SYSTEM,
        label=gettext_lazy("Use for the bill"), tone="default",
    )  # fmt: skip
    def use(self, by: Any, **data: Any) -> None:
        """Nothing is paid back: the credit stays on the bill."""
