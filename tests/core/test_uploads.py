"""One guard before every upload: too large is a sentence, at once, and nothing is read, kept or locked for it."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core import uploads
from backoffice.core.excel import UnreadableFile, limits, open_workbook
from backoffice.core.models import Attachment, ImportRun
from backoffice.roles import Role
from tests.factories import UserFactory
from tests.files import workbooks as make

pytestmark = pytest.mark.django_db


class Endless(io.RawIOBase):
    """A body that would never end; it remembers how much was taken of it."""

    taken = 0

    def read(self, size=-1):
        self.taken += size
        return b"x" * size


@pytest.mark.parametrize("url", ["/admin/login/", "/", "/apply/personal/", "/help/", "/nowhere/"])
def test_a_request_that_is_too_large_is_refused_before_it_is_parsed(url, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_DRAINED", 0)
    body = Endless()
    with CaptureQueriesContext(connection) as queries:
        answer = Client().generic(
            "POST", url, b"", content_type="multipart/form-data; boundary=b",
            **{"CONTENT_LENGTH": str(uploads.MAX_REQUEST + 1), "wsgi.input": body},
        )  # fmt: skip
    assert answer.status_code == 413
    assert "64 MB" in answer.content.decode()
    assert (body.taken, len(queries)) == (0, 0)


def test_the_answer_for_a_script_is_a_sentence_it_can_show():
    answer = Client().generic(
        "POST", "/", b"", headers={"accept": "application/json"}, CONTENT_LENGTH=str(uploads.MAX_DRAINED + 1)
    )
    assert answer.status_code == 413
    assert "64 MB" in answer.json()["error"]


def test_the_largest_file_of_every_door_fits_into_a_request():
    assert limits.IMPORT.file < uploads.MAX_REQUEST <= limits.IMPORT.file + 4 * limits.MB
    assert limits.LIST.file < limits.IMPORT.file


def offices(role=Role.OFFICE):
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


@pytest.mark.parametrize(
    ("role", "layout"),
    [(Role.OFFICE, "certificates"), (Role.OFFICE, "people"), (Role.OFFICE, "companies"), (Role.TRAINING, "results"),
     (Role.TRAINING, "platform_confirmation")],
)  # fmt: skip
def test_an_import_that_is_too_large_or_has_too_many_rows_is_a_sentence(role, layout, monkeypatch):
    client, url = offices(role), reverse("admin:core_importrun_add") + f"?layout={layout}"
    small = limits.Limits(file=20_000, rows=3)
    for module in ("import_tables", "admin.importruns"):
        monkeypatch.setattr(f"backoffice.core.{module}.IMPORT", small)
    head = "身份证号,姓名,结果,开通结果,工作单位,单位名称,证书编号,证书类型,发证日期,有效期至\n"
    for content in (head.encode() + b"1,2\n" * 6_000, head.encode() + b"1,2,3,4,5,6,7,8,9,10\n" * 5):
        answer = client.post(url, {"file": SimpleUploadedFile("a.csv", content)})
        assert answer.status_code == 200
        assert answer.context["form"].errors["file"]
    assert not ImportRun.objects.exists()


def test_the_list_doors_take_less_than_an_import(monkeypatch):
    """Rosters and announcements: the reader itself refuses by size, by what it unpacks to and by rows."""
    many = make.xlsx([make.HEADER, *(make.good_row(n) for n in range(30))])
    for small in (limits.Limits(file=100), limits.Limits(unpacked=3_000), limits.Limits(rows=20)):
        with pytest.raises(UnreadableFile) as refusal:
            open_workbook(many, "a.xlsx", small).plain_rows()
        assert refusal.value.code in ("too_large", "too_big", "too_many_rows")


@pytest.mark.parametrize(
    "door", ["training.roster_file.read_roster", "backoffice.core.announced_days.read_file"]
)
def test_a_list_of_forty_megabytes_is_refused_unread(door):
    from django.utils.module_loading import import_string

    line = "A1160123,甲,440106199001011236\n".encode()
    upload = SimpleUploadedFile("a.csv", line * (6 * limits.MB // len(line)))
    with pytest.raises(UnreadableFile) as refusal:
        import_string(door)(upload)
    assert refusal.value.code == "too_large"


def test_a_picture_is_looked_at_before_anything_is_locked(monkeypatch):
    from backoffice.core import attachments
    from backoffice.core.admin.attachments import AttachmentsMixin

    seen = []

    def refuse(*_args):
        seen.append(connection.in_atomic_block and len(connection.savepoint_ids))
        raise attachments.FileRefused("too large")

    class Form:
        cleaned_data = {"kind": type("Kind", (), {"code": "PHOTO"}), "file": None, "replace": False}
        errors: list = []

        def add_error(self, _name, error):
            self.errors.append(error)

    monkeypatch.setattr(attachments, "looked_at", refuse)
    before = len(connection.savepoint_ids)
    assert not AttachmentsMixin.take_in(type("Request", (), {"user": None}), None, Form())
    assert seen == [before or False] or seen == [before]
    assert not Attachment.objects.exists()
