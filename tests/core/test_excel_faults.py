"""Errors, formulae without a result, open quotation marks and odd parts are told, or read; never passed over."""

import pytest
from django.utils import translation

from backoffice.core.excel import Field, Layout, UnreadableFile, clean, layouts, open_workbook
from backoffice.core.excel.check import check_table
from tests.files import workbooks as make

LAYOUT = Layout(
    "people", "People",
    (Field("number", ("证书编号",), required=True), Field("name", ("姓名",)), Field("id_number", ("身份证号码",)),
     Field("remark", ("备注",))),
    {"number": clean.clean_certificate_number, "name": clean.clean_name, "id_number": clean.clean_id_number,
     "remark": clean.clean_text},
)  # fmt: skip


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(layouts, "_layouts", {})
    with translation.override("en"):
        yield


def findings(data):
    table = open_workbook(data).table(LAYOUT.fields)
    return [(f"{f.column}{f.row}", f.value, f.reason) for f in check_table(table, LAYOUT).findings]


def sheet(cells: str) -> bytes:
    head = make.inline_row(1, {"A": "证书编号", "B": "姓名", "C": "备注"})
    return make.sheet_xml(head + f'<row r="2">{cells}</row>'.encode())


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="C2" t="e"><f>A1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ("<c t='e' s='3' r='C2'><v>#REF!</v></c>", "#REF!"),
        ('<c r="C2"><f>EDATE(A2,36)</f></c>', "=EDATE(A2,36)"),
        ('<c r="C2"><f>EDATE(A2,36)</f><v></v></c>', "=EDATE(A2,36)"),
        ('<c r="C2"><f t="shared" si="0"/><v/></c>', "="),
        ('<c r="C2" t="inlineStr"><is><t> #N/A </t></is></c>', "#N/A"),
    ],
)
def test_a_cell_without_a_value_is_told_at_its_place(cell, value):
    ((place, shown, reason),) = findings(sheet('<c r="A2" t="str"><v>A001</v></c>' + cell))
    assert (place, shown.strip()) == ("C2", value)
    assert "formula" in reason


@pytest.mark.parametrize(
    "cell",
    ['<c r="C2" t="str"><f>IF(1,"")</f><v></v></c>', '<c r="C2"><f>1+1</f><v>2</v></c>', '<c r="C2"/>', ""],
)
def test_a_formula_with_a_result_is_its_result_even_an_empty_one(cell):
    assert findings(sheet('<c r="A2" t="str"><v>A001</v></c>' + cell)) == []


def test_errors_of_old_excel_and_of_opendocument_are_told_as_well():
    assert findings(make.faulty_old_excel())[0][:2] == ("C2", "#N/A")
    told = [(place, value) for place, value, _why in findings(make.faulty_opendocument())]
    assert told == [("B2", "#DIV/0!"), ("C2", "Err:502")]


def test_an_error_in_a_csv_is_told_as_well():
    assert [place for place, _value, _why in findings("证书编号,姓名\n#N/A,甲\n".encode())] == ["A2"]


# CSV

HEAD = "姓名,身份证号码,证书编号,备注\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + '甲,1,A001,"待核\n乙,2,A002,无\n', 2),
        (HEAD + '甲,1,A001,无\n乙,2,A002,"待核\n丙,3,A003,已核"\n丁,4,A004,无\n', 3),
        (HEAD + '甲,1,A001,"待核"实\n乙,2,A002,无\n', 2),
        (HEAD + '"甲,1,A001,无\n乙,2,A002,"无"\n', 2),
        (HEAD + '甲,1,A001,"一\n二"\n乙,2,A002,"待\n', 4),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_an_open_quotation_mark_is_refused_with_its_line(text, line, encoding):
    with pytest.raises(UnreadableFile) as refusal:
        open_workbook(text.encode(encoding))
    assert (refusal.value.code, refusal.value.params["row"]) == ("csv_line", line)


def test_quotation_marks_inside_a_value_and_values_of_several_lines_are_as_typed():
    text = HEAD + '甲,1,A001,广东"示例"公司\n乙,2,A002,"第一行\n第二行, 又"\n丙,3,A003,"说""好"""\n'
    table = open_workbook(text.encode()).table(LAYOUT.fields)
    assert table.column("name") == ["甲", "乙", "丙"]
    assert table.column("remark") == ['广东"示例"公司', "第一行\n第二行, 又", '说"好"']


# Parts of the archive


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("customXml/item1.xml", '<?xml version="1.0" encoding="utf-16"?><DataMashup/>'.encode("utf-16")),
        ("xl/connections.xml", '<?xml version="1.0" encoding="utf-16"?><connections/>'.encode("utf-16")),
        ("docProps/custom.xml", b"<!DOCTYPE x><a/>"), ("xl/model/item.data", bytes(range(256)) * 9000),
        (".DS_Store", b"\0\0\0\1Bud1"),
    ],
)  # fmt: skip
def test_a_part_that_no_table_needs_may_be_anything(name, content):
    table = open_workbook(make.with_part(make.table(), name, content)).table(LAYOUT.fields)
    assert len(table) == 3


def test_an_opendocument_file_without_its_type_is_read():
    data = make.ods(make.ods_rows([make.HEADER, make.GOOD]))
    for part in ("mimetype", "META-INF/manifest.xml"):
        data = make.without_part(data, part)
    assert open_workbook(data).table(LAYOUT.fields).column("name") == ["张伟"]


def test_text_full_of_nuls_is_noticed_however_far_down_it_stands(monkeypatch):
    rows = [["序号"] * 3, *[["1", "2", "3"]] * 400, ["x\0y", "2", "3"]]
    from backoffice.core.excel.sources import ListGrid, ListSource, has_nul_text

    assert has_nul_text(ListSource(["a"], [True], [ListGrid(rows)]))
    assert not has_nul_text(ListSource(["a"], [True], [ListGrid(rows[:-1])]))
