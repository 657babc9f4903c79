"""A random walk over the flow: any user, any step, fresh and stale pages. What must hold, holds after every step."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.models import Task, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from tests.core.test_flow import STEPS
from tests.factories import CompanyFactory, LocalBodyFactory, PaperFactory, UserFactory
from tests.flowapp.models import Paper, State
from tests.walks import RolledBackWalk

PAPERS, NEEDS_OPINION = 2, {"local_return", "office_return"}


class Walk(RolledBackWalk):
    @initialize()
    def open_papers(self) -> None:
        sides = [(CompanyFactory(), LocalBodyFactory()) for _ in range(PAPERS)]
        self.papers = [PaperFactory(company=company, local_body=body) for company, body in sides]
        self.users: list[Any] = [UserFactory(role=role) for role in Role]
        for company, body in sides:
            self.users.append(UserFactory(role=Role.COMPANY, company=company))
            self.users.append(UserFactory(role=Role.LOCAL_BODY, local_body=body))
        self.expected = [State.DRAFT] * PAPERS
        self.approvals = [0] * PAPERS
        self.seen: list[list[int]] = [[0] for _ in range(PAPERS)]

    @rule(
        which=st.integers(0, PAPERS - 1),
        name=st.sampled_from(list(STEPS)),
        who=st.integers(0, len(Role) + 2 * PAPERS - 1),
        opinion=st.sampled_from(["", "请补充"]),
        page=st.sampled_from(["fresh", "unknown", "first"]),
    )
    def take(self, which: int, name: str, who: int, opinion: str, page: str) -> None:
        """Take the step if it may be taken, by the table of test_flow.py; else expect a refusal."""
        user, paper = self.users[who], self.papers[which]
        role, source, target = STEPS[name]
        seen = {"fresh": last_log_id(paper), "unknown": None, "first": self.seen[which][0]}[page]
        may = (
            user.role == role
            and (role != Role.COMPANY or user.company == paper.company)
            and (role != Role.LOCAL_BODY or user.local_body == paper.local_body)
            and self.expected[which] == source
            and seen in (None, self.seen[which][-1])
            and (opinion or name not in NEEDS_OPINION)
        )
        try:
            self.papers[which] = perform(paper, name, by=user, opinion=opinion, seen=seen)
        except StepRefused:
            assert not may
            self.refused = True
            return
        assert may
        self.expected[which] = target
        self.approvals[which] += name == "approve"
        self.seen[which].append(last_log_id(paper))

    @rule(which=st.integers(0, PAPERS - 1), data=st.data())
    def take_a_right_step(self, which: int, data: st.DataObject) -> None:
        """Random refusals alone would hardly ever reach the end."""
        paper = self.papers[which]
        open_steps = [name for name, (_role, source, _to) in STEPS.items() if source == self.expected[which]]
        if not open_steps:
            self.refused = True
            return
        name = data.draw(st.sampled_from(open_steps))
        mine = [
            index
            for index, user in enumerate(self.users)
            if user.role == STEPS[name][0]
            and user.company in (None, paper.company)
            and user.local_body in (None, paper.local_body)
        ]
        self.take(
            which=which, name=name, who=data.draw(st.sampled_from(mine)), opinion="请补充", page="fresh"
        )

    @invariant()
    def the_state_is_the_expected_one(self) -> None:
        for paper, state in zip(self.stored(), self.expected, strict=True):
            assert paper.state == state

    @invariant()
    def one_task_is_open_and_none_at_an_end(self) -> None:
        for paper in self.stored():
            open_tasks = Task.of(paper).filter(closed_at=None)
            desk = paper.desk()
            assert [(task.role, task.bound_id, task.state) for task in open_tasks] == (
                [] if desk is None else [(desk.role, desk.bound_id(paper), paper.state)]
            )

    @invariant()
    def the_log_is_one_chain(self) -> None:
        for paper in self.stored():
            state = State.DRAFT
            for entry in TransitionLog.of(paper).order_by("id"):
                assert entry.source == state
                assert (entry.role, entry.target) == (STEPS[entry.step][0], STEPS[entry.step][2])
                assert entry.opinion or entry.step not in NEEDS_OPINION
                state = entry.target
            assert state == paper.state

    @invariant()
    def every_step_closed_one_task_and_wrote_one_history_row(self) -> None:
        for paper in self.stored():
            steps = TransitionLog.of(paper).count()
            assert Task.of(paper).exclude(closed_at=None).count() == steps
            assert paper.history.count() == steps + 1

    @invariant()
    def effects_happened_exactly_as_often_as_approvals(self) -> None:
        assert [paper.effects for paper in self.stored()] == self.approvals

    def stored(self) -> list[Paper]:
        keys = [paper.pk for paper in getattr(self, "papers", [])]
        found = Paper.objects.in_bulk(keys)
        return [found[key] for key in keys]


@pytest.mark.slow
@pytest.mark.django_db
def test_a_random_walk_never_breaks_the_books() -> None:
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
