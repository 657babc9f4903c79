"""Which records a help request is about: examples as people write them, with what differs marked."""

from typing import Any

import pytest
from django.utils import translation

from backoffice.roles import Role
from registry.matching import Matches, matches_of
from registry.models import FormerName, HelpRequest, Person
from tests.factories import CertificateFactory, CompanyFactory, HelpRequestFactory, PersonFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def person() -> Person:
    return PersonFactory(
        name="张三", company=CompanyFactory(name="广东华南工程监理有限公司"), phone="13800001111"
    )


def found(**asked: Any) -> Matches:
    request: HelpRequest = HelpRequestFactory.build(**{"name": "王五", "email": "", **asked})
    return matches_of(request, UserFactory(role=Role.OFFICE))


def records(matches: list[Any]) -> list[Any]:
    return [match.record for match in matches]


def differences(match: Any) -> dict[str, str]:
    return {fact.label.lower(): fact.asked for fact in match.facts if fact.asked}


def everything(matches: Matches) -> list[Any]:
    return [*matches.people, *matches.certificates, *matches.companies, *matches.users]


def test_an_id_number_finds_its_person_for_certain(person: Person) -> None:
    (match,) = found(id_number=person.id_number).people
    assert (match.record, match.certain) == (person, True)
    assert differences(match) == {"full name": "王五"}


def test_a_name_finds_everyone_who_bears_it_and_colleagues_of_the_named_company_first(person: Person) -> None:
    namesake = PersonFactory(name="张三")
    PersonFactory(name="张三丰")
    matches = found(name="张三", company_name="广东华南工程监理有限公司")
    assert records(matches.people) == [person, namesake]
    assert [match.certain for match in matches.people] == [False, False]
    assert [match.found_by for match in matches.people] == ["by name and company", "by name"]
    assert differences(matches.people[0]) == {}
    assert differences(matches.people[1]) == {"company": "广东华南工程监理有限公司"}


def test_more_people_of_one_name_than_fit_are_said_to_be_more() -> None:
    PersonFactory.create_batch(11, name="李强", company=CompanyFactory())
    matches = found(name="李强")
    assert (len(matches.people), matches.more_people) == (10, True)


def test_a_certificate_number_finds_certificate_and_holder_however_it_is_typed(person: Person) -> None:
    certificate = CertificateFactory(person=person, number="A12400077")
    matches = found(certificate_number=" ａ12400077 ", name="张三")
    assert records(matches.certificates) == [certificate]
    assert records(matches.people) == [person]
    assert matches.people[0].certain


def test_the_holder_of_a_certificate_with_another_name_is_no_certain_match(person: Person) -> None:
    certificate = CertificateFactory(person=person)
    matches = found(certificate_number=certificate.number)
    assert [match.certain for match in matches.people] == [False]
    assert differences(matches.certificates[0]) == {"holder": "王五"}


def test_the_other_certificates_of_the_id_number_are_shown_too(person: Person) -> None:
    """The asker may only know the number of a certificate that was replaced."""
    certificate = CertificateFactory(person=person)
    matches = found(id_number=person.id_number, certificate_number="Z99999999")
    assert records(matches.certificates) == [certificate]
    assert not matches.certificates[0].certain


def test_a_company_is_found_by_its_present_and_its_former_name(person: Person) -> None:
    FormerName.objects.create(company=person.company, name="广东旧名监理公司")
    matches = found(name="张三", company_name="广东旧名 监理公司")
    assert matches.company == person.company
    assert matches.companies[0].found_by == "by a former name"
    assert differences(matches.people[0]) == {}


def test_words_of_a_company_find_it_but_not_for_certain(person: Person) -> None:
    matches = found(company_name="华南监理")
    assert records(matches.companies) == [person.company]
    assert matches.company is None


def test_a_user_is_found_by_login_name_with_what_differs(person: Person) -> None:
    account = UserFactory(role=Role.PERSON, person=person, username=person.id_number, phone="13800001111")
    (match,) = found(id_number=person.id_number, phone="13900002222").users
    assert (match.record, match.certain) == (account, True)
    assert differences(match)["mobile phone"] == "13900002222"


def test_the_users_of_the_named_company_are_found_manager_first(person: Person) -> None:
    clerk = UserFactory(role=Role.COMPANY, company=person.company)
    manager = UserFactory(role=Role.COMPANY, company=person.company, is_manager=True)
    assert records(found(company_name=person.company.name).users) == [manager, clerk]


def test_where_nothing_else_is_known_the_mail_address_finds_the_user() -> None:
    account = UserFactory(role=Role.COMPANY, email="Clerk@Example.org")
    assert records(found(email="clerk@example.org").users) == [account]


def test_an_empty_question_finds_nothing(person: Person) -> None:
    matches = found(name="", email="")
    assert everything(matches) == []


@pytest.mark.parametrize("role", [Role.COMPANY, Role.PERSON, Role.LOCAL_BODY])
def test_nobody_finds_more_than_the_scope_shows(role: Role, person: Person) -> None:
    certificate = CertificateFactory(person=person)
    request = HelpRequestFactory(
        name=person.name, id_number=person.id_number, certificate_number=certificate.number,
        company_name=person.company.name,
    )  # fmt: skip
    matches = matches_of(request, UserFactory(role=role))
    assert everything(matches) == []


def test_merged_records_are_not_found(person: Person) -> None:
    PersonFactory(name="张三", merged_into=person)
    assert records(found(name="张三").people) == [person]
