"""A merge that was undone leaves no trace but in the history; one that was built on stays, with the reason."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.merging import MergeRefused, merge
from registry.models import Certificate, DuplicatePair, Merge, Person
from registry.services import move_certificates_of
from registry.unmerging import undo
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, UserFactory
from tests.registry.merge_tools import everything, furnish_person, two_companies, two_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db: None) -> User:
    return UserFactory(role=Role.OFFICE)


def refused(done: Merge, by: User) -> str:
    before = everything()
    with pytest.raises(MergeRefused) as told:
        undo(done, by=by)
    assert everything() == before
    return str(told.value)


PERSON_FIELDS = ["id_number", "name", "phone", "email", "company", "region", "education", "title"]
COMPANY_FIELDS = ["name", "credit_code", "membership", "region", "email", "dues_from", "contact_phone"]


@pytest.mark.parametrize("take", [[], ["email"], PERSON_FIELDS])
@pytest.mark.parametrize("users", ["none", "mine", "theirs", "both"])
def test_every_row_of_two_people_is_as_it_was(office: User, take: list[str], users: str) -> None:
    kept, merged = two_people()
    for person, wanted in ((kept, ("mine", "both")), (merged, ("theirs", "both"))):
        furnish_person(person)
        if users in wanted:
            UserFactory(role=Role.PERSON, person=person, username=person.id_number)
    first, second = sorted((kept.pk, merged.pk))
    DuplicatePair.objects.create(kind="PERSON", first_id=first, second_id=second)
    third = PersonFactory()
    DuplicatePair.objects.create(kind="PERSON", first_id=second, second_id=third.pk)
    before = everything()
    done = merge(kept, merged, take=take, by=office, reason="同一人")
    assert everything() != before
    undo(done, by=office)
    assert everything() == before


@pytest.mark.parametrize("take", [[], ["region"], COMPANY_FIELDS])
def test_every_row_of_two_companies_is_as_it_was(office: User, take: list[str]) -> None:
    world = two_companies()
    before = everything()
    done = merge(world.kept, world.merged, take=take, by=office, reason="重复登记")
    assert everything() != before
    undo(done, by=office)
    assert everything() == before


def test_the_history_says_who_undid_it(office: User) -> None:
    kept, merged = two_people()
    certificate = CertificateFactory(person=merged)
    other = UserFactory(role=Role.OFFICE)
    undo(merge(kept, merged, by=office, reason="同一人"), by=other)
    for row in (kept, merged, certificate):
        entry = row.history.first()
        assert entry.history_user == other
        assert "同一人" in entry.history_change_reason
    assert Merge.objects.get().undone_by == other


def test_what_came_to_the_kept_record_since_stays_there(office: User) -> None:
    kept, merged = two_people()
    mine, theirs = CertificateFactory(person=kept), CertificateFactory(person=merged)
    done = merge(kept, merged, by=office, reason="同一人")
    new = CertificateFactory(person=Person.objects.get(pk=kept.pk))
    undo(done, by=office)
    assert set(kept.certificates.all()) == {mine, new}
    assert set(merged.certificates.all()) == {theirs}


def test_a_value_corrected_since_is_kept(office: User) -> None:
    kept, merged = two_people()
    done = merge(kept, merged, take=["email"], by=office, reason="同一人")
    kept.refresh_from_db()
    kept.email = "new@example.org"
    kept.save()
    undo(done, by=office)
    kept.refresh_from_db()
    assert kept.email == "new@example.org"


def test_a_flow_that_went_on_since_goes_back_with_its_new_task(office: User) -> None:
    world = two_companies()
    done = merge(world.kept, world.merged, by=office, reason="重复登记")
    manager = User.objects.filter(company=world.kept).first()
    perform(world.change, "cancel", by=manager)
    application = perform(world.application, "company_return", by=manager, opinion="请更正")
    undo(done, by=office)
    application.refresh_from_db()
    assert (application.company, application.state) == (world.merged, "RETURNED")


# Refusals


def test_a_merge_is_undone_once(office: User) -> None:
    kept, merged = two_people()
    done = merge(kept, merged, by=office, reason="同一人")
    undo(done, by=office)
    assert str(office) in refused(done, office)


def test_merges_are_undone_in_turn(office: User) -> None:
    first, second = two_people()
    third = PersonFactory(name="陈静")
    before = everything()
    one = merge(second, first, by=office, reason="同一人")
    other = merge(third, second, by=office, reason="同一人")
    assert third.name in refused(one, office)
    undo(other, by=office)
    undo(one, by=office)
    assert everything() == before


@pytest.mark.parametrize("what", ["certificate", "attachment", "id number", "login name", "user"])
def test_what_was_built_on_the_merge_keeps_it(office: User, what: str) -> None:
    kept, merged = two_people()
    furnish_person(merged)
    user = UserFactory(role=Role.PERSON, person=merged, username=merged.id_number)
    old_number = merged.id_number
    done = merge(kept, merged, take=["id_number"] if what == "id number" else [], by=office, reason="同一人")
    if what == "certificate":
        Certificate.objects.filter(person=kept).update(person=PersonFactory())
    elif what == "attachment":
        Attachment.of(kept).first().delete()
    elif what == "id number":
        Person.objects.filter(pk=kept.pk).update(id_number="440103196001019999")
    elif what == "login name":
        UserFactory(role=Role.COMPANY, username=old_number)
    else:
        User.objects.filter(pk=user.pk).update(username="other")
    assert refused(done, office)


def test_people_who_moved_on_since_keep_the_merge_of_their_companies(office: User) -> None:
    world = two_companies()
    done = merge(world.kept, world.merged, by=office, reason="重复登记")
    person = Person.objects.get(pk=world.people[0].pk)
    person.company = CompanyFactory()
    person.save()
    move_certificates_of(person)
    assert "1" in refused(done, office)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICE])
def test_only_the_office_undoes(role: Role, office: User, users: dict[Role, User]) -> None:
    kept, merged = two_people()
    done = merge(kept, merged, by=office, reason="同一人")
    with pytest.raises(PermissionDenied):
        undo(done, by=users[role])
    assert Merge.objects.get().undone_at is None


def test_undoing_many_takes_as_many_queries_as_undoing_few(office: User) -> None:
    def queries(certificates: int) -> int:
        kept, merged = PersonFactory(), PersonFactory()
        CertificateFactory.create_batch(certificates, person=merged, term=False)
        done: Any = merge(kept, merged, by=office, reason="同一人")
        with CaptureQueriesContext(connection) as captured:
            undo(done, by=office)
        return len(captured)

    assert queries(3) == queries(300)
