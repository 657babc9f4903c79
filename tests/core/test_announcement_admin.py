"""Announcements: who reads what when, who writes them, and what publishing does."""

import datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.core.admin.announcements import state_of
from backoffice.core.links import VISITOR
from backoffice.core.models import Announcement, Attachment
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from tests.factories import AnnouncementFactory, UserFactory, give_papers

pytestmark = pytest.mark.django_db
WRITERS = (Role.OFFICE, Role.TRAINING)
LIST = "/admin/core/announcement/"


@pytest.fixture
def three() -> dict[str, Announcement]:
    """One of each state."""
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    return {
        "draft": AnnouncementFactory(title="草稿", is_published=False),
        "planned": AnnouncementFactory(title="明天公布", published_at=tomorrow),
        "published": AnnouncementFactory(title="已公布"),
    }


def change_page(announcement: Announcement) -> str:
    return reverse("admin:core_announcement_change", args=[announcement.pk])


def posted(**values: Any) -> dict[str, Any]:
    return {
        "title": "新通知", "body": "正文", "published_at_0": "", "published_at_1": "", "change_reason": "",
        **values,
    }  # fmt: skip


def test_the_state_is_derived_from_the_moment(three: Any) -> None:
    assert {name: state_of(row) for name, row in three.items()} == {name: name for name in three}


@pytest.mark.parametrize("role", Role)
def test_drafts_and_planned_ones_are_for_those_who_write(role: Role, three: Any) -> None:
    seen = {row.title for row in visible_to(Announcement, UserFactory(role=role))}
    assert seen == ({"草稿", "明天公布", "已公布"} if role in WRITERS else {"已公布"})


def test_visitors_read_what_is_published_only(three: Any) -> None:
    assert [row.title for row in visible_to(Announcement, VISITOR)] == ["已公布"]
    assert [row.title for row in Announcement.public()] == ["已公布"]


def test_a_planned_announcement_is_public_once_its_moment_has_come(three: Any) -> None:
    Announcement.objects.filter(title="明天公布").update(published_at=timezone.now())
    assert {row.title for row in Announcement.public()} == {"明天公布", "已公布"}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("page", ["change", "preview", "history"])
def test_the_pages_of_a_draft_exist_for_writers_only(
    page: str, role: Role, three: Any, signed_in: Any
) -> None:
    client = signed_in(UserFactory(role=role))
    for name, row in three.items():
        address = reverse(f"admin:core_announcement_{page}", args=[row.pk])
        expected = 200 if role in WRITERS or name == "published" else 404
        assert client.get(address).status_code == expected, name


@pytest.mark.parametrize("role", Role)
def test_pictures_are_seen_by_whoever_reads_the_announcement(role: Role, three: Any) -> None:
    for row in three.values():
        give_papers(row, "OTHER")
    seen = {paper.owner.title for paper in visible_to(Attachment, UserFactory(role=role))}
    assert seen == ({"草稿", "明天公布", "已公布"} if role in WRITERS else {"已公布"})


def test_visitors_see_the_pictures_of_published_announcements(three: Any) -> None:
    for row in three.values():
        give_papers(row, "OTHER")
    assert {paper.owner.title for paper in visible_to(Attachment, VISITOR)} == {"已公布"}


@pytest.mark.parametrize("role", WRITERS)
def test_writers_add_a_draft_and_publish_it_now(role: Role, signed_in: Any) -> None:
    user = UserFactory(role=role)
    client = signed_in(user)
    assert client.post(f"{LIST}add/", posted()).status_code == 302
    row = Announcement.objects.get()
    assert (row.created_by, row.is_published, row.published_at) == (user, False, None)
    assert client.post(change_page(row), posted(is_published="on")).status_code == 302
    row.refresh_from_db()
    assert row.is_public()
    assert row.history.count() == 2


def test_a_later_moment_publishes_it_then(signed_in: Any) -> None:
    client = signed_in(UserFactory(role=Role.OFFICE))
    tomorrow = timezone.localtime() + datetime.timedelta(days=1)
    moment = {"published_at_0": f"{tomorrow:%Y-%m-%d}", "published_at_1": "08:00"}
    client.post(f"{LIST}add/", posted(is_published="on", **moment))
    row = Announcement.objects.get()
    assert state_of(row) == "planned"
    assert not Announcement.public().exists()


@pytest.mark.parametrize("role", [role for role in Role if role not in WRITERS])
def test_readers_neither_add_nor_change_nor_attach(role: Role, three: Any, signed_in: Any) -> None:
    client, row = signed_in(UserFactory(role=role)), three["published"]
    assert client.post(f"{LIST}add/", posted()).status_code == 403
    assert client.post(change_page(row), posted()).status_code == 403
    assert client.post(reverse("admin:core_announcement_attachments", args=[row.pk]), {}).status_code == 403
    row.refresh_from_db()
    assert (row.title, Announcement.objects.count()) == ("已公布", 3)


@pytest.mark.parametrize("role", WRITERS)
def test_the_preview_shows_paragraphs_and_links_and_no_markup(role: Role, signed_in: Any) -> None:
    row = AnnouncementFactory(
        body="第一段 https://example.org/a\n\n<script>alert(1)</script>", is_published=False
    )
    page = signed_in(UserFactory(role=role)).get(reverse("admin:core_announcement_preview", args=[row.pk]))
    text = page.content.decode()
    assert 'href="https://example.org/a"' in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("state", ["draft", "planned", "published"])
def test_the_list_is_filtered_by_state(state: str, three: Any, signed_in: Any) -> None:
    page = signed_in(UserFactory(role=Role.OFFICE)).get(LIST, {"published": state})
    assert [row.pk for row in page.context["cl"].result_list] == [three[state].pk]


def test_readers_cannot_filter_for_what_they_do_not_see(three: Any, signed_in: Any) -> None:
    page = signed_in(UserFactory(role=Role.COMPANY)).get(LIST, {"published": "draft"})
    assert three["draft"].pk not in [row.pk for row in page.context["cl"].result_list]
