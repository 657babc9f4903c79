"""The export view: what is on the screen, for those who may, without a trace left behind."""

import csv
import io
import logging
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core import export
from backoffice.core.sensitive import mask_id_number
from backoffice.roles import Role, allows
from tests.factories import CertificateFactory, CompanyFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/admin/registry/certificate/export/"
MODELS = ("certificate", "person", "company")


@pytest.fixture
def office(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.OFFICE))


def body(response: Any) -> bytes:
    assert response.status_code == 200, response.status_code
    return b"".join(response.streaming_content)


def rows(client: Any, query: str = "", url: str = URL) -> list[list[str]]:
    """The exported lines, the header included."""
    text = body(client.get(f"{url}?format=csv&{query}")).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def numbers(client: Any, query: str = "") -> list[str]:
    return [line[0] for line in rows(client, query)[1:]]


def test_the_filters_search_and_order_of_the_list_are_kept(office):
    for number, status in (("A100002", "VALID"), ("A100001", "VALID"), ("A100003", "CANCELLED")):
        CertificateFactory(number=number, status=status)
    assert numbers(office, "status=VALID&o=0") == ["A100001", "A100002"]
    assert numbers(office, "status=VALID&o=-0") == ["A100002", "A100001"]
    assert numbers(office, "q=A100003") == ["A100003"]
    assert len(numbers(office)) == 3


def test_all_pages_are_exported(office, monkeypatch):
    monkeypatch.setattr("registry.admin.CertificateAdmin.list_per_page", 2)
    CertificateFactory.create_batch(5)
    assert len(numbers(office, "p=2")) == 5


def test_nobody_exports_what_is_out_of_scope(signed_in):
    user = UserFactory(role=Role.COMPANY)
    own, foreign = CertificateFactory(person__company=user.company), CertificateFactory()
    client = signed_in(user)
    assert numbers(client) == [own.number]
    assert numbers(client, f"company={foreign.company_id}") == []
    assert numbers(client, f"q={foreign.number}") == []


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", list(Role))
def test_only_roles_with_the_verb_may_export(signed_in, role, model):
    client = signed_in(UserFactory(role=role))
    response = client.get(f"/admin/registry/{model}/export/")
    wanted = allows(role, "export", f"registry.{model.capitalize()}")
    assert (response.status_code == 200) is wanted
    if not wanted:
        assert response.status_code in (403, 404)


def test_the_list_offers_the_links_only_to_them(signed_in):
    links = signed_in(UserFactory(role=Role.OFFICE)).get("/admin/registry/certificate/?status=VALID&p=2")
    assert [link["url"] for link in links.context_data["export_links"]] == [
        f"{URL}?status=VALID&format=xlsx",
        f"{URL}?status=VALID&format=csv",
    ]
    person = signed_in(UserFactory(role=Role.PERSON))
    assert person.get("/admin/registry/certificate/").context_data["export_links"] == []


def test_only_get_exports(office):
    assert office.post(URL).status_code == 405


def test_an_unknown_format_is_not_found(office):
    assert office.get(f"{URL}?format=pdf").status_code == 404


def test_the_workbook_is_a_workbook_with_a_name(office):
    CertificateFactory(number="A100001")
    response = office.get(URL)
    assert re.search(r"filename\*?=.*\.xlsx", response["Content-Disposition"])
    assert "no-store" in response["Cache-Control"]
    sheet = openpyxl.load_workbook(io.BytesIO(body(response))).active
    assert [row[0] for row in sheet.values] == ["证书编号", "A100001"]


def test_an_empty_list_exports_its_header(office):
    assert len(rows(office)) == 1
    sheet = openpyxl.load_workbook(io.BytesIO(body(office.get(URL)))).active
    assert len(list(sheet.values)) == 1


def test_texts_that_look_like_formulae_stay_texts(office):
    CompanyFactory(name="=HYPERLINK(1)", office_address="+1")
    sheet = openpyxl.load_workbook(io.BytesIO(body(office.get("/admin/registry/company/export/")))).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    line = rows(office, url="/admin/registry/company/export/")[1]
    assert line[0] == "'=HYPERLINK(1)"


def test_no_file_stays_behind(office, tmp_path, monkeypatch):
    monkeypatch.setattr(export.tempfile, "tempdir", str(tmp_path))
    CertificateFactory()
    response = office.get(URL)
    assert list(Path(tmp_path).iterdir()) == []
    assert body(response).startswith(b"PK")
    monkeypatch.setattr(export, "write_xlsx", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        office.get(URL)
    assert list(Path(tmp_path).iterdir()) == []


def test_queries_do_not_grow_with_the_rows(office):
    counts = []
    for more in (2, 10):
        CertificateFactory.create_batch(more)
        rows(office)
        with CaptureQueriesContext(connection) as captured:
            rows(office)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_list_too_long_for_a_worksheet_is_refused_with_the_way_out(office, monkeypatch):
    monkeypatch.setattr(export, "MOST_XLSX_ROWS", 2)
    CertificateFactory.create_batch(3)
    response = office.get(f"{URL}?status=VALID")
    assert response.status_code == 302
    assert response["Location"] == "/admin/registry/certificate/?status=VALID"
    assert "CSV" in str(next(iter(office.get(response["Location"]).context["messages"])))
    assert len(numbers(office)) == 3


def test_each_export_is_logged_without_personal_data(office, caplog):
    certificate = CertificateFactory(person__name="张三")
    with caplog.at_level(logging.INFO, "backoffice.export"):
        rows(office, "q=张三")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "backoffice.export"]
    assert re.fullmatch(r"user \d+ exported 1 rows of registry\.Certificate as csv", line)
    assert certificate.person.name not in line


def test_a_masked_number_keeps_its_ends():
    assert mask_id_number("440103199001011234") == "4401**********1234"
    assert mask_id_number("") == ""
