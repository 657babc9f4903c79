"""How dates, moments and counts are written in lists, messages and prints; amounts of money: fees/money.py.

Templates write the same with the filter `date`, in the formats that tests/core/test_written.py allows.
"""

import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NOTHING = "–"


def local(moment: datetime.datetime) -> datetime.datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def day(value: datetime.date | None) -> str:
    """2026-11-28: a date, or the local date of a moment; "–" where there is none."""
    if value is None:
        return NOTHING
    return (local(value).date() if isinstance(value, datetime.datetime) else value).isoformat()


def moment(at: datetime.datetime) -> str:
    """2026-11-28 09:30, in local time."""
    return local(at).isoformat(" ", "minutes")[:16]


def number(count: int) -> str:
    """1,240."""
    return f"{count:,}"


def waiting_since(opened_at: datetime.datetime, age: int) -> str:
    """2026-11-25 · 3 working days; the date alone while no working day has passed since: then it says it all."""
    if not age:
        return day(opened_at)
    text = ngettext("%(days)d working day", "%(days)d working days", age) % {"days": age}
    return f"{day(opened_at)} · {text}"


def overdue(due_on: datetime.date, late: int) -> str:
    """2026-11-25 · 3 working days overdue; without a number while no working day has passed since."""
    text = (
        ngettext("%(days)d working day overdue", "%(days)d working days overdue", late) % {"days": late}
        if late
        else _("overdue")
    )
    return f"{day(due_on)} · {text}"
