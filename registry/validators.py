"""Field checks shared by forms, the admin and imports; the rules themselves live with the Excel cleaners."""

from backoffice.core.bounds import validate_phone
from backoffice.core.excel import clean
from backoffice.core.validators import checked, validate_company_name, validate_contact, validate_person_name

__all__ = [
    "checked", "normalise_certificate_number", "normalise_id_number", "validate_company_name", "validate_contact",
    "validate_credit_code", "validate_person_name", "validate_phone",
]  # fmt: skip


def normalise_id_number(value: str) -> str:
    return str(checked(clean.clean_id_number, value) or "")


def normalise_certificate_number(value: str) -> str:
    return str(checked(clean.clean_certificate_number, value) or "")


def validate_credit_code(value: str) -> None:
    checked(clean.clean_credit_code, value)
