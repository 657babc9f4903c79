"""Random walks over both application flows: anybody, any step. What must hold, holds after every step."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.trail import last_log_id
from backoffice.roles import APPLICANT
from registry.models import Company, CompanyApplication, Person, PersonalApplication
from tests.factories import CompanyApplicationFactory, PersonalApplicationFactory
from tests.registry.application_tools import everybody
from tests.registry.test_company_application import STEPS as COMPANY_STEPS
from tests.registry.test_personal_application import STEPS as PERSONAL_STEPS
from tests.walks import RolledBackWalk

RECORDS = 3


class Walk(RolledBackWalk):
    """Three applications; the first two are of the same person or company."""

    model: ClassVar[Any]
    steps: ClassVar[dict[str, tuple[str, set[str], str]]]
    factory: ClassVar[Any]
    unique: ClassVar[str]
    under_review: ClassVar[set[str]]
    #: The application's field that names what the approval created.
    made: ClassVar[str]

    @initialize()
    def begin(self) -> None:
        first = self.factory(name="同名")
        twin = self.factory(name="同名", **{self.unique: getattr(first, self.unique)})
        self.records = [first, twin, self.factory()]
        self.actors = [everybody(record) for record in self.records]
        self.expected = ["DRAFT"] * RECORDS
        self.reached: set[str] = {"DRAFT"}

    def refusal_expected(self, which: int, name: str, opinion: str) -> bool:
        """Whether a guard stands against it: a twin under review or approved, or a missing opinion."""
        twin = {0: 1, 1: 0}.get(which)
        twin_state = self.expected[twin] if twin is not None else ""
        if name == "submit" and twin_state in self.under_review | {"APPROVED"}:
            return True
        if name.endswith("approve") and twin_state == "APPROVED":
            return True
        return name.endswith("return") and not opinion

    @rule(
        which=st.integers(0, RECORDS - 1),
        whose=st.integers(0, RECORDS - 1),
        role=st.sampled_from([APPLICANT, "COMPANY", "LOCAL_BODY", "OFFICE", "ADMIN", "FINANCE"]),
        opinion=st.sampled_from(["", "请补充"]),
        data=st.data(),
        stale=st.booleans(),
    )
    def anybody(
        self, which: int, whose: int, role: str, opinion: str, data: st.DataObject, stale: bool
    ) -> None:
        """Any step, by somebody who has to do with this application or with another one."""
        name = data.draw(st.sampled_from(list(self.steps)))
        record, by = self.records[which], self.actors[whose][role]
        needed, sources, _target = self.steps[name]
        may = (
            role == needed
            and (whose == which or role == "OFFICE")
            and self.expected[which] in sources
            and not stale
            and not self.refusal_expected(which, name, opinion)
        )
        self.attempt(which, name, by, opinion, may, seen=last_log_id(record) - 1 if stale else None)

    @rule(which=st.integers(0, RECORDS - 1), data=st.data())
    def a_right_step(self, which: int, data: st.DataObject) -> None:
        """Random refusals alone would hardly ever reach the end."""
        possible = [name for name, (_r, sources, _t) in self.steps.items() if self.expected[which] in sources]
        if not possible:
            self.refused = True
            return
        name = data.draw(
            st.sampled_from([name for name in possible for _ in range(1 if name == "withdraw" else 3)])
        )
        by = self.actors[which][self.steps[name][0]]
        self.attempt(which, name, by, "请补充", not self.refusal_expected(which, name, "请补充"))

    def attempt(
        self, which: int, name: str, by: Any, opinion: str, may: bool, seen: int | None = None
    ) -> None:
        try:
            done = perform(self.records[which], name, by=by, opinion=opinion, seen=seen)
        except StepRefused:
            done, self.refused = None, True
        assert (done is not None) == may
        if done is not None:
            self.records[which] = done
            self.expected[which] = self.steps[name][2]
            self.reached.add(self.expected[which])

    def stored(self) -> list[Any]:
        keys = [record.pk for record in getattr(self, "records", [])]
        found = self.model.objects.in_bulk(keys)
        return [found[key] for key in keys]

    @invariant()
    def the_state_is_the_expected_one(self) -> None:
        assert [record.state for record in self.stored()] == getattr(self, "expected", [])

    @invariant()
    def one_task_is_open_and_none_at_an_end(self) -> None:
        for record in self.stored():
            desk = record.desk()
            assert [
                (task.role, task.bound_id, task.state) for task in Task.of(record).filter(closed_at=None)
            ] == ([] if desk is None else [(desk.role, desk.bound_id(record), record.state)])
            assert Task.of(record).filter(is_latest=True).count() == 1

    @invariant()
    def the_log_is_one_chain_from_the_start(self) -> None:
        for record in self.stored():
            first, *entries = TransitionLog.of(record).order_by("id")
            assert (first.step, first.source, first.target) == ("start", "", "DRAFT")
            state = first.target
            for entry in entries:
                role, sources, target = self.steps[entry.step]
                assert (entry.role, entry.source, entry.target) == (role, state, target)
                assert state in sources
                assert entry.opinion or not entry.step.endswith("return")
                state = entry.target
            assert state == record.state
            assert record.history.count() == len(entries) + 1
            assert Task.of(record).exclude(closed_at=None).count() == len(entries)

    @invariant()
    def at_most_one_of_a_kind_is_under_review(self) -> None:
        under_review = [r for r in self.stored() if r.state in self.under_review]
        assert len({getattr(r, self.unique) for r in under_review}) == len(under_review)

    @invariant()
    def an_approval_made_exactly_one_member_with_one_account_and_the_pictures(self) -> None:
        for record in self.stored():
            member = getattr(record, self.made) if record.state == "APPROVED" else None
            assert getattr(record, self.made) == member
            if member is not None:
                assert Attachment.of(member).count() == Attachment.of(record).count() > 0
                assert User.objects.filter(**{self.made: member}).count() == 1
        if hasattr(self, "records"):
            assert self.members() == self.expected.count("APPROVED")

    def members(self) -> int:
        raise NotImplementedError

    @invariant()
    def drafts_are_seen_by_their_applicant_only(self) -> None:
        for record, actors in zip(self.stored(), getattr(self, "actors", []), strict=True):
            seen = {
                role
                for role, by in actors.items()
                if visible_to(self.model, by).filter(pk=record.pk).exists()
            }
            assert APPLICANT in seen
            assert (seen == {APPLICANT}) == (record.state == "DRAFT")


class PersonalWalk(Walk):
    model, steps, factory = PersonalApplication, PERSONAL_STEPS, PersonalApplicationFactory
    unique, under_review, made = "id_number", {"COMPANY_REVIEW", "LOCAL_REVIEW"}, "person"

    def members(self) -> int:
        return Person.objects.filter(id_number__in=[record.id_number for record in self.records]).count()


class CompanyWalk(Walk):
    model, steps, factory = CompanyApplication, COMPANY_STEPS, CompanyApplicationFactory
    unique, under_review, made = "credit_code", {"OFFICE_REVIEW"}, "company"

    def members(self) -> int:
        return Company.objects.filter(credit_code__in=[record.credit_code for record in self.records]).count()


def watched(walk: type[Walk]) -> tuple[Callable[[], Walk], set[str]]:
    """The walk, and a set that collects every state that any of its runs reached."""
    reached: set[str] = set()

    class Watched(walk):  # type: ignore[misc, valid-type]
        def teardown(self) -> None:
            reached.update(getattr(self, "reached", ()))
            super().teardown()

    return Watched, reached


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("walk", [PersonalWalk, CompanyWalk])
def test_a_random_walk_never_breaks_the_books_and_reaches_every_state(walk: type[Walk]) -> None:
    machine, reached = watched(walk)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )  # fmt: skip
    assert reached == set(dict(walk.model._meta.get_field("state").choices))
