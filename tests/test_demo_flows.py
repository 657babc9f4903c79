"""What is under way in the demo: every state of every flow, work at every desk, told by real steps."""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.flow import Flow
from backoffice.core.inbox import todo
from backoffice.core.links import record_of
from backoffice.core.models import Announcement, Attachment, Message, ReadyOpinion, Task, TransitionLog
from backoffice.core.models.inbox import flow_models
from registry.demo.users import sign_ins
from registry.models import DuplicatePair, HelpRequest, Merge, Person, PersonalApplication
from training.models import TrainingClass
from training.services import bodies_with_open_practice_classes

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def printed(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[str]:
    """Built once for this file, in a transaction that is taken back."""
    from django.db import transaction

    folder: Path = tmp_path_factory.mktemp("demo")
    console = "django.core.mail.backends.console.EmailBackend"
    kept = {name: getattr(settings, name) for name in ("DATA_DIR", "MEDIA_ROOT", "EMAIL_BACKEND", "SITE_URL")}
    out = io.StringIO()
    with django_db_blocker.unblock():
        settings.DATA_DIR, settings.MEDIA_ROOT, settings.EMAIL_BACKEND = folder, folder / "media", console
        with transaction.atomic():
            call_command("demo", "--no-serve", "--people=250", "--pictures=1", "--port=8765", stdout=out)
            yield out.getvalue()
            transaction.set_rollback(True)
    for name, value in kept.items():
        setattr(settings, name, value)


def flows() -> list[Any]:
    return [model for model in flow_models() if model._meta.app_label in ("registry", "training")]


def test_every_flow_is_there_in_every_state(printed: str) -> None:
    missing = [
        f"{model.__name__}: {state}"
        for model in flows()
        for state in dict(model._meta.get_field("state").choices)
        if not model._default_manager.filter(state=state).exists()
    ]
    assert missing == []


def test_everybody_who_reviews_has_something_to_do_and_something_late(printed: str) -> None:
    today = timezone.localdate()
    for user, _note in sign_ins():
        if user.username in ("office", "guangzhou", "nanhai", "foshan", "company"):
            assert todo(user).filter(due_on__lt=today).exists(), user.username
            assert todo(user).filter(due_on__gte=today).exists(), user.username
    assert todo(User.objects.get(username="shenzhen")).exists()
    company = User.objects.get(username="company")
    flows_of_company = {task.content_type.model for task in todo(company)}
    assert flows_of_company == {"personalapplication", "companychange", "transfer"}


def test_dates_lie_behind_us_and_in_order(printed: str) -> None:
    now = timezone.now()
    for model in flows():
        for record in model._default_manager.all():
            log = list(TransitionLog.of(record).order_by("id"))
            assert log[0].step == "start"
            assert log[-1].target == record.state
            moments = [line.at for line in log]
            assert moments == sorted(moments)
            assert moments[-1] <= now
            assert record.created_at == moments[0]
            history = [row.history_date for row in record.history.order_by("history_id")]
            assert history == moments, record
            tasks = list(Task.of(record).order_by("id"))
            assert all(task.opened_at in moments for task in tasks)
            assert all(task.closed_at in moments for task in tasks if task.closed_at)


def test_the_open_task_is_that_of_the_state(printed: str) -> None:
    for model in flows():
        for record in model._default_manager.all():
            desk = record.desk()
            open_tasks = list(Task.of(record).filter(closed_at=None))
            assert [task.state for task in open_tasks] == ([record.state] if desk else [])


def test_a_public_applicant_finds_bodies_and_companies_that_somebody_signs_in_for(printed: str) -> None:
    bodies = set(bodies_with_open_practice_classes())
    assert {body.short_name for body in bodies} == {"广州", "南海", "深圳", "佛山"}
    assert bodies == {user.local_body for user, _note in sign_ins() if user.local_body}
    assert len({row.local_body_id for row in TrainingClass.objects.all()}) > 5


def test_opinions_stand_where_people_look_for_them(printed: str) -> None:
    known = "用户名已存在，已是个人会员，无需再申请。"
    assert PersonalApplication.objects.filter(state="RETURNED", local_opinion=known).exists()
    again = PersonalApplication.objects.filter(state="COMPANY_REVIEW")
    assert any(TransitionLog.of(row).exclude(opinion="").exists() for row in again)
    reports = HelpRequest.objects.filter(topic="KNOWN_MEMBER", state="OPEN")
    assert reports.count() >= 2
    assert ReadyOpinion.objects.count() >= 10
    assert ReadyOpinion.objects.filter(text=known, flow="registry.PersonalApplication").exists()


def test_an_approved_application_made_a_member_with_pictures_and_a_sign_in(printed: str) -> None:
    for application in PersonalApplication.objects.filter(state="APPROVED"):
        person = Person.objects.get(id_number=application.id_number)
        kinds = set(Attachment.of(person).values_list("kind__code", flat=True))
        assert {"PHOTO", "ID_CARD", "DIPLOMA"} <= kinds
        assert not User.objects.get(person=person).has_usable_password()
        assert person.created_at <= timezone.now() - datetime.timedelta(days=10)


def test_messages_went_out_in_their_time_and_keep_no_secret(printed: str) -> None:
    assert Message.objects.count() > 50
    assert not Message.objects.exclude(status=Message.Status.SENT).exists()
    assert not Message.objects.filter(secret=True).exclude(body="").exists()
    assert Message.objects.filter(sent_at__gt=timezone.now()).count() == 0
    assert not Message.objects.filter(body__contains="http://127.0.0.1:8000").exists()


def test_duplicates_wait_and_some_are_decided(printed: str) -> None:
    assert set(DuplicatePair.objects.values_list("status", flat=True)) == {"OPEN", "DIFFERENT", "MERGED"}
    assert set(DuplicatePair.objects.filter(status="OPEN").values_list("kind", flat=True)) == {
        "PERSON",
        "COMPANY",
    }
    assert Merge.objects.count() == 1


def test_announcements_are_pinned_published_planned_and_drafted(printed: str) -> None:
    assert Announcement.public().filter(is_pinned=True).exists()
    assert Announcement.public().count() >= 5
    assert Announcement.objects.filter(is_published=True, published_at__gt=timezone.now()).exists()
    assert Announcement.objects.filter(is_published=False).exists()


def test_the_sheet_shows_the_home_page_and_two_links_that_work(printed: str) -> None:
    assert "http://127.0.0.1:8765/\n" in printed
    links = [line.split("/a/")[1].strip("/ ") for line in printed.splitlines() if "/a/" in line]
    shown: list[Flow] = [record_of(token) for token in links]
    assert [record.state for record in shown] == ["RETURNED", "COMPANY_REVIEW"]
    assert "activation links" in printed
