"""All sheets with the same header are one list; every row keeps its sheet; other sheets are named."""

import io

import openpyxl
import pytest
from django.utils import translation

from backoffice.core.excel import Field, UnreadableFile, clean_date, mark_copy, open_workbook
from backoffice.core.excel.check import check_table
from backoffice.core.excel.layouts import Layout
from tests.files import workbooks as make

FIELDS = (
    Field("number", ("证书编号", "证书号"), required=True), Field("name", ("姓名",), required=True),
    Field("issue_date", ("发证日期",)), Field("remark", ("备注",)),
)  # fmt: skip
HEAD = ["序号", "姓名", "证书编号", "发证日期"]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def read(pages, *hidden, **options):
    return open_workbook(make.sheets(pages, *hidden)).table(FIELDS, **options)


PAGES = {
    "监理员": [HEAD, [1, "甲", "A001", "2024-01-01"], [2, "乙", "A002", "x"]],
    "安全员": [["安全员名单"], [], ["姓名", "发证日期", "证书号"], ["丙", "2024-13-01", "A003"]],
    "加备注": [[*HEAD, "备注"], [1, "丁", "A004", "2024-01-01", "新"]],
    "汇总": [["类别", "人数"], ["监理员", 2]],
    "旧": [HEAD, [9, "老", "A009", "2001-01-01"]],
    "填写说明": [["请勿修改表头"]],
}


def test_sheets_with_the_same_columns_in_any_order_are_one_list_and_the_others_are_named():
    table = read(PAGES, "旧")
    assert table.column("name") == ["甲", "乙", "丙", "丁"]
    assert table.column("number") == ["A001", "A002", "A003", "A004"]
    assert table.column("remark")[-1] == "新"
    assert list(table.places) == ["监理员!2", "监理员!3", "安全员!4", "加备注!2"]
    assert table.unread == ["汇总", "旧"]
    words = " ".join(table.warnings)
    assert "监理员、安全员、加备注" in words
    assert "汇总、旧" in words


def test_every_cell_keeps_its_sheet_row_and_column_in_findings_and_in_the_marked_copy():
    table = read(PAGES, "旧")
    layout = Layout("x", "x", FIELDS, {"issue_date": clean_date})
    found = check_table(table, layout).findings
    assert [(f.row, f.column) for f in found] == [("监理员!3", "D"), ("安全员!4", "B")]

    out = io.BytesIO()
    assert mark_copy(table, {f.row: [(f.field, f.reason)] for f in found}, out) == 2
    lines = [[cell.value for cell in row] for row in openpyxl.load_workbook(out).active]
    assert lines[0] == ["原工作表", "原行号", *HEAD, "备注", "错误原因"]
    assert [line[:2] for line in lines[1:]] == [["监理员", 3], ["安全员", 4]]
    assert lines[2][-1].startswith("F3 (安全员!B4 in the file): ")
    again = open_workbook(out.getvalue()).table(FIELDS)
    assert again.column("name") == ["乙", "丙"]


def test_the_user_may_choose_the_sheets_hidden_ones_too():
    assert read(PAGES, "旧", sheets=["监理员", "旧"]).column("name") == ["甲", "乙", "老"]
    assert read(PAGES, sheet="安全员").column("name") == ["丙"]
    with pytest.raises(UnreadableFile, match="no sheet named"):
        read(PAGES, sheets=["监理员", "没有"])


def test_what_is_set_by_hand_on_one_sheet_counts_on_the_others_with_these_captions():
    head = ["甲列", "姓名", "证书编号"]
    pages = {"一": [head, ["A001", "甲", "x"]], "二": [["表"], head, ["A002", "乙", "y"]]}
    table = read(pages, mapping={0: "number", 2: ""})
    assert table.column("number") == ["A001", "A002"]


def test_the_limit_of_rows_counts_all_sheets_together(monkeypatch):
    workbook = open_workbook(make.sheets(PAGES))
    workbook.limits = type(workbook.limits)(rows=3)
    with pytest.raises(UnreadableFile, match="more than 3 rows"):
        workbook.table(FIELDS)
