"""What follows a payment: receipts to be written, money to be paid back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.core.bounds import validate_day
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.core.validators import validate_company_name
from fees.flows.receipts import ReceiptFlow, ReceiptState, RefundFlow, RefundState
from fees.models.bill import Bill, ReceiptKind
from fees.models.schedule import money
from fees.money import in_yuan


class Receipt(ReceiptFlow):
    """财政收据 for dues and tuition, an invoice for change fees: one payment can need two (manual ch. 6-3)."""

    State = ReceiptState
    lock_rank = Rank.REFUND

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="receipts", verbose_name=_("bill"))
    kind = models.CharField(_("kind"), max_length=10, choices=ReceiptKind.choices)
    #: Whose payment it stands for: each payer of a bill gets receipts of the own share.
    payer = models.CharField(_("payer"), max_length=100, blank=True, editable=False)
    title = models.CharField(_("made out to"), max_length=100, validators=[validate_company_name])
    amount = money(_("amount"))
    number = models.CharField(pgettext_lazy("receipt", "number"), max_length=40, blank=True)
    issued_on = models.DateField(_("issued on"), null=True, blank=True, validators=[validate_day])
    created_at = models.DateTimeField(_("due since"), auto_now_add=True)

    history = History()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "number"], condition=~Q(number=""), name="one_receipt_of_a_number"
            ),
            models.UniqueConstraint(
                fields=["bill", "kind", "payer", "title"],
                condition=Q(state=ReceiptState.DUE),
                name="one_receipt_due_of_a_payer",
            ),
        ]
        indexes = [
            models.Index("state", models.F("id").desc(), name="receipt_state"),
            models.Index(fields=["amount", "id"], name="receipt_amount"),
            models.Index(fields=["issued_on", "id"], name="receipt_issued_on"),
            models.Index(fields=["title", "id"], name="receipt_title"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {in_yuan(self.amount)} {self.title}"


class Refund(RefundFlow):
    """Money that has to go back: too much was paid, the roster was cut, or the class was cancelled."""

    State = RefundState
    lock_rank = Rank.REFUND

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="refunds", verbose_name=_("bill"))
    amount = money(_("amount"))
    reason = models.CharField(_("reason"), max_length=300)
    payee_name = models.CharField(_("paid to"), max_length=100, blank=True)
    payee_account = models.CharField(_("payee's account"), max_length=40, blank=True)
    payee_bank = models.CharField(_("payee's bank"), max_length=100, blank=True)
    reference = models.CharField(_("reference of the transfer"), max_length=60, blank=True)
    paid_on = models.DateField(_("paid back on"), null=True, blank=True, validators=[validate_day])
    created_at = models.DateTimeField(pgettext_lazy("refund", "due since"), auto_now_add=True)

    history = History()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["bill"], condition=Q(state=RefundState.DUE), name="one_refund_due_of_a_bill"
            )
        ]
        indexes = [
            models.Index(fields=["amount", "id"], name="refund_amount"),
            models.Index(fields=["paid_on", "id"], name="refund_paid_on"),
            models.Index(fields=["created_at", "id"], name="refund_created"),
        ]

    def __str__(self) -> str:
        return f"{self.bill} · {in_yuan(self.amount)}"
