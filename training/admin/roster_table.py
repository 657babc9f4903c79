"""The roster below an enrolment, to read: everybody with certificate, dates, price and papers; totals and the bill."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from backoffice.core.admin import Panel
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import shown_to
from backoffice.roles import allows
from fees.admin.payment import bill_of
from fees.models import Bill, BillItem
from fees.models.bill import ItemKind
from registry.models import Certificate, Person
from training.flows.enrolment import S
from training.flows.learning import L
from training.models import Enrolment, EnrolmentLine
from training.review import pictures_of
from training.roster import look


@dataclass
class Shown:
    """One line as the table shows it."""

    line: EnrolmentLine
    id_number: str
    amount: Decimal
    #: What the amount consists of: label and amount, or nothing for who may not see it.
    items: list[tuple[str, Decimal]] = field(default_factory=list)
    papers: int = 0
    person_url: str = ""
    certificate_url: str = ""

    @property
    def colour(self) -> str:
        return {"success": "done", "danger": "refused", "warning": "previewed"}.get(
            self.line.colours.get(self.line.state, ""), "none"
        )


def roster_panel(request: HttpRequest, obj: Enrolment) -> dict[str, Any]:
    """The table's context: a constant number of queries, whatever the number of people."""
    user: Any = request.user
    rows = visible_to(EnrolmentLine, user).filter(enrolment=obj)
    lines = list(rows.select_related("person", "certificate", "new_employer").order_by("id"))
    bill = bill_of(request, obj)
    prices = prices_of(obj, lines, bill, user)
    papers = pictures_of(obj, lines, user, None)
    kinds = ContentType.objects.get_for_models(Person, EnrolmentLine, Enrolment)
    pages = pages_of(lines, user)
    shown = [
        Shown(
            line, shown_to(user, line, "id_number"), *prices[line.pk],
            papers=len(papers[kinds[Person].pk, line.person_id]) + len(papers[kinds[EnrolmentLine].pk, line.pk]),
            person_url=pages.get(("person", line.person_id), ""),
            certificate_url=pages.get(("certificate", line.certificate_id or 0), ""),
        )
        for line in lines
    ]  # fmt: skip
    return {
        "lines": shown, "people": len({line.person_id for line in lines}),
        "total": sum((row.amount for row in shown), Decimal(0)),
        "shared_papers": len(papers[kinds[Enrolment].pk, obj.pk]), "bill": summary_of(bill, user),
        "learning": any(line.state != L.ENROLLING for line in lines),
        "remarks": obj.state in (S.DRAFT, S.LOCAL_REVIEW) and any(line.review_remark for line in lines),
        "export_url": export_url(obj, user),
    }  # fmt: skip


def prices_of(
    obj: Enrolment, lines: list[EnrolmentLine], bill: Bill | None, user: Any
) -> dict[int, tuple[Decimal, list[tuple[str, Decimal]]]]:
    """Amount and breakdown by line: as of today for a draft, frozen on line and bill from the submit on."""
    labels = dict(ItemKind.choices)
    if obj.state == S.DRAFT:
        return {
            row.line.pk: (row.amount, [(str(labels[item.kind]), item.amount) for item in row.items])
            for row in look(obj, lines).rows
        }
    items: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    if bill is not None:
        for item in visible_to(BillItem, user).filter(bill=bill).order_by("id"):
            items[item.line].append((str(labels[item.kind]), item.amount))
    return {line.pk: (line.amount, items[line.pk]) for line in lines}


def pages_of(lines: list[EnrolmentLine], user: Any) -> dict[tuple[str, int], str]:
    """The addresses of the records behind the lines that this reader may open: a query for each kind, or none."""
    found: dict[tuple[str, int], str] = {}
    for name, model in (("person", Person), ("certificate", Certificate)):
        if not allows(user.role, "view", model._meta.label):
            continue
        wanted = {key for line in lines if (key := getattr(line, f"{name}_id"))}
        start, _key, end = reverse(f"admin:registry_{name}_change", args=["__pk__"]).rpartition("__pk__")
        keys = visible_to(model, user).filter(pk__in=wanted).order_by().values_list("pk", flat=True)
        found |= {(name, key): f"{start}{key}{end}" for key in keys}
    return found


def summary_of(bill: Bill | None, user: Any) -> dict[str, Any] | None:
    """Where the payment stands, for those who may see the bill."""
    if bill is None or not allows(user.role, "view", "fees.Bill"):
        return None
    refund = bill.refunds.filter(state="DUE").aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return {
        "bill": bill, "pending": bill.pending(), "balance": max(bill.balance, Decimal(0)), "refund": refund,
        "url": reverse("admin:fees_bill_change", args=[bill.pk]),
    }  # fmt: skip


def export_url(obj: Enrolment, user: Any) -> str:
    if not allows(user.role, "export", "training.EnrolmentLine"):
        return ""
    return reverse("admin:training_enrolment_roster_export") + f"?id={obj.pk}"


ROSTER = Panel("roster", gettext_lazy("Roster"), roster_panel, "admin/training/roster_table.html")
