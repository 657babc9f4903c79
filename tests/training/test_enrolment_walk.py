"""Random walks over enrolments, their money and the learning: anybody, any step, edits between. What must hold, holds
after each of them."""

from typing import Any, ClassVar

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import SYSTEM, Role
from fees.models import Voucher
from tests.enrolments import WAYS, EnrolmentFactory, EnrolmentLineFactory, advance, paid_back, voucher
from tests.factories import TrainingClassFactory, UserFactory
from tests.training.enrolment_tools import BY_ITSELF, NEEDS_OPINION, STATES, STEPS
from tests.walks import RolledBackWalk
from training.drafting import DraftClosed, lock_draft, remove_lines
from training.enrolling import move_lines, recount
from training.flows.enrolment import UNDER_WAY
from training.models import Enrolment, EnrolmentLine, TrainingClass

CAPACITY, PEOPLE = 3, 2
FROZEN = (
    "pk",
    "name",
    "id_number",
    "certificate_number",
    "printed_company",
    "expiry_date",
    "amount",
    "matter",
)
#: Forward, as far as nobody objects.
WAY = {
    "DRAFT": "submit", "LOCAL_REVIEW": "local_approve", "AWAITING_PAYMENT": "submit_voucher",
    "FINANCE_REVIEW": "finance_approve", "TRAINING_REVIEW": "training_confirm",
}  # fmt: skip
LEARNING = {
    "PENDING": "hand_off",
    "SUBMITTED": "open_learning",
    "LEARNING": "record_pass",
    "FAILED": "retake",
}
WHICH = st.integers(0, 1)


def sum_of(rows: Any, column: str = "amount") -> Any:
    return rows.aggregate(sum=Sum(column))["sum"] or 0


class Walk(RolledBackWalk):
    """Two companies, each with two people, in a class of three seats; the first has come some way already."""

    start_at: ClassVar[str] = "DRAFT"

    @initialize()
    def begin(self) -> None:
        self.course = TrainingClassFactory(type="CONTINUING", category="", capacity=CAPACITY)
        self.pks = [EnrolmentFactory(people=PEOPLE, training_class=self.course).pk for _ in range(2)]
        self.staff = {role: UserFactory(role=role) for role in (Role.FINANCE, Role.TRAINING, Role.OFFICE)}
        self.staff[Role.LOCAL_BODY] = UserFactory(role=Role.LOCAL_BODY, local_body=self.course.local_body)
        self.clerks = [UserFactory(role=Role.COMPANY, company=row.company) for row in self.rows()]
        self.verified = [0, 0]
        self.come_to(self.start_at)
        self.locked: list[Any] = [self.roster(row) if row.state in UNDER_WAY else None for row in self.rows()]

    def come_to(self, state: str) -> None:
        """Take the first enrolment to this state by real steps."""
        first = self.rows()[0]
        first = advance(first, *WAYS["CONFIRMED" if state == "CLOSED" else state])
        if state == "CLOSED":
            lines = [line.pk for line in first.lines.all()]
            for name in ("hand_off", "open_learning", "record_pass"):
                move_lines(lines, name, by=self.staff[Role.TRAINING])
        assert self.rows()[0].state == state

    def rows(self) -> list[Enrolment]:
        found = Enrolment.objects.in_bulk(getattr(self, "pks", []))
        return [found[pk] for pk in getattr(self, "pks", [])]

    def user(self, role: str, whose: int) -> Any:
        return self.clerks[whose] if role == Role.COMPANY else self.staff[role]  # type: ignore[index]

    # -- what people do --------------------------------------------------------------------------------

    @rule(
        which=WHICH, whose=WHICH, name=st.sampled_from([*STEPS, *BY_ITSELF]),
        role=st.sampled_from([Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.OFFICE]),
        opinion=st.sampled_from(["", "请补充"]), more=st.sampled_from([-1, 0, 250]),
    )  # fmt: skip
    def anybody(self, which: int, whose: int, name: str, role: str, opinion: str, more: int) -> None:
        row = self.rows()[which]
        needed, sources, _target = STEPS.get(name, (SYSTEM, (), ""))
        may = (
            role == needed
            and row.state in sources
            and (role != Role.COMPANY or whose == which)
            and (opinion or name not in NEEDS_OPINION)
        )
        done = self.attempt(which, name, self.user(role, whose), opinion, more)
        assert may or not done

    @rule(which=WHICH, more=st.sampled_from([0, 0, 100]))
    def forward(self, which: int, more: int) -> None:
        """Random refusals alone would hardly ever reach the end."""
        if (name := WAY.get(self.rows()[which].state)) is not None:
            self.attempt(which, name, self.user(STEPS[name][0], which), "", more)

    @rule(which=WHICH, data=st.data())
    def back(self, which: int, data: st.DataObject) -> None:
        state = self.rows()[which].state
        names = [name for name, step in STEPS.items() if state in step[1] and name not in (*WAY.values(),)]
        if names := [name for name in names if "cancel" not in name]:
            name = data.draw(st.sampled_from(names))
            self.attempt(which, name, self.user(STEPS[name][0], which), "请补充", 0)

    def attempt(self, which: int, name: str, by: Any, opinion: str, more: int) -> bool:
        """Take the step; whether it was taken. A refusal leaves no line in the log."""
        row, before = self.rows()[which], TransitionLog.objects.count()
        data = {}
        if name == "submit_voucher" and row.bill is not None and row.bill.balance + more > 0:
            data["vouchers"] = [voucher(row.bill.balance + more)]
        try:
            perform(row, name, by=by, opinion=opinion, **data)
        except StepRefused:
            assert TransitionLog.objects.count() == before
            return False
        row = self.rows()[which]
        self.locked[which] = self.roster(row) if row.state in UNDER_WAY else None
        return True

    @rule(which=WHICH, whose=WHICH, grows=st.booleans())
    def edit(self, which: int, whose: int, grows: bool) -> None:
        """Somebody joins or leaves the roster: in the company's own draft only."""
        row = self.rows()[which]
        try:
            draft = lock_draft(row.pk, self.clerks[whose])
        except DraftClosed:
            assert row.state != "DRAFT" or whose != which
            return
        assert row.state == "DRAFT"
        assert whose == which
        if grows and draft.lines.count() < 3:
            EnrolmentLineFactory(enrolment=draft)
            recount(draft)
        elif draft.lines.count() > 1:
            remove_lines(draft, [draft.lines.last().pk], self.clerks[which])

    @rule(which=WHICH, one=st.booleans(), name=st.sampled_from(["on", "on", "on", "drop", "record_fail"]))
    def learn(self, which: int, one: bool, name: str) -> None:
        lines = list(EnrolmentLine.objects.filter(enrolment=self.pks[which]).order_by("pk"))
        lines = [line for line in lines if line.state in LEARNING][: 1 if one else None]
        if lines:
            step = LEARNING[lines[0].state] if name == "on" else name
            move_lines([line.pk for line in lines], step, by=self.staff[Role.TRAINING], opinion="原因")

    @rule(which=WHICH)
    def pay_back(self, which: int) -> None:
        bill = self.rows()[which].bill
        refund = bill.refunds.filter(state="DUE").first() if bill is not None else None
        if refund is not None:
            noted = paid_back(reference=f"T{refund.pk}")
            perform(refund, "pay_back", by=self.staff[Role.FINANCE], **noted)

    @rule(coin=st.integers(0, 30))
    def call_off(self, coin: int) -> None:
        course = TrainingClass.objects.get(pk=self.course.pk)
        if coin == 30 and course.state == "OPEN":
            try:
                perform(course, "cancel", by=self.staff[Role.TRAINING], opinion="人数不足")
            except StepRefused:
                assert any(row.state == "FINANCE_REVIEW" for row in self.rows())
            else:
                self.locked = [None, None]
                assert {row.state for row in self.rows()} <= {"CANCELLED", "CLOSED"}

    # -- what holds ------------------------------------------------------------------------------------

    @staticmethod
    def roster(row: Enrolment) -> list[Any]:
        return list(row.lines.values_list(*FROZEN))

    @invariant()
    def one_task_is_open_where_somebody_is_to_act(self) -> None:
        for row in self.rows():
            desk = row.desk()
            tasks = Task.of(row).filter(closed_at=None)
            assert [(task.role, task.bound_id, task.state) for task in tasks] == (
                [] if desk is None else [(desk.role, desk.bound_id(row), row.state)]
            )
            assert Task.of(row).filter(is_latest=True).count() == 1

    @invariant()
    def a_locked_roster_never_changes(self) -> None:
        for row, known in zip(self.rows(), getattr(self, "locked", []), strict=True):
            assert known is None or row.state not in UNDER_WAY or self.roster(row) == known

    @invariant()
    def the_bill_is_the_sum_of_its_items_and_of_the_lines_at_the_submit(self) -> None:
        for row in self.rows():
            if (bill := row.bill) is None:
                continue
            assert bill.total == sum_of(bill.items)
            if row.state in (*UNDER_WAY, "CLOSED"):
                assert bill.total == sum_of(row.lines) == row.amount
            if row.state == "CANCELLED":
                assert bill.total == 0

    @invariant()
    def verified_money_never_disappears(self) -> None:
        for n, row in enumerate(self.rows()):
            if (bill := row.bill) is None:
                continue
            verified = sum_of(bill.vouchers.filter(status=Voucher.Status.VERIFIED))
            assert verified == bill.paid + sum_of(bill.refunds.filter(state="PAID"))
            assert verified >= self.verified[n]
            self.verified[n] = verified
            if row.state in ("TRAINING_REVIEW", "CONFIRMED", "CLOSED"):
                assert bill.balance <= 0
                due = sum_of(bill.refunds.filter(state="DUE"))
                assert due == -bill.balance
            if row.state == "CANCELLED":
                assert sum_of(bill.refunds.filter(state="DUE")) == bill.paid
            if row.state != "FINANCE_REVIEW":
                assert not bill.pending()

    @invariant()
    def nobody_sits_on_a_seat_that_is_not_there(self) -> None:
        if hasattr(self, "course"):
            assert TrainingClass.objects.get(pk=self.course.pk).seats_free() >= 0

    @invariant()
    def the_log_is_one_chain_from_the_start(self) -> None:
        for row in self.rows():
            first, *entries = TransitionLog.of(row).order_by("id")
            assert (first.step, first.target) == ("start", "DRAFT")
            state = first.target
            for entry in entries:
                step = Enrolment.steps()[entry.step]
                assert (entry.source, entry.target) == (state, step.target)
                assert state in step.sources
                assert entry.role in step.by
                assert entry.opinion or not step.opinion_required
                state = entry.target
            assert state == row.state
            assert row.history.count() == len(entries) + 1

    @invariant()
    def lines_and_enrolment_go_together(self) -> None:
        for row in self.rows():
            states = set(row.lines.values_list("state", flat=True))
            if row.state in (
                "DRAFT",
                "LOCAL_REVIEW",
                "AWAITING_PAYMENT",
                "FINANCE_REVIEW",
                "TRAINING_REVIEW",
            ):
                assert states == {"ENROLLING"}
            elif row.state in ("CONFIRMED", "CLOSED"):
                assert "ENROLLING" not in states
                assert (row.state == "CLOSED") == (states <= {"PASSED", "FAILED", "DROPPED"})


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
def test_a_random_walk_from_every_state_never_breaks_the_books(state: str) -> None:
    run_state_machine_as_test(
        type("Walk", (Walk,), {"start_at": state}),
        settings=settings(
            max_examples=3, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )  # fmt: skip


def test_every_state_is_reached_by_a_step_and_all_but_the_cancelled_one_can_be_left() -> None:
    steps = Enrolment.steps().values()
    assert {"DRAFT", *(step.target for step in steps)} == set(STATES)
    assert {source for step in steps for source in step.sources} == set(STATES) - {"CANCELLED"}
