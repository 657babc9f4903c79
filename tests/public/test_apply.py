"""The public application forms without a script: drafts, corrections, submission, refusals (specification 3.1, 3.2)."""

import re
from typing import Any

import pytest
from django.test import Client

from backoffice.core.links import token_of
from backoffice.core.models import Attachment, AttachmentKind, Message, Task
from backoffice.core.outbox import text_of
from backoffice.public.throttle import DRAFTS
from registry.models import CompanyApplication, PersonalApplication
from tests.factories import (
    CompanyFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    RegionFactory,
    TrainingClassFactory,
    UserFactory,
    credit_code,
    id_number,
    take,
)
from tests.files.images import bad_files, jpeg, scan_of, upload

pytestmark = pytest.mark.django_db
KINDS = ("PHOTO", "ID_CARD", "DIPLOMA", "TITLE", "LICENCE", "QUALIFICATION")


@pytest.fixture(autouse=True)
def kinds() -> None:
    for code in KINDS:
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": code})


@pytest.fixture
def body() -> Any:
    body = LocalBodyFactory()
    TrainingClassFactory(local_body=body, state="OPEN", type="PRACTICE")
    return body


@pytest.fixture
def filled(body: Any) -> dict[str, Any]:
    """A complete personal application, as typed."""
    CompanyFactory(name="广东建科示范监理有限公司")
    return {
        "name": "张三", "id_number": id_number(811), "phone": "13800000000", "email": "zs@example.org",
        "employer": "广东建科示范监理有限公司", "region": RegionFactory().pk, "education": "COLLEGE", "title": "",
        "website": "", "local_body": body.pk, "submit": "1",
    }  # fmt: skip


@pytest.fixture
def company_filled() -> dict[str, Any]:
    return {
        "purpose": "FORMAL", "name": "广东新设监理有限公司", "credit_code": credit_code(812),
        "region": RegionFactory().pk, "office_address": "广州市天河区1号", "contact_name": "李四",
        "contact_phone": "13800000001",
        "email": "ls@example.org", "login_name": "新设监理", "website": "", "submit": "1",
    }  # fmt: skip


def pictures(*codes: str) -> dict[str, Any]:
    return {f"paper_{code}": upload(scan_of(code), f"{code}.jpg") for code in codes}


def errors(response: Any) -> str:
    return " ".join(re.findall(r'<li><a href="#[^"]*">(.*?)</a></li>', response.content.decode()))


def test_looking_at_the_forms_stores_nothing(english: Client, body: Any) -> None:
    for address in ("/apply/person/", "/apply/company/"):
        assert english.get(address).status_code == 200
    assert not PersonalApplication.objects.exists()
    assert not CompanyApplication.objects.exists()


def test_a_complete_application_goes_to_the_company_and_its_link_by_mail(
    english: Client, filled: dict
) -> None:
    response = english.post("/apply/person/", filled | pictures("PHOTO", "ID_CARD", "DIPLOMA"))
    application = PersonalApplication.objects.get()
    assert response["Location"] == f"/a/{token_of(application)}/"
    assert (application.state, application.company.name) == ("COMPANY_REVIEW", "广东建科示范监理有限公司")
    assert Task.of(application).get(closed_at=None).bound_id == application.company_id
    mail = Message.objects.get(recipient="zs@example.org")
    assert token_of(application) in text_of(mail)[1]
    assert "张三" in english.get(response["Location"]).content.decode()


def test_what_lacks_is_named_beside_its_field_and_what_was_typed_is_kept(
    english: Client, filled: dict
) -> None:
    response = english.post("/apply/person/", filled | {"phone": "", "id_number": "44"} | pictures("PHOTO"))
    said = errors(response)
    assert "Mobile phone: This field is required." in said
    assert "ID number" in said
    assert "ID_CARD: This picture is still missing" in said
    assert "PHOTO: " not in said
    page = response.content.decode()
    assert 'value="44"' in page
    assert 'value="张三"' in page
    draft = PersonalApplication.objects.get()
    assert (draft.state, draft.name, draft.id_number) == ("DRAFT", "张三", "44")
    assert Attachment.of(draft).get().kind.code == "PHOTO"


def test_the_draft_goes_on_under_its_link_and_keeps_its_pictures(english: Client, filled: dict) -> None:
    english.post("/apply/person/", filled | {"phone": ""} | pictures("PHOTO", "ID_CARD", "DIPLOMA"))
    draft = PersonalApplication.objects.get()
    english.post(f"/a/{token_of(draft)}/", filled)
    draft.refresh_from_db()
    assert draft.state == "COMPANY_REVIEW"
    assert PersonalApplication.objects.count() == 1


def test_saving_for_later_mails_the_link(english: Client, body: Any) -> None:
    typed = {"name": "张三", "email": "zs@example.org", "website": "", "save": "1"}
    response = english.post("/apply/person/", typed)
    draft = PersonalApplication.objects.get()
    assert response["Location"] == f"/a/{token_of(draft)}/"
    assert token_of(draft) in text_of(Message.objects.get(recipient="zs@example.org"))[1]
    assert draft.state == "DRAFT"


def test_typing_saves_a_draft_and_says_its_address(english: Client, body: Any) -> None:
    answer = english.post("/apply/person/begin/", {"name": "张", "website": ""}).json()
    draft = PersonalApplication.objects.get()
    assert answer["token"] == token_of(draft)
    english.post(
        f"/a/{answer['token']}/save/",
        {"name": "张三", "phone": "12", "email": "zs@example.org", "website": ""},
    )
    draft.refresh_from_db()
    assert (draft.name, draft.phone, draft.email) == ("张三", "12", "zs@example.org")


@pytest.mark.parametrize(
    ("typed", "found"),
    [("建科示范", True), ("示范 建科", True), ("旧名建科", True), ("GDJK", True), ("gdjk", True), ("无此公司", False),
     ("建", False)],
)  # fmt: skip
def test_employers_are_found_by_parts_former_names_and_initials(
    english: Client, typed: str, found: bool
) -> None:
    company = CompanyFactory(name="广东建科示范监理有限公司")
    company.former_names.create(name="广东旧名建科监理公司")
    CompanyFactory(name="广东建科停业监理有限公司", status="SUSPENDED")
    CompanyFactory(name="广东建科并入监理有限公司", merged_into=company)
    names = [entry["name"] for entry in english.get("/apply/employers/", {"q": typed}).json()["found"]]
    assert names == ([company.name] if found else [])


def test_an_employer_that_fits_several_is_chosen_from_a_list(english: Client, filled: dict) -> None:
    CompanyFactory(name="广东建科示范第二监理有限公司")
    papers = pictures("PHOTO", "ID_CARD", "DIPLOMA")
    response = english.post("/apply/person/", filled | papers | {"employer": "建科示范"})
    assert "Choose your employer from the list" in errors(response)
    draft = PersonalApplication.objects.get()
    english.post(f"/a/{token_of(draft)}/", filled | {"employer": "广东建科示范第二监理有限公司"})
    draft.refresh_from_db()
    assert draft.company.name == "广东建科示范第二监理有限公司"


def test_only_bodies_with_an_open_practice_class_are_offered(english: Client, body: Any) -> None:
    closed = TrainingClassFactory(state="CLOSED", type="PRACTICE").local_body
    other = TrainingClassFactory(state="OPEN", type="CONTINUING").local_body
    page = english.get("/apply/person/").content.decode()
    offered = page.partition('name="local_body"')[2].partition("</select>")[0]
    assert re.findall(r'<option value="(\d+)"', offered) == [str(body.pk)]
    assert {closed.pk, other.pk}.isdisjoint({body.pk})


def test_a_class_that_closes_meanwhile_does_not_strand_the_application(english: Client, filled: dict) -> None:
    application = PersonalApplicationFactory(at="RETURNED")  # its body has no open class
    data = filled | {
        "local_body": application.local_body_id, "employer": application.company.name,
        "id_number": application.id_number,
    }  # fmt: skip
    response = english.post(f"/a/{token_of(application)}/", data)
    assert response.status_code == 302, errors(response)
    application.refresh_from_db()
    assert application.state == "COMPANY_REVIEW"


def test_a_returned_application_shows_the_opinion_and_is_corrected_by_link(
    english: Client, filled: dict
) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    take(application, "company_return", opinion="学历证书看不清")
    page = english.get(f"/a/{token_of(application)}/").content.decode()
    assert "学历证书看不清" in page
    assert "Submit again" in page


def test_a_member_who_applies_again_is_told_at_once(english: Client, filled: dict) -> None:
    PersonFactory(name="张三", id_number=filled["id_number"])
    response = english.post("/apply/person/", filled | pictures("PHOTO", "ID_CARD", "DIPLOMA"))
    assert "You already are an individual member" in response.content.decode()


def test_of_a_strangers_id_number_nothing_is_told(english: Client, filled: dict) -> None:
    PersonFactory(name="王五", id_number=filled["id_number"])
    english.post("/apply/person/", filled | pictures("PHOTO", "ID_CARD", "DIPLOMA"))
    assert PersonalApplication.objects.get().state == "COMPANY_REVIEW"


@pytest.mark.parametrize("what", list(bad_files()))
def test_a_wrong_picture_is_named_and_nothing_else_is_lost(english: Client, filled: dict, what: str) -> None:
    name, content, _word = bad_files()[what]
    papers = pictures("PHOTO", "DIPLOMA") | {"paper_ID_CARD": upload(content, name)}
    response = english.post("/apply/person/", filled | papers)
    assert "ID_CARD:" in errors(response)
    assert Attachment.of(PersonalApplication.objects.get()).count() == 2


def test_a_second_picture_of_a_kind_replaces_the_first(english: Client, body: Any) -> None:
    token = english.post("/apply/person/begin/", {"name": "张三", "website": ""}).json()["token"]
    for size in ((400, 500), (420, 520)):
        answer = english.post(f"/a/{token}/upload/PHOTO/", {"file": upload(jpeg(*size), "x.jpg")})
        assert answer.status_code == 200, answer.json()
    application = PersonalApplication.objects.get()
    assert Attachment.of(application).filter(removed_at=None).count() == 1
    english.post(f"/a/{token}/upload/PHOTO/", {"remove": "1"})
    assert not Attachment.of(application).filter(removed_at=None).exists()


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [("id_number", "440106199001011230", "error"), ("id_number", id_number(5), "note"), ("phone", "12", "error"),
     ("credit_code", "91", "error"), ("login_name", "taken", "error"), ("login_name", "free", "note")],
)  # fmt: skip
def test_fields_are_checked_while_typing(english: Client, field: str, value: str, word: str) -> None:
    UserFactory(username="taken")
    assert word in english.post(f"/apply/check/{field}/", {"value": value}).json()


def test_a_company_applies_and_the_office_gets_the_task(english: Client, company_filled: dict) -> None:
    response = english.post("/apply/company/", company_filled | pictures("LICENCE", "QUALIFICATION"))
    application = CompanyApplication.objects.get()
    assert response["Location"] == f"/a/{token_of(application)}/"
    assert application.state == "OFFICE_REVIEW"
    assert Task.of(application).get(closed_at=None).role == "OFFICE"


def test_a_registered_company_is_sent_to_the_sign_in(english: Client, company_filled: dict) -> None:
    CompanyFactory(name=company_filled["name"])
    response = english.post("/apply/company/", company_filled | pictures("LICENCE", "QUALIFICATION"))
    assert "is registered already" in response.content.decode()
    assert CompanyApplication.objects.get().state == "DRAFT"


def test_programs_that_fill_in_the_trap_store_nothing(english: Client, filled: dict) -> None:
    english.post("/apply/person/", filled | {"website": "http://spam"})
    assert not PersonalApplication.objects.exists()


def test_too_many_drafts_from_one_address_have_to_wait(english: Client, body: Any) -> None:
    for _again in range(DRAFTS.count):
        english.post("/apply/person/begin/", {"name": "张", "website": ""})
    assert english.post("/apply/person/begin/", {"name": "张", "website": ""}).status_code == 429
