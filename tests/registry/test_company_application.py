"""The company application's steps (specification 3.2, manual ch. 3-1): who may take which, and what stands against
it."""

import datetime
from typing import Any

import pytest
from django.utils import translation

from backoffice.core import flow
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused, available
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.roles import APPLICANT, Role
from registry.flows.company_application import S
from registry.models import Company, CompanyApplication, FormerName
from tests.factories import (
    CompanyApplicationFactory,
    CompanyFactory,
    UserFactory,
    actor,
    give_papers,
    id_number,
    take,
)
from tests.registry.application_tools import OPINION, everybody, refused

pytestmark = pytest.mark.django_db

#: The flow once more, written down independently: step -> (role, from, to).
STEPS: dict[str, tuple[str, set[str], str]] = {
    "submit": (APPLICANT, {S.DRAFT, S.RETURNED}, S.OFFICE_REVIEW),
    "approve": (Role.OFFICE, {S.OFFICE_REVIEW}, S.APPROVED),
    "office_return": (Role.OFFICE, {S.OFFICE_REVIEW}, S.RETURNED),
    "withdraw": (APPLICANT, {S.DRAFT, S.RETURNED, S.OFFICE_REVIEW}, S.WITHDRAWN),
}
ALLOWED = [(name, source) for name, (_by, sources, _to) in STEPS.items() for source in sorted(sources)]


@pytest.fixture(autouse=True)
def in_english() -> None:
    translation.activate("en")


def source_of(name: str) -> str:
    return sorted(STEPS[name][1])[0]


@pytest.mark.parametrize(("name", "source"), ALLOWED)
def test_the_right_one_takes_the_step_in_the_right_state(name: str, source: str) -> None:
    application = CompanyApplicationFactory(at=source)
    role, _sources, target = STEPS[name]
    done = perform(application, name, by=everybody(application)[role], opinion=OPINION)
    done.refresh_from_db()
    assert done.state == target
    log = TransitionLog.of(done).first()
    assert log is not None
    assert (log.step, log.source, log.target, log.role, log.opinion) == (name, source, target, role, OPINION)
    desk = done.desk()
    assert [(task.role, task.bound_id, task.state) for task in Task.of(done).filter(closed_at=None)] == (
        [(desk.role, desk.bound_id(done), target)] if desk else []
    )


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name in STEPS for role in (*Role, APPLICANT) if role != STEPS[name][0]],
)
def test_nobody_else_takes_the_step(name: str, role: str) -> None:
    application = CompanyApplicationFactory(at=source_of(name))
    by = everybody(application)[role]
    refused(application, name, by, opinion=OPINION)
    assert name not in [offer.step.name for offer in available(application, by)]


@pytest.mark.parametrize(
    ("name", "state"), [(name, state) for name in STEPS for state in S if state not in STEPS[name][1]]
)
def test_no_step_is_taken_in_another_state(name: str, state: str) -> None:
    application = CompanyApplicationFactory(at=state)
    by = everybody(application)[STEPS[name][0]]
    hidden = state == S.DRAFT and by.role != APPLICANT
    refused(application, name, by, StepRefused if hidden else AlreadyHandled, opinion=OPINION)


@pytest.mark.parametrize("role", [*Role, APPLICANT])
@pytest.mark.parametrize("state", S)
def test_what_is_offered_is_what_would_be_done(state: str, role: str) -> None:
    application = CompanyApplicationFactory(at=state)
    offers = available(application, everybody(application)[role])
    expected = [name for name, (by, sources, _to) in STEPS.items() if by == role and state in sources]
    assert [offer.step.name for offer in offers] == expected
    assert all(offer.refusals == [] for offer in offers)


@pytest.mark.parametrize("name", ["submit", "withdraw"])
def test_the_link_of_another_application_opens_nothing(name: str) -> None:
    application = CompanyApplicationFactory(at=source_of(name))
    other = Applicant(CompanyApplicationFactory())
    assert refused(application, name, other) == "This record is not yours to act on."


@pytest.mark.parametrize("opinion", ["", " \n", "\u3000"])
def test_a_return_needs_an_opinion(opinion: str) -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    assert "opinion" in refused(
        application, "office_return", actor(application, Role.OFFICE), opinion=opinion
    )


def test_every_state_is_reachable_and_only_ends_have_no_way_out() -> None:
    steps = CompanyApplication.steps().values()
    reached, frontier = {str(S.DRAFT)}, {str(S.DRAFT)}
    while frontier:
        frontier = {step.target for step in steps if frontier & set(step.sources)} - reached
        reached |= frontier
    assert reached == set(S.values)
    assert set(S.values) - set(CompanyApplication.desks) == {S.APPROVED, S.WITHDRAWN}


# Guards


def submit_refused(application: Any) -> str:
    return refused(application, "submit", Applicant(application))


def approval_refused(application: Any) -> str:
    return refused(application, "approve", actor(application, Role.OFFICE))


@pytest.mark.parametrize(
    ("field", "caption"),
    [
        ("name", "company name"), ("credit_code", "unified social credit code"), ("purpose", "purpose"),
        ("region", "region"), ("office_address", "office address"), ("contact_name", "association contact"),
        ("contact_phone", "contact phone"), ("email", "email"), ("login_name", "login name"),
    ],
)  # fmt: skip
def test_an_empty_field_is_named(field: str, caption: str) -> None:
    CompanyFactory(credit_code=None)  # an empty code must not find this one
    application = CompanyApplicationFactory()
    null = CompanyApplication._meta.get_field(field).null
    CompanyApplication.objects.filter(pk=application.pk).update(**{field: None if null else ""})
    assert submit_refused(application) == f"Fill in first: {caption}."


def test_the_licence_must_be_there() -> None:
    application = CompanyApplicationFactory(papers=False)
    assert submit_refused(application).startswith("Still to be uploaded: ")


def test_the_licence_must_still_be_there_at_the_approval() -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    Attachment.of(application).update(removed_at=datetime.datetime.now(datetime.UTC))
    assert approval_refused(application).startswith("Still to be uploaded: ")


@pytest.mark.parametrize(("purpose", "needs"), [("FORMAL", True), ("TEMPORARY", False)])
def test_a_formal_member_shows_its_qualification_as_an_upgrade_does(purpose: str, needs: bool) -> None:
    application = CompanyApplicationFactory(purpose=purpose, papers=False)
    give_papers(application, "LICENCE")
    if needs:
        assert "QUALIFICATION" in submit_refused(application)
        give_papers(application, "QUALIFICATION")
    assert take(application, "submit").state == S.OFFICE_REVIEW


@pytest.mark.parametrize("same", ["name", "credit_code", "former name"])
def test_a_member_does_not_register_again(same: str) -> None:
    application = CompanyApplicationFactory()
    if same == "former name":
        member = FormerName.objects.create(company=CompanyFactory(), name=application.name).company
    else:
        member = CompanyFactory(**{same: getattr(application, same)})
    sentence = (
        f"{application.name} is registered already (as {member}). Sign in with its login name, or ask for "
    )
    assert submit_refused(application) == sentence + "help on the sign-in page."


@pytest.mark.parametrize("same", ["name", "credit_code"])
def test_a_company_registered_during_the_review_is_not_created_twice(same: str) -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    CompanyFactory(**{same: getattr(application, same)})
    assert "is registered already" in approval_refused(application)


def test_a_merged_company_leads_to_the_one_that_is_left() -> None:
    left = CompanyFactory(name="留存监理有限公司")
    application = CompanyApplicationFactory()
    CompanyFactory(name=application.name, merged_into=CompanyFactory(merged_into=left))
    assert "(as 留存监理有限公司)" in submit_refused(application)


@pytest.mark.parametrize("same", ["name", "credit_code"])
def test_a_company_applies_once_at_a_time(same: str) -> None:
    first = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    second = CompanyApplicationFactory(**{same: getattr(first, same)})
    assert submit_refused(second) == (
        "Another application of this company is under review already; follow it by the link in its mail."
    )


@pytest.mark.parametrize("state", [S.DRAFT, S.RETURNED, S.WITHDRAWN])
def test_drafts_and_returned_and_withdrawn_applications_do_not_count(state: str) -> None:
    first = CompanyApplicationFactory(at=state)
    second = CompanyApplicationFactory(name=first.name, credit_code=first.credit_code, at=S.OFFICE_REVIEW)
    assert second.state == S.OFFICE_REVIEW


def test_a_login_name_is_somebodys_only_once() -> None:
    application = CompanyApplicationFactory(login_name="JianKe")
    UserFactory(username="jianke")
    assert submit_refused(application) == "The login name “JianKe” is taken; choose another."


def test_a_login_name_taken_during_the_review_stops_the_approval_and_can_be_corrected() -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    UserFactory(username=application.login_name)
    assert "is taken; choose another" in approval_refused(application)
    application = take(application, "office_return")
    CompanyApplication.objects.filter(pk=application.pk).update(login_name="另一个登录名")
    assert take(application, "submit", "approve").state == S.APPROVED


def test_an_id_number_stays_free_for_the_person_it_belongs_to() -> None:
    application = CompanyApplicationFactory(login_name=id_number(7))
    assert submit_refused(application).startswith("An ID number cannot be a company's login name")


# Races


def first_look_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, looks = flow.Step.refusals, []

    def look(self: flow.Step, obj: Any) -> list[str]:
        looks.append(1)
        return [] if len(looks) == 1 else real(self, obj)

    monkeypatch.setattr(flow.Step, "refusals", look)


@pytest.mark.parametrize("same", ["name", "credit_code"])
def test_a_company_created_at_the_same_moment_is_a_sentence(
    same: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    CompanyFactory(**{same: getattr(application, same)})
    first_look_sees_nothing(monkeypatch)
    assert "is registered already" in approval_refused(application)
    assert Company.objects.filter(**{same: getattr(application, same)}).count() == 1


def test_a_login_name_taken_at_the_same_moment_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    UserFactory(username=application.login_name)
    first_look_sees_nothing(monkeypatch)
    assert "is taken; choose another" in approval_refused(application)
    assert not Company.objects.filter(name=application.name).exists()


def test_two_submissions_at_the_same_moment_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    first = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    second = CompanyApplicationFactory(credit_code=first.credit_code)
    first_look_sees_nothing(monkeypatch)
    assert "is under review already" in submit_refused(second)
