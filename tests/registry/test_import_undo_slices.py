"""An undo in the background: in slices, with progress, resumed after a kill; what somebody builds on stays."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from backoffice.core import imports, undoing
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from registry.imports import undo
from registry.models import Certificate, Company, Person
from tests.factories import UserFactory, client_of
from tests.registry.import_files import carry_out, known_company, row
from tests.registry.test_import_safety import in_threads, shared_database


@pytest.fixture
def office(db: None) -> Any:
    known_company()
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of two records."""
    monkeypatch.setattr(undo, "SLICE", 2)


def page(run: ImportRun, act: str = "change") -> str:
    return reverse(f"admin:core_importrun_{act}", args=[run.pk])


def test_the_click_begins_the_undo_and_the_page_shows_how_far_it_is(office: Any, small: None) -> None:
    run = carry_out(*(row(n) for n in range(1, 6)), by=office)
    client = client_of(office)
    client.post(page(run, "undo"))  # the test's job waits for a commit that does not come
    run.refresh_from_db()
    assert (run.status, run.undone_by) == ("UNDOING", office)
    assert Certificate.objects.count() == 5
    assert client.get(page(run, "progress")).json()["busy"] is True
    assert "data-progress" in client.get(page(run)).content.decode()
    with pytest.raises(imports.ImportRefused, match=office.name):
        imports.begin_undo(run, UserFactory(role=Role.OFFICE))
    imports.carry_on_undo(run.pk)
    run.refresh_from_db()
    assert (run.status, run.progress, Person.objects.count()) == ("UNDONE", 100, 0)
    assert client.get(page(run, "progress")).json()["busy"] is False


def test_the_progress_moves_from_slice_to_slice(
    office: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = carry_out(*(row(n) for n in range(1, 6)), by=office)
    seen, take = [], undoing.take_slice

    def watched(*args: Any) -> Any:
        seen.append(ImportRun.objects.get(pk=run.pk).progress)
        return take(*args)

    monkeypatch.setattr(undoing, "take_slice", watched)
    imports.undo(run, office)
    assert seen == sorted(seen)
    assert len(set(seen)) == len(seen) == 6


def test_what_somebody_changes_meanwhile_stays_and_the_page_says_why(
    office: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = carry_out(*(row(n) for n in range(1, 6)), by=office)
    kept = Person.objects.get(certificates__number="A12400003")
    take, other = undoing.take_slice, UserFactory(role=Role.OFFICE)

    def changed_first(run: Any, importer: Any, part: Any, by: Any) -> Any:
        if kept.phone == "":
            kept.phone, kept._history_user = "13800138000", other
            kept.save()
        return take(run, importer, part, by)

    monkeypatch.setattr(undoing, "take_slice", changed_first)
    imports.undo(run, office)
    assert run.status == "PARTLY"
    assert list(Person.objects.all()) == [kept]
    text = client_of(office).get(page(run)).content.decode()
    assert kept.name in text
    assert other.name in text
    with pytest.raises(imports.ImportRefused, match=kept.name):  # and it stands against another try
        imports.begin_undo(run, office)


def test_a_record_that_gets_used_meanwhile_stays(
    office: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = carry_out(row(1), by=office)
    take = undoing.take_slice

    def used_first(run: Any, importer: Any, part: Any, by: Any) -> Any:
        if part.kind == "delete registry.Person":
            UserFactory(role=Role.PERSON, person=Person.objects.get())
        return take(run, importer, part, by)

    monkeypatch.setattr(undoing, "take_slice", used_first)
    imports.undo(run, office)
    assert (run.status, run.undo_state["stay"], Person.objects.count()) == ("PARTLY", 1, 1)


def test_a_fault_ends_the_undo_with_a_sentence_and_it_can_be_begun_again(
    office: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = carry_out(*(row(n) for n in range(1, 6)), by=office)
    with monkeypatch.context() as patch:
        patch.setattr(undo, "_reasons", lambda *args, **options: 1 / 0)
        imports.undo(run, office)
    assert run.status == "PARTLY"
    assert run.error
    imports.undo(run, office)
    assert (run.status, run.error, Person.objects.count()) == ("UNDONE", "", 0)


def test_companies_get_their_region_back_and_their_certificates_with_them(office: Any) -> None:
    import io

    from backoffice.core.excel import write_xlsx
    from tests.factories import RegionFactory

    company = Company.objects.get()
    carry_out(row(1), by=office)
    RegionFactory(code="440300", name="深圳市")
    file = io.BytesIO()
    write_xlsx(file, "单位", ["单位名称", "所属区域"], [[company.name, "深圳市"]])
    run = imports.confirm(
        imports.start(file.getvalue(), "单位.xlsx", "companies", office), office, enqueue=False
    )
    imports.execute(run.pk)
    assert str(Certificate.objects.get().region) == "深圳市"
    run.refresh_from_db()
    imports.undo(run, office)
    assert Certificate.objects.get().region == company.region


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_more_than_one_slice(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known_company()
    office = UserFactory(role=Role.OFFICE)
    run = carry_out(*(row(n) for n in range(1, 8)), by=office)
    last = Person.objects.order_by("pk").last()
    take, waited = undoing.take_slice, []

    def meanwhile(run: Any, importer: Any, part: Any, by: Any) -> Any:
        kept = take(run, importer, part, by)
        if not waited:  # between two slices nothing of the register is locked
            in_threads(lambda: waited.append(Person.objects.filter(pk=last.pk).update(email="a@example.cn")))
        return kept

    monkeypatch.setattr(undoing, "take_slice", meanwhile)
    imports.undo(run, office)
    assert waited == [1]
    assert Person.objects.count() == 0


WORKER = """
import json, os, signal, sys
import django
django.setup()
run_id, point = int(sys.argv[1]), sys.argv[2]
from backoffice.core import imports, undoing
from backoffice.core.models import ImportRun
from registry.imports import undo
from registry.models import Certificate, CertificateTerm, Person
undo.SLICE = 20
calls = []
def killing(module, name, at):
    real = getattr(module, name)
    def killed(*args, **kwargs):
        done = real(*args, **kwargs)
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    setattr(module, name, killed)
if point == "in a slice":
    killing(undo, "_delete", 3)
elif point == "between slices":
    killing(undoing, "take_slice", 8)
def look():
    run = ImportRun.objects.get(pk=run_id)
    return [run.status, Certificate.objects.count(), CertificateTerm.objects.count(), Person.objects.count()]
found = look()
imports.carry_on_undo(run_id)
print(json.dumps([found, look(), Certificate.history.filter(history_type="-").count()]))
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("point", "left"), [("in a slice", [60, 60, 100]), ("between slices", [0, 0, 40])])
def test_a_killed_undo_goes_on_where_it_was(point: str, left: list[int], tmp_path: Any) -> None:
    known_company()
    office = UserFactory(role=Role.OFFICE)
    run = carry_out(*(row(n) for n in range(1, 101)), by=office)
    imports.begin_undo(run, office, enqueue=False)
    environment = os.environ | {
        "DATABASE_URL": shared_database(tmp_path),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "backoffice.settings"),
    }

    def work(point: str) -> Any:
        return subprocess.run(
            [sys.executable, "-c", WORKER, str(run.pk), point],
            env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert work(point).returncode == -signal.SIGKILL
    again = work("")
    assert again.returncode == 0, again.stderr
    found, after, deleted = json.loads(again.stdout)
    assert found == ["UNDOING", *left]
    assert after == ["UNDONE", 0, 0, 0]
    assert deleted == 100
