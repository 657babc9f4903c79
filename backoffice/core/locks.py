"""The one order in which rows are locked, and what happens when two wait for each other all the same.

class → company → person → certificate → record (of a flow) → its lines → bill → refund

Whoever locks several of these takes them in this order, and rows of one kind by their key. Then nobody waits for
somebody who waits for him. A flow says what its steps lock before the record (`Flow.lock_first`). What the order
cannot prevent (a foreign key that the database checks, an import) ends in a deadlock: the database breaks off one of
the two, and that one is tried once more.
"""

import enum
import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from django.db import OperationalError, connection, models

logger = logging.getLogger(__name__)


class Rank(enum.IntEnum):
    """The place of a model in the order: its attribute `lock_rank`. Every flow is a RECORD unless it says otherwise."""

    #: REFUND: receipts, too, which belong to a bill.
    CLASS, COMPANY, PERSON, CERTIFICATE, RECORD, LINE, BILL, REFUND = range(8)


#: What PostgreSQL says to the one of the two that it breaks off: deadlock, or no serial order was found.
BROKEN_OFF: Final = ("40P01", "40001")
Result = TypeVar("Result")


def lock(rows: Any, ids: Iterable[Any] | None = None) -> list[Any]:
    """Lock these rows of a queryset (those with the keys `ids`, if given) by key; return their keys."""
    found = rows if ids is None else rows.filter(pk__in=sorted({key for key in ids if key is not None}))
    return list(
        found.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True)
    )


def lock_all(model: type[models.Model], ids: Iterable[Any]) -> list[Any]:
    """`lock()` the rows of a model by their keys; those of nobody's scope as well, for nothing of them is shown."""
    wanted = [key for key in ids if key is not None]
    return lock(model._default_manager.all(), wanted) if wanted else []


def lock_related(model: Any, ids: Iterable[int], *paths: str) -> None:
    """Lock what these records refer to by the look-up paths, kind after kind in the order of this page."""
    wanted: dict[Any, set[Any]] = {}
    for path in paths:
        related = model
        for name in path.split("__"):
            related = related._meta.get_field(name).related_model
        found = model._default_manager.filter(pk__in=list(ids)).order_by().values_list(path, flat=True)
        wanted.setdefault(related, set()).update(found)
    for related in sorted(wanted, key=lambda kind: kind.lock_rank):
        lock_all(related, wanted[related])


def was_broken_off(error: OperationalError) -> bool:
    """Whether the database broke this transaction off for the sake of another one."""
    return getattr(error.__cause__, "sqlstate", "") in BROKEN_OFF


def again_after_deadlock(function: Callable[..., Result]) -> Callable[..., Result]:
    """Decorator for what is a transaction of its own: broken off by a deadlock, it is done once more.

    Inside somebody else's transaction nothing can be done again: the error goes up to whoever began it.
    """

    @functools.wraps(function)
    def twice(*args: Any, **kwargs: Any) -> Result:
        try:
            return function(*args, **kwargs)
        except OperationalError as error:
            if connection.in_atomic_block or not was_broken_off(error):
                raise
            logger.warning("%s met a deadlock and is done once more", function.__qualname__)
        return function(*args, **kwargs)

    return twice
