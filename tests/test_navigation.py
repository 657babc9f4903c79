"""The sidebar and the help page of each role: what may be opened, and nothing else."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.help import TOPICS
from backoffice.navigation import GROUPS, changelist, group_of, own_pages
from backoffice.roles import Role, allows
from tests.factories import PaperFactory, UserFactory

pytestmark = pytest.mark.django_db

LABELS = [label for _title, entries in GROUPS for _name, _icon, label in entries]


@pytest.fixture(autouse=True)
def no_old_badges() -> None:
    cache.clear()


@pytest.fixture(scope="module")
def one_of_each(kept_for_file: Path) -> dict[Role, User]:
    return {role: UserFactory(role=role) for role in Role}


@pytest.fixture
def users(one_of_each: dict[Role, User]) -> dict[Role, User]:
    return deepcopy(one_of_each)


def sidebar_of(client: Any) -> list[dict[str, Any]]:
    groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
    return [item for group in groups for item in group["items"]]


def links(client: Any) -> set[str]:
    return {item["link"] for item in sidebar_of(client)}


@pytest.mark.parametrize("role", list(Role))
def test_ctrl_k_finds_the_entries_of_the_sidebar_and_no_hidden_ones(
    role: Role, users: Any, signed_in: Any
) -> None:
    client = signed_in(users[role])
    mine = links(client)
    found = {entry["link"] for entry in client.get(reverse("admin:search")).context["entries"]}
    assert found == mine
    for _title, entries in GROUPS:
        for name, _icon, label in entries:
            answer = client.get(reverse("admin:search"), {"s": str(name), "extended": "1"})
            assert (changelist(label) in {entry["link"] for entry in answer.context["entries"]}) == (
                changelist(label) in mine
            )


def test_every_entry_is_a_list_that_is_there() -> None:
    assert len(LABELS) == len(set(LABELS))
    registered = {model._meta.label for model in admin.site._registry}
    assert set(LABELS) <= registered
    assert registered - set(LABELS) <= {"core.SavedFilter", "core.Attachment", "core.TransitionLog"}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_finds_what_it_may_view_and_can_open_all_of_it(role: Role, users: Any, signed_in: Any) -> None:
    client = signed_in(users[role])
    found = links(client)
    assert found <= {
        reverse("admin:index"), reverse("admin:help"), reverse("admin:system_state"),
        *(changelist(label) for label in LABELS if allows(role, "view", label)),
        *(entry["link"] for entry in own_pages(users[role])),
    }  # fmt: skip
    for link in found:
        assert client.get(link).status_code == 200, link


def test_who_decides_nothing_has_no_inbox(users: Any, signed_in: Any) -> None:
    inbox = changelist("core.Task")
    having = {role for role in Role if inbox in links(signed_in(users[role]))}
    assert having == {Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.LOCAL_BODY, Role.COMPANY}


def test_the_number_of_open_tasks_stands_beside_the_inbox_and_goes_with_the_last(signed_in: Any) -> None:
    paper = PaperFactory()
    clerk = UserFactory(role=Role.COMPANY, company=paper.company)
    client = signed_in(clerk)

    def badge() -> str | None:
        return next(row for row in sidebar_of(client) if row["link"] == changelist("core.Task")).get("badge")

    assert badge() == "1"
    perform(paper, "submit", by=clerk)
    assert not badge()


def test_a_page_names_the_group_of_the_sidebar_it_stands_in(users: Any, signed_in: Any) -> None:
    assert str(group_of("core_calendarday_changelist")) == str(group_of("registry_region_change"))
    assert group_of("password_change") == ""
    page = signed_in(users[Role.OFFICE]).get(changelist("core.CalendarDay")).content.decode()
    assert (
        page.count(str(group_of("core_calendarday_changelist"))) == 2
    )  # the sidebar's title and the breadcrumb


def test_every_role_has_its_help() -> None:
    assert set(TOPICS) == set(Role)
    for topics in TOPICS.values():
        assert topics


@pytest.mark.parametrize("role", list(Role))
def test_help_leads_only_where_the_role_may_go(role: Role, users: Any, signed_in: Any) -> None:
    client = signed_in(users[role])
    response = client.get(reverse("admin:help"))
    assert response.status_code == 200
    for topic, place in response.context["topics"]:
        assert str(topic.title) in response.content.decode().replace("&#x27;", "'")
        if place:
            assert client.get(place).status_code == 200


def test_help_is_for_the_signed_in(client: Any) -> None:
    assert client.get(reverse("admin:help")).status_code == 302


def test_an_empty_list_says_what_to_do_next(users: dict[Role, User], signed_in: Any) -> None:
    client = signed_in(users[Role.COMPANY])
    for label, target in (
        ("registry.Certificate", "public:help"),
        ("registry.Person", "public:apply_person"),
        ("registry.PersonalApplication", "public:apply_person"),
    ):
        page = client.get(changelist(label) + "?q=没有").content.decode()
        assert f'href="{reverse(target)}"' in page, label
    person = signed_in(users[Role.PERSON]).get(changelist("registry.Certificate")).content.decode()
    assert f'href="{reverse("public:help")}"' in person
