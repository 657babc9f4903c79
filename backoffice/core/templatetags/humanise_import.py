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
def field_of(values: dict[str, Any], name: str) -> Any:
    """values[name], empty where there is none."""
    return (values or {}).get(name, "")
