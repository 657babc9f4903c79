"""One that was in before finishes after a return, though its class closed, began or filled up (specification 3.5,
edges)."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import TrainingClassFactory, UserFactory
from tests.training.enrolment_tools import again, refused, user_for
from training.models import TrainingClass

pytestmark = pytest.mark.django_db
#: How a paid enrolment comes back to the company's desk.
BACK = ("training_return", "finance_return", "decline_payment")


def paid_and_back() -> Any:
    """Two people, paid for, and the roster open again."""
    return again(advance(EnrolmentFactory(people=2, at="TRAINING_REVIEW"), *BACK))


def course_of(enrolment: Any) -> Any:
    return TrainingClass.objects.filter(pk=enrolment.training_class_id)


@pytest.mark.parametrize("steps", [("close",), ("close", "begin")])
def test_a_paid_enrolment_that_came_back_is_submitted_again_into_the_class_it_was_in(steps: Any) -> None:
    enrolment = paid_and_back()
    for name in steps:
        perform(course_of(enrolment).get(), name, by=UserFactory(role=Role.TRAINING))
    enrolment = advance(enrolment, "submit", "local_approve")
    assert enrolment.state == "TRAINING_REVIEW"  # the credit covers it


def test_one_that_the_body_returned_before_anything_was_paid_finishes_too() -> None:
    enrolment = advance(EnrolmentFactory(people=1, at="LOCAL_REVIEW"), "local_return")
    course_of(enrolment).update(state="CLOSED")
    assert advance(again(enrolment), "submit").state == "LOCAL_REVIEW"


def test_whoever_has_paid_keeps_the_seats_but_gets_no_further_ones() -> None:
    enrolment = paid_and_back()
    course_of(enrolment).update(capacity=1)
    assert advance(enrolment, "submit").state == "LOCAL_REVIEW"
    enrolment = paid_and_back()
    course_of(enrolment).update(capacity=1)
    EnrolmentLineFactory(enrolment=enrolment)
    assert "3" in refused(enrolment, "submit", user_for(Role.COMPANY, enrolment))


def test_who_has_paid_nothing_has_given_the_seats_back() -> None:
    enrolment = again(advance(EnrolmentFactory(people=1, at="LOCAL_REVIEW"), "local_return"))
    course_of(enrolment).update(capacity=0)
    refused(enrolment, "submit", user_for(Role.COMPANY, enrolment))


@pytest.mark.parametrize("at", ["another class", "over", "finished", "a fresh draft"])
def test_nobody_else_comes_in_after_the_close(at: str) -> None:
    enrolment = paid_and_back() if at != "a fresh draft" else EnrolmentFactory(people=1)
    if at == "another class":
        enrolment.training_class = TrainingClassFactory(type="CONTINUING", category="", state="CLOSED")
        enrolment.save()
    elif at == "over":
        yesterday = timezone.localdate() - datetime.timedelta(days=1)
        course_of(enrolment).update(start_date=yesterday, end_date=yesterday)
    else:
        course_of(enrolment).update(state="FINISHED" if at == "finished" else "CLOSED")
    assert str(again(enrolment).training_class) in refused(
        enrolment, "submit", user_for(Role.COMPANY, enrolment)
    )
