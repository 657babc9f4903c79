"""The personal application's steps (specification 3.1, manual ch. 2 and 4a): who may take which, from where to
where."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused, available
from backoffice.core.links import Applicant
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import APPLICANT, Role
from registry.flows.personal_application import S
from registry.models import PersonalApplication
from tests.factories import PersonalApplicationFactory, UserFactory, take
from tests.registry.application_tools import OPINION, everybody, refused

pytestmark = pytest.mark.django_db

#: The flow once more, written down independently: step -> (role, from, to).
STEPS: dict[str, tuple[str, set[str], str]] = {
    "submit": (APPLICANT, {S.DRAFT, S.RETURNED}, S.COMPANY_REVIEW),
    "company_approve": (Role.COMPANY, {S.COMPANY_REVIEW}, S.LOCAL_REVIEW),
    "company_return": (Role.COMPANY, {S.COMPANY_REVIEW}, S.RETURNED),
    "local_approve": (Role.LOCAL_BODY, {S.LOCAL_REVIEW}, S.APPROVED),
    "local_return": (Role.LOCAL_BODY, {S.LOCAL_REVIEW}, S.RETURNED),
    "withdraw": (APPLICANT, {S.DRAFT, S.RETURNED, S.COMPANY_REVIEW, S.LOCAL_REVIEW}, S.WITHDRAWN),
}
ALLOWED = [(name, source) for name, (_by, sources, _to) in STEPS.items() for source in sorted(sources)]
RETURNS = ["company_return", "local_return"]


@pytest.fixture(autouse=True)
def in_english() -> None:
    translation.activate("en")


@pytest.fixture(scope="module")
def in_every_state(kept_for_file: Path) -> dict[str, tuple[PersonalApplication, dict[str, Any]]]:
    """An application in each state, and one actor of every role for it."""
    translation.activate("en")
    applications = {str(state): PersonalApplicationFactory(at=state) for state in S}
    return {state: (application, everybody(application)) for state, application in applications.items()}


@pytest.fixture
def at(in_every_state: dict[str, tuple[PersonalApplication, dict[str, Any]]]) -> Callable[[str], Any]:
    """`at(state)` is the application in that state and its actors."""
    return lambda state: deepcopy(in_every_state[str(state)])


def source_of(name: str) -> str:
    return sorted(STEPS[name][1])[0]


@pytest.mark.parametrize(("name", "source"), ALLOWED)
def test_the_right_one_takes_the_step_in_the_right_state(name: str, source: str, at: Any) -> None:
    application, actors = at(source)
    role, _sources, target = STEPS[name]
    done = perform(application, name, by=actors[role], opinion=OPINION)
    done.refresh_from_db()
    assert done.state == target
    log = TransitionLog.of(done).first()
    assert log is not None
    assert (log.step, log.source, log.target, log.role, log.opinion) == (name, source, target, role, OPINION)
    open_tasks = Task.of(done).filter(closed_at=None)
    desk = done.desk()
    assert [(task.role, task.bound_id, task.state) for task in open_tasks] == (
        [(desk.role, desk.bound_id(done), target)] if desk else []
    )


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name in STEPS for role in (*Role, APPLICANT) if role != STEPS[name][0]],
)
def test_nobody_else_takes_the_step(name: str, role: str, at: Any) -> None:
    application, actors = at(source_of(name))
    by = actors[role]
    refused(application, name, by, opinion=OPINION)
    assert name not in [offer.step.name for offer in available(application, by)]


@pytest.mark.parametrize(
    ("name", "state"), [(name, state) for name in STEPS for state in S if state not in STEPS[name][1]]
)
def test_no_step_is_taken_in_another_state(name: str, state: str, at: Any) -> None:
    application, actors = at(state)
    by = actors[STEPS[name][0]]
    # A draft is the applicant's alone: for the reviewers there is no such record yet.
    hidden = state == S.DRAFT and by.role != APPLICANT
    refused(application, name, by, StepRefused if hidden else AlreadyHandled, opinion=OPINION)


@pytest.mark.parametrize("role", [*Role, APPLICANT])
@pytest.mark.parametrize("state", S)
def test_what_is_offered_is_what_would_be_done(state: str, role: str, at: Any) -> None:
    application, actors = at(state)
    offers = available(application, actors[role])
    expected = [name for name, (by, sources, _to) in STEPS.items() if by == role and state in sources]
    assert [offer.step.name for offer in offers] == expected
    assert all(offer.refusals == [] for offer in offers)


# Out of scope


@pytest.mark.parametrize("name", [name for name in STEPS if STEPS[name][0] != APPLICANT])
def test_another_company_or_body_cannot_act(name: str, at: Any) -> None:
    application, _actors = at(source_of(name))
    stranger = UserFactory(role=STEPS[name][0])
    assert refused(application, name, stranger, opinion=OPINION) == "This record is not yours to act on."
    assert available(application, stranger) == []


@pytest.mark.parametrize("name", ["submit", "withdraw"])
def test_the_link_of_another_application_opens_nothing(name: str) -> None:
    application = PersonalApplicationFactory(at=source_of(name))
    other = Applicant(PersonalApplicationFactory())
    assert refused(application, name, other) == "This record is not yours to act on."


def test_the_body_reads_along_while_the_company_reviews_but_has_nothing_to_do() -> None:
    application = PersonalApplicationFactory(at=S.COMPANY_REVIEW)
    body = everybody(application)[Role.LOCAL_BODY]
    assert available(application, body) == []
    refused(application, "local_approve", body, AlreadyHandled)


# Opinions and returns


@pytest.mark.parametrize("name", RETURNS)
@pytest.mark.parametrize("opinion", ["", " \n", "\u3000"])
def test_a_return_needs_an_opinion(name: str, opinion: str, at: Any) -> None:
    application, actors = at(source_of(name))
    sentence = refused(application, name, actors[STEPS[name][0]], opinion=opinion)
    assert "opinion" in sentence


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        (("submit",), ("PENDING", "", "PENDING", "")),
        (("submit", "company_return"), ("RETURNED", OPINION, "PENDING", "")),
        (("submit", "company_approve"), ("PASSED", OPINION, "PENDING", "")),
        (("submit", "company_approve", "local_return"), ("PASSED", OPINION, "RETURNED", OPINION)),
        (("submit", "company_approve", "local_approve"), ("PASSED", OPINION, "PASSED", OPINION)),
        (("submit", "company_approve", "local_return", "submit"), ("PENDING", "", "PENDING", "")),
    ],
)
def test_the_company_sees_what_both_reviewers_said(ways: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Manual ch. 4a-2. A new submission begins both reviews anew; the trail keeps what was said before."""
    application = take(PersonalApplicationFactory(), *ways, opinion=OPINION)
    application.refresh_from_db()
    shown = (
        application.company_review, application.company_opinion, application.local_review, application.local_opinion,
    )  # fmt: skip
    assert shown == expected
    latest = application.history.first()
    assert (latest.company_opinion, latest.local_opinion) == (expected[1], expected[3])


def test_a_returned_application_is_corrected_and_goes_the_whole_way_again() -> None:
    application = take(PersonalApplicationFactory(), "submit", "company_approve", "local_return")
    PersonalApplication.objects.filter(pk=application.pk).update(title="高级工程师")
    application = take(application, "submit", "company_approve", "local_approve")
    assert application.state == S.APPROVED
    assert application.person.title == "高级工程师"
    steps = [log.step for log in TransitionLog.of(application).order_by("id")]
    assert steps == [
        "start", "submit", "company_approve", "local_return", "submit", "company_approve", "local_approve",
    ]  # fmt: skip


@pytest.mark.parametrize("state", [S.DRAFT, S.RETURNED, S.COMPANY_REVIEW, S.LOCAL_REVIEW])
def test_a_withdrawn_application_is_over_and_another_may_be_begun(state: str) -> None:
    application = take(PersonalApplicationFactory(at=state), "withdraw")
    assert application.is_closed()
    assert not Task.of(application).filter(closed_at=None).exists()
    again = PersonalApplicationFactory(id_number=application.id_number, at=S.COMPANY_REVIEW)
    assert again.state == S.COMPANY_REVIEW


def test_the_second_click_is_told_who_was_faster() -> None:
    application = PersonalApplicationFactory(at=S.COMPANY_REVIEW)
    users = everybody(application)
    perform(application, "company_approve", by=users[Role.COMPANY])
    sentence = refused(application, "company_approve", users[Role.COMPANY], AlreadyHandled)
    assert users[Role.COMPANY].name in sentence


def test_every_state_is_reachable_and_only_ends_have_no_way_out() -> None:
    steps = PersonalApplication.steps().values()
    reached, frontier = {str(S.DRAFT)}, {str(S.DRAFT)}
    while frontier:
        frontier = {step.target for step in steps if frontier & set(step.sources)} - reached
        reached |= frontier
    assert reached == set(S.values)
    assert set(S.values) - set(PersonalApplication.desks) == {S.APPROVED, S.WITHDRAWN}
