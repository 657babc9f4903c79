"""Template helpers of the import pages."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def column(rows: list[list[str]], index: int) -> str:
    """The first filled values of a column, to recognise it by."""
    values = [row[index] for row in rows or [] if index < len(row) and row[index]]
    return " / ".join(values[:3])


@register.filter
def is_short(text: str) -> bool:
    """Whether the text stays on one line of a narrow column: numbers, dates, usual names."""
    plain = str(text)
    return len(plain) <= 4 or (len(plain) < 20 and not any(ord(char) > 0x2E80 for char in plain))


@register.filter
def field_of(values: dict[str, Any], name: str) -> Any:
    """values[name], empty where there is none."""
    return (values or {}).get(name, "")
