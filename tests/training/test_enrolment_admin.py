"""The list of enrolments in the admin: what a role reads there, how it is filtered, and what it says when empty."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import Task
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import (
    TrainingClassFactory,
    UserFactory,
)
from tests.training.enrolment_pages import LIST, client_of, listed, text_of
from tests.training.enrolment_tools import user_for
from training.models import Enrolment

pytestmark = pytest.mark.django_db


# --- Who reads what -----------------------------------------------------------------------------------


def test_a_body_sees_a_returned_enrolment_as_one_that_was_submitted() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    advance(enrolment, "local_return")
    assert listed(user_for(Role.LOCAL_BODY, enrolment)) == {enrolment}


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING])
def test_an_empty_list_says_what_to_do_next(role: Role) -> None:
    text = text_of(UserFactory(role=role), LIST)
    target = {Role.COMPANY: "admin:training_enrolment_add", Role.FINANCE: "admin:core_task_changelist"}
    hint = text.split('class="bo-remark mb-4"')[1].split("</p>")[0]
    assert reverse(target.get(role, "admin:training_trainingclass_changelist")) in hint


@pytest.mark.parametrize(
    ("role", "missing"),
    [(Role.COMPANY, {"company", "local_body"}), (Role.LOCAL_BODY, {"local_body"}), (Role.FINANCE, set())],
)
def test_nobody_reads_the_own_name_in_every_row(role: Role, missing: set[str]) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    columns = client_of(user_for(role, enrolment)).get(LIST).context["cl"].list_display
    every = {"training_class", "company", "local_body", "people", "amount", "show_state", "show_contact",
             "submitted_at", "show_due"}  # fmt: skip
    assert every - set(columns) == missing


def test_the_list_names_contact_people_amount_and_a_late_due_date() -> None:
    enrolment = EnrolmentFactory(
        people=2, at="LOCAL_REVIEW", contact_name="郑经办", contact_phone="13900001111"
    )
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Task.of(enrolment).filter(closed_at=None).update(due_on=yesterday)
    text = text_of(user_for(Role.LOCAL_BODY, enrolment), LIST)
    for shown in ("郑经办 13900001111", "600", yesterday.isoformat(), "bo-late"):
        assert shown in text


# --- Filters -----------------------------------------------------------------------------------------


@pytest.fixture
def two_kinds() -> tuple[Enrolment, Enrolment]:
    """A renewal online this year, and a face-to-face practice class that begins next year."""
    first = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    year = timezone.localdate().year + 1
    other_class = TrainingClassFactory(
        type="PRACTICE", mode="FACE_TO_FACE", title="来年面授从业班", start_date=datetime.date(year, 3, 1)
    )
    return first, EnrolmentFactory(training_class=other_class, contact_name="")


@pytest.mark.parametrize(
    "query",
    [
        lambda one, other: {"state": "LOCAL_REVIEW"},
        lambda one, other: {"training_class__type": "CONTINUING"},
        lambda one, other: {"training_class__mode": "ONLINE"},
        lambda one, other: {"local_body": one.local_body_id},
        lambda one, other: {"company": one.company_id},
        lambda one, other: {"training_class": one.training_class_id},
        lambda one, other: {"year": one.training_class.start_date.year},
    ],
)
def test_every_filter_narrows_the_list(query: Any, two_kinds: tuple[Enrolment, Enrolment]) -> None:
    training = UserFactory(role=Role.TRAINING)
    one, other = two_kinds
    assert listed(training) == {one, other}
    if "year" in query(one, other) and one.training_class.start_date.year != timezone.localdate().year:
        pytest.skip("the factory's class begins next year, too")
    assert listed(training, **query(one, other)) == {one}


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY])
def test_a_filter_with_a_foreign_record_finds_nothing(role: Role) -> None:
    mine, foreign = (
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
    )
    user = user_for(role, mine)
    assert listed(user, training_class=foreign.training_class_id) == set()
    assert foreign not in listed(user, company=foreign.company_id, local_body=foreign.local_body_id)


@pytest.mark.parametrize("role", [Role.TRAINING, Role.FINANCE, Role.LOCAL_BODY, Role.COMPANY])
def test_the_list_takes_as_many_queries_for_thirty_rows_as_for_three(role: str) -> None:
    first = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    user = user_for(role, first)

    def more(number: int) -> None:
        for _n in range(number):
            EnrolmentFactory(company=first.company, training_class=first.training_class)
        Enrolment.objects.filter(submitted_at=None).update(submitted_at=timezone.now())

    client = client_of(user)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(LIST).status_code == 200
        return len(seen)

    more(2)
    client.get(LIST)
    few = queries()
    more(27)
    assert queries() == few
    assert few - 2 <= 7  # besides session and user
