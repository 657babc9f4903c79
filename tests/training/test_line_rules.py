"""The rules of an enrolment line (specification 3.6): for each what breaks it, and that a line in order has no
problem."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from registry.models import Certificate, FormerName
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    PersonFactory,
    TrainingClassFactory,
    TransferFactory,
    give_papers,
)
from tests.training.roster_tools import codes, row_of
from training.models import Enrolment, EnrolmentLine
from training.roster import look

pytestmark = pytest.mark.django_db


def days(count: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=count)


@pytest.fixture
def enrolment() -> Enrolment:
    return EnrolmentFactory()


@pytest.fixture
def practice() -> Enrolment:
    return EnrolmentFactory(training_class=TrainingClassFactory(type="PRACTICE", category="SUPERVISOR"))


def renewal(enrolment: Enrolment, **values: Any) -> EnrolmentLine:
    return EnrolmentLineFactory(enrolment=enrolment, **values)


def member(enrolment: Enrolment, **values: Any) -> EnrolmentLine:
    """A practice line of one of the company's people."""
    papers = values.pop("papers", True)
    values.setdefault("person", PersonFactory(company=enrolment.company))
    line = EnrolmentLine(enrolment=enrolment, **{"category": "SUPERVISOR", "matter": "PRACTICE"} | values)
    line.snapshot()
    line.save()
    if papers:
        give_papers(line.person, "PHOTO", "ID_CARD", "DIPLOMA")
    return line


def change(enrolment: Enrolment, **values: Any) -> EnrolmentLine:
    """A renewal with change of employer, in order: printed is the former one, which the remark names."""
    certificate = CertificateFactory(
        person__company=enrolment.company, printed_company="佛山旧东家监理有限公司", type="SUPERVISOR"
    )
    defaults = {
        "certificate": certificate, "matter": "RENEWAL_CHANGE", "new_employer": enrolment.company,
        "change_remark": "原单位：佛山旧东家监理有限公司",
    }  # fmt: skip
    return renewal(enrolment, **defaults | values)


def upgrade(enrolment: Enrolment, **values: Any) -> EnrolmentLine:
    line = renewal(
        enrolment, **{"category": "ENGINEER", "matter": "UPGRADE", "change_remark": "员升师"} | values
    )
    return line


@pytest.mark.parametrize("make", [renewal, change, upgrade])
def test_a_line_in_order_has_no_problem(enrolment: Enrolment, make: Callable) -> None:
    assert codes(make(enrolment)) == {}


def test_a_practice_line_in_order_has_no_problem(practice: Enrolment) -> None:
    assert codes(member(practice)) == {}


@pytest.mark.parametrize("name", ["region", "phone", "education"])
def test_an_empty_red_field_stops_and_leads_to_the_profile(enrolment: Enrolment, name: str) -> None:
    line = renewal(enrolment)
    setattr(line.person, name, None if name == "region" else "")
    line.person.save()
    (problem,) = row_of(line).problems
    assert (problem.code, problem.is_error) == ("profile", True)
    assert problem.fix_url == f"/admin/registry/person/{line.person_id}/change/"
    assert line.person.name in problem.text


def test_a_stranger_s_empty_field_leads_to_the_transfer(enrolment: Enrolment) -> None:
    certificate = CertificateFactory(person__region=None)
    line = change(enrolment, certificate=certificate, change_remark=f"原单位：{certificate.printed_company}")
    (problem,) = row_of(line).problems
    assert problem.code == "profile"
    assert problem.fix_url == "/admin/registry/transfer/add/"


# -- elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["LOCAL_REVIEW", "AWAITING_PAYMENT", "CONFIRMED"])
def test_a_certificate_is_in_one_enrolment_under_way_only(enrolment: Enrolment, at: str) -> None:
    other = EnrolmentFactory(company=enrolment.company, people=1, at=at)
    line = renewal(enrolment, certificate=other.lines.get().certificate)
    (problem,) = row_of(line).problems
    assert (problem.code, problem.is_error) == ("elsewhere", True)
    assert problem.fix_url == f"/admin/training/enrolment/{other.pk}/change/"


def test_another_company_s_enrolment_is_not_named(enrolment: Enrolment) -> None:
    other = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    line = change(enrolment, certificate=other.lines.get().certificate)
    problem = next(problem for problem in row_of(line).problems if problem.code == "elsewhere")
    assert problem.fix_url == ""
    assert other.company.name not in problem.text.replace(line.certificate.printed_company, "")
    assert other.training_class.title not in problem.text


def test_a_cancelled_or_ended_enrolment_is_none(enrolment: Enrolment) -> None:
    cancelled = EnrolmentFactory(company=enrolment.company, people=1, at="CANCELLED")
    ended = EnrolmentFactory(company=enrolment.company, people=1, at="CONFIRMED")
    EnrolmentLine.objects.filter(enrolment=ended).update(state="PASSED")
    assert codes(renewal(enrolment, certificate=cancelled.lines.get().certificate)) == {}
    assert codes(renewal(enrolment, certificate=ended.lines.get().certificate)) == {}


def test_another_draft_is_said_and_stops_nothing(enrolment: Enrolment) -> None:
    other = EnrolmentFactory(company=enrolment.company, people=1)
    assert codes(renewal(enrolment, certificate=other.lines.get().certificate)) == {"draft": False}


def test_a_stranger_s_draft_is_not_told(enrolment: Enrolment) -> None:
    other = EnrolmentFactory(people=1)
    certificate = other.lines.get().certificate
    line = change(enrolment, certificate=certificate, change_remark=f"原单位：{certificate.printed_company}")
    assert codes(line) == {}


def test_two_practice_trainings_of_one_person_differ_by_type(practice: Enrolment) -> None:
    other = EnrolmentFactory(
        company=practice.company, training_class=TrainingClassFactory(type="PRACTICE", category="SAFETY")
    )
    line = member(practice)
    member(other, person=line.person, category="SAFETY")
    assert codes(line) == {}
    third = EnrolmentFactory(company=practice.company, training_class=practice.training_class)
    assert codes(member(third, person=line.person)) == {"draft": False}


def test_a_transfer_to_somebody_else_is_said_but_not_our_own(enrolment: Enrolment) -> None:
    line = renewal(enrolment)
    TransferFactory(of=line.person, at="OFFICE_REVIEW")
    assert codes(line) == {"claimed": False}
    stranger = CertificateFactory()
    TransferFactory(of=stranger.person, company=enrolment.company, at="OFFICE_REVIEW")
    own = change(enrolment, certificate=stranger, change_remark=f"原单位：{stranger.printed_company}")
    assert codes(own) == {}


# -- certificate and matter --------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["CANCELLED", "SUPERSEDED", "REPLACED"])
def test_only_a_valid_certificate_is_renewed(enrolment: Enrolment, status: str) -> None:
    line = renewal(enrolment)
    Certificate.objects.filter(pk=line.certificate_id).update(status=status)
    (problem,) = row_of(line).problems
    assert (problem.code, problem.is_error) == ("status", True)
    assert problem.fix_url == f"/help/?topic=CERTIFICATE&certificate={line.certificate.number}"


@pytest.mark.parametrize(
    ("expiry", "expected"), [(0, {}), (1, {}), (-1, {"expired": False}), (-800, {"expired": False})]
)
def test_an_expired_certificate_is_renewed_with_arrears(
    enrolment: Enrolment, expiry: int, expected: dict[str, bool]
) -> None:
    line = renewal(enrolment)
    Certificate.objects.filter(pk=line.certificate_id).update(
        issue_date=days(-1200), expiry_date=days(expiry)
    )
    assert codes(line) == expected


def test_a_continuing_line_needs_a_certificate_and_a_matter(enrolment: Enrolment) -> None:
    assert codes(member(enrolment)) == {"certificate": True}
    assert codes(renewal(enrolment, matter="PRACTICE")) == {"matter": True}


def test_the_category_is_the_certificate_s(enrolment: Enrolment) -> None:
    assert codes(renewal(enrolment, category="SAFETY")) == {"category": True}


def test_a_class_for_one_type_takes_no_other(enrolment: Enrolment) -> None:
    enrolment.training_class.category = "SAFETY"
    enrolment.training_class.save()
    assert codes(renewal(enrolment)) == {"class": True}


def test_a_differing_employer_asks_for_the_change(enrolment: Enrolment) -> None:
    certificate = change(enrolment).certificate
    EnrolmentLine.objects.all().delete()
    assert codes(renewal(enrolment, certificate=certificate)) == {"employer": True}
    assert codes(renewal(enrolment, certificate=CertificateFactory(type="SUPERVISOR"))) == {"employer": True}


def test_a_former_name_of_the_company_is_its_own(enrolment: Enrolment) -> None:
    line = renewal(enrolment)
    Certificate.objects.filter(pk=line.certificate_id).update(printed_company="广东曾用名 监理有限公司")
    assert codes(line) == {"employer": True}
    FormerName.objects.create(company=enrolment.company, name="广东曾用名 监理有限公司")
    assert codes(line) == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"new_employer": None}, {"new_employer": True}),
        ({"change_remark": ""}, {"remark": True}),
        ({"change_remark": "原单位：别的公司"}, {"remark": True}),
        ({"change_remark": "2026年由佛山旧东家监理有限公司转入"}, {}),
    ],
)  # fmt: skip
def test_a_change_names_both_employers(
    enrolment: Enrolment, values: dict[str, Any], expected: dict[str, bool]
) -> None:
    assert codes(change(enrolment, **values)) == expected


def test_the_new_employer_is_the_enrolling_company(enrolment: Enrolment) -> None:
    assert codes(change(enrolment, new_employer=CompanyFactory())) == {"new_employer": True}


def test_a_change_to_the_own_name_is_needless(enrolment: Enrolment) -> None:
    line = renewal(enrolment, matter="RENEWAL_CHANGE", new_employer=enrolment.company, change_remark="无")
    assert codes(line) == {"needless": False}


# -- upgrade -----------------------------------------------------------------------------------------


def test_only_a_supervisor_becomes_an_engineer(enrolment: Enrolment) -> None:
    certificate = CertificateFactory(
        person__company=enrolment.company, printed_company=enrolment.company.name, type="SAFETY"
    )
    assert codes(upgrade(enrolment, certificate=certificate)) == {"upgrade": True}
    assert codes(upgrade(enrolment, category="SUPERVISOR")) == {"upgrade": True}


def test_an_upgrade_needs_the_title(enrolment: Enrolment) -> None:
    line = upgrade(enrolment, papers=False)
    give_papers(line.person, "CERTIFICATE")
    (problem,) = row_of(line).problems
    assert (problem.code, problem.is_error) == ("papers", True)
    assert problem.fix_url == f"/admin/training/enrolmentline/{line.pk}/attachments/"
    give_papers(line, "TITLE")
    assert codes(line) == {}


def test_an_upgrade_is_for_own_people(enrolment: Enrolment) -> None:
    assert codes(upgrade(enrolment, certificate=CertificateFactory(type="SUPERVISOR"))) == {"employer": True}


def test_who_is_an_engineer_already_is_not_upgraded(enrolment: Enrolment) -> None:
    line = upgrade(enrolment)
    CertificateFactory(person=line.person, type="ENGINEER", status="CANCELLED")
    assert codes(line) == {}
    CertificateFactory(person=line.person, type="ENGINEER")
    assert codes(line) == {"holds": True}


@pytest.mark.parametrize(("issued", "expected"), [(-364, {"early": False}), (-366, {})])
def test_within_a_year_no_class_is_needed(
    enrolment: Enrolment, issued: int, expected: dict[str, bool]
) -> None:
    line = upgrade(enrolment)
    Certificate.objects.filter(pk=line.certificate_id).update(issue_date=days(issued))
    assert codes(line) == expected


@pytest.mark.parametrize(("today", "early"), [
    (datetime.date(2026, 3, 1), True), (datetime.date(2026, 3, 2), False), (datetime.date(2026, 3, 3), False),
])  # fmt: skip
def test_on_the_anniversary_itself_the_year_is_over(today: datetime.date, early: bool) -> None:
    """FAQ 4: within one year means before the first anniversary of the first issue, not on it."""
    enrolment = EnrolmentFactory()
    certificate = CertificateFactory(
        type="SUPERVISOR", person__company=enrolment.company, issue_date=datetime.date(2025, 3, 2),
        expiry_date=datetime.date(2028, 3, 1), printed_company=enrolment.company.name,
    )  # fmt: skip
    EnrolmentLineFactory(enrolment=enrolment, certificate=certificate, category="ENGINEER", matter="UPGRADE")
    codes = {problem.code for problem in look(enrolment, today=today).rows[0].problems}
    assert ("early" in codes) == early


# -- waiver ------------------------------------------------------------------------------------------


def pair(enrolment: Enrolment, first: str, *waived: bool) -> list[EnrolmentLine]:
    """Two lines of one person: the first type, and the safety officer's."""
    person = PersonFactory(company=enrolment.company)
    give_papers(person, "CERTIFICATE")
    return [
        renewal(
            enrolment, certificate=CertificateFactory(person=person, type=kind), is_waived=flag, papers=False
        )
        for kind, flag in zip((first, "SAFETY"), waived, strict=True)
    ]


@pytest.mark.parametrize("first", ["ENGINEER", "SUPERVISOR"])
@pytest.mark.parametrize(
    ("waived", "expected"),
    [
        ((False, True), [{}, {}]),
        ((True, False), [{}, {}]),
        ((True, True), [{"waiver": True}, {"waiver": True}]),
        ((False, False), [{}, {"waiver": True}]),
    ],
)  # fmt: skip
def test_exactly_one_of_a_pair_is_waived(
    enrolment: Enrolment, first: str, waived: tuple[bool, bool], expected: list[dict[str, bool]]
) -> None:
    assert [codes(line) for line in pair(enrolment, first, *waived)] == expected


def test_engineer_and_supervisor_are_no_pair(enrolment: Enrolment) -> None:
    person = PersonFactory(company=enrolment.company)
    give_papers(person, "CERTIFICATE")
    first, second = (
        renewal(enrolment, certificate=CertificateFactory(person=person, type=kind), papers=False)
        for kind in ("ENGINEER", "SUPERVISOR")
    )
    assert (codes(first), codes(second)) == ({}, {})
    EnrolmentLine.objects.filter(pk=second.pk).update(is_waived=True)
    assert codes(second) == {"waiver": True}


def test_a_waiver_without_its_partner_is_an_error(enrolment: Enrolment) -> None:
    assert codes(renewal(enrolment, is_waived=True)) == {"waiver": True}


def test_of_three_certificates_one_is_waived(enrolment: Enrolment) -> None:
    engineer, safety = pair(enrolment, "ENGINEER", True, False)
    third = renewal(
        enrolment, certificate=CertificateFactory(person=engineer.person, type="SUPERVISOR"), is_waived=True
    )
    assert codes(third) == {"waiver": True}
    assert codes(engineer) == {"waiver": True}
    assert codes(safety) == {}


# -- papers and practice -----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["person", "line", "enrolment"])
def test_the_scan_counts_wherever_it_is(enrolment: Enrolment, where: str) -> None:
    line = renewal(enrolment, papers=False)
    assert codes(line) == {"papers": True}
    (paper,) = give_papers(
        line.enrolment if where == "enrolment" else getattr(line, where, line), "CERTIFICATE"
    )
    assert codes(line) == {}
    paper.removed_at = timezone.now()
    paper.save()
    assert codes(line) == {"papers": True}


def test_practice_training_is_for_own_people(practice: Enrolment) -> None:
    assert codes(member(practice, person=PersonFactory())) == {"employer": True}


def test_practice_training_is_for_who_holds_none_of_the_type(practice: Enrolment) -> None:
    line = member(practice)
    CertificateFactory(person=line.person, type="SAFETY")
    CertificateFactory(person=line.person, type="SUPERVISOR", status="CANCELLED")
    assert codes(line) == {}
    CertificateFactory(person=line.person, type="SUPERVISOR")
    assert codes(line) == {"holds": True}


def test_in_a_class_of_all_types_the_line_s_own_type_counts(practice: Enrolment) -> None:
    practice.training_class.category = ""
    practice.training_class.save()
    line = member(practice, category="SAFETY")
    CertificateFactory(person=line.person, type="SUPERVISOR")
    assert codes(line) == {}
    CertificateFactory(person=line.person, type="SAFETY")
    assert codes(line) == {"holds": True}


def test_practice_needs_the_profile_s_papers_and_no_other_type(practice: Enrolment) -> None:
    assert codes(member(practice, papers=False)) == {"papers": True}
    assert codes(member(practice, category="SAFETY")) == {"class": True}
    assert "matter" in codes(renewal(practice))
