"""Results from a file: what each row means is shown first; wrong rows are named; twice the same changes nothing."""

import io
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core import imports
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from tests.factories import UserFactory
from tests.training.learners import kinds_of, learners, many, states
from training.enrolling import move_lines
from training.models import EnrolmentLine

pytestmark = pytest.mark.django_db
Learning = Callable[[int], list[EnrolmentLine]]
HEADER = ["流水号", "姓名", "身份证号", "培训班", "学时", "成绩", "是否合格", "考试日期"]
ADD = "/admin/core/importrun/add/?layout=results"


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[int, list[EnrolmentLine]]:
    return {people: learners(people, "LEARNING") for people in (1, 2, 3)}


@pytest.fixture
def learning(kept: dict[int, list[EnrolmentLine]]) -> Learning:
    """`learning(number)` are the people of an enrolment of so many, learning online."""
    return lambda number: deepcopy(kept[number])


@pytest.fixture
def officer() -> Any:
    return UserFactory(role=Role.TRAINING)


def workbook(*rows: list[Any], header: list[str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in (header or HEADER, *rows):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def row(
    line: EnrolmentLine, hours: Any = None, score: Any = None, result: Any = None, day: Any = None
) -> list[Any]:
    return [
        str(line.pk),
        line.name,
        line.id_number,
        str(line.enrolment.training_class),
        hours,
        score,
        result,
        day,
    ]


def imported(content: bytes, by: Any, *, execute: bool = True, **options: Any) -> ImportRun:
    run = imports.preview(imports.start(content, "成绩.xlsx", "results", by, options))
    if execute:
        imports.confirm(run, by, enqueue=False)
        imports.execute(run.pk)
    run.refresh_from_db()
    return run


def counts(run: ImportRun) -> dict[str, int]:
    return {name: number for name, number in run.counts.items() if number and name != "rows"}


def stored(line: EnrolmentLine) -> EnrolmentLine:
    return EnrolmentLine.objects.get(pk=line.pk)


def test_the_preview_says_what_will_happen_and_the_confirmation_does_it(
    officer: Any, learning: Learning
) -> None:
    one, two, three = lines = learning(3)
    content = workbook(row(one, 24, 88, "合格", "2026-06-28"), row(two, 20, 41.5, "不合格"), row(three, 6.5))
    preview = imported(content, officer, execute=False)
    assert counts(preview) == {"passed": 1, "failed": 1, "noted": 1}
    assert states(lines) == ["LEARNING"] * 3
    imported(content, officer)
    assert states(lines) == ["PASSED", "FAILED", "LEARNING"]
    done = stored(one)
    assert (done.study_hours, done.score, done.passed_on.isoformat()) == (24, 88, "2026-06-28")
    assert (stored(two).score, stored(three).study_hours) == (41.5, 6.5)


def test_the_same_file_twice_changes_nothing(officer: Any, learning: Learning) -> None:
    one, two, three = learning(3)
    content = workbook(row(one, 24, 88, "合格"), row(two, 20, 41, "不合格"), row(three, 6.5))
    imported(content, officer)
    before = EnrolmentLine.history.count()
    again = imported(content, officer)
    assert counts(again) == {"unchanged": 3}
    assert EnrolmentLine.history.count() == before


def test_an_old_file_does_not_fail_somebody_who_retakes(officer: Any, learning: Learning) -> None:
    line = learning(1)[0]
    content = workbook(row(line, 24, 30, "不合格"))
    imported(content, officer)
    move_lines([line.pk], "retake", by=officer)
    assert counts(imported(content, officer)) == {"conflict": 1}
    assert states([line]) == ["LEARNING"]
    assert counts(imported(workbook(row(line, 24, 66, "合格")), officer)) == {"passed": 1}


#: What is wrong with a row -> the column it is named at.
WRONG = [
    ({"hours": -1}, "E"), ({"hours": 3000}, "E"), ({"hours": "很多"}, "E"), ({"score": 151}, "F"),
    ({"result": "也许"}, "G"), ({"day": "2099-01-01"}, "H"), ({"day": "2026-02-31"}, "H"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "letter"), WRONG)
def test_a_wrong_value_is_named_with_its_true_row_and_column(
    values: dict, letter: str, officer: Any, learning: Learning
) -> None:
    good, bad = learning(2)
    content = workbook(row(good, 24, 88, "合格"), row(bad, **{"hours": 1, "result": "合格"} | values))
    run = imported(content, officer)
    assert counts(run) == {"passed": 1, "error": 1}
    (sample,) = run.samples["error"]
    assert (sample["row"], sample["reasons"][0]["column"]) == (3, letter)
    assert states([good, bad]) == ["PASSED", "LEARNING"]
    assert run.marked_copy


def changed(line: EnrolmentLine, **cells: Any) -> list[Any]:
    values = dict(zip(("reference", "name", "id_number", "course"), row(line), strict=False)) | cells
    return [*values.values(), 24, 88, "合格", None]


def test_rows_that_mean_nobody_or_somebody_else_are_errors(officer: Any, learning: Learning) -> None:
    one, two = learning(2)
    wrong = [
        changed(one, reference="99999999"), changed(one, reference="1.5"), changed(one, reference=str(two.pk)),
        changed(one, reference="", id_number="440106199001011234"), changed(one, reference="", course="别的班"),
        changed(one, reference="", id_number="", name=one.name),
    ]  # fmt: skip
    for cells in wrong:
        run = imported(workbook(cells), officer, execute=False)
        assert counts(run) == {"error": 1}, cells


def test_somebody_is_found_by_id_number_alone(officer: Any, learning: Learning) -> None:
    line = learning(1)[0]
    learners(1, "LEARNING")
    content = workbook([line.id_number, 24, "合格"], header=["身份证号", "学时", "结果"])
    assert counts(imported(content, officer)) == {"passed": 1}
    assert states([line]) == ["PASSED"]


def test_two_certificates_in_one_class_are_told_apart_by_number(officer: Any, learning: Learning) -> None:
    first = learning(1)[0]
    second = EnrolmentLine.objects.get(pk=many(2, "LEARNING")[1])
    EnrolmentLine.objects.filter(pk=second.pk).update(
        enrolment=first.enrolment_id,
        person=first.person_id,
        id_number=first.id_number,
        certificate_number="B9900001",
    )
    header = ["身份证号", "证书编号", "结果"]
    assert counts(imported(workbook([first.id_number, "", "合格"], header=header), officer)) == {"error": 1}
    run = imported(workbook([first.id_number, "B9900001", "合格"], header=header), officer)
    assert counts(run) == {"passed": 1}
    assert states([first, second]) == ["LEARNING", "PASSED"]


@pytest.mark.parametrize("state", ["PENDING", "SUBMITTED", "DROPPED"])
def test_whoever_is_not_learning_is_a_conflict(state: str, officer: Any) -> None:
    line = learners(1, state)[0]
    assert counts(imported(workbook(row(line, 24, 88, "合格")), officer)) == {"conflict": 1}
    assert states([line]) == [state]


@pytest.mark.parametrize(
    ("result", "score", "outcome"),
    [
        ("合格", 88, "unchanged"),
        (None, None, "unchanged"),
        ("合格", 70, "conflict"),
        ("不合格", 88, "conflict"),
    ],
)
def test_what_is_recorded_is_not_overwritten(
    result: Any, score: Any, outcome: str, officer: Any, learning: Learning
) -> None:
    line = learning(1)[0]
    imported(workbook(row(line, 24, 88, "合格")), officer)
    assert counts(imported(workbook(row(line, None, score, result)), officer)) == {outcome: 1}
    assert stored(line).score == 88


def test_the_same_person_twice_in_a_file(officer: Any, learning: Learning) -> None:
    line, other = learning(2)
    content = workbook(
        row(line, 24, 88, "合格"), row(line, 24, 88, "合格"), row(line, 24, 90, "合格"), row(other, 1)
    )
    assert counts(imported(content, officer)) == {"error": 3, "noted": 1}  # which is right nobody knows
    content = workbook(row(line, 24, 88, "合格"), row(line, 24, 88, "合格"))
    assert counts(imported(content, officer)) == {"passed": 1, "repeated": 1}


def test_all_or_nothing(officer: Any, learning: Learning) -> None:
    good, bad = learning(2)
    content = workbook(row(good, 24, 88, "合格"), row(bad, -1, 88, "合格"))
    assert imported(content, officer, all_or_nothing=True).status == "REFUSED"
    assert states([good, bad]) == ["LEARNING"] * 2


def test_a_body_records_its_own_face_to_face_classes_only() -> None:
    here = learners(1, "LEARNING", "FACE_TO_FACE")[0]
    online, foreign = learners(1, "LEARNING")[0], learners(1, "LEARNING", "FACE_TO_FACE")[0]
    body = UserFactory(role=Role.LOCAL_BODY, local_body=here.enrolment.local_body)
    EnrolmentLine.objects.filter(pk=online.pk).update()
    content = workbook(*(row(line, 8, 88, "合格") for line in (here, online, foreign)))
    run = imported(content, body)
    assert counts(run) == {"passed": 1, "error": 2}
    assert states([here, online, foreign]) == ["PASSED", "LEARNING", "LEARNING"]
    assert foreign.id_number not in str([sample["reasons"] for sample in run.samples["error"]])


def test_the_pages_show_the_outcomes_and_nobody_elses_uploads(
    officer: Any, signed_in: Any, learning: Learning
) -> None:
    line = learning(1)[0]
    client = signed_in(officer)
    assert "流水号" in str(client.get(ADD).content.decode()) or client.get(ADD).status_code == 200
    file = SimpleUploadedFile("成绩.xlsx", workbook(row(line, 24, 88, "合格")))
    answer = client.post(ADD, {"file": file}, follow=True)
    assert answer.context["to_write"] == 1
    assert [key for key, *_rest in answer.context["outcomes"]][:3] == ["passed", "failed", "noted"]
    run = ImportRun.objects.get()
    colleague = signed_in(UserFactory(role=Role.TRAINING))
    assert colleague.get(reverse("admin:core_importrun_change", args=[run.pk])).status_code == 404
    confirm = reverse("admin:core_importrun_confirm", args=[run.pk])
    assert colleague.post(confirm).status_code == 404
    client.post(confirm)
    imports.execute(run.pk)
    assert states([line]) == ["PASSED"]
    page = client.get(reverse("admin:core_importrun_change", args=[run.pk]))
    assert (page.context["blockers"], page.context["undo_free"]) == ([], 1)
    undo = reverse("admin:core_importrun_undo", args=[run.pk])
    assert colleague.post(undo).status_code == 404
    client.post(undo)
    imports.carry_on_undo(run.pk)
    assert states([line]) == ["LEARNING"]


@pytest.mark.parametrize("layout", ["certificates", "people", "companies"])
def test_the_department_imports_no_registers(layout: str, officer: Any, signed_in: Any) -> None:
    client = signed_in(officer)
    assert client.get(f"/admin/core/importrun/add/?layout={layout}").status_code == 403
    assert client.get(reverse("admin:core_importrun_template", args=[layout])).status_code == 404
    offered = client.get(ADD).context["layouts"]
    assert [key for key, _label in offered] == ["results", "platform_confirmation"]


def test_the_template_can_be_read_again(officer: Any, signed_in: Any, learning: Learning) -> None:
    answer = signed_in(officer).get(reverse("admin:core_importrun_template", args=["results"]))
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    line = learning(1)[0]
    header = [cell.value for cell in sheet[1]]
    cells = dict.fromkeys(header, "") | {"流水号": str(line.pk), "结果": "合格"}
    assert counts(imported(workbook([*cells.values()], header=header), officer)) == {"passed": 1}


def test_many_rows_take_as_many_kinds_of_queries_as_few(officer: Any) -> None:
    kinds = []
    for people in (5, 200):
        ids = many(people, "LEARNING")
        lines = EnrolmentLine.objects.filter(pk__in=ids).select_related("enrolment__training_class")
        content = workbook(*(row(line, 24, number % 100, "合格") for number, line in enumerate(lines)))
        with CaptureQueriesContext(connection) as queries:
            imported(content, officer)
        assert set(states(ids)) == {"PASSED"}
        kinds.append(kinds_of(queries))
        assert len(queries) < 140
    assert kinds[0] == kinds[1]


# --- From the command line ----------------------------------------------------------------------------


def test_the_command_imports_and_reports(
    officer: Any, tmp_path: Any, capsys: Any, learning: Learning
) -> None:
    line, bad = learning(2)
    path, marked = tmp_path / "成绩.xlsx", tmp_path / "marked.xlsx"
    path.write_bytes(workbook(row(line, 24, 88, "合格"), row(bad, -1, 0, "合格")))
    with pytest.raises(SystemExit) as ended:
        call_command("import_results", path, user=officer.username, errors=marked)
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "E3:" in said
    assert marked.exists()
    assert states([line, bad]) == ["PASSED", "LEARNING"]


def test_a_dry_run_of_the_command_writes_nothing(officer: Any, tmp_path: Any, learning: Learning) -> None:
    line = learning(1)[0]
    path = tmp_path / "成绩.xlsx"
    path.write_bytes(workbook(row(line, 24, 88, "合格")))
    call_command("import_results", path, user=officer.username, dry_run=True)
    assert states([line]) == ["LEARNING"]
    assert ImportRun.objects.get().status == "DISCARDED"


@pytest.mark.parametrize("user", ["nobody", "clerk"])
def test_the_command_needs_somebody_who_may(user: str, tmp_path: Any, learning: Learning) -> None:
    UserFactory(role=Role.COMPANY, username="clerk")
    path = tmp_path / "成绩.xlsx"
    path.write_bytes(workbook(row(learning(1)[0])))
    with pytest.raises(CommandError):
        call_command("import_results", path, user=user)


@pytest.mark.parametrize(
    ("hours", "score", "result", "stored"),
    [
        ("72学时", "85分", "合格", (72, 85)), ("72.5 课时", "", "合格", (72.5, None)),
        ("72小时", "缺考", "不合格", (72, None)),
        ("72", "合格", "合格", (72, None)), ("72", "/", "合格", (72, None)),
    ],
)  # fmt: skip
def test_units_and_words_in_the_columns_of_numbers_are_read_as_they_are_meant(
    hours: str, score: str, result: str, stored: Any, officer: Any, learning: Learning
) -> None:
    [line] = learning(1)
    run = imported(workbook(row(line, hours, score, result, "2026-06-01")), officer)
    assert run.status == "DONE", run.samples
    line.refresh_from_db()
    assert (line.study_hours, line.score) == stored


@pytest.mark.parametrize(
    ("hours", "score", "result", "words"),
    [
        ("合格", "", "合格", ["72学时"]), ("", "优秀", "合格", ["85"]), ("", "缺考", "合格", ["缺考", "结果"]),
        ("", "缺考", "", ["缺考", "结果"]), ("", "不合格", "合格", ["不合格"]),
    ],
)  # fmt: skip
def test_a_word_that_cannot_be_a_number_is_refused_with_a_fitting_example(
    hours: str, score: str, result: str, words: list[str], officer: Any, learning: Learning
) -> None:
    line, other = learning(2)
    book = workbook(row(line, hours, score, result), row(other, 72, 80, "合格"))
    run = imported(book, officer, execute=False)
    assert run.counts["error"] == 1
    told = run.samples["error"][0]["reasons"][0]["message"]
    assert all(word in told for word in words), told
    assert "1200" not in told


def test_results_under_the_caption_of_points_are_taken_as_results(officer: Any, learning: Learning) -> None:
    [line] = learning(1)
    book = workbook([line.name, line.id_number, 72, "合格"], header=["姓名", "身份证号", "学时", "成绩"])
    assert imported(book, officer, execute=False).counts["passed"] == 1
