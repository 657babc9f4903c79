"""Reading public numbers (core/models/numbers.py gives them): in search boxes, on transfers and letters.

The check digit tells a mistyped number from one that nobody has.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from stdnum import damm

from backoffice.core.search import words_of

SHAPE: Final = re.compile(r"(\d{2})-?(\d{6})-?(\d)")
#: Whatever keyboards, Word and PDFs put in place of a hyphen.
DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－ー_"), "-")


@dataclass(frozen=True)
class Typed:
    """Something that looks like a public number."""

    number: str
    is_right: bool
    #: Nine digits without dashes may mean something else: the beginning of an ID number, a receipt.
    is_certain: bool


def typed(text: str) -> Typed | None:
    """The public number that somebody typed or pasted, None where it is none; any dashes, or none, will do."""
    plain = unicodedata.normalize("NFKC", text).translate(DASHES).strip("-#. ")
    found = SHAPE.fullmatch("".join(plain.split()))
    if found is None:
        return None
    digits = "".join(found.groups())
    number = f"{digits[:2]}-{digits[2:8]}-{digits[8]}"
    return Typed(number, damm.is_valid(digits), "-" in plain)


@dataclass(frozen=True)
class Searched:
    """A search term without its public numbers."""

    numbers: list[str]
    rest: str
    #: A sentence about a number whose check digit is wrong, otherwise empty.
    mistyped: str


def numbers_in(text: str, *, dashed: bool = False) -> Searched:
    """The right public numbers of a search term, what else stands in it, and a sentence about mistyped ones.

    With `dashed` nine digits without dashes are no public number: for lists that know other numbers of that length.
    """
    whole = typed(text)
    if whole is not None and whole.is_right and (whole.is_certain or not dashed):
        return Searched([whole.number], "", "")
    numbers, rest, mistyped = [], [], []
    for word in words_of(text):
        found = typed(word)
        if found is not None and dashed and not found.is_certain:
            found = None
        if found is not None and found.is_right:
            numbers.append(found.number)
            continue
        if found is not None:
            mistyped.append(found.number)
        if found is None or not found.is_certain:
            rest.append(word)
    return Searched(numbers, " ".join(rest), mistyped_sentence(mistyped))


def mistyped_sentence(numbers: list[str]) -> str:
    if not numbers:
        return ""
    text = _(
        "%(numbers)s: the number is mistyped, its last digit does not fit the others. Compare it with the paper."
    )
    return text % {"numbers": "、".join(numbers)}


def narrowed(
    rows: QuerySet, text: str, path: str = "number", *, dashed: bool = False
) -> tuple[QuerySet, str, str]:
    """For a list's search: the rows with the numbers typed, the rest of the term, and a sentence about mistyped ones.

    `path` leads from the row to the number. A term that is nothing but mistyped numbers finds nothing.
    """
    found = numbers_in(text, dashed=dashed)
    if found.numbers:
        rows = rows.filter(**{f"{path}__in": found.numbers})
    elif found.mistyped and not found.rest:
        rows = rows.none()
    return rows, found.rest, found.mistyped
