"""Transfers in the admin: nothing is learned by claiming, and the office sees everything it needs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.roles import Role
from registry.admin.transfers import WRONG_TRIES
from registry.models import Company, Person, Transfer
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    PersonFactory,
    TransferFactory,
    UserFactory,
    give_papers,
    id_number,
)

pytestmark = pytest.mark.django_db
ADD = "/admin/registry/transfer/add/"
LIST = "/admin/registry/transfer/"


def page(transfer: Transfer, act: str = "change", *more: str) -> str:
    return reverse(f"admin:registry_transfer_{act}", args=[transfer.pk, *more])


@pytest.fixture
def company() -> Company:
    return CompanyFactory(name="广州新东家监理有限公司")


@pytest.fixture
def client(company: Company, signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.COMPANY, company=company))


@pytest.fixture
def office(signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.OFFICE))


@pytest.fixture
def person() -> Person:
    former = CompanyFactory(name="佛山旧东家监理有限公司")
    person = PersonFactory(company=former, name="李伟强", title="高级工程师", email="li@example.org")
    CertificateFactory(person=person, number="A12400999")
    return person


def pair(person: Person, **changed: str) -> dict[str, str]:
    return {"name": person.name, "id_number": person.id_number, "remark": ""} | changed


def text(response: Any) -> str:
    return response.content.decode()


def errors(response: Any) -> list[str]:
    form = response.context["adminform"].form
    assert set(form.errors) == {"__all__"}
    return [str(error) for error in form.errors["__all__"]]


# Begin


def test_a_company_claims_somebody_by_name_and_number(
    client: Client, company: Company, person: Person
) -> None:
    response = client.post(ADD, pair(person, name=" 李伟强 ") | {"company": person.company_id}, follow=True)
    transfer = Transfer.objects.get()
    assert response.redirect_chain == [(page(transfer), 302)]
    assert (transfer.company, transfer.state, transfer.person) == (company, "DRAFT", None)
    assert len(response.context["draft"]["missing"]) == 2


def test_a_wrong_name_and_a_wrong_number_read_the_same(client: Client, person: Person) -> None:
    wrong_name = errors(client.post(ADD, pair(person, name="李伟明")))
    wrong_number = errors(client.post(ADD, pair(person, id_number=id_number(777_777))))
    assert wrong_name == wrong_number
    assert not Transfer.objects.exists()


def test_a_number_that_is_none_is_told_at_its_field(client: Client, person: Person) -> None:
    response = client.post(ADD, pair(person, id_number="440103199001011235"))
    assert list(response.context["adminform"].form.errors) == ["id_number"]


def test_the_own_person_is_told_so(client: Client, company: Company) -> None:
    own = PersonFactory(company=company)
    assert own.name in errors(client.post(ADD, pair(own)))[0]


def test_pairs_cannot_be_tried_out(client: Client, person: Person, signed_in: Any) -> None:
    for n in range(WRONG_TRIES):
        client.post(ADD, pair(person, name="李" + "一二三四五六七八九十"[n // 10] * (n % 10 + 1)))
    stopped = errors(client.post(ADD, pair(person)))
    assert stopped == errors(client.post(ADD, pair(person, name="李伟明")))
    assert not Transfer.objects.exists()
    other = signed_in(UserFactory(role=Role.COMPANY))
    assert other.post(ADD, pair(person)).status_code == 302


def test_right_pairs_and_saved_remarks_are_no_tries(client: Client, company: Company) -> None:
    for other in PersonFactory.create_batch(WRONG_TRIES + 2):
        assert client.post(ADD, pair(other)).status_code == 302
    draft = Transfer.objects.first()
    assert draft is not None
    data = {"name": draft.name, "id_number": draft.id_number, "remark": "已入职"}
    for _n in range(WRONG_TRIES + 1):
        assert client.post(page(draft), data).status_code == 302


def test_editing_a_draft_tries_nothing_out_either(client: Client, company: Company, person: Person) -> None:
    draft = TransferFactory(company=company)
    for n in range(WRONG_TRIES):
        errors(
            client.post(page(draft), pair(person, name="李" + "一二三四五六七八九十"[n // 10] * (n % 10 + 1)))
        )
    errors(client.post(page(draft), pair(person)))
    draft.refresh_from_db()
    assert draft.id_number != person.id_number


def test_a_second_claim_leads_to_the_first(client: Client, company: Company, person: Person) -> None:
    transfer = TransferFactory(of=person, company=company)
    response = client.post(ADD, pair(person), follow=True)
    assert response.redirect_chain[-1][0] == page(transfer)
    assert Transfer.objects.count() == 1


def test_a_person_whose_transfer_is_under_review_elsewhere_is_told_so(client: Client, person: Person) -> None:
    other = TransferFactory(of=person, at="OFFICE_REVIEW")
    sentence = errors(client.post(ADD, pair(person)))[0]
    assert other.company.name not in sentence
    assert person.name in sentence


@pytest.mark.parametrize("broken", [{"contact_phone": ""}, {"status": "LEFT"}])
def test_a_company_that_can_begin_nothing_reads_why(
    client: Client, company: Company, person: Person, broken: dict[str, Any]
) -> None:
    Company.objects.filter(pk=company.pk).update(**broken)
    response = client.post(ADD, pair(person))
    assert "adminform" not in response.context
    assert reverse("admin:registry_company_change", args=[company.pk]) in text(response)
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPANY])
def test_no_other_role_claims_anybody(role: Role, signed_in: Any, person: Person) -> None:
    other = signed_in(UserFactory(role=role))
    assert [other.get(ADD).status_code, other.post(ADD, pair(person)).status_code] == [403, 403]


# What the company reads


@pytest.mark.parametrize("state", ["DRAFT", "OFFICE_REVIEW", "CANCELLED"])
def test_until_the_approval_the_company_reads_only_what_it_typed(
    client: Client, company: Company, person: Person, state: str
) -> None:
    give_papers(person, "DIPLOMA")
    transfer = TransferFactory(of=person, company=company, at=state)
    secrets = ["佛山旧东家", "A12400999", "高级工程师", "li@example.org", person.phone]
    pages = [LIST, page(transfer), page(transfer, "attachments"), f"{LIST}?q=佛山旧东家", f"{LIST}?q=李"]
    pages += [page(transfer, "step", step) for step in Transfer.steps()]
    for url in pages:
        shown = text(client.get(url, follow=True))
        for secret in secrets:
            assert secret not in shown or secret in url
    assert client.get(page(transfer, "history")).status_code == 404
    assert client.get(f"{LIST}?q=佛山旧东家").context["cl"].result_count == 0


def test_after_the_approval_the_company_reads_who_came_from_where(
    client: Client, company: Company, person: Person
) -> None:
    transfer = TransferFactory(of=person, company=company, at="APPROVED")
    shown = text(client.get(page(transfer)))
    assert "佛山旧东家" in shown
    assert reverse("admin:registry_person_change", args=[person.pk]) in shown
    assert client.get(page(transfer, "history")).status_code == 200


def test_the_number_is_masked_in_the_list(client: Client, company: Company, person: Person) -> None:
    TransferFactory(of=person, company=company)
    assert person.id_number not in text(client.get(LIST))


@pytest.mark.parametrize("state", ["OFFICE_REVIEW", "APPROVED", "CANCELLED"])
def test_what_was_submitted_is_not_edited(
    client: Client, company: Company, person: Person, state: str
) -> None:
    transfer = TransferFactory(of=person, company=company, at=state)
    assert client.post(page(transfer), pair(person)).status_code == 403
    assert client.post(page(transfer, "attachments"), {"remove": "1"}).status_code in (403, 404)


def test_neither_another_company_nor_the_former_one_finds_the_transfer(
    person: Person, signed_in: Any
) -> None:
    transfer = TransferFactory(of=person, at="APPROVED")
    for company in (CompanyFactory(), transfer.from_company):
        stranger = signed_in(UserFactory(role=Role.COMPANY, company=company))
        assert list(stranger.get(LIST).context["cl"].result_list) == []
        for act in ("change", "attachments", "history"):
            assert stranger.get(page(transfer, act)).status_code == 404
        for step in Transfer.steps():
            assert stranger.post(page(transfer, "step", step)).status_code == 404


def test_the_lists_of_people_lead_to_a_claim(client: Client, office: Client) -> None:
    people = "/admin/registry/person/"
    for url in (people, f"{people}?q=李伟强"):
        assert ADD in text(client.get(url))
        assert ADD not in text(office.get(url))
    response = client.get(f"{people}?q=李伟强")
    assert str(response.context["empty_hint"]) in text(response)


# What the office reads


def test_the_office_sees_the_members_record_papers_and_other_transfers(
    office: Client, person: Person
) -> None:
    give_papers(person, "DIPLOMA")
    earlier = TransferFactory(of=person, at="CANCELLED")
    transfer = TransferFactory(of=person, at="OFFICE_REVIEW")
    for url in (page(transfer), page(transfer, "step", "approve")):
        shown = text(office.get(url))
        for wanted in (
            "佛山旧东家",
            "A12400999",
            person.id_number,
            earlier.company.name,
            transfer.company.name,
        ):
            assert wanted in shown
    keys = [panel["panel"].key for panel in office.get(page(transfer)).context["panels"]]
    assert keys == ["attachments", "certificates", "profile", "earlier", "history"]


def test_a_record_that_was_corrected_meanwhile_is_pointed_out(office: Client, person: Person) -> None:
    transfer = TransferFactory(of=person, at="OFFICE_REVIEW")
    Person.objects.filter(pk=person.pk).update(name="李伟祥")
    assert "李伟祥" in text(office.get(page(transfer, "step", "approve")))


def test_the_office_approves_on_the_decision_page(office: Client, person: Person) -> None:
    transfer = TransferFactory(of=person, at="OFFICE_REVIEW")
    office.post(page(transfer, "step", "approve"), {"opinion": "已核实"})
    person.refresh_from_db()
    assert person.company == transfer.company


def test_the_office_finds_transfers_by_name_number_and_either_company(office: Client, person: Person) -> None:
    transfer = TransferFactory(of=person, at="OFFICE_REVIEW", company=CompanyFactory(name="广州建科有限公司"))
    TransferFactory()
    for words in ("李伟强", person.id_number, "建科", "旧东家", "建科 李"):
        assert list(office.get(LIST, {"q": words}, follow=True).context["cl"].result_list) == [transfer]
    assert list(office.get(LIST, {"q": "查无此人"}).context["cl"].result_list) == []


def test_the_list_takes_the_same_queries_however_long_it_is(
    office: Client, django_assert_max_num_queries: Any
) -> None:
    TransferFactory.create_batch(12, at="OFFICE_REVIEW")
    with django_assert_max_num_queries(9):
        office.get(LIST)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.LOCAL_BODY, Role.PERSON])
def test_roles_without_a_part_in_it_see_none(role: Role, signed_in: Any) -> None:
    transfer = TransferFactory()
    other = signed_in(UserFactory(role=role))
    assert other.get(LIST).status_code == 403
    assert other.get(page(transfer)).status_code in (403, 404)
