"""Two imports at once, and a worker killed in the middle: exactly one effect, nothing half-done."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from django.conf import settings
from django.db import connection, connections

from backoffice.core import imports
from registry.models import Certificate, CertificateTerm, Person
from tests.factories import UserFactory
from tests.registry.import_files import known_company, look_through, outcomes, row

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*jobs):
    """Run the jobs at the same moment, each on its own connection."""
    barrier, errors = threading.Barrier(len(jobs)), []

    def work(job):
        try:
            barrier.wait()
            job()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def ready(rows, office):
    return imports.confirm(look_through(*rows, by=office), office, enqueue=False)


@pytest.mark.postgres
@pytest.mark.slow
def test_many_imports_of_the_same_file_at_once_have_one_effect():
    known_company()
    office = UserFactory()
    rows = [row(n) for n in range(1, 200)]
    runs = [ready(rows, office) for _ in range(8)]

    in_threads(*(lambda run=run: imports.execute(run.pk) for run in runs))

    for run in runs:
        run.refresh_from_db()
        assert (run.status, run.error) == ("DONE", "")
    assert sorted(run.counts["create"] for run in runs) == [0] * 7 + [199]
    assert sorted(run.counts["unchanged"] for run in runs) == [0] + [199] * 7
    assert (
        Certificate.objects.count() == Certificate.history.count() == CertificateTerm.objects.count() == 199
    )
    assert Person.objects.count() == Person.history.count() == 199


@pytest.mark.postgres
def test_many_workers_on_the_same_run_have_one_effect():
    known_company()
    run = ready([row(n) for n in range(1, 50)], UserFactory())

    in_threads(*[lambda: imports.execute(run.pk)] * 8)

    run.refresh_from_db()
    assert run.status == "DONE"
    assert Certificate.history.count() == 49


@pytest.mark.postgres
def test_a_certificate_entered_by_hand_meanwhile_is_found_when_the_import_retries(monkeypatch):
    company = known_company()
    run = ready([row(1), row(2)], UserFactory())
    from registry.imports import write as writing

    real, entered = writing._create_certificates, []

    def by_hand():
        person = Person.objects.create(name="陈乙", id_number=row(1)["id_number"], company=company)
        Certificate.objects.create(
            number="A12400001", type="ENGINEER", person=person, company=company, region=company.region,
            printed_company=company.name, issue_date="2024-01-01", expiry_date="2027-01-01",
        )  # fmt: skip

    def create_people(*args):
        if not entered:
            entered.append(1)
            in_threads(by_hand)
        return create(*args)

    create = writing._create_people
    monkeypatch.setattr(writing, "_create_people", create_people)
    monkeypatch.setattr(writing, "_create_certificates", real)

    imports.execute(run.pk)

    run.refresh_from_db()
    assert outcomes(run) == {"create": 1, "people_created": 1, "unchanged": 1}
    assert Certificate.objects.count() == 2


@pytest.mark.postgres
def test_a_person_transferred_meanwhile_is_planned_with_again(monkeypatch):
    company = known_company()
    other = known_company("广东屹工程监理有限公司")
    office = UserFactory()
    imports.execute(ready([row(1)], office).pk)
    run = ready([row(1, number="B12400001")], office)
    from registry.imports import certificates

    real, moved = certificates.write, []

    def write(plan, stamp):
        if not moved:
            moved.append(1)
            in_threads(lambda: Person.objects.update(company=other))
        return real(plan, stamp)

    monkeypatch.setattr(certificates, "write", write)
    imports.execute(run.pk)

    run.refresh_from_db()
    assert outcomes(run) == {"conflict": 1, "conflict_other_company": 1}
    assert not Certificate.objects.filter(number="B12400001").exists()
    assert company != other


@pytest.mark.postgres
def test_two_undos_at_once_undo_once():
    known_company()
    office = UserFactory()
    run = ready([row(n) for n in range(1, 20)], office)
    imports.execute(run.pk)
    run.refresh_from_db()
    refused = []

    def undo():
        try:
            imports.undo(type(run).objects.get(pk=run.pk), office)
        except imports.ImportRefused as error:
            refused.append(str(error))

    in_threads(undo, undo, undo)

    assert len(refused) == 2
    assert Certificate.objects.count() == 0
    assert Certificate.history.filter(history_type="-").count() == 19


KILLED_AT = (
    "registry.imports.write._create_people",
    "registry.imports.write._create_certificates",
    "registry.imports.write._add_terms",
    "backoffice.core.imports._seen",
    "backoffice.core.imports._save_marked_copy",
)
WORKER = """
import importlib, json, os, signal, sys
import django
from django.conf import settings
django.setup()
run_id, point, settings.MEDIA_ROOT = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if point:
    path, _, name = point.rpartition(".")
    module = importlib.import_module(path)
    real = getattr(module, name)
    def killed(*args, **kwargs):
        real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, name, killed)
from backoffice.core import imports
from backoffice.core.models import ImportRun
from registry.models import Certificate, CertificateTerm, Person
def look():
    run = ImportRun.objects.get(pk=run_id)
    models = (Person, Certificate, CertificateTerm, Person.history, Certificate.history)
    return [run.status, bool(run.marked_copy), [getattr(model, "objects", model).count() for model in models]]
found = look()
imports.execute(run_id)
print(json.dumps([found, look()]))
"""


def shared_database(folder):
    """The address of the test's database for another process; SQLite's is in memory, so that gets a copy."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(folder / "copy.sqlite3")])
        return f"sqlite:///{folder / 'copy.sqlite3'}"
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    port = f":{values['PORT']}" if values["PORT"] else ""
    return f"postgres://{values['USER']}{password}@{values['HOST']}{port}/{values['NAME']}"


@pytest.mark.slow
@pytest.mark.parametrize("point", KILLED_AT)
def test_a_killed_import_leaves_nothing_half_done_and_resumes(point, tmp_path):
    known_company()
    run = ready([*(row(n) for n in range(1, 100)), row(200, name="")], UserFactory())
    url = shared_database(tmp_path)
    settings_module = os.environ.get("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings_module}

    def work(point):
        return subprocess.run(
            [sys.executable, "-c", WORKER, str(run.pk), point, str(settings.MEDIA_ROOT)],
            env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert work(point).returncode == -signal.SIGKILL
    again = work("")
    assert again.returncode == 0, again.stderr
    found, after = json.loads(again.stdout)

    if point.endswith("_save_marked_copy"):
        assert found == ["DONE", True, [99] * 5]
    else:
        assert found == ["RUNNING", True, [0] * 5]
    assert after == ["DONE", True, [99] * 5]
