"""What the cash desk's exports contain."""

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import DecimalField, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from backoffice.core.export import Column, Columns
from fees.models import Bill, Receipt, Refund, Voucher

NUMBER: Final = pgettext_lazy("public number", "Number of the bill")


def bills(user: Any) -> Sequence[Column]:
    """The list of bills, with the latest voucher's payer and title."""
    vouchers = Voucher.objects.filter(bill=OuterRef("pk"), status__in=("SUBMITTED", "VERIFIED"))
    latest = vouchers.order_by("-id")
    waiting = vouchers.filter(status="SUBMITTED").order_by().values("bill").annotate(sum=Sum("amount"))
    money: Any = DecimalField(max_digits=10, decimal_places=2)

    return [
        Column(pgettext("public number", "number"), "number", width=14),
        Column(_("company"), "company__name", width=36),
        Column(_("subject"), "subject", width=48),
        Column(_("amount due"), "total", width=12),
        Column(_("verified"), "paid", width=12),
        Column(
            _("under review"),
            Coalesce(Subquery(waiting.values("sum")), Value(0), output_field=money),
            width=12,
        ),
        Column(_("balance"), F("total") - F("paid"), width=12),
        Column(_("payer"), Subquery(latest.values("payer_name")[:1]), show=text, width=30),
        Column(_("invoice title"), Subquery(latest.values("invoice_title")[:1]), show=text, width=36),
        Column(_("stage"), "stage", show={code: str(label) for code, label in Bill.Stage.choices}, width=14),
        Column(_("made at"), "created_at", show=day, width=12),
    ]


def receipts(user: Any) -> Sequence[Column]:
    """The list of receipts, as the bookkeeping wants it."""
    return [
        Column(_("kind"), "kind", show=labels(Receipt, "kind"), width=12),
        Column(pgettext("receipt", "number"), "number", width=18),
        Column(_("issued on"), "issued_on", show=text, width=12),
        Column(_("payer"), "payer", width=30),
        Column(_("made out to"), "title", width=36),
        Column(_("amount"), "amount", width=12),
        Column(_("state"), "state", show=labels(Receipt, "state"), width=12),
        Column(_("company"), "bill__company__name", width=36),
        Column(str(NUMBER), "bill__number", width=14),
        Column(_("bill"), "bill__subject", width=48),
        Column(_("due since"), "created_at", show=day, width=12),
    ]


def refunds(user: Any) -> Sequence[Column]:
    """The list of refunds, with what the transfer back needs."""
    return [
        Column(_("company"), "bill__company__name", width=36),
        Column(str(NUMBER), "bill__number", width=14),
        Column(_("bill"), "bill__subject", width=48),
        Column(_("amount"), "amount", width=12),
        Column(_("reason"), "reason", width=36),
        Column(_("state"), "state", show=labels(Refund, "state"), width=14),
        Column(_("paid to"), "payee_name", width=30),
        Column(_("payee's account"), "payee_account", width=24),
        Column(_("payee's bank"), "payee_bank", width=24),
        Column(_("reference of the transfer"), "reference", width=24),
        Column(_("paid back on"), "paid_on", show=text, width=12),
        Column(pgettext("refund", "due since"), "created_at", show=day, width=12),
    ]


def vouchers(user: Any) -> Sequence[Column]:
    """The list of vouchers: what was paid by whom, as the bank statement shows it."""
    return [
        Column(str(NUMBER), "bill__number", width=14),
        Column(_("company"), "bill__company__name", width=36),
        Column(_("bill"), "bill__subject", width=48),
        Column(_("payer"), "payer_name", width=30),
        Column(_("invoice title"), "invoice_title", width=36),
        Column(_("amount paid"), "amount", width=12),
        Column(_("paid on"), "paid_on", show=text, width=12),
        Column(
            _("status"), "status", show={code: str(label) for code, label in Voucher.Status.choices}, width=12
        ),
        Column(_("remark"), "remark", width=24),
        Column(_("handed in at"), "submitted_at", show=day, width=12),
        Column(_("decided at"), "decided_at", show=day_or_none, width=12),
    ]


def labels(model: Any, name: str) -> dict[Any, str]:
    return {code: str(label) for code, label in model._meta.get_field(name).flatchoices}


def text(value: Any) -> Any:
    return value or ""


def day(moment: Any) -> Any:
    return timezone.localtime(moment).date()


def day_or_none(moment: Any) -> Any:
    return day(moment) if moment else ""


EXPORTS: Final[dict[str, Columns]] = {
    "fees.Bill": bills,
    "fees.Receipt": receipts,
    "fees.Refund": refunds,
    "fees.Voucher": vouchers,
}
