"""What is understood of a pasted list: numbers, ID numbers, names, and what stands beside them."""

import pytest

from tests.factories import id_number
from training.entries import MOST, Entry, entry_of, parse

ID = id_number(1)


def said(text: str) -> list[tuple[str, str, str]]:
    return [(entry.number, entry.name, entry.id_number or entry.tail) for entry in parse(text).entries]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("A1160123", ["A1160123"]),
        ("  a1160123  ", ["A1160123"]),
        ("A1160123 A1160124", ["A1160123", "A1160124"]),
        ("A1160123,A1160124；A1160125;A1160126", ["A1160123", "A1160124", "A1160125", "A1160126"]),
        ("A1160123、A1160124，A1160125。", ["A1160123", "A1160124", "A1160125"]),
        ("A1160123\r\nA1160124\n\n\tA1160125", ["A1160123", "A1160124", "A1160125"]),
        ("Ａ１１６０１２３　ｂ１１６０１２４", ["A1160123", "B1160124"]),
        ("A 1160123 B　1160124", ["A1160123", "B1160124"]),
        ("证书编号：A1160123（延续）", ["A1160123"]),
        ("A116–0123 'A1160124", ["A116-0123", "A1160124"]),
        ("\u200bA1160123\ufeff", ["A1160123"]),
        ("[A1160123]/[A1160124]", ["A1160123", "A1160124"]),
    ],
)  # fmt: skip
def test_numbers_are_found_in_whatever_was_pasted(text: str, numbers: list[str]) -> None:
    assert parse(text).numbers == numbers
    assert len(parse(text).entries) == len(numbers)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("A1160123 张三", [("A1160123", "张三", "")]),
        ("张三 A1160123", [("A1160123", "张三", "")]),
        ("A1160123 张 三", [("A1160123", "张三", "")]),
        ("A1160123 张三 A1160124 李四", [("A1160123", "张三", ""), ("A1160124", "李四", "")]),
        ("张三 A1160123 李四 A1160124", [("A1160123", "张三", ""), ("A1160124", "李四", "")]),
        ("A1160123 张三、A1160124；A1160125 李四",
         [("A1160123", "张三", ""), ("A1160124", "", ""), ("A1160125", "李四", "")]),
        ("A1160123 012X", [("A1160123", "", "012X")]),
        ("A1160123,1234", [("A1160123", "", "1234")]),
        (f"1\t张三\t男\t{ID}\tA1160123\t监理员\t13800138000", [("A1160123", "张三", ID)]),
        (f"{ID} 13800138000 李四", [("", "李四", ID)]),
        ("张三\n李 四\n欧阳伟强\n阿凡提·买买提",
         [("", "张三", ""), ("", "李四", ""), ("", "欧阳伟强", ""), ("", "阿凡提·买买提", "")]),
        ("张三 李四，王五", [("", "张三", ""), ("", "李四", ""), ("", "王五", "")]),
        ("序号\t姓名\t证书编号\n1\t张三\tA1160123", [("A1160123", "张三", "")]),
    ],
)  # fmt: skip
def test_what_stands_beside_a_number_belongs_to_it(text: str, entries: list[tuple[str, str, str]]) -> None:
    assert said(text) == entries


def test_what_names_nobody_stays_as_it_was_typed() -> None:
    typed = parse("B1 A2 GDJK\n1160123\nA1160123")
    assert [entry.text for entry in typed.entries] == ["B1 A2 GDJK", "1160123", ""]


def test_repeated_entries_are_counted_and_what_is_too_much_is_left() -> None:
    typed = parse("A100 a100 Ａ100 " + " ".join(f"B{n}" for n in range(1000, 1000 + MOST)))
    assert (len(typed.entries), typed.repeated) == (MOST, 2)
    assert [entry.number for entry in typed.left] == [f"B{999 + MOST}"]


def test_an_entry_is_kept_and_read_again_whatever_else_is_there() -> None:
    entry = Entry("A1160123", name="张三", row=7, key=2, kind="missing")
    assert entry_of(entry.kept() | {"of_tomorrow": 1}) == entry
