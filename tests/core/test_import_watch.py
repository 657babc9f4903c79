"""Imports that were promised are found again, whatever becomes of broker, worker or command."""

import datetime
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django_tasks import task_backends

from backoffice.core import import_watch, imports, tasks
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from registry.models import Certificate
from tests.factories import UserFactory, client_of
from tests.registry.import_files import known_company, look_through, row, workbook
from tests.registry.test_import_safety import shared_database

pytestmark = pytest.mark.django_db
Capture = Any
LONG_AGO = datetime.timedelta(hours=1)
#: A process of this machine that has certainly ended.
DEAD = f"{tasks.this_worker().split('-')[0]}-1-0"


@pytest.fixture
def office() -> Any:
    known_company()
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def confirmed(office: Any) -> ImportRun:
    """Confirmed by a click; its job waits for a commit that does not come in a test."""
    return imports.confirm(look_through(row(1), by=office), office)


def left_since(run: ImportRun, ago: datetime.timedelta = LONG_AGO, **values: Any) -> None:
    ImportRun.objects.filter(pk=run.pk).update(alive_at=timezone.now() - ago, **values)


def test_a_broker_that_is_down_fails_nobodys_click_and_the_import_is_found_again(
    office: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Capture
) -> None:
    run, backend = look_through(row(1), by=office), type(task_backends["default"])

    def down(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(backend, "enqueue", down)
        with django_capture_on_commit_callbacks(execute=True):
            client_of(office).post(reverse("admin:core_importrun_confirm", args=[run.pk]))
    run.refresh_from_db()
    assert run.status == "QUEUED"
    left_since(run)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("reap_tasks", stdout=StringIO())
    run.refresh_from_db()
    assert (run.status, Certificate.objects.count()) == ("DONE", 1)


def test_an_undo_without_a_job_is_found_again(
    office: Any, django_capture_on_commit_callbacks: Capture
) -> None:
    run = imports.confirm(look_through(row(1), by=office), office, enqueue=False)
    imports.execute(run.pk)
    run.refresh_from_db()
    imports.begin_undo(run, office)
    left_since(run)
    with django_capture_on_commit_callbacks(execute=True):
        assert import_watch.watch() == 1
    run.refresh_from_db()
    assert (run.status, Certificate.objects.count()) == ("UNDONE", 0)


def test_a_run_whose_process_is_gone_is_given_out_again(
    confirmed: ImportRun, django_capture_on_commit_callbacks: Capture
) -> None:
    left_since(confirmed, datetime.timedelta(), status="RUNNING", worker=DEAD)
    with django_capture_on_commit_callbacks(execute=True):
        assert import_watch.watch() == 1
    confirmed.refresh_from_db()
    assert confirmed.status == "DONE"


def test_who_is_at_work_or_has_just_been_asked_is_left_alone(confirmed: ImportRun) -> None:
    assert import_watch.watch() == 0
    half_an_hour = datetime.timedelta(minutes=30)
    left_since(confirmed, half_an_hour, status="RUNNING", worker=tasks.this_worker())
    assert import_watch.watch() == 0
    imports.execute(confirmed.pk)  # a second start beside the first does nothing
    confirmed.refresh_from_db()
    assert (confirmed.status, Certificate.objects.count()) == ("RUNNING", 0)


def test_a_run_that_kills_its_workers_is_given_up_with_a_sentence(confirmed: ImportRun) -> None:
    left_since(confirmed, status="RUNNING", worker=DEAD, restarts=tasks.MAX_RESTARTS + 1)
    imports.execute(confirmed.pk)
    confirmed.refresh_from_db()
    assert confirmed.status == "FAILED"
    assert confirmed.error


def test_a_command_that_was_killed_leaves_no_running_import_and_no_file(confirmed: ImportRun) -> None:
    path = Path(confirmed.file.path)
    options = confirmed.options | {import_watch.BY_COMMAND: True}
    left_since(confirmed, datetime.timedelta(), status="RUNNING", worker=DEAD, options=options)
    import_watch.watch()
    confirmed.refresh_from_db()
    assert (confirmed.status, path.exists()) == ("DISCARDED", False)
    assert confirmed.error


def test_ctrl_c_ends_the_run_of_a_command(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = imports.confirm(look_through(row(1), by=office), office, enqueue=False)

    def pressed(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(imports, "_plan_and_write", pressed)
    with pytest.raises(KeyboardInterrupt):
        imports.execute(run.pk)
    run.refresh_from_db()
    assert run.status == "DISCARDED"


COMMAND = """
import os, signal, sys
import django
from django.conf import settings
django.setup()
settings.MEDIA_ROOT = sys.argv[3]
from django.core.management import call_command
from registry.imports import write
real = write._create_people
def killed(*args):
    real(*args)
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2]:
    write._create_people = killed
call_command("import_certificates", sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_next_command_clears_up_after_one_that_was_killed(tmp_path: Path) -> None:
    known_company()
    path = tmp_path / "名单.xlsx"
    path.write_bytes(workbook(row(1)))
    environment = os.environ | {
        "DATABASE_URL": shared_database(tmp_path),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "backoffice.settings"),
    }

    def command(kill: str) -> Any:
        return subprocess.run(
            [sys.executable, "-c", COMMAND, str(path), kill, str(tmp_path / "media")],
            env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert command("kill").returncode == -signal.SIGKILL
    assert len(list((tmp_path / "media").rglob("*.bin"))) == 1
    again = command("")
    assert again.returncode == 0, again.stderr
    assert len(list((tmp_path / "media").rglob("*.bin"))) == 1  # that of the second


@pytest.mark.parametrize(
    ("worker", "ago", "said"),
    [("", LONG_AGO, True), ("", datetime.timedelta(), False), (DEAD, LONG_AGO, True)],
)
def test_the_page_says_when_nobody_does_the_work(
    worker: str, ago: datetime.timedelta, said: bool, office: Any, confirmed: ImportRun
) -> None:
    left_since(confirmed, ago, worker=worker)
    client = client_of(office)
    note = client.get(reverse("admin:core_importrun_progress", args=[confirmed.pk])).json()["note"]
    assert bool(note) is said
    page = client.get(reverse("admin:core_importrun_change", args=[confirmed.pk])).content.decode()
    assert (note in page) if said else "data-progress-note hidden" in page


def test_mail_that_no_job_sends_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from backoffice.core import outbox
    from backoffice.core.models import Message

    message = outbox.queue("MAIL", "a@example.cn", "主题", "正文")
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now() - LONG_AGO)
    call_command("reap_tasks", stdout=StringIO())
    message.refresh_from_db()
    assert message.status == "SENT"
