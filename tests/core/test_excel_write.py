import csv
import datetime as dt
import io
import re
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.core.excel import (
    Field,
    clean_date,
    clean_decimal,
    clean_id_number,
    clean_text,
    mark_copy,
    open_workbook,
    write_csv,
    write_template,
    write_xlsx,
)
from tests.files import workbooks as make


@pytest.fixture(autouse=True)
def english():
    """Sentences are compared in the language of the source."""
    with translation.override("en"):
        yield


DAY = dt.date(2016, 1, 30)
ID = make.id_number("44010619900101123")
FIELDS = (
    Field("name", ("姓名", "Name"), required=True),
    Field("id_number", ("身份证号码", "ID number"), required=True),
    Field("issue_date", ("发证日期", "Issue date")),
    Field("amount", ("金额", "Amount")),
    Field("remark", ("备注", "Remark")),
)
HEADERS = [field.labels[0] for field in FIELDS]
DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x")', "'=1", "＝1", "=cmd|' /C calc'!A0",
]  # fmt: skip


def written(rows, **options):
    out = io.BytesIO()
    write_xlsx(out, "证书", HEADERS, rows, **options)
    return out.getvalue()


def written_csv(rows):
    out = io.BytesIO()
    write_csv(out, HEADERS, rows)
    return out.getvalue()


def read(data):
    return open_workbook(data).table(FIELDS)


def formulas(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [n for n in archive.namelist() if "sheet" in n and re.search(rb"<f[ >]", archive.read(n))]


@pytest.mark.parametrize("write", [written, written_csv], ids=["xlsx", "csv"])
@pytest.mark.parametrize("text", DANGEROUS)
def test_what_we_export_is_never_a_formula_and_comes_back_as_it_was(write, text):
    data = write([("张三", ID, DAY, Decimal("1.10"), text)])
    assert write is written_csv or formulas(data) == []
    assert clean_text(read(data).column("remark"))[0] == clean_text([text])[0]


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_csv_text_that_excel_would_run_gets_an_apostrophe(text):
    out = io.StringIO()
    write_csv(out, ["备注"], [[text]])
    assert next(iter(list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1])).startswith("'")


def test_numbers_stay_numbers_and_negative_ones_too():
    sheet = openpyxl.load_workbook(io.BytesIO(written([("张三", ID, DAY, -3.5, 12)]))).active
    assert [cell.value for cell in sheet[2]][3:] == [-3.5, 12]
    assert b",-3.5,12" in written_csv([("张三", ID, DAY, -3.5, 12)])


def test_dates_are_true_dates_shown_year_first_and_ids_are_text():
    sheet = openpyxl.load_workbook(io.BytesIO(written([("张三", ID, DAY, 1, "")]))).active
    assert sheet["B2"].value == ID
    assert sheet["B2"].data_type == "s"
    assert sheet["C2"].value == dt.datetime(2016, 1, 30)
    assert sheet["C2"].number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\x00b\x0bc", "abc"), ("\ud800x", "x"), ("x" * 40_000, "x" * 32_767), (440106199001011236, "440106199001011236"),
     ("_x0041_", "_x0041_"), ("<&>", "<&>")],
)  # fmt: skip
def test_what_excel_refuses_to_open_is_not_written(value, text):
    sheet = openpyxl.load_workbook(io.BytesIO(written([(value, ID, None, None, None)]))).active
    assert sheet["A2"].value.replace("_x005F_", "_") == text


def test_an_empty_export_still_has_its_header():
    table = read(written([]))
    assert len(table) == 0
    assert [cell.text for cell in table.headers] == HEADERS


def test_rows_are_streamed_and_progress_is_told():
    seen = []
    out = io.BytesIO()
    count = write_xlsx(
        out, "a/b:c", HEADERS, ((str(n), ID, DAY, n, "") for n in range(2500)), progress=seen.append
    )
    assert count == 2500
    assert seen == [1000, 2000, 2500]
    assert len(read(out.getvalue())) == 2500


def test_a_path_is_as_good_as_a_file_and_equal_captions_are_kept(tmp_path):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, "", ["日期", "日期"], [[1, 2]], widths=[10, 10])
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(path).active] == [
        ["日期", "日期 "],
        [1, 2],
    ]


CELL_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


LINES = st.tuples(CELL_TEXT, st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)), st.integers(-(10**9), 10**9))


@given(st.lists(LINES, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_is_exported_can_be_imported_again(lines):
    rows = [("张三", ID, day, number, text) for text, day, number in lines]
    for data in (written(rows), written_csv(rows)):
        table = read(data)
        assert clean_id_number(table.column("id_number"))[0] == [ID] * len(rows)
        assert clean_date(table.column("issue_date"))[0] == [row[2] for row in rows]
        assert clean_decimal(table.column("amount"))[0] == [Decimal(row[3]) for row in rows]
        assert clean_text(table.column("remark"))[0] == clean_text([row[4] for row in rows])[0]


# The template


def template(**options):
    out = io.BytesIO()
    write_template(out, FIELDS, **options)
    return out.getvalue()


def test_the_template_marks_what_is_required_and_keeps_ids_as_text():
    book = openpyxl.load_workbook(io.BytesIO(template(examples=[{"name": "张三"}], notes=["=不要改表头"])))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Name", "ID number", "Issue date", "Amount", "Remark"] or [
        cell.value for cell in sheet[1]
    ] == HEADERS
    assert sheet["A1"].font.color.rgb == "FFC00000"
    assert sheet["C1"].font.color is None or sheet["C1"].font.color.rgb != "FFC00000"
    assert sheet.column_dimensions["B"].width > 18
    assert formulas(template(notes=["=1"])) == []


def test_drop_downs_take_their_choices_from_a_hidden_sheet():
    regions = [f"很长的区域名称{n}" for n in range(100)]
    book = openpyxl.load_workbook(io.BytesIO(template(choices={"remark": regions})))
    assert book["_lists"].sheet_state == "hidden"
    (rule,) = book.worksheets[0].data_validations.dataValidation
    assert rule.formula1 == "_lists!$A$1:$A$100"
    assert str(rule.sqref).startswith("E2")


def test_a_filled_in_template_is_read_from_its_first_sheet():
    book = openpyxl.load_workbook(
        io.BytesIO(template(examples=[{"name": "例子"}] * 3, notes=["姓名 身份证号码"]))
    )
    book.worksheets[0].append(["张三", ID, DAY, 1, "x"])
    out = io.BytesIO()
    book.save(out)
    table = read(out.getvalue())
    assert table.column("name") == ["张三"]


def test_an_empty_template_has_no_rows_and_its_examples_are_not_imported():
    assert len(read(template(examples=[{"name": "例子", "id_number": ID}]))) == 0


# The marked copy


def marked(table, problems):
    out = io.BytesIO()
    count = mark_copy(table, problems, out)
    return count, out.getvalue()


def test_the_marked_copy_holds_only_the_bad_rows_unaltered_with_true_row_numbers():
    rows = [
        ["标题"],
        HEADERS,
        ["张三", ID, DAY, 1, "=1+1"],
        ["李四", 4.4e17, "2016-02-30", 2.5, None],
        ["王五", ID],
    ]
    table = read(make.xlsx(rows))
    count, data = marked(
        table, {4: [("id_number", "digits lost"), ("issue_date", "no such day")], 3: [(None, "twice")]}
    )
    assert count == 2
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    lines = [[cell.value for cell in row] for row in sheet]
    assert lines[0] == ["原行号", *HEADERS, "错误原因"]
    assert lines[1] == [3, "张三", ID, dt.datetime(2016, 1, 30), 1, "=1+1", "twice"]
    assert lines[2] == [
        4,
        "李四",
        4.4e17,
        "2016-02-30",
        2.5,
        None,
        "C3 (B4 in the file): digits lost; D3 (C4 in the file): no such day",
    ]
    assert sheet["C3"].fill.fgColor.rgb == sheet["D3"].fill.fgColor.rgb == "FFFFC7CE"
    assert sheet["B3"].fill.fgColor.rgb != "FFFFC7CE"
    assert formulas(data) == []


def test_the_marked_copy_can_be_corrected_and_uploaded_and_marked_again():
    table = read(make.xlsx([HEADERS, ["张三", ID, "2016-02-30", 1, "x"]]))
    _count, data = marked(table, {2: [("issue_date", "no such day")]})
    again = read(data)
    assert again.missing == []
    assert again.rows[0][1:6] == ["张三", ID, "2016-02-30", 1, "x"]
    _count, twice = marked(again, {2: [("issue_date", "still no such day")]})
    assert [cell.text for cell in read(twice).headers] == ["原行号", *HEADERS, "错误原因"]
    assert "D2: still no such day" in str(read(twice).rows[0][-1])


def test_thousands_of_bad_rows_are_marked():
    table = read(make.xlsx([HEADERS, *(["张三", ID, "x", 1, ""] for _ in range(3000))]))
    count, data = marked(table, {number: [("issue_date", "no date")] for number in table.row_numbers})
    assert count == 3000
    assert len(read(data)) == 3000


UNUSUAL = [
    dt.date(1, 1, 1), dt.date(215, 6, 1), dt.date(1899, 12, 31), dt.date(1900, 2, 28), dt.date(9999, 12, 31),
    dt.datetime(1, 1, 1, 8), dt.datetime(1899, 12, 31, 23, 59), dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    dt.time(8, 30), dt.timedelta(days=-3), float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 10**400, -(10**15),
    Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400"), Decimal("-1E-400"), Decimal(10) ** 40, b"\x00\xff",
    True, None,
]  # fmt: skip


@pytest.mark.parametrize("value", UNUSUAL, ids=str)
def test_whatever_can_be_stored_can_be_written(value):
    sheet = openpyxl.load_workbook(io.BytesIO(written([("张三", ID, value, 1, value)] * 2))).active
    assert sheet.max_row == 3
    if type(value) is dt.date:
        shown = sheet["C2"].value
        assert shown == value.isoformat() if isinstance(shown, str) else shown.date() == value
    assert written_csv([("张三", ID, value, 1, value)])
    out = io.BytesIO()
    table = read(make.xlsx([HEADERS, ["张三", ID]]))
    table.rows[0][2:4] = [value, value]
    mark_copy(table, {2: [("issue_date", "look")]}, out)
    assert openpyxl.load_workbook(out).active.max_row == 2
