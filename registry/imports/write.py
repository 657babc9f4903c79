# ruff: noqa: S608 (table and column names come from the models, values are always parameters)
"""Carry a plan out, inside the transaction that made it: people, certificates, terms, and the history of each."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backoffice.core.imports import RegisterChanged
from registry.imports import sql
from registry.imports.plan import Plan
from registry.imports.read import gender_of
from registry.imports.sql import Same, Stamp
from registry.imports.stored import (
    PROFILE,
    CompanyRef,
    StoredCertificate,
    read_certificates,
    read_cities,
    read_people,
)
from registry.models import Certificate, CertificateTerm, Company, Person
from registry.models.company import initials_of
from registry.terms import Correction, Dates, corrections, is_renewal

Ranges = dict[str, list[int]]
#: Profile field of a row -> column of the person.
PERSON_COLUMNS = {name: name for name in PROFILE} | {"region": "region_id", "company": "company_id"}


def write(plan: Plan, stamp: Stamp) -> Ranges:
    """Write everything the plan says; return the history ids written per model."""
    employers = [plan.employer_of_holder(index) for index in plan.creates]
    if sql.on_postgres():
        _hold(plan, employers)
    ranges: Ranges = {}
    _create_companies(plan, employers, stamp, ranges)
    person_ids = _create_people(plan, stamp, ranges)
    _fill_people(plan, stamp, ranges)
    certificate_ids = _create_certificates(plan, employers, person_ids, stamp, ranges)
    _update_certificates(plan, stamp, ranges)
    _add_terms(plan, certificate_ids, stamp)
    return ranges


def _hold(plan: Plan, employers: Iterable[CompanyRef | None]) -> None:
    """Lock the records the plan builds on; if one is no longer as planned with, plan again."""
    reused = {plan.rows["id_number"][index] for index in plan.reused}
    touched = reused | (plan.fills.keys() & plan.people.keys())
    if touched and {p.id_number: p for p in read_people(touched, lock=True)} != {
        n: plan.people[n] for n in touched
    }:
        raise RegisterChanged
    stored = {update.stored.number: tuple(update.stored) for update in plan.updates.values()}
    if stored and {row[0]: row for row in read_certificates(stored, lock=True)} != stored:
        raise RegisterChanged
    cities = {company.id: company.city_id for company in employers if company and company.id}
    if cities and read_cities(cities) != cities:
        raise RegisterChanged


def _remember(ranges: Ranges, model: Any, written: Sequence[int]) -> None:
    """Widen the model's range of history ids by what was just written."""
    if written:
        before = ranges.get(model._meta.label, written)
        ranges[model._meta.label] = [min(before[0], written[0]), max(before[1], written[1])]


def _create_companies(
    plan: Plan, employers: Iterable[CompanyRef | None], stamp: Stamp, ranges: Ranges
) -> None:
    """Unknown companies become temporary members, if rows that are written name them."""
    needed = {id(c): c for c in employers if c and c.id is None}
    needed |= {id(c): c for f in plan.fills.values() if (c := f.get("company")) is not None and c.id is None}
    needed |= {id(c): c for i in plan.updates if (c := plan.employers[i]) is not None and c.id is None}
    needed |= {id(c): c for i in plan.creates if (c := plan.employers[i]) is not None and c.id is None}
    if not needed:
        return
    companies = [
        Company(name=company.name, initials=initials_of(company.name)) for company in needed.values()
    ]
    Company.objects.bulk_create(companies)
    for ref, company in zip(needed.values(), companies, strict=True):
        ref.id = company.pk
    ids = sorted(company.pk for company in companies)
    _remember(ranges, Company, sql.write_history(Company, ids, "+", stamp))


def _create_people(plan: Plan, stamp: Stamp, ranges: Ranges) -> Mapping[str, int]:
    """The holders nobody knew; returns their ids by ID number."""
    rows, first = plan.rows, list(plan.new_people.values())
    if not first:
        return {}
    ids = sql.reserve_ids(Person, len(first))
    id_numbers = list(plan.new_people)
    profile = {name: [rows[name][i] for i in first] for name in PROFILE}
    person_ids = dict(zip(id_numbers, ids, strict=True))
    _complete(plan, profile, {id_number: at for at, id_number in enumerate(id_numbers)} if plan.fills else {})
    columns: dict[str, Any] = {
        "id": ids,
        "name": [rows["name"][i] for i in first],
        "id_number": id_numbers,
        "gender": [gender_of(number) for number in id_numbers],
        "birthday": [f"{number[6:10]}-{number[10:12]}-{number[12:14]}" for number in id_numbers],
        "company_id": [company.id if (company := plan.employers[i]) else None for i in first],
        **{PERSON_COLUMNS[name]: values for name, values in profile.items()},
        "created_at": Same(stamp.moment),
        "updated_at": Same(stamp.moment),
    }
    sql.insert(Person, len(first), columns)
    _remember(ranges, Person, sql.write_history(Person, ids, "+", stamp))
    return person_ids


def _complete(plan: Plan, profile: dict[str, list[Any]], positions: Mapping[str, int]) -> None:
    """What a new person's first row left empty, a later row may have known."""
    for id_number, fills in plan.fills.items():
        if id_number in positions:
            for name, value in fills.items():
                profile[name][positions[id_number]] = value


def _fill_people(plan: Plan, stamp: Stamp, ranges: Ranges) -> None:
    """Fill what is empty in the profiles of registered people; their certificates follow a company filled in."""
    changes: dict[int, dict[str, Any]] = {}
    for id_number, fills in plan.fills.items():
        if id_number not in plan.people:
            continue
        values = {PERSON_COLUMNS[name]: getattr(value, "id", value) for name, value in fills.items()}
        # Two numbers may mean one person: a duplicate was merged.
        changes.setdefault(plan.people[id_number].id, {}).update(values)
    if not changes:
        return
    sql.update(Person, changes, stamp.moment)
    _remember(ranges, Person, sql.write_history(Person, sorted(changes), "~", stamp))
    follow_holders([pk for pk, values in changes.items() if "company_id" in values])


def follow_holders(person_ids: Sequence[int]) -> None:
    """Set company and region (the scope) of these people's certificates to where the people are."""
    if person_ids:
        _follow(*sql.among("stored.person_id", person_ids))


def follow_companies(company_ids: Sequence[int]) -> None:
    """Set the region (the scope) of these companies' certificates to where the companies are."""
    if company_ids:
        _follow(*sql.among("stored.company_id", company_ids))


def _follow(condition: str, param: Any) -> None:
    sql.run(
        f"UPDATE {sql.table_of(Certificate)} AS stored SET company_id = person.company_id, "
        "region_id = coalesce(region.parent_id, region.id) "
        f"FROM {sql.table_of(Person)} person "
        f"LEFT JOIN {sql.table_of(Company)} company ON company.id = person.company_id "
        "LEFT JOIN registry_region region ON region.id = company.region_id "
        f"WHERE person.id = stored.person_id AND {condition}",
        param,
    )


def _create_certificates(
    plan: Plan,
    employers: Sequence[CompanyRef | None],
    person_ids: Mapping[str, int],
    stamp: Stamp,
    ranges: Ranges,
) -> Sequence[int]:
    from registry.imports.plan import printed

    rows, creates, people = plan.rows, plan.creates, plan.people
    if not creates:
        return ()
    ids = sql.reserve_ids(Certificate, len(creates))
    id_numbers = rows["id_number"]
    columns: dict[str, Any] = {
        "id": ids,
        "number": [rows["number"][i] for i in creates],
        "type": [rows["type"][i] for i in creates],
        "person_id": [person_ids.get(id_numbers[i]) or people[id_numbers[i]].id for i in creates],
        "company_id": [company.id if company else None for company in employers],
        "region_id": [company.city_id if company else None for company in employers],
        "printed_company": [printed(plan, i) for i in creates],
        "specialty_id": [rows["specialty"][i] for i in creates],
        "issue_date": [rows["issue_date"][i] for i in creates],
        "renewal_date": [rows["renewal_date"][i] or None for i in creates],
        "expiry_date": [rows["expiry_date"][i] for i in creates],
        "status": [rows["status"][i] or "VALID" for i in creates],
        "remark": [rows["remark"][i] for i in creates],
        "created_at": Same(stamp.moment),
        "updated_at": Same(stamp.moment),
    }
    sql.insert(Certificate, len(creates), columns)
    _remember(ranges, Certificate, sql.write_history(Certificate, ids, "+", stamp))
    return ids


def _update_certificates(plan: Plan, stamp: Stamp, ranges: Ranges) -> None:
    changes = {update.stored.id: update.changes for update in plan.updates.values()}
    if changes:
        sql.update(Certificate, changes, stamp.moment)
        _remember(ranges, Certificate, sql.write_history(Certificate, sorted(changes), "~", stamp))


def _add_terms(plan: Plan, certificate_ids: Sequence[int], stamp: Stamp) -> None:
    """One term per new certificate and per renewal; a correction of the dates corrects the term it is about."""
    rows = plan.rows
    owners = list(certificate_ids)
    starts = [rows["renewal_date"][i] or rows["issue_date"][i] for i in plan.creates]
    ends = [rows["expiry_date"][i] for i in plan.creates]
    for update in plan.updates.values():
        before, after = _dates(update.stored), _dates(update.stored._replace(**update.changes))
        if after == before:
            continue
        found = [_correct_term(update.stored.id, wrong) for wrong in corrections(before, after)]
        if is_renewal(before, after) or (after.term != before.term and not any(found)):
            owners.append(update.stored.id)
            starts.append(after.term[0].isoformat())
            ends.append(after.expiry.isoformat())
    columns: dict[str, Any] = {
        "certificate_id": owners, "start_date": starts, "expiry_date": ends,
        "recorded_at": Same(stamp.moment), "import_run_id": Same(stamp.run_id),
    }  # fmt: skip
    sql.insert(CertificateTerm, len(owners), columns)


def _dates(stored: StoredCertificate) -> Dates:
    day = datetime.date.fromisoformat
    renewal = day(stored.renewal_date) if stored.renewal_date else None
    return Dates(day(stored.issue_date), renewal, day(stored.expiry_date))


def _correct_term(certificate_id: int, wrong: Correction) -> int:
    """Correct the terms of a certificate with these days; how many there were."""
    terms = CertificateTerm.objects.filter(certificate=certificate_id, start_date=wrong.start)
    if wrong.expiry is None or wrong.new_expiry is None:
        return terms.update(start_date=wrong.new_start)
    return terms.filter(expiry_date=wrong.expiry).update(
        start_date=wrong.new_start, expiry_date=wrong.new_expiry
    )


def take_corrections_back(certificate_id: int, before: Dates, after: Dates) -> None:
    """The terms that an import corrected with the dates, as they were before it."""
    for done in corrections(before, after):
        _correct_term(certificate_id, Correction(done.new_start, done.new_expiry, done.start, done.expiry))
