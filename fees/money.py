"""How money is written: 1,240 元 everywhere on screens and in messages; 人民币大写 on vouchers, receipts and prints.

`yuan()` is for sentences and tables that name the unit themselves, `in_yuan()` for an amount that stands alone; the
template filters of both are in templatetags/fees_amounts.py, `MoneyField` uses it in lists, forms and histories.

Capitals follow 正确填写票据和结算凭证的基本规定: 整 after yuan and jiao and not after fen, one 零 for any run of
zeros inside the number, none before jiao, and 零 between yuan and fen where there are no jiao.
"""

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from django.utils.formats import number_format
from django.utils.translation import gettext as _

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("仟", "佰", "拾", "")
SECTIONS = ("", "万", "亿", "万亿")
LIMIT = Decimal(10) ** 16
CENT = Decimal("0.01")


def yuan(amount: Decimal | int) -> str:
    """The figures alone, in yuan: 1,240 or 12.50 or -20; cents only where there are some."""
    amount = Decimal(amount)
    whole = amount == amount.to_integral_value()
    return str(number_format(amount, decimal_pos=0 if whole else 2, force_grouping=True))


def in_yuan(amount: Decimal | int) -> str:
    """With the unit: 1,240 元."""
    return _("%(amount)s yuan") % {"amount": yuan(amount)}


def in_figures(amount: Decimal) -> str:
    """Beside the capitals on a printed sheet, where nothing may be added in front or behind: ¥1,640.00."""
    return f"¥{amount:,.2f}"


def in_capitals(amount: Decimal) -> str:
    """The amount as a bank writes it out: 1000.50 is 壹仟元伍角整. Raise ValueError from 10^16 yuan on."""
    rounded = amount.quantize(CENT, ROUND_HALF_UP) if abs(amount) < LIMIT else LIMIT
    if abs(rounded) >= LIMIT:
        raise ValueError(f"{amount} is too much to be written out")
    sign = "负" if rounded < 0 else ""
    full, rest = divmod(int(abs(rounded) * 100), 100)
    jiao, fen = divmod(rest, 10)
    text = whole(full) + "元" if full or not rest else ""
    if jiao:
        text += DIGITS[jiao] + "角"
    elif fen and full:
        text += "零"
    return sign + text + (DIGITS[fen] + "分" if fen else "整")


def whole(number: int) -> str:
    """A whole number below 10^16 in capitals, without a unit: 100000001 is 壹亿零壹."""
    if not number:
        return DIGITS[0]
    if number >= 10**8:
        high, low = divmod(number, 10**8)
        gap = "零" if low and (low < 10**7) else ""
        return whole(high) + "亿" + gap + (whole(low) if low else "")
    if number >= 10**4:
        high, low = divmod(number, 10**4)
        gap = "零" if low and low < 10**3 else ""
        return section(high) + "万" + gap + (section(low) if low else "")
    return section(number)


def section(number: int) -> str:
    """One to 9999: zeros between two digits are one 零, those at the end are none."""
    figures = f"{number:04d}".lstrip("0")
    places = PLACES[-len(figures) :]
    kept = [(index, int(figure)) for index, figure in enumerate(figures) if figure != "0"]
    text = DIGITS[kept[0][1]] + places[kept[0][0]]
    for (before, _figure), (index, figure) in pairwise(kept):
        text += ("零" if index - before > 1 else "") + DIGITS[figure] + places[index]
    return text
