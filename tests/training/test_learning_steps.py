"""Steps of many people from the learning list: the department takes all, a body those of its classes, others none."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from backoffice.roles import Role
from tests.factories import UserFactory
from tests.training.learners import LIST, body_of, learners, page_of, posted, states
from training.models import EnrolmentLine
from training.platform.acts import ACTS, act

pytestmark = pytest.mark.django_db
Pair = tuple[list[EnrolmentLine], list[EnrolmentLine]]
Kept = dict[tuple[str, str], Pair]
At = Callable[[str, str], Pair]


#: Step -> the state before it, the mode, the state after it, and what is typed.
STEPS = [
    ("hand_off", "PENDING", "ONLINE", "SUBMITTED", {}),
    ("open_learning", "SUBMITTED", "ONLINE", "LEARNING", {}),
    ("open_learning", "PENDING", "FACE_TO_FACE", "LEARNING", {}),
    ("record_pass", "LEARNING", "ONLINE", "PASSED", {"passed_on": "2026-06-01"}),
    ("record_pass", "LEARNING", "FACE_TO_FACE", "PASSED", {}),
    ("record_fail", "LEARNING", "FACE_TO_FACE", "FAILED", {}),
    ("retake", "FAILED", "FACE_TO_FACE", "LEARNING", {}),
    ("take_back", "SUBMITTED", "ONLINE", "PENDING", {"opinion": "身份证号错误"}),
    ("drop", "LEARNING", "ONLINE", "DROPPED", {"opinion": "离职"}),
]


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Kept:
    """Two people and a stranger of another body in every state and mode a step begins in."""
    return {
        (state, mode): (learners(2, state, mode), learners(1, state, mode))
        for state, mode in dict.fromkeys((before, mode) for _step, before, mode, _after, _typed in STEPS)
    }


@pytest.fixture
def at(kept: Kept) -> At:
    """`at(state, mode)` are the two people and the stranger."""
    return lambda state, mode: deepcopy(kept[state, mode])


@pytest.mark.parametrize(("step", "before", "mode", "after", "typed"), STEPS)
def test_the_training_department_takes_the_step(
    step: str, before: str, mode: str, after: str, typed: dict, signed_in: Any, at: At
) -> None:
    lines, _strangers = at(before, mode)
    training = signed_in(UserFactory(role=Role.TRAINING))
    answer = training.post(page_of(step), posted(lines, **typed))
    assert answer.status_code == 200
    assert (answer.context["done"], answer.context["refused"]) == (2, 0)
    assert states(lines) == [after] * 2


@pytest.mark.parametrize(("step", "before", "mode", "after", "typed"), STEPS)
def test_a_body_takes_the_steps_of_its_own_face_to_face_classes_only(
    step: str, before: str, mode: str, after: str, typed: dict, signed_in: Any, at: At
) -> None:
    lines, strangers = at(before, mode)
    client = signed_in(body_of(lines[0]))
    answer = client.post(page_of(step), posted([*lines, *strangers], **typed))
    if step not in ACTS[Role.LOCAL_BODY]:
        assert answer.status_code == 403
    may = mode == "FACE_TO_FACE" and step in ACTS[Role.LOCAL_BODY]
    assert states(lines) == [after if may else before] * 2
    assert states(strangers) == [before]


@pytest.mark.parametrize("role", [role for role in Role if role not in ACTS])
def test_nobody_else_acts(role: Role, signed_in: Any, at: At) -> None:
    _two, (line,) = at("PENDING", "ONLINE")
    bound = {Role.COMPANY: {"company": line.enrolment.company}, Role.PERSON: {"person": line.person}}
    user = UserFactory(role=role, **bound.get(role, {}))
    client = signed_in(user)
    assert client.post(page_of("hand_off"), posted([line])).status_code == 403
    assert act([line.pk], "hand_off", by=user).refused.keys() == {line.pk}
    assert states([line]) == ["PENDING"]
    assert "hand_off_selected" not in client.get(LIST).content.decode()
