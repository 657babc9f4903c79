"""Two records of one company become one: people, certificates, users, names, flows and the desk they wait at."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import User
from backoffice.core.engine import perform, start
from backoffice.core.inbox import todo
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from registry.merging import MergeRefused, merge
from registry.models import Certificate, Company, CompanyChange, FormerName, Merge, Person
from registry.search import search_certificates, search_companies
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, RegionFactory, UserFactory
from tests.registry.merge_tools import attachments_of, everything, two_companies

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db: None) -> User:
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def world(db: None) -> SimpleNamespace:
    return two_companies()


def join(world: SimpleNamespace, by: Any, **options: Any) -> Merge:
    done = merge(world.kept, world.merged, by=by, reason="重复登记", **options)
    world.kept.refresh_from_db()
    world.merged.refresh_from_db()
    return done


def test_people_certificates_and_users_belong_to_the_kept_company(
    office: User, world: SimpleNamespace
) -> None:
    join(world, office)
    assert world.merged.merged_into == world.kept
    assert set(
        Person.objects.filter(pk__in=[p.pk for p in world.people]).values_list("company", flat=True)
    ) == {world.kept.pk}
    scopes = set(Certificate.objects.values_list("company", "region"))
    assert scopes == {(world.kept.pk, world.city.pk)}
    world.clerk.refresh_from_db()
    assert world.clerk.company == world.kept
    assert visible_to(Certificate, world.clerk).count() == 5
    assert (attachments_of(world.kept), attachments_of(world.merged)) == (1, 0)


def test_certificates_follow_a_region_that_was_chosen(office: User, world: SimpleNamespace) -> None:
    join(world, office, take=["region"])
    assert set(Certificate.objects.values_list("company", "region")) == {(world.kept.pk, world.other.pk)}


@pytest.mark.parametrize("take", [[], ["name", "credit_code"]])
def test_the_name_not_chosen_is_a_former_name_and_search_finds_it(
    office: User, world: SimpleNamespace, take: list[str]
) -> None:
    names, codes = {world.kept.name, world.merged.name}, {world.kept.credit_code, world.merged.credit_code}
    chosen = (world.merged if take else world.kept).name
    join(world, office, take=take)
    assert world.kept.name == chosen
    assert set(world.kept.former_names.values_list("name", flat=True)) == (names - {chosen}) | {
        "岭衡老公司",
        "两家都用过",
    }
    living = Company.objects.filter(merged_into=None)
    for term in (*names, *codes, "岭衡老公司"):
        assert world.kept in search_companies(living, term, office).queryset, term
    for code in codes:
        assert search_certificates(Certificate.objects.all(), code, office).queryset.count() == 5


def test_flows_and_what_waits_at_the_desk_go_along(office: User, world: SimpleNamespace) -> None:
    clerk = User.objects.get(company=world.kept)
    assert not todo(clerk).exists()
    join(world, office)
    assert {task.owner for task in todo(clerk)} == {world.application, world.change, world.transfer}
    done = perform(world.application, "company_approve", by=clerk)
    assert (done.state, done.company_id) == ("LOCAL_REVIEW", world.kept.pk)


def test_history_names_the_office_on_every_moved_row(office: User, world: SimpleNamespace) -> None:
    join(world, office)
    for row in (world.kept, world.merged, world.people[0], world.clerk, world.application, world.transfer):
        entry = row.history.first()
        assert entry.history_user == office, row
        assert "重复登记" in entry.history_change_reason
    assert world.certificates[0].history.count() == 1  # its history does not follow the company


def test_two_open_changes_of_a_kind_stop_the_merge(office: User, world: SimpleNamespace) -> None:
    clerk = User.objects.get(company=world.kept)
    mine = start(CompanyChange(company=world.kept, kind="RENAME", created_by=clerk), by=clerk)
    before = everything()
    with pytest.raises(MergeRefused) as told:
        join(world, office)
    assert str(world.change) in str(told.value)
    assert everything() == before
    perform(mine, "cancel", by=clerk)
    join(world, office)


def test_a_former_name_of_both_is_there_once(office: User, world: SimpleNamespace) -> None:
    join(world, office)
    assert FormerName.objects.filter(company=world.kept, name="两家都用过").count() == 1


def test_a_merged_companys_members_sign_in_as_before(office: User, world: SimpleNamespace) -> None:
    name = world.clerk.username
    join(world, office, take=["name"])
    world.clerk.refresh_from_db()
    assert (world.clerk.username, world.clerk.is_active, world.clerk.is_manager) == (name, True, True)


def test_moving_many_people_takes_as_many_queries_as_moving_few(office: User) -> None:
    def queries(people: int) -> int:
        city = RegionFactory()
        kept, merged = CompanyFactory(region=city), CompanyFactory(region=city)
        for person in PersonFactory.create_batch(people, company=merged):
            CertificateFactory(person=person, term=False)
        with CaptureQueriesContext(connection) as captured:
            merge(kept, merged, by=office, reason="重复登记")
        return len(captured)

    assert queries(3) == queries(120)
