"""A random walk over renames and transfers that get into each other's way. What must hold, holds after every step."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from backoffice.core.engine import perform
from backoffice.core.flow import Flow, StepRefused
from backoffice.core.models import Task, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from registry.models import Certificate, Company, CompanyChange, FormerName, Person, Transfer
from tests.factories import (
    CertificateFactory,
    CompanyChangeFactory,
    CompanyFactory,
    PersonFactory,
    TransferFactory,
    UserFactory,
)
from tests.registry.test_transfer import STEPS  # the steps of a company change are the same
from tests.walks import RolledBackWalk

COMPANIES, RECORDS = 3, 6
NAMES = ("广东甲监理有限公司", "广东乙监理有限公司")


class Walk(RolledBackWalk):
    """Three companies claim two people, and rename themselves, two of them to the same name."""

    @initialize()
    def begin(self) -> None:
        self.companies = [CompanyFactory() for _n in range(COMPANIES)]
        first, second = (PersonFactory(company=company) for company in self.companies[:2])
        self.printed = {CertificateFactory(person=p).pk: p.company.name for p in (first, second)}
        self.users: list[Any] = [UserFactory(role=role) for role in Role if role != Role.COMPANY]
        self.users += [UserFactory(role=Role.COMPANY, company=company) for company in self.companies]
        a, b, c = self.companies
        self.records: list[Any] = [
            TransferFactory(of=first, company=b), TransferFactory(of=first, company=c),
            TransferFactory(of=second, company=c),
            CompanyChangeFactory(company=a, new_name=NAMES[0], new_login_name="甲"),
            CompanyChangeFactory(company=b, new_name=NAMES[0], new_login_name="乙"),
            CompanyChangeFactory(company=c, new_name=NAMES[1], new_login_name="甲"),
        ]  # fmt: skip
        self.expected = ["DRAFT"] * RECORDS
        self.employers = {first.pk: a.pk, second.pk: b.pk}
        self.names = {company.pk: [company.name] for company in self.companies}

    @rule(
        which=st.integers(0, RECORDS - 1), name=st.sampled_from(list(STEPS)), who=st.integers(0, 9),
        opinion=st.sampled_from(["", "请补充"]), fresh=st.booleans(),
    )  # fmt: skip
    def anybody_tries(self, which: int, name: str, who: int, opinion: str, fresh: bool) -> None:
        self.take(which, name, self.users[who % len(self.users)], opinion, fresh)

    @rule(which=st.integers(0, RECORDS - 1), data=st.data())
    def whose_turn_it_is_acts(self, which: int, data: st.DataObject) -> None:
        """Random refusals alone would hardly ever reach the end."""
        open_steps = [name for name, (_role, source, _to) in STEPS.items() if source == self.expected[which]]
        if open_steps:
            name = data.draw(st.sampled_from(open_steps))
            user = next(user for user in self.users if self.may(which, name, user))
            self.take(which, name, user, "请补充", True)
        else:
            self.refused = True

    def may(self, which: int, name: str, user: Any) -> bool:
        role, source, _target = STEPS[name]
        own = user.role != Role.COMPANY or user.company_id == self.records[which].company_id
        return bool(user.role == role and own and self.expected[which] == source)

    def take(self, which: int, name: str, user: Any, opinion: str, fresh: bool) -> None:
        record = self.records[which]
        seen = last_log_id(record) if fresh else None
        allowed = self.may(which, name, user) and bool(opinion or name != "office_return")
        try:
            self.records[which] = record = perform(record, name, by=user, opinion=opinion, seen=seen)
        except StepRefused:
            assert not allowed or name in ("submit", "approve")  # a guard: the other record came first
            self.refused = True
            return
        assert allowed
        self.expected[which] = STEPS[name][2]
        if name == "approve" and isinstance(record, Transfer):
            self.employers[record.person_id] = record.company_id
        elif name == "approve":
            self.names[record.company_id].append(record.new_name)

    # Invariants

    def stored(self) -> list[Flow]:
        return [type(record)._default_manager.get(pk=record.pk) for record in getattr(self, "records", [])]

    @invariant()
    def states_tasks_and_trails_agree(self) -> None:
        for record, state in zip(self.stored(), getattr(self, "expected", []), strict=True):
            assert record.state == state
            desk = record.desk()
            open_tasks = Task.of(record).filter(closed_at=None)
            assert [(task.role, task.bound_id, task.state) for task in open_tasks] == (
                [] if desk is None else [(desk.role, desk.bound_id(record), state)]
            )
            trail = list(TransitionLog.of(record).order_by("id"))
            assert [entry.source for entry in trail] == ["", *(entry.target for entry in trail[:-1])]
            assert trail[-1].target == state

    @invariant()
    def people_move_only_by_approved_transfers_and_their_certificates_follow(self) -> None:
        for pk, employer in getattr(self, "employers", {}).items():
            assert Person.objects.get(pk=pk).company_id == employer
            assert set(Certificate.objects.filter(person=pk).values_list("company", flat=True)) == {employer}
            seeing = [
                user.company_id
                for user in self.users
                if user.role == Role.COMPANY and visible_to(Person, user).filter(pk=pk).exists()
            ]
            assert seeing == [employer]

    @invariant()
    def what_is_printed_stays(self) -> None:
        for pk, printed in getattr(self, "printed", {}).items():
            assert Certificate.objects.get(pk=pk).printed_company == printed

    @invariant()
    def one_transfer_of_a_person_is_under_review(self) -> None:
        numbers = Transfer.objects.filter(state="OFFICE_REVIEW").values_list("id_number", flat=True)
        assert len(numbers) == len(set(numbers))

    @invariant()
    def companies_bear_the_last_approved_name_and_keep_the_earlier_ones(self) -> None:
        for pk, names in getattr(self, "names", {}).items():
            assert Company.objects.get(pk=pk).name == names[-1]
            former = FormerName.objects.filter(company=pk).values_list("name", flat=True)
            assert sorted(former) == sorted(names[:-1])

    @invariant()
    def login_names_follow_approved_renames(self) -> None:
        for change in CompanyChange.objects.filter(state="APPROVED"):
            assert change.company.users.filter(username=change.new_login_name).exists()


@pytest.mark.slow
@pytest.mark.django_db
def test_random_walks_never_break_the_register() -> None:
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
