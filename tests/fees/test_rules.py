"""What things cost: the manual's examples as a table, and what must hold for every price whatever the amounts."""

import datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fees.rules import Item, Kind, Paper, Rates, lapsed_years, practice, renewal, total

SHIPPED = Rates()
TODAY = datetime.date(2026, 6, 15)
VALID = datetime.date(2027, 6, 15)


def price(**case: Any) -> tuple[Item, ...]:
    return renewal(SHIPPED, **{"expiry": VALID, "today": TODAY} | case)


def years_before(years: int) -> datetime.date:
    return TODAY.replace(year=TODAY.year - years)


def kinds(items: tuple[Item, ...]) -> dict[str, Decimal]:
    return {item.kind.value: item.amount for item in items}


# --- The manual's examples (ch. 4b-4, 7b-2) and our reading of the rest -----------------------------------


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, {"DUES": 300}),
        ({"change": True}, {"DUES": 300, "CHANGE": 20}),
        ({"upgrade": True}, {"DUES": 300, "UPGRADE": 20}),
        ({"upgrade": True, "change": True}, {"DUES": 300, "UPGRADE": 20, "CHANGE": 20}),
        ({"waived": True}, {"WAIVED": 0}),
        ({"waived": True, "change": True}, {"WAIVED": 0, "CHANGE": 20}),
        ({"expiry": TODAY}, {"DUES": 300}),
        ({"expiry": TODAY - datetime.timedelta(days=1)}, {"DUES": 300, "ARREARS": 100}),
        ({"expiry": years_before(1)}, {"DUES": 300, "ARREARS": 100}),
        ({"expiry": years_before(1) - datetime.timedelta(days=1)}, {"DUES": 300, "ARREARS": 200}),
        ({"expiry": years_before(3)}, {"DUES": 300, "ARREARS": 300}),
        ({"expiry": years_before(1), "change": True}, {"DUES": 300, "ARREARS": 100, "CHANGE": 20}),
        ({"expiry": years_before(3), "waived": True}, {"WAIVED": 0}),
    ],
)
def test_a_renewal_costs_what_the_manual_says(case: dict[str, Any], expected: dict[str, int]) -> None:
    items = price(**case)
    assert kinds(items) == expected
    assert total(items) == sum(expected.values())


@pytest.mark.parametrize(("case", "expected"), [({}, 300), ({"change": True}, 320), ({"upgrade": True}, 320)])
def test_the_three_prices_the_manual_names(case: dict[str, Any], expected: int) -> None:
    assert total(price(**case)) == expected


def test_two_certificates_of_one_person_cost_one_renewal() -> None:
    assert total(price() + price(waived=True)) == 300


def test_two_certificates_with_change_cost_340_of_which_40_is_change() -> None:
    both = price(change=True) + price(change=True, waived=True)
    assert total(both) == 340
    assert sum(item.amount for item in both if item.kind is Kind.CHANGE) == 40


def test_arrears_of_nothing_are_turned_off_and_stand_in_no_breakdown() -> None:
    items = renewal(Rates(lapsed_year=Decimal(0)), expiry=years_before(3), today=TODAY)
    assert kinds(items) == {"DUES": 300}


@pytest.mark.parametrize(("tuition", "expected"), [(800, {"DUES": 300, "TUITION": 800}), (0, {"DUES": 300})])
def test_practice_costs_the_first_dues_and_the_tuition(tuition: int, expected: dict[str, int]) -> None:
    assert kinds(practice(SHIPPED, tuition=Decimal(tuition))) == expected


def test_the_breakdown_says_how_often_at_how_much() -> None:
    dues, arrears = price(expiry=years_before(2))
    assert (dues.unit, dues.count) == (100, 3)
    assert (arrears.unit, arrears.count) == (100, 2)


# --- The years begun since a certificate expired ----------------------------------------------------------


@pytest.mark.parametrize(
    ("expiry", "today", "years"),
    [
        ("2026-06-15", "2026-06-14", 0),
        ("2026-06-15", "2026-06-15", 0),
        ("2026-06-15", "2026-06-16", 1),
        ("2026-06-15", "2026-12-31", 1),
        ("2026-06-15", "2027-06-15", 1),
        ("2026-06-15", "2027-06-16", 2),
        ("2026-12-31", "2027-01-01", 1),
        ("2026-12-31", "2028-01-01", 2),
        # The 29th of February: the year is full when the last day of February has passed.
        ("2024-02-29", "2024-02-29", 0),
        ("2024-02-29", "2024-03-01", 1),
        ("2024-02-29", "2025-02-28", 1),
        ("2024-02-29", "2025-03-01", 2),
        ("2024-02-29", "2028-02-29", 4),
        ("2024-02-29", "2028-03-01", 5),
        ("2023-02-28", "2024-02-28", 1),
        ("2023-02-28", "2024-02-29", 2),
    ],
)
def test_every_year_begun_counts(expiry: str, today: str, years: int) -> None:
    assert lapsed_years(datetime.date.fromisoformat(expiry), datetime.date.fromisoformat(today)) == years


# --- What holds for every price ---------------------------------------------------------------------------

amounts = st.decimals(0, 99_999, places=2)
days = st.dates(datetime.date(1990, 1, 1), datetime.date(2060, 12, 31))
rates = st.builds(
    Rates,
    yearly_dues=amounts,
    renewal_years=st.integers(1, 10),
    change=amounts,
    upgrade=amounts,
    lapsed_year=amounts,
    practice_dues=amounts,
)
cases = st.fixed_dictionaries(
    {
        "expiry": days,
        "today": days,
        "change": st.booleans(),
        "upgrade": st.booleans(),
        "waived": st.booleans(),
    }
)


@given(rates, cases)
def test_no_price_is_negative(rates: Rates, case: dict[str, Any]) -> None:
    items = renewal(rates, **case)
    assert all(item.amount >= 0 for item in items)
    assert total(items) >= 0


@given(rates, cases)
def test_the_breakdown_sums_to_the_price_to_the_cent(rates: Rates, case: dict[str, Any]) -> None:
    items = renewal(rates, **case)
    years = 0 if case["waived"] else lapsed_years(case["expiry"], case["today"])
    dues = Decimal(0) if case["waived"] else rates.yearly_dues * rates.renewal_years
    expected = dues + years * rates.lapsed_year
    expected += rates.upgrade * case["upgrade"] + rates.change * case["change"]
    assert total(items) == expected
    assert -total(items).as_tuple().exponent <= 2


@given(rates, st.lists(cases, min_size=1, max_size=4))
def test_the_order_of_the_lines_does_not_matter(rates: Rates, given_cases: list[dict[str, Any]]) -> None:
    prices = [renewal(rates, **case) for case in given_cases]
    sums = {total(tuple(item for items in order for item in items)) for order in permutations(prices)}
    assert len(sums) == 1


@given(rates, cases)
def test_a_waived_certificate_costs_only_its_change(rates: Rates, case: dict[str, Any]) -> None:
    items = renewal(rates, **case | {"waived": True, "upgrade": False})
    assert total(items) == (rates.change if case["change"] else 0)


@given(rates, cases)
def test_a_change_adds_its_fee_and_nothing_else(rates: Rates, case: dict[str, Any]) -> None:
    without, with_change = (renewal(rates, **case | {"change": change}) for change in (False, True))
    assert with_change[:-1] == without
    assert total(with_change) - total(without) == rates.change


@given(rates, cases, amounts)
def test_change_gets_an_invoice_and_the_rest_a_fiscal_receipt(
    rates: Rates, case: dict[str, Any], tuition: Decimal
) -> None:
    items = renewal(rates, **case) + practice(rates, tuition=tuition)
    invoiced = sum(item.amount for item in items if item.paper is Paper.INVOICE)
    fiscal = sum(item.amount for item in items if item.paper is Paper.FISCAL)
    assert invoiced == (rates.change if case["change"] else 0)
    assert invoiced + fiscal == total(items)


@given(days, days)
def test_arrears_begin_on_the_day_after_the_last_one_and_never_shrink(
    expiry: datetime.date, today: datetime.date
) -> None:
    years = lapsed_years(expiry, today)
    assert (years == 0) == (today <= expiry)
    assert 0 <= lapsed_years(expiry, today + datetime.timedelta(days=1)) - years <= 1
    assert years <= max(0, today.year - expiry.year) + 1


@given(rates, amounts)
def test_a_seat_in_practice_training_costs_dues_and_tuition(rates: Rates, tuition: Decimal) -> None:
    items = practice(rates, tuition=tuition)
    assert total(items) == rates.practice_dues + tuition
    assert {item.paper for item in items} == {Paper.FISCAL}
