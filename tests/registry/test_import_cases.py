"""The hard workbooks under tests/files/cases, each read by its layout as its people meant it."""

import datetime as dt
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from backoffice.core.excel import UnreadableFile, get_layouts, open_workbook
from backoffice.core.excel.check import check_table
from registry import captions
from tests.files import workbooks
from training.roster_file import read_roster

CASES = Path(workbooks.__file__).parent / "cases"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def read(name, **options):
    """Table and findings of a case under the layout of certificates."""
    layout = get_layouts()["certificates"]
    table = open_workbook(CASES / name).table(layout.fields, **options)
    return table, check_table(table, layout)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("c01_table_starts_in_column_B.xlsx", [4, 5, 6, 7]),
        ("c05_bilingual_header_newline.xlsx", [2, 3, 4]),
        ("c06_bianhao_is_the_index.xlsx", [2, 3, 4]),
        ("c09_second_page_columns_swapped.xlsx", [2, 3, 6, 7]),
        ("c13_two_lists_two_sheets.xlsx", ["监理员!2", "监理员!3", "监理员!4", "安全员!2", "安全员!3"]),
        ("c18_header_in_row_36.xlsx", [37, 38, 39]),
        ("c20_dates_43_seconds_before_midnight.xlsx", [2, 3, 4]),
        ("c24_power_query_custom_xml.xlsx", [2, 3]),
        ("c32_quote_inside.csv", [2, 3, 4, 5, 6]),
    ],
)
def test_every_person_is_read_under_the_right_captions(name, rows):
    table, check = read(name)
    assert list(table.places) == rows
    assert table.missing == []
    assert check.findings == []
    numbers = check.values["number"]
    assert [number[:4] for number in numbers] == ["TST0"] * len(rows)
    assert all(person.startswith("测试") for person in check.values["name"])
    assert {day.year for day in check.values["issue_date"]} == {2024}
    if len(table.sheets) == 1:
        days = [dt.date(2024, 3, int(number[-2:]) + 1) for number in numbers]
        assert check.values["issue_date"] == days


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("c06_bianhao_is_the_index.xlsx", ["“编号” could be meant"]),
        ("c09_second_page_columns_swapped.xlsx", ["another order"]),
        ("c13_two_lists_two_sheets.xlsx", ["监理员、安全员"]),
        ("c20_dates_43_seconds_before_midnight.xlsx", ["before midnight", "G2", "H2"]),
    ],
)
def test_what_was_decided_is_said(name, words):
    table, _check = read(name)
    assert all(word in " ".join(table.warnings) for word in words)


def test_errors_are_told_at_their_cells():
    _table, check = read("c14_errors_and_formula.xlsx")
    assert [f"{f.column}{f.row} {f.value}" for f in check.findings] == [
        "F2 #N/A", "H4 =EDATE(G4,36)", "G6 #REF!",
    ]  # fmt: skip


def test_an_open_quotation_mark_is_refused_with_its_line():
    with pytest.raises(UnreadableFile, match="Line 4 "):
        read("c31_unclosed_quote.csv")


def roster(name):
    return read_roster(SimpleUploadedFile(name, (CASES / name).read_bytes()))


def test_a_roster_knows_the_same_captions_and_may_begin_in_any_column():
    other, column_b = roster("c30_roster_other_caption.xlsx"), roster("c35_roster_in_column_B.xlsx")
    assert [(e.number, e.name, e.matter, e.remark) for e in other.entries] == [
        ("TST000001", "测试甲", "RENEWAL_CHANGE", "原单位：广东示例监理有限公司"),
        ("TST000002", "测试乙", "UPGRADE", ""),
    ]  # fmt: skip
    assert [(e.row, e.number, e.remark) for e in column_b.entries] == [
        (4, "TST000001", "原单位"), (5, "TST000002", ""),
    ]  # fmt: skip


def test_a_roster_of_several_sheets_tells_sheet_and_row():
    pages = {"一": [["证书编号"], ["A1160123"]], "二": [["证书编号"], ["A1160124"]]}
    entries = read_roster(SimpleUploadedFile("名单.xlsx", workbooks.sheets(pages))).entries
    assert [(entry.row, entry.number) for entry in entries] == [("一!2", "A1160123"), ("二!2", "A1160124")]


def test_one_meaning_has_one_list_of_captions_in_every_layout():
    same = {
        "number": "certificate_number", "certificate": "certificate_number", "id_number": "id_number",
        "company": "company", "phone": "phone", "email": "email", "region": "region",
    }  # fmt: skip
    for layout in get_layouts().values():
        for column in layout.fields:
            meaning = same.get(column.name)
            if meaning:
                assert set(captions.MEANINGS[meaning].labels) <= set(column.labels), (layout.key, column.name)
