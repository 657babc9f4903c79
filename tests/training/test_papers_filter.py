"""The paper materials that a body waits for are found on the list of enrolments."""

import datetime

import pytest
from django.utils import timezone

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory, client_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db
LIST = "/admin/training/enrolment/"


def test_awaited_overdue_and_received_papers_are_told_apart():
    today = timezone.localdate()
    late, due, there = (EnrolmentFactory(people=1, at="CONFIRMED") for _n in range(3))
    Enrolment.objects.filter(pk=late.pk).update(papers_due_on=today - datetime.timedelta(days=1))
    Enrolment.objects.filter(pk=due.pk).update(papers_due_on=today)
    Enrolment.objects.filter(pk=there.pk).update(papers_due_on=today, papers_received_on=today)
    office = client_of(UserFactory(role=Role.OFFICE))

    def found(value):
        return set(office.get(LIST, {"papers": value}).context_data["cl"].result_list)

    assert found("awaited") == {late, due}
    assert found("late") == {late}
    assert found("received") == {there}
    assert found("nonsense") == {late, due, there}


def test_nobody_hands_people_of_a_face_to_face_class_to_the_platform():
    training = UserFactory(role=Role.TRAINING)
    pages = {}
    for mode in ("FACE_TO_FACE", "ONLINE"):
        line = EnrolmentFactory(people=1, at="CONFIRMED", training_class__mode=mode).lines.get()
        pages[mode] = (
            client_of(training).get(f"/admin/training/enrolmentline/{line.pk}/change/").content.decode()
        )
    assert "/step/hand_off/" in pages["ONLINE"]
    assert "hand_off" not in pages["FACE_TO_FACE"]
