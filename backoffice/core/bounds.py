"""What a date or a number may be at most, wherever it is entered: a mistyped year is no year.

Every date field of a model or of a form that people fill in carries `validate_day` (tests/core/test_bounds.py looks
for the forgotten one); imports clean dates by the same bounds.
"""

import datetime
import re
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.excel.clean import clean_phone
from backoffice.core.excel.dates import NEWEST, OLDEST

#: Hours, scores, yuan and seats above these are slips of the keyboard.
MOST_HOURS: Final = Decimal(2000)
MOST_SCORE: Final = Decimal(1000)
MOST_YUAN: Final = Decimal(100_000)
MOST_SEATS: Final = 10_000


def validate_day(value: datetime.date) -> None:
    """Refuse days before 1950 and after 2100, with a sentence; datetimes count by the site's day."""
    day = timezone.localdate(value) if isinstance(value, datetime.datetime) else value
    if not OLDEST <= day <= NEWEST:
        text = _("%(day)s is not a plausible date: check the year (%(oldest)d to %(newest)d).")
        # Not strftime: years before 1000 come out without their zeros on some systems.
        raise ValidationError(text % {"day": day.isoformat(), "oldest": OLDEST.year, "newest": NEWEST.year})


def between(low: Decimal | int, high: Decimal | int) -> list[MinValueValidator | MaxValueValidator]:
    """The validators of a number's bounds, both included."""
    return [MinValueValidator(low), MaxValueValidator(high)]


def validate_phone(value: str) -> None:
    """Refuse what is neither a mobile phone nor a land line, with the importer's sentence."""
    _values, problems = clean_phone([value])
    if problems:
        raise ValidationError(problems[0].message())


def validate_phones(value: str) -> None:
    """As validate_phone, for a field in which an office writes several numbers."""
    for number in re.split(r"[,，、;；/]", value):
        validate_phone(number)
