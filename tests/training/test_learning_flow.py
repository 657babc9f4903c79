"""The learning of each person: who takes which step from where; online by the platform, face to face by the body."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backoffice.core.engine import perform, perform_all
from backoffice.core.flow import available
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import TrainingClassFactory, UserFactory, actor
from tests.training.enrolment_tools import again, everything, refused, user_for
from training.enrolling import move_lines
from training.models import EnrolmentLine

pytestmark = pytest.mark.django_db
Lines = Callable[[str], EnrolmentLine]
T, L = Role.TRAINING, Role.LOCAL_BODY
STEPS: dict[str, tuple[set[str], set[str], str]] = {
    "hand_off": ({T}, {"PENDING"}, "SUBMITTED"),
    "take_back": ({T}, {"SUBMITTED"}, "PENDING"),
    "open_learning": ({T, L}, {"SUBMITTED"}, "LEARNING"),
    "record_pass": ({T, L}, {"LEARNING"}, "PASSED"),
    "record_fail": ({T, L}, {"LEARNING"}, "FAILED"),
    "retake": ({T, L}, {"FAILED"}, "LEARNING"),
    "withdraw_pass": ({T}, {"PASSED"}, "LEARNING"),
    "withdraw_fail": ({T}, {"FAILED"}, "LEARNING"),
    "drop": ({T}, {"PENDING", "SUBMITTED", "LEARNING", "FAILED"}, "DROPPED"),
}
WAYS: dict[str, tuple[str, ...]] = {
    "PENDING": (),
    "SUBMITTED": ("hand_off",),
    "LEARNING": ("hand_off", "open_learning"),
    "PASSED": ("hand_off", "open_learning", "record_pass"),
    "FAILED": ("hand_off", "open_learning", "record_fail"),
    "DROPPED": ("drop",),
}


def made(state: str, **values: Any) -> EnrolmentLine:
    """The only line of an enrolment, in an online class unless told otherwise."""
    if state == "ENROLLING":
        return EnrolmentFactory(people=1, at="TRAINING_REVIEW", **values).lines.get()
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED", **values)
    for name in WAYS[state]:
        if name == "hand_off" and not enrolment.training_class.is_online:
            continue
        perform(enrolment.lines.get(), name, by=actor(enrolment, T), opinion="原因")
    return enrolment.lines.get()


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[tuple[str, str], EnrolmentLine]:
    """A line in each state of each mode; with the platform is who learns online."""
    here = TrainingClassFactory(type="CONTINUING", category="", mode="FACE_TO_FACE")
    online = {("ONLINE", state): made(state) for state in ("ENROLLING", *WAYS)}
    return online | {
        ("FACE_TO_FACE", state): made(state, training_class=here)
        for state in WAYS if state != "SUBMITTED"
    }  # fmt: skip


@pytest.fixture
def line_at(kept: dict[tuple[str, str], EnrolmentLine]) -> Lines:
    """`line_at(state)` is the file's online learner in this state."""
    return lambda state: deepcopy(kept["ONLINE", state])


@pytest.fixture
def face_to_face(kept: dict[tuple[str, str], EnrolmentLine]) -> Lines:
    return lambda state: deepcopy(kept["FACE_TO_FACE", state])


def test_the_flow_has_these_steps_and_no_other() -> None:
    assert set(EnrolmentLine.steps()) == {
        *STEPS,
        "confirm",
        "take_result_back",
    }  # the last: when an import is undone


@pytest.mark.parametrize(
    ("name", "role", "source"),
    [
        (name, r, s)
        for name, (roles, sources, _t) in STEPS.items()
        for r in sorted(roles)
        for s in sorted(sources)
        if (r, s) != (Role.LOCAL_BODY, "SUBMITTED")  # with the platform is who learns online
    ],
)
def test_the_right_role_takes_the_step(
    name: str, role: str, source: str, line_at: Lines, face_to_face: Lines
) -> None:
    line = face_to_face(source) if role == Role.LOCAL_BODY else line_at(source)
    perform(line, name, by=user_for(role, line.enrolment), opinion="原因")
    line = again(line)
    assert line.state == STEPS[name][2]
    assert TransitionLog.of(line).first().step == name
    assert not Task.of(line).exists()


@pytest.mark.parametrize(
    ("name", "source"),
    [(name, sorted(sources)[0]) for name, (roles, sources, _t) in STEPS.items() if Role.LOCAL_BODY in roles],
)
def test_online_learning_is_the_training_departments(name: str, source: str, line_at: Lines) -> None:
    line = line_at(source)
    user = user_for(Role.LOCAL_BODY, line.enrolment)
    refused(line, name, user)
    assert available(line, user) == []
    assert perform_all(EnrolmentLine, [line.pk], name, by=user).rows == []


@pytest.mark.parametrize("state", ["ENROLLING", *WAYS])
def test_nobody_else_and_from_nowhere_else(state: str, line_at: Lines) -> None:
    line = line_at(state)
    before = everything()
    for role in Role:
        if role == Role.PERSON:
            continue
        user = user_for(role, line.enrolment)
        for name in EnrolmentLine.steps():
            roles, sources, _target = STEPS.get(name, (set(), set(), ""))
            if role in roles and state in sources:
                continue
            if name == "confirm" and role == T and state == "ENROLLING":
                continue  # taken along with the enrolment's confirmation
            refused(line, name, user, before=before, opinion="原因")


def test_people_companies_and_strangers_take_none(line_at: Lines) -> None:
    line = line_at("LEARNING")
    person = UserFactory(role=Role.PERSON, person=line.person)
    for user in (person, user_for(Role.COMPANY, line.enrolment), UserFactory(role=L)):
        for name in STEPS:
            refused(line, name, user, opinion="原因")


def test_a_face_to_face_class_skips_the_platform(face_to_face: Lines) -> None:
    line = face_to_face("PENDING")
    refused(line, "hand_off", user_for(T, line.enrolment))
    perform(line, "open_learning", by=user_for(L, line.enrolment))
    assert again(line).state == "LEARNING"
    assert not again(line).is_handed_off


def test_an_online_class_opens_after_the_hand_off_only(line_at: Lines) -> None:
    line = line_at("PENDING")
    sentence = refused(line, "open_learning", user_for(T, line.enrolment))
    assert line.name in sentence
    perform(line, "hand_off", by=user_for(T, line.enrolment))
    assert again(line).is_handed_off


@pytest.mark.parametrize("name", ["drop", "take_back"])
def test_a_drop_or_a_refusal_says_why(name: str, line_at: Lines) -> None:
    line = line_at("SUBMITTED")
    refused(line, name, user_for(T, line.enrolment), opinion=" ")


def test_a_result_keeps_hours_and_score_and_a_retake_counts(line_at: Lines) -> None:
    line = line_at("LEARNING")
    teacher = user_for(T, line.enrolment)
    perform(line, "record_fail", by=teacher, study_hours=Decimal("12.5"), score=Decimal(55))
    perform(line, "retake", by=teacher)
    line = again(line)
    assert (line.attempts, line.study_hours, line.score) == (2, Decimal("12.5"), Decimal(55))
    perform(line, "record_pass", by=teacher, study_hours=Decimal(24), score=Decimal(80))
    line = again(line)
    assert (line.study_hours, line.score) == (24, 80)
    assert line.passed_on is not None


def test_the_enrolment_is_closed_when_everybody_has_an_end_and_reopened_for_a_retake() -> None:
    enrolment = EnrolmentFactory(people=3, at="CONFIRMED")
    teacher = user_for(T, enrolment)
    one, two, three = enrolment.lines.values_list("pk", flat=True)
    move_lines([one, two], "hand_off", by=teacher)
    move_lines([one, two], "open_learning", by=teacher)
    move_lines([one], "record_pass", by=teacher)
    move_lines([two], "record_fail", by=teacher)
    assert again(enrolment).state == "CONFIRMED"
    move_lines([three], "drop", by=teacher, opinion="离职")
    assert again(enrolment).state == "CLOSED"
    move_lines([two], "retake", by=teacher)
    assert again(enrolment).state == "CONFIRMED"


def test_one_refused_line_does_not_hold_up_the_others_and_each_has_its_own_result() -> None:
    enrolment = EnrolmentFactory(people=3, at="CONFIRMED")
    teacher = user_for(T, enrolment)
    one, two, three = enrolment.lines.values_list("pk", flat=True)
    move_lines([one, two], "hand_off", by=teacher)
    move_lines([one, two], "open_learning", by=teacher)
    data = {one: {"score": Decimal(90)}, two: {"score": Decimal(75)}, three: {"score": Decimal(60)}}
    done = move_lines(list(data), "record_pass", by=teacher, data=data)
    assert sorted(row.pk for row in done.rows) == [one, two]
    assert list(done.refused) == [three]
    assert list(enrolment.lines.values_list("score", flat=True)) == [90, 75, None]


def test_another_body_moves_nobody(face_to_face: Lines) -> None:
    line = face_to_face("PENDING")
    done = move_lines([line.pk], "open_learning", by=UserFactory(role=L))
    assert list(done.refused) == [line.pk]
    assert again(line).state == "PENDING"


def test_a_person_sees_the_own_learning_once_it_is_confirmed(line_at: Lines) -> None:
    from backoffice.core.scoping import visible_to

    line = line_at("ENROLLING")
    person = UserFactory(role=Role.PERSON, person=line.person)
    assert not visible_to(EnrolmentLine, person).exists()
    perform(line.enrolment, "training_confirm", by=actor(line.enrolment, T))
    assert list(visible_to(EnrolmentLine, person)) == [line]
