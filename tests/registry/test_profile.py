"""The completeness of profiles: what counts, what is missing, and that each gap leads to where it is filled."""

from typing import Any

import pytest
from django.urls import reverse

from backoffice.core.admin.attachments import boxes, present
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.models import Company, Person
from registry.profile import completeness
from tests.factories import CompanyFactory, PersonFactory, UserFactory, give_papers
from tests.files.images import jpeg, png, scan_of, upload

pytestmark = pytest.mark.django_db
PICTURES = ("PHOTO", "ID_CARD", "DIPLOMA")


def missing(record: Any) -> list[str]:
    return [item.name for item in completeness(record).missing]


@pytest.mark.parametrize(
    ("fields", "pictures", "percent", "gaps"),
    [
        ({}, PICTURES, 100, []),
        ({}, (), 57, list(PICTURES)),
        ({}, ("PHOTO", "TITLE"), 71, ["ID_CARD", "DIPLOMA"]),
        ({"region": None}, PICTURES, 85, ["region"]),
        ({"phone": "", "education": ""}, ("PHOTO",), 42, ["phone", "education", "ID_CARD", "DIPLOMA"]),
        ({"company": None, "region": None, "phone": "", "education": ""}, (), 0,
         ["company", "region", "phone", "education", *PICTURES]),
    ],
)  # fmt: skip
def test_a_person_has_the_red_fields_and_three_pictures(
    fields: Any, pictures: Any, percent: int, gaps: list[str]
) -> None:
    person = PersonFactory(**fields)
    if pictures:
        give_papers(person, *pictures)
    assert (completeness(person).percent, missing(person)) == (percent, gaps)


@pytest.mark.parametrize(
    ("fields", "pictures", "percent", "gaps"),
    [
        ({}, ("LICENCE",), 100, []),
        ({}, (), 85, ["LICENCE"]),
        ({"region": None, "contact_phone": ""}, ("LICENCE",), 71, ["region", "contact_phone"]),
    ],
)
def test_a_company_has_the_required_fields_and_its_licence(
    fields: Any, pictures: Any, percent: int, gaps: list[str]
) -> None:
    company = CompanyFactory(**fields)
    if pictures:
        give_papers(company, *pictures)
    assert (completeness(company).percent, missing(company)) == (percent, gaps)


def test_only_empty_fields_stop_flows() -> None:
    assert completeness(PersonFactory(region=None)).stops_flows
    assert not completeness(PersonFactory()).stops_flows


def test_a_picture_taken_back_is_missing_again() -> None:
    person = PersonFactory()
    give_papers(person, *PICTURES)
    Attachment.of(person).filter(kind__code="PHOTO").update(removed_at="2026-01-01T00:00:00Z")
    assert missing(person) == ["PHOTO"]


def test_two_pictures_of_a_kind_count_once() -> None:
    person = PersonFactory()
    give_papers(person, "PHOTO", content=jpeg())
    give_papers(person, "PHOTO", content=jpeg(500, 500))
    assert completeness(person).percent == 71


# --- On the page -------------------------------------------------------------------------------------


@pytest.fixture
def person() -> Person:
    """Lacks the region, the company and two pictures."""
    person = PersonFactory(region=None)
    give_papers(person, *PICTURES)
    Attachment.of(person).exclude(kind__code="PHOTO").delete()
    return person


def gaps_of(page: Any) -> dict[str, str]:
    return {gap.item.name: gap.url for gap in page.context["profile_gaps"]}


@pytest.mark.parametrize("role", [Role.PERSON, Role.COMPANY, Role.OFFICE])
def test_each_gap_is_a_link_for_whoever_may_fill_it(role: Role, person: Person, signed_in: Any) -> None:
    bound: Any = {Role.PERSON: {"person": person}, Role.COMPANY: {"company": person.company}}.get(role, {})
    client = signed_in(UserFactory(role=role, **bound))
    page = client.get(reverse("admin:registry_person_change", args=[person.pk]))
    attachments = reverse("admin:registry_person_attachments", args=[person.pk])
    assert gaps_of(page) == {
        "region": "#id_region",
        "ID_CARD": f"{attachments}?kind=ID_CARD#upload",
        "DIPLOMA": f"{attachments}?kind=DIPLOMA#upload",
    }
    assert 'id="id_region"' in page.content.decode()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE, Role.TRAINING, Role.AUDITOR])
def test_readers_see_the_gaps_without_links(role: Role, person: Person, signed_in: Any) -> None:
    page = signed_in(UserFactory(role=role)).get(reverse("admin:registry_person_change", args=[person.pk]))
    assert set(gaps_of(page).values()) == {""}


def test_a_field_that_somebody_else_fills_in_is_named_without_a_link(signed_in: Any) -> None:
    person = PersonFactory(company=None)
    client = signed_in(UserFactory(role=Role.PERSON, person=person))
    page = client.get(reverse("admin:registry_person_change", args=[person.pk]))
    assert gaps_of(page)["company"] == ""


def test_a_member_does_not_read_what_the_employer_lacks(signed_in: Any) -> None:
    person = PersonFactory(company=CompanyFactory(credit_code=None))
    client = signed_in(UserFactory(role=Role.PERSON, person=person))
    page = client.get(reverse("admin:registry_company_change", args=[person.company_id]))
    assert "profile_gaps" not in page.context


def test_a_company_sees_its_own_gaps(signed_in: Any) -> None:
    company: Company = CompanyFactory(contact_phone="")
    client = signed_in(UserFactory(role=Role.COMPANY, company=company))
    page = client.get(reverse("admin:registry_company_change", args=[company.pk]))
    assert gaps_of(page)["contact_phone"] == "#id_contact_phone"


# --- The attachments page ----------------------------------------------------------------------------


def test_missing_kinds_come_first_then_the_kinds_own_order(person: Person) -> None:
    give_papers(person, "TITLE")
    user = UserFactory(role=Role.OFFICE)
    made = boxes(person, present(person, user))
    assert {box.kind.code for box in made if box.is_missing} == {"DIPLOMA", "ID_CARD"}
    assert [box.is_missing for box in made][:3] == [True, True, False]
    keys = [(box.kind.order, box.kind.code) for box in made[2:]]
    assert keys == sorted(keys)


def test_the_link_of_a_gap_chooses_the_kind(person: Person, signed_in: Any) -> None:
    client = signed_in(UserFactory(role=Role.PERSON, person=person))
    page = client.get(reverse("admin:registry_person_attachments", args=[person.pk]), {"kind": "PHOTO"})
    assert page.context["form"]["kind"].initial.code == "PHOTO"
    assert client.get(page.request["PATH_INFO"], {"kind": "\x00"}).status_code == 200


@pytest.mark.parametrize("replace", [False, True])
def test_a_new_picture_is_added_or_replaces_those_of_its_kind(replace: bool, signed_in: Any) -> None:
    person = PersonFactory()
    old, other = give_papers(person, "PHOTO", "ID_CARD")
    client = signed_in(UserFactory(role=Role.PERSON, person=person))
    data = {"kind": old.kind_id, "file": upload(scan_of("PHOTO"))} | ({"replace": "on"} if replace else {})
    client.post(reverse("admin:registry_person_attachments", args=[person.pk]), data)
    there = set(Attachment.of(person).filter(removed_at=None))
    assert (old in there, other in there, len(there)) == (not replace, True, 2 if replace else 3)


def test_a_refused_picture_replaces_nothing(signed_in: Any) -> None:
    person = PersonFactory()
    (old,) = give_papers(person, "ID_CARD")
    client = signed_in(UserFactory(role=Role.PERSON, person=person))
    data = {"kind": old.kind_id, "replace": "on", "file": upload(b"%PDF-1.7", "a.pdf")}
    page = client.post(reverse("admin:registry_person_attachments", args=[person.pk]), data)
    assert page.context["form"].errors["file"]
    assert list(Attachment.of(person).filter(removed_at=None)) == [old]


def test_replacing_a_picture_with_itself_keeps_it(signed_in: Any) -> None:
    person = PersonFactory()
    (old,) = give_papers(person, "PHOTO")
    client = signed_in(UserFactory(role=Role.PERSON, person=person))
    for _click in range(2):
        data = {"kind": old.kind_id, "replace": "on", "file": upload(png())}
        client.post(reverse("admin:registry_person_attachments", args=[person.pk]), data)
    assert Attachment.of(person).filter(removed_at=None).count() == 1


@pytest.mark.parametrize("role", [Role.PERSON, Role.COMPANY])
def test_strangers_neither_see_nor_upload(role: Role, person: Person, signed_in: Any) -> None:
    client = signed_in(UserFactory(role=role))
    address = reverse("admin:registry_person_attachments", args=[person.pk])
    assert client.get(address).status_code == 404
    assert client.post(address, {"file": upload(jpeg())}).status_code == 404
    assert client.get(reverse("admin:registry_person_change", args=[person.pk])).status_code == 404


def test_the_first_login_name_of_an_imported_company_is_its_information_officer() -> None:
    company = CompanyFactory(information_officer="")
    UserFactory(role=Role.COMPANY, company=company, username="示范监理")
    UserFactory(role=Role.COMPANY, company=company, username="示范监理二")
    company.refresh_from_db()
    assert company.information_officer == "示范监理"
    assert company.history.first().information_officer == "示范监理"
    assert "information_officer" not in company.missing_fields()
