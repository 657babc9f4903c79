"""Rate limits of the public pages, per address: they are open to everybody, and so to programs that try things.

    wait = CHECKS.wait(request)   # counts this request
    if wait:
        ...                       # refused for so many seconds; `too_many(wait)` is the sentence

All server processes count together (core/counters.py).
"""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import ngettext

from backoffice.core.counters import count, hidden
from backoffice.core.sender import sender


@dataclass(frozen=True)
class Limit:
    """At most `count` requests from one address within `minutes`."""

    name: str
    count: int
    minutes: int

    def wait(self, request: HttpRequest) -> int:
        """Count the request; return 0 if it may go on, else the seconds until the next one may."""
        used, seconds = count(self.key(request), self.minutes * 60)
        return seconds if used > self.count else 0

    def key(self, request: HttpRequest) -> str:
        """The counter of this sender; holds no address in the clear."""
        return f"throttle:{self.name}:{hidden(sender(request))}"


def too_many(wait: int) -> str:
    """The sentence for someone who has to wait."""
    minutes = max(1, -(-wait // 60))
    return ngettext(
        "Too many requests came from your network address. Nothing you typed is lost; try again in %(minutes)d "
        "minute.",
        "Too many requests came from your network address. Nothing you typed is lost; try again in %(minutes)d "
        "minutes.",
        minutes,
    ) % {"minutes": minutes}  # fmt: skip


#: Certificate check (specification 6): enough for an office that checks a team, too few to try numbers.
CHECKS = Limit("check", 20, 10)
#: Help requests sent.
HELP = Limit("help", 10, 30)
#: Drafts of applications begun, and applications sent.
DRAFTS = Limit("drafts", 60, 60)
APPLICATIONS = Limit("applications", 60, 60)
#: Pictures uploaded (each is decoded and written anew).
UPLOADS = Limit("uploads", 120, 60)
#: Look-ups while typing (employer search, checks of fields).
LOOKUPS = Limit("lookups", 120, 1)
