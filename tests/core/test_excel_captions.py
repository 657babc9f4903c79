"""Which column is which field: exact before loose, both languages, the title above, the contents."""

import datetime as dt

import pytest
from django.utils import translation

from backoffice.core.excel import Field, clean, normalise_text, open_workbook
from backoffice.core.excel.captions import Labels
from tests.files import workbooks as make

DAY, LATER = dt.date(2024, 3, 2), dt.date(2027, 3, 2)
FIELDS = (
    Field("number", ("证书编号", "证书号", "Certificate no."), required=True, loose=("编号",),
          cleaner=clean.clean_certificate_number),
    Field("type", ("证书类型", "证书类别", "Type")),
    Field("name", ("姓名", "Name"), required=True),
    Field("id_number", ("身份证号码", "身份证号", "身份证", "ID card number"), cleaner=clean.clean_id_number),
    Field("company", ("工作单位", "单位名称", "Company")),
    Field("specialty", ("监理专业", "专业"), loose=("所学专业",)),
    Field("issue_date", ("发证日期", "签发日期", "Issue date"), beside="id_number", is_date=True),
    Field("expiry_date", ("有效期至", "有效期", "到期日期", "Valid until"), beside="id_number", is_date=True),
    Field("score", ("成绩",), cleaner=clean.clean_decimal),
    Field("result", ("结果",), loose=("成绩",), cleaner=lambda cells: clean.clean_choice(cells, {"合格": "PASS"})),
)  # fmt: skip
ID = make.GOOD[3]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def read(*rows, **options):
    return open_workbook(make.xlsx(rows)).table(FIELDS, **options)


def columns(table):
    return {cell.field: cell.letter for cell in table.headers if cell.field}


@pytest.mark.parametrize(
    ("caption", "field"),
    [
        ("身份证号码\nID card number", "id_number"), ("工作单位/Company", "company"),
        ("发证日期_issue_date", "issue_date"), ("姓名Name", "name"), ("Name\n姓名", "name"),
        ("有效期至 Valid until", "expiry_date"), ("证书类型|Type", "type"),
        ("证书编号（Certificate No.）", "number"), ("发证日期 Date of issue", "issue_date"),
        ("PMP 证书编号", None), ("PMP证书编号", None), ("姓名 Company", None), ("身份证有效期", None),
    ],
)  # fmt: skip
def test_a_caption_in_two_languages_is_known_by_either_half(caption, field):
    assert Labels(FIELDS).find(normalise_text(caption)) == field


@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_running_number_is_no_certificate_number_and_is_named_as_the_other_candidate(first):
    lines = [["编号", "证书编号", "姓名"], [1, "TST001", "甲"], [2, "TST002", "乙"]]
    table = read(*(line if first else [line[1], line[0], line[2]] for line in lines))
    assert table.column("number") == ["TST001", "TST002"]
    assert any("编号” could be meant" in warning for warning in table.warnings)


def test_a_loose_caption_is_taken_where_its_contents_agree_and_refused_where_they_do_not():
    assert read(["编号", "姓名", "备考"], ["TST001", "甲", "x"]).column("number") == ["TST001"]
    table = read(["编号", "姓名", "备考"], [1, "甲", "x"], [2, "乙", "y"])
    assert [field.name for field in table.missing] == ["number"]
    assert any("does not look like it" in warning for warning in table.warnings)


def test_contents_decide_where_the_exact_caption_stands_over_something_else():
    table = read(["证书编号", "编号", "姓名"], [1, "TST001", "甲"], [2, "TST002", "乙"])
    assert table.column("number") == ["TST001", "TST002"]


def test_the_exact_specialty_is_read_and_not_the_subject_of_the_degree():
    table = read(["姓名", "证书编号", "所学专业", "监理专业"], ["甲", "TST001", "土木工程", "房屋建筑"])
    assert table.column("specialty") == ["房屋建筑"]


def test_results_under_the_caption_of_points_are_results():
    table = read(["姓名", "证书编号", "成绩"], ["甲", "TST001", "合格"])
    assert (table.has("result"), table.has("score")) == (True, False)


@pytest.mark.parametrize(
    "head",
    [
        ["姓名", "身份证号", "发证日期", "有效期至", "证书编号", "发证日期", "有效期至"],
        ["姓名", "身份证号", "签发日期", "有效期", "证书编号", "发证日期", "有效期至"],
        ["证书编号", "姓名", "身份证号", "有效期至", "工作单位", "发证日期", "有效期至"],
    ],
)
def test_the_dates_beside_the_id_number_are_those_of_the_id_card(head):
    table = read(head, ["甲", ID, *["2010-01-01"] * 2, "TST001", DAY, LATER])
    assert columns(table)["issue_date"] == "F"
    assert columns(table)["expiry_date"] == "G"


def test_dates_beside_the_id_number_are_the_certificates_where_there_are_no_others():
    table = read(["证书编号", "姓名", "身份证号", "发证日期", "有效期至"], ["TST001", "甲", ID, DAY, LATER])
    assert columns(table)["issue_date"] == "D"


def test_the_title_of_a_group_belongs_to_the_captions_below_it():
    table = read(
        ["姓名", "身份证", None, "证书", None, "日期", None],
        [None, "号码", "有效期至", "编号", "类别", "发证", "到期"],
        ["甲", ID, "2030-01-01", "TST001", "监理员", DAY, LATER],
    )
    assert columns(table) == {
        "name": "A", "id_number": "B", "number": "D", "type": "E", "issue_date": "F", "expiry_date": "G",
    }  # fmt: skip


def test_a_header_that_comes_again_may_move_columns_and_the_cells_keep_their_places():
    table = read(
        ["序号", "姓名", "身份证号", "证书编号"], [1, "甲", ID, "TST001"], ["第2页"],
        ["序号", "身份证号码", "姓 名", "证书编号"], [2, ID, "乙", "TST002"],
        ["序号", "姓名", "身份证号", "证书编号"], [3, "丙", ID, "TST003"],
    )  # fmt: skip
    assert table.column("name") == ["甲", "乙", "丙"]
    assert table.column("id_number") == [ID] * 3
    assert [table.letter("name", at) for at in range(3)] == ["B", "C", "B"]
    assert table.row_numbers == [2, 5, 7]
    assert any("another order" in warning for warning in table.warnings)


def test_a_header_below_a_long_preface_is_found_or_can_be_pointed_at():
    def preface(count):
        return [[f"第{n}条：请如实填写"] for n in range(count)]

    table = ["姓名", "证书编号"], ["甲", "TST001"]
    assert read(*preface(70), *table).header_row == 71
    assert read(*preface(200), *table).missing
    assert read(*preface(200), *table, header_row=201).column("name") == ["甲"]
