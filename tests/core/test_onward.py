"""Steps that follow by themselves: taken by “The system”, in one go with the step before, without a task between."""

import pytest

from backoffice.core.engine import go_on, perform, perform_all
from backoffice.core.flow import StepRefused, System
from backoffice.core.inbox import lines, tracked
from backoffice.core.models import Message, Task, TransitionLog
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import UserFactory, actor
from training.enrolling import move_lines
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db


def free() -> Enrolment:
    """An enrolment at the local body's desk whose bill is 0: credit covers it."""
    enrolment = advance(
        EnrolmentFactory(people=1, at="TRAINING_REVIEW"),
        "training_return",
        "finance_return",
        "decline_payment",
        "submit",
    )
    return Enrolment.objects.get(pk=enrolment.pk)


def again(record: Enrolment) -> Enrolment:
    return Enrolment.objects.get(pk=record.pk)


def steps_of(enrolment: Enrolment) -> list[tuple[str, str, str]]:
    return [(log.step, log.by_name, log.role) for log in TransitionLog.of(enrolment).order_by("id")]


def test_nothing_left_to_pay_skips_the_payment() -> None:
    enrolment = free()
    body = actor(enrolment, Role.LOCAL_BODY)
    row = perform(enrolment, "local_approve", by=body)
    assert row.state == again(enrolment).state == "TRAINING_REVIEW"
    assert steps_of(enrolment)[-2:] == [
        ("local_approve", str(body), Role.LOCAL_BODY), ("skip_payment", str(System()), "SYSTEM"),
    ]  # fmt: skip
    assert again(enrolment).bill.stage == "SETTLED"


def test_the_trail_says_the_system_did_it(users) -> None:
    enrolment = free()
    perform(enrolment, "local_approve", by=actor(enrolment, Role.LOCAL_BODY))
    last = lines(again(enrolment), users[Role.TRAINING], None)[-1]
    assert (last.who, last.role) == (str(System()), str(System()))
    assert last.step == str(Enrolment.steps()["skip_payment"].label)


def test_no_task_waits_at_a_desk_that_was_passed_by() -> None:
    enrolment = free()
    before = Task.of(enrolment).count()
    perform(enrolment, "local_approve", by=actor(enrolment, Role.LOCAL_BODY))
    tasks = list(Task.of(enrolment).order_by("id"))
    assert len(tasks) == before + 1
    assert (tasks[-1].role, tasks[-1].state, tasks[-1].closed_at, tasks[-1].is_latest) == (
        Role.TRAINING, "TRAINING_REVIEW", None, True,
    )  # fmt: skip
    assert tasks[-2].closed_with == "local_approve"
    assert [task.is_latest for task in tasks[:-1]] == [False] * before
    assert tracked(UserFactory(role=Role.TRAINING)).filter(object_id=enrolment.pk).count() == 1


def test_history_has_a_row_for_each_step_and_names_nobody_for_the_systems() -> None:
    enrolment = free()
    rows = enrolment.history.count()
    perform(enrolment, "local_approve", by=actor(enrolment, Role.LOCAL_BODY))
    newest = list(enrolment.history.order_by("-history_id"))
    assert len(newest) == rows + 2
    assert newest[0].history_user is None
    assert newest[0].history_change_reason == str(Enrolment.steps()["skip_payment"].label)
    assert newest[1].history_user == actor(enrolment, Role.LOCAL_BODY)


def test_a_company_is_not_asked_to_pay_nothing() -> None:
    enrolment = free()
    UserFactory(role=Role.COMPANY, company=enrolment.company, is_manager=True, email="a@example.org")
    Message.objects.all().delete()
    perform(enrolment, "local_approve", by=actor(enrolment, Role.LOCAL_BODY))
    text = Message.objects.get(channel="MAIL").body
    assert "300" not in text


def test_many_records_skip_the_payment_together_and_others_wait_for_it() -> None:
    one = free()
    other = EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class=one.training_class)
    body = actor(one, Role.LOCAL_BODY)
    done = perform_all(Enrolment, [one.pk, other.pk], "local_approve", by=body)
    assert [row.state for row in done.rows] == ["TRAINING_REVIEW", "AWAITING_PAYMENT"]
    assert (again(one).state, again(other).state) == ("TRAINING_REVIEW", "AWAITING_PAYMENT")
    assert [step for step, _by, _role in steps_of(one)][-2:] == ["local_approve", "skip_payment"]
    assert Task.of(one).get(closed_at=None).role == Role.TRAINING
    assert Task.of(other).get(closed_at=None).role == Role.COMPANY
    for enrolment in (one, other):
        assert Task.of(enrolment).filter(is_latest=True).count() == 1


def learning(people: int = 2) -> Enrolment:
    enrolment = EnrolmentFactory(people=people, at="CONFIRMED")
    teacher = actor(enrolment, Role.TRAINING)
    for step in ("hand_off", "open_learning"):
        move_lines(enrolment.lines.values_list("pk", flat=True), step, by=teacher)
    return again(enrolment)


def test_an_enrolment_closes_with_its_last_line_and_opens_again_for_a_retake() -> None:
    enrolment = learning()
    teacher = actor(enrolment, Role.TRAINING)
    first, second = enrolment.lines.all()
    move_lines([first.pk], "record_pass", by=teacher)
    assert again(enrolment).state == "CONFIRMED"
    move_lines([second.pk], "record_fail", by=teacher)
    assert again(enrolment).state == "CLOSED"
    move_lines([second.pk], "retake", by=teacher)
    assert again(enrolment).state == "CONFIRMED"
    move_lines([second.pk], "drop", by=teacher, opinion="离职")
    assert again(enrolment).state == "CLOSED"
    assert [(step, role) for step, _by, role in steps_of(enrolment)][-3:] == [
        ("close", "SYSTEM"), ("reopen", "SYSTEM"), ("close", "SYSTEM"),
    ]  # fmt: skip
    assert not Task.of(enrolment).filter(closed_at=None).exists()


def test_a_step_on_a_single_line_closes_the_enrolment_too() -> None:
    enrolment = learning(people=1)
    perform(enrolment.lines.get(), "record_pass", by=actor(enrolment, Role.TRAINING))
    assert again(enrolment).state == "CLOSED"


def test_going_on_where_nothing_follows_does_nothing() -> None:
    enrolment = learning()
    before = steps_of(enrolment)
    go_on(type(enrolment), [enrolment.pk])
    go_on(Enrolment, [enrolment.pk])
    assert steps_of(enrolment) == before


def test_going_on_takes_the_step_that_follows_now() -> None:
    one, two = learning(people=1), learning(people=1)
    EnrolmentLine.objects.filter(enrolment__in=[one, two]).update(state="PASSED")
    go_on(type(one), [one.pk])
    go_on(Enrolment, [one.pk, two.pk])
    assert (again(one).state, again(two).state) == ("CLOSED", "CLOSED")
    assert steps_of(one)[-1][0] == steps_of(two)[-1][0] == "close"
    assert [step for step, _by, _role in steps_of(one)].count("close") == 1


@pytest.mark.parametrize("name", ["skip_payment", "class_cancelled", "close", "reopen"])
@pytest.mark.parametrize("role", [Role.COMPANY, Role.TRAINING, Role.ADMIN])
def test_nobody_takes_the_systems_steps_by_hand(name: str, role: str) -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    with pytest.raises(StepRefused):
        perform(enrolment, name, by=actor(enrolment, role), opinion="不")


def test_finance_may_return_further_what_the_training_department_returned() -> None:
    """Nothing is left to pay then, and still the company is asked: only on the way there is the payment skipped."""
    enrolment = advance(EnrolmentFactory(people=1, at="TRAINING_REVIEW"), "training_return", "finance_return")
    assert again(enrolment).state == "AWAITING_PAYMENT"
    # The roster is shut until the company disagrees.
    assert not again(enrolment).takes_changes_from(actor(enrolment, Role.COMPANY))
