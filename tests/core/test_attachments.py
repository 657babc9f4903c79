"""Files people hand in: what is taken, what is refused with which sentence, and who may look at it."""

import io
import itertools
import json
import os
import subprocess
import sys

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import translation
from PIL import Image

from backoffice.core import attachments
from backoffice.core.attachments import FileRefused, accept, check_picture, clean_name, remove
from backoffice.core.models import Attachment, AttachmentKind
from backoffice.roles import Role
from tests.factories import CompanyFactory, PersonFactory, UserFactory
from tests.files import images
from tests.files.images import upload


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def kinds(db):
    return {
        code: AttachmentKind.objects.get_or_create(code=code, defaults={"name": code, "order": n})[0]
        for n, code in enumerate(("PHOTO", "ID_CARD", "LICENCE", "OTHER"))
    }


@pytest.fixture
def clerk(kinds):
    return UserFactory(role=Role.COMPANY)


@pytest.fixture
def scan(clerk):
    return accept(upload(images.jpeg()), "LICENCE", clerk.company, clerk)


# --- What is taken -----------------------------------------------------------------------------------


def test_a_colour_scan_is_stored_under_a_name_that_says_nothing(clerk, scan):
    assert scan.owner == clerk.company
    assert (scan.name, scan.width, scan.height, scan.uploaded_by) == ("scan.jpg", 900, 600, clerk)
    assert scan.file.name.startswith("attachments/")
    assert "scan" not in scan.file.name
    content = scan.file.read()
    assert (len(content), len(scan.sha256)) == (scan.size, 64)


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
def test_png_pictures_become_jpg_whatever_their_mode(mode):
    taken = check_picture(upload(images.png(mode=mode), "扫描.png"), "ID_CARD")
    assert taken.name == "扫描.jpg"
    assert Image.open(io.BytesIO(taken.content)).format == "JPEG"


def test_transparent_parts_become_white_not_black():
    empty = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    empty.paste((200, 0, 0, 255), (0, 0, 100, 100))
    taken = check_picture(upload(images.encoded(empty, "PNG")), "ID_CARD")
    assert Image.open(io.BytesIO(taken.content)).getpixel((300, 300)) == (255, 255, 255)


def test_16_bit_and_cmyk_pictures_are_read():
    deep = Image.new("I;16", (400, 400), 40_000)
    taken = check_picture(upload(images.encoded(deep, "PNG")), "VOUCHER")
    assert abs(Image.open(io.BytesIO(taken.content)).getpixel((10, 10))[0] - 156) < 3
    check_picture(upload(images.encoded(images.picture(mode="CMYK"), "JPEG")), "ID_CARD")


def test_a_picture_lying_on_its_side_is_turned_and_loses_its_exif():
    sent = images.jpeg_with_exif(orientation=6)
    assert b"SECRET-DESCRIPTION" in sent
    taken = check_picture(upload(sent), "ID_CARD")
    assert (taken.width, taken.height) == (600, 900)
    assert b"SECRET-DESCRIPTION" not in taken.content
    assert not Image.open(io.BytesIO(taken.content)).getexif()


def test_a_script_hidden_in_a_good_picture_does_not_survive():
    taken = check_picture(upload(images.jpeg_with_html(), "evil.html.jpg"), "ID_CARD")
    assert b"<script" not in taken.content
    assert b"<html" not in taken.content


def test_bank_slips_may_be_grey():
    assert check_picture(upload(images.grey()), "VOUCHER").width == 900


@pytest.mark.parametrize("size", [(295, 413), (413, 579), (413, 626), (358, 441), (600, 800)])
def test_a_portrait_is_upright_and_in_colour(size):
    assert check_picture(upload(images.jpeg(*size)), "PHOTO").width == size[0]
    with pytest.raises(FileRefused, match=r"colour|彩色"):
        check_picture(upload(images.encoded(images.picture(*size, mode="L"))), "PHOTO")


@pytest.mark.parametrize("size", [(1600, 300), (900, 600), (500, 500), (300, 900)])
def test_a_photo_of_another_shape_is_no_portrait(size):
    with pytest.raises(FileRefused, match="413"):
        check_picture(upload(images.jpeg(*size)), "PHOTO")


def test_a_small_red_seal_on_a_grey_page_is_colour_enough():
    page = images.picture(2480, 3508, seal=False)
    page.paste((190, 30, 30), (1800, 2900, 2200, 3300))
    check_picture(upload(images.encoded(page)), "LEAVING")


def test_making_a_picture_smaller_leaves_no_seams():
    slope = Image.linear_gradient("L").resize((5000, 5000)).convert("RGB")
    slope.paste((255, 0, 0), (0, 0, 50, 50))
    taken = Image.open(io.BytesIO(check_picture(upload(images.encoded(slope)), "ID_CARD").content))
    column = [taken.getpixel((2000, y))[0] for y in range(taken.height)]
    assert max(abs(below - above) for above, below in itertools.pairwise(column)) <= 3


def test_very_large_pictures_are_stored_smaller():
    taken = check_picture(upload(images.jpeg(7000, 5000)), "ID_CARD")
    assert (taken.width, taken.height) == (3600, 2571)


def test_the_same_picture_handed_in_twice_is_one_attachment(clerk, scan):
    again = accept(upload(images.jpeg()), "LICENCE", clerk.company, clerk)
    assert again == scan
    assert Attachment.of(clerk.company).count() == 1


# --- What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", images.bad_files())
def test_what_is_no_readable_colour_scan_gets_one_sentence_with_name_and_remedy(what):
    name, content, words = images.bad_files()[what]
    with pytest.raises(FileRefused) as refused:
        check_picture(upload(content, name), "ID_CARD")
    (sentence,) = refused.value.messages
    assert name.rpartition(".")[0] in sentence
    assert words in sentence
    assert sentence.count(". ") == 1  # what is wrong; what to do
    assert sentence.endswith(".")
    assert "%" not in sentence


HEAVY = """
import json, sys, time
import django; django.setup()
from backoffice.core.attachments import FileRefused, check_picture
from tests.files.images import upload
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
sent = upload(open(sys.argv[1], "rb").read(), "page.png")
before, start, outcome = peak(), time.monotonic(), "taken"
try:
    check_picture(sent, "ID_CARD")
except FileRefused:
    outcome = "refused"
print(json.dumps([outcome, time.monotonic() - start, peak(), peak() - before]))
"""


def in_a_process_of_its_own(content, tmp_path):
    """What became of the file, after how many seconds, at which peak of memory, and how much of it was new."""
    (tmp_path / "file").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", HEAVY, str(tmp_path / "file")],
        capture_output=True, text=True, check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_bomb_is_refused_within_2_seconds_and_300_mb(tmp_path):
    outcome, seconds, megabytes, _more = in_a_process_of_its_own(images.png_bomb(), tmp_path)
    assert outcome == "refused"
    assert seconds < 2
    assert megabytes < 300


@pytest.mark.slow
def test_the_largest_picture_we_take_needs_less_than_300_mb_more(tmp_path):
    largest = images.encoded(images.picture(6400, 6200, "RGBA"), "PNG", compress_level=1)
    outcome, _seconds, _peak, more = in_a_process_of_its_own(largest, tmp_path)
    assert outcome == "taken"
    assert more < 300


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("身份证 正反面.jpg", "身份证 正反面"),
        ("../../etc/passwd.png", "passwd"),
        ("C:\\Users\\王\\scan.jpg", "scan"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "a b Set-Cookie_ x"),
        ("invoice\u202egpj.exe.jpg", "invoice gpj.exe"),
        ('"><img src=x onerror=alert(1)>.jpg', "img src=x onerror=alert(1)"),
        (".htaccess", "htaccess"),
        ("...", "picture"),
        ("", "picture"),
        ("\u200b.jpg", "picture"),
    ],
)
def test_hostile_names_are_made_plain(sent, kept):
    assert clean_name(sent) == kept


def test_long_names_fit_with_their_ending(clerk):
    taken = accept(upload(images.jpeg(), "很" * 240 + ".jpg"), "LICENCE", clerk.company, clerk)
    assert len(taken.name) == 120
    assert taken.name.endswith("很.jpg")


# --- Who may -----------------------------------------------------------------------------------------


def test_nobody_attaches_to_a_record_out_of_scope(clerk):
    with pytest.raises(PermissionDenied):
        accept(upload(images.jpeg()), "LICENCE", CompanyFactory(), clerk)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FINANCE, Role.ADMIN])
def test_roles_that_only_read_attach_nothing(kinds, role):
    with pytest.raises(PermissionDenied):
        accept(upload(images.jpeg()), "LICENCE", CompanyFactory(), UserFactory(role=role))


def test_a_record_takes_only_its_kinds(clerk):
    with pytest.raises(FileRefused, match="PHOTO"):
        accept(upload(images.jpeg()), "PHOTO", clerk.company, clerk)


def test_a_refused_file_leaves_nothing_behind(clerk, private_media):
    with pytest.raises(FileRefused):
        accept(upload(images.HTML), "LICENCE", clerk.company, clerk)
    assert not Attachment.objects.exists()
    assert not list(private_media.rglob("*.*"))


def test_taking_back_keeps_the_file_for_the_trail(clerk, scan):
    remove(scan, clerk)
    assert scan.removed_at is not None
    assert scan.file.storage.exists(scan.file.name)
    when = scan.removed_at
    remove(scan, clerk)
    assert scan.removed_at == when


def test_nobody_takes_back_what_is_out_of_scope(scan):
    with pytest.raises(PermissionDenied):
        remove(scan, UserFactory(role=Role.COMPANY))
    with pytest.raises(PermissionDenied):
        remove(scan, UserFactory(role=Role.AUDITOR))


# --- Looking at it -----------------------------------------------------------------------------------

VIEWS = ["core:attachment", "core:attachment_download", "core:attachment_thumb"]


@pytest.mark.parametrize("view", VIEWS)
def test_those_who_see_the_record_see_the_file(signed_in, clerk, scan, view):
    for user in (clerk, UserFactory(role=Role.OFFICE), UserFactory(role=Role.AUDITOR)):
        answer = signed_in(user).get(reverse(view, args=[scan.pk]))
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/jpeg"
        assert Image.open(io.BytesIO(b"".join(answer.streaming_content))).format == "JPEG"


@pytest.mark.parametrize("view", VIEWS)
def test_out_of_scope_the_file_does_not_exist(signed_in, scan, view):
    strangers = [
        UserFactory(role=Role.COMPANY),
        UserFactory(role=Role.PERSON),
        UserFactory(role=Role.LOCAL_BODY),
    ]
    for user in strangers:
        assert signed_in(user).get(reverse(view, args=[scan.pk])).status_code == 404
    assert signed_in(strangers[0]).get(reverse(view, args=[scan.pk + 1])).status_code == 404


@pytest.mark.parametrize("view", VIEWS)
def test_without_signing_in_there_is_only_the_sign_in_page(client, scan, view):
    answer = client.get(reverse(view, args=[scan.pk]))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("admin:login"))


def test_a_person_sees_the_own_papers_and_the_company_those_of_its_people(signed_in, kinds):
    owner = UserFactory(role=Role.PERSON)
    colleague = UserFactory(role=Role.COMPANY, company=owner.person.company)
    paper = accept(upload(images.jpeg()), "ID_CARD", owner.person, owner)
    other = UserFactory(role=Role.PERSON, person=PersonFactory(company=owner.person.company))
    found = [signed_in(user).get(reverse("core:attachment", args=[paper.pk])).status_code
             for user in (owner, colleague, other)]  # fmt: skip
    assert found == [200, 200, 404]


def test_files_are_served_so_that_nothing_in_them_can_run(signed_in, clerk, scan):
    answer = signed_in(clerk).get(reverse("core:attachment", args=[scan.pk]))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"].startswith("inline")
    assert signed_in(clerk).post(reverse("core:attachment", args=[scan.pk])).status_code == 405


def test_a_chinese_file_name_arrives(signed_in, clerk):
    paper = accept(upload(images.jpeg(), "营业执照.jpg"), "LICENCE", clerk.company, clerk)
    answer = signed_in(clerk).get(reverse("core:attachment_download", args=[paper.pk]))
    assert answer["Content-Disposition"] == (
        "attachment; filename*=utf-8''%E8%90%A5%E4%B8%9A%E6%89%A7%E7%85%A7.jpg"
    )


def test_a_thumbnail_is_made_once(signed_in, clerk, scan, private_media, monkeypatch):
    client, url = signed_in(clerk), reverse("core:attachment_thumb", args=[scan.pk])
    first = b"".join(client.get(url).streaming_content)
    assert Image.open(io.BytesIO(first)).size == (320, 213)
    monkeypatch.setattr(attachments.Image, "open", lambda *args, **kwargs: pytest.fail("decoded again"))
    assert b"".join(client.get(url).streaming_content) == first
    assert len(list((private_media / "thumbnails").iterdir())) == 1


def test_a_lost_file_is_a_404_not_an_error(signed_in, clerk, scan):
    scan.file.storage.delete(scan.file.name)
    for view in VIEWS:
        assert signed_in(clerk).get(reverse(view, args=[scan.pk])).status_code == 404
