"""What things cost (specification 3.6, manual ch. 4b-4, 7b-2): pure functions of plain values over the rates in force.

Only 300, 320, 40 and 20 are the manual's; the rest is our reading, and all of it is kept in the schedule, which the
association edits. Every price is a list of items; its amount is their sum, never less than nothing.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Kind(StrEnum):
    """What an item is for. Change fees get an invoice, everything else a fiscal receipt (manual ch. 6-3)."""

    DUES = "DUES"  # 三年个人会费
    ARREARS = "ARREARS"  # 逾期补缴
    UPGRADE = "UPGRADE"  # 员升师
    CHANGE = "CHANGE"  # 变更工本费
    TUITION = "TUITION"  # 培训费
    WAIVED = "WAIVED"  # 第二本证减免


class Paper(StrEnum):
    """What the payer gets for the money."""

    FISCAL = "FISCAL"  # 广东省财政收据
    INVOICE = "INVOICE"  # 发票


@dataclass(frozen=True)
class Rates:
    """The amounts of one schedule, in yuan."""

    yearly_dues: Decimal = Decimal(100)
    renewal_years: int = 3
    change: Decimal = Decimal(20)
    upgrade: Decimal = Decimal(20)
    lapsed_year: Decimal = Decimal(100)
    practice_dues: Decimal = Decimal(300)


@dataclass(frozen=True)
class Item:
    """One line of a bill: what for, how often, at how much."""

    kind: Kind
    unit: Decimal
    count: int = 1

    @property
    def amount(self) -> Decimal:
        return self.unit * self.count

    @property
    def paper(self) -> Paper:
        return Paper.INVOICE if self.kind is Kind.CHANGE else Paper.FISCAL


def total(items: tuple[Item, ...]) -> Decimal:
    """The sum of the items in yuan."""
    return sum((item.amount for item in items), ZERO)


def lapsed_years(expiry: datetime.date, today: datetime.date) -> int:
    """How many years have begun since the certificate expired; 0 on its last day of validity."""
    if today <= expiry:
        return 0
    full = today.year - expiry.year - ((today.month, today.day) <= (expiry.month, expiry.day))
    return full + 1


def renewal(
    rates: Rates,
    *,
    expiry: datetime.date,
    today: datetime.date,
    change: bool = False,
    upgrade: bool = False,
    waived: bool = False,
) -> tuple[Item, ...]:
    """The price of one certificate in continuing education.

    延续 300; 延续+变更 320; 员升师 320; the waived second certificate of one person costs nothing but its change
    (manual ch. 4b-4). A lapsed certificate owes for each year begun since it expired; a waiver covers that, too.
    """
    items: list[Item] = []
    if waived:
        items.append(Item(Kind.WAIVED, ZERO))
    else:
        items.append(Item(Kind.DUES, rates.yearly_dues, rates.renewal_years))
        if (years := lapsed_years(expiry, today)) and rates.lapsed_year:
            items.append(Item(Kind.ARREARS, rates.lapsed_year, years))
    if upgrade:
        items.append(Item(Kind.UPGRADE, rates.upgrade))
    if change:
        items.append(Item(Kind.CHANGE, rates.change))
    return tuple(items)


def practice(rates: Rates, *, tuition: Decimal) -> tuple[Item, ...]:
    """The price of a seat in practice training: the first dues and the class's tuition."""
    items = [Item(Kind.DUES, rates.practice_dues)]
    if tuition:
        items.append(Item(Kind.TUITION, tuition))
    return tuple(items)
