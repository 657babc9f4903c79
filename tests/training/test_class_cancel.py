"""A class that does not take place: all its enrolments end, drafts too, and paid money goes back
(specification 3.5)."""

from typing import Any

import pytest

from backoffice.core.engine import perform
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance, paid_back
from tests.factories import TrainingClassFactory, UserFactory
from tests.training.enrolment_tools import again, refused, user_for
from training.models import Enrolment, TrainingClass

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db: None) -> TrainingClass:
    return TrainingClassFactory(type="CONTINUING", category="")


def cancel(course: TrainingClass) -> Any:
    teacher = UserFactory(role=Role.TRAINING)
    return perform(TrainingClass.objects.get(pk=course.pk), "cancel", by=teacher, opinion="人数不足")


STATES = ("DRAFT", "LOCAL_REVIEW", "AWAITING_PAYMENT", "TRAINING_REVIEW", "CONFIRMED")


def test_every_enrolment_ends_with_the_reason_and_without_a_task(course: TrainingClass) -> None:
    enrolments = {state: EnrolmentFactory(people=1, at=state, training_class=course) for state in STATES}
    other = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    assert cancel(course).state == "CANCELLED"
    for state, enrolment in enrolments.items():
        enrolment = again(enrolment)
        assert enrolment.state == "CANCELLED"
        log = TransitionLog.of(enrolment).first()
        assert (log.step, log.source, log.role, log.opinion) == (
            "class_cancelled",
            state,
            "SYSTEM",
            "人数不足",
        )
        assert not Task.of(enrolment).filter(closed_at=None).exists()
    assert again(other).state == "LOCAL_REVIEW"
    assert TrainingClass.objects.get(pk=course.pk).seats_free() == course.capacity


def test_verified_money_is_to_be_paid_back_and_nothing_is_owed(course: TrainingClass) -> None:
    paid = EnrolmentFactory(people=2, at="CONFIRMED", training_class=course)
    asked = EnrolmentFactory(people=1, at="AWAITING_PAYMENT", training_class=course)
    cancel(course)
    bill = again(paid).bill
    assert (bill.total, bill.paid, bill.stage) == (0, 600, "SETTLED")
    assert list(bill.refunds.values_list("amount", "state", "reason")) == [(600, "DUE", "人数不足")]
    assert bill.vouchers.get().status == "VERIFIED"
    assert not again(asked).bill.refunds.exists()
    assert again(asked).bill.total == 0
    assert not bill.receipts.filter(state="DUE").exists()


def test_everybody_confirmed_is_dropped_and_who_never_was_is_not(course: TrainingClass) -> None:
    confirmed = EnrolmentFactory(people=2, at="CONFIRMED", training_class=course)
    under_way = EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class=course)
    cancel(course)
    assert set(confirmed.lines.values_list("state", flat=True)) == {"DROPPED"}
    assert under_way.lines.get().state == "ENROLLING"
    log = TransitionLog.of(confirmed.lines.first()).first()
    assert (log.step, log.role, log.opinion) == ("drop", "SYSTEM", "人数不足")


def test_a_voucher_under_review_blocks_with_a_sentence_that_names_the_enrolment(
    course: TrainingClass,
) -> None:
    waiting = EnrolmentFactory(people=1, at="FINANCE_REVIEW", training_class=course)
    draft = EnrolmentFactory(people=1, training_class=course)
    sentence = refused(course, "cancel", UserFactory(role=Role.TRAINING), opinion="人数不足")
    assert str(waiting) in sentence
    advance(again(waiting), "finance_return")
    cancel(course)
    assert {again(row).state for row in (waiting, draft)} == {"CANCELLED"}
    assert set(again(waiting).bill.vouchers.values_list("status", flat=True)) == {"WITHDRAWN"}


def test_a_voucher_under_review_blocks_the_cancellation_of_one_enrolment_too() -> None:
    enrolment = EnrolmentFactory(people=1, at="FINANCE_REVIEW")
    sentence = refused(enrolment, "training_cancel", user_for(Role.TRAINING, enrolment), opinion="不办")
    assert str(enrolment) in sentence


@pytest.mark.parametrize(("at", "back"), [("DRAFT", 0), ("AWAITING_PAYMENT", 0), ("TRAINING_REVIEW", 300)])
def test_the_training_department_cancels_one_enrolment_before_it_is_confirmed(at: str, back: int) -> None:
    enrolment = EnrolmentFactory(people=1, at=at)
    perform(enrolment, "training_cancel", by=user_for(Role.TRAINING, enrolment), opinion="不办")
    enrolment = again(enrolment)
    assert enrolment.state == "CANCELLED"
    refunds = list(enrolment.bill.refunds.values_list("amount", "reason")) if enrolment.bill else []
    assert refunds == ([(back, "不办")] if back else [])


@pytest.mark.parametrize("at", ["CONFIRMED", "CANCELLED"])
def test_what_is_confirmed_or_ended_is_not_cancelled_one_by_one(at: str) -> None:
    enrolment = EnrolmentFactory(people=0 if at == "CANCELLED" else 1, at=at)
    refused(enrolment, "training_cancel", user_for(Role.TRAINING, enrolment), opinion="不办")


def test_whoever_passed_before_keeps_the_result_and_a_closed_enrolment_stays_closed() -> None:
    """A class in progress cannot be cancelled; lines that ended keep their end."""
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    teacher = user_for(Role.TRAINING, enrolment)
    for name in ("hand_off", "open_learning", "record_pass"):
        perform(enrolment.lines.get(), name, by=teacher)
    assert again(enrolment).state == "CLOSED"
    perform(
        TrainingClass.objects.get(pk=enrolment.training_class_id), "cancel", by=teacher, opinion="人数不足"
    )
    assert again(enrolment).state == "CLOSED"
    assert enrolment.lines.get().state == "PASSED"


def test_a_class_in_progress_is_not_cancelled(course: TrainingClass) -> None:
    teacher = UserFactory(role=Role.TRAINING)
    perform(course, "begin", by=teacher)
    refused(TrainingClass.objects.get(pk=course.pk), "cancel", teacher, opinion="人数不足")


def test_a_refund_is_paid_back_and_the_books_are_even(course: TrainingClass) -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED", training_class=course)
    cancel(course)
    refund = again(enrolment).bill.refunds.get()
    finance = UserFactory(role=Role.FINANCE)
    perform(refund, "pay_back", by=finance, **paid_back())
    bill = again(enrolment).bill
    assert (bill.paid, bill.total, bill.balance) == (0, 0, 0)


def test_enrolments_of_a_cancelled_class_stay_in_the_books(course: TrainingClass) -> None:
    EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class=course)
    cancel(course)
    assert Enrolment.objects.filter(training_class=course).count() == 1
