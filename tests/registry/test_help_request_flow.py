"""The steps of a help request: who asks, who answers, who closes, and who is told."""

from typing import Any

import pytest

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.links import Applicant
from backoffice.core.models import Message, Task
from backoffice.roles import Role
from registry.models import HelpRequest
from tests.factories import HelpRequestFactory, UserFactory

pytestmark = pytest.mark.django_db
ASKER = "the asker"
#: step -> (who may take it, from, to)
STEPS: dict[str, tuple[set[str], str, str]] = {
    "send": ({ASKER}, "DRAFT", "OPEN"),
    "answer": ({Role.OFFICE}, "OPEN", "ANSWERED"),
    "ask_again": ({ASKER}, "ANSWERED", "OPEN"),
    "close": ({ASKER, Role.OFFICE}, "ANSWERED", "CLOSED"),
}
STATES = ("DRAFT", "OPEN", "ANSWERED", "CLOSED")


def actor(who: str, request: HelpRequest) -> Any:
    return Applicant(request) if who == ASKER else UserFactory(role=who)


@pytest.mark.parametrize(("step", "who"), [(step, who) for step in STEPS for who in sorted(STEPS[step][0])])
def test_the_step_is_taken_by_whose_turn_it_is(step: str, who: str) -> None:
    request = HelpRequestFactory(state=STEPS[step][1])
    done = perform(request, step, by=actor(who, request), opinion="已处理。")
    done.refresh_from_db()
    assert done.state == STEPS[step][2]


@pytest.mark.parametrize(
    ("step", "who"), [(step, who) for step in STEPS for who in [ASKER, *Role] if who not in STEPS[step][0]]
)
def test_the_step_is_refused_to_everyone_else(step: str, who: str) -> None:
    request = HelpRequestFactory(state=STEPS[step][1])
    with pytest.raises(StepRefused):
        perform(request, step, by=actor(who, request), opinion="已处理。")
    request.refresh_from_db()
    assert request.state == STEPS[step][1]


@pytest.mark.parametrize(
    ("step", "state"), [(step, state) for step in STEPS for state in STATES if state != STEPS[step][1]]
)
def test_the_step_is_refused_in_another_state(step: str, state: str) -> None:
    request = HelpRequestFactory(state=state)
    who = next(iter(STEPS[step][0]))
    with pytest.raises(StepRefused) as refusal:
        perform(request, step, by=actor(who, request), opinion="已处理。")
    # A draft is the asker's alone: for the office it does not exist.
    assert state == "DRAFT" or type(refusal.value) is AlreadyHandled


def test_another_askers_link_opens_nothing() -> None:
    request, stranger = HelpRequestFactory(state="ANSWERED"), HelpRequestFactory(state="ANSWERED")
    with pytest.raises(StepRefused):
        perform(request, "close", by=Applicant(stranger))


@pytest.mark.parametrize("field", ["name", "topic", "text"])
def test_a_question_without_its_essentials_is_not_sent(field: str) -> None:
    request = HelpRequestFactory(state="DRAFT", **{field: ""})
    with pytest.raises(StepRefused):
        perform(request, "send", by=Applicant(request))


def test_a_question_that_no_answer_could_reach_is_not_sent() -> None:
    request = HelpRequestFactory(state="DRAFT", email="", phone="")
    with pytest.raises(StepRefused):
        perform(request, "send", by=Applicant(request))


@pytest.mark.parametrize("step", ["answer", "ask_again"])
def test_an_answer_and_a_further_question_need_words(step: str) -> None:
    who, state, _to = STEPS[step]
    request = HelpRequestFactory(state=state)
    with pytest.raises(StepRefused):
        perform(request, step, by=actor(next(iter(who)), request), opinion=" ")


def test_the_answer_goes_out_by_mail_and_text_message_and_stays_on_the_request() -> None:
    request = HelpRequestFactory(email="asker@example.org", phone="13800000001")
    perform(request, "answer", by=UserFactory(role=Role.OFFICE), opinion="登录名是身份证号码。")
    request.refresh_from_db()
    assert request.answer_text == "登录名是身份证号码。"
    sent = {(message.channel, message.recipient) for message in Message.objects.all()}
    assert sent == {("MAIL", "asker@example.org"), ("SMS", "13800000001")}
    assert all("登录名是身份证号码。" in message.body for message in Message.objects.all())


def test_the_question_waits_at_the_office_four_working_days_at_most(office: User) -> None:
    request = HelpRequestFactory(state="DRAFT")
    perform(request, "send", by=Applicant(request))
    task = Task.of(request).get(closed_at=None)
    assert (task.role, task.bound_id) == (Role.OFFICE, None)
    assert task.due_on is not None


@pytest.fixture
def office() -> User:
    return UserFactory(role=Role.OFFICE)
