"""The strip on every flow's page: done, now with whom until when, next (core/stages.py)."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.admin.flow import object_url
from backoffice.core.engine import perform
from backoffice.core.links import token_of
from backoffice.core.models import Task
from backoffice.core.models.inbox import flow_models
from backoffice.core.stages import names_for, stages, way
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import HelpRequestFactory, PersonalApplicationFactory, actor, client_of
from tests.flowapp.models import Paper
from training.models import Enrolment

pytestmark = pytest.mark.django_db


def marks(record: Any, user: Any = None) -> list[tuple[str, str]]:
    return [(stop.state, stop.mark) for stop in stages(record, names_for(user))]


def test_every_flow_has_a_way_that_ends_where_nobody_has_to_act() -> None:
    for model in flow_models():
        states = way(model)
        assert len(states) > 1, model
        assert states[-1] not in model.desks, model
        assert set(model.desks) - set(states) <= {"RETURNED"}, model


def test_an_enrolment_tells_what_is_done_who_has_it_until_when_and_what_comes_next() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    clerk = actor(enrolment, Role.COMPANY)
    task = Task.of(enrolment).get(closed_at=None)
    found = stages(enrolment, names_for(clerk), task)
    assert [stop.mark for stop in found] == ["done", "here", "next", "", "", "", ""]
    assert enrolment.local_body.name in found[1].who
    assert task.due_on.isoformat() in found[1].says
    assert "10" in found[2].says  # working days to pay
    assert enrolment.company.name not in "".join(stop.who for stop in found)  # the clerk knows it
    assert enrolment.company.name in "".join(stop.who for stop in stages(enrolment, names_for(None)))


def test_a_return_is_marked_where_it_came_from_and_an_end_ends_the_line() -> None:
    enrolment = advance(EnrolmentFactory(people=1, at="LOCAL_REVIEW"), "local_return")
    assert marks(enrolment)[:2] == [("DRAFT", "here"), ("LOCAL_REVIEW", "returned")]
    enrolment = perform(enrolment, "cancel", by=actor(enrolment, Role.COMPANY))
    assert [mark for _state, mark in marks(enrolment)] == ["done", "ended"]


def test_a_finished_record_is_done_to_the_last_stop() -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    teacher = actor(enrolment, Role.TRAINING)
    for name in ("hand_off", "open_learning", "record_pass"):
        perform(enrolment.lines.get(), name, by=teacher)
    assert {mark for _state, mark in marks(Enrolment.objects.get())} == {"done"}


def test_what_a_record_does_not_come_by_is_left_out() -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED", training_class__mode="FACE_TO_FACE")
    assert "SUBMITTED" not in dict(marks(enrolment.lines.get()))


def test_the_payment_page_has_it_too() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    page = reverse("admin:training_enrolment_step", args=[enrolment.pk, "submit_voucher"])
    text = client_of(actor(enrolment, Role.COMPANY)).get(page).content.decode()
    assert text.count('aria-current="step"') == 1


@pytest.mark.usefixtures("papers")
def test_object_and_decision_page_show_the_strip(desk: Any, signed_in: Any) -> None:
    paper = desk.waiting()
    client = signed_in(desk.reviewer)
    for page in (object_url(paper), reverse("admin:flowapp_paper_step", args=[paper.pk, "local_approve"])):
        text = client.get(page).content.decode()
        assert 'aria-current="step"' in text
        assert Task.of(paper).get(closed_at=None).due_on.isoformat() in text


@pytest.mark.parametrize("at", ["COMPANY_REVIEW", "RETURNED"])
def test_an_applicant_reads_the_same_strip(at: str) -> None:
    page = Client().get(f"/a/{token_of(PersonalApplicationFactory(at=at))}/").content.decode()
    assert page.count("pub-stage pub-stage") >= 2
    assert page.count('aria-current="step"') == 1


def test_an_asker_reads_the_same_strip() -> None:
    page = Client().get(f"/a/{token_of(HelpRequestFactory())}/").content.decode()
    assert page.count('aria-current="step"') == 1


@pytest.mark.usefixtures("papers")
def test_the_strip_costs_one_query(desk: Any) -> None:
    paper = Paper.objects.select_related("company", "local_body").get(pk=desk.waiting().pk)
    with CaptureQueriesContext(connection) as seen:
        stages(paper, names_for(None))
    assert len(seen) == 1
