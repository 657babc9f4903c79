"""Which receipts are due: for each payer and kind, of what this payer paid (manual ch. 6-3).

Dues and tuition get a fiscal receipt, change fees an invoice. Where several paid for one bill (head office and branch)
each gets receipts of the own share, in the own title. Everything runs inside the transaction of the step that calls.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from backoffice.core.engine import start, take_locked_step
from backoffice.core.flow import StepRefused, account_of
from fees.models import Bill, PayerDefault, Receipt, Voucher
from fees.rules import ZERO, Paper


def plain(name: str) -> str:
    """A name for comparing: spaces and the width of brackets make no difference."""
    return "".join(name.split()).replace("(", "（").replace(")", "）")


@dataclass(frozen=True)
class Payer:
    """Who paid, and in whose name the receipt is made out."""

    name: str
    title: str

    @property
    def key(self) -> tuple[str, str]:
        return plain(self.name), plain(self.title)


Shares = list[tuple[Payer, Decimal]]


def shares_of(bill: Bill) -> Shares:
    """What each payer paid of the bill, in the order of paying; what went back is taken from the last ones."""
    paid: dict[tuple[str, str], tuple[Payer, Decimal]] = {}
    for voucher in bill.vouchers.filter(status=Voucher.Status.VERIFIED).order_by("id"):
        payer = Payer(voucher.payer_name, voucher.invoice_title)
        paid[payer.key] = payer, paid.get(payer.key, (payer, ZERO))[1] + voucher.amount
    back = bill.refunds.filter(state="PAID").aggregate(sum=Sum("amount"))["sum"] or ZERO
    shares: Shares = []
    for payer, amount in reversed(list(paid.values())):
        taken = min(back, amount)
        back -= taken
        shares.insert(0, (payer, amount - taken))
    return shares


def share_out(owed: Mapping[str, Decimal], shares: Shares) -> dict[tuple[str, Payer], Decimal]:
    """What of each kind is written for whom: payers in their order, kind by kind, nobody more than he paid.

    What nobody's payment covers goes to the last payer, so that nothing that is owed is lost.
    """
    payers, left = [payer for payer, _amount in shares], [max(amount, ZERO) for _payer, amount in shares]
    wanted: dict[tuple[str, Payer], Decimal] = {}

    def write(kind: str, payer: Payer, amount: Decimal) -> None:
        if amount > 0:
            wanted[kind, payer] = wanted.get((kind, payer), ZERO) + amount

    for kind, amount in owed.items():
        rest = max(amount, ZERO)
        for at, payer in enumerate(payers):
            part = min(rest, left[at])
            write(kind, payer, part)
            left[at] -= part
            rest -= part
        if rest and payers:
            write(kind, payers[-1], rest)
    return wanted


def expect_receipts(bill: Bill, by: Any) -> None:
    """Bring the receipts that are due in line with what is owed and who paid it.

    What was issued already is not issued again; where too much was, finance declares it void by hand.
    """
    owed = {str(kind): not_issued(bill, kind) for kind in Paper}
    wanted = share_out(owed, unwritten(bill, shares_of(bill) or [(nobody(bill), ZERO)]))
    due = list(bill.receipts.select_for_update().filter(state=Receipt.State.DUE).order_by("id"))
    # First those of the same payer and title, then any of the kind: it takes over the other title.
    pairs: list[tuple[Receipt, Payer, Decimal]] = []
    for is_match in (lambda row, payer: payer_of(row).key == payer.key, lambda row, payer: True):
        for kind, payer in list(wanted):
            row = next((row for row in due if row.kind == kind and is_match(row, payer)), None)
            if row is not None:
                due.remove(row)
                pairs.append((row, payer, wanted.pop((kind, payer))))
    for row, payer, amount in pairs:
        write_down(row, payer, amount, by)
    take_locked_step(list(due), "not_owed", opinion=_("Nothing is owed for this any more."))
    for (kind, payer), amount in wanted.items():
        start(Receipt(bill=bill, kind=kind, payer=payer.name, title=payer.title, amount=amount), by=by)


def nobody(bill: Bill) -> Payer:
    """In whose name a receipt is made out that no voucher stands behind."""
    return Payer(str(bill.company), str(bill.company))


def payer_of(receipt: Receipt) -> Payer:
    return Payer(receipt.payer, receipt.title)


def unwritten(bill: Bill, shares: Shares) -> Shares:
    """What of each payer's money no issued receipt stands for yet."""
    left = {payer.key: amount for payer, amount in shares}
    titles: dict[str, tuple[str, str]] = {payer.key[1]: payer.key for payer, _amount in shares}
    for row in bill.receipts.filter(state=Receipt.State.ISSUED):
        # A receipt from before payers were noted names the title only.
        key = payer_of(row).key if payer_of(row).key in left else titles.get(plain(row.title))
        if key is not None:
            left[key] -= row.amount
    return [(payer, left[payer.key]) for payer, _amount in shares]


def write_down(row: Receipt, payer: Payer, amount: Decimal, by: Any) -> None:
    if (row.payer, row.title, row.amount) == (payer.name, payer.title, amount):
        return
    row.payer, row.title, row.amount = payer.name, payer.title, amount
    row._history_user = account_of(by)  # type: ignore[attr-defined]
    row.save()


def not_issued(bill: Bill, kind: str) -> Decimal:
    """What the bill's items of this kind come to, less the receipts issued; below 0 too much was issued."""
    owed = bill.items.filter(paper=kind).aggregate(sum=Sum("amount"))["sum"] or ZERO
    issued = bill.receipts.filter(kind=kind, state=Receipt.State.ISSUED)
    return Decimal(owed - (issued.aggregate(sum=Sum("amount"))["sum"] or ZERO))


# --- Payer and title are corrected ---------------------------------------------------------------------


def not_correctable(voucher: Voucher, receipts: Iterable[Receipt] | None = None) -> str:
    """Why payer and title of the voucher stay as they are; empty where the company may correct them.

    They can be corrected until the receipt is written, whether finance has verified the voucher or not. `receipts`
    are those of the bill, where they were read already.
    """
    receipts = list(voucher.bill.receipts.all() if receipts is None else receipts)
    if voucher.status == Voucher.Status.WITHDRAWN:
        return _("This voucher was withdrawn: no receipt is written for it.")
    if numbers := [row.number for row in issued_for(voucher, receipts)]:
        return _("A receipt was issued in this title already (%(numbers)s). Ask finance to declare it void first; then "
                 "you can correct the title.") % {"numbers": "、".join(numbers)}  # fmt: skip
    if voucher.bill.stage == Bill.Stage.SETTLED and not any(
        row.state == Receipt.State.DUE for row in receipts
    ):
        return _("No receipt is due for this bill.")
    return ""


def issued_for(voucher: Voucher, receipts: Iterable[Receipt]) -> list[Receipt]:
    """Those of the bill's receipts that were issued for this voucher's payer and title."""
    if voucher.status != Voucher.Status.VERIFIED:
        return []
    payer = Payer(voucher.payer_name, voucher.invoice_title)
    issued = (row for row in receipts if row.state == Receipt.State.ISSUED)
    return [
        row for row in issued if plain(row.title) == payer.key[1] and plain(row.payer) in ("", payer.key[0])
    ]


def correct_payer(voucher: Voucher, payer: Payer, by: Any, reason: str) -> None:
    """Store payer and title anew, remember them for next time, and bring the receipts that are due in line.

    The voucher and its bill are locked by the caller. StepRefused where a receipt was issued meanwhile.
    """
    if refusal := not_correctable(voucher):
        raise StepRefused(refusal)
    old = Payer(voucher.payer_name, voucher.invoice_title)
    voucher.payer_name, voucher.invoice_title = payer.name, payer.title
    voucher._history_user = account_of(by)  # type: ignore[attr-defined]
    voucher._change_reason = reason  # type: ignore[attr-defined]
    voucher.save()
    PayerDefault.objects.update_or_create(
        company=voucher.bill.company,
        defaults={"payer_name": payer.name, "invoice_title": payer.title},
    )
    follow(voucher.bill, old, payer, by)


def follow(bill: Bill, old: Payer, new: Payer, by: Any) -> None:
    """The receipts that are due take over a corrected payer and title, also while the bill is being decided anew."""
    if bill.stage == Bill.Stage.SETTLED:
        expect_receipts(bill, by)
        return
    verified = bill.vouchers.filter(status=Voucher.Status.VERIFIED)
    if any(Payer(row.payer_name, row.invoice_title).key == old.key for row in verified):
        return  # another transfer still bears the old title: shared out anew when the bill is settled
    due = list(bill.receipts.select_for_update().filter(state=Receipt.State.DUE))
    taken = {(row.kind, payer_of(row).key) for row in due}
    for row in due:
        if payer_of(row).key == old.key and (row.kind, new.key) not in taken:
            write_down(row, new, row.amount, by)


def locked_bill(receipt: Receipt) -> Bill:
    return Bill.objects.select_for_update(of=("self",)).get(pk=receipt.bill_id)


def retitle(receipt: Receipt, old_title: str, by: Any) -> None:
    """Finance corrected the title of a receipt that is due: the vouchers behind it say the same from now on."""
    bill = locked_bill(receipt)
    for voucher in bill.vouchers.select_for_update().exclude(status=Voucher.Status.WITHDRAWN):
        if Payer(voucher.payer_name, voucher.invoice_title).key == Payer(receipt.payer, old_title).key:
            voucher.invoice_title = receipt.title
            voucher._history_user = account_of(by)  # type: ignore[attr-defined]
            voucher._change_reason = _("Title of the receipt corrected")  # type: ignore[attr-defined]
            voucher.save()
    if bill.stage == Bill.Stage.SETTLED and bill.vouchers.exists():
        expect_receipts(bill, by)


def company_renamed(company: Any, old: str, by: Any) -> int:
    """After a rename, what was made out to the company's old name takes the new one until it is issued.

    Who paid stays as the bank has it. Return how many receipts that are due changed.
    """
    new = company.name
    reason = _("The company is called %(name)s now") % {"name": new}
    open_vouchers = Voucher.objects.select_for_update(of=("self",)).filter(
        bill__company=company, invoice_title=old
    )
    for voucher in open_vouchers.exclude(status=Voucher.Status.WITHDRAWN).order_by("bill", "id"):
        if not issued_for(voucher, voucher.bill.receipts.all()):
            voucher.invoice_title = new
            voucher._history_user, voucher._change_reason = account_of(by), reason  # type: ignore[attr-defined]
            voucher.save()
    changed = 0
    due = Receipt.objects.filter(bill__company=company, state=Receipt.State.DUE, title=old)
    for receipt in due.select_related("bill").order_by("bill", "id"):
        follow(locked_bill(receipt), payer_of(receipt), Payer(receipt.payer, new), by)
        changed += 1
    PayerDefault.objects.filter(company=company, invoice_title=old).update(invoice_title=new)
    PayerDefault.objects.filter(company=company, payer_name=old).update(payer_name=new)
    return changed
