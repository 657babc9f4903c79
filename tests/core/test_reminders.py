"""Reminders: one mail for each desk and day, of what is due by the next working day; twice a day tells once."""

import datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.core import reminders
from backoffice.core.models import CalendarDay, Message, MessageTemplate, Task
from backoffice.core.reminders import NAMED, remind
from backoffice.core.working_days import add_working_days
from backoffice.roles import Role
from tests.factories import CompanyFactory, LocalBodyFactory, PaperFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def working_today() -> None:
    CalendarDay.objects.update_or_create(date=TODAY(), defaults={"kind": CalendarDay.Kind.WORKDAY})


def waiting(due: datetime.date | None, company=None, body=None, title: str = "文件") -> Task:
    """A paper at the desk of the company, or of the body, due on that day."""
    paper = PaperFactory(
        company=company or CompanyFactory(), local_body=body or LocalBodyFactory(), title=title
    )
    role, bound = (Role.LOCAL_BODY, body.pk) if body else (Role.COMPANY, paper.company_id)
    Task.of(paper).update(due_on=due, role=role, bound_id=bound)
    return Task.of(paper).get()


def manager_of(company, **values):
    return UserFactory(role=Role.COMPANY, company=company, is_manager=True, **values)


def mails() -> list[Message]:
    return list(Message.objects.filter(channel="MAIL").order_by("id"))


def test_one_mail_for_a_desk_lists_what_is_due_by_tomorrow_and_late() -> None:
    company = CompanyFactory()
    manager_of(company, email="manager@example.org")
    manager_of(company, email="gone@example.org", is_active=False)
    UserFactory(role=Role.COMPANY, company=company, email="clerk@example.org")
    tomorrow = add_working_days(TODAY(), 1)
    for due, title in (
        (TODAY() - 5 * DAY, "很晚"),
        (tomorrow, "明天"),
        (tomorrow + DAY, "后天"),
        (None, "不急"),
    ):
        waiting(due, company, title=title)
    assert remind() == 1
    (mail,) = mails()
    assert mail.recipient == "manager@example.org"
    assert company.name in mail.subject
    assert "很晚" in mail.body
    assert "明天" in mail.body
    assert "后天" not in mail.body
    assert "不急" not in mail.body
    assert str(tomorrow) in mail.body


def test_each_desk_gets_its_own_and_bodies_are_told_too() -> None:
    company, body = CompanyFactory(), LocalBodyFactory()
    manager_of(company, email="company@example.org")
    for name in ("one", "two"):
        UserFactory(role=Role.LOCAL_BODY, local_body=body, email=f"{name}@example.org")
    UserFactory(role=Role.LOCAL_BODY, email="other@example.org")
    waiting(TODAY(), company, title="公司的")
    waiting(TODAY(), body=body, title="协会的")
    assert remind() == 3
    texts = {mail.recipient: mail.body for mail in mails()}
    assert set(texts) == {"company@example.org", "one@example.org", "two@example.org"}
    assert "协会的" not in texts["company@example.org"]
    assert "公司的" not in texts["one@example.org"]


def test_without_a_manager_the_companys_own_address_is_used() -> None:
    company = CompanyFactory(email="office@example.org")
    waiting(TODAY(), company)
    waiting(TODAY(), CompanyFactory(email=""))
    assert remind() == 1
    assert mails()[0].recipient == "office@example.org"


def test_desks_of_the_association_are_not_written_to() -> None:
    UserFactory(role=Role.OFFICE, email="office@example.org")
    task = waiting(TODAY())
    Task.objects.filter(pk=task.pk).update(role=Role.OFFICE, bound_id=None)
    assert remind() == 0


def test_closed_tasks_are_nobodys_business_any_more() -> None:
    company = CompanyFactory(email="office@example.org")
    task = waiting(TODAY(), company)
    Task.objects.filter(pk=task.pk).update(closed_at=timezone.now())
    assert remind() == 0


def test_running_it_again_on_the_same_day_tells_nobody_twice() -> None:
    company = CompanyFactory(email="office@example.org")
    waiting(TODAY(), company)
    assert remind() == 1
    waiting(TODAY(), company)  # more came in meanwhile: tomorrow's mail says so
    assert remind() == 0
    other = CompanyFactory(email="other@example.org")
    waiting(TODAY(), other)
    assert remind() == 1
    Message.objects.update(created_at=timezone.now() - DAY)
    assert remind() == 2


def test_a_number_in_the_subject_does_not_make_it_another_mail() -> None:
    MessageTemplate.objects.create(code="reminder.tasks", subject="{desk}: {count} ({late})")
    company = CompanyFactory(email="office@example.org")
    waiting(TODAY(), company)
    assert remind() == 1
    assert mails()[0].subject == f"{company.name}: 1 (0)"
    waiting(TODAY() - DAY, company)
    assert remind() == 0


def test_a_day_off_is_a_day_off() -> None:
    waiting(TODAY(), CompanyFactory(email="office@example.org"))
    CalendarDay.objects.filter(date=TODAY()).update(kind=CalendarDay.Kind.HOLIDAY)
    assert remind() == 0


def test_before_days_off_the_next_working_day_is_tomorrow() -> None:
    for days in (1, 2, 3):
        kind = CalendarDay.Kind.WORKDAY if days == 3 else CalendarDay.Kind.HOLIDAY
        CalendarDay.objects.update_or_create(date=TODAY() + days * DAY, defaults={"kind": kind})
    waiting(TODAY() + 3 * DAY, CompanyFactory(email="office@example.org"))
    assert remind() == 1


def test_what_the_office_switched_off_is_not_sent() -> None:
    MessageTemplate.objects.create(code="reminder.tasks", is_active=False)
    waiting(TODAY(), CompanyFactory(email="office@example.org"))
    assert remind() == 0


def test_a_long_list_is_cut_and_counted() -> None:
    company = CompanyFactory(email="office@example.org")
    for n in range(NAMED + 2):
        waiting(TODAY(), company, title=f"第{n}号文件")
    remind()
    body = mails()[0].body
    assert f"第{NAMED - 1}号文件" in body
    assert f"第{NAMED}号文件" not in body
    assert str(NAMED + 2) in body


def test_an_app_adds_a_kind_of_reminder(monkeypatch) -> None:
    monkeypatch.setattr(reminders, "SOURCES", [])
    told = [([reminders.Recipient("a@example.org")], {"desk": "甲", "count": 1, "late": 0, "list": "…"})]
    reminders.offer(lambda today, tomorrow: ("reminder.tasks", told))
    assert remind() == 1
    assert remind() == 0


def test_the_command_says_how_many() -> None:
    from io import StringIO

    waiting(TODAY(), CompanyFactory(email="office@example.org"))
    out = StringIO()
    call_command("send_reminders", stdout=out)
    assert out.getvalue().startswith("1 ")


def test_the_number_of_queries_does_not_depend_on_the_number_of_desks() -> None:
    counts = []
    for many in (2, 12):
        Message.objects.all().delete()
        for n in range(many):
            waiting(TODAY(), CompanyFactory(email=f"c{n}@example.org"))
        with CaptureQueriesContext(connection) as queries:
            remind()
        counts.append(len(queries))
    assert counts[0] == counts[1]
