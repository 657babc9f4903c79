"""Names as they may stand in forms and letters; the rules themselves live with the Excel cleaners."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from backoffice.core.excel import clean


def checked(cleaner: Callable[[list[Any]], tuple[list[Any], dict[int, Any]]], value: Any) -> Any:
    """Run a column cleaner on one value; return the clean value or raise its sentence as a ValidationError."""
    values, problems = cleaner([value])
    if problems:
        raise ValidationError(problems[0].message())
    return values[0]


def validate_person_name(value: str) -> None:
    checked(clean.clean_name, value)


def validate_contact(value: str) -> None:
    checked(clean.clean_contact, value)


def validate_company_name(value: str) -> None:
    checked(clean.clean_company_name, value)
