"""Every step of an enrolment (specification 3.5): who, from where, to where, and what may be edited there."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.flow import available
from backoffice.core.models import Task, TransitionLog
from backoffice.core.working_days import add_working_days
from backoffice.roles import Role
from fees.models import Bill, Voucher
from tests.enrolments import WAYS, EnrolmentFactory, advance, voucher
from tests.factories import UserFactory, actor
from tests.training.enrolment_tools import (
    BY_ITSELF,
    NEEDS_OPINION,
    STATES,
    STEPS,
    again,
    everything,
    refused,
    user_for,
)
from training.drafting import DraftClosed, lock_draft
from training.models import Enrolment

pytestmark = pytest.mark.django_db
Brought = Callable[[str], Enrolment]


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[str, Enrolment]:
    """One enrolment of one person (a cancelled one: of nobody) in each state; CLOSED by its only person's passing."""
    kept = {state: EnrolmentFactory(people=0 if state == "CANCELLED" else 1, at=state) for state in WAYS}
    closed = EnrolmentFactory(people=1, at="CONFIRMED")
    teacher = user_for(Role.TRAINING, closed)
    for name in ("hand_off", "open_learning", "record_pass"):
        perform(closed.lines.get(), name, by=teacher)
    return kept | {"CLOSED": again(closed)}


@pytest.fixture
def brought_to(kept: dict[str, Enrolment]) -> Brought:
    """`brought_to(state)` is the file's enrolment in this state."""
    return lambda state: deepcopy(kept[state])


def data_for(enrolment: Enrolment, name: str) -> dict[str, Any]:
    return {"vouchers": [voucher(enrolment.bill.balance)]} if name == "submit_voucher" else {}


def test_the_flow_has_these_steps_and_no_other() -> None:
    assert set(Enrolment.steps()) == {*STEPS, *BY_ITSELF}
    assert {name for name, step in Enrolment.steps().items() if step.opinion_required} == NEEDS_OPINION


#: Each step from each of its states; what finance has not decided yet cannot be cancelled (test_class_cancel.py).
MOVES = [
    (name, source) for name, entry in STEPS.items() for source in entry[1]
    if (name, source) != ("training_cancel", "FINANCE_REVIEW")
]  # fmt: skip


@pytest.mark.parametrize(("name", "source"), MOVES)
def test_the_right_role_takes_the_step_in_the_right_state(
    name: str, source: str, brought_to: Brought
) -> None:
    role, _sources, target = STEPS[name]
    enrolment = brought_to(source)
    user = user_for(role, enrolment)
    assert name in [offer.step.name for offer in available(enrolment, user)]
    perform(enrolment, name, by=user, opinion="请更正", **data_for(enrolment, name))
    enrolment = again(enrolment)
    assert enrolment.state == target
    log = TransitionLog.of(enrolment).first()
    assert (log.step, log.source, log.target, log.by, log.role) == (name, source, target, user, role)
    desk = enrolment.desk()
    open_tasks = Task.of(enrolment).filter(closed_at=None)
    assert [(task.role, task.bound_id) for task in open_tasks] == (
        [(desk.role, desk.bound_id(enrolment))] if desk else []
    )


@pytest.mark.parametrize("state", STATES)
def test_nobody_else_and_in_no_other_state_takes_a_step(state: str, brought_to: Brought) -> None:
    """Every role tries every step that is not its own now; nothing is written."""
    enrolment = brought_to(state)
    before = everything()
    for role in Role:
        user = user_for(role, enrolment)
        for name in Enrolment.steps():
            mine = name in STEPS and STEPS[name][0] == role and state in STEPS[name][1]
            if not mine:
                assert refused(enrolment, name, user, before=before, opinion="请更正")
                assert name not in [offer.step.name for offer in available(enrolment, user)]


@pytest.mark.parametrize(
    "name", [name for name, entry in STEPS.items() if entry[0] in ("COMPANY", "LOCAL_BODY")]
)
def test_another_company_or_body_takes_no_step(name: str, brought_to: Brought) -> None:
    enrolment = brought_to(STEPS[name][1][0])
    stranger = UserFactory(role=STEPS[name][0])
    assert available(enrolment, stranger) == []
    refused(enrolment, name, stranger, opinion="请更正", **data_for(enrolment, name))


@pytest.mark.parametrize("name", sorted(NEEDS_OPINION))
def test_a_return_or_a_cancellation_says_why(name: str, brought_to: Brought) -> None:
    enrolment = brought_to(STEPS[name][1][0])
    refused(enrolment, name, user_for(STEPS[name][0], enrolment), opinion="  ")


# --- What may be edited where ------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_the_roster_is_open_in_the_draft_only(state: str, brought_to: Brought) -> None:
    enrolment = brought_to(state)
    clerk = user_for(Role.COMPANY, enrolment)
    line = enrolment.lines.first()
    if state == "DRAFT":
        assert lock_draft(enrolment.pk, clerk) == enrolment
        assert line.takes_changes_from(clerk)
        assert line.takes_files_from(clerk)
        assert enrolment.takes_files_from(clerk)
        return
    with pytest.raises(DraftClosed):
        lock_draft(enrolment.pk, clerk)
    if line is not None:
        assert not line.takes_changes_from(clerk)
        assert not line.takes_files_from(clerk)


RETURNS = {
    "local_return": ("LOCAL_REVIEW", ("local_return",), True),
    "decline_payment": ("AWAITING_PAYMENT", ("decline_payment",), True),
    "finance_return": ("FINANCE_REVIEW", ("finance_return",), False),
    "finance_return, decline": ("FINANCE_REVIEW", ("finance_return", "decline_payment"), True),
    "training_return": ("TRAINING_REVIEW", ("training_return",), False),
    "training_return, finance_return": ("TRAINING_REVIEW", ("training_return", "finance_return"), False),
    "all the way back": ("TRAINING_REVIEW", ("training_return", "finance_return", "decline_payment"), True),
}


@pytest.mark.parametrize("case", RETURNS)
def test_after_each_return_edge_the_roster_is_open_or_not_and_the_way_leads_forward_again(
    case: str, brought_to: Brought
) -> None:
    source, names, is_open = RETURNS[case]
    enrolment = advance(brought_to(source), *names)
    clerk = user_for(Role.COMPANY, enrolment)
    assert enrolment.lines.get().takes_changes_from(clerk) is is_open
    if is_open:
        assert lock_draft(enrolment.pk, clerk).state == "DRAFT"
    way = WAYS["CONFIRMED"]
    start = {"DRAFT": 0, "AWAITING_PAYMENT": 2, "FINANCE_REVIEW": 3}[enrolment.state]
    for name in way[start:]:
        if name in enrolment.steps() and again(enrolment).state in STEPS[name][1]:
            enrolment = advance(again(enrolment), name)
    assert again(enrolment).state == "CONFIRMED"
    assert again(enrolment).bill.balance == 0


def test_after_a_return_by_finance_the_voucher_alone_is_corrected(brought_to: Brought) -> None:
    enrolment = advance(brought_to("FINANCE_REVIEW"), "finance_return")
    returned = enrolment.bill.vouchers.get()
    assert returned.status == Voucher.Status.RETURNED
    clerk = user_for(Role.COMPANY, enrolment)
    corrected = voucher(enrolment.bill.balance, pk=returned.pk, payer_name="改正后的户名")
    perform(enrolment, "submit_voucher", by=clerk, vouchers=[corrected])
    stored = again(enrolment).bill.vouchers.get()
    assert (stored.pk, stored.payer_name, stored.status) == (
        returned.pk,
        "改正后的户名",
        Voucher.Status.SUBMITTED,
    )


def test_a_training_return_carries_the_opinion_to_finance_which_returns_it_further(
    brought_to: Brought,
) -> None:
    enrolment = advance(brought_to("TRAINING_REVIEW"), "training_return", opinion="发票抬头不对")
    assert again(enrolment).bill.stage == Bill.Stage.REVIEW
    assert TransitionLog.of(enrolment).first().opinion == "发票抬头不对"
    enrolment = advance(enrolment, "finance_return", opinion="发票抬头不对")
    assert again(enrolment).state == "AWAITING_PAYMENT"  # nothing is left to pay, and still it waits here
    assert again(enrolment).bill.stage == Bill.Stage.OPEN


def test_the_confirmation_sets_both_deadlines() -> None:
    enrolment = EnrolmentFactory(people=2, at="CONFIRMED")
    today = timezone.localdate()
    assert enrolment.open_by == add_working_days(today, 2)
    assert enrolment.papers_due_on == add_working_days(today, 3)
    assert set(enrolment.lines.values_list("state", flat=True)) == {"PENDING"}
    assert enrolment.confirmed_at is not None


def test_cancel_is_refused_once_money_was_verified_and_names_the_way(brought_to: Brought) -> None:
    enrolment = advance(brought_to("TRAINING_REVIEW"), "training_return", "finance_return", "decline_payment")
    sentence = refused(enrolment, "cancel", user_for(Role.COMPANY, enrolment))
    assert "300" in sentence
    perform(enrolment, "training_cancel", by=user_for(Role.TRAINING, enrolment), opinion="单位要求取消")
    refund = again(enrolment).bill.refunds.get()
    assert (refund.amount, refund.state, refund.reason) == (300, "DUE", "单位要求取消")


@pytest.mark.parametrize("status", ["SUSPENDED", "LEFT"])
def test_a_company_that_is_not_active_submits_nothing_but_pays_what_is_asked(
    status: str, brought_to: Brought
) -> None:
    draft, asked = brought_to("DRAFT"), brought_to("AWAITING_PAYMENT")
    for enrolment in (draft, asked):
        enrolment.company.status = status
        enrolment.company.save()
    sentence = refused(again(draft), "submit", user_for(Role.COMPANY, draft))
    assert draft.company.name in sentence
    advance(again(asked), "submit_voucher")
    assert again(asked).state == "FINANCE_REVIEW"


@pytest.mark.parametrize("field", ["contact_name", "contact_phone"])
def test_the_contact_is_known_before_it_is_submitted(field: str, brought_to: Brought) -> None:
    enrolment = brought_to("DRAFT")
    Enrolment.objects.filter(pk=enrolment.pk).update(**{field: ""})
    refused(again(enrolment), "submit", actor(enrolment, "COMPANY"))


def test_an_empty_roster_is_not_submitted() -> None:
    enrolment = EnrolmentFactory()
    refused(enrolment, "submit", actor(enrolment, "COMPANY"))
