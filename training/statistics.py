"""A company's own numbers: who learned what by year, what was paid, which certificates expire soon."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import ExtractYear
from django.utils import timezone

from backoffice.core.scoping import visible_to
from fees.models import Bill, Refund, Voucher
from registry.models import Certificate
from training.flows.learning import L
from training.models import EnrolmentLine, TrainingClass
from training.models.training_class import SEATED

#: Renewal takes time: certificates are named this many days before they expire.
SOON: Final = (30, 90, 180)
MOST_NAMED: Final = 20


@dataclass(frozen=True)
class Learned:
    """The people enrolled in one year's classes of one type and mode."""

    year: int | None
    type: str
    mode: str
    enrolled: int
    passed: int
    failed: int
    dropped: int

    @property
    def open(self) -> int:
        """Enrolled, and not at an end yet."""
        return self.enrolled - self.passed - self.failed - self.dropped

    @property
    def rate(self) -> int | None:
        """Of 100 who were examined so many passed; None where nobody was."""
        examined = self.passed + self.failed
        return round(100 * self.passed / examined) if examined else None


@dataclass(frozen=True)
class Paid:
    year: int
    paid: Decimal
    refunded: Decimal

    @property
    def net(self) -> Decimal:
        return self.paid - self.refunded


@dataclass(frozen=True)
class Expiring:
    """How many valid certificates expire within so many days (0: have expired), and where the list of them is."""

    days: int
    count: int

    @property
    def query(self) -> str:
        return f"expires={self.days}" if self.days else "expires=expired"


@dataclass(frozen=True)
class Statistics:
    learned: list[Learned]
    paid: list[Paid]
    #: What is asked for now and not verified yet.
    owed: Decimal
    expiring: list[Expiring]
    #: The next ones to renew: those that are in no enrolment under way.
    next: list[Certificate]


def statistics(user: Any) -> Statistics:
    """The numbers of everything in the user's scope, in a constant number of queries."""
    open_bills = visible_to(Bill, user).filter(stage=Bill.Stage.OPEN).order_by()
    owed = open_bills.aggregate(sum=Sum(F("total") - F("paid")))["sum"] or Decimal(0)
    return Statistics(learned_by_year(user), paid_by_year(user), max(owed, Decimal(0)), *expiring(user))


def learned_by_year(user: Any) -> list[Learned]:
    """Whoever holds or held a seat, by the year the class begins in; the latest year first."""
    lines = visible_to(EnrolmentLine, user).filter(enrolment__state__in=SEATED).order_by()
    counted = lines.values(
        year=ExtractYear("enrolment__training_class__start_date"),
        type=F("enrolment__training_class__type"),
        mode=F("enrolment__training_class__mode"),
    ).annotate(
        enrolled=Count("pk"),
        passed=Count("pk", filter=Q(state=L.PASSED)),
        failed=Count("pk", filter=Q(state=L.FAILED)),
        dropped=Count("pk", filter=Q(state=L.DROPPED)),
    )
    types, modes = dict(TrainingClass.Type.choices), dict(TrainingClass.Mode.choices)
    rows = [
        Learned(**{**row, "type": str(types[row["type"]]), "mode": str(modes[row["mode"]])})
        for row in counted
    ]
    return sorted(rows, key=lambda row: (-(row.year or 0), row.type, row.mode))


def paid_by_year(user: Any) -> list[Paid]:
    """What finance verified, and what was paid back, by year."""
    paid: dict[int, Decimal] = defaultdict(Decimal)
    back: dict[int, Decimal] = defaultdict(Decimal)
    verified = visible_to(Voucher, user).filter(status=Voucher.Status.VERIFIED, decided_at__isnull=False)
    refunds = visible_to(Refund, user).filter(state=Refund.State.PAID, paid_on__isnull=False)
    for year, amount in by_year(verified, "decided_at"):
        paid[year] += amount
    for year, amount in by_year(refunds, "paid_on"):
        back[year] += amount
    return [Paid(year, paid[year], back[year]) for year in sorted({*paid, *back}, reverse=True)]


def by_year(rows: QuerySet, field: str) -> Any:
    years = rows.order_by().values(year=ExtractYear(field)).annotate(sum=Sum("amount"))
    return years.values_list("year", "sum")


def expiring(user: Any) -> tuple[list[Expiring], list[Certificate]]:
    """Valid certificates that have expired or expire within 30, 90 and 180 days; the next ones by name."""
    today = timezone.localdate()
    valid = visible_to(Certificate, user).filter(status=Certificate.Status.VALID).order_by()
    last_day = {days: today + datetime.timedelta(days=days) for days in SOON}
    within = {
        f"within_{days}": Count("pk", filter=Q(expiry_date__range=(today, last)))
        for days, last in last_day.items()
    }
    counts = valid.aggregate(expired=Count("pk", filter=Q(expiry_date__lt=today)), **within)
    numbers = [Expiring(0, counts["expired"]), *(Expiring(days, counts[f"within_{days}"]) for days in SOON)]
    in_class = visible_to(EnrolmentLine, user).filter(enrolment__state__in=SEATED, certificate__isnull=False)
    in_class = in_class.exclude(state__in=(L.PASSED, L.FAILED, L.DROPPED)).order_by().values("certificate")
    soon = valid.filter(expiry_date__lte=last_day[SOON[-1]]).exclude(pk__in=in_class)
    return numbers, list(soon.select_related("person").order_by("expiry_date", "id")[:MOST_NAMED])
