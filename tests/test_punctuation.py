"""Chinese texts have Chinese punctuation: full width, one stop, no spaces between characters."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings

CATALOGUE = settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"
HAN = "[\u4e00-\u9fff”』」）》]"
FAULTS = {
    "two marks in a row": r"[。，；：！？、]{2,}",
    "a half-width mark after Chinese": rf"{HAN}[,;:!?]",
    "a half-width mark before Chinese": r"[,;!?][\u4e00-\u9fff]",
    "an ASCII stop after Chinese": rf"{HAN}\.(?![\w*.])",
    "a half-width mark after a value": r"(%\(\w+\)[sd]|\{\w*\})[,;:!?](?=\s|$|[\u4e00-\u9fff])",
    "a half-width bracket at Chinese": r"[\u4e00-\u9fff]\(|\)[\u4e00-\u9fff]|\([\u4e00-\u9fff]|[\u4e00-\u9fff]\)",
    "a space between Chinese characters": r"[\u4e00-\u9fff] +[\u4e00-\u9fff]",
    "a space after a full-width mark": r"[，。；！？、] +(?=[\u4e00-\u9fff])",
    "straight quotation marks": r"\"[\u4e00-\u9fff]|[\u4e00-\u9fff]\"",
    "three stops for an ellipsis": r"[\u4e00-\u9fff]\.\.\.",
}
#: Values end some sentences, and bring a stop with them: then the text must not set another.
ENDS = re.compile(r"。”。")


def texts() -> list[tuple[str, str]]:
    return [
        (entry.msgid, text)
        for entry in polib.pofile(str(CATALOGUE))
        for text in (entry.msgstr, *entry.msgstr_plural.values())
        if text
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_chinese_text_of_the_catalogue_has(fault: str) -> None:
    assert [text for _english, text in texts() if re.search(FAULTS[fault], text)] == []


def test_no_sentence_of_the_catalogue_ends_twice() -> None:
    assert [text for _english, text in texts() if ENDS.search(text)] == []


def test_a_sentence_is_a_sentence_in_both_languages() -> None:
    """Labels end without a stop; "No." is one."""
    sentences = [(english, text) for english, text in texts() if english.endswith(".") and " " in english]
    assert len(sentences) > 500
    assert [
        text for _english, text in sentences if text[-1] not in "。！？」”）" and text[-1] not in "})sd"
    ] == []


@pytest.mark.parametrize(
    "path", sorted((settings.BASE_DIR / "fixtures").glob("*.json")), ids=lambda path: path.name
)
def test_no_chinese_text_of_the_fixtures_has_half_width_marks(path: Path) -> None:
    values = [
        value
        for value in re.findall(r'"((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8"))
        if re.search("[一-鿿]", value)
    ]
    marks = [FAULTS[name] for name in FAULTS if "half-width mark" in name or name == "two marks in a row"]
    assert [value for value in values if any(re.search(mark, value) for mark in marks)] == []
