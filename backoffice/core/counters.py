"""Counts that hold across all server processes: limits of the public pages, wrong tries, pauses between messages.

    used, wait = count("check:…", 600)   # the how-manieth within ten minutes, and the seconds until they are over

They are rows of the database and no entries of a cache: a cache may be a process's own, and forgets when it is full.
"""

import random
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.crypto import salted_hmac

from backoffice.core.models import Counter

#: Now and then a new counter takes those away whose time is over.
TIDY_EVERY: Final = 200
STATEMENT: Final = """
INSERT INTO core_counter (key, number, until) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET
    number = CASE WHEN core_counter.until <= %s THEN excluded.number ELSE core_counter.number + excluded.number END,
    until = CASE WHEN core_counter.until <= %s THEN excluded.until ELSE core_counter.until END
RETURNING number, until
"""


def count(key: str, seconds: int, change: int = 1) -> tuple[int, int]:
    """Add `change` to the counter; return its number, and the whole seconds (1 or more) until it begins anew.

    The time runs from the first event on and is not lengthened by later ones. One statement, so that any number of
    processes that count at once each get another number.
    """
    now = timezone.now()
    moment = connection.ops.adapt_datetimefield_value(now)
    until = connection.ops.adapt_datetimefield_value(now + timedelta(seconds=seconds))
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [key, change, until, moment, moment])
        number, end = cursor.fetchone()
    if number == change and random.randrange(TIDY_EVERY) == 0:  # noqa: S311  (no secret)
        forget_expired()
    return number, max(1, -int((now - aware(end)).total_seconds() // 1))


def aware(moment: Any) -> datetime:
    """A moment as the database returns it to a bare cursor (SQLite: text), with its zone."""
    if isinstance(moment, str):
        moment = Counter._meta.get_field("until").to_python(moment)
    found: datetime = moment if timezone.is_aware(moment) else moment.replace(tzinfo=connection.timezone)
    return found


def numbers(*keys: str) -> dict[str, int]:
    """What the counters stand at now, without counting; 0 for those that are not there. One query."""
    found = Counter.objects.filter(key__in=keys, until__gt=timezone.now()).values_list("key", "number")
    return dict.fromkeys(keys, 0) | dict(found)


def forget(*keys: str) -> None:
    """Begin these counters anew."""
    Counter.objects.filter(key__in=keys).delete()


def forget_expired() -> int:
    """Take away the counters whose time is over; return how many."""
    return Counter.objects.filter(until__lte=timezone.now()).delete()[0]


def hidden(text: str) -> str:
    """A login name or address for use in a key: the table shows nobody's."""
    return salted_hmac(__name__, text).hexdigest()[:20]
