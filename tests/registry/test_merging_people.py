"""Two records of one person become one: values, certificates, sign-in, pictures; history says who and why."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import User
from backoffice.roles import Role
from registry.merging import MergeRefused, merge, seen
from registry.models import Certificate, DuplicatePair, Merge, Person, PersonalApplication, Transfer
from registry.search import search_certificates, search_people
from tests.factories import CertificateFactory, PersonalApplicationFactory, PersonFactory, UserFactory
from tests.registry.merge_tools import attachments_of, everything, furnish_person, two_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db: None) -> User:
    return UserFactory(role=Role.OFFICE)


def merged_into(kept: Person, merged: Person, by: Any, **options: Any) -> Merge:
    done = merge(kept, merged, by=by, reason=options.pop("reason", "同一人"), **options)
    kept.refresh_from_db()
    merged.refresh_from_db()
    return done


def refused(*args: Any, **options: Any) -> str:
    before = everything()
    with pytest.raises(MergeRefused) as told:
        merge(*args, **{"reason": "同一人"} | options)
    assert everything() == before
    return str(told.value)


def test_everything_that_hangs_on_a_person_moves(office: User) -> None:
    kept, merged = two_people()
    CertificateFactory(person=kept)
    furnish_person(merged)
    merged_into(kept, merged, office)
    assert merged.merged_into == kept
    certificates = Certificate.objects.filter(person=kept)
    assert certificates.count() == 3
    assert {(row.company_id, row.region_id) for row in certificates} == {
        (kept.company_id, kept.company.region_id)
    }
    assert (attachments_of(kept), attachments_of(merged)) == (2, 0)
    assert Transfer.objects.filter(person=kept).count() == 1


def test_the_chosen_values_are_taken_and_the_number_not_chosen_stays_with_the_hidden_record(
    office: User,
) -> None:
    kept, merged = two_people()
    numbers = kept.id_number, merged.id_number
    merged_into(kept, merged, office, take=["id_number", "email", "company"])
    assert (kept.id_number, merged.id_number) == (numbers[1], numbers[0])
    assert (kept.email, kept.title, kept.company_id) == ("chen@example.org", "工程师", merged.company_id)
    assert f"{kept.birthday:%Y%m%d}" == kept.id_number[6:14]
    assert f"{merged.birthday:%Y%m%d}" == merged.id_number[6:14]


def test_certificates_of_the_kept_person_follow_a_company_that_was_chosen(office: User) -> None:
    kept, merged = two_people()
    certificate = CertificateFactory(person=kept)
    merged_into(kept, merged, office, take=["company"])
    certificate.refresh_from_db()
    assert (certificate.company_id, certificate.region_id) == (merged.company_id, merged.company.region_id)


def test_the_history_of_each_moved_row_says_who_and_why(office: User) -> None:
    kept, merged = two_people()
    furnish_person(merged)
    merged_into(kept, merged, office, take=["email"], reason="身份证录错")
    rows = [kept.history.first(), merged.history.first(), Certificate.objects.filter(person=kept)[0].history.first(),
            Transfer.objects.get().history.first()]  # fmt: skip
    for row in rows:
        assert row.history_user == office
        assert "身份证录错" in row.history_change_reason
    assert rows[2].person_id == rows[3].person_id == kept.pk
    assert rows[0].email == "chen@example.org"


# Sign-in


def test_the_merged_persons_user_goes_on_with_the_kept_id_number(office: User) -> None:
    kept, merged = two_people()
    user = UserFactory(role=Role.PERSON, person=merged, username=merged.id_number)
    merged_into(kept, merged, office)
    user.refresh_from_db()
    assert (user.person, user.username, user.is_active) == (kept, kept.id_number, True)
    assert user.history.first().history_user == office


@pytest.mark.parametrize("take", [[], ["id_number"]])
def test_of_two_users_the_kept_persons_stays_and_signs_in_with_the_kept_number(
    office: User, take: list[str]
) -> None:
    kept, merged = two_people()
    mine = UserFactory(role=Role.PERSON, person=kept, username=kept.id_number)
    theirs = UserFactory(role=Role.PERSON, person=merged, username=merged.id_number)
    merged_into(kept, merged, office, take=take)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.person, mine.username, mine.is_active) == (kept, kept.id_number, True)
    assert (theirs.person, theirs.username, theirs.is_active) == (merged, merged.id_number, False)


def test_a_login_name_that_somebody_else_has_stops_the_merge(office: User) -> None:
    kept, merged = two_people()
    UserFactory(role=Role.PERSON, person=merged, username=merged.id_number)
    UserFactory(role=Role.COMPANY, username=kept.id_number, name="陈经理")
    assert "陈经理" in refused(kept, merged, by=office)


# Refusals


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICE])
def test_only_the_office_merges(role: Role, users: dict[Role, User]) -> None:
    kept, merged = two_people()
    before = everything()
    with pytest.raises(PermissionDenied):
        merge(kept, merged, by=users[role], reason="同一人")
    assert everything() == before


def test_a_reason_is_required(office: User) -> None:
    kept, merged = two_people()
    assert refused(kept, merged, by=office, reason="  ")


def test_a_record_does_not_go_into_itself(office: User) -> None:
    kept, _merged = two_people()
    assert refused(kept, kept, by=office)


def test_what_is_merged_already_is_not_merged_again(office: User) -> None:
    kept, merged = two_people()
    merged_into(kept, merged, office)
    assert str(office) in refused(kept, merged, by=UserFactory(role=Role.OFFICE))
    assert str(office) in refused(merged, kept, by=UserFactory(role=Role.OFFICE))


def test_a_record_changed_since_the_page_was_opened_is_looked_at_again(office: User) -> None:
    kept, merged = two_people()
    as_seen = seen(kept, merged)
    merged.phone = "13700000000"
    merged.save()
    assert refused(kept, merged, by=office, as_seen=as_seen)
    merged_into(kept, merged, office, as_seen=seen(merged, kept))


# Afterwards


def test_a_chain_of_merges_leads_to_the_last_record_at_once(office: User) -> None:
    first, second = two_people()
    third = PersonFactory(name="陈静")
    merged_into(second, first, office)
    merged_into(third, second, office)
    first.refresh_from_db()
    assert first.merged_into == second.merged_into == third


@pytest.mark.parametrize("take", [[], ["id_number"]])
def test_both_id_numbers_find_the_kept_person(office: User, take: list[str]) -> None:
    kept, merged = two_people()
    certificate = CertificateFactory(person=merged)
    merged_into(kept, merged, office, take=take)
    for number in (kept.id_number, merged.id_number, merged.id_number.lower()):
        assert set(search_people(Person.objects.filter(merged_into=None), number, office).queryset) == {kept}
        assert set(search_certificates(Certificate.objects.all(), number, office).queryset) == {certificate}


def test_the_number_of_a_stranger_is_not_found_by_a_merged_one(office: User) -> None:
    kept, merged = two_people()
    merged_into(kept, merged, office)
    stranger = UserFactory(role=Role.COMPANY)
    assert not search_people(
        Person.objects.filter(company=stranger.company), merged.id_number, stranger
    ).queryset


def test_an_applicant_and_a_transfer_with_the_merged_number_mean_the_kept_person(office: User) -> None:
    kept, merged = two_people()
    merged_into(kept, merged, office)
    application = PersonalApplicationFactory(name=merged.name, id_number=merged.id_number)
    assert application.member_with_this_id() == kept
    transfer = Transfer(name=merged.name, id_number=merged.id_number)
    assert transfer.find_person() == kept
    assert Transfer(name="别人", id_number=merged.id_number).find_person() is None
    assert PersonalApplication.objects.count() == 1


def test_the_pair_is_decided_and_third_records_are_compared_with_the_kept_one(office: User) -> None:
    kept, merged = two_people()
    third = PersonFactory()

    def pair(one: Person, other: Person, **values: Any) -> DuplicatePair:
        first, second = sorted((one.pk, other.pk))
        return DuplicatePair.objects.create(
            kind="PERSON", first_id=first, second_id=second, reason="by_hand", **values
        )

    this, open_one = pair(kept, merged), pair(merged, third)
    different = pair(merged, PersonFactory(), status="DIFFERENT")
    merged_into(kept, merged, office)
    for row in (this, open_one, different):
        row.refresh_from_db()
    assert (this.status, this.decided_by, open_one.status, different.status) == (
        "MERGED",
        office,
        "MERGED",
        "DIFFERENT",
    )
    new = DuplicatePair.objects.get(status="OPEN")
    assert {new.first_id, new.second_id} == {kept.pk, third.pk}


def test_moving_many_takes_as_many_queries_as_moving_few(office: User) -> None:
    def queries(certificates: int) -> int:
        kept, merged = two_people(id_number=PersonFactory.build().id_number)
        Person.objects.filter(pk=kept.pk).update(id_number=PersonFactory.build().id_number)
        furnish_person(merged, certificates)
        with CaptureQueriesContext(connection) as captured:
            merge(Person.objects.get(pk=kept.pk), merged, by=office, reason="同一人")
        Person.objects.filter(pk=kept.pk).update(id_number=f"x{kept.pk}")
        return len(captured)

    assert queries(3) == queries(300)
