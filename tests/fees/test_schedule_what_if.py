"""The preview: what the usual cases cost now and under other amounts, and what things cost for everybody."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.roles import Role
from fees.admin.whatif import EXAMPLES, breakdown, compare, plans
from fees.models import FeeSchedule
from fees.rules import Rates, lapsed_years
from tests.enrolments import FeeScheduleFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WHAT_IF = "/admin/fees/feeschedule/what-if/"
PRICES = "/admin/fees/feeschedule/prices/"
TODAY = datetime.date(2026, 6, 15)
PLANNERS = {Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR}


@pytest.fixture
def finance(signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.FINANCE))


def test_the_usual_cases_cost_what_the_manual_says() -> None:
    rows = compare(Rates(), Rates(), TODAY)
    assert [row.new for row in rows] == [300, 320, 320, 300, 340, 400, 500, 600, 1100]
    assert {row.difference for row in rows} == {0}


def test_the_breakdown_counts_equal_items_of_two_certificates_together() -> None:
    row = compare(None, Rates(), TODAY)[4]
    assert [(unit, count, amount) for _label, unit, count, amount in row.items] == [
        (100, 3, 300),
        (20, 2, 40),
        (0, 1, 0),
    ]
    assert (row.now, row.difference) == (None, None)


@pytest.mark.parametrize(
    "today",
    ["2024-02-29", "2024-03-01", "2025-03-01", "2028-02-29", "2029-03-01", "2026-12-31", "2026-01-01"],
)
def test_an_expired_example_is_so_many_years_late_on_every_day(today: str) -> None:
    rows = compare(None, Rates(), datetime.date.fromisoformat(today))
    assert [row.new for row in rows[5:8]] == [400, 500, 600]
    assert lapsed_years(datetime.date(2024, 2, 29), datetime.date(2025, 2, 28)) == 1


def test_every_example_adds_up_to_its_breakdown() -> None:
    rates = Rates(Decimal("99.5"), 2, Decimal("20.5"), Decimal(0), Decimal("0.25"), Decimal(1))
    for _label, price in EXAMPLES:
        items = price(rates, TODAY)
        assert sum(line[3] for line in breakdown(items)) == sum(item.amount for item in items)


@pytest.mark.parametrize("role", Role)
def test_those_who_plan_try_out_amounts(role: Role, signed_in: Any) -> None:
    user = UserFactory(role=role)
    assert plans(user) == (role in PLANNERS)
    FeeScheduleFactory()
    client = signed_in(user)
    assert client.get(WHAT_IF).status_code == (200 if role in PLANNERS else 403)
    assert (WHAT_IF in client.get("/admin/fees/feeschedule/").content.decode()) == (role in PLANNERS)
    assert client.get(PRICES).status_code == 200


def test_without_amounts_in_the_address_the_page_shows_todays(finance: Client) -> None:
    FeeScheduleFactory(change=Decimal(25))
    response = finance.get(WHAT_IF)
    assert response.context["amounts"]["change"].value() == 25
    assert [row.difference for row in response.context["rows"]] == [0] * 9


def test_of_a_schedule_the_page_starts_with_its_amounts_against_todays(finance: Client) -> None:
    FeeScheduleFactory(effective_until=timezone.localdate())
    coming = FeeScheduleFactory(
        effective_from=timezone.localdate() + datetime.timedelta(days=1), change=Decimal(30)
    )
    rows = finance.get(f"{WHAT_IF}?of={coming.pk}").context["rows"]
    assert [row.difference for row in rows] == [0, 10, 0, 0, 20, 0, 0, 0, 0]


def test_typed_amounts_are_compared_with_todays(finance: Client) -> None:
    FeeScheduleFactory()
    data = {"yearly_dues": "120", "renewal_years": "3", "change": "20", "upgrade": "0", "lapsed_year": "0",
            "practice_dues": "250.50"}  # fmt: skip
    response = finance.get(WHAT_IF, data)
    differences = [row.difference for row in response.context["rows"]]
    assert differences == [60, 60, 40, 60, 60, -40, -140, -240, Decimal("-49.50")]
    text = response.content.decode()
    assert "+60" in text
    assert "−49.50" in text
    assert not FeeSchedule.objects.filter(yearly_dues=120).exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("change", "-1"), ("change", "x"), ("yearly_dues", ""), ("renewal_years", "11"), ("upgrade", "9" * 30)],
)
def test_an_amount_that_is_none_is_refused_at_its_field_and_kept(
    finance: Client, name: str, value: str
) -> None:
    FeeScheduleFactory()
    response = finance.get(WHAT_IF, {name: value})
    assert list(response.context["amounts"].errors) == [name]
    assert response.context["amounts"][name].value() == value
    assert response.context["rows"] == []


def test_a_case_of_ones_own_is_priced_with_its_breakdown(finance: Client) -> None:
    FeeScheduleFactory()
    data = {"own-expiry": "2024-02-29", "own-priced_on": "2025-03-01"}
    own = finance.get(WHAT_IF, data).context["own"]
    assert own.new == own.now == 500
    chosen = {"own-change": "on", "own-waived": "on"}
    own = finance.get(WHAT_IF, data | chosen | {"change": "35"}).context["own"]
    assert (own.now, own.new, own.difference) == (20, 35, 15)


def test_a_date_that_is_none_is_refused_at_its_field(finance: Client) -> None:
    FeeScheduleFactory()
    response = finance.get(WHAT_IF, {"own-expiry": "2024-13-01"})
    assert list(response.context["case"].errors) == ["expiry"]
    assert response.context["own"] is None


def test_without_a_schedule_there_is_nothing_to_compare_with(finance: Client) -> None:
    response = finance.get(WHAT_IF)
    assert response.status_code == 200
    assert {row.now for row in response.context["rows"]} == {None}


def test_only_an_administrator_makes_a_schedule_of_the_amounts(finance: Client, signed_in: Any) -> None:
    current = FeeScheduleFactory()
    admin = signed_in(UserFactory(role=Role.ADMIN))
    assert finance.get(WHAT_IF, {"change": "25"}).context["adopt_url"] == ""
    assert admin.get(WHAT_IF).context["adopt_url"] == ""
    url = admin.get(WHAT_IF, {"change": "25"}).context["adopt_url"]
    assert f"/{current.pk}/successor/" in url
    assert admin.get(url).context["form"]["change"].value() == "25"


def test_a_company_reads_what_things_cost_and_from_when_they_cost_something_else(signed_in: Any) -> None:
    client = signed_in(UserFactory(role=Role.COMPANY))
    assert client.get(PRICES).status_code == 200
    FeeScheduleFactory(effective_until=timezone.localdate())
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    FeeScheduleFactory(effective_from=tomorrow, change=Decimal(30))
    response = client.get(PRICES)
    assert [row.new for row in response.context["rows"]][:2] == [300, 320]
    assert [row.new for row in response.context["coming_rows"]][:2] == [300, 330]
    assert str(tomorrow) in response.content.decode()
