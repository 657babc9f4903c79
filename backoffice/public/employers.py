"""The public employer search (manual ch. 2-1): by partial words in any order, former names, pinyin initials.

It tells nothing but the names of active members, which the association publishes anyway.
"""

from typing import Any

from django.db.models import QuerySet

from registry.models import Company
from registry.search import employers_named

MOST_FOUND = 10


def active_companies(**conditions: Any) -> "QuerySet[Company]":
    return Company.objects.filter(status=Company.Status.ACTIVE, merged_into=None, **conditions)


def find_employers(typed: str) -> list[Company]:
    """At most ten active companies that fit all words, with number and name; none for less than two characters."""
    return [Company(pk=pk, name=name) for pk, name in employers_named(typed, MOST_FOUND)]
