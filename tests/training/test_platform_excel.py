"""The learning platform by file: the roster, its confirmation, withdrawing, and the pages of hand-overs."""

import io
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from backoffice.core import imports
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from registry.models import Person
from tests.factories import UserFactory
from tests.training.learners import learners, states
from training.models import EnrolmentLine, PlatformRun
from training.platform.excel import HEADERS, write_roster
from training.platform.hand_off import hand_off, withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Any:
    return UserFactory(role=Role.TRAINING)


def roster(run: PlatformRun) -> list[list[Any]]:
    file = io.BytesIO()
    write_roster(run, file)
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(file).active.iter_rows()]


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def confirmed(content: bytes, by: Any, execute: bool = True) -> ImportRun:
    run = imports.preview(imports.start(content, "正保.xlsx", "platform_confirmation", by))
    if execute:
        imports.confirm(run, by, enqueue=False)
        imports.execute(run.pk)
    run.refresh_from_db()
    return run


def answered(run: PlatformRun, *answers: tuple[str, str]) -> bytes:
    """The roster as it comes back, the last two columns filled in."""
    header, *rows = roster(run)
    return workbook([header, *([*row[:-2], *answer] for row, answer in zip(rows, answers, strict=True))])


def test_the_roster_has_texts_for_numbers_and_no_formulae(officer: Any) -> None:
    line = learners(1)[0]
    EnrolmentLine.objects.filter(pk=line.pk).update(name="=1+1", id_number="44010619900101123X")
    Person.objects.filter(pk=line.person_id).update(name="=1+1", id_number="44010619900101123X")
    run = hand_off([line.pk], by=officer).runs[0]
    header, row = roster(run)
    assert tuple(header) == HEADERS
    assert row[:3] == [str(line.pk), "=1+1", "44010619900101123X"]
    file = io.BytesIO()
    write_roster(run, file)
    cells = openpyxl.load_workbook(file).active[2]
    assert {cells[0].data_type, cells[1].data_type, cells[2].data_type} == {"s"}
    assert row[4] == str(line.enrolment.training_class)
    assert row[8] == line.enrolment.company.name


def test_handing_over_by_file_counts_at_once(officer: Any) -> None:
    lines = learners(2)
    run = hand_off([line.pk for line in lines], by=officer).runs[0]
    assert (run.adapter, run.status, states(lines)) == ("EXCEL", "SENT", ["SUBMITTED"] * 2)
    assert EnrolmentLine.objects.get(pk=lines[0].pk).is_handed_off


def test_the_confirmation_opens_refuses_and_says_why(officer: Any) -> None:
    lines = learners(3)
    run = hand_off([line.pk for line in lines], by=officer).runs[0]
    content = answered(run, ("已开通", ""), ("未开通", "身份证号重复"), ("", ""))
    preview = confirmed(content, officer, execute=False)
    assert (preview.counts["opened"], preview.counts["refused"], preview.counts["unchanged"]) == (1, 1, 1)
    assert states(lines) == ["SUBMITTED"] * 3
    done = confirmed(content, officer)
    assert done.status == "DONE"
    assert states(lines) == ["LEARNING", "PENDING", "SUBMITTED"]
    assert run.rows.get(line=lines[1]).reason == "身份证号重复"
    assert not EnrolmentLine.objects.get(pk=lines[1].pk).is_handed_off
    run.refresh_from_db()
    assert run.status == "SENT"
    again = confirmed(content, officer)
    assert (again.counts["unchanged"], again.counts["conflict"]) == (3, 0)
    assert states(lines) == ["LEARNING", "PENDING", "SUBMITTED"]


def test_the_last_word_ends_the_hand_over(officer: Any) -> None:
    lines = learners(2)
    run = hand_off([line.pk for line in lines], by=officer).runs[0]
    confirmed(answered(run, ("已开通", ""), ("未开通", "重名")), officer)
    run.refresh_from_db()
    assert run.status == "PARTLY"
    second = hand_off([lines[1].pk], by=officer).runs[0]
    confirmed(answered(second, ("是", "")), officer)
    second.refresh_from_db()
    assert second.status == "CONFIRMED"
    assert states(lines) == ["LEARNING"] * 2


def test_without_our_number_the_id_number_and_the_class_say_who_is_meant(officer: Any) -> None:
    line = learners(1)[0]
    hand_off([line.pk], by=officer)
    title = str(line.enrolment.training_class)
    rows = [["姓名", "身份证号", "培训班", "开通结果"], [line.name, line.id_number, title, "开通"]]
    assert confirmed(workbook(rows), officer).counts["opened"] == 1
    assert states([line]) == ["LEARNING"]


@pytest.mark.parametrize("role", [Role.LOCAL_BODY, Role.OFFICE, Role.COMPANY])
def test_only_the_training_department_imports_a_confirmation(role: Role) -> None:
    line = learners(1, "SUBMITTED")[0]
    bound = {Role.LOCAL_BODY: {"local_body": line.enrolment.local_body}}
    assert not imports.may_import(UserFactory(role=role, **bound.get(role, {})), "platform_confirmation")


def test_somebody_who_was_not_handed_over_is_a_conflict(officer: Any) -> None:
    line = learners(1)[0]
    rows = [["流水号", "姓名", "开通结果"], [str(line.pk), line.name, "已开通"]]
    run = confirmed(workbook(rows), officer)
    assert run.counts["conflict"] == 1
    assert run.marked_copy
    assert states([line]) == ["PENDING"]


def test_withdrawing_takes_everybody_back_who_has_no_answer(officer: Any) -> None:
    lines = learners(2)
    run = hand_off([line.pk for line in lines], by=officer).runs[0]
    assert withdraw(run, by=officer, opinion="名单有误") == 2
    run.refresh_from_db()
    assert (run.status, states(lines)) == ("WITHDRAWN", ["PENDING"] * 2)


# --- The pages ----------------------------------------------------------------------------------------


def test_who_reads_hand_overs_and_who_acts(officer: Any, signed_in: Any) -> None:
    run = hand_off([learners(1)[0].pk], by=officer).runs[0]
    readers = (Role.ADMIN, Role.OFFICE, Role.TRAINING, Role.AUDITOR)
    for role in Role:
        client = signed_in(UserFactory(role=role))
        page = reverse("admin:training_platformrun_change", args=[run.pk])
        assert (client.get(page).status_code == 200) is (role in readers), role
        download = client.get(reverse("admin:training_platformrun_roster", args=[run.pk]))
        assert (download.status_code == 200) is (role == Role.TRAINING), role
        for name in ("send", "ask", "withdraw"):
            answer = client.post(
                reverse(f"admin:training_platformrun_{name}", args=[run.pk]), {"opinion": ""}
            )
            assert answer.status_code == (
                302 if role == Role.TRAINING else 403 if role in readers else 404
            ), (role, name)
            assert client.get(reverse(f"admin:training_platformrun_{name}", args=[run.pk])).status_code != 200
        fetch = client.post(reverse("admin:training_platformrun_results"))
        assert fetch.status_code == (302 if role == Role.TRAINING else 403)


def test_a_hand_over_is_neither_added_nor_edited(officer: Any, signed_in: Any) -> None:
    run = hand_off([learners(1)[0].pk], by=officer).runs[0]
    client = signed_in(officer)
    assert client.get("/admin/training/platformrun/add/").status_code == 403
    page = reverse("admin:training_platformrun_change", args=[run.pk])
    assert client.post(page, {"status": "CONFIRMED"}).status_code == 403
    assert client.get(f"/admin/training/platformrun/{run.pk}/delete/").status_code == 403


def test_withdrawing_without_a_reason_is_refused_on_the_page(officer: Any, signed_in: Any) -> None:
    line = learners(1)[0]
    run = hand_off([line.pk], by=officer).runs[0]
    client = signed_in(officer)
    client.post(reverse("admin:training_platformrun_withdraw", args=[run.pk]), {"opinion": " "})
    assert states([line]) == ["SUBMITTED"]
    client.post(reverse("admin:training_platformrun_withdraw", args=[run.pk]), {"opinion": "名单有误"})
    assert states([line]) == ["PENDING"]


def test_the_list_of_hand_overs(officer: Any, signed_in: Any, django_assert_max_num_queries: Any) -> None:
    for _n in range(5):
        hand_off([learners(1)[0].pk], by=officer)
    client = signed_in(officer)
    client.get("/admin/training/platformrun/")
    with django_assert_max_num_queries(7):
        page = client.get("/admin/training/platformrun/")
    assert len(page.context["cl"].result_list) == 5
