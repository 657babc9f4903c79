"""The public employer search (manual ch. 2-1): by partial words in any order, former names, pinyin initials.

It tells nothing but the names of active members, which the association publishes anyway.
"""

from typing import Any

from django.db.models import QuerySet

from backoffice.core.search import words_of
from registry.models import Company
from registry.search import MOST_WORDS, companies_among

MOST_FOUND = 10
LEAST_TYPED = 2


def active_companies(**conditions: Any) -> "QuerySet[Company]":
    return Company.objects.filter(status=Company.Status.ACTIVE, merged_into=None, **conditions)


def find_employers(typed: str) -> list[Company]:
    """At most ten active companies that fit all words, short names first; none for less than two characters."""
    words = words_of(typed)[:MOST_WORDS]
    if len("".join(words)) < LEAST_TYPED:
        return []
    by_word = companies_among(words, active_companies())
    fitting = set.intersection(*by_word.values()) if by_word else set()
    found = Company.objects.filter(pk__in=fitting).only("pk", "name")
    return sorted(found, key=lambda company: (len(company.name), company.name))[:MOST_FOUND]
