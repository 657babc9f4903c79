"""Transfers (specification 3.4, FAQ 16): who may take which step, what stops it, and what comes of it."""

from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused, available
from backoffice.core.models import Attachment, Message, Task, TransitionLog
from backoffice.core.scoping import can_see
from backoffice.core.working_days import add_working_days
from backoffice.roles import Role
from registry.membership import transfer_person
from registry.models import Company, Person, Transfer
from registry.services import city_of
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    PersonFactory,
    TransferFactory,
    UserFactory,
    actor,
    give_papers,
    take,
)

pytestmark = pytest.mark.django_db

#: The flow once more, written down independently: step -> (role, from, to).
STEPS = {
    "submit": (Role.COMPANY, "DRAFT", "OFFICE_REVIEW"),
    "approve": (Role.OFFICE, "OFFICE_REVIEW", "APPROVED"),
    "office_return": (Role.OFFICE, "OFFICE_REVIEW", "DRAFT"),
    "cancel": (Role.COMPANY, "DRAFT", "CANCELLED"),
}
STATES = ("DRAFT", "OFFICE_REVIEW", "APPROVED", "CANCELLED")


def user_of(role: Role, transfer: Transfer) -> User:
    return actor(transfer, Role.COMPANY) if role == Role.COMPANY else UserFactory(role=role)


def refused(transfer: Transfer, step: str, by: User, kind: type[StepRefused] = StepRefused) -> str:
    logs, messages = TransitionLog.objects.count(), Message.objects.count()
    with pytest.raises(kind) as refusal:
        perform(transfer, step, by=by, opinion="请更正")
    assert type(refusal.value) is kind
    assert (TransitionLog.objects.count(), Message.objects.count()) == (logs, messages)
    return str(refusal.value)


def companys_refusal(transfer: Transfer) -> str:
    return refused(transfer, "submit", actor(transfer, Role.COMPANY))


def offices_refusal(transfer: Transfer) -> str:
    return refused(transfer, "approve", UserFactory(role=Role.OFFICE))


# Steps


@pytest.mark.parametrize("step", STEPS)
def test_the_right_role_takes_the_step(step: str) -> None:
    role, source, target = STEPS[step]
    transfer = TransferFactory(at=source)
    perform(transfer, step, by=user_of(role, transfer), opinion="请更正")
    transfer.refresh_from_db()
    assert transfer.state == target


@pytest.mark.parametrize(("step", "role"), [(s, r) for s in STEPS for r in Role if r != STEPS[s][0]])
def test_no_other_role_takes_the_step(step: str, role: Role) -> None:
    transfer = TransferFactory(at=STEPS[step][1])
    refused(transfer, step, user_of(role, transfer))
    assert step not in [offer.step.name for offer in available(transfer, user_of(role, transfer))]


@pytest.mark.parametrize(("step", "state"), [(s, q) for s in STEPS for q in STATES if q != STEPS[s][1]])
def test_no_step_is_taken_in_another_state(step: str, state: str) -> None:
    transfer = TransferFactory(at=state)
    refused(transfer, step, user_of(STEPS[step][0], transfer), AlreadyHandled)


@pytest.mark.parametrize("step", ["submit", "cancel"])
def test_neither_another_company_nor_the_former_one_can_act(step: str) -> None:
    transfer = TransferFactory(of=(person := PersonFactory()))
    for company in (CompanyFactory(), person.company):
        stranger = UserFactory(role=Role.COMPANY, company=company)
        assert refused(transfer, step, stranger) == gettext("This record is not yours to act on.")


def test_the_office_has_four_working_days() -> None:
    task = Task.of(TransferFactory(at="OFFICE_REVIEW")).get(closed_at=None)
    assert (task.role, task.due_on) == (Role.OFFICE, add_working_days(timezone.localdate(), 4))


def test_a_return_forgets_whom_the_transfer_was_submitted_for() -> None:
    transfer = take(TransferFactory(at="OFFICE_REVIEW"), "office_return")
    assert (transfer.state, transfer.person, transfer.from_company) == ("DRAFT", None, None)


# Guards


def test_a_wrong_name_and_a_wrong_number_get_the_same_sentence() -> None:
    person = PersonFactory(name="李伟强")
    wrong_name = companys_refusal(TransferFactory(name="李伟明", id_number=person.id_number))
    wrong_number = companys_refusal(TransferFactory(name="李伟强"))
    assert wrong_name == wrong_number


def test_the_companys_own_person_is_not_claimed() -> None:
    person = PersonFactory()
    assert person.name in companys_refusal(TransferFactory(of=person, company=person.company))


def test_a_record_that_was_merged_away_leads_to_the_one_that_is_left() -> None:
    transfer = TransferFactory(of=(person := PersonFactory()))
    kept = PersonFactory()
    Person.objects.filter(pk=person.pk).update(merged_into=kept)
    assert take(transfer, "submit").from_company == kept.company


def test_one_transfer_of_a_person_is_under_review_at_a_time() -> None:
    person = PersonFactory()
    TransferFactory(of=person, at="OFFICE_REVIEW")
    assert person.name in companys_refusal(TransferFactory(of=person))


@pytest.mark.parametrize(("papers", "enough"), [
    ((), False), (("ID_CARD",), False), (("JOINING",), False), (("ID_CARD", "JOINING"), True),
    (("ID_CARD", "LEAVING"), True),
])  # fmt: skip
def test_the_id_scan_and_one_of_two_proofs_are_needed(papers: tuple[str, ...], enough: bool) -> None:
    transfer = TransferFactory(papers=False)
    if papers:
        give_papers(transfer, *papers)
    if enough:
        assert take(transfer, "submit").state == "OFFICE_REVIEW"
    else:
        assert companys_refusal(transfer)


@pytest.mark.parametrize("broken", [{"region": None}, {"contact_phone": ""}, {"status": "LEFT"}])
def test_an_incomplete_or_inactive_company_claims_nobody(broken: dict[str, Any]) -> None:
    transfer = TransferFactory()
    Company.objects.filter(pk=transfer.company_id).update(**broken)
    assert transfer.company.name in companys_refusal(transfer)


def test_somebody_who_went_elsewhere_during_the_review_is_not_moved() -> None:
    transfer, elsewhere = TransferFactory(at="OFFICE_REVIEW"), CompanyFactory()
    Person.objects.filter(pk=transfer.person_id).update(company=elsewhere)
    sentence = offices_refusal(transfer)
    assert elsewhere.name in sentence
    assert transfer.from_company.name in sentence


def test_somebody_who_came_by_another_way_during_the_review_is_told() -> None:
    transfer = TransferFactory(at="OFFICE_REVIEW")
    Person.objects.filter(pk=transfer.person_id).update(company=transfer.company)
    assert transfer.company.name in offices_refusal(transfer)


@pytest.mark.parametrize("happened", ["suspended", "merged"])
def test_a_company_that_is_no_more_gets_nobody(happened: str) -> None:
    transfer = TransferFactory(at="OFFICE_REVIEW")
    changed = {"status": "SUSPENDED"} if happened == "suspended" else {"merged_into": CompanyFactory()}
    Company.objects.filter(pk=transfer.company_id).update(**changed)
    assert transfer.company.name in offices_refusal(transfer)


def test_a_merge_of_duplicates_during_the_review_leads_to_the_record_that_is_left() -> None:
    transfer = TransferFactory(at="OFFICE_REVIEW")
    kept = PersonFactory(company=transfer.from_company)
    Person.objects.filter(pk=transfer.person_id).update(merged_into=kept)
    transfer = take(transfer, "approve")
    kept.refresh_from_db()
    assert (transfer.person, kept.company) == (kept, transfer.company)


# What an approval does


@pytest.fixture
def moved() -> Transfer:
    former = CompanyFactory(name="佛山旧东家监理有限公司", email="former@example.org")
    person = PersonFactory(company=former, name="李伟强", email="person@example.org", phone="")
    CertificateFactory(person=person)
    company = CompanyFactory(name="广州新东家监理有限公司", email="new@example.org")
    return TransferFactory(of=person, company=company, at="APPROVED")


def test_the_person_belongs_to_the_new_company(moved: Transfer) -> None:
    person = Person.objects.get(pk=moved.person_id)
    assert person.company == moved.company
    latest = person.history.first()
    assert (latest.history_user.role, bool(latest.history_change_reason)) == (Role.OFFICE, True)


def test_the_certificates_follow_and_keep_what_is_printed(moved: Transfer) -> None:
    certificate = moved.person.certificates.get()
    assert (certificate.company, certificate.region) == (moved.company, city_of(moved.company.region))
    assert certificate.printed_company == "佛山旧东家监理有限公司"


def test_the_new_company_sees_the_person_and_the_former_one_no_longer(moved: Transfer) -> None:
    new, old = (UserFactory(role=Role.COMPANY, company=c) for c in (moved.company, moved.from_company))
    for record in (moved.person, moved.person.certificates.get()):
        assert (can_see(record, new), can_see(record, old)) == (True, False)


def test_the_papers_are_kept_on_the_person(moved: Transfer) -> None:
    kinds = Attachment.of(moved.person).values_list("kind__code", flat=True)
    assert sorted(kinds) == ["ID_CARD", "JOINING"]


def test_both_companies_and_the_person_are_told(moved: Transfer) -> None:
    told = list(Message.objects.filter(channel="MAIL").order_by("id").values_list("recipient", flat=True))
    assert told[0] == "former@example.org"  # at the submit, so that it can object
    assert sorted(told[1:]) == ["former@example.org", "new@example.org", "person@example.org"]


def test_a_return_is_told_to_the_new_company_without_a_word_on_the_former_one() -> None:
    transfer = TransferFactory(at="OFFICE_REVIEW", company=CompanyFactory(email="new@example.org"))
    former = transfer.from_company.name
    Message.objects.all().delete()
    take(transfer, "office_return", opinion="证明不清晰")
    message = Message.objects.get()
    assert message.recipient == "new@example.org"
    assert "证明不清晰" in message.body
    assert former not in message.subject + message.body


def test_somebody_without_a_company_can_be_claimed() -> None:
    person = PersonFactory(company=None)
    transfer = TransferFactory(of=person, at="APPROVED")
    person.refresh_from_db()
    assert person.company == transfer.company


def test_where_the_person_is_is_asked_again_once_the_person_is_locked() -> None:
    """The guards may have seen another truth a moment ago: an import moved the person meanwhile."""
    transfer = TransferFactory(at="OFFICE_REVIEW")
    person = transfer.person
    person.company = CompanyFactory()
    person.save()
    with pytest.raises(StepRefused):
        transfer_person(transfer, UserFactory(role=Role.OFFICE))
    person.refresh_from_db()
    assert person.company != transfer.company
