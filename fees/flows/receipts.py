"""Receipts and refunds: what finance still has to hand out after a payment, and what it has to pay back."""

from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_fsm import FSMField
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from backoffice.core.flow import Desk, Flow, step
from backoffice.roles import SYSTEM, Role


class NumberForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Number of the receipt"), max_length=40, widget=UnfoldAdminTextInputWidget
    )
    issued_on = forms.DateField(
        label=gettext_lazy("Issued on"), initial=timezone.localdate, widget=UnfoldAdminSingleDateWidget
    )


class PaidBackForm(forms.Form):
    reference = forms.CharField(
        label=gettext_lazy("Reference of the transfer"), max_length=60, widget=UnfoldAdminTextInputWidget
    )
    paid_on = forms.DateField(
        label=gettext_lazy("Paid back on"), initial=timezone.localdate, widget=UnfoldAdminSingleDateWidget
    )


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
        self.number, self.issued_on = number, issued_on

    @step(
        state, (ReceiptState.DUE, ReceiptState.ISSUED), ReceiptState.VOID, by=Role.FINANCE,
        label=gettext_lazy("Declare void"), opinion_required=True, tone="danger",
    )  # fmt: skip
    def void(self, by: Any, **data: Any) -> None:
        """Not valid (any more); the opinion says why."""


class RefundState(models.TextChoices):
    DUE = "DUE", gettext_lazy("To be paid back")
    PAID = "PAID", gettext_lazy("Paid back")
    USED = "USED", gettext_lazy("Used for the bill after all")


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
        form=PaidBackForm,
    )  # fmt: skip
    def pay_back(self, by: Any, reference: str, paid_on: Any, **data: Any) -> None:
        """The money went back; the bill's credit is less by it."""
        from fees.services import paid_back

        self.reference, self.paid_on = reference, paid_on
        paid_back(self, by)

    @step(
        state, RefundState.DUE, RefundState.USED, by=SYSTEM,
        label=gettext_lazy("Use for the bill"), tone="default",
    )  # fmt: skip
    def use(self, by: Any, **data: Any) -> None:
        """Nothing is paid back: the credit stays on the bill."""
