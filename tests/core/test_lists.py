"""Lists: constant work per page, capped counts, the same rows and markup as Unfold's own."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.templatetags import unfold_list

from backoffice.core import rows, theme
from backoffice.core.lists import CappedPaginator, FastChangeList, FastListMixin
from backoffice.roles import Role
from registry.models import Certificate, Company, Person
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, RegionFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/admin/registry/certificate/"


#: With other versions the theme draws its rows itself (test_theme.py).
our_rows = pytest.mark.skipif(not theme.rows_are_known(), reason="this version of Unfold keeps its own rows")


@pytest.fixture
def office(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.OFFICE))


def listed(client: Any, query: str = "", url: str = URL) -> FastChangeList:
    response = client.get(f"{url}?{query}")
    assert response.status_code == 200, response.headers
    return response.context_data["cl"]


def numbers(changelist: FastChangeList) -> list[str]:
    return [certificate.number for certificate in changelist.result_list]


def column(changelist: FastChangeList, name: str) -> int:
    return list(changelist.list_display).index(name)


# -- work per page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OFFICE, Role.COMPANY])
@pytest.mark.parametrize("query", ["", "status=VALID&type=ENGINEER", "expires=valid", "q=李", "o=0"])
def test_thirty_rows_take_the_same_few_queries_as_three(signed_in, role, query):
    user = UserFactory(role=role)
    company = user.company or CompanyFactory()
    client = signed_in(user)
    counts = []
    for more in (3, 27):
        for _ in range(more):
            CertificateFactory(person=PersonFactory(company=company))
        client.get(f"{URL}?{query}")
        with CaptureQueriesContext(connection) as captured:
            changelist = listed(client, query)
        counts.append((len(changelist.result_list), len(captured)))
    (few, queries), (many, queries_of_many) = counts
    assert (few, many) == (3, 30)
    assert queries == queries_of_many <= 7


def test_every_offered_page_takes_at_most_seven_queries(office):
    certificate = CertificateFactory()
    for query in (
        f"company={certificate.company_id}",
        f"region={certificate.region_id}&status=VALID",
        f"q={certificate.number}",
        f"q={certificate.person.id_number}",
        f"q={certificate.person.name}&status=VALID",
        f"q=监理 {certificate.person.name}",
    ):
        first = office.get(f"{URL}?{query}")
        if first.status_code == 302:  # a number of a person is kept in the session, not in the address
            query = first["Location"].partition("?")[2]
            office.get(f"{URL}?{query}")
        with CaptureQueriesContext(connection) as captured:
            assert numbers(listed(office, query)) == [certificate.number], query
        assert len(captured) <= 7, query


@our_rows
def test_headers_are_built_once_for_a_list_of_thirty(office, monkeypatch):
    calls = []
    original = theme.original_result_headers
    monkeypatch.setattr(theme, "original_result_headers", lambda cl: calls.append(cl) or original(cl))
    CertificateFactory.create_batch(30)
    listed(office)
    assert len(calls) == 1


@our_rows
def test_unfold_still_renders_lists_by_the_names_that_are_replaced():
    """If this fails, a new Unfold works differently: look at `core/rows.py` again."""
    names = unfold_list.result_list.__code__.co_names
    assert "results" in names
    assert "result_headers" in names
    assert "result_headers" in unfold_list.items_for_result.__code__.co_names
    assert "items_for_result" in theme.original_results.__code__.co_names


@our_rows
@pytest.mark.parametrize("extra", ["", "_popup=1", "status=VALID"])
@pytest.mark.parametrize("model", [Certificate, Person, Company])
def test_each_row_is_written_exactly_as_unfold_writes_it(office, model, extra):
    CertificateFactory(person__name="<b>&", status="CANCELLED")
    CertificateFactory(person=PersonFactory(company=None, phone=""), renewal_date=None, specialty=None)
    changelist = listed(office, extra, reverse(f"admin:registry_{model._meta.model_name}_changelist"))
    renderer = rows.RowRenderer(changelist)
    assert changelist.result_list or model is Company
    for row in changelist.result_list:
        assert renderer.render(row) == "".join(unfold_list.items_for_result(changelist, row, None))


@our_rows
def test_rows_with_every_kind_of_column_are_written_as_unfold_writes_them():
    """Boolean and header displays, fields of each kind, checkboxes, several links."""

    class KindsAdmin(FastListMixin, ModelAdmin):
        list_display = (
            "__str__",
            "flag",
            "heading",
            "plain",
            "issue_date",
            "company",
            "status",
            "renewal_date",
        )
        list_display_links = ("flag", "company")
        actions = ("noop",)

        def noop(self, request: Any, queryset: Any) -> None:
            """An action, so that there are checkboxes."""

        @admin.display(boolean=True)
        def flag(self, obj: Any) -> bool:
            return obj.pk % 2 == 0

        @admin.display(description="Heading <i>")
        def heading(self, obj: Any) -> list[str]:
            return ["one", "two"]

        @admin.display(empty_value="nothing")
        def plain(self, obj: Any) -> Any:
            return None

    KindsAdmin.heading.header = True
    CertificateFactory.create_batch(2)
    changelist = changelist_of(KindsAdmin)
    renderer = rows.RowRenderer(changelist)
    assert changelist.list_display[0] == "action_checkbox"
    for row in changelist.result_list:
        assert renderer.render(row) == "".join(unfold_list.items_for_result(changelist, row, None))


def test_the_row_link_takes_the_filters_along(office):
    certificate = CertificateFactory()
    html = office.get(f"{URL}?status=VALID").content.decode()
    assert f"{URL}{certificate.pk}/change/?_changelist_filters=status%3DVALID" in html


# -- counts and pages ------------------------------------------------------------------------------


def test_beyond_the_cap_the_count_says_more_than(office, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "cap", 5)
    CertificateFactory.create_batch(8)
    changelist = listed(office)
    assert changelist.result_count > 5
    assert str(changelist.result_count) == "5+"
    assert "5+" in office.get(URL).content.decode()


def test_ten_thousand_is_written_with_a_comma():
    assert str(CappedPaginator([], 50).capped(10_001)) == "10,000+"


def test_pages_end_at_the_cap_and_say_what_to_do(office, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "cap", 6)
    monkeypatch.setattr("registry.admin.CertificateAdmin.list_per_page", 3)
    CertificateFactory.create_batch(10)
    changelist = listed(office, "p=99")
    assert changelist.page_num == changelist.paginator.num_pages == 2
    assert len(changelist.result_list) == 3
    assert [str(message) for message in office.get(f"{URL}?p=2").context["messages"]] != []


@pytest.mark.parametrize("page", ["0", "-1", "abc", "99", "999999999999999999999", ""])
def test_a_page_that_does_not_exist_shows_one_that_does(office, monkeypatch, page):
    monkeypatch.setattr("registry.admin.CertificateAdmin.list_per_page", 2)
    CertificateFactory.create_batch(5)
    assert listed(office, f"p={page}").result_list


def test_pages_follow_each_other_without_gap_or_repeat(office, monkeypatch):
    monkeypatch.setattr("registry.admin.CertificateAdmin.list_per_page", 3)
    CertificateFactory.create_batch(8)
    seen = [number for page in (1, 2, 3) for number in numbers(listed(office, f"p={page}"))]
    expected = list(Certificate.objects.order_by("-issue_date", "-id").values_list("number", flat=True))
    assert seen == expected


def test_an_empty_list_counts_zero(office):
    changelist = listed(office)
    assert (changelist.result_count, changelist.result_list) == (0, [])


def test_showing_all_shows_all(office, monkeypatch):
    monkeypatch.setattr("registry.admin.CertificateAdmin.list_per_page", 2)
    CertificateFactory.create_batch(5)
    assert len(listed(office, "all=").result_list) == 5


# -- order and address -----------------------------------------------------------------------------


def test_a_chosen_column_orders_the_rows_both_ways(office):
    for number in ("A100002", "A100001", "A100003"):
        CertificateFactory(number=number)
    at = column(listed(office), "number")
    assert numbers(listed(office, f"o={at}")) == ["A100001", "A100002", "A100003"]
    assert numbers(listed(office, f"o=-{at}")) == ["A100003", "A100002", "A100001"]


def test_a_chosen_column_is_followed_by_the_key_as_in_its_index(office):
    for _ in range(3):
        CertificateFactory()
    at = column(listed(office), "expiry_date")
    assert listed(office, f"o={at}").queryset.query.order_by == ("expiry_date", "pk")
    assert listed(office, f"o=-{at}").queryset.query.order_by == ("-expiry_date", "-pk")
    ids = [certificate.pk for certificate in listed(office, f"o={at}").result_list]
    assert ids == sorted(ids)


def test_with_many_matches_a_chosen_order_still_filters(office, monkeypatch):
    """On SQLite this takes the plan without the filter's index."""
    monkeypatch.setattr(CappedPaginator, "cap", 2)
    region = RegionFactory()
    for serial in (3, 1, 2, 4):
        CertificateFactory(number=f"A10000{serial}", person__company__region=region)
    CertificateFactory(number="A100000")
    at = column(listed(office), "number")
    with CaptureQueriesContext(connection) as captured:
        changelist = listed(office, f"o={at}&region={region.pk}&status=VALID&q=监理")
    if connection.vendor == "sqlite":
        assert any('+U0."region_id"' in query["sql"] for query in captured)
    assert numbers(changelist) == ["A100001", "A100002", "A100003", "A100004"]


def test_a_column_that_is_not_offered_does_not_order(office):
    for number, remark in (("A100001", "b"), ("A100002", "a")):
        CertificateFactory(number=number, remark=remark)
    at = column(listed(office), "renewal_date")
    with CaptureQueriesContext(connection) as captured:
        listed(office, f"o={at}.99.x")
    assert not any('ORDER BY "registry_certificate"."renewal_date"' in query["sql"] for query in captured)


@pytest.mark.parametrize(
    "query",
    ["remark__regex=(a%2B)%2B$", "person__user__password__startswith=a", "nonsense=1", "status__in=VALID", "e=1",
     "_facets=1", "_to_field=number", "o=", "o=..-.", "q=%00", "q=%20"],
)  # fmt: skip
def test_what_the_address_may_not_ask_is_ignored(office, query):
    CertificateFactory()
    response = office.get(f"{URL}?{query}")
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert len(response.context_data["cl"].result_list) == 1


def test_a_lookup_that_the_admin_names_may_be_used_in_links():
    class LinkedAdmin(FastListMixin, ModelAdmin):
        list_display = ("number",)
        url_lookups = ("remark",)

    CertificateFactory(remark="seen")
    CertificateFactory()
    assert len(changelist_of(LinkedAdmin, remark="seen").result_list) == 1


def test_annotations_are_made_for_the_rows_of_the_page_only():
    class AnnotatedAdmin(FastListMixin, ModelAdmin):
        list_display = ("number",)

        def annotate_rows(self, found: Any) -> Any:
            return found.prefetch_related("terms")

    CertificateFactory.create_batch(3)
    changelist = changelist_of(AnnotatedAdmin)
    assert all(row._prefetched_objects_cache for row in changelist.result_list)


def test_a_search_with_duplicates_is_made_distinct():
    class JoiningAdmin(FastListMixin, ModelAdmin):
        list_display = ("number",)
        search_fields = ("terms__start_date",)

        def get_search_results(self, request: Any, queryset: Any, term: str) -> Any:
            return queryset.filter(terms__isnull=False), True

    certificate = CertificateFactory()
    certificate.terms.create(start_date="2020-01-01", expiry_date="2023-01-01")
    changelist = changelist_of(JoiningAdmin, q="x")
    assert (changelist.result_count, len(changelist.result_list)) == (1, 1)


def changelist_of(admin_class: type[ModelAdmin], **query: str) -> FastChangeList:
    """The list of certificates as this admin class shows it to someone who may all."""
    request = RequestFactory().get("/", query)
    request.user = UserFactory(role=Role.OFFICE)
    request.resolver_match = SimpleNamespace(app_name="admin", url_name="registry_certificate_changelist")
    assert not isinstance(request.user, AnonymousUser)
    return admin_class(Certificate, admin.site).get_changelist_instance(request)
