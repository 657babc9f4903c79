"""The first page of each role: the inbox first, real numbers, what to do next; the same queries however much waits."""

import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice import work_cards
from backoffice.accounts.models import User
from backoffice.core import lists
from backoffice.core.models import Task
from backoffice.navigation import changelist
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import (
    AnnouncementFactory,
    CertificateFactory,
    CompanyFactory,
    HelpRequestFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    TrainingClassFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
INDEX = "/admin/"


@pytest.fixture(autouse=True)
def no_old_badges() -> None:
    cache.clear()


def opened(client: Any) -> Any:
    response = client.get(INDEX)
    assert response.status_code == 200
    return response


def numbers(client: Any) -> dict[str, str]:
    return {card["link"]: card["value"] for card in opened(client).context["cards"]}


def test_the_inbox_comes_first_overdue_then_oldest_and_says_how_late(signed_in: Any) -> None:
    office = UserFactory(role=Role.OFFICE)
    today = timezone.localdate()
    for days in (3, -20, -8):
        request = HelpRequestFactory(name=f"求助{days}")
        Task.of(request).update(due_on=today + datetime.timedelta(days=days),
                                opened_at=timezone.now() - datetime.timedelta(days=30))  # fmt: skip
    response = opened(signed_in(office))
    tasks = response.context["tasks"]
    assert [task["subject"].split(" ")[0] for task in tasks] == ["求助-20", "求助-8", "求助3"]
    assert [bool(task["late"]) for task in tasks] == [True, True, False]
    assert all(task["age"] > 15 for task in tasks)
    page = response.content.decode()
    assert page.index(tasks[0]["link"]) < page.index("bo-cards")
    assert f'href="{changelist("core.Task")}"' in page


def test_more_than_a_handful_is_left_to_the_list(signed_in: Any) -> None:
    office = UserFactory(role=Role.OFFICE)
    for _number in range(12):
        HelpRequestFactory()
    assert len(opened(signed_in(office)).context["tasks"]) == 8


def test_a_company_sees_its_own_numbers_only(signed_in: Any) -> None:
    mine, theirs = CompanyFactory(), CompanyFactory()
    for company in (mine, mine, theirs):
        PersonalApplicationFactory(company=company, at="COMPANY_REVIEW")
        CertificateFactory(person__company=company)
    user = UserFactory(role=Role.COMPANY, company=mine)
    found = numbers(signed_in(user))
    assert found[changelist("registry.PersonalApplication") + "?state=COMPANY_REVIEW"] == "2"
    assert found[changelist("registry.Person")] == "2"
    assert len(opened(signed_in(user)).context["tasks"]) == 2


def test_a_local_body_sees_what_is_addressed_to_it(signed_in: Any) -> None:
    body = LocalBodyFactory()
    for at_body, state in ((body, "LOCAL_REVIEW"), (body, "RETURNED"), (LocalBodyFactory(), "LOCAL_REVIEW")):
        PersonalApplicationFactory(local_body=at_body, at=state)
    TrainingClassFactory(local_body=body)
    TrainingClassFactory()
    found = numbers(signed_in(UserFactory(role=Role.LOCAL_BODY, local_body=body)))
    applications, classes = changelist("registry.PersonalApplication"), changelist("training.TrainingClass")
    assert found[applications + "?state=LOCAL_REVIEW"] == "1"
    assert found[applications + "?state=RETURNED"] == "1"
    assert found[f"{classes}?state=OPEN&local_body={body.pk}"] == "1"


def test_a_number_is_the_length_of_the_list_it_leads_to(signed_in: Any) -> None:
    body = LocalBodyFactory()
    PersonalApplicationFactory(local_body=body, at="LOCAL_REVIEW")
    TrainingClassFactory(local_body=body)
    HelpRequestFactory()
    for role in (Role.OFFICE, Role.TRAINING, Role.COMPANY, Role.AUDITOR):
        check_links(signed_in(UserFactory(role=role)))
    check_links(signed_in(UserFactory(role=Role.LOCAL_BODY, local_body=body)))


def check_links(client: Any) -> None:
    """Every number counts the list behind it; the card of the calendar shows a year and leads to an import."""
    for link, value in numbers(client).items():
        if link != reverse("admin:core_calendarday_announcement"):
            assert client.get(link).context["cl"].result_count == int(value), link


def test_a_number_beyond_the_cap_reads_as_on_its_list(
    signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNT_CAP", 2)
    monkeypatch.setattr(work_cards, "COUNT_CAP", 2)
    monkeypatch.setattr(lists.CappedPaginator, "cap", 2)
    company = CompanyFactory()
    for _number in range(4):
        CertificateFactory(person__company=company)
        EnrolmentFactory(company=company)
    for user in (UserFactory(role=Role.OFFICE), UserFactory(role=Role.COMPANY, company=company)):
        client = signed_in(user)
        capped = {link: value for link, value in numbers(client).items() if value.endswith("+")}
        assert capped
        for link, value in capped.items():
            assert value == f"{client.get(link).context['cl'].result_count}" == "2+", link


def test_a_company_without_people_is_told_how_they_get_in(signed_in: Any) -> None:
    client = signed_in(UserFactory(role=Role.COMPANY))
    links = [thing["link"] for thing in opened(client).context["todo_list"]]
    assert links[:2] == [reverse("public:apply_person"), reverse("admin:registry_transfer_add")]


@pytest.mark.parametrize("role", list(Role))
def test_announcements_that_are_published_stand_on_every_dashboard(role: Role, signed_in: Any) -> None:
    shown = AnnouncementFactory(title="系统升级通知")
    AnnouncementFactory(title="未发布的草稿", is_published=False)
    AnnouncementFactory(title="以后才发布", published_at=timezone.now() + datetime.timedelta(days=1))
    page = opened(signed_in(UserFactory(role=role))).content.decode()
    assert reverse("public:announcement", args=[shown.pk]) in page
    assert "未发布的草稿" not in page
    assert "以后才发布" not in page


def grow(company: Any, body: Any, office: User) -> None:
    PersonalApplicationFactory(company=company, local_body=body, at="COMPANY_REVIEW")
    PersonalApplicationFactory(company=company, local_body=body, at="LOCAL_REVIEW")
    HelpRequestFactory()
    TrainingClassFactory(local_body=body)
    AnnouncementFactory()
    CertificateFactory(person__company=company)


@pytest.mark.parametrize("role", list(Role))
def test_the_queries_stay_the_same_however_much_waits(role: Role, signed_in: Any) -> None:
    company, body = CompanyFactory(), LocalBodyFactory()
    bound = {Role.COMPANY: {"company": company}, Role.LOCAL_BODY: {"local_body": body}}.get(role, {})
    client = signed_in(UserFactory(role=role, **bound))
    grow(company, body, client)

    def count() -> int:
        opened(client)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            opened(client)
        return len(queries)

    few = count()
    for _number in range(4):
        grow(company, body, client)
    assert count() == few
    assert few <= 24
