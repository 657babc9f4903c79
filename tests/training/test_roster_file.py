"""Uploaded rosters: any office file with certificate numbers, with or without captions."""

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backoffice.core.excel import UnreadableFile
from training.entries import Entry
from training.roster_file import RosterFile, read_roster


def workbook(rows: list[list[Any]], name: str = "名单.xlsx") -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return SimpleUploadedFile(name, content.getvalue())


def numbers(found: RosterFile) -> list[str]:
    return [entry.number for entry in found.entries]


def test_matter_remark_and_waiver_are_read_under_their_captions() -> None:
    found = read_roster(workbook([
        ["继续教育报名名单"],
        ["序号", "姓名", "培训证书编号", "变更事项", "第二本证减免", "变更备注"],
        [1, "李四", "a1160123", "延续", "否", ""],
        [2, "王五", " Ａ1160124 ", "延续＋变更", "", "原单位：佛山旧监理公司"],
        [3, "赵六", "B1160125", "员升师", "是", None],
        [4, "李四", "a1160123", "", "", ""],
        ["合计", None, None, None, None, None],
    ]))  # fmt: skip
    assert found.entries == [
        Entry("A1160123", "RENEWAL", name="李四", row=3),
        Entry("A1160124", "RENEWAL_CHANGE", "原单位：佛山旧监理公司", name="王五", row=4),
        Entry("B1160125", "UPGRADE", "", True, name="赵六", row=5),
    ]
    assert (found.typed.repeated, found.problems) == (1, [])


@pytest.mark.parametrize(
    "rows",
    [
        [["证书编号"], ["A1160123"], ["A1160124"]],
        [["A1160123"], ["A1160124"]],
        [["李四", "A1160123"], ["王五", "A1160124"]],
        [["名单"], [], [None, "李四", "A1160123"], [None, "王五", "A1160124", 13800138000]],
    ],
)  # fmt: skip
def test_a_bare_list_is_enough(rows: list[list[Any]]) -> None:
    assert numbers(read_roster(workbook(rows))) == ["A1160123", "A1160124"]


def test_a_csv_of_an_old_excel_is_read() -> None:
    content = "姓名,证书编号,备注\n李四,A1160123,\n".encode("gb18030")
    assert numbers(read_roster(SimpleUploadedFile("名单.csv", content))) == ["A1160123"]


def test_rows_that_cannot_be_read_are_named_and_cost_no_other() -> None:
    found = read_roster(workbook([
        ["证书编号", "变更事项"], ["A1160123", "转让"], ["不详", ""], ["A1160124 A1160125", ""], ["A1160126", ""],
    ]))  # fmt: skip
    assert [(entry.row, entry.number or entry.text) for entry in found.entries] == [
        (2, "A1160123"), (3, "不详"), (4, "A1160124 A1160125"), (5, "A1160126"),
    ]  # fmt: skip
    assert [f"{row}" in text for row, text in zip((2,), found.problems, strict=True)] == [True]


@pytest.mark.parametrize("upload", [
    SimpleUploadedFile("a.xlsx", b"%PDF-1.4"),
    SimpleUploadedFile("a.xlsx", b""),
    SimpleUploadedFile("a.xlsx", b"PK\x03\x04broken"),
    workbook([["部门", "备注"], ["工程部", "无"]]),
])  # fmt: skip
def test_other_files_get_a_sentence(upload: SimpleUploadedFile) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_roster(upload)
    assert str(refusal.value)
