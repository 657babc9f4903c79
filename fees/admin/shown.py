"""What the payment page, finance's decision page and the bill's own page show of one bill."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import Sum
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.models import Attachment
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from fees.models import Bill, ItemKind, Receipt, ReceiptKind, Voucher
from fees.money import in_yuan, yuan
from fees.receipts import Payer, not_correctable, plain
from fees.rules import ZERO

#: Vouchers that count on a bill; the others are history.
COUNTED: Final = (Voucher.Status.SUBMITTED, Voucher.Status.VERIFIED)


#: So many of the bills with the same picture are named.
MOST_SAME: Final = 5


@dataclass(frozen=True)
class Cover:
    """What was verified and what waits, against what the bill asks for."""

    total: Decimal
    paid: Decimal
    pending: Decimal

    @property
    def difference(self) -> Decimal:
        """In yuan: below 0 is missing, above 0 too much."""
        return self.paid + self.pending - self.total

    @property
    def tone(self) -> str:
        return "success" if not self.difference else "danger" if self.difference < 0 else "warning"

    @property
    def text(self) -> str:
        if not self.difference:
            return _("Exact")
        if self.difference < 0:
            return _("%(yuan)s missing") % {"yuan": yuan(-self.difference)}
        return _("%(yuan)s too much") % {"yuan": yuan(self.difference)}


@dataclass
class ShownVoucher:
    """A voucher with its pictures, and what is conspicuous about it."""

    voucher: Voucher
    pictures: list[Attachment]
    status: str = ""
    tone: str = ""
    remarks: list[Any] = field(default_factory=list)
    #: Where the company corrects payer and title; empty where it cannot (any more).
    correct_url: str = ""


@dataclass(frozen=True)
class Part:
    """The items of one kind at one price."""

    kind: str
    unit: Decimal
    count: int
    amount: Decimal
    paper: str


def cover_of(bill: Bill) -> Cover:
    return Cover(bill.total, bill.paid, bill.pending())


def breakdown(bill: Bill) -> list[Part]:
    """The bill by kind of item and price; waived items, which cost nothing, too."""
    kinds, papers = dict(ItemKind.choices), dict(ReceiptKind.choices)
    rows = bill.items.order_by("paper", "kind", "unit").values("kind", "unit", "paper")
    return [
        Part(str(kinds[row["kind"]]), row["unit"], row["n"], row["sum"],
             str(papers[row["paper"]]) if row["sum"] else "")
        for row in rows.annotate(n=Sum("count"), sum=Sum("amount"))
    ]  # fmt: skip


def papers_due(parts: Iterable[Part]) -> list[tuple[str, Decimal]]:
    """What the payer gets for the money, and over how much (manual ch. 6-3)."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for part in parts:
        if part.paper:
            sums[part.paper] += part.amount
    return list(sums.items())


def pictures_of(vouchers: Iterable[Voucher], user: Any) -> dict[int, list[Attachment]]:
    """The pictures of these vouchers within the user's scope, by voucher: one query."""
    rows = Attachment.objects.filter(
        content_type=ContentType.objects.get_for_model(Voucher),
        object_id__in=[voucher.pk for voucher in vouchers],
        removed_at=None,
    )
    found: dict[int, list[Attachment]] = defaultdict(list)
    for row in visible_to(Attachment, user, queryset=rows).order_by("id"):
        found[row.object_id].append(row)
    return found


def shown_vouchers(bill: Bill, user: Any) -> list[ShownVoucher]:
    """Every voucher of the bill in the order of handing in, with pictures and what finance should notice."""
    return shown_of_bills([bill], user, visible_to(Voucher, user).filter(bill=bill))[bill.pk]


def shown_of_bills(bills: list[Any], user: Any, vouchers: Iterable[Voucher]) -> dict[int, list[ShownVoucher]]:
    """These vouchers by bill, in a number of queries that does not grow with them."""
    vouchers, of_bill = list(vouchers), {bill.pk: bill for bill in bills}
    pictures = pictures_of(vouchers, user) if vouchers else {}
    used = used_with(pictures) if user.role == Role.FINANCE else {}
    receipts: dict[int, list[Receipt]] = defaultdict(list)
    if user.role == Role.COMPANY:
        for receipt in visible_to(Receipt, user).filter(bill__in=bills):
            receipts[receipt.bill_id].append(receipt)
    found: dict[int, list[ShownVoucher]] = {bill.pk: [] for bill in bills}
    for voucher in vouchers:
        voucher.bill = of_bill[voucher.bill_id]
        shown = ShownVoucher(
            voucher, pictures.get(voucher.pk, []), voucher.get_status_display(),
            Voucher.STATUS_COLOURS[voucher.status],
        )  # fmt: skip
        shown.remarks = remarks_on(voucher, same_elsewhere(shown.pictures, used, voucher.bill_id))
        if user.role == Role.COMPANY and not not_correctable(voucher, receipts[voucher.bill_id]):
            shown.correct_url = correct_url(voucher)
        found[voucher.bill_id].append(shown)
    return found


def correct_url(voucher: Voucher) -> str:
    return reverse("admin:fees_voucher_correct", args=[voucher.pk])


def remarks_on(voucher: Voucher, same: list[Bill]) -> list[Any]:
    """Why finance should look twice."""
    company, remarks = voucher.bill.company.name, []
    if is_other(voucher.payer_name, company):
        remarks.append(_("The payer is not the company."))
    if is_other(voucher.invoice_title, company):
        remarks.append(_("The invoice title is not the company's name."))
    return [*remarks, same_remark(same)] if same else remarks


def same_remark(bills: list[Bill]) -> Any:
    """One sentence with links to the first few of the bills that the same picture was handed in for."""
    text = ngettext("The same picture was handed in for %(count)d other bill:",
                    "The same picture was handed in for %(count)d other bills:", len(bills))  # fmt: skip
    link = '<a class="bo-link" href="{}" target="_blank" rel="noopener">{} {}</a>'
    rows = (
        (reverse("admin:fees_bill_change", args=[row.pk]), row.number, row.company)
        for row in bills[:MOST_SAME]
    )
    more = len(bills) - MOST_SAME
    rest = ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more} if more > 0 else ""
    return format_html("{} {} {}", text % {"count": len(bills)}, format_html_join("、", link, rows), rest)


def is_other(name: str, company: str) -> bool:
    """Whether a payer or a title is somebody else than the company."""
    return plain(name) != plain(company)


def used_with(pictures: dict[int, list[Attachment]]) -> dict[str, list[Bill]]:
    """The bills whose vouchers show one of these pictures: digest -> bills, the oldest first."""
    digests = {row.sha256 for rows in pictures.values() for row in rows}
    if not digests:
        return {}
    kind = ContentType.objects.get_for_model(Voucher)
    same = Attachment.objects.filter(content_type=kind, sha256__in=digests, removed_at=None)
    of_voucher = dict(same.values_list("object_id", "sha256"))
    others = Voucher.objects.filter(pk__in=of_voucher, status__in=COUNTED).select_related("bill__company")
    found: dict[str, dict[int, Bill]] = defaultdict(dict)
    for voucher in others.order_by("pk"):
        found[of_voucher[voucher.pk]][voucher.bill_id] = voucher.bill
    return {digest: list(bills.values()) for digest, bills in found.items()}


def same_elsewhere(pictures: list[Attachment], used: dict[str, list[Bill]], bill_id: int) -> list[Bill]:
    """The other bills that one of these pictures was handed in for."""
    found = {row.pk: row for picture in pictures for row in used.get(picture.sha256, ()) if row.pk != bill_id}
    return list(found.values())


def different_titles(vouchers: Iterable[ShownVoucher]) -> str:
    """A sentence for finance where the vouchers that count name several payers or titles; otherwise empty."""
    paid: dict[tuple[str, str], Decimal] = {}
    names: dict[tuple[str, str], str] = {}
    for row in vouchers:
        voucher = row.voucher
        if voucher.status in COUNTED:
            payer = Payer(voucher.payer_name, voucher.invoice_title)
            paid[payer.key] = paid.get(payer.key, ZERO) + voucher.amount
            names[payer.key] = payer.title
    if len(paid) < 2:
        return ""
    parts = "；".join(f"{names[key]} {in_yuan(amount)}" for key, amount in paid.items())
    return _("The vouchers name different payers or invoice titles: %(parts)s. Each gets receipts of what it paid.") % {
        "parts": parts
    }  # fmt: skip
