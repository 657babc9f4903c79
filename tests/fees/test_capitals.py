"""Amounts in Chinese capitals (人民币大写): the table, and what every amount has in common."""

import re
from decimal import Decimal

import pytest
from django.template.defaultfilters import floatformat
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from fees.money import in_capitals, yuan

TABLE = [
    ("0", "零元整"),
    ("0.00", "零元整"),
    ("0.05", "伍分"),
    ("0.50", "伍角整"),
    ("0.56", "伍角陆分"),
    ("1", "壹元整"),
    ("10", "壹拾元整"),
    ("15.04", "壹拾伍元零肆分"),
    ("101", "壹佰零壹元整"),
    ("110", "壹佰壹拾元整"),
    ("300", "叁佰元整"),
    ("320.40", "叁佰贰拾元肆角整"),
    ("1000.50", "壹仟元伍角整"),
    ("1001", "壹仟零壹元整"),
    ("1010", "壹仟零壹拾元整"),
    ("1409.50", "壹仟肆佰零玖元伍角整"),
    ("6007.14", "陆仟零柒元壹角肆分"),
    ("10000", "壹万元整"),
    ("10001", "壹万零壹元整"),
    ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
    ("100100", "壹拾万零壹佰元整"),
    ("107000.53", "壹拾万柒仟元伍角叁分"),
    ("1000000", "壹佰万元整"),
    ("10203040.5", "壹仟零贰拾万叁仟零肆拾元伍角整"),
    ("100000000", "壹亿元整"),
    ("100000001", "壹亿零壹元整"),
    ("100100000", "壹亿零壹拾万元整"),
    ("110000000", "壹亿壹仟万元整"),
    ("1234567890.12", "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元壹角贰分"),
    ("1000000000000", "壹万亿元整"),
    ("-20", "负贰拾元整"),
    ("0.005", "壹分"),
]


@pytest.mark.parametrize(("amount", "written"), TABLE)
def test_an_amount_is_written_as_a_bank_writes_it(amount: str, written: str) -> None:
    assert in_capitals(Decimal(amount)) == written


@pytest.mark.parametrize("amount", ["10000000000000000", "9999999999999999.995", "-1E+20", "NaN", "Infinity"])
def test_an_amount_nobody_pays_is_refused(amount: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        in_capitals(Decimal(amount))


VALUES = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}


def read(text: str) -> Decimal:
    """The amount that stands written, by a way of its own."""
    found = re.fullmatch(r"(?:(.+)元)?零?(?:(.)角)?(?:(.)分)?整?", text)
    assert found
    yuan, jiao, fen = found.groups()
    number = whole(yuan or "")
    return Decimal(number) + Decimal(VALUES[jiao or "零"]) / 10 + Decimal(VALUES[fen or "零"]) / 100


def whole(text: str) -> int:
    for unit, size in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        if unit in text:
            high, _unit, low = text.rpartition(unit) if unit == "亿" else text.partition(unit)
            return whole(high) * size + whole(low)
    return VALUES[text.strip("零") or "零"]


@given(st.decimals(min_value=0, max_value=Decimal("9999999999999999.99"), places=2))
def test_every_amount_can_be_read_back(amount: Decimal) -> None:
    written = in_capitals(amount)

    assert read(written) == amount
    assert "零零" not in written
    assert written.endswith(("整", "分"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_amounts_are_grouped_by_three_in_both_languages(language: str) -> None:
    with translation.override(language):
        assert yuan(Decimal(12_000)) == "12,000"
        assert yuan(Decimal("1234567.50")) == "1,234,567.50"
        assert floatformat(Decimal(12_000), "-2g") == "12,000"
