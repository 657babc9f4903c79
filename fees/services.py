"""The verbs of the cash desk. Each runs inside the transaction of the step that calls it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.attachments import FileRefused, Picture, check_picture, store
from backoffice.core.engine import start, take_locked_step
from backoffice.core.flow import StepRefused, account_of
from backoffice.core.models import Attachment, AttachmentKind, Task
from backoffice.core.trail import write_log
from fees.flows.payment import CORRECTED, still_missing
from fees.flows.receipts import short_of
from fees.models import Bill, BillItem, PayerDefault, Refund, Voucher
from fees.receipts import Payer, correct_payer, expect_receipts
from fees.rules import ZERO, Item

#: What a priced line of a paid record is: its key or None, its label, its items.
BillLine = tuple[int | None, str, Iterable[Item]]


def make_bill(record: Any, company: Any, lines: Iterable[BillLine]) -> Bill:
    """Write the record's bill anew and return it: prices are frozen here (specification 3.5, submit)."""
    lines = list(lines)
    total = sum((item.amount for _line, _label, items in lines for item in items), ZERO)
    bill = Bill.of(record).select_for_update().first()
    if bill is None:
        kind = ContentType.objects.get_for_model(record)
        bill = Bill(content_type=kind, object_id=record.pk, number=record.number)
    bill.company, bill.subject, bill.total = company, record.bill_subject(), total
    bill.stage = Bill.Stage.IDLE
    bill.save()
    bill.items.all().delete()
    BillItem.objects.bulk_create(
        BillItem(
            bill=bill, line=line, label=label[:120], kind=item.kind, unit=item.unit, count=item.count,
            amount=item.amount, paper=item.paper,
        )
        for line, label, items in lines
        for item in items
    )  # fmt: skip
    return bill


def ask_for_payment(bill: Bill) -> None:
    """The company may pay now."""
    set_stage(bill, Bill.Stage.OPEN)


def ask_no_more(bill: Bill | None) -> None:
    """The roster is open again: nothing is to be paid before it is submitted anew."""
    if bill is not None:
        set_stage(bill, Bill.Stage.IDLE)


def set_stage(bill: Bill, stage: str) -> None:
    bill.stage = stage
    bill.save(update_fields=["stage", "updated_at"])


def locked(bill: Bill) -> Bill:
    """The bill as it is now, locked, and with it a refund that is due: two who decide about its money wait for each
    other."""
    bill = Bill.objects.select_for_update(of=("self",)).get(pk=bill.pk)
    list(bill.refunds.select_for_update(of=("self",)).filter(state=Refund.State.DUE).order_by("pk"))
    return bill


def look_again(bill: Bill) -> None:
    """The training department sent the record back: it stands on finance's desk anew (manual ch. 5-3)."""
    set_stage(bill, Bill.Stage.REVIEW)


def hand_in(bill: Bill, vouchers: Iterable[Mapping[str, Any]], by: Any) -> None:
    """Store the vouchers and put them before finance; raise StepRefused where they do not cover the bill.

    Each is a mapping of payer_name, invoice_title, amount, paid_on, remark and image (an uploaded file or a checked
    Picture); with `pk` it corrects a voucher that finance returned, whose picture stays where no new one is given.
    """
    bill, given = locked(bill), list(vouchers)
    returned = {
        row.pk: row for row in bill.vouchers.select_for_update().filter(status=Voucher.Status.RETURNED)
    }
    rows = [written(returned.pop(values.get("pk") or 0, None), bill, values, by) for values in given]
    for row in returned.values():  # not handed in again
        row.status = Voucher.Status.WITHDRAWN
        row.save()
    check_cover(bill)
    for row, values in zip(rows, given, strict=True):
        put_picture(row, values.get("image"), by)
    if given:
        PayerDefault.objects.update_or_create(
            company=bill.company,
            defaults={name: given[-1][name] for name in ("payer_name", "invoice_title")},
        )
    set_stage(bill, Bill.Stage.REVIEW)


def written(returned: Voucher | None, bill: Bill, values: Mapping[str, Any], by: Any) -> Voucher:
    """The voucher stored with these values: a new one, or one that finance returned, corrected."""
    if returned is None and values.get("pk"):
        raise StepRefused(
            _("One of the vouchers was not returned for correction. Open the payment page again.")
        )
    row = returned or Voucher(bill=bill)
    for name in ("payer_name", "invoice_title", "amount", "paid_on", "remark"):
        if name in values:
            setattr(row, name, values[name])
    if not (row.payer_name and row.invoice_title and row.amount and row.amount > 0):
        raise StepRefused(_("Each voucher needs the payer's name, the invoice title and an amount above 0."))
    row.status, row.decided_at = Voucher.Status.SUBMITTED, None
    row._history_user = by  # type: ignore[attr-defined]
    row.save()
    return row


def put_picture(voucher: Voucher, image: Any, by: Any) -> None:
    """Attach the picture in place of an earlier one; without any, StepRefused says so."""
    pictures = Attachment.of(voucher).filter(removed_at=None)
    if image is None:
        if not pictures.exists():
            raise StepRefused(
                _("Add the picture of the transfer by %(payer)s.") % {"payer": voucher.payer_name}
            )
        return
    try:
        picture = image if isinstance(image, Picture) else check_picture(image, "VOUCHER")
        before = list(pictures)
        kept = store(picture, AttachmentKind.objects.get(code="VOUCHER"), voucher, by)
    except FileRefused as refusal:
        raise StepRefused(" ".join(refusal.messages)) from None
    Attachment.objects.filter(pk__in=[old.pk for old in before if old.pk != kept.pk]).update(
        removed_at=timezone.now()
    )


def check_cover(bill: Bill) -> None:
    if reason := still_missing(bill, _("Add the voucher of another transfer.")):
        raise StepRefused(reason)


def hand_back(bill: Bill) -> None:
    """Finance returns what it did not verify; verified vouchers stay."""
    bill = locked(bill)
    decide_vouchers(bill, Voucher.Status.RETURNED)
    set_stage(bill, Bill.Stage.OPEN)


def verify(bill: Bill, by: Any) -> None:
    """What was handed in counts as paid now."""
    bill = locked(bill)
    decide_vouchers(bill, Voucher.Status.VERIFIED)
    settle(bill, by)


def decide_vouchers(bill: Bill, status: str) -> None:
    for voucher in bill.vouchers.select_for_update().filter(status=Voucher.Status.SUBMITTED):
        voucher.status, voucher.decided_at = status, timezone.now()
        voucher.save()


def count_paid(bill: Bill) -> None:
    """Verified vouchers less what was paid back; stored on the bill."""
    verified = (
        bill.vouchers.filter(status=Voucher.Status.VERIFIED).aggregate(sum=Sum("amount"))["sum"] or ZERO
    )
    back = bill.refunds.filter(state=Refund.State.PAID).aggregate(sum=Sum("amount"))["sum"] or ZERO
    bill.paid = verified - back
    bill.save(update_fields=["paid", "updated_at"])


def settle(bill: Bill, by: Any) -> None:
    """Close the payment: receipts due, refund due, nothing asked for any more."""
    bill = locked(bill)
    count_paid(bill)
    expect_receipts(bill, by)
    expect_refund(bill, _("More was paid than the bill asks for."), by)
    set_stage(bill, Bill.Stage.SETTLED)


def expect_again(bill: Bill, by: Any) -> None:
    """An issued receipt was declared void: another is due if it is still owed. An open bill waits for its settling."""
    bill = locked(bill)
    if bill.stage == Bill.Stage.SETTLED:
        expect_receipts(bill, by)


def expect_refund(bill: Bill, reason: str, by: Any) -> None:
    """Money beyond the bill goes back; a refund that was due for credit used since then is not."""
    due = bill.refunds.select_for_update().filter(state=Refund.State.DUE).first()
    too_much = -bill.balance
    if too_much > 0 and due is None:
        start(Refund(bill=bill, amount=too_much, reason=reason[:300]), by=by)
    elif too_much > 0 and due is not None:
        due.amount, due.reason = too_much, reason[:300]
        due._history_user = account_of(by)  # type: ignore[attr-defined]
        due.save()
        Task.of(due).filter(closed_at=None).update(subject=due.task_subject())  # it names the amount
    elif due is not None:
        take_locked_step([due], "use")


def paid_back(refund: Refund, by: Any) -> None:
    """Called by the refund's own step: what went back is no credit any more (the row itself is saved after)."""
    bill = Bill.objects.select_for_update(of=("self",)).get(pk=refund.bill_id)
    if reason := short_of(refund, bill):  # asked again, with the bill locked
        raise StepRefused(reason)
    bill.paid -= refund.amount
    bill._history_user = account_of(by)  # type: ignore[attr-defined]
    bill.save(update_fields=["paid", "updated_at"])


def correct_voucher(voucher: Voucher, payer: Payer, by: Any, reason: str = "") -> Voucher:
    """The company corrects who paid and the title of the receipt, until it is issued; StepRefused says why not.

    It stands in the record's trail, so that a decision page that was opened before says so.
    """
    bill = voucher.bill
    owner: Any = bill.content_type.model_class()
    with transaction.atomic():
        record = owner._default_manager.select_for_update(of=("self",)).get(pk=bill.object_id)
        bill = locked(bill)
        row = bill.vouchers.select_for_update().get(pk=voucher.pk)
        old = Payer(row.payer_name, row.invoice_title)
        if old == payer:
            raise StepRefused(_("Nothing was changed."))
        row.bill = bill
        correct_payer(row, payer, by, reason)
        changes = [(old.name, payer.name), (old.title, payer.title)]
        said = "；".join(f"{before} → {after}" for before, after in changes if before != after)
        write_log(record, CORRECTED, record.state, by, f"{said}\n{reason}".strip())
    return row


def cancel_bill(bill: Bill | None, reason: str, by: Any) -> None:
    """The record is cancelled: nothing is owed, and what was verified goes back."""
    if bill is None:
        return
    bill = locked(bill)
    bill.items.all().delete()
    bill.total = ZERO
    bill.save(update_fields=["total", "updated_at"])
    for voucher in bill.vouchers.filter(status=Voucher.Status.RETURNED):
        voucher.status = Voucher.Status.WITHDRAWN
        voucher.save()
    settle(bill, by)
    if reason:
        bill.refunds.filter(state=Refund.State.DUE).update(reason=reason[:300])
