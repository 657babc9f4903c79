"""Amounts in templates, written as everywhere (fees/money.py); "–" where there is none."""

from decimal import Decimal
from typing import Any

from django import template

from fees import money

register = template.Library()
NOTHING = "–"


@register.filter
def yuan(amount: Any) -> str:
    """1240 -> 1,240; 12.5 -> 12.50: where the sentence or the table's heading names the unit."""
    return NOTHING if amount is None else money.yuan(Decimal(amount))


@register.filter
def in_yuan(amount: Any) -> str:
    """1240 -> 1,240 元: an amount that stands alone."""
    return NOTHING if amount is None else money.in_yuan(Decimal(amount))


@register.filter
def signed_yuan(amount: Any) -> str:
    """A difference: +20, −100, 0."""
    if amount is None:
        return NOTHING
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    return f"{sign}{money.yuan(abs(amount))}"
