"""Field checks shared by forms, the admin and imports; the rules themselves live with the Excel cleaners."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from backoffice.core.bounds import validate_phone
from backoffice.core.excel import clean

__all__ = ["normalise_certificate_number", "normalise_id_number", "validate_credit_code", "validate_phone"]


def checked(cleaner: Callable[[list[Any]], tuple[list[Any], dict[int, Any]]], value: Any) -> Any:
    """Run a column cleaner on one value; return the clean value or raise its sentence as a ValidationError."""
    values, problems = cleaner([value])
    if problems:
        raise ValidationError(problems[0].message())
    return values[0]


def normalise_id_number(value: str) -> str:
    return str(checked(clean.clean_id_number, value) or "")


def normalise_certificate_number(value: str) -> str:
    return str(checked(clean.clean_certificate_number, value) or "")


def validate_credit_code(value: str) -> None:
    checked(clean.clean_credit_code, value)
