"""Seats and certificate types of classes as people read them: list, page, year plan, calendar and public pages."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import CertificateFactory, TrainingClassFactory, UserFactory
from training.flows.enrolment import seats_left
from training.models import EnrolmentLine, TrainingClass
from training.month import month_of, next_month, weeks_of
from training.services import with_seats

pytestmark = pytest.mark.django_db
LIST = reverse("admin:training_trainingclass_changelist")
CALENDAR = reverse("admin:training_trainingclass_calendar")


def text_of(user: Any, address: str, **query: Any) -> str:
    client = Client()
    if user is not None:
        client.force_login(user)
    client.cookies["django_language"] = "en"
    answer = client.get(address, query, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_seats_are_counted_from_the_submit_to_the_end_and_given_back_by_a_return() -> None:
    enrolment = EnrolmentFactory(people=3, at="LOCAL_REVIEW", training_class__capacity=10)
    EnrolmentFactory(people=2, training_class=enrolment.training_class)  # a draft takes none
    row = with_seats(TrainingClass.objects.all()).get()
    assert (row.taken, row.free_seats) == (3, 7) == (row.seats_taken(), row.seats_free())
    advance(enrolment, "local_return")
    assert with_seats(TrainingClass.objects.all()).get().taken == 0


def test_who_renews_two_certificates_takes_one_seat() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class__capacity=2)
    line = enrolment.lines.get()
    second = CertificateFactory(person=line.person, company=enrolment.company, type="SAFETY")
    EnrolmentLine.objects.create(enrolment=enrolment, person=line.person, certificate=second)
    row = with_seats(TrainingClass.objects.all()).get()
    assert (row.taken, row.free_seats) == (1, 1) == (row.seats_taken(), row.seats_free())

    draft = EnrolmentFactory(people=1, training_class=row)
    person = draft.lines.get().person
    third = CertificateFactory(person=person, company=draft.company, type="SAFETY")
    EnrolmentLine.objects.create(enrolment=draft, person=person, certificate=third)
    assert seats_left(draft) == ""
    EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class=row)
    with translation.override("en"):
        assert "has 0 seats left, and this enrolment needs 1." in seats_left(draft)


def test_the_list_counts_seats_in_no_further_query() -> None:
    client = Client()
    client.force_login(UserFactory(role=Role.TRAINING))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(LIST).status_code == 200
        return len(seen)

    TrainingClassFactory()
    client.get(LIST)
    few = queries()
    for _n in range(10):
        TrainingClassFactory()
    assert queries() == few


@pytest.mark.parametrize("role", Role)
def test_a_class_of_all_types_says_so_to_everybody(role: str) -> None:
    row = TrainingClassFactory(type="CONTINUING", category="")
    user = UserFactory(role=role)
    page = reverse("admin:training_trainingclass_change", args=[row.pk])
    plan = reverse("admin:training_trainingclass_year_plan") + f"?year={row.start_date.year}"
    for address in (LIST, page, plan):
        assert "All types" in text_of(user, address), address
    assert "All types" in text_of(None, reverse("public:classes"))


def test_the_public_plan_says_how_many_seats_are_left() -> None:
    enrolment = EnrolmentFactory(people=3, at="LOCAL_REVIEW", training_class__capacity=10)
    assert "7 of 10 free" in text_of(None, reverse("public:classes"))
    TrainingClass.objects.filter(pk=enrolment.training_class_id).update(capacity=3)
    assert "All 3 taken" in text_of(None, reverse("public:classes"))


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PERSON])
def test_a_class_leads_to_its_enrolments_for_those_who_see_enrolments(role: str) -> None:
    row = TrainingClassFactory()
    address = f"{reverse('admin:training_enrolment_changelist')}?training_class={row.pk}"
    page = reverse("admin:training_trainingclass_change", args=[row.pk])
    assert address in text_of(UserFactory(role=role), page)
    assert address not in text_of(UserFactory(role=Role.PERSON), page)


# --- The calendar ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_the_calendar_shows_the_classes_of_the_month_that_the_role_sees(role: str) -> None:
    days = {"start_date": datetime.date(2026, 3, 30), "end_date": datetime.date(2026, 4, 8)}
    TrainingClassFactory(title="跨月班", **days)
    TrainingClassFactory(title="计划中的班", state="PLANNED", **days)
    TrainingClassFactory(title="五月班", start_date=datetime.date(2026, 5, 11), end_date=None)
    text = text_of(UserFactory(role=role), CALENDAR, month="2026-04")
    assert text.count(">跨月班 →<") == text.count(">← 跨月班<") == 1
    assert ("计划中的班" in text) == (role in (Role.TRAINING, Role.ADMIN, Role.AUDITOR))
    assert "五月班" not in text


def test_bars_cover_the_days_of_a_class() -> None:
    TrainingClassFactory(start_date=datetime.date(2026, 4, 8), end_date=datetime.date(2026, 4, 14))
    weeks = weeks_of(TrainingClass.objects.all(), datetime.date(2026, 4, 1))
    bars = [(week.days[0].day, bar.before, bar.days, bar.after) for week in weeks for bar in week.bars]
    assert bars == [(6, 2, 5, 0), (13, 0, 2, 5)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04", (2026, 4)),
        ("", (2026, 6)),
        ("2026-13", (2026, 6)),
        ("x", (2026, 6)),
        ("9999-01", (2026, 6)),
    ],
)
def test_a_month_that_makes_no_sense_is_the_present_one(text: str, expected: tuple[int, int]) -> None:
    found = month_of(text, datetime.date(2026, 6, 15))
    assert (found.year, found.month, found.day) == (*expected, 1)


def test_months_go_on_over_the_turn_of_the_year() -> None:
    assert next_month(datetime.date(2026, 12, 1)) == datetime.date(2027, 1, 1)
    assert next_month(datetime.date(2026, 1, 1), -1) == datetime.date(2025, 12, 1)
