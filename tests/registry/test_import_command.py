"""manage.py import_certificates: the same engine from the command line."""

import io
import json

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from backoffice.core.models import ImportRun
from backoffice.roles import Role
from registry.models import Certificate, Person
from tests.factories import UserFactory
from tests.registry.import_files import known_company, register, row, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company():
    return known_company()


@pytest.fixture
def run_command(tmp_path):
    """Run the command on rows (or bytes); returns (exit status, what it printed)."""

    def command(content, *options):
        path = tmp_path / "名单.xlsx"
        path.write_bytes(content if isinstance(content, bytes) else workbook(*content))
        out, status = io.StringIO(), 0
        try:
            call_command("import_certificates", str(path), *options, stdout=out)
        except SystemExit as exit_:
            status = exit_.code
        except CommandError as error:
            out.write(str(error))
            status = error.returncode
        return status, out.getvalue()

    return command


def test_good_rows_are_imported_and_counted(run_command):
    status, text = run_command([row(1), row(2)])

    assert status == 0
    assert Certificate.objects.count() == 2
    assert "create" in text
    assert ImportRun.objects.get().status == "DONE"


def test_exit_status_1_says_that_rows_were_left_out(run_command):
    status, text = run_command([row(1), row(2, name="")])

    assert status == 1
    assert Certificate.objects.count() == 1
    assert "C3" in text


def test_an_unreadable_file_is_one_sentence_and_exit_status_2(run_command):
    status, text = run_command(b"%PDF-1.7")

    assert status == 2
    assert "\n" not in text.strip()
    assert not ImportRun.objects.exists()


def test_missing_columns_are_named_with_exit_status_2(run_command):
    status, text = run_command([{"number": "A1", "name": "x", "type": "专监"}])

    assert status == 2
    assert "身份证号码" in text


def test_a_missing_file_is_exit_status_2(tmp_path):
    with pytest.raises(CommandError) as error:
        call_command("import_certificates", str(tmp_path / "none.xlsx"))
    assert error.value.returncode == 2


def test_a_dry_run_writes_nothing_and_keeps_no_file(run_command):
    before = register()

    status, text = run_command([row(1)], "--dry-run", "--json")

    assert status == 0
    assert json.loads(text)["counts"]["create"] == 1
    assert register() == before
    assert ImportRun.objects.get().status == "DISCARDED"
    assert not ImportRun.objects.get().file


def test_json_is_one_object_with_counts_and_samples(run_command):
    _status, text = run_command([row(1), row(2, name="")], "--json")

    report = json.loads(text)
    assert report["status"] == "DONE"
    assert (report["counts"]["create"], report["counts"]["error"]) == (1, 1)
    assert report["samples"]["error"][0]["row"] == 3


def test_all_or_nothing_refuses_with_exit_status_1(run_command):
    status, _text = run_command([row(1), row(2, name="")], "--all-or-nothing")

    assert status == 1
    assert not Certificate.objects.exists()


def test_the_rows_left_out_can_be_saved(run_command, tmp_path):
    run_command([row(1), row(2, name="")], "--errors", str(tmp_path / "bad.xlsx"))

    lines = list(openpyxl.load_workbook(tmp_path / "bad.xlsx").active.iter_rows(values_only=True))
    assert len(lines) == 2


def test_unknown_companies_and_accepted_conflicts(run_command):
    run_command([row(1)])

    status, _text = run_command(
        [row(1, number="B1240001", company="广东新监理公司")],
        "--create-companies",
        "--accept",
        "other_company",
    )

    assert status == 0
    assert Certificate.objects.get(number="B1240001").printed_company == "广东新监理公司"


def test_the_user_is_written_into_the_history(run_command):
    office = UserFactory(role=Role.OFFICE)

    run_command([row(1)], "--user", office.username)

    assert Person.objects.get().history.get().history_user == office
    assert ImportRun.objects.get().created_by == office


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COMPANY])
def test_a_user_who_may_not_import_is_refused(run_command, role):
    user = UserFactory(role=role)

    status, _text = run_command([row(1)], "--user", user.username)

    assert status == 1
    assert not Certificate.objects.exists()
