"""What the payment page, finance's decision page and the bill's own page show of one bill."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import Sum
from django.utils.translation import gettext as _

from backoffice.core.models import Attachment, TransitionLog
from backoffice.core.scoping import visible_to
from fees.flows.payment import yuan
from fees.models import Bill, ItemKind, ReceiptKind, Voucher
from fees.rules import ZERO

#: Vouchers that count on a bill; the others are history.
COUNTED: Final = (Voucher.Status.SUBMITTED, Voucher.Status.VERIFIED)


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
    remarks: list[str] = field(default_factory=list)


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
    vouchers = list(visible_to(Voucher, user).filter(bill=bill))
    pictures = pictures_of(vouchers, user)
    used = used_elsewhere(bill, pictures) if user.role == "FINANCE" else {}
    company = bill.company.name
    return [
        ShownVoucher(
            voucher, pictures[voucher.pk], voucher.get_status_display(), Voucher.STATUS_COLOURS[voucher.status],
            remarks_on(voucher, company, [other for row in pictures[voucher.pk] for other in used.get(row.sha256, ())]),
        )
        for voucher in vouchers
    ]  # fmt: skip


def remarks_on(voucher: Voucher, company: str, used: list[str]) -> list[str]:
    """Why finance should look twice."""
    remarks = []
    if is_other(voucher.payer_name, company):
        remarks.append(_("The payer is not the company."))
    if is_other(voucher.invoice_title, company):
        remarks.append(_("The invoice title is not the company's name."))
    remarks += [_("The same picture was handed in for: %(bill)s") % {"bill": subject} for subject in used]
    return remarks


def is_other(name: str, company: str) -> bool:
    """Whether a payer or a title is somebody else than the company (full-width brackets and spaces aside)."""

    def plain(text: str) -> str:
        return "".join(text.split()).replace("(", "（").replace(")", "）")

    return plain(name) != plain(company)


def used_elsewhere(bill: Bill, pictures: dict[int, list[Attachment]]) -> dict[str, list[str]]:
    """The pictures that other bills' vouchers have, too: digest -> the subjects of those bills."""
    digests = {row.sha256 for rows in pictures.values() for row in rows}
    if not digests:
        return {}
    kind = ContentType.objects.get_for_model(Voucher)
    same = Attachment.objects.filter(content_type=kind, sha256__in=digests, removed_at=None)
    of_voucher = dict(same.values_list("object_id", "sha256"))
    others = Voucher.objects.filter(pk__in=of_voucher, status__in=COUNTED).exclude(bill=bill).order_by("pk")
    found: dict[str, list[str]] = defaultdict(list)
    for pk, subject in others.values_list("pk", "bill__subject"):
        found[of_voucher[pk]].append(subject)
    return found


def returned_with(obj: Any, *steps: str) -> str:
    """The opinion with which the record came here, if its last step is one of these."""
    last = TransitionLog.of(obj).order_by("-id").first()
    return last.opinion if last is not None and last.step in steps else ""
