"""The rows of a certificate list, cleaned and checked as far as the file alone and the dictionaries allow.

Everything is kept as columns: 100,000 good rows cost no object each. Dates are ISO text from here on: it sorts
and compares like dates, and both databases take it as it is.
"""

import datetime
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from django.utils import timezone

from backoffice.core.excel import Problem, Table, clean_date
from registry.imports.fields import CERTIFICATE_CLEANERS
from registry.imports.messages import refusal
from registry.models import Region, Specialty

REQUIRED = ("number", "type", "name", "id_number", "company", "issue_date", "expiry_date")
DATES = ("issue_date", "renewal_date", "expiry_date")
REQUIRED_MISSING = Problem("required")


class Rows:
    """Columns by field name, what is wrong with which cell, and which rows merely repeat another."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.count = len(table)
        self.columns: dict[str, list[Any]] = {}
        #: field -> {row index: Problem}
        self.problems: dict[str, dict[int, Problem]] = {}
        self.bad: set[int] = set()
        #: row index -> the row it repeats
        self.repeats: dict[int, int] = {}
        #: certificate number -> its first row
        self.by_number: dict[str, int] = {}

    def __getitem__(self, field: str) -> list[Any]:
        return self.columns[field]

    def refuse(self, field: str, index: int, problem: Problem) -> None:
        """Keep the first problem of a cell; the row is bad."""
        self.problems.setdefault(field, {}).setdefault(index, problem)
        self.bad.add(index)

    def good(self) -> Iterable[int]:
        if not self.bad and not self.repeats:
            return range(self.count)
        return self._good()

    def _good(self) -> Iterator[int]:
        bad, repeats = self.bad, self.repeats
        return (index for index in range(self.count) if index not in bad and index not in repeats)


def read(table: Table) -> Rows:
    """Clean every column, then check what cells of one row, and rows of one file, say about each other."""
    rows = Rows(table)
    _clean(rows)
    _find_doubles(rows)
    _require(rows)
    _order_dates(rows)
    _compare_gender(rows)
    _look_up(rows, "region", region_spellings(), "unknown_region", "ambiguous_region")
    _look_up(rows, "specialty", specialty_spellings(), "unknown_specialty", "unknown_specialty")
    return rows


def _clean(rows: Rows) -> None:
    for field, cleaner in CERTIFICATE_CLEANERS.items():
        if not rows.table.has(field):
            rows.columns[field] = [""] * rows.count
            continue
        if field in DATES:
            cleaner = partial(clean_date, date1904=rows.table.date1904)
        values, problems = cleaner(rows.table.column(field))
        rows.columns[field] = _iso(values) if field in DATES else values
        for index, problem in problems.items():
            rows.refuse(field, index, problem)


def _iso(days: list[datetime.date | None]) -> list[str | None]:
    text: dict[datetime.date | None, str | None] = {
        day: day.isoformat() if day else None for day in set(days)
    }
    return [text[day] for day in days]


def _require(rows: Rows) -> None:
    for field in REQUIRED:
        column = rows[field]
        if all(column):
            continue
        for index, value in enumerate(column):
            if not value:
                rows.refuse(field, index, REQUIRED_MISSING)  # a refused cell keeps its first problem


def _find_doubles(rows: Rows) -> None:
    """An identical row is ignored; differing rows of one number are all refused: we cannot know which is right."""
    first = rows.by_number
    doubles: dict[str, list[int]] = {}
    for index, number in enumerate(rows["number"]):
        if number and first.setdefault(number, index) != index:
            doubles.setdefault(number, [first[number]]).append(index)
    columns = list(rows.columns.values())
    for indexes in doubles.values():
        contents = [tuple(column[index] for column in columns) for index in indexes]
        if all(content == contents[0] for content in contents):
            rows.repeats.update(dict.fromkeys(indexes[1:], indexes[0]))
            continue
        for index, content in zip(indexes, contents, strict=True):
            other = next(i for i, c in zip(indexes, contents, strict=True) if c != content)
            rows.refuse("number", index, refusal("number_twice", row=rows.table.places[other]))


def _order_dates(rows: Rows) -> None:
    today = timezone.localdate().isoformat()
    issues, renewals, expiries = (rows[field] for field in DATES)
    for index, (issue, renewal, expiry) in enumerate(zip(issues, renewals, expiries, strict=True)):
        if issue and expiry and not dates_in_order(issue, renewal, expiry):
            wrong = "expiry_date" if expiry <= issue else "renewal_date"
            rows.refuse(wrong, index, refusal("dates_order"))
        if issue and issue > today:
            rows.refuse("issue_date", index, refusal("issued_in_future"))


def dates_in_order(issue: str, renewal: str | None, expiry: str) -> bool:
    """The check constraint of Certificate, on ISO dates."""
    return issue < expiry and (not renewal or issue <= renewal <= expiry)


def _compare_gender(rows: Rows) -> None:
    if not rows.table.has("gender"):
        return
    for index, (gender, id_number) in enumerate(zip(rows["gender"], rows["id_number"], strict=True)):
        if gender and id_number and gender != gender_of(id_number):
            rows.refuse("gender", index, refusal("gender_differs"))


def gender_of(id_number: str) -> str:
    """The seventeenth digit is odd for men (identity.gender_of without its checks: the number is clean)."""
    return "M" if id_number[16] in "13579" else "F"


def _look_up(rows: Rows, field: str, known: dict[str, int | None], unknown: str, ambiguous: str) -> None:
    """Replace the column's texts by ids, None where empty; None in `known` means that the text fits several."""
    found: dict[str, int | None] = {text: known.get(flattened(text)) for text in set(rows[field]) if text}
    for index, text in enumerate(rows[field]):
        if text and found[text] is None:
            rows.refuse(field, index, refusal(ambiguous if flattened(text) in known else unknown, text))
    rows.columns[field] = [found[text] if text else None for text in rows[field]]


def flattened(text: str) -> str:
    return "".join(text.split()).casefold().removeprefix("广东省")


def region_spellings() -> dict[str, int | None]:
    """广州市, 广州, 440100, 天河区, 广州市天河区, 广州天河区 ...; None where several regions share a spelling."""
    regions = {r.pk: r for r in Region.objects.all()}
    spellings: dict[str, int | None] = {}
    for region in regions.values():
        city = regions[region.parent_id] if region.parent_id else None
        texts = {region.code, region.name, region.name_en}
        if city is None:
            texts.add(region.name.removesuffix("市"))
        else:
            texts |= {city.name + region.name, city.name.removesuffix("市") + region.name}
        for text in filter(None, map(flattened, texts)):
            spellings[text] = None if spellings.get(text, region.pk) != region.pk else region.pk
    return spellings


def specialty_spellings() -> dict[str, int | None]:
    return {
        flattened(text): specialty.pk
        for specialty in Specialty.objects.all()
        for text in (specialty.code, specialty.name, specialty.name_en)
        if text
    }
