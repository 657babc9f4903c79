"""The page of the system's state, and whether the site is ready: what is wrong is told before members notice it."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from backoffice.core import probes, state
from backoffice.core.management.commands import worker
from backoffice.core.models import Message, SignOfLife
from backoffice.core.probes import ProbeMiddleware
from backoffice.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:system_state")


def lines():
    return {line.title: line for line in state.report()}


def seen(name, **ago):
    SignOfLife.objects.update_or_create(
        name=name, defaults={"at": timezone.now() - timedelta(**ago), "note": ""}
    )


# --- The page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_the_administrator_and_the_office_read_it_and_find_it_in_the_sidebar(role, signed_in):
    client = signed_in(UserFactory(role=role))
    may = role in (Role.ADMIN, Role.OFFICE)
    assert client.get(PAGE).status_code == (200 if may else 403)
    assert client.post(PAGE).status_code == 405
    sidebar = client.get(reverse("admin:index")).context["sidebar_navigation"]
    assert (PAGE in {item["link"] for group in sidebar for item in group["items"]}) == may


def test_strangers_are_asked_to_sign_in(client):
    assert client.get(PAGE)["Location"].startswith(reverse("admin:login"))


def test_the_page_names_everything_and_links_to_the_lists(signed_in, django_assert_max_num_queries):
    Message.objects.create(channel="MAIL", recipient="a@example.org", status="FAILED")
    client = signed_in(UserFactory(role=Role.ADMIN))
    client.get(PAGE)
    with django_assert_max_num_queries(12):
        page = client.get(PAGE).content.decode()
    for words in ("后台任务", "队列", "邮件", "短信", "备份", "工作日历", "磁盘", "请处理", "status=FAILED"):
        assert words in page, words


# --- What it says ------------------------------------------------------------------------------------


def test_a_worker_that_fell_silent_is_told(settings):
    settings.TASKS_BACKEND = "worker"
    assert lines()["后台任务"].tone == "danger"
    seen("worker", minutes=1)
    assert lines()["后台任务"].tone == "success"
    seen("worker", minutes=4)
    assert "请重新启动" in lines()["后台任务"].advice


def test_the_server_does_the_work_itself_where_it_is_set_so(settings):
    settings.TASKS_BACKEND = "embedded"
    assert lines()["后台任务"].tone == "success"


def job(**fields):
    """A job in the queue; without a time of its own it is due now."""
    made = DBTaskResult.objects.create(args_kwargs={}, task_path="x", **fields)
    if "enqueued_at" in fields:
        DBTaskResult.objects.filter(pk=made.pk).update(enqueued_at=fields["enqueued_at"])


def test_jobs_that_wait_too_long_and_jobs_that_failed_are_told():
    assert lines()["队列"].tone == "success"
    job(status="FAILED", finished_at=timezone.now())
    assert "1" in lines()["队列"].advice
    job(status="READY", run_after=timezone.now() + timedelta(hours=1))
    assert "0" in lines()["队列"].value
    job(status="READY", enqueued_at=timezone.now() - timedelta(minutes=20))
    assert (lines()["队列"].tone, "1" in lines()["队列"].value) == ("danger", True)


def test_a_broker_that_does_not_answer_is_told(settings):
    settings.TASKS_BACKEND, settings.REDIS_URL = "celery", "redis://127.0.0.1:1/0"
    assert lines()["队列"].tone == "danger"


def test_messages_that_failed_or_wait_are_told_by_channel(settings):
    Message.objects.create(channel="SMS", recipient="13800000000", status="FAILED")
    late = Message.objects.create(channel="MAIL", recipient="a@example.org")
    Message.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(hours=1))
    Message.objects.create(channel="MAIL", recipient="b@example.org")
    found = lines()
    assert (found["短信"].tone, found["邮件"].tone) == ("warning", "warning")
    assert "status=FAILED" in found["短信"].link
    assert "status=QUEUED" in found["邮件"].link
    settings.PRODUCTION, settings.SMS_BACKEND = True, "console"
    assert "SMS_BACKEND" in lines()["短信"].advice


@pytest.mark.parametrize(
    ("command", "title"),
    [
        ("send_reminders", "提醒"),
        ("purge_uploads", "清理未用的上传文件"),
        ("purge_drafts", "清理未提交的草稿"),
    ],
)
def test_scheduled_commands_leave_a_sign_and_their_silence_is_told(command, title, capsys):
    assert command in lines()[title].advice
    call_command(command)
    assert lines()[title].tone == "success"
    seen(command, hours=27)
    assert lines()[title].tone == "warning"


def test_the_platform_is_asked_where_there_is_one(settings):
    settings.LEARNING_PLATFORM = "excel"
    assert "询问学习平台" not in lines()
    settings.LEARNING_PLATFORM = "http"
    assert lines()["询问学习平台"].tone == "warning"
    seen("poll_platform", minutes=50)
    assert lines()["询问学习平台"].tone == "success"


def test_a_production_site_without_a_backup_is_in_danger(settings):
    assert lines()["备份"].tone == "warning"
    settings.PRODUCTION = True
    assert lines()["备份"].tone == "danger"
    seen("backup", hours=1)
    assert lines()["备份"].tone == "success"
    seen("backup", days=2)
    assert lines()["备份"].tone == "danger"


@pytest.mark.parametrize(
    ("today", "tone"),
    [(date(2026, 10, 1), "success"), (date(2026, 11, 15), "warning"), (date(2027, 1, 1), "danger")],
)
def test_the_end_of_the_calendar_is_told_in_time(monkeypatch, today, tone):
    monkeypatch.setattr(state, "known_until", lambda: date(2026, 12, 31))
    monkeypatch.setattr(state.timezone, "localdate", lambda: today)
    assert lines()["工作日历"].tone == tone


@pytest.mark.parametrize(("free", "tone"), [(50, "success"), (5, "warning"), (1, "warning")])
def test_a_disk_that_fills_up_is_told(monkeypatch, free, tone):
    usage = SimpleNamespace(free=free * 1024**3, total=100 * 1024**3)
    monkeypatch.setattr(state.shutil, "disk_usage", lambda path: usage)
    assert lines()["磁盘"].tone == tone


# --- Ready -------------------------------------------------------------------------------------------


def broken():
    raise OSError("secret details")


@pytest.mark.parametrize(
    ("name", "check"),
    [("database", "database_answers"), ("cache", "cache_answers"), ("storage", "storage_answers"),
     ("worker", "worker_lives")],
)  # fmt: skip
def test_each_of_what_it_needs_makes_the_site_not_ready(monkeypatch, name, check):
    assert state.not_ready() == []
    monkeypatch.setattr(state, check, broken)
    assert state.not_ready() == [name]


def test_the_worker_counts_where_there_is_one(settings):
    settings.TASKS_BACKEND = "worker"
    assert state.not_ready() == ["worker"]
    seen("worker", minutes=1)
    assert state.not_ready() == []


def test_uploads_that_cannot_be_kept_make_it_not_ready(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    assert state.not_ready() == ["storage"]


def test_asking_often_costs_the_database_nothing(monkeypatch, rf):
    asked = []
    monkeypatch.setattr(probes, "not_ready", lambda: asked.append(1) or ["cache"])
    middleware = ProbeMiddleware(lambda request: pytest.fail("went on"))
    answers = [middleware(rf.get("/ready/")) for _time in range(20)]
    assert len(asked) == 1
    assert {(answer.status_code, answer.content) for answer in answers} == {(503, b"not ready")}


def test_alive_needs_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/health/", headers={"host": "10.0.0.1"}).status_code == 200


def test_a_celery_worker_says_that_it_lives(monkeypatch):
    pytest.importorskip("celery", reason="needs requirements-celery.txt")
    from backoffice.core import celery

    monkeypatch.setattr(celery, "connections", SimpleNamespace(close_all=lambda: None))
    celery.sign()
    assert SignOfLife.objects.filter(name="worker").exists()
    assert celery.SignsOfLife in celery.app.steps["worker"]


def test_the_worker_command_says_that_it_lives():
    worker.Command.reap()
    assert SignOfLife.objects.filter(name="worker").exists()
