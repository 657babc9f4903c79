"""Bills, vouchers, receipts and refunds (specification 2, manual ch. 6).

One bill per payable record. When the record's lines change and are submitted again, the bill's items are written
anew; vouchers that finance verified stay as credit, and nothing of money is ever deleted.
"""

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import validate_day
from backoffice.core.history import History
from backoffice.core.locks import Rank
from backoffice.core.models.base import Owned
from backoffice.core.models.numbers import Numbered
from backoffice.core.validators import validate_company_name
from backoffice.roles import Role
from fees.models.schedule import money
from fees.money import in_yuan
from fees.rules import ZERO, Kind, Paper
from fees.validators import validate_account_number


class ItemKind(models.TextChoices):
    DUES = Kind.DUES, _("Personal dues")
    ARREARS = Kind.ARREARS, _("Dues of lapsed years")
    UPGRADE = Kind.UPGRADE, _("Supervisor to engineer")
    CHANGE = Kind.CHANGE, _("Certificate change")
    TUITION = Kind.TUITION, _("Tuition")
    WAIVED = Kind.WAIVED, _("Second certificate, waived")


class ReceiptKind(models.TextChoices):
    FISCAL = Paper.FISCAL, _("Fiscal receipt")
    INVOICE = Paper.INVOICE, _("Invoice")


class Bill(Numbered, Owned):
    """What is asked for one payable record; it bears the record's public number."""

    lock_rank = Rank.BILL

    class Stage(models.TextChoices):
        """Where the payment stands; kept by the payment leg, read by the finance desk's list."""

        OPEN = "OPEN", _("To be paid")
        REVIEW = "REVIEW", _("Under review")
        SETTLED = "SETTLED", _("Settled")
        IDLE = "IDLE", _("Not asked for now")

    STAGE_COLOURS: ClassVar = {"OPEN": "warning", "REVIEW": "info", "SETTLED": "success", "IDLE": ""}

    company = models.ForeignKey(
        "registry.Company", models.PROTECT, related_name="bills", verbose_name=_("company")
    )
    #: What the money is for, in one line, as it stood when the bill was made.
    subject = models.CharField(_("subject"), max_length=200)
    total = money(_("amount due"), 0)
    #: The sum of the verified vouchers, less what was paid back; kept by fees.services.
    paid = money(_("verified"), 0)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices, default=Stage.OPEN)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    history = History(excluded_fields=["updated_at", "number"])

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["content_type", "object_id"], name="one_bill_per_record")
        ]
        indexes = [
            models.Index("stage", models.F("id").desc(), name="bill_stage"),
            models.Index("company", models.F("id").desc(), name="bill_company"),
            models.Index(fields=["total", "id"], name="bill_total"),
            models.Index(fields=["paid", "id"], name="bill_paid"),
            models.Index(fields=["stage", "total", "id"], name="bill_stage_total"),
            models.Index(fields=["stage", "paid", "id"], name="bill_stage_paid"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def balance(self) -> Decimal:
        """What is still to be paid, in yuan; negative when too much was paid."""
        return self.total - self.paid

    def pending(self) -> Decimal:
        """The sum of the vouchers that wait for finance."""
        return (
            self.vouchers.filter(status=Voucher.Status.SUBMITTED).aggregate(sum=Sum("amount"))["sum"] or ZERO
        )


class BillItem(models.Model):
    """One line of a bill; `line` is the payable record's own line it belongs to."""

    bill = models.ForeignKey(Bill, models.CASCADE, related_name="items", verbose_name=_("bill"))
    line = models.PositiveBigIntegerField(null=True, editable=False)
    #: For whom, as it stood: the name and the certificate number.
    label = models.CharField(_("for"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=ItemKind.choices)
    unit = money(_("unit price"))
    count = models.PositiveSmallIntegerField(_("number"), default=1)
    amount = money(_("amount"))
    paper = models.CharField(_("receipt"), max_length=10, choices=ReceiptKind.choices)

    class Meta:
        verbose_name = _("bill item")
        verbose_name_plural = _("bill items")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.label} · {self.get_kind_display()}"


class Voucher(models.Model):
    """付款凭证: the picture of one transfer, with the payer's name and the title of the invoice (manual ch. 6)."""

    class Status(models.TextChoices):
        SUBMITTED = "SUBMITTED", _("Under review")
        VERIFIED = "VERIFIED", _("Verified")
        RETURNED = "RETURNED", _("Returned")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    STATUS_COLOURS: ClassVar = {
        "SUBMITTED": "info",
        "VERIFIED": "success",
        "RETURNED": "warning",
        "WITHDRAWN": "",
    }
    takes_attachments = ("VOUCHER",)

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="vouchers", verbose_name=_("bill"))
    payer_name = models.CharField(
        _("payer"),
        max_length=100,
        help_text=_("The account holder who made the transfer."),
        validators=[validate_company_name],
    )
    invoice_title = models.CharField(
        _("invoice title"),
        max_length=100,
        validators=[validate_company_name],
        help_text=_("The full name on receipt and invoice; head office or branch."),
    )
    amount = money(_("amount paid"))
    paid_on = models.DateField(_("paid on"), null=True, blank=True, validators=[validate_day])
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.SUBMITTED, editable=False
    )
    submitted_at = models.DateTimeField(_("handed in at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)

    history = History()

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="voucher_of_some_amount",
                condition=Q(amount__gt=0),
                violation_error_message=_("The amount must be more than 0."),
            )
        ]
        indexes = [
            models.Index(fields=["amount", "id"], name="voucher_amount"),
            models.Index(fields=["paid_on", "id"], name="voucher_paid_on"),
            # What waits for finance, and how much it is.
            models.Index(fields=["status", "bill", "amount"], name="voucher_status"),
        ]

    def __str__(self) -> str:
        return f"{self.payer_name} {in_yuan(self.amount)}"

    def takes_files_from(self, user: Any) -> bool:
        """Pictures are handed in with the voucher (fees.services), never added afterwards."""
        return user.role == Role.COMPANY and self.status == "SUBMITTED" and self.bill.stage == Bill.Stage.OPEN


class PayerDefault(models.Model):
    """The payer and invoice title a company used last: offered again next time."""

    company = models.OneToOneField(
        "registry.Company", models.CASCADE, related_name="payer_default", verbose_name=_("company")
    )
    payer_name = models.CharField(_("payer"), max_length=100)
    invoice_title = models.CharField(_("invoice title"), max_length=100)

    class Meta:
        verbose_name = _("remembered payer")
        verbose_name_plural = _("remembered payers")

    def __str__(self) -> str:
        return self.payer_name


class BankAccount(models.Model):
    """Where companies pay to (manual ch. 7b-2); shown with copy buttons on every payment page."""

    holder = models.CharField(_("account holder"), max_length=100)
    bank = models.CharField(_("bank"), max_length=100)
    number = models.CharField(_("account number"), max_length=40, validators=[validate_account_number])
    is_active = models.BooleanField(_("shown"), default=True)

    history = History()

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.bank} {self.number}"

    @classmethod
    def shown(cls) -> "BankAccount | None":
        """The account to pay to now."""
        return cls.objects.filter(is_active=True).first()
