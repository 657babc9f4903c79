"""Tuition is asked for practice training only: a class of continuing education with one would show a wrong price."""

from typing import Any

import pytest
from django.urls import reverse

from backoffice.roles import Role
from tests.factories import LocalBodyFactory, UserFactory
from training.models import TrainingClass

pytestmark = pytest.mark.django_db
ADD = reverse("admin:training_trainingclass_add")


@pytest.mark.parametrize(
    ("kind", "tuition", "is_taken"),
    [("PRACTICE", 800, True), ("PRACTICE", 0, True), ("CONTINUING", 0, True), ("CONTINUING", 800, False)],
)
def test_a_class_has_a_tuition_where_it_is_charged(
    kind: str, tuition: int, is_taken: bool, signed_in: Any
) -> None:
    data = {
        "title": "2026年第9期培训班", "type": kind, "mode": "ONLINE", "category": "SUPERVISOR", "tuition": tuition,
        "local_body": LocalBodyFactory().pk, "start_date": "", "end_date": "", "capacity": 50,
    }  # fmt: skip
    answer = signed_in(UserFactory(role=Role.TRAINING)).post(ADD, data)
    assert answer.status_code == (302 if is_taken else 200)
    assert TrainingClass.objects.exists() == is_taken
    if not is_taken:
        errors = answer.context["adminform"].form.errors
        assert set(errors) == {"tuition"}
        assert "填0" in errors["tuition"][0]
        assert 'value="800"' in answer.content.decode()  # what was typed is kept
