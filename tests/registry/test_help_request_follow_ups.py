"""The one-click follow-ups beside the matching records: what each does, who may, and that it is noted."""

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.models import Attachment, Message, Task
from backoffice.core.sensitive import mask_id_number
from backoffice.roles import Role
from registry import help_desk
from registry.models import Company, HelpRequest, Person, Transfer
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    HelpRequestFactory,
    PersonFactory,
    UserFactory,
    give_papers,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> SimpleNamespace:
    """A member, the company that could be the next employer, the question about both, and a user of every role."""
    person = PersonFactory(name="张三", email="zhang@example.org")
    employer = CompanyFactory(name="广东新东家工程监理有限公司")
    question = HelpRequestFactory(
        name="张三", id_number=person.id_number, company_name=employer.name, certificate_number="A12400077"
    )
    users = {role: UserFactory(role=role) for role in Role if role != Role.OFFICE}
    users[Role.OFFICE] = UserFactory(role=Role.OFFICE, name="办公室")
    return SimpleNamespace(person=person, employer=employer, question=question, users=users)


@pytest.fixture
def world(kept: SimpleNamespace) -> SimpleNamespace:
    return deepcopy(kept)


@pytest.fixture
def person(world: SimpleNamespace) -> Person:
    return world.person


@pytest.fixture
def employer(world: SimpleNamespace) -> Company:
    return world.employer


@pytest.fixture
def question(world: SimpleNamespace) -> HelpRequest:
    return world.question


@pytest.fixture
def users(world: SimpleNamespace) -> dict[Role, User]:
    return world.users


@pytest.fixture
def office(users: dict[Role, User], signed_in: Any) -> Client:
    return signed_in(users[Role.OFFICE])


def click(client: Client, question: HelpRequest, act: str, **values: Any) -> Any:
    address = reverse("admin:registry_helprequest_followup", args=[question.pk])
    return client.post(address, {"act": act, **values})


def notes(question: HelpRequest) -> list[str]:
    return [row.history_change_reason for row in help_desk.done_so_far(question)]


def page(client: Client, question: HelpRequest) -> str:
    return client.get(reverse("admin:registry_helprequest_change", args=[question.pk])).content.decode()


# --- What each does ----------------------------------------------------------------------------------


def test_the_activation_link_goes_to_the_addresses_on_record_not_to_the_askers(
    office: Client, question: HelpRequest, person: Person
) -> None:
    account = UserFactory(role=Role.PERSON, person=person, email="zhang@example.org")
    assert click(office, question, "send_activation", record=account.pk).status_code == 302
    assert [message.recipient for message in Message.objects.all()] == ["zhang@example.org"]
    (note,) = notes(question)
    assert "zhang@example.org" in note
    assert note in page(office, question)


def test_a_second_click_sends_no_second_link(office: Client, question: HelpRequest, person: Person) -> None:
    account = UserFactory(role=Role.PERSON, person=person, email="zhang@example.org")
    for _click in range(2):
        click(office, question, "send_activation", record=account.pk)
    assert Message.objects.count() == 1
    assert len(notes(question)) == 1


def test_a_user_nobody_can_write_to_gets_no_link_and_the_office_a_sentence(
    office: Client, question: HelpRequest, person: Person
) -> None:
    account = UserFactory(role=Role.PERSON, person=person)
    click(office, question, "send_activation", record=account.pk)
    assert notes(question) == []
    assert acts(office, question) >= {"hand_out_code"}
    assert "send_activation" not in acts(office, question)


def test_a_code_is_shown_once_and_kept_as_a_hash(
    office: Client, question: HelpRequest, person: Person
) -> None:
    account = UserFactory(role=Role.PERSON, person=person)
    answer = click(office, question, "hand_out_code", record=account.pk)
    account.refresh_from_db()
    code = answer.context["code"]
    assert (answer.status_code, len(code), account.code_hash != "") == (200, 9, True)
    assert len(notes(question)) == 1
    assert code not in notes(question)[0]


def test_a_member_without_a_sign_in_gets_one_once(
    office: Client, question: HelpRequest, person: Person
) -> None:
    for _click in range(2):
        click(office, question, "create_sign_in", record=person.pk)
    account = User.objects.get(person=person)
    assert (account.username, account.role) == (person.id_number, Role.PERSON)
    assert not account.has_usable_password()
    assert str(question.pk) in account.history.order_by("history_id").first().history_change_reason
    assert "zhang@example.org" in {message.recipient for message in Message.objects.all()}
    assert len(notes(question)) == 1


def test_a_transfer_is_started_at_the_new_company_with_the_askers_scans(
    office: Client, question: HelpRequest, person: Person, employer: Company
) -> None:
    give_papers(question, "ID_CARD")
    click(office, question, "start_transfer", record=person.pk, company=employer.pk)
    transfer = Transfer.objects.get()
    assert (transfer.state, transfer.company, transfer.id_number) == ("DRAFT", employer, person.id_number)
    task = Task.of(transfer).get(closed_at=None)
    assert (task.role, task.bound_id) == (Role.COMPANY, employer.pk)
    assert Attachment.of(transfer).get().kind.code == "ID_CARD"
    assert reverse("admin:registry_transfer_change", args=[transfer.pk]) in page(office, question)


@pytest.mark.parametrize("why", ["same company", "company left", "under way"])
def test_a_transfer_that_could_not_go_on_is_not_started(
    why: str, office: Client, question: HelpRequest, person: Person, employer: Company
) -> None:
    if why == "same company":
        employer = person.company  # type: ignore[assignment]
    elif why == "company left":
        Company.objects.filter(pk=employer.pk).update(status="LEFT")
    else:
        Transfer.objects.create(
            company=CompanyFactory(), name="张三", id_number=person.id_number, created_by=UserFactory()
        )
    before = Transfer.objects.count()
    click(office, question, "start_transfer", record=person.pk, company=employer.pk)
    assert Transfer.objects.count() == before
    assert notes(question) == []


@pytest.mark.parametrize("model", ["person", "certificate", "company"])
def test_a_correction_opens_the_record_with_the_reason_filled_in(
    model: str, office: Client, question: HelpRequest, person: Person
) -> None:
    record: Any = {"person": person, "certificate": None, "company": person.company}[model]
    record = record or CertificateFactory(person=person)
    answer = click(office, question, f"correct_{model}", record=record.pk)
    form = office.get(answer["Location"])
    assert form.context["adminform"].form["change_reason"].value() == help_desk.reason_of(question)
    assert len(notes(question)) == 1


def test_a_missing_certificate_is_entered_with_number_and_holder_filled_in(
    office: Client, question: HelpRequest, person: Person
) -> None:
    answer = click(office, question, "enter_certificate", record=person.pk)
    form = office.get(answer["Location"]).context["adminform"].form
    assert (form["number"].value(), str(form["person"].value())) == ("A12400077", str(person.pk))
    assert "import" in click(office, question, "import_certificates")["Location"]


# --- What is offered ---------------------------------------------------------------------------------


def acts(client: Client, question: HelpRequest) -> set[str]:
    shown = page(client, question)
    return {act for act in help_desk.ACTS if f'value="{act}"' in shown}


def test_the_page_offers_what_makes_sense(office: Client, question: HelpRequest, person: Person) -> None:
    assert acts(office, question) == {
        "create_sign_in", "correct_person", "correct_company", "start_transfer", "enter_certificate",
        "import_certificates",
    }  # fmt: skip
    UserFactory(role=Role.PERSON, person=person, username=person.id_number, email="zhang@example.org")
    CertificateFactory(person=person, number="A12400077")
    assert acts(office, question) == {
        "send_activation", "hand_out_code", "correct_person", "correct_company", "correct_certificate",
        "start_transfer",
    }  # fmt: skip


def test_a_name_alone_starts_no_transfer(office: Client, question: HelpRequest) -> None:
    HelpRequest.objects.filter(pk=question.pk).update(id_number="", certificate_number="")
    assert "start_transfer" not in acts(office, question)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_those_who_only_read_see_the_matches_without_buttons(
    role: Role, question: HelpRequest, person: Person, users: dict[Role, User], signed_in: Any
) -> None:
    client = signed_in(users[role])
    number = person.id_number if role != Role.AUDITOR else mask_id_number(person.id_number)
    assert number in page(client, question)
    assert acts(client, question) == set()


def test_an_answered_question_offers_nothing_more(office: Client, question: HelpRequest) -> None:
    perform(question, "answer", by=User.objects.get(name="办公室"), opinion="好的。")
    assert acts(office, question) == set()


# --- Who may not -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICE])
@pytest.mark.parametrize("act", help_desk.ACTS)
def test_no_other_role_follows_up(
    act: str, role: Role, question: HelpRequest, person: Person, employer: Company, users: dict[Role, User],
    signed_in: Any,
) -> None:  # fmt: skip
    account = UserFactory(role=Role.PERSON, person=person, email="zhang@example.org")
    records = {"correct_company": employer.pk, "send_activation": account.pk, "hand_out_code": account.pk}
    client = signed_in(users[role])
    answer = click(client, question, act, record=records.get(act, person.pk), company=employer.pk)
    account.refresh_from_db()
    assert answer.status_code in (302, 403, 404)
    assert (notes(question), account.code_hash) == ([], "")
    assert not Transfer.objects.exists()
    assert not Message.objects.exists()


def test_looking_at_the_address_does_nothing(office: Client, question: HelpRequest, person: Person) -> None:
    address = reverse("admin:registry_helprequest_followup", args=[question.pk])
    assert office.get(f"{address}?act=create_sign_in&record={person.pk}").status_code == 405
    assert not User.objects.filter(person=person).exists()


@pytest.mark.parametrize("record", ["", "0", "999999", "x", "9" * 30, "１"])
@pytest.mark.parametrize("act", ["send_activation", "create_sign_in", "start_transfer", "correct_person"])
def test_a_record_that_is_not_there_is_a_404(
    act: str, record: str, office: Client, question: HelpRequest
) -> None:
    assert click(office, question, act, record=record).status_code == 404
    assert notes(question) == []


def test_the_office_does_not_control_the_associations_own_users(
    office: Client, question: HelpRequest
) -> None:
    admin = UserFactory(role=Role.ADMIN, email="admin@example.org")
    for act in ("send_activation", "hand_out_code"):
        assert click(office, question, act, record=admin.pk).status_code == 403
    assert not Message.objects.exists()


@pytest.mark.parametrize("state", ["ANSWERED", "CLOSED"])
def test_a_question_that_is_not_with_the_office_is_not_followed_up(
    state: str, office: Client, person: Person
) -> None:
    question = HelpRequestFactory(state=state, id_number=person.id_number)
    click(office, question, "create_sign_in", record=person.pk)
    assert not User.objects.filter(person=person).exists()


def test_an_unsent_question_does_not_exist_for_the_office(office: Client, person: Person) -> None:
    question = HelpRequestFactory(state="DRAFT")
    assert click(office, question, "create_sign_in", record=person.pk).status_code == 404
