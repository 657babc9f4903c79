"""Rate limits of the public pages, per address: they are open to everybody, and so to programs that try things.

    wait = CHECKS.wait(request)   # counts this request
    if wait:
        ...                       # refused for so many seconds; `too_many(wait)` is the sentence

Counts live in Django's cache; where that is not shared, each server process counts for itself.
"""

import ipaddress
import time
from dataclasses import dataclass

from axes.helpers import get_client_ip_address
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext


@dataclass(frozen=True)
class Limit:
    """At most `count` requests from one address within `minutes`."""

    name: str
    count: int
    minutes: int

    def wait(self, request: HttpRequest) -> int:
        """Count the request; return 0 if it may go on, else the seconds until the next one may."""
        key, now, seconds = self.key(request), time.time(), self.minutes * 60
        if cache.add(f"{key}:until", now + seconds, seconds):
            cache.set(f"{key}:count", 0, seconds + 5)
        try:
            used = cache.incr(f"{key}:count")
        except ValueError:  # forgotten between the two calls
            return 0
        if used <= self.count:
            return 0
        return max(1, round(cache.get(f"{key}:until", now + 1) - now))

    def key(self, request: HttpRequest) -> str:
        """The cache's key of this sender; holds no address in the clear."""
        return f"throttle:{self.name}:{salted_hmac(__name__, sender(request)).hexdigest()[:24]}"


def sender(request: HttpRequest) -> str:
    """The address that counts: of IPv6 the network of one connection, whose owner has 2^64 addresses to change to."""
    address = get_client_ip_address(request) or ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


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


#: Certificate check (SPEC 6): enough for an office that checks a team, too few to try numbers.
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
