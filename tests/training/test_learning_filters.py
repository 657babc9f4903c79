"""网络培训报名查询: each filter narrows the list to those it names."""

import datetime
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from backoffice.roles import Role
from tests.factories import UserFactory
from tests.training.learners import learners, rename, shown
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> list[EnrolmentLine]:
    late = rename(learners(1)[0], "甲")
    online = rename(learners(1, "LEARNING")[0], "乙")
    here = rename(learners(1, "LEARNING", mode="FACE_TO_FACE")[0], "丙")
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Enrolment.objects.exclude(pk=late.enrolment_id).update(open_by=yesterday + datetime.timedelta(days=30))
    Enrolment.objects.filter(pk=late.enrolment_id).update(open_by=yesterday)
    return [late, online, here]


@pytest.fixture
def lines(kept: list[EnrolmentLine]) -> list[EnrolmentLine]:
    """甲 is overdue, 乙 learns online, 丙 face to face."""
    return deepcopy(kept)


@pytest.fixture
def training(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.TRAINING))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=PENDING", {"甲"}), ("state=LEARNING", {"乙", "丙"}), ("handed_off=yes", {"乙"}),
        ("handed_off=no", {"甲", "丙"}), ("handed_off=x", {"甲", "乙", "丙"}),
        ("enrolment__training_class__mode=FACE_TO_FACE", {"丙"}), ("due=late", {"甲"}), ("due=today", set()),
        ("enrolment__training_class__type=PRACTICE", set()), ("category=SUPERVISOR", {"甲", "乙", "丙"}),
    ],
)  # fmt: skip
def test_filters(query: str, names: set[str], training: Any, lines: list[EnrolmentLine]) -> None:
    assert len(lines) == 3
    assert shown(training, query) == names


def test_the_filters_of_class_and_body_keep_to_the_scope(
    training: Any, signed_in: Any, lines: list[EnrolmentLine]
) -> None:
    one, two, _three = lines
    assert shown(training, f"enrolment__training_class={one.enrolment.training_class_id}") == {"甲"}
    assert shown(training, f"enrolment__local_body={two.enrolment.local_body_id}") == {"乙"}
    company = signed_in(UserFactory(role=Role.COMPANY, company=one.enrolment.company))
    assert shown(company, f"enrolment__training_class={two.enrolment.training_class_id}") == set()
