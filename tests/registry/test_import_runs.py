"""The course of an import run: start, preview, mapping, confirm, execute, discard (backoffice/core/imports.py)."""

import datetime
import io

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.core import imports
from backoffice.core.excel import UnreadableFile, write_xlsx
from backoffice.core.models import HeaderMapping, ImportRun
from backoffice.roles import Role
from registry.models import Certificate, Person
from tests.factories import UserFactory, id_number
from tests.registry.import_files import (
    COMPANY,
    carry_out,
    known_company,
    look_through,
    outcomes,
    register,
    row,
    workbook,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return known_company()


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


def odd_headers(*rows):
    """A list whose certificate number stands under a caption nobody knows."""
    out = io.BytesIO()
    captions = ["神秘代码", "证书类型", "姓名", "身份证号码", "工作单位", "发证日期", "有效期至"]
    fields = ["number", "type", "name", "id_number", "company", "issue_date", "expiry_date"]
    write_xlsx(out, "证书", captions, [[values[name] for name in fields] for values in rows])
    return out.getvalue()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICE])
def test_only_roles_that_may_import_start_confirm_discard_and_undo(company, office, role):
    other = UserFactory(role=role)
    with pytest.raises(PermissionDenied):
        imports.start(workbook(row(1)), "x.xlsx", "certificates", other)
    run = look_through(row(1), by=office)
    for act in (imports.confirm, imports.discard, imports.undo):
        with pytest.raises(PermissionDenied):
            act(run, other)
    with pytest.raises(PermissionDenied):
        imports.set_mapping(run, {0: "number"}, by=other)
    run.refresh_from_db()
    assert run.status == "PREVIEWED"


def test_nobody_and_inactive_users_may_not_import(office):
    office.is_active = False
    for by in (None, office):
        with pytest.raises(PermissionDenied):
            imports.start(workbook(row(1)), "x.xlsx", "certificates", by)


def test_an_unreadable_file_leaves_no_run(office):
    with pytest.raises(UnreadableFile):
        imports.start(b"%PDF-1.7 nothing to see", "x.xlsx", "certificates", office)

    assert not ImportRun.objects.exists()


def test_the_page_of_a_run_says_what_was_read(company, office):
    run = look_through(row(1), row(2), by=office)

    assert [header["field"] for header in run.seen["headers"]][:3] == ["number", "type", "name"]
    assert run.seen["rows"] == 2
    assert run.seen["sample"][0][0] == "A12400001"
    assert run.filename == "名单.xlsx"
    assert run.sha256


def test_unknown_headers_wait_for_a_mapping_that_is_remembered(company, office):
    run = imports.preview(imports.start(odd_headers(row(1)), "a.xlsx", "certificates", office))
    assert run.status == "UNMAPPED"
    assert run.seen["missing"] == ["number"]

    imports.set_mapping(run, {0: "number"}, by=office)

    assert run.status == "PREVIEWED"
    assert outcomes(run) == {"create": 1, "people_created": 1}
    again = imports.preview(imports.start(odd_headers(row(2)), "b.xlsx", "certificates", office))
    assert again.status == "PREVIEWED"
    imports.confirm(run, office, enqueue=False)
    imports.execute(run.pk)
    assert Certificate.objects.get().number == "A12400001"


def test_a_mapping_is_not_remembered_if_the_user_does_not_want_it(company, office):
    run = imports.preview(imports.start(odd_headers(row(1)), "a.xlsx", "certificates", office))
    imports.set_mapping(run, {0: "number"}, by=office, remember=False)

    assert run.status == "PREVIEWED"
    assert not HeaderMapping.objects.exists()


def test_an_unmapped_run_cannot_be_confirmed(company, office):
    run = imports.preview(imports.start(odd_headers(row(1)), "a.xlsx", "certificates", office))

    assert imports.confirm(run, office).status == "UNMAPPED"


def test_options_look_through_the_file_again(company):
    run = look_through(row(1, company="广东新监理公司"))
    assert outcomes(run) == {"error": 1}

    imports.set_options(run, create_companies=True)

    assert outcomes(run) == {"create": 1, "people_created": 1, "companies_created": 1}
    with pytest.raises(TypeError):
        imports.set_options(run, language="xx")


def test_confirming_queues_the_import_once(company, office, django_capture_on_commit_callbacks):
    run = look_through(row(1), by=office)
    stale = ImportRun.objects.get(pk=run.pk)

    with django_capture_on_commit_callbacks(execute=True) as first:
        imports.confirm(run, office)
    with django_capture_on_commit_callbacks(execute=True) as second:
        imports.confirm(stale, office)

    assert (len(first), len(second)) == (1, 0)
    run.refresh_from_db()
    assert run.status == "DONE"
    assert (run.progress, run.finished_at is not None) == (100, True)
    assert Certificate.objects.count() == 1


def test_a_confirmed_import_can_no_longer_be_changed(company, office):
    run = carry_out(row(1), by=office)

    for act in (
        lambda: imports.set_options(run, all_or_nothing=True),
        lambda: imports.set_mapping(run, {0: "name"}, by=office),
        lambda: imports.discard(run, office),
        lambda: imports.preview(run),
    ):
        with pytest.raises(imports.ImportRefused):
            act()
    run.refresh_from_db()
    assert run.status == "DONE"


def test_executing_a_finished_or_discarded_run_does_nothing(company, office):
    run = carry_out(row(1), by=office)
    before = register()
    imports.execute(run.pk)
    assert register() == before

    other = imports.discard(look_through(row(2), by=office), office)
    imports.execute(other.pk)
    assert register() == before


def test_a_run_whose_worker_died_is_executed_again(company, office):
    run = imports.confirm(look_through(row(1), by=office), office, enqueue=False)
    ImportRun.objects.filter(pk=run.pk).update(status="RUNNING")

    imports.execute(run.pk)

    run.refresh_from_db()
    assert run.status == "DONE"
    assert Certificate.objects.count() == 1


def test_a_fault_writes_nothing_logs_nothing_personal_and_can_be_tried_again(
    company, office, monkeypatch, caplog
):
    run = imports.confirm(look_through(row(1), by=office), office, enqueue=False)
    before = register()

    def fault(*args):
        raise RuntimeError(id_number(1))

    with monkeypatch.context() as patch:
        patch.setattr("registry.imports.write._add_terms", fault)
        imports.execute(run.pk)
    run.refresh_from_db()
    assert run.status == "FAILED"
    assert run.error
    assert register() == before
    assert id_number(1) not in caplog.text

    imports.confirm(run, office, enqueue=False)
    imports.execute(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == ("DONE", "")


def test_a_change_that_comes_between_is_planned_with(company, office, monkeypatch):
    from backoffice.core.imports import RegisterChanged
    from registry.imports import certificates

    real, calls = certificates.write, []

    def write(plan, stamp):
        calls.append(1)
        if len(calls) == 1:
            raise RegisterChanged
        return real(plan, stamp)

    monkeypatch.setattr(certificates, "write", write)
    run = carry_out(row(1), by=office)

    assert (run.status, len(calls)) == ("DONE", 2)


def test_discarding_deletes_the_files(company, office):
    run = look_through(row(1), row(2, name=""), by=office)
    storage, names = run.file.storage, [run.file.name, run.marked_copy.name]
    assert all(map(storage.exists, names))

    imports.discard(run, office)

    run.refresh_from_db()
    assert run.status == "DISCARDED"
    assert not any(map(storage.exists, names))
    assert run.samples == {}


def test_runs_nobody_carried_out_are_purged_with_their_files(company, office):
    done, left = carry_out(row(1), by=office), look_through(row(2), by=office)
    storage, name = left.file.storage, left.file.name

    assert imports.purge(timezone.now() - datetime.timedelta(days=1)) == 0
    assert imports.purge(timezone.now()) == 1

    left.refresh_from_db()
    done.refresh_from_db()
    assert (left.status, done.status) == ("DISCARDED", "DONE")
    assert not storage.exists(name)


def test_the_marked_copy_goes_when_the_reason_for_it_goes(company, office):
    run = look_through(row(1, company="广东新监理公司"), by=office)
    old = run.marked_copy.name
    assert old

    imports.set_options(run, create_companies=True)

    run.refresh_from_db()
    assert not run.marked_copy
    assert not run.file.storage.exists(old)


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(company, office):
    def queries(first, count):
        rows = [row(n) for n in range(first, first + count)]
        with CaptureQueriesContext(connection) as captured:
            carry_out(*rows, by=office)
        return len(captured)

    assert queries(1, 3) == queries(100, 60)


def test_messages_are_in_the_language_of_the_uploader(company):
    from django.utils import translation

    with translation.override("en"):
        run = look_through(row(1, name=""))
    with translation.override("zh-hans"):
        imports.set_options(run, all_or_nothing=True)
    assert run.samples["error"][0]["reasons"][0]["message"] == "This value is missing. Fill it in."


def test_history_names_who_confirmed(company, office):
    other = UserFactory(role=Role.OFFICE)
    run = imports.confirm(look_through(row(1), by=office), other, enqueue=False)
    imports.execute(run.pk)

    assert Person.objects.get().history.get().history_user == other
    assert Certificate.objects.get().printed_company == COMPANY
