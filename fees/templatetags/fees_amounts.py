"""Amounts in templates as sentences say them; "–" where there is none."""

from decimal import Decimal
from typing import Any

from django import template

from fees.flows.payment import yuan as written

register = template.Library()
NOTHING = "–"


@register.filter
def yuan(amount: Any) -> str:
    """1240 -> 1,240; 12.5 -> 12.50."""
    return NOTHING if amount is None else written(Decimal(amount))


@register.filter
def signed_yuan(amount: Any) -> str:
    """A difference: +20, −100, 0."""
    if amount is None:
        return NOTHING
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    return f"{sign}{written(abs(amount))}"
