"""A wrong result is taken back: one person's by the training department, a whole file's by undoing the import."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from backoffice.core import imports
from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.models import ImportRun, Message, TransitionLog
from backoffice.roles import Role
from registry.models import Certificate, CertificateTerm
from tests.factories import CertificateFactory, UserFactory, client_of
from tests.training.learners import learners, states
from tests.training.test_results_import import counts, imported, row, stored, workbook
from training.enrolling import move_lines
from training.models import Enrolment, EnrolmentLine
from training.results import undo

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> list[EnrolmentLine]:
    return learners(3, "LEARNING")


@pytest.fixture
def lines(kept: list[EnrolmentLine]) -> list[EnrolmentLine]:
    """Three people of one enrolment who learn online."""
    return deepcopy(kept)


@pytest.fixture
def officer() -> Any:
    return UserFactory(role=Role.TRAINING)


@pytest.fixture
def run(lines: list[EnrolmentLine], officer: Any) -> ImportRun:
    """One passed, one failed, hours of the third; the second had hours before."""
    one, two, three = lines
    imported(workbook(row(two, 8, None, "学习中")), officer)
    return imported(workbook(row(one, 24, 88, "合格"), row(two, 20, 41, "不合格"), row(three, 6)), officer)


def page(run: ImportRun, act: str = "change") -> str:
    return reverse(f"admin:core_importrun_{act}", args=[run.pk])


def test_everybody_gets_back_what_was_recorded_before(
    run: ImportRun, lines: list[EnrolmentLine], officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SLICE", 2)
    imports.undo(run, officer)
    assert (run.status, states(lines)) == ("UNDONE", ["LEARNING"] * 3)
    one, two, three = (stored(line) for line in lines)
    assert (one.study_hours, one.score, one.passed_on) == (None, None, None)
    assert (two.study_hours, two.score, three.study_hours) == (8, None, None)
    assert one.attempts == 1
    log = TransitionLog.of(one).first()
    assert (log.step, log.by, str(run.pk) in log.opinion) == ("take_result_back", officer, True)
    # The right file can be imported now.
    assert counts(imported(workbook(row(one, 24, 88, "不合格")), officer)) == {"failed": 1}


def test_an_enrolment_that_was_closed_is_open_again_and_the_company_is_told(
    lines: list[EnrolmentLine], officer: Any
) -> None:
    done = imported(workbook(*(row(line, 24, 88, "合格") for line in lines)), officer)
    assert Enrolment.objects.get().state == "CLOSED"
    before = set(Message.objects.values_list("pk", flat=True))
    imports.undo(done, officer)
    assert Enrolment.objects.get().state == "CONFIRMED"
    assert any(lines[0].name in message.body for message in Message.objects.exclude(pk__in=before))


def test_who_moved_on_stays_and_the_page_names_each_with_the_reason(
    run: ImportRun, lines: list[EnrolmentLine], officer: Any
) -> None:
    _one, two, three = lines
    other = UserFactory(role=Role.TRAINING, name="后来人")
    move_lines([two.pk], "retake", by=other)
    client = client_of(officer)
    shown = client.get(page(run))
    assert (shown.context["undo_free"], len(shown.context["undo_stay"])) == (2, 1)
    ((who, why),) = shown.context["undo_stay"]
    assert two.name in who
    assert "后来人" in why
    client.post(page(run, "undo"))
    imports.carry_on_undo(run.pk)
    run.refresh_from_db()
    assert (run.status, states(lines)) == ("PARTLY", ["LEARNING"] * 3)
    assert (stored(two).attempts, stored(two).score, stored(three).study_hours) == (2, 41, None)
    assert "后来人" in client.get(page(run)).content.decode()


def renewed(line: EnrolmentLine) -> None:
    certificate = Certificate.objects.get(pk=line.certificate_id)
    certificate.renewal_date, certificate.expiry_date = (
        certificate.expiry_date,
        certificate.expiry_date.replace(year=certificate.expiry_date.year + 3),
    )
    certificate.save()
    CertificateTerm.objects.create(
        certificate=certificate, start_date=certificate.renewal_date, expiry_date=certificate.expiry_date
    )


def first_certificate(line: EnrolmentLine) -> None:
    EnrolmentLine.objects.filter(pk=line.pk).update(matter="PRACTICE", certificate=None)
    CertificateFactory(person=line.person, type=line.category)


@pytest.mark.parametrize("make", [renewed, first_certificate])
def test_a_result_that_a_certificate_was_made_of_stays(
    make: Callable[[EnrolmentLine], None], run: ImportRun, lines: list[EnrolmentLine], officer: Any
) -> None:
    one = lines[0]
    make(one)
    number = Certificate.objects.filter(person=one.person).latest("pk").number
    with pytest.raises(StepRefused, match=number):
        perform(stored(one), "withdraw_pass", by=officer, opinion="登记错误")
    imports.undo(run, officer)
    assert (run.status, stored(one).state) == ("PARTLY", "PASSED")
    assert number in run.undo_state["first"][0]["reason"]


def test_the_department_withdraws_a_pass_with_an_opinion(
    run: ImportRun, lines: list[EnrolmentLine], officer: Any
) -> None:
    one = lines[0]
    client = client_of(officer)
    line_page = reverse("admin:training_enrolmentline_change", args=[one.pk])
    step = reverse("admin:training_enrolmentline_step", args=[one.pk, "withdraw_pass"])
    assert "../step/withdraw_pass/" in client.get(line_page).content.decode()
    with pytest.raises(StepRefused):
        perform(stored(one), "withdraw_pass", by=officer)
    type(one.enrolment.company).objects.filter(pk=one.enrolment.company_id).update(email="office@example.cn")
    before = set(Message.objects.values_list("pk", flat=True))
    client.post(step, {"opinion": "成绩登记错误"})
    assert (stored(one).state, stored(one).passed_on, stored(one).attempts) == ("LEARNING", None, 1)
    told = Message.objects.exclude(pk__in=before)
    assert any("成绩登记错误" in message.body for message in told), [m.body for m in told]
    # What the message of an import promises: withdrawn, it can be imported again.
    assert counts(imported(workbook(row(one, 30, 50, "不合格")), officer)) == {"failed": 1}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.TRAINING])
def test_nobody_else_withdraws_a_pass(role: Role, run: ImportRun, lines: list[EnrolmentLine]) -> None:
    one = lines[0]
    bound = {
        Role.LOCAL_BODY: {"local_body": one.enrolment.local_body},
        Role.COMPANY: {"company": one.enrolment.company},
        Role.PERSON: {"person": one.person},
    }
    with pytest.raises(StepRefused):
        perform(
            stored(one), "withdraw_pass", by=UserFactory(role=role, **bound.get(role, {})), opinion="错误"
        )
    assert stored(one).state == "PASSED"


def test_a_failure_is_withdrawn_without_costing_an_attempt(
    run: ImportRun, lines: list[EnrolmentLine], officer: Any
) -> None:
    perform(stored(lines[1]), "withdraw_fail", by=officer, opinion="成绩登记错误")
    assert (stored(lines[1]).state, stored(lines[1]).attempts) == ("LEARNING", 1)


def test_a_body_undoes_its_own_import_and_sees_nobody_elses(run: ImportRun, officer: Any) -> None:
    here = learners(1, "LEARNING", "FACE_TO_FACE")
    body = UserFactory(role=Role.LOCAL_BODY, local_body=here[0].enrolment.local_body)
    done = imported(workbook(row(here[0], 24, 88, "合格")), body)
    assert client_of(body).post(page(run, "undo")).status_code == 404
    imports.undo(done, body)
    assert (stored(here[0]).state, stored(here[0]).attended_hours) == ("LEARNING", None)


def test_an_import_that_changed_nobody_says_so(lines: list[EnrolmentLine], officer: Any) -> None:
    done = imported(workbook(row(lines[0])), officer)
    assert len(imports.undo_blockers(done)) == 1


def test_many_are_taken_back_with_as_many_kinds_of_queries_as_few(officer: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.training.learners import kinds_of, many

    kinds = []
    for people in (5, 150):
        ids = many(people, "LEARNING")
        found = EnrolmentLine.objects.filter(pk__in=ids).select_related("enrolment__training_class")
        done = imported(workbook(*(row(line, 24, n % 100, "合格") for n, line in enumerate(found))), officer)
        with CaptureQueriesContext(connection) as queries:
            imports.undo(done, officer)
        assert set(states(ids)) == {"LEARNING"}
        kinds.append(kinds_of(queries))
        assert len(queries) < 120
    assert kinds[0] == kinds[1]
