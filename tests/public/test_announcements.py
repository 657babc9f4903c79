"""Announcements for everybody: what is published, with its pictures, and not a moment before."""

import datetime

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import Attachment, AttachmentKind
from backoffice.public.templatetags.public_text import paragraphs
from tests.factories import AnnouncementFactory, PersonFactory
from tests.files.images import jpeg

pytestmark = pytest.mark.django_db
HIDDEN = [
    {"is_published": False},
    {"published_at": timezone.now() + datetime.timedelta(days=1)},
    {"published_at": None},
]


def picture_of(owner, name="附件一.jpg"):
    kind, _new = AttachmentKind.objects.get_or_create(code="OTHER", defaults={"name": "其他"})
    file = Attachment(owner=owner, kind=kind, name=name, sha256="0" * 64, size=10)
    file.file.save("picture.jpg", ContentFile(jpeg()), save=False)
    file.save()
    return file


def test_the_list_has_pages_of_twenty_and_pinned_ones_first(read):
    AnnouncementFactory.create_batch(20)
    AnnouncementFactory(title="last year", published_at=timezone.now() - datetime.timedelta(365))
    AnnouncementFactory(title="pinned", is_pinned=True, published_at=timezone.now() - datetime.timedelta(400))
    first = read(reverse("public:announcements"))
    assert "pinned" in first
    assert "last year" not in first
    assert "Page 1 of 2" in first
    assert "last year" in read(reverse("public:announcements"), page="2")


def test_an_announcement_shows_its_paragraphs(read):
    row = AnnouncementFactory(title="通知", body="第一段\n\n第二段\n接着")
    page = read(reverse("public:announcement", args=[row.pk]))
    assert "<h1>通知</h1>" in page
    assert "<p>第一段</p>" in page
    assert "<p>第二段<br>接着</p>" in page


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_is_not_public_yet_does_not_exist(client, hidden):
    row = AnnouncementFactory(**hidden)
    file = picture_of(row)
    assert client.get(reverse("public:announcement", args=[row.pk])).status_code == 404
    for name in ("file", "thumb", "download"):
        assert client.get(reverse(f"public:announcement_{name}", args=[row.pk, file.pk])).status_code == 404


def test_pictures_are_shown_and_can_be_downloaded(client, read):
    row = AnnouncementFactory()
    file = picture_of(row)
    page = read(reverse("public:announcement", args=[row.pk]))
    assert reverse("public:announcement_thumb", args=[row.pk, file.pk]) in page
    shown = client.get(reverse("public:announcement_file", args=[row.pk, file.pk]))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]
    saved = client.get(reverse("public:announcement_download", args=[row.pk, file.pk]))
    assert saved["Content-Disposition"].startswith("attachment")
    assert client.get(reverse("public:announcement_thumb", args=[row.pk, file.pk])).status_code == 200


def test_a_picture_taken_back_is_gone(client):
    row = AnnouncementFactory()
    file = picture_of(row)
    Attachment.objects.update(removed_at=timezone.now())
    assert client.get(reverse("public:announcement_file", args=[row.pk, file.pk])).status_code == 404


def test_a_file_of_another_record_cannot_be_reached_through_an_announcement(client):
    row, person = AnnouncementFactory(), PersonFactory()
    for owner in (person, AnnouncementFactory()):
        file = picture_of(owner)
        assert client.get(reverse("public:announcement_file", args=[row.pk, file.pk])).status_code == 404


def test_a_number_beyond_all_numbers_is_not_found(client):
    assert client.get("/announcements/99999999999999999999999/").status_code == 404


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("详见https://example.org/a?b=1&c=2。谢谢", 'href="https://example.org/a?b=1&amp;c=2"'),
        ("详见www.example.org，谢谢", 'href="https://www.example.org"'),
        ("(https://example.org/x)", 'href="https://example.org/x"'),
    ],
)
def test_addresses_become_links_though_chinese_has_no_spaces(text, html):
    assert html in paragraphs(text)


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", 'https://x.org/"onmouseover="alert(1)', "https://x.org/<img src=x onerror=alert(1)>",
     "javascript:alert(1)", "<a href='https://x.org'>x</a>"],
)  # fmt: skip
def test_hostile_text_stays_text(text):
    html = paragraphs(text)
    assert "<script" not in html
    assert "<img" not in html
    assert '"onmouseover' not in html
    assert 'href="javascript' not in html
    assert "<a href='" not in html
