"""Filters: scoped, and safe against anything in the address."""

import datetime
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.core.filters import LARGEST_KEY, key_or_none
from backoffice.roles import Role
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, RegionFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/admin/registry/certificate/"
NONSENSE = [
    "abc",
    "",
    " ",
    "-1",
    "1.5",
    "1e3",
    "9" * 30,
    str(2**63),
    "١٢",
    "%00",
    "1%00",
    "' OR 1=1 --",
    "VALID,X",
]


@pytest.fixture
def office(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.OFFICE))


def listed(client: Any, query: str, url: str = URL) -> list[Any]:
    response = client.get(f"{url}?{query}")
    assert response.status_code == 200, (query, response.status_code)
    return response.context_data["cl"].result_list


def shown(client: Any, query: str, url: str = URL) -> str:
    return client.get(f"{url}?{query}").content.decode()


def days(number: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=number)


def expiring(number: int) -> Any:
    return CertificateFactory(issue_date=days(number - 1095), expiry_date=days(number))


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize(
    "name", ["status", "type", "company", "region", "expires", "expires_from", "expires_to"]
)
def test_nonsense_is_ignored_or_finds_nothing(office, name, value):
    certificate = CertificateFactory()
    assert listed(office, f"{name}={value}") in ([certificate], [])
    assert listed(office, f"{name}={value}&{name}=VALID") in ([certificate], [])


def test_an_empty_choice_is_no_active_filter(office):
    """The filters' form sends every field, chosen or not."""
    CertificateFactory()
    response = office.get(f"{URL}?status=&type=&region=&company=&expires=&expires_from=&expires_to=")
    changelist = response.context_data["cl"]
    assert (len(changelist.result_list), changelist.has_active_filters) == (1, False)
    assert office.get(f"{URL}?status=VALID").context_data["cl"].has_active_filters


@pytest.mark.parametrize(
    ("text", "key"), [("7", 7), ("007", 7), (str(LARGEST_KEY), LARGEST_KEY), (str(2**63), None)]
)
def test_a_key_is_read_only_from_digits_a_database_knows(text, key):
    assert key_or_none(text) == key


def test_choices_filter_and_are_shown_chosen(office):
    cancelled = CertificateFactory(status="CANCELLED")
    CertificateFactory()
    assert listed(office, "status=CANCELLED") == [cancelled]
    assert '<option value="CANCELLED" selected' in shown(office, "status=CANCELLED")


def test_choosing_a_filter_keeps_the_others_and_forgets_its_old_value(office):
    html = shown(office, "status=VALID&type=ENGINEER&q=x")
    hidden = html[html.index('id="filter-form"') :]
    assert 'name="q" value="x"' in hidden
    assert 'type="hidden" name="status"' not in hidden


# -- related records -------------------------------------------------------------------------------


def test_a_company_filters_by_nobody_elses_record(signed_in):
    user = UserFactory(role=Role.COMPANY)
    own, foreign = CertificateFactory(person__company=user.company), CertificateFactory()
    client = signed_in(user)
    assert listed(client, f"company={user.company_id}") == [own]
    assert listed(client, f"company={foreign.company_id}") == []
    assert listed(client, "company=999999999") == []
    assert foreign.company.name not in shown(client, f"company={foreign.company_id}")
    assert user.company.name in shown(client, f"company={user.company_id}")


def test_a_chosen_record_is_named_in_the_box(office):
    certificate = CertificateFactory()
    html = shown(office, f"company={certificate.company_id}")
    assert f'<option value="{certificate.company_id}" selected>{certificate.company.name}</option>' in html


def test_an_autocomplete_filter_costs_no_query_unless_chosen_and_then_one(office):
    certificate = CertificateFactory()
    office.get(URL)
    counts = []
    for query in ("", f"company={certificate.company_id}"):
        with CaptureQueriesContext(connection) as captured:
            listed(office, query)
        counts.append(len(captured))
    assert counts[1] - counts[0] == 1


def test_regions_offer_the_cities_and_filter_by_one(office):
    city = RegionFactory(name="广州市")
    district = RegionFactory(name="天河区", parent=city)
    wanted = CertificateFactory(person__company=CompanyFactory(region=district))
    CertificateFactory()
    assert listed(office, f"region={city.pk}") == [wanted]
    assert listed(office, f"region={district.pk}") == []
    html = shown(office, "")
    assert "广州市" in html
    assert f'<option value="{district.pk}"' not in html


# -- validity --------------------------------------------------------------------------------------


def test_validity_counts_the_last_day_and_lists_the_soonest_first(office):
    gone, today, soon, later, far = (expiring(n) for n in (-1, 0, 30, 31, 200))
    assert listed(office, "expires=valid") == [today, soon, later, far]
    assert listed(office, "expires=expired") == [gone]
    assert listed(office, "expires=30") == [today, soon]
    assert listed(office, "expires=90") == [today, soon, later]
    assert listed(office, "expires=180") == [today, soon, later]


def test_of_the_expired_the_latest_come_first(office):
    old, recent = expiring(-100), expiring(-1)
    assert listed(office, "expires=expired") == [recent, old]


def test_dates_bound_the_expiry_inclusively_and_may_be_open(office):
    first, second, third = (expiring(n) for n in (10, 20, 30))
    assert listed(office, f"expires_from={days(10)}&expires_to={days(20)}") == [first, second]
    assert listed(office, f"expires_from={days(20)}") == [second, third]
    assert listed(office, f"expires_to={days(20)}") == [first, second]
    assert listed(office, f"expires_from={days(20)}&expires_to={days(10)}") == []


def test_a_choice_and_dates_count_together(office):
    expiring(-10)
    soon, _later = expiring(10), expiring(60)
    assert listed(office, f"expires=valid&expires_to={days(30)}") == [soon]


def test_while_validity_filters_the_columns_do_not_sort(office):
    response = office.get(f"{URL}?expires=valid&o=0")
    assert response.context_data["cl"].sortable_by == ()


def test_dates_far_away_break_nothing(office):
    certificate = expiring(10)
    assert listed(office, "expires_from=0001-01-01&expires_to=9999-12-31") == [certificate]


def test_filters_over_people_are_scoped_too(signed_in):
    user = UserFactory(role=Role.COMPANY)
    own, foreign = PersonFactory(company=user.company), PersonFactory()
    url = "/admin/registry/person/"
    assert listed(signed_in(user), f"company={foreign.company_id}", url) == []
    assert listed(signed_in(user), f"region={foreign.region_id}", url) == []
    assert listed(signed_in(user), f"region={own.region_id}", url) == [own]


def test_every_related_filter_in_use_is_a_scoped_one():
    for model_admin in admin.site._registry.values():
        for entry in model_admin.list_filter:
            if isinstance(entry, list | tuple):
                assert getattr(entry[1], "scoped", False), (model_admin, entry)
