# ruff: noqa: S608 (table and column names come from the models, values are always parameters)
"""What the register knows about the rows of a file: one query each for companies, people and certificates."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from registry.imports import sql
from registry.models import Certificate, Company, FormerName, Person, Region

LOCK = " FOR NO KEY UPDATE OF stored"
BRACKETS = str.maketrans("（）", "()")


class StoredCertificate(NamedTuple):
    number: str
    id: int
    person_id: int
    type: str
    specialty_id: int | None
    issue_date: str
    renewal_date: str | None
    expiry_date: str
    status: str
    printed_company: str
    remark: str


class StoredPerson(NamedTuple):
    id_number: str
    id: int
    name: str
    company_id: int | None
    #: The profile fields that are empty and may be filled; usually the one shared empty tuple.
    blanks: tuple[str, ...]


class CompanyRef:
    """A company of the file: a registered one, or one to be created (no id yet). One object per company."""

    __slots__ = ("city_id", "id", "name")

    def __init__(self, pk: int | None, name: str, city_id: int | None) -> None:
        self.id, self.name, self.city_id = pk, name, city_id


class Companies:
    """All companies by present and former name; there are a few thousand at most."""

    def __init__(self) -> None:
        self.by_id: dict[int, CompanyRef] = {}
        self.by_name: dict[str, CompanyRef] = {}
        self.former: dict[str, CompanyRef | None] = {}
        merged: dict[int, tuple[str, int]] = {}
        for pk, name, city, merged_into in sql.select(_companies_sql()):
            if merged_into is not None:
                merged[pk] = name, merged_into
                continue
            self.by_id[pk] = self.by_name[company_key(name)] = CompanyRef(pk, name, city)
        for pk, (name, merged_into) in merged.items():  # a duplicate's name means the record that is left
            while merged_into in merged:
                merged_into = merged[merged_into][1]
            self.by_id[pk] = self.former[company_key(name)] = self.by_id[merged_into]
        former = sql.select(f"SELECT name, company_id FROM {sql.table_of(FormerName)}")
        for name, company_id in former:
            company, key = self.by_id[company_id], company_key(name)
            # A former name of several companies says nothing.
            self.former[key] = company if self.former.get(key, company) is company else None

    def find(self, name: str) -> CompanyRef | None:
        key = company_key(name)
        return self.by_name.get(key) or self.former.get(key)

    def is_ambiguous(self, name: str) -> bool:
        return company_key(name) in self.former

    def add(self, name: str) -> CompanyRef:
        """A company that would be created."""
        company = self.by_name[company_key(name)] = CompanyRef(None, "".join(name.split()), None)
        return company


def company_key(name: str) -> str:
    """Spaces and the width of brackets do not tell companies apart."""
    return "".join(name.split()).translate(BRACKETS)


def _companies_sql() -> str:
    """Id, name, the city (`city_of` in SQL), and the company that a duplicate went into."""
    return (
        "SELECT stored.id, stored.name, coalesce(region.parent_id, region.id), stored.merged_into_id "
        f"FROM {sql.table_of(Company)} stored "
        f"LEFT JOIN {sql.table_of(Region)} region ON region.id = stored.region_id"
    )


def read_people(id_numbers: Iterable[str], *, lock: bool = False) -> Iterator[StoredPerson]:
    """The people with these numbers. The number of a duplicate that was merged means the person who is left."""
    merged: dict[int, list[str]] = {}
    complete: tuple[str, ...] = ()
    for id_number, pk, name, company_id, merged_into, *profile in _people("id_number", id_numbers, lock):
        if merged_into is not None:
            merged.setdefault(merged_into, []).append(id_number)
            continue
        blanks = complete if all(profile) else _blanks(profile)
        yield StoredPerson(id_number, pk, name, company_id, blanks)
    if merged:
        for _number, pk, name, company_id, _merged, *profile in _people("id", merged, lock):
            for id_number in merged[pk]:
                yield StoredPerson(id_number, pk, name, company_id, _blanks(profile))


def _people(column: str, values: Iterable[Any], lock: bool) -> Iterator[tuple[Any, ...]]:
    condition, param = sql.among(column, values)
    statement = (
        "SELECT id_number, id, name, company_id, merged_into_id, phone, email, region_id, education, title "
        f"FROM {sql.table_of(Person)} stored WHERE {condition}"
    )
    return sql.select(statement + LOCK * lock, param)


def _blanks(profile: list[Any]) -> tuple[str, ...]:
    return tuple(name for name, value in zip(PROFILE, profile, strict=True) if not value)


#: Fields of a row that fill an empty profile.
PROFILE = ("phone", "email", "region", "education", "title")


def read_certificates(numbers: Iterable[str], *, lock: bool = False) -> Iterator[tuple[Any, ...]]:
    """Tuples in the order of StoredCertificate; dates as ISO text on both databases."""
    condition, param = sql.among("number", numbers)
    statement = (
        "SELECT number, id, person_id, type, specialty_id, CAST(issue_date AS text), CAST(renewal_date AS text), "
        "CAST(expiry_date AS text), status, printed_company, remark "
        f"FROM {sql.table_of(Certificate)} stored WHERE {condition}"
    )
    return sql.select(statement + LOCK * lock, param)


def read_cities(company_ids: Iterable[int]) -> dict[int, int | None]:
    """The cities of companies, whose rows stay as they are until the transaction ends."""
    condition, param = sql.among("stored.id", company_ids)
    return {
        pk: city
        for pk, _name, city, _merged in sql.select(
            f"{_companies_sql()} WHERE {condition} FOR SHARE OF stored", param
        )
    }


def people_by_id(ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    condition, param = sql.among("id", ids)
    people = sql.select(f"SELECT id, name, id_number FROM {sql.table_of(Person)} WHERE {condition}", param)
    return {pk: (name, id_number) for pk, name, id_number in people}
