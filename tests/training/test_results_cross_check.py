"""What a row says beside the number must fit the person; two rows about one person must not contradict each other."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from backoffice.core import imports
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from tests.factories import UserFactory, client_of, id_number
from tests.training.learners import learners, rename, states
from tests.training.test_platform_excel import confirmed
from tests.training.test_results_import import changed, counts, imported, row, workbook
from training.models import EnrolmentLine
from training.platform.hand_off import hand_off

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> list[EnrolmentLine]:
    one, two = learners(2, "LEARNING")
    return [rename(one, "许文祥"), rename(two, "李强")]


@pytest.fixture
def lines(kept: list[EnrolmentLine]) -> list[EnrolmentLine]:
    return deepcopy(kept)


@pytest.fixture
def officer() -> Any:
    return UserFactory(role=Role.TRAINING)


def reasons(run: ImportRun) -> str:
    return " ".join(
        r["message"] for s in run.samples["conflict"] + run.samples["error"] for r in s["reasons"]
    )


@pytest.mark.parametrize(
    "cells",
    [{"name": "李强"}, {"reference": "", "name": "李强"}, {"id_number": id_number(77)}, {"course": "别的班"}],
)
def test_a_row_that_does_not_fit_its_person_is_taken_only_when_confirmed(
    cells: dict[str, Any], lines: list[EnrolmentLine], officer: Any
) -> None:
    one = lines[0]
    content = workbook(changed(one, **cells))
    run = imported(content, officer)
    assert (counts(run), states([one])) == ({"conflict": 1}, ["LEARNING"])
    said = reasons(run)
    assert "许*祥" in said
    assert one.id_number not in said
    assert run.marked_copy
    # On the preview the user confirms it.
    run = imported(content, officer, execute=False)
    client = client_of(officer)
    client.post(reverse("admin:core_importrun_options", args=[run.pk]), {"accept_differing": "on"})
    run.refresh_from_db()
    assert counts(run) == {"passed": 1}
    imports.confirm(run, officer, enqueue=False)
    imports.execute(run.pk)
    assert states([one]) == ["PASSED"]


def test_two_numbers_of_two_people_cannot_be_confirmed(lines: list[EnrolmentLine], officer: Any) -> None:
    one, two = lines
    run = imported(workbook(changed(one, id_number=two.id_number)), officer, accept=["differing"])
    assert (counts(run), states(lines)) == ({"error": 1}, ["LEARNING"] * 2)


def test_a_confirmation_of_the_platform_is_checked_the_same_way(officer: Any) -> None:
    one, two = learners(2)
    hand_off([one.pk, two.pk], by=officer)
    rows = [
        ["流水号", "姓名", "开通结果"],
        [str(one.pk), "别人", "已开通"],
        [str(two.pk), two.name, "已开通"],
    ]
    assert confirmed(workbook(*rows[1:], header=rows[0]), officer).counts["conflict"] == 1
    assert states([one, two]) == ["SUBMITTED", "LEARNING"]


def test_rows_that_contradict_each_other_are_all_refused_and_named(
    lines: list[EnrolmentLine], officer: Any
) -> None:
    one, two = lines
    run = imported(
        workbook(row(one, 24, 88, "合格"), row(two, 24, 70, "合格"), row(one, 24, 88, "不合格")), officer
    )
    assert (counts(run), states(lines)) == ({"passed": 1, "error": 2}, ["LEARNING", "PASSED"])
    assert all("2、4" in reason["message"] for sample in run.samples["error"] for reason in sample["reasons"])


def test_one_by_number_and_one_by_id_number_may_contradict_each_other(
    lines: list[EnrolmentLine], officer: Any
) -> None:
    one = lines[0]
    run = imported(
        workbook(row(one, None, None, "合格"), [*changed(one, reference="")[:6], "不合格", None]), officer
    )
    assert (counts(run), states([one])) == ({"error": 2}, ["LEARNING"])


def test_a_row_that_cannot_be_read_may_contradict_the_other(lines: list[EnrolmentLine], officer: Any) -> None:
    one = lines[0]
    run = imported(workbook(row(one, -1, 88, "不合格"), row(one, 24, 88, "合格")), officer)
    assert (counts(run), states([one])) == ({"error": 2}, ["LEARNING"])


def test_contradicting_words_of_the_platform_open_nobody(officer: Any) -> None:
    one = learners(1)[0]
    hand_off([one.pk], by=officer)
    rows = [[str(one.pk), one.name, "已开通"], [str(one.pk), one.name, "未开通"]]
    run = confirmed(workbook(*rows, header=["流水号", "姓名", "开通结果"]), officer)
    assert (run.counts["error"], run.counts["opened"], states([one])) == (2, 0, ["SUBMITTED"])


def test_contradicting_rows_of_a_list_of_people_change_nobody() -> None:
    from registry.models import Person
    from tests.registry.import_files import known_company

    company, office = known_company(), UserFactory(role=Role.OFFICE)
    header = ["姓名", "身份证号", "工作单位", "手机"]
    same = ["陈乙", id_number(1), company.name]
    content = workbook([*same, "13800138000"], [*same, "13900139000"], header=header)
    run = imports.preview(imports.start(content, "人员.xlsx", "people", office))
    assert (run.counts["error"], run.counts["create"]) == (2, 0)
    assert not Person.objects.filter(id_number=id_number(1)).exists()


#: An unusual result -> how the class is held.
ODD = [({"score": 105}, "ONLINE"), ({"hours": 0}, "ONLINE"), ({"hours": None}, "FACE_TO_FACE")]


@pytest.mark.parametrize(("values", "mode"), ODD)
def test_an_unusual_result_is_taken_only_when_confirmed(values: dict, mode: str, officer: Any) -> None:
    line = learners(1, "LEARNING", mode)[0]
    content = workbook(row(line, **{"hours": 24, "score": 88, "result": "合格"} | values))
    assert counts(imported(content, officer)) == {"conflict": 1}
    assert counts(imported(content, officer, accept=["odd"])) == {"passed": 1}


def test_a_result_that_cannot_be_is_an_error(officer: Any) -> None:
    line = learners(1, "LEARNING", "FACE_TO_FACE")[0]
    assert counts(imported(workbook(row(line, 0, 88, "合格")), officer, accept=["odd"])) == {"error": 1}
