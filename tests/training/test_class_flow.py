"""The steps of a training class: planned → open → closed → in progress → finished, or cancelled."""

import datetime
from typing import Any

import pytest

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.models import Task
from backoffice.roles import Role
from tests.factories import LocalBodyFactory, TrainingClassFactory, UserFactory
from training.models import TrainingClass
from training.services import bodies_with_open_practice_classes, open_classes

pytestmark = pytest.mark.django_db
State = TrainingClass.State
#: step -> (from, to)
STEPS: dict[str, tuple[set[str], str]] = {
    "open": ({State.PLANNED, State.CLOSED}, State.OPEN),
    "close": ({State.OPEN}, State.CLOSED),
    "begin": ({State.OPEN, State.CLOSED}, State.IN_PROGRESS),
    "finish": ({State.IN_PROGRESS}, State.FINISHED),
    "cancel": ({State.PLANNED, State.OPEN, State.CLOSED}, State.CANCELLED),
}


@pytest.mark.parametrize(
    ("step", "state"), [(step, state) for step in STEPS for state in sorted(STEPS[step][0])]
)
def test_the_training_department_takes_each_step(step: str, state: str) -> None:
    row = TrainingClassFactory(state=state)
    perform(row, step, by=UserFactory(role=Role.TRAINING), opinion="报名人数不足。")
    row.refresh_from_db()
    assert row.state == STEPS[step][1]
    assert not Task.of(row).exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.TRAINING])
@pytest.mark.parametrize("step", STEPS)
def test_nobody_else_takes_it(step: str, role: Role) -> None:
    row = TrainingClassFactory(state=min(STEPS[step][0]))
    bound = {"local_body": row.local_body} if role == Role.LOCAL_BODY else {}
    with pytest.raises(StepRefused):
        perform(row, step, by=UserFactory(role=role, **bound), opinion="报名人数不足。")
    row.refresh_from_db()
    assert row.state in STEPS[step][0]


@pytest.mark.parametrize(
    ("step", "state"), [(step, state) for step in STEPS for state in State if state not in STEPS[step][0]]
)
def test_no_step_is_taken_in_another_state(step: str, state: str) -> None:
    row = TrainingClassFactory(state=state)
    with pytest.raises(AlreadyHandled):
        perform(row, step, by=UserFactory(role=Role.TRAINING), opinion="报名人数不足。")


@pytest.mark.parametrize("missing", ["start_date", "end_date"])
def test_a_class_without_dates_is_not_opened(missing: str) -> None:
    row = TrainingClassFactory(state=State.PLANNED, **{missing: None})
    with pytest.raises(StepRefused):
        perform(row, "open", by=UserFactory(role=Role.TRAINING))


def test_a_cancellation_says_why() -> None:
    with pytest.raises(StepRefused):
        perform(TrainingClassFactory(), "cancel", by=UserFactory(role=Role.TRAINING), opinion=" ")


# --- What other rooms ask ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_only_open_classes_take_enrolments(state: str) -> None:
    row = TrainingClassFactory(state=state)
    assert list(open_classes()) == ([row] if state == State.OPEN else [])


def test_a_class_whose_last_day_has_passed_is_open_no_more() -> None:
    past = datetime.date(2020, 1, 1)
    TrainingClassFactory(start_date=past, end_date=past)
    assert not open_classes().exists()


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ({}, True),
        ({"type": "CONTINUING"}, False),
        ({"state": "CLOSED"}, False),
        ({"state": "PLANNED"}, False),
    ],
)
def test_applicants_choose_among_bodies_with_an_open_practice_class(
    values: dict[str, Any], offered: bool
) -> None:
    body = LocalBodyFactory()
    TrainingClassFactory(local_body=body, **values)
    TrainingClassFactory(local_body=LocalBodyFactory(is_active=False))
    assert list(bodies_with_open_practice_classes()) == ([body] if offered else [])


def test_a_body_with_two_classes_is_offered_once() -> None:
    body = LocalBodyFactory()
    TrainingClassFactory.create_batch(2, local_body=body)
    assert list(bodies_with_open_practice_classes()) == [body]
