"""What can be an account number."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: Chinese banks have 12 to 21 digits, old credit unions fewer, IBANs up to 34 characters.
ACCOUNT = re.compile(r"\d{8,32}|[A-Z]{2}\d{2}[A-Z0-9]{8,30}")


def wrong_account_number(text: str) -> str:
    """Why this is no account number, otherwise empty; blanks and hyphens between the digits do not matter."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    if ACCOUNT.fullmatch(plain):
        return ""
    return _("“%(number)s” is no account number: it has at least 8 digits and nothing but digits.") % {
        "number": text
    }


def validate_account_number(value: str) -> None:
    """For form and model fields."""
    if reason := wrong_account_number(value):
        raise ValidationError(reason)
