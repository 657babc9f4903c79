"""A class with people in it: what an edit or the cancellation does is named before, and told after
(specification 3.5)."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.admin.flow import object_url, step_url
from backoffice.core.engine import perform
from backoffice.core.models import Message
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import TrainingClassFactory, UserFactory, actor, client_of
from tests.training.enrolment_tools import user_for
from training.enrolling import move_lines
from training.models import PlatformRow, TrainingClass
from training.platform.hand_off import hand_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = client_of(UserFactory(role=Role.TRAINING))
    client.cookies["django_language"] = "en"
    return client


def posted(row: TrainingClass, **changes: Any) -> dict[str, Any]:
    names = ("title", "type", "mode", "category", "place", "capacity", "tuition", "remark")
    values = {name: getattr(row, name) for name in names} | {"local_body": row.local_body_id}
    days = {name: getattr(row, name).isoformat() for name in ("start_date", "end_date")}
    return values | days | changes


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


# --- Edits -------------------------------------------------------------------------------------------


def edited(client: Client, row: TrainingClass, **changes: Any) -> Any:
    return client.post(object_url(row), posted(row, **changes))


def test_fewer_seats_than_people_are_saved_only_once_it_was_read(client: Client) -> None:
    enrolment = EnrolmentFactory(people=3, at="LOCAL_REVIEW")
    row = enrolment.training_class
    answer = edited(client, row, capacity=2)
    assert answer.status_code == 200
    assert "3 seats are taken" in text_of(answer)
    assert str(enrolment) in text_of(answer)
    assert TrainingClass.objects.get(pk=row.pk).capacity == row.capacity
    assert edited(client, row, capacity=2, confirm_running="1").status_code == 302
    assert TrainingClass.objects.get(pk=row.pk).capacity == 2
    assert not Message.objects.filter(subject__contains=str(row)).exclude(body__contains="enrols").filter(
        body__contains="seats"
    ).exists()  # fmt: skip


def test_another_day_is_named_confirmed_and_told_to_whoever_is_in(client: Client) -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT", company__email="boss@example.com")
    row = enrolment.training_class
    past = timezone.localdate() - datetime.timedelta(days=5)
    answer = edited(client, row, start_date=past.isoformat())
    assert "in the past" in text_of(answer)
    assert "1 running matter" in text_of(answer)
    Message.objects.all().delete()
    edited(client, row, start_date=past.isoformat(), confirm_running="1")
    told = Message.objects.get(recipient="boss@example.com")
    assert past.isoformat() in told.body
    assert reverse("admin:training_enrolment_change", args=[enrolment.pk]) in told.body


def test_an_edit_that_concerns_nobody_is_saved_at_once(client: Client) -> None:
    row = TrainingClassFactory()
    assert edited(client, row, capacity=row.capacity + 1, place="佛山").status_code == 302
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    assert edited(client, enrolment.training_class, remark="自带电脑").status_code == 302


# --- Cancelling a class ------------------------------------------------------------------------------


@pytest.fixture
def course() -> TrainingClass:
    return TrainingClassFactory(type="CONTINUING", category="")


def full(course: TrainingClass) -> Any:
    """A draft, one that is reviewed, and a paid one of two people whom the platform has."""
    EnrolmentFactory(training_class=course)
    EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class=course)
    paid = EnrolmentFactory(people=2, at="CONFIRMED", training_class=course)
    lines = list(paid.lines.values_list("pk", flat=True))
    teacher = actor(paid, Role.TRAINING)
    hand_off(lines, by=teacher)
    move_lines(lines[:1], "open_learning", by=teacher)
    return paid


def test_the_cancel_page_says_what_will_happen_and_the_next_one_what_did(
    client: Client, course: TrainingClass
) -> None:
    paid = full(course)
    page = step_url(course, course.pk, "cancel")
    asked = text_of(client.get(page))
    for sentence in (
        "3 enrolments end with the class.", "3 people lose their seats.", "600 yuan that finance has verified",
        "2 people are on the learning platform already", f"?training_class={course.pk}",
    ):  # fmt: skip
        assert sentence in asked
    answer = client.post(page, {"seen": last_log_id(course), "opinion": "人数不足"}, follow=True)
    told = text_of(answer)
    for sentence in (
        "3 enrolments were cancelled.", "600 yuan are due", "2 people are to be withdrawn",
        "state=DROPPED&amp;handed_off=yes", "state=DUE",
    ):  # fmt: skip
        assert sentence in told
    listed = client.get(
        reverse("admin:training_enrolmentline_changelist"),
        {"enrolment__training_class": course.pk, "state": "DROPPED", "handed_off": "yes"},
    )
    assert set(listed.context["cl"].result_list) == set(paid.lines.all())
    panel = text_of(client.get(object_url(course)))  # it stays to be seen on the class's page
    for line in paid.lines.all():
        assert object_url(line) in panel
    assert not PlatformRow.objects.filter(outcome__in=("WAITING", "ACCEPTED")).exists()


def test_body_and_learners_are_told_too(course: TrainingClass) -> None:
    paid = full(course)
    reviewer = user_for(Role.LOCAL_BODY, paid)
    reviewer.email = "body@example.com"
    reviewer.save()
    person = paid.lines.first().person
    person.phone = "13811112222"
    person.save()
    Message.objects.all().delete()
    perform(course, "cancel", by=UserFactory(role=Role.TRAINING), opinion="人数不足")
    assert str(course) in Message.objects.get(recipient="body@example.com").subject
    assert "人数不足" in Message.objects.get(recipient="13811112222").body


def test_an_empty_class_says_that_nothing_else_ends(client: Client, course: TrainingClass) -> None:
    assert "Nobody has enrolled" in text_of(client.get(step_url(course, course.pk, "cancel")))


# --- Cancelling one enrolment, and dropping one person -------------------------------------------------


def test_a_company_reads_what_cancelling_its_enrolment_means_and_the_button_says_so() -> None:
    enrolment = advance(EnrolmentFactory(people=2, at="LOCAL_REVIEW"), "local_return")
    client = client_of(actor(enrolment, Role.COMPANY))
    assert "撤销报名" in text_of(client.get(object_url(enrolment), follow=True))
    client.cookies["django_language"] = "en"
    asked = text_of(client.get(step_url(enrolment, enrolment.pk, "cancel")))
    assert "cannot be opened again" in asked
    assert "nothing is to be paid back" in asked


def test_the_training_department_reads_how_much_goes_back(client: Client) -> None:
    enrolment = EnrolmentFactory(people=2, at="TRAINING_REVIEW")
    asked = text_of(client.get(step_url(enrolment, enrolment.pk, "training_cancel")))
    assert "600 yuan" in asked
    assert "2 people lose their seats." in asked


def test_leaving_a_paid_class_says_what_happens_to_the_money(client: Client) -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED", company__email="boss@example.com")
    line = enrolment.lines.get()
    assert "300 yuan" in text_of(client.get(step_url(line, line.pk, "drop")))
    act = reverse("admin:training_enrolmentline_act", args=["drop"])
    assert "300 yuan" in text_of(client.post(act, {"ids": str(line.pk)}))
    Message.objects.all().delete()
    perform(line, "drop", by=UserFactory(role=Role.TRAINING), opinion="已离职")
    assert "300" in Message.objects.get(recipient="boss@example.com").body
