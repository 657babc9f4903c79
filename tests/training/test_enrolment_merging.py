"""Duplicates that are merged while they are enrolled: rosters, bills and tasks go to the kept record, and back."""

from typing import Any

import pytest

from backoffice.core.inbox import todo
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from fees.models import Bill, PayerDefault
from registry.merging import MergeRefused, merge
from registry.unmerging import undo
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import CompanyFactory, PersonFactory, TrainingClassFactory, UserFactory, actor
from tests.registry.merge_tools import everything
from tests.training.enrolment_tools import again, refused, user_for
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db: None) -> Any:
    return UserFactory(role=Role.OFFICE)


def practice(people: list[Any]) -> Enrolment:
    """A practice enrolment of these people of one company."""
    enrolment = EnrolmentFactory(company=people[0].company, training_class=TrainingClassFactory())
    for person in people:
        EnrolmentLineFactory(
            enrolment=enrolment, person=person, certificate=None, category="SUPERVISOR", matter="PRACTICE"
        )
    return enrolment


def test_a_person_on_a_roster_takes_the_line_along_and_the_next_step_names_it(office) -> None:
    enrolment = EnrolmentFactory(people=2, at="LOCAL_REVIEW")
    line = enrolment.lines.last()
    kept, merged = PersonFactory(name=line.name, company=enrolment.company), line.person
    merge(kept, merged, by=office, reason="同一人")
    assert again(line).person == kept
    assert again(line).id_number == merged.id_number  # frozen
    sentence = refused(enrolment, "local_approve", user_for(Role.LOCAL_BODY, enrolment))
    assert str(line) in sentence
    advance(again(enrolment), "local_return", "submit")
    assert again(line).id_number == kept.id_number


def test_where_the_number_on_the_roster_is_the_one_that_stays_nothing_stands_in_the_way(office) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    line = enrolment.lines.get()
    merge(
        PersonFactory(name=line.name, company=enrolment.company), line.person, take=["id_number"], by=office,
        reason="同一人",
    )  # fmt: skip
    assert advance(again(enrolment), "local_approve").state == "AWAITING_PAYMENT"


def test_a_person_merged_into_one_of_another_company_is_named(office) -> None:
    enrolment = EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    line = enrolment.lines.get()
    merge(PersonFactory(), line.person, take=["id_number"], by=office, reason="同一人")
    sentence = refused(enrolment, "training_confirm", user_for(Role.TRAINING, enrolment))
    assert line.name in sentence


def test_undoing_the_merge_puts_the_line_back(office) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    line = enrolment.lines.get()
    merged = line.person
    done = merge(PersonFactory(name=line.name, company=enrolment.company), merged, by=office, reason="同一人")
    undo(done, by=office)
    assert again(line).person == merged
    assert advance(again(enrolment), "local_approve").state == "AWAITING_PAYMENT"


def test_two_lines_on_one_practice_roster_are_decided_by_people_first(office) -> None:
    company = CompanyFactory()
    kept, merged = PersonFactory(company=company), PersonFactory(company=company)
    enrolment = practice([kept, merged])
    before = everything()
    with pytest.raises(MergeRefused) as told:
        merge(kept, merged, by=office, reason="同一人")
    assert everything() == before
    assert merged.name in str(told.value)
    enrolment.lines.filter(person=merged).delete()
    merge(kept, merged, by=office, reason="同一人")
    assert enrolment.lines.get().person == kept


def test_a_company_takes_enrolments_bills_and_desk_along_and_back(office) -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    merged, kept = enrolment.company, CompanyFactory()
    PayerDefault.objects.create(company=merged, payer_name="户名", invoice_title="抬头")
    clerk = UserFactory(role=Role.COMPANY, company=kept)
    history = Enrolment.history.filter(id=enrolment.pk).count()
    done = merge(kept, merged, by=office, reason="重复登记")
    stored = again(enrolment)
    assert (stored.company, stored.bill.company) == (kept, kept)
    assert [task.owner for task in todo(clerk)] == [enrolment]
    assert list(visible_to(Bill, clerk)) == [stored.bill]
    newest = Enrolment.history.filter(id=enrolment.pk).latest("history_id")
    assert (newest.company_id, newest.history_user) == (kept.pk, office)
    assert Enrolment.history.filter(id=enrolment.pk).count() == history + 1

    undo(done, by=office)
    stored = again(enrolment)
    assert (stored.company, stored.bill.company) == (merged, merged)
    assert not todo(clerk).exists()
    assert advance(stored, "submit_voucher").state == "FINANCE_REVIEW"


def test_the_enrolment_goes_on_with_the_kept_company(office) -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    kept = CompanyFactory()
    merge(kept, enrolment.company, by=office, reason="重复登记")
    stored = advance(again(enrolment), "submit_voucher", "finance_approve", "training_confirm")
    assert stored.state == "CONFIRMED"
    assert EnrolmentLine.objects.get().person.company == kept


def test_steps_taken_between_a_merge_and_its_undo_stay_with_their_record(office) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    merged = enrolment.company
    done = merge(CompanyFactory(), merged, by=office, reason="重复登记")
    stored = advance(again(enrolment), "local_approve")  # the task is the kept company's
    undo(done, by=office)
    stored = again(enrolment)
    assert stored.company == stored.bill.company == merged
    assert [task.owner for task in todo(actor(stored, Role.COMPANY))] == [enrolment]


def test_a_new_employer_that_is_merged_is_the_kept_one(office) -> None:
    line = EnrolmentLineFactory(enrolment=EnrolmentFactory())
    merged, kept = CompanyFactory(), CompanyFactory()
    EnrolmentLine.objects.filter(pk=line.pk).update(new_employer=merged)
    done = merge(kept, merged, by=office, reason="重复登记")
    assert again(line).new_employer == kept
    undo(done, by=office)
    assert again(line).new_employer == merged
