"""Remarks for reviewers: members already, namesakes, ages, earlier applications; similar companies."""

import datetime
from typing import Any

import pytest
from django.utils import timezone, translation

from backoffice.roles import Role
from fixtures.names import id_check_digit
from registry.admin.application_notes import company_notes, personal_notes, telling_word
from tests.factories import (
    CompanyApplicationFactory,
    CompanyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    RegionFactory,
    actor,
    take,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english() -> None:
    translation.activate("en")


def notes(application: Any, role: Role) -> list[tuple[str, str]]:
    remarks = company_notes if role == Role.OFFICE and hasattr(application, "credit_code") else personal_notes
    return [(level, str(text)) for level, text in remarks(application, actor(application, role))]


def born(years: int, days: int = 0) -> str:
    """The ID number of somebody who is so many years and days old."""
    today = timezone.localdate()
    day = datetime.date(today.year - years, today.month, min(today.day, 28)) - datetime.timedelta(days=days)
    digits = f"440103{day:%Y%m%d}001"
    return digits + id_check_digit(digits)


def test_nothing_strange_needs_no_remark() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    assert notes(application, Role.COMPANY) == []


def test_the_office_reads_who_the_member_is_with_a_link() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    member = PersonFactory(id_number=application.id_number)
    ((level, text),) = notes(application, Role.OFFICE)
    assert level == "danger"
    assert f"/person/{member.pk}/" in text


def test_the_company_reads_of_its_own_member_but_not_who_anothers_is() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    member = PersonFactory(id_number=application.id_number, name="别家的人")
    ((level, text),) = notes(application, Role.COMPANY)
    assert (level, "transfer" in text) == ("danger", True)
    assert "别家的人" not in text
    assert "/person/" not in text
    member.company = application.company
    member.save()
    assert f"/person/{member.pk}/" in notes(application, Role.COMPANY)[0][1]


def test_the_body_reads_that_there_is_a_member_and_nothing_about_him() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    PersonFactory(id_number=application.id_number, name="别家的人")
    ((level, text),) = notes(application, Role.LOCAL_BODY)
    assert (level, text) == (
        "danger",
        "This ID number already belongs to an individual member. Return the application.",
    )


@pytest.mark.parametrize(("role", "linked"), [(Role.OFFICE, True), (Role.LOCAL_BODY, False)])
def test_a_namesake_with_the_same_phone_is_pointed_out(role: Role, linked: bool) -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    twin = PersonFactory(name=application.name, phone=application.phone)
    PersonFactory(name=application.name)
    PersonFactory(phone=application.phone)
    ((level, text),) = notes(application, role)
    assert level == "warning"
    assert (f"/person/{twin.pk}/" in text) == linked


@pytest.mark.parametrize(
    ("years", "days", "warned"),
    [(17, 0, True), (18, 0, False), (65, 0, False), (66, 40, True), (40, 0, False)],
)
def test_an_unusual_age_is_pointed_out(years: int, days: int, warned: bool) -> None:
    application = PersonalApplicationFactory(id_number=born(years, days), at="LOCAL_REVIEW")
    assert [level for level, _text in notes(application, Role.LOCAL_BODY)] == ["warning"] * warned


def test_earlier_applications_are_shown_with_their_outcome_within_the_scope() -> None:
    first = take(PersonalApplicationFactory(), "submit", "company_return", opinion="相片不清")
    elsewhere = PersonalApplicationFactory(id_number=first.id_number, name="另处", at="WITHDRAWN")
    again = PersonalApplicationFactory(
        id_number=first.id_number, company=first.company, local_body=first.local_body, at="COMPANY_REVIEW"
    )
    ((level, text),) = notes(again, Role.COMPANY)
    assert level == "info"
    assert f"/personalapplication/{first.pk}/" in text
    assert "Returned to the applicant" in text
    assert "相片不清" in text
    assert len(notes(again, Role.OFFICE)) == 2
    assert str(elsewhere.pk) in notes(again, Role.OFFICE)[0][1]


def test_names_in_remarks_are_escaped() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    PersonFactory(id_number=application.id_number, name="<b>x</b>")
    assert "<b>" not in notes(application, Role.OFFICE)[0][1]


# Companies


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("广州建科工程监理有限公司", "建科"),
        ("广东省粤鼎建设工程项目管理有限公司", "粤鼎"),
        ("佛山市顺意监理有限责任公司", "顺意"),
        ("建设监理有限公司", ""),
    ],
)
def test_the_telling_word_of_a_company(name: str, word: str) -> None:
    RegionFactory(name="广州市")
    RegionFactory(name="佛山市")
    assert telling_word(name) == word


def test_a_new_company_needs_no_remark() -> None:
    CompanyFactory(name="广东远方监理有限公司", credit_code=None, contact_phone="")
    assert (
        notes(CompanyApplicationFactory(name="广东新来监理有限公司", at="OFFICE_REVIEW"), Role.OFFICE) == []
    )


@pytest.mark.parametrize("name", ["广州市建科工程监理有限公司", "广东建柯监理有限公司"])
def test_similar_names_are_pointed_out(name: str) -> None:
    """The same telling word, or another character that sounds alike."""
    company = CompanyFactory(name=name)
    application = CompanyApplicationFactory(name="广东建科监理有限公司", at="OFFICE_REVIEW")
    RegionFactory(name="广州市")
    ((level, text),) = notes(application, Role.OFFICE)
    assert level == "warning"
    assert f"/company/{company.pk}/" in text


def test_the_same_phone_or_credit_code_is_pointed_out() -> None:
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    same_code = CompanyFactory(credit_code=application.credit_code)
    same_phone = CompanyFactory(contact_phone=application.contact_phone)
    CompanyFactory(credit_code=None, contact_phone="13500000000")
    (_danger, code), (_warning, phone) = notes(application, Role.OFFICE)
    assert f"/company/{same_code.pk}/" in code
    assert f"/company/{same_phone.pk}/" in phone


def test_earlier_applications_of_a_company_are_shown() -> None:
    first = take(CompanyApplicationFactory(), "submit", "office_return", opinion="执照不清")
    again = CompanyApplicationFactory(
        name=first.name, credit_code=first.credit_code, contact_phone="13511111111", at="OFFICE_REVIEW"
    )
    ((level, text),) = notes(again, Role.OFFICE)
    assert (level, "执照不清" in text) == ("info", True)
