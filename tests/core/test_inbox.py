"""待办, 已办 and 流程追踪 (manual ch. 5): who finds which task, in which order."""

import datetime

import pytest
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.inbox import done, todo, trail
from backoffice.core.models import Task
from backoffice.roles import Role
from tests.factories import LocalBodyFactory, PaperFactory, UserFactory
from tests.flowapp.models import Paper, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper() -> Paper:
    return PaperFactory()


@pytest.fixture
def clerk(paper: Paper) -> User:
    return UserFactory(role=Role.COMPANY, company=paper.company)


@pytest.fixture
def reviewer(paper: Paper) -> User:
    return UserFactory(role=Role.LOCAL_BODY, local_body=paper.local_body)


@pytest.fixture
def office() -> User:
    return UserFactory(role=Role.OFFICE)


def papers(tasks: object) -> list[Paper]:
    return [task.owner for task in tasks]  # type: ignore[attr-defined]


def test_a_paper_waits_at_one_desk_after_the_other(
    paper: Paper, clerk: User, reviewer: User, office: User
) -> None:
    everyone = {role: UserFactory(role=role) for role in Role}  # strangers of every role
    everyone |= {"clerk": clerk, "reviewer": reviewer, "office": office}  # type: ignore[dict-item]

    def desks() -> set[str]:
        return {str(name) for name, user in everyone.items() if todo(user).exists()}

    assert desks() == {"clerk"}
    perform(paper, "submit", by=clerk)
    assert desks() == {"reviewer"}
    perform(paper, "local_approve", by=reviewer)
    assert desks() == {"OFFICE", "office"}
    perform(paper, "approve", by=office)
    assert desks() == set()


def test_the_most_overdue_comes_first_then_the_oldest_then_what_has_no_date(office: User) -> None:
    today = timezone.localdate()
    order = {"no date": None, "late": -1, "very late": -9, "soon": 2, "soon, too": 2}
    for subject, days in order.items():
        Task.objects.create(
            owner=PaperFactory(task=False), role=Role.OFFICE, state="X", subject=subject,
            due_on=None if days is None else today + datetime.timedelta(days=days),
        )  # fmt: skip
    assert [task.subject for task in todo(office)] == ["very late", "late", "soon", "soon, too", "no date"]


def test_done_shows_a_bound_user_what_the_colleagues_did(paper: Paper, clerk: User, reviewer: User) -> None:
    colleague = UserFactory(role=Role.COMPANY, company=paper.company)
    perform(paper, "submit", by=clerk)
    assert papers(done(clerk)) == papers(done(colleague)) == [paper]
    assert papers(done(reviewer)) == []
    assert papers(done(UserFactory(role=Role.COMPANY))) == []


def test_done_shows_the_office_what_each_did_newest_first(office: User) -> None:
    finished = []
    for _ in range(3):
        paper = PaperFactory()
        perform(paper, "submit", by=UserFactory(role=Role.COMPANY, company=paper.company))
        perform(paper, "local_approve", by=UserFactory(role=Role.LOCAL_BODY, local_body=paper.local_body))
        finished.append(perform(paper, "approve", by=office))
    assert papers(done(office)) == finished[::-1]
    assert papers(done(UserFactory(role=Role.OFFICE))) == []


def test_a_returned_paper_is_to_do_again_and_stays_among_the_done(
    paper: Paper, clerk: User, reviewer: User
) -> None:
    perform(paper, "submit", by=clerk)
    perform(paper, "local_return", by=reviewer, opinion="缺少附件")
    assert papers(todo(clerk)) == papers(done(clerk)) == papers(done(reviewer)) == [paper]
    assert papers(todo(reviewer)) == []


def test_the_trail_is_complete_and_in_order(paper: Paper, clerk: User, reviewer: User, office: User) -> None:
    other = PaperFactory(company=paper.company)
    perform(other, "cancel", by=clerk)
    perform(paper, "submit", by=clerk)
    perform(paper, "local_return", by=reviewer, opinion="缺少附件")
    perform(paper, "submit", by=clerk)
    perform(paper, "local_approve", by=reviewer)
    perform(paper, "approve", by=office)
    entries = trail(paper)
    assert [entry.step for entry in entries] == [
        "submit",
        "local_return",
        "submit",
        "local_approve",
        "approve",
    ]
    assert [entry.by for entry in entries] == [clerk, reviewer, clerk, reviewer, office]
    assert entries[1].opinion == "缺少附件"


def test_the_trail_costs_one_query(
    paper: Paper, clerk: User, reviewer: User, django_assert_num_queries
) -> None:
    perform(paper, "submit", by=clerk)
    perform(paper, "local_return", by=reviewer, opinion="缺少附件")
    with django_assert_num_queries(1):
        assert {entry.by.name for entry in trail(paper)} == {clerk.name, reviewer.name}


def test_bodies_do_not_see_each_others_desks(paper: Paper, clerk: User) -> None:
    perform(paper, "submit", by=clerk)
    for body in (LocalBodyFactory(), LocalBodyFactory()):
        user = UserFactory(role=Role.LOCAL_BODY, local_body=body)
        assert not todo(user).exists()
        assert not done(user).exists()


def test_a_bound_user_without_a_record_finds_nothing() -> None:
    Task.objects.create(owner=PaperFactory(task=False), role=Role.COMPANY, state=State.DRAFT, subject="无主")
    user = User(role=Role.COMPANY, username="unbound")
    user.pk = 0
    assert not todo(user).exists()
    assert not done(user).exists()
