"""Header row, sheets and columns can be set by hand at any time before confirming, and are remembered."""

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from backoffice.core import imports
from backoffice.core.models import HeaderMapping, ImportRun
from backoffice.roles import Role
from registry.models import Certificate
from tests.factories import UserFactory
from tests.files import workbooks as make
from tests.registry.import_files import CAPTIONS, carry_out, known_company, look_through, outcomes, row

pytestmark = pytest.mark.django_db
FIELDS = ["number", "type", "name", "id_number", "company", "issue_date", "expiry_date"]
HEAD = [CAPTIONS[name] for name in FIELDS]


@pytest.fixture
def company():
    return known_company()


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def client(office):
    client = Client()
    client.force_login(office)
    return client


def line(n, **values):
    return [row(n, **values)[name] for name in FIELDS]


def started(content, by, name="a.xlsx"):
    return imports.preview(imports.start(content, name, "certificates", by))


def posted(client, run, **data):
    """Send the form of the columns as it stands on the page, with some of it changed."""
    fields = {f"column_{cell['index']}": cell["field"] or "" for cell in run.seen["headers"]}
    base = {"header_row": run.seen["header_row"], "sheet": run.seen["sheets"], "remember": "on"}
    answer = client.post(
        reverse("admin:core_importrun_mapping", args=[run.pk]), fields | base | data, follow=True
    )
    assert answer.status_code == 200
    run.refresh_from_db()
    return answer


def test_columns_can_be_set_while_the_preview_waits_and_the_setting_is_remembered(company, office, client):
    book = make.xlsx([["旧证号", *HEAD], ["B12400009", *line(1)]])
    run = started(book, office)
    assert run.status == "PREVIEWED"
    page = client.get(reverse("admin:core_importrun_change", args=[run.pk])).content.decode()
    assert 'name="column_0"' in page
    assert 'name="header_row"' in page

    posted(client, run, column_0="number", column_1="")

    assert run.samples["create"][0]["values"]["number"] == "B12400009"
    again = started(make.xlsx([["旧证号", *HEAD], ["B12400010", *line(2)]]), office)
    assert again.samples["create"][0]["values"]["number"] == "B12400010"
    assert any("手工" in warning for warning in again.seen["warnings"])


def test_the_row_of_the_header_can_be_pointed_at_and_is_remembered_wherever_it_stands(
    company, office, client
):
    def book(notes, n):
        decoy = ["证书编号", "证书类型", "姓名", "身份证号码", "工作单位", "发证日期", "有效期至", "备注"]
        head = ["号", "类", "名", "身份", "厂", "起", "止", None]
        return make.xlsx([*[["说明"]] * notes, decoy, head, line(n)])

    run = started(book(1, 1), office)
    assert run.seen["header_row"] == 2
    assert [number for number, _cells in run.seen["top"]][:4] == [1, 2, 3, 4]

    posted(client, run, header_row="3")
    assert (run.status, run.seen["header_row"]) == ("UNMAPPED", 3)
    posted(client, run, **{f"column_{at}": name for at, name in enumerate(FIELDS)})
    assert outcomes(run) == {"create": 1, "people_created": 1}
    assert HeaderMapping.objects.get().header_row == 3

    again = started(book(5, 2), office)
    assert (again.status, again.seen["header_row"]) == ("PREVIEWED", 7)
    imports.confirm(again, office, enqueue=False)
    imports.execute(again.pk)
    assert Certificate.objects.get().number == "A12400002"


def test_what_is_remembered_later_does_not_change_an_import_that_was_looked_through(company, office):
    book = make.xlsx([["旧证号", *HEAD], ["B12400009", *line(1)]])
    first = started(book, office)
    second = started(book, office)
    imports.set_mapping(second, {0: "number", 1: ""}, by=office)
    imports.confirm(first, office, enqueue=False)
    imports.execute(first.pk)
    assert Certificate.objects.get().number == "A12400001"


def test_sheets_can_be_chosen_and_every_message_names_sheet_and_row(company, office, client):
    book = make.sheets({
        "监理员": [HEAD, line(1), line(2, name="")], "安全员": [HEAD, line(3), line(1, expiry_date="2028-01-01")],
        "统计": [["类别", "人数"], ["监理员", 2]],
    })  # fmt: skip
    run = started(book, office)
    assert (run.counts["create"], run.counts["error"]) == (1, 3)
    assert run.seen["sheets"] == ["监理员", "安全员"]
    assert run.seen["all_sheets"] == ["监理员", "安全员", "统计"]
    page = client.get(reverse("admin:core_importrun_change", args=[run.pk]) + "?show=error").content.decode()
    assert "监理员!C3：" in page
    assert "安全员!3" in page

    posted(client, run, sheet=["监理员"])
    assert (run.counts["create"], run.counts["error"]) == (1, 1)


def test_a_row_without_captions_is_refused_and_the_page_stays_as_it_was(company, office, client):
    run = started(make.xlsx([HEAD, line(1)]), office)
    answer = posted(client, run, header_row="99")
    assert "没有找到" in answer.content.decode() or "未找到" in answer.content.decode()
    assert (run.status, run.seen["header_row"], run.options["header_row"]) == ("PREVIEWED", 1, None)
    posted(client, run, header_row="x")
    assert run.seen["header_row"] == 1


def test_a_confirmed_import_keeps_its_columns(company, office, client):
    run = carry_out(row(1), by=office)
    posted(client, run, column_0="name")
    assert run.status == "DONE"


def test_changes_are_shown_with_the_names_of_their_fields(company, office, client):
    carry_out(row(1), by=office)
    run = look_through(row(1, renewal_date="2025-11-25", phone="13800138000"), by=office)
    page = client.get(reverse("admin:core_importrun_change", args=[run.pk]) + "?show=update").content.decode()
    assert "换证日期：– → 2025-11-25" in page
    assert "持证人的手机：– → 13800138000" in page
    assert "None" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_the_marked_copy_has_a_chinese_name(company, office, client):
    run = look_through(row(1, name=""), by=office)
    answer = client.get(reverse("admin:core_importrun_file", args=[run.pk, "marked"]))
    assert "marked" not in translation.gettext("{stem}-marked.xlsx").format(stem="名单")
    assert "utf-8''" in answer["Content-Disposition"]
    assert "marked" not in answer["Content-Disposition"]


def test_remembered_columns_are_listed_by_what_they_are(company, office, client):
    run = started(make.xlsx([["旧证号", *HEAD], ["B12400009", *line(1)]]), office)
    imports.set_mapping(run, {0: "number", 1: ""}, by=office)
    page = client.get(reverse("admin:core_headermapping_changelist")).content.decode()
    assert "A = 证书编号" in page
    assert "certificates" not in re.findall(r"<tbody.*?</tbody>", page, re.DOTALL)[0].replace(
        "/headermapping/", ""
    )


def test_a_day_of_issue_that_has_not_come_is_an_error(company, office):
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    dates = {"issue_date": tomorrow.isoformat(), "expiry_date": f"{tomorrow.year + 3}-01-01"}
    run = look_through(
        row(1, **dates), row(2, issue_date=timezone.localdate().isoformat(), expiry_date="2099-01-01")
    )
    assert run.counts["error"] == 1
    assert run.samples["error"][0]["reasons"][0]["code"] == "issued_in_future"
    assert ImportRun.objects.get().counts["create"] == 1


def test_who_sees_masked_numbers_sees_none_in_the_first_rows_and_a_discarded_upload_keeps_none(
    company, office
):
    run = started(make.xlsx([HEAD, line(1)]), office)
    auditor = Client()
    auditor.force_login(UserFactory(role=Role.AUDITOR))
    page = auditor.get(reverse("admin:core_importrun_change", args=[run.pk])).content.decode()
    assert line(1)[3] not in page
    imports.discard(run, office)
    run.refresh_from_db()
    assert line(1)[3] not in str(run.seen)
