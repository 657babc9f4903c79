"""What a step writes: one log row, one closed and one opened task, one history row with user and reason."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.models import CalendarDay, Task, TransitionLog
from backoffice.roles import Role
from tests.factories import PaperFactory, UserFactory
from tests.flowapp.models import Paper, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper() -> Paper:
    return PaperFactory()


@pytest.fixture
def clerk(paper: Paper) -> User:
    return UserFactory(role=Role.COMPANY, company=paper.company, name="陈静仪")


@pytest.fixture
def reviewer(paper: Paper) -> User:
    return UserFactory(role=Role.LOCAL_BODY, local_body=paper.local_body, name="梁伟强")


@pytest.fixture
def office() -> User:
    return UserFactory(role=Role.OFFICE, name="黄丽敏")


def test_the_log_says_who_what_when_and_why(paper: Paper, clerk: User, reviewer: User) -> None:
    perform(paper, "submit", by=clerk)
    perform(paper, "local_return", by=reviewer, opinion="  身份证不清晰 ")
    first, second = TransitionLog.of(paper).order_by("id")
    assert (first.step, first.source, first.target) == ("submit", State.DRAFT, State.LOCAL_REVIEW)
    assert (first.by, first.by_name, first.role, first.opinion) == (clerk, "陈静仪", Role.COMPANY, "")
    assert (second.step, second.source, second.target) == ("local_return", State.LOCAL_REVIEW, State.DRAFT)
    assert (second.by_name, second.opinion) == ("梁伟强", "身份证不清晰")
    assert timezone.now() - second.at < datetime.timedelta(minutes=1)


def test_the_log_keeps_the_name_of_a_user_renamed_later(paper: Paper, clerk: User) -> None:
    perform(paper, "submit", by=clerk)
    clerk.name = "李嘉敏"
    clerk.save()
    assert TransitionLog.of(paper).get().by_name == "陈静仪"


def test_one_task_is_open_at_a_time_and_none_at_the_end(
    paper: Paper, clerk: User, reviewer: User, office: User
) -> None:
    desks = [(Role.COMPANY, paper.company_id)]
    for name, by in [("submit", clerk), ("local_approve", reviewer), ("approve", office)]:
        task = Task.of(paper).get(closed_at=None)
        assert (task.role, task.bound_id) == desks[-1]
        paper = perform(paper, name, by=by)
        task.refresh_from_db()
        assert (task.closed_by, task.closed_with) == (by, name)
        assert task.closed_at is not None
        desks.append({"submit": (Role.LOCAL_BODY, paper.local_body_id)}.get(name, (Role.OFFICE, None)))
    assert not Task.of(paper).filter(closed_at=None).exists()
    assert Task.of(paper).count() == 3


def test_the_task_carries_the_subject_and_the_state(paper: Paper, clerk: User) -> None:
    perform(paper, "submit", by=clerk)
    task = Task.of(paper).get(closed_at=None)
    assert (task.subject, task.state) == (paper.title, State.LOCAL_REVIEW)


def test_a_flow_that_started_without_a_task_goes_on(clerk: User) -> None:
    paper = PaperFactory(company=clerk.company, task=False)
    perform(paper, "submit", by=clerk)
    assert Task.of(paper).get().role == Role.LOCAL_BODY
    assert TransitionLog.of(paper).get().due_on is None


@pytest.fixture
def eve_of_national_day(monkeypatch: pytest.MonkeyPatch) -> datetime.date:
    """30 September 2026, a Wednesday; 1 to 7 October are days off, Saturday 10 October is worked."""
    day = datetime.date(2026, 9, 30)
    monkeypatch.setattr(timezone, "localdate", lambda *args: day)
    return day


@pytest.mark.usefixtures("eve_of_national_day")
def test_a_task_is_due_in_working_days(paper: Paper, clerk: User, reviewer: User) -> None:
    perform(paper, "submit", by=clerk)
    assert Task.of(paper).get(closed_at=None).due_on == datetime.date(2026, 10, 9)
    perform(paper, "local_approve", by=reviewer)
    assert Task.of(paper).get(closed_at=None).due_on == datetime.date(2026, 10, 12)
    assert TransitionLog.of(paper).latest("id").due_on == datetime.date(2026, 10, 9)


@pytest.mark.usefixtures("eve_of_national_day")
def test_the_offices_own_calendar_moves_the_due_date(paper: Paper, clerk: User) -> None:
    CalendarDay.objects.create(date="2026-10-09", kind=CalendarDay.Kind.HOLIDAY, name="台风")
    CalendarDay.objects.create(date="2026-10-10", kind=CalendarDay.Kind.WORKDAY, name="调休")
    perform(paper, "submit", by=clerk)
    assert Task.of(paper).get(closed_at=None).due_on == datetime.date(2026, 10, 10)


def test_a_desk_without_a_deadline_has_no_due_date(paper: Paper) -> None:
    assert Task.of(paper).get().due_on is None


def test_the_history_names_user_and_reason(paper: Paper, clerk: User, reviewer: User) -> None:
    perform(paper, "submit", by=clerk)
    opinion = "身份证正反面须在同一页，毕业证须为彩色扫描件。" * 20
    perform(paper, "local_return", by=reviewer, opinion=opinion)
    returned, submitted, _created = paper.history.all()
    assert (submitted.history_user, submitted.history_change_reason) == (clerk, "Submit")
    assert (returned.history_user, returned.state) == (reviewer, State.DRAFT)
    assert returned.history_change_reason == f"Return: {opinion}"
    assert len(returned.history_change_reason) > 400


def test_a_later_save_does_not_repeat_the_reason(paper: Paper, clerk: User) -> None:
    done = perform(paper, "submit", by=clerk)
    done.effects = 7
    done.save()
    assert paper.history.first().history_change_reason is None


def test_a_step_with_a_very_long_title_and_name_is_cut_not_refused(clerk: User) -> None:
    clerk.name = "长" * 100
    clerk.save()
    paper: Any = PaperFactory(company=clerk.company, title="题" * 100)
    perform(paper, "submit", by=clerk)
    assert TransitionLog.of(paper).get().by_name == "长" * 100
