"""Printed forms: pages, what is kept together, rare characters, and text that would be markup."""

import io
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest

from backoffice.core import printing
from backoffice.core.glyphs import GETA, coverage_of
from backoffice.core.printing import CannotPrint, Column, Form, missing_in, pdf

#: In no font: a character an office made for itself, and one of the newest extension.
PRIVATE, NEWEST = "\ue000", "\U0003134f"


@pytest.fixture(autouse=True)
def fresh_press() -> Iterator[None]:
    printing.press.cache_clear()
    yield
    printing.press.cache_clear()


def a_form(rows: int = 3, name: str = "张三丰", remark: str = "", **values: Any) -> Form:
    columns = [
        Column("序号", 8),
        Column("姓名", 30),
        Column("备注", 0, "left"),
        Column("会费", 20, "right", "费用"),
    ]
    return Form(
        title="报名明细表", number="000123", facts=[("单位", "广东示范监理有限公司")], columns=columns,
        rows=[[str(n), name, remark, "300"] for n in range(1, rows + 1)], totals=[str(300 * rows)],
        totals_label="合计", sums=[("大写：", "玖佰元整")], seal="单位盖章", signatures=["签名："],
        url="http://127.0.0.1:8000/x", empty="没有人员", **values,
    )  # fmt: skip


def pages(content: bytes) -> list[str]:
    """The text of each page, without spaces: a line may be broken anywhere."""
    return [re.sub(r"\s", "", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def lowest_text(content: bytes) -> float:
    """How far above the edge of the paper the lowest text stands, in points; below 0 it would be cut off."""
    heights: list[float] = []
    for page in pypdf.PdfReader(io.BytesIO(content)).pages:
        page.extract_text(
            visitor_text=lambda text, cm, tm, _font, _size: heights.append(tm[4] * cm[1] + tm[5] * cm[3] + cm[5])
            if text.strip() else None
        )  # fmt: skip
    return min(heights)


def rows_on(page: str) -> int:
    return page.count("张三丰")


@pytest.mark.parametrize("rows", [1, 2, 12, 29, 30, 31, 60, 200])
def test_header_page_numbers_and_a_seal_that_is_never_alone(rows: int) -> None:
    found = pages(pdf([a_form(rows, page_of="<{page}/{pages}>")]))
    assert sum(map(rows_on, found)) == rows
    for number, page in enumerate(found, 1):
        assert "序号" in page
        assert "会费" in page
        assert f"<{number}/{len(found)}>" in page
    assert ["单位盖章" in page for page in found] == [*([False] * (len(found) - 1)), True]
    assert rows_on(found[-1]) >= min(rows, 2)
    for expected in ("玖佰元整", f"合计{300 * rows}"):
        assert expected in found[-1]


@pytest.mark.parametrize("length", [61, 200, 300])
@pytest.mark.parametrize("rows", range(3, 12))
def test_tall_rows_leave_room_for_the_seal_on_their_page(rows: int, length: int) -> None:
    form = a_form(rows, remark="原" * length)
    narrow = [*form.columns[:2], Column("备注", 30, "left"), form.columns[3]]
    content = pdf([printing.replace(form, columns=narrow)])
    found = pages(content)
    assert lowest_text(content) > 0
    assert rows_on(found[-1]) >= 1
    assert "单位盖章" in found[-1]
    assert found[-1].count("原") >= length  # the row came along as a whole
    assert sum(page.count("原") for page in found) == rows * length


def test_an_empty_form_says_so() -> None:
    (page,) = pages(pdf([a_form(0)]))
    assert "没有人员" in page
    assert "单位盖章" in page


def test_each_form_begins_on_its_own_page_and_counts_its_own() -> None:
    numbering = {"page_of": "<{page}/{pages}>"}
    long = len(pages(pdf([a_form(60)])))
    found = pages(pdf([a_form(1, **numbering), a_form(60, **numbering), a_form(2, **numbering)]))
    numbers = [re.findall(r"<(.+?)>", page) for page in found]
    assert long > 1
    assert numbers == [["1/1"], *([f"{n}/{long}"] for n in range(1, long + 1)), ["1/1"]]


def test_a_pile_is_the_same_in_portions_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    pile = [a_form(rows, page_of="<{page}/{pages}>", footer=f"第{rows}份") for rows in (1, 60, 2, 3, 40)]
    found = {}
    for portion in (1, 2, 5, 10):
        monkeypatch.setattr(printing, "PORTION", portion)
        found[portion] = pages(pdf(pile))
    assert found[1] == found[2] == found[5] == found[10]
    order = [re.search(r"第(\d+)份", page) for page in found[2]]
    assert list(dict.fromkeys(int(number[1]) for number in order if number)) == [1, 60, 2, 3, 40]


@pytest.mark.parametrize(
    "hostile",
    ["#panic()", "*粗*", "$x^2$", "\\#", "\\", "#import \"x\"", "]#[", "_斜_", "<label>", "@ref", "//注", "= 标题",
     "{page}", "`raw`", "#sys.inputs", "<b>x</b>", "\u202e反", "a\nb"],
)  # fmt: skip
def test_what_people_type_is_printed_as_it_is(hostile: str) -> None:
    form = a_form(1, name=hostile, remark=hostile)
    (page,) = pages(pdf([printing.replace(form, facts=[("单位", hostile)], footer=hostile)]))
    expected = re.sub(r"\s|\u202e", "", hostile)
    assert page.replace("\u202e", "").count(expected) >= 3


def test_a_name_in_the_footer_cannot_change_the_page_number() -> None:
    (page,) = pages(pdf([a_form(1, footer="{page}/{pages}")]))
    assert "{page}/{pages}" in page


def test_long_words_break_inside_their_column() -> None:
    form = a_form(1, name="ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789")
    data = json.loads(printing.sources([form], printing.press())["data.json"])
    assert "\u200b" in data["forms"][0]["rows"][0][1]
    assert "\u200b" not in json.dumps(
        json.loads(printing.sources([a_form(1)], printing.press())["data.json"])
    )


def test_rare_characters_that_the_font_has_are_printed() -> None:
    form = a_form(1, name="𠮷䶮㛃")
    assert missing_in([form]) == []
    assert "𠮷䶮㛃" in pages(pdf([form]))[0]


@pytest.mark.parametrize("character", [PRIVATE, NEWEST])
def test_a_character_no_font_has_is_named_and_marked(character: str) -> None:
    form = a_form(2, name=f"李{character}")
    (missing,) = missing_in([form])
    assert missing.code == f"U+{ord(character):04X}"
    assert len(missing.places) == 2
    (page,) = pages(pdf([form]))
    assert page.count(f"李{GETA}") == 2
    assert missing.code in page
    assert character not in page


def test_a_variation_selector_is_not_missed() -> None:
    assert missing_in([a_form(1, name="葛\U000e0100")]) == []


def test_every_text_of_a_form_is_looked_at() -> None:
    form = printing.replace(a_form(1), facts=[("单位", f"广东{PRIVATE}公司")])
    assert [one.places for one in missing_in([form])] == [("单位",)]
    assert f"广东{GETA}公司" in pages(pdf([form]))[0]


def test_a_stamp_is_on_each_page() -> None:
    assert all("草稿" in page for page in pages(pdf([a_form(60, stamp="草稿")])))


def test_without_a_chinese_font_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "FAMILIES", ("No Such Font",))
    with pytest.raises(CannotPrint, match="fonts-noto-cjk"):
        pdf([a_form(1)])


def test_without_the_typesetter_a_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(CannotPrint, match="typst"):
        pdf([a_form(1)])


def test_a_font_file_that_is_none_covers_nothing(tmp_path: Any) -> None:
    broken = tmp_path / "broken.ttf"
    for content in (b"", b"ttcf", b"\0\1\0\0\0\1", b"\xff" * 64):
        broken.write_bytes(content)
        coverage_of.cache_clear()
        assert not coverage_of(str(broken), 0).has("中")


def test_the_heading_puts_a_group_above_its_columns() -> None:
    form = a_form(1)
    assert form.heading == [("序号", 1, 2), ("姓名", 1, 2), ("备注", 1, 2), ("费用", 1, 1)]
    assert form.subheading == ["会费"]
