"""More holes of a stock admin, tried by company B on company A: exports, files, imports, and the pages around."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from backoffice.core.models import AttachmentKind, ImportRun, Task
from backoffice.roles import Role
from registry.models import Certificate, Company, Person
from tests.factories import PaperFactory, UserFactory
from tests.files.images import jpeg, upload
from tests.registry.import_files import look_through, row
from tests.test_scope_holes import (  # noqa: F401 (fixtures)
    address,
    form_data,
    intruder,
    records_of,
    rows,
    says_nothing,
    sides,
    world,
)

pytestmark = pytest.mark.django_db


# --- Export ------------------------------------------------------------------------------------------


def exported(response: Any, format_: str) -> list[list[Any]]:
    content = b"".join(response.streaming_content)
    if format_ == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    return [list(line) for line in sheet.iter_rows(values_only=True)][1:]


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_an_export_holds_the_companys_own_rows_whatever_the_filter(world, intruder, format_):
    a, b = world.a, world.b
    queries: list[dict[str, Any]] = [{}, {"company": a.company.pk}, {"q": a.company.name},
               {"q": a.certificates[0].number},
               {"company__name__startswith": "广东"}, {"id__gt": "0"}, {"all": "1"}, {"p": "2"}]  # fmt: skip
    for model, own in (
        (Certificate, {c.number for c in b.certificates}),
        (Person, {p.name for p in b.people}),
    ):
        assert {
            line[0] for line in exported(intruder.get(address(model, "export"), {"format": format_}), format_)
        } == own
        for query in queries:
            lines = exported(intruder.get(address(model, "export"), query | {"format": format_}), format_)
            assert {line[0] for line in lines} <= own, query
            assert not world.secrets & {str(cell) for line in lines for cell in line}


def test_exports_that_the_role_has_not_been_granted_are_refused(world, intruder):
    assert intruder.get(address(Company, "export")).status_code == 403
    intruder.force_login(world.b.users[0])
    for model in (Certificate, Person, Company):
        assert intruder.get(address(model, "export"), {"format": "csv"}).status_code == 403


# --- Files and imports -------------------------------------------------------------------------------


def test_another_companys_attachments_are_neither_shown_nor_sent_nor_shrunk(world, intruder):
    for file in world.a.files:
        for name in ("attachment", "attachment_download", "attachment_thumb"):
            response = intruder.get(reverse(f"core:{name}", args=[file.pk]))
            assert response.status_code == 404
            assert says_nothing(world, response)
    for owner in (world.a.company, world.a.people[0]):
        assert intruder.get(address(owner, "attachments")).status_code == 404


def test_a_member_opens_no_scan_of_the_employer_or_a_colleague(world, intruder):
    intruder.force_login(world.b.users[0])
    for file in (world.b.files[0], world.b.files[2]):
        for name in ("attachment", "attachment_download", "attachment_thumb"):
            assert intruder.get(reverse(f"core:{name}", args=[file.pk])).status_code == 404


def test_nothing_is_attached_to_another_companys_records(world, intruder):
    kind = AttachmentKind.objects.get(code="OTHER")
    for owner in (world.a.company, world.a.people[0]):
        data = {"kind": kind.pk, "file": upload(jpeg())}
        assert intruder.post(address(owner, "attachments"), data).status_code == 404
        assert type(world.a.files[0]).of(owner).count() == 1


def test_another_companys_attachment_is_not_taken_back_through_ones_own_page(world, intruder):
    for file in world.a.files:
        for owner in (world.b.company, world.b.people[0]):
            assert intruder.post(address(owner, "attachments"), {"remove": file.pk}).status_code == 404
        file.refresh_from_db()
        assert file.removed_at is None
    other = world.b.files[1]  # of a person, asked for on the company's page
    assert intruder.post(address(world.b.company, "attachments"), {"remove": other.pk}).status_code == 404


def test_import_pages_files_marked_copies_and_undo_are_closed_to_companies(world, intruder):
    run = look_through(row(1), row(2, number="坏"), by=UserFactory(role=Role.OFFICE))
    assert run.marked_copy
    pages = ["change", "history", "delete"]
    for page in pages:
        assert intruder.get(address(run, page)).status_code in (403, 404)
    for act in ("mapping", "options", "confirm", "discard", "undo"):
        assert (
            intruder.post(address(run, act), {"column_0": "number", "all_or_nothing": "on"}).status_code
            == 404
        )
    for which in ("upload", "marked"):
        assert intruder.get(reverse("admin:core_importrun_file", args=[run.pk, which])).status_code == 404
    assert intruder.get(address(run, "progress")).status_code == 404
    assert intruder.get(reverse("admin:core_importrun_template", args=["certificates"])).status_code == 404
    for act in ("changelist", "add"):
        assert intruder.get(address(ImportRun, act)).status_code == 403
    assert intruder.post(address(ImportRun, "add"), {"file": upload(b"x", "x.csv")}).status_code == 403
    run.refresh_from_db()
    assert run.status == "PREVIEWED"
    assert ImportRun.objects.count() == 1


# --- Pages around ------------------------------------------------------------------------------------


def test_the_address_that_names_any_object_of_any_model_is_gone(world, intruder):
    for record in records_of(world.a):
        content_type = ContentType.objects.get_for_model(record)
        assert intruder.get(f"/admin/r/{content_type.pk}/{record.pk}/").status_code == 404


def test_the_dashboards_numbers_count_ones_own_rows(world, intruder):
    PaperFactory(company=world.a.company, title="珠源的文件")
    response = intruder.get(reverse("admin:index"))
    numbers = {str(card["title"]): card["value"] for card in response.context["cards"]}
    # Enrolments to submit, to pay, confirmed, people learning; applications to review, certificates, people.
    assert list(numbers.values()) == ["0", "0", "1", "0", "1", "2", "0", "0", "2"]
    assert response.context["tasks"]
    assert says_nothing(world, response)
    assert "珠源" not in response.content.decode()


def test_the_sidebar_leads_only_where_the_role_may_go(world, intruder):
    response = intruder.get(reverse("admin:index"))
    groups = response.context["sidebar_navigation"]
    links = [str(item["link"]) for group in groups for item in group["items"]]
    assert address(ImportRun, "changelist") not in links
    badges = {
        str(item["link"]): item["badge"] for group in groups for item in group["items"] if item.get("badge")
    }
    assert badges == {address(Task, "changelist"): "3"}
    for link in links:
        assert intruder.get(link).status_code == 200


def test_the_command_search_finds_no_record_and_keeps_nothing_for_the_next_user(world, intruder):
    office = Client()
    office.force_login(UserFactory(role=Role.OFFICE))
    a = world.a
    for term in (a.company.name[2:4], a.people[0].name, a.people[0].id_number, a.certificates[0].number):
        for query in ({"s": term}, {"s": term, "extended": "1"}):
            office.get(reverse("admin:search"), query)
            response = intruder.get(reverse("admin:search"), query)
            assert response.status_code == 200
            assert says_nothing(world, response, term)
            assert address(a.company) not in response.content.decode()


def test_a_company_user_whose_company_changed_sees_the_new_one_at_once(world, intruder):
    """Nothing about scope is kept in the session or a cache."""
    manager = world.b.manager
    type(manager).objects.filter(pk=manager.pk).update(company=world.a.company)
    assert rows(intruder.get(address(Person, "changelist"))) == set(world.a.people)


def test_a_switched_off_user_sees_nothing_with_the_old_session(world, intruder):
    manager = world.b.manager
    type(manager).objects.filter(pk=manager.pk).update(is_active=False)
    for record in records_of(world.b):
        response = intruder.get(address(record))
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))
