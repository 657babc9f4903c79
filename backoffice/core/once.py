"""What a page asks again and again is asked of the database once a request.

Kept on the request itself, so it is gone with it and nobody else meets it. Only while a page is being read: a request
that writes may move the very row that it asks about.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

from django.http import HttpRequest

SAFE = frozenset({"GET", "HEAD"})
T = TypeVar("T")


def once(request: HttpRequest, key: Hashable, ask: Callable[[], T]) -> T:
    """What `ask()` says, remembered under `key` until the request is answered."""
    if request.method not in SAFE:
        return ask()
    known = request.__dict__.setdefault("_asked_once", {})
    if key not in known:
        known[key] = ask()
    return known[key]  # type: ignore[no-any-return]
