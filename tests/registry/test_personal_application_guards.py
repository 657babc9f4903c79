"""What stands against a step of the personal application: guard by guard, with the sentence people read."""

import datetime
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import translation

from backoffice.core import flow
from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.flows.personal_application import S
from registry.models import Company, Person, PersonalApplication
from tests.factories import (
    CompanyFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    UserFactory,
    actor,
    take,
)
from tests.registry.application_tools import everything, refused

pytestmark = pytest.mark.django_db
TAKEN = "Another account already signs in with the ID number of"
REVIEWS = [(S.COMPANY_REVIEW, "company_approve"), (S.LOCAL_REVIEW, "local_approve")]


@pytest.fixture(autouse=True)
def in_english() -> None:
    translation.activate("en")


def approval_refused(application: Any) -> str:
    """The approval of whoever's turn it is must be refused; return the sentence."""
    name = dict(REVIEWS)[application.state]
    return refused(application, name, actor(application, application.steps()[name].by[0]))


def submit_refused(application: Any) -> str:
    return refused(application, "submit", Applicant(application))


# Fields and pictures


@pytest.mark.parametrize(
    ("field", "caption"),
    [
        ("name", "full name"), ("id_number", "ID number"), ("phone", "mobile phone"), ("email", "email"),
        ("company", "employer"), ("region", "region"), ("education", "education"), ("local_body", "reviewing body"),
    ],
)  # fmt: skip
def test_an_empty_field_is_named(field: str, caption: str) -> None:
    application = PersonalApplicationFactory()
    model_field = PersonalApplication._meta.get_field(field)
    PersonalApplication.objects.filter(pk=application.pk).update(**{field: None if model_field.null else ""})
    assert submit_refused(application) == f"Fill in first: {caption}."


def test_several_empty_fields_are_named_together() -> None:
    application = PersonalApplicationFactory(phone="", education="")
    assert submit_refused(application) == "Fill in first: mobile phone、education."


def test_the_title_is_voluntary() -> None:
    assert PersonalApplicationFactory(title="", at=S.COMPANY_REVIEW).state == S.COMPANY_REVIEW


@pytest.mark.parametrize("code", ["PHOTO", "ID_CARD", "DIPLOMA"])
def test_a_missing_picture_is_named(code: str) -> None:
    application = PersonalApplicationFactory()
    Attachment.of(application).filter(kind__code=code).update(removed_at=datetime.datetime.now(datetime.UTC))
    sentence = submit_refused(application)
    assert sentence.startswith("Still to be uploaded: ")
    assert code.lower() in sentence


@pytest.mark.parametrize(("state", "name"), REVIEWS)
def test_a_reviewer_cannot_approve_what_lost_a_field(state: str, name: str) -> None:
    application = PersonalApplicationFactory(at=state)
    PersonalApplication.objects.filter(pk=application.pk).update(education="")
    assert approval_refused(application) == "Fill in first: education."


# Members already


def test_a_member_who_applies_again_is_told_at_once() -> None:
    member = PersonFactory()
    application = PersonalApplicationFactory(id_number=member.id_number, name=member.name)
    assert submit_refused(application).startswith("You already are an individual member;")


def test_a_strangers_id_number_reveals_nothing_to_the_applicant() -> None:
    member = PersonFactory()
    application = PersonalApplicationFactory(id_number=member.id_number, name="别人", at=S.COMPANY_REVIEW)
    assert application.state == S.COMPANY_REVIEW


@pytest.mark.parametrize(("state", "name"), REVIEWS)
def test_an_id_number_that_is_a_members_cannot_be_approved(state: str, name: str) -> None:
    application = PersonalApplicationFactory(at=state)
    PersonFactory(id_number=application.id_number)
    assert approval_refused(application) == (
        f"{application.name}'s ID number already belongs to an individual member; return the application, no new "
        "one is needed."
    )


def test_a_member_merged_into_another_record_is_a_member_and_the_record_that_is_left_is_meant() -> None:
    left = PersonFactory()
    first = PersonFactory(merged_into=left)
    merged = PersonFactory(merged_into=first)
    application = PersonalApplicationFactory(id_number=merged.id_number, name="别人", at=S.COMPANY_REVIEW)
    assert application.member_with_this_id() == left
    assert "already belongs to an individual member" in approval_refused(application)


@pytest.mark.parametrize(("state", "name"), REVIEWS)
@pytest.mark.parametrize("role", [Role.OFFICE, Role.COMPANY])
def test_an_account_that_signs_in_with_the_id_number_stops_the_approval(
    state: str, name: str, role: Role
) -> None:
    application = PersonalApplicationFactory(at=state)
    UserFactory(role=role, username=application.id_number.lower())
    assert approval_refused(application).startswith(TAKEN)


# Other applications


def test_two_applications_of_one_person_are_not_reviewed_at_once() -> None:
    first = PersonalApplicationFactory(at=S.LOCAL_REVIEW)
    second = PersonalApplicationFactory(id_number=first.id_number)
    assert submit_refused(second) == (
        "Another application with this ID number is under review already; follow it by the link in its mail."
    )


@pytest.mark.parametrize("state", [S.DRAFT, S.RETURNED, S.WITHDRAWN])
def test_drafts_and_returned_and_withdrawn_applications_do_not_count(state: str) -> None:
    first = PersonalApplicationFactory(at=state)
    assert PersonalApplicationFactory(id_number=first.id_number, at=S.COMPANY_REVIEW)


def test_a_returned_application_cannot_come_back_beside_its_successor() -> None:
    first = PersonalApplicationFactory(at=S.RETURNED)
    PersonalApplicationFactory(id_number=first.id_number, at=S.COMPANY_REVIEW)
    assert "is under review already" in submit_refused(first)


# The employer and the reviewing body


@pytest.mark.parametrize(("status", "word"), [("SUSPENDED", "Suspended"), ("LEFT", "Left")])
@pytest.mark.parametrize("state", [S.DRAFT, S.RETURNED, S.COMPANY_REVIEW, S.LOCAL_REVIEW])
def test_a_company_that_is_suspended_or_left_takes_no_new_people(state: str, status: str, word: str) -> None:
    application = PersonalApplicationFactory(at=state)
    Company.objects.filter(pk=application.company_id).update(status=status)
    sentence = f"{application.company} is {word} and takes no new people; the General Office can change that."
    if state in (S.DRAFT, S.RETURNED):
        assert submit_refused(application) == sentence
        return
    assert approval_refused(application) == sentence
    # Nobody is stuck: the reviewer returns it, or the company becomes active again.
    returned = {S.COMPANY_REVIEW: "company_return", S.LOCAL_REVIEW: "local_return"}[S(state)]
    assert take(application, returned).state == S.RETURNED


def test_a_suspended_company_that_is_active_again_goes_on() -> None:
    application = PersonalApplicationFactory(at=S.COMPANY_REVIEW)
    Company.objects.filter(pk=application.company_id).update(status="SUSPENDED")
    approval_refused(application)
    Company.objects.filter(pk=application.company_id).update(status="ACTIVE")
    assert take(application, "company_approve").state == S.LOCAL_REVIEW


@pytest.mark.parametrize("state", [S.DRAFT, S.LOCAL_REVIEW])
def test_a_merged_company_is_never_the_employer(state: str) -> None:
    application = PersonalApplicationFactory(at=state)
    other = CompanyFactory()
    Company.objects.filter(pk=application.company_id).update(merged_into=other)
    sentence = submit_refused(application) if state == S.DRAFT else approval_refused(application)
    assert sentence == f"{application.company} is now part of {other}; name that company as the employer."


def test_a_body_that_was_closed_down_must_be_replaced() -> None:
    application = PersonalApplicationFactory(local_body=LocalBodyFactory(is_active=False, name_en="Old Body"))
    assert submit_refused(application) == (
        "Old Body does not review applications any more; choose another reviewing body."
    )


def test_a_body_without_an_open_class_strands_nobody() -> None:
    """There is no class at all here; the form offers bodies, the flow does not ask again."""
    application = take(PersonalApplicationFactory(), "submit", "company_approve", "local_return", "submit")
    assert take(application, "company_approve", "local_approve").state == S.APPROVED


# Races: what the guards saw is not true any more when the row is written


def seen_too_early(monkeypatch: pytest.MonkeyPatch, method: str, answer: Any) -> None:
    """The guards' first look sees nothing; the second one, after the collision, sees what is there."""
    real, looks = getattr(PersonalApplication, method), []

    def look(self: PersonalApplication) -> Any:
        looks.append(1)
        return answer if len(looks) == 1 else real(self)

    monkeypatch.setattr(PersonalApplication, method, look)


def test_a_member_created_at_the_same_moment_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    application = PersonalApplicationFactory(at=S.LOCAL_REVIEW)
    PersonFactory(id_number=application.id_number)
    seen_too_early(monkeypatch, "member_with_this_id", None)
    assert "already belongs to an individual member" in approval_refused(application)
    assert Person.objects.filter(id_number=application.id_number).count() == 1


def test_an_account_created_at_the_same_moment_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    application = PersonalApplicationFactory(at=S.LOCAL_REVIEW)
    UserFactory(username=application.id_number)
    seen_too_early(monkeypatch, "login_name_taken", False)
    assert approval_refused(application).startswith(TAKEN)
    assert not Person.objects.filter(id_number=application.id_number).exists()


def test_two_submissions_at_the_same_moment_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    first = PersonalApplicationFactory(at=S.COMPANY_REVIEW)
    second = PersonalApplicationFactory(id_number=first.id_number)
    real, looks = flow.Step.refusals, []

    def look(self: flow.Step, obj: Any) -> list[str]:
        looks.append(1)
        return [] if len(looks) == 1 else real(self, obj)

    monkeypatch.setattr(flow.Step, "refusals", look)
    assert "is under review already" in submit_refused(second)


def test_a_collision_no_guard_explains_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    application = PersonalApplicationFactory()

    def collide(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(PersonalApplication, "transition_done", collide)
    before = everything()
    with pytest.raises(IntegrityError, match="something else"):
        perform(application, "submit", by=Applicant(application))
    assert everything() == before


def test_all_reasons_are_told_at_once() -> None:
    application = PersonalApplicationFactory(phone="", papers=False)
    with pytest.raises(StepRefused) as refusal:
        perform(application, "submit", by=Applicant(application))
    assert len(str(refusal.value).splitlines()) == 2
