"""What the steps of a personal application bring about: the member, the account, the messages, the reports."""

from typing import Any

import pytest
from django.utils import translation

from backoffice.accounts.models import User
from backoffice.core.inbox import todo
from backoffice.core.links import address_of
from backoffice.core.models import Attachment, Message, MessageTemplate, Task, TransitionLog
from backoffice.core.outbox import text_of
from backoffice.roles import Role
from registry.flows.personal_application import S
from registry.models import Company, HelpRequest, Person, PersonalApplication
from tests.factories import (
    CompanyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    UserFactory,
    actor,
    give_papers,
    take,
)
from tests.files.images import jpeg
from tests.registry.application_tools import OPINION, last_message, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english() -> None:
    translation.activate("en")


# The new member


def test_approval_creates_the_member_with_everything_the_application_says() -> None:
    application = PersonalApplicationFactory(title="工程师", at=S.APPROVED)
    person = Person.objects.get(id_number=application.id_number)
    assert application.person == person
    for field in ("name", "phone", "email", "company", "region", "education", "title"):
        assert getattr(person, field) == getattr(application, field)
    assert person.missing_fields() == []
    assert (person.gender, person.birthday.isoformat().replace("-", "")) == ("M", application.id_number[6:14])


def test_history_names_the_reviewer_who_admitted_the_member() -> None:
    application = PersonalApplicationFactory(at=S.LOCAL_REVIEW)
    reviewer = actor(application, Role.LOCAL_BODY)
    person = take(application, "local_approve").person
    (line,) = person.history.all()
    assert line.history_user == reviewer
    assert line.history_change_reason


def test_the_pictures_are_on_the_profile_and_are_the_same_stored_files() -> None:
    application = PersonalApplicationFactory()
    Attachment.of(application).delete()
    given = give_papers(application, "PHOTO", "ID_CARD", "DIPLOMA", "TITLE", content=jpeg())
    dropped = given.pop()
    Attachment.objects.filter(pk=dropped.pk).update(removed_at=dropped.uploaded_at)
    person = take(application, "submit", "company_approve", "local_approve").person
    copies = list(Attachment.of(person))
    assert [(copy.kind_id, copy.file.name, copy.sha256) for copy in copies] == [
        (paper.kind_id, paper.file.name, paper.sha256) for paper in given
    ]
    with copies[0].file.open() as stored:
        assert stored.read() == jpeg()
    assert (
        Attachment.of(application).filter(removed_at=None).count() == 3
    )  # the decision's papers stay with it


def test_the_account_waits_for_its_activation() -> None:
    application = PersonalApplicationFactory(at=S.APPROVED)
    user = User.objects.get(username=application.id_number)
    assert (user.role, user.person, user.company, user.is_manager) == (
        Role.PERSON,
        application.person,
        None,
        False,
    )
    assert not user.has_usable_password()
    assert (user.email, user.phone) == (application.email, application.phone)


def test_the_activation_goes_out_by_mail_and_text_message() -> None:
    application = PersonalApplicationFactory(at=S.LOCAL_REVIEW)
    before = last_message()
    take(application, "local_approve")
    links = Message.objects.filter(pk__gt=before, secret=True)
    assert set(links.values_list("channel", "recipient")) == {
        ("MAIL", application.email), ("SMS", application.phone),
    }  # fmt: skip


def test_the_applicants_desk_and_the_reviewers_find_it_in_their_inbox_in_turn() -> None:
    application = PersonalApplicationFactory()
    company, body = actor(application, Role.COMPANY), actor(application, Role.LOCAL_BODY)

    def waiting() -> list[bool]:
        return [todo(user).filter(object_id=application.pk).exists() for user in (company, body)]

    seen = [waiting()]
    for step in ("submit", "company_approve", "local_return", "submit", "company_approve", "local_approve"):
        application = take(application, step)
        seen.append(waiting())
    nobody, at_company, at_body = [False, False], [True, False], [False, True]
    assert seen == [nobody, at_company, at_body, nobody, at_company, at_body, nobody]


def test_reviews_are_due_in_working_days() -> None:
    application = PersonalApplicationFactory(at=S.COMPANY_REVIEW)
    assert Task.of(application).get(closed_at=None).due_on is not None


# Who is told what


@pytest.fixture
def parties() -> Any:
    """An application whose company and body can be reached, at the very beginning."""
    application = PersonalApplicationFactory()
    UserFactory(
        role=Role.COMPANY,
        company=application.company,
        is_manager=True,
        email="boss@c.example",
        phone="13600000001",
    )
    UserFactory(role=Role.COMPANY, company=application.company, email="clerk@c.example")
    UserFactory(role=Role.COMPANY, email="stranger@c.example", is_manager=True)
    UserFactory(
        role=Role.LOCAL_BODY, local_body=application.local_body, email="body@b.example", phone="13600000002"
    )
    UserFactory(role=Role.LOCAL_BODY, email="other@b.example")
    return application


APPLICANT_MAIL, APPLICANT_SMS = ("MAIL", "applicant"), ("SMS", "applicant")
COMPANY_MAIL, COMPANY_SMS = ("MAIL", "boss@c.example"), ("SMS", "13600000001")
BODY_MAIL = ("MAIL", "body@b.example")


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (("submit",), {APPLICANT_MAIL, COMPANY_MAIL, COMPANY_SMS}),
        (("submit", "company_approve"), {APPLICANT_MAIL, BODY_MAIL}),
        (("submit", "company_return"), {APPLICANT_MAIL, APPLICANT_SMS}),
        (("submit", "company_approve", "local_return"), {APPLICANT_MAIL, APPLICANT_SMS, COMPANY_MAIL}),
        (("submit", "company_approve", "local_approve"), {APPLICANT_MAIL, APPLICANT_SMS, COMPANY_MAIL}),
        (("submit", "withdraw"), {APPLICANT_MAIL, COMPANY_MAIL}),
        (("submit", "company_return", "withdraw"), {APPLICANT_MAIL}),
        (("withdraw",), {APPLICANT_MAIL}),
    ],
)
def test_each_party_is_told_at_its_step(parties: Any, way: tuple[str, ...], expected: set) -> None:
    application = take(parties, *way[:-1])
    before = last_message()
    take(application, way[-1])
    names = {application.email: "applicant", application.phone: "applicant"}
    assert {(channel, names.get(to, to)) for channel, to in told(before)} == expected


@pytest.mark.parametrize(
    "name", ["submit", "company_approve", "company_return", "local_return", "local_approve"]
)
def test_the_applicants_mail_carries_the_link(parties: Any, name: str) -> None:
    ways = {"submit": (), "company_approve": ("submit",), "company_return": ("submit",)}
    application = take(parties, *ways.get(name, ("submit", "company_approve")))
    before = last_message()
    application = take(application, name, opinion=OPINION)
    mails = Message.objects.filter(pk__gt=before, recipient=application.email, channel="MAIL")
    (body,) = (body for _subject, body in map(text_of, mails) if address_of(application) in body)
    assert (OPINION in body) == name.endswith("return")


def test_nobody_is_told_twice_by_a_refused_step(parties: Any) -> None:
    application = take(parties, "submit")
    before = last_message()
    PersonalApplication.objects.filter(pk=application.pk).update(phone="")
    with pytest.raises(Exception, match="Fill in first"):
        take(application, "company_approve")
    assert told(before) == set()


def test_a_notice_the_office_switched_off_is_not_sent(parties: Any) -> None:
    MessageTemplate.objects.update_or_create(code="personal.submit", defaults={"is_active": False})
    take(parties, "submit")
    assert told() == {COMPANY_MAIL, COMPANY_SMS}


# Members who apply again (manual ch. 4a-4)


@pytest.mark.parametrize(("way", "name"), [
    (("submit",), "company_return"), (("submit", "company_approve"), "local_return"),
])  # fmt: skip
def test_the_office_is_told_when_a_member_is_returned(way: tuple[str, ...], name: str) -> None:
    application = take(PersonalApplicationFactory(), *way)
    PersonFactory(id_number=application.id_number, name="另有其人")
    reviewer = actor(application, application.steps()[name].by[0])
    take(application, name, opinion="用户名已存在")
    report = HelpRequest.objects.get()
    assert (report.state, report.topic) == ("OPEN", HelpRequest.Topic.KNOWN_MEMBER)
    assert (report.name, report.id_number) == (application.name, application.id_number)
    assert "用户名已存在" in report.text
    assert "另有其人" not in report.text  # the applicant reads it too
    assert Task.of(report).get(closed_at=None).role == Role.OFFICE
    assert TransitionLog.of(report).get().by == reviewer
    assert Task.of(application).get(closed_at=None).role == "APPLICANT"


def test_the_office_is_told_of_a_taken_login_name_too() -> None:
    application = PersonalApplicationFactory(at=S.LOCAL_REVIEW)
    UserFactory(username=application.id_number)
    take(application, "local_return")
    assert HelpRequest.objects.count() == 1


def test_an_ordinary_return_is_not_reported() -> None:
    take(PersonalApplicationFactory(), "submit", "company_approve", "local_return")
    assert HelpRequest.objects.count() == 0


def test_each_return_of_a_member_is_reported_once() -> None:
    application = PersonalApplicationFactory(at=S.COMPANY_REVIEW)
    PersonFactory(id_number=application.id_number, name="另有其人")
    application = take(application, "company_return")
    assert HelpRequest.objects.count() == 1
    take(application, "submit", "company_return")
    assert HelpRequest.objects.count() == 2


def test_a_member_is_not_reported_by_the_application_that_made_him_one() -> None:
    application = PersonalApplicationFactory(at=S.APPROVED)
    assert application.member_with_this_id() is None
    assert not application.login_name_taken()
    assert HelpRequest.objects.count() == 0


def test_the_person_joins_the_company_of_the_application_whatever_happened_to_others() -> None:
    """A company of the same words that went into another one is never chosen."""
    CompanyFactory(merged_into=CompanyFactory())
    application = PersonalApplicationFactory(at=S.APPROVED)
    assert application.person.company == application.company
    assert Company.objects.get(pk=application.person.company_id).merged_into is None
