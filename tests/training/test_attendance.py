"""Attendance and results of face-to-face classes: the grid, who may enter, what is kept when something is wrong."""

import datetime
import io
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.core import imports
from backoffice.roles import Role
from tests.factories import UserFactory
from tests.training.learners import kinds_of, learners, many, page_of, posted, states
from training.models import Enrolment, EnrolmentLine, TrainingClass

pytestmark = pytest.mark.django_db
CLASSES = reverse("admin:training_enrolmentline_attendance")


def grid(line: EnrolmentLine) -> str:
    return reverse("admin:training_enrolmentline_attendance_grid", args=[line.enrolment.training_class_id])


def body_of(line: EnrolmentLine) -> Any:
    return UserFactory(role=Role.LOCAL_BODY, local_body=line.enrolment.local_body)


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> list[EnrolmentLine]:
    return learners(3, "LEARNING", "FACE_TO_FACE")


@pytest.fixture
def lines(kept: list[EnrolmentLine]) -> list[EnrolmentLine]:
    """Three people who learn in a face-to-face class."""
    return deepcopy(kept)


@pytest.fixture
def body(lines: list[EnrolmentLine], signed_in: Any) -> Any:
    return signed_in(body_of(lines[0]))


def entered(client: Any, line: EnrolmentLine, **values: Any) -> dict[str, Any]:
    return {"seen": client.get(grid(line)).context["seen"], "save": "1", **values}


def stored(line: EnrolmentLine) -> EnrolmentLine:
    return EnrolmentLine.objects.get(pk=line.pk)


def test_the_body_opens_the_learning_when_the_class_begins(signed_in: Any) -> None:
    waiting = learners(3, "PENDING", "FACE_TO_FACE")
    client = signed_in(body_of(waiting[0]))
    assert client.get(grid(waiting[0])).context["waiting"] == 3
    client.post(grid(waiting[0]), {"open": "1"})
    assert states(waiting) == ["LEARNING"] * 3


def test_hours_are_saved_without_a_result(body: Any, lines: list[EnrolmentLine]) -> None:
    one, two, _three = lines
    body.post(grid(one), entered(body, one, **{f"hours_{one.pk}": "8", f"score_{two.pk}": "61.5"}))
    assert (stored(one).study_hours, stored(one).attended_hours, stored(one).state) == (8, 8, "LEARNING")
    assert (stored(two).score, stored(two).study_hours) == (61.5, None)
    assert stored(one).history.first().history_user.role == Role.LOCAL_BODY


def test_results_end_the_learning_and_the_enrolment(body: Any, lines: list[EnrolmentLine]) -> None:
    one, two, three = lines
    typed = {f"hours_{row.pk}": "24" for row in lines} | {f"score_{one.pk}": "90", f"score_{three.pk}": "30"}
    results = {f"result_{one.pk}": "pass", f"result_{two.pk}": "pass", f"result_{three.pk}": "fail"}
    body.post(grid(one), entered(body, one, **typed, **results))
    assert states(lines) == ["PASSED", "PASSED", "FAILED"]
    assert (stored(one).study_hours, stored(one).attended_hours, stored(one).score) == (24, 24, 90)
    assert stored(three).score == 30
    assert Enrolment.objects.get(pk=one.enrolment_id).state == "CLOSED"


@pytest.mark.parametrize("wrong", ["-1", "abc", "2001", "NaN", "1e9"])
def test_a_wrong_number_saves_nothing_and_keeps_what_was_typed(
    wrong: str, body: Any, lines: list[EnrolmentLine]
) -> None:
    one, two, _three = lines
    answer = body.post(grid(one), entered(body, one, **{
        f"hours_{one.pk}": wrong, f"result_{one.pk}": "pass", f"hours_{two.pk}": "16"}))  # fmt: skip
    assert answer.status_code == 200
    entries = {entry.line.pk: entry for entry in answer.context["entries"]}
    assert (entries[one.pk].hours, entries[one.pk].result, bool(entries[one.pk].errors)) == (
        wrong,
        "pass",
        True,
    )
    assert entries[two.pk].hours == "16"
    assert states(lines) == ["LEARNING"] * 3
    assert stored(two).study_hours is None


def test_what_a_colleague_saved_meanwhile_is_not_overwritten(body: Any, lines: list[EnrolmentLine]) -> None:
    one = lines[0]
    mine = entered(body, one, **{f"hours_{one.pk}": "8"})
    body.post(grid(one), entered(body, one, **{f"hours_{one.pk}": "16"}))
    answer = body.post(grid(one), mine)
    assert answer.status_code == 200
    assert stored(one).study_hours == 16
    entry = next(entry for entry in answer.context["entries"] if entry.line.pk == one.pk)
    assert entry.hours == "8"
    body.post(grid(one), mine | {"seen": answer.context["seen"]})
    assert stored(one).study_hours == 8


def test_saving_the_same_again_changes_nothing(body: Any, lines: list[EnrolmentLine]) -> None:
    one = lines[0]
    body.post(grid(one), entered(body, one, **{f"hours_{one.pk}": "8.0"}))
    before = stored(one).history.count()
    body.post(grid(one), entered(body, one, **{f"hours_{one.pk}": "8"}))
    assert stored(one).history.count() == before


def test_nobody_who_is_not_learning_is_changed(signed_in: Any) -> None:
    waiting = learners(1, "PENDING", "FACE_TO_FACE")[0]
    client = signed_in(body_of(waiting))
    client.post(
        grid(waiting),
        entered(client, waiting, **{f"result_{waiting.pk}": "pass", f"hours_{waiting.pk}": "8"}),
    )
    assert (stored(waiting).state, stored(waiting).study_hours) == ("PENDING", None)


@pytest.mark.parametrize("role", list(Role))
def test_who_enters_results(role: Role, signed_in: Any, lines: list[EnrolmentLine]) -> None:
    one = lines[0]
    bound = {
        Role.LOCAL_BODY: {"local_body": one.enrolment.local_body}, Role.COMPANY: {"company": one.enrolment.company},
        Role.PERSON: {"person": one.person},
    }  # fmt: skip
    client = signed_in(UserFactory(role=role, **bound.get(role, {})))
    may = role in (Role.TRAINING, Role.LOCAL_BODY)
    roster = reverse("admin:training_enrolmentline_attendance_roster", args=[one.enrolment.training_class_id])
    for page in (CLASSES, grid(one), roster):
        assert client.get(page).status_code == (200 if may else 403), (role, page)
    if not may:
        assert client.post(grid(one), {f"result_{one.pk}": "pass"}).status_code == 403
        assert states([one]) == ["LEARNING"]


def test_another_bodys_class_and_an_online_class_have_no_grid(
    signed_in: Any, lines: list[EnrolmentLine]
) -> None:
    stranger = signed_in(UserFactory(role=Role.LOCAL_BODY))
    assert stranger.get(grid(lines[0])).status_code == 404
    assert stranger.post(grid(lines[0]), {"open": "1"}).status_code == 404
    online = learners(1, "LEARNING")[0]
    assert signed_in(body_of(online)).get(grid(online)).status_code == 404


def test_a_body_sees_its_own_classes(body: Any, lines: list[EnrolmentLine]) -> None:
    learners(1, "LEARNING", "FACE_TO_FACE")
    (course,) = body.get(CLASSES).context["courses"]
    assert course.pk == lines[0].enrolment.training_class_id
    assert (course.people, course.waiting, course.learning) == (3, 0, 3)


def test_the_roster_goes_out_and_comes_back_filled_in(body: Any, lines: list[EnrolmentLine]) -> None:
    roster = reverse(
        "admin:training_enrolmentline_attendance_roster", args=[lines[0].enrolment.training_class_id]
    )
    book = openpyxl.load_workbook(io.BytesIO(b"".join(body.get(roster).streaming_content)))
    sheet = book.active
    header = [cell.value for cell in sheet[1]]
    hours, result = header.index("学时") + 1, header.index("结果") + 1
    for number, said in ((2, "合格"), (3, "不合格"), (4, None)):
        sheet.cell(number, hours, 16)
        sheet.cell(number, result, said)
    file = io.BytesIO()
    book.save(file)
    user = UserFactory(role=Role.LOCAL_BODY, local_body=lines[0].enrolment.local_body)
    run = imports.preview(imports.start(file.getvalue(), "考勤.xlsx", "results", user))
    assert (run.counts["passed"], run.counts["failed"], run.counts["noted"], run.counts["error"]) == (
        1,
        1,
        1,
        0,
    )
    imports.confirm(run, user, enqueue=False)
    imports.execute(run.pk)
    assert sorted(states(lines)) == ["FAILED", "LEARNING", "PASSED"]
    assert {stored(line).attended_hours for line in lines} == {16}


def test_a_grid_of_many_is_saved_with_as_many_kinds_of_queries_as_one_of_few(signed_in: Any) -> None:
    kinds, counts = [], []
    for people in (3, 120):
        ids = many(people, "LEARNING", "FACE_TO_FACE")
        line = EnrolmentLine.objects.select_related("enrolment__local_body").get(pk=ids[0])
        client = signed_in(body_of(line))
        typed = {f"hours_{pk}": "8" for pk in ids} | {f"result_{pk}": "pass" for pk in ids}
        typed = entered(client, line, **typed)
        with CaptureQueriesContext(connection) as queries:
            client.post(grid(line), typed)
        assert set(states(ids)) == {"PASSED"}
        kinds.append(kinds_of(queries))
        counts.append(len(queries))
    assert kinds[0] == kinds[1]
    assert counts[1] <= counts[0] + 15, counts  # SQLite inserts history and log in portions


@pytest.mark.parametrize("mode", ["FACE_TO_FACE", "ONLINE"])
def test_the_class_page_leads_to_the_grid(mode: str, signed_in: Any) -> None:
    line = learners(2, "LEARNING", mode)[0]
    page = reverse("admin:training_trainingclass_change", args=[line.enrolment.training_class_id])
    shown = grid(line) in signed_in(body_of(line)).get(page).content.decode()
    assert shown is (mode == "FACE_TO_FACE")
    company = signed_in(UserFactory(role=Role.COMPANY, company=line.enrolment.company))
    assert grid(line) not in company.get(page).content.decode()


# --- What cannot be, and what is unusual --------------------------------------------------------------


def tried(client: Any, line: EnrolmentLine, **values: Any) -> Any:
    return client.post(grid(line), entered(client, line, **values))


def begins(line: EnrolmentLine, days: int) -> None:
    """Let the five days of the class begin in so many days."""
    day = timezone.localdate() + datetime.timedelta(days=days)
    TrainingClass.objects.filter(pk=line.enrolment.training_class_id).update(
        start_date=day, end_date=day + datetime.timedelta(days=4)
    )


def test_a_pass_without_attendance_is_refused_at_the_person(body: Any, lines: list[EnrolmentLine]) -> None:
    one = lines[0]
    answer = tried(body, one, **{f"hours_{one.pk}": "0", f"result_{one.pk}": "pass"})
    assert [entry.line for entry in answer.context["entries"] if entry.errors] == [one]
    assert states([one]) == ["LEARNING"]


def test_nobody_has_results_before_the_class_begins(
    body: Any, lines: list[EnrolmentLine], signed_in: Any
) -> None:
    one = lines[0]
    begins(one, 1)
    for typed in ({f"hours_{one.pk}": "8"}, {f"hours_{one.pk}": "24", f"result_{one.pk}": "pass"}):
        assert tried(body, one, **typed).status_code == 200
    assert (states([one]), stored(one).study_hours) == (["LEARNING"], None)
    # Nor by the learning list.
    training = signed_in(UserFactory(role=Role.TRAINING))
    answer = training.post(page_of("record_pass"), posted([one]))
    assert (answer.context["done"], answer.context["refused"]) == (0, 1)


@pytest.mark.parametrize(
    "typed", [{"hours": "24", "score": "105"}, {"hours": "", "score": "80"}, {"hours": "24", "begins": -1}]
)
def test_an_unusual_result_is_saved_only_when_confirmed(
    typed: dict[str, Any], body: Any, lines: list[EnrolmentLine]
) -> None:
    one = lines[0]
    if "begins" in typed:  # under way, not over
        begins(one, typed["begins"])
    data = {
        f"hours_{one.pk}": typed["hours"],
        f"score_{one.pk}": typed.get("score", ""),
        f"result_{one.pk}": "pass",
    }
    answer = tried(body, one, **data)
    assert states([one]) == ["LEARNING"]
    assert [entry.remarks for entry in answer.context["entries"] if entry.remarks]
    mark = answer.context["unusual"]
    assert mark in answer.content.decode()
    # Another unusual entry is not confirmed along with the first.
    other = {f"score_{lines[1].pk}": "120"}
    assert tried(body, one, **data, **other, confirmed=mark).status_code == 200
    tried(body, one, **data, confirmed=mark)
    assert states([one]) == ["PASSED"]
