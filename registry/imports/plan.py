"""What an import would do with every row, decided without writing: this file is the rule book of specification 3.8.

repeated   the row stands in the file before, letter for letter: ignored
error      the row cannot be right, or names something we do not know
conflict   the register says otherwise; nothing is written, both sides are shown:
             other_person   the number is another person's
             other_name     the ID number is a person's of another name (in the register or in the file)
             older          the register has a later end of validity
             other_company  the person is with another company (the user may accept this one: then the
                            certificate shows the file's company and the person stays where it is)
unchanged  the register already says so
update     the certificate gets new values, or its holder's empty profile fields are filled
create     a new certificate; its holder is created, or reused if registered already
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from backoffice.core.excel import Problem
from registry.imports.messages import refusal
from registry.imports.read import Rows, dates_in_order
from registry.imports.stored import (
    PROFILE,
    Companies,
    CompanyRef,
    StoredCertificate,
    StoredPerson,
    company_key,
    people_by_id,
    read_certificates,
    read_people,
)

#: Field of a row -> column of the certificate, in the order of StoredCertificate from `type` on.
CERTIFICATE_COLUMNS = {
    "type": "type", "specialty": "specialty_id", "issue_date": "issue_date", "renewal_date": "renewal_date",
    "expiry_date": "expiry_date", "status": "status", "company": "printed_company", "remark": "remark",
}  # fmt: skip
ACCEPTABLE = ("other_company",)


@dataclass(frozen=True, slots=True)
class Conflict:
    """The register (or an earlier row) says otherwise. `known` is what it says, by field."""

    kind: str
    field: str
    problem: Problem
    known: dict[str, Any]


@dataclass(slots=True)
class Update:
    stored: StoredCertificate
    changes: dict[str, Any]


@dataclass
class Plan:
    rows: Rows
    companies: Companies
    #: The company of each row; None only in bad rows.
    employers: list[CompanyRef | None] = field(default_factory=list)
    people: dict[str, StoredPerson] = field(default_factory=dict)
    certificates: dict[str, StoredCertificate] = field(default_factory=dict)
    #: Rows that the register already says, found while its answer streams by.
    same: set[int] = field(default_factory=set)

    creates: list[int] = field(default_factory=list)
    updates: dict[int, Update] = field(default_factory=dict)
    unchanged: list[int] = field(default_factory=list)
    conflicts: dict[int, Conflict] = field(default_factory=dict)
    #: Problems found here; those of the file alone are in `rows.problems`, which a second plan must find clean.
    refused: dict[str, dict[int, Problem]] = field(default_factory=dict)
    #: ID number -> the first row written for a person who will be created
    new_people: dict[str, int] = field(default_factory=dict)
    #: ID number -> empty profile fields that rows fill (of new people: fields their first row left empty)
    fills: dict[str, dict[str, Any]] = field(default_factory=dict)
    filled_by: set[int] = field(default_factory=set)
    reused: list[int] = field(default_factory=list)

    counts: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        return self.counts["error"] + self.counts["conflict"]

    @property
    def problems(self) -> dict[str, dict[int, Problem]]:
        """Errors and conflicts by field and row, as the marked copy wants them."""
        merged = {name: dict(cells) for name, cells in self.rows.problems.items()}
        for name, cells in self.refused.items():
            merged.setdefault(name, {}).update(cells)
        for index, conflict in self.conflicts.items():
            merged.setdefault(conflict.field, {})[index] = conflict.problem
        return merged

    @property
    def bad(self) -> set[int]:
        return self.rows.bad.union(*self.refused.values())

    def employer_of_holder(self, index: int) -> CompanyRef | None:
        """Where the row's person works (the scope of the certificate): not always what the row says."""
        id_number = self.rows["id_number"][index]
        person = self.people.get(id_number)
        if person is None:
            return self.employers[self.new_people[id_number]]
        if person.company_id is not None:
            return self.companies.by_id[person.company_id]
        filled: CompanyRef | None = self.fills.get(id_number, {}).get("company")
        return filled


def make_plan(rows: Rows, *, accept: tuple[str, ...] = (), create_companies: bool = False) -> Plan:
    """Compare the rows with the register and with each other; writes nothing."""
    plan = Plan(rows, Companies())
    _find_employers(plan, create_companies)
    _ask_register(plan)
    _decide(plan, set(accept) & set(ACCEPTABLE))
    _name_other_people(plan)
    plan.counts = _count(plan)
    return plan


def _find_employers(plan: Plan, create: bool) -> None:
    rows, companies = plan.rows, plan.companies
    found: dict[str, CompanyRef | None] = {"": None}
    for name in set(rows["company"]):
        if name:
            found[name] = companies.find(name)
            if found[name] is None and create and not companies.is_ambiguous(name):
                found[name] = companies.add(name)
    found[None] = None  # type: ignore[index]  # a refused cell
    plan.employers = [found[name] for name in rows["company"]]
    if None in plan.employers:
        for index, company in enumerate(plan.employers):
            if company is None and (name := rows["company"][index]):
                code = "ambiguous_company" if companies.is_ambiguous(name) else "unknown_company"
                plan.refused.setdefault("company", {})[index] = refusal(code, name)


def _ask_register(plan: Plan) -> None:
    rows = plan.rows
    plan.people = {person.id_number: person for person in read_people(filter(None, set(rows["id_number"])))}
    compared = [rows[name] for name in CERTIFICATE_COLUMNS if name != "company"]
    for answer in read_certificates(rows.by_number):
        index = rows.by_number[answer[0]]
        if _says_the_same(plan, index, answer, compared):
            plan.same.add(index)
        else:
            plan.certificates[answer[0]] = StoredCertificate._make(answer)


def _says_the_same(plan: Plan, index: int, answer: tuple[Any, ...], compared: list[list[Any]]) -> bool:
    """Whether the register's certificate has this holder and every value the row gives."""
    person = plan.people.get(plan.rows["id_number"][index])
    employer = plan.employers[index]
    if person is None or person.id != answer[2] or employer is None:
        return False
    if answer[9] != plan.rows["company"][index] and answer[9] != printed(plan, index):
        return False
    types, specialties, issues, renewals, expiries, statuses, remarks = compared
    return (
        types[index] == answer[3]
        and (not specialties[index] or specialties[index] == answer[4])
        and issues[index] == answer[5]
        and (not renewals[index] or renewals[index] == answer[6])
        and expiries[index] == answer[7]
        and (not statuses[index] or statuses[index] == answer[8])
        and (not remarks[index] or remarks[index] == answer[10])
    )


def printed(plan: Plan, index: int) -> str:
    """The company text for the certificate: the file's, in the register's spelling if it is the present name."""
    text: str = plan.rows["company"][index]
    employer = plan.employers[index]
    if employer is None or text == employer.name:
        return text
    return employer.name if plan.companies.by_name.get(company_key(text)) is employer else text


def _decide(plan: Plan, accept: set[str]) -> None:
    rows, bad = plan.rows, plan.bad
    numbers, id_numbers = rows["number"], rows["id_number"]
    people, certificates, same, repeats = plan.people, plan.certificates, plan.same, rows.repeats
    namesakes = _two_names(plan, bad)
    for index in range(rows.count):
        if index in bad or index in repeats:
            continue
        id_number = id_numbers[index]
        person, stored = people.get(id_number), certificates.get(numbers[index])
        if (
            person is None
            and stored is None
            and id_number not in plan.new_people
            and id_number not in namesakes
        ):
            plan.new_people[id_number] = index  # nearly every row of a first import
            plan.creates.append(index)
            continue
        conflict = _conflict(plan, index, person, stored, namesakes)
        if conflict is not None and conflict.kind not in accept:
            plan.conflicts[index] = conflict
        elif index in same:
            _keep(plan, index, person)
        elif stored is None:
            _create(plan, index, person)
        else:
            _update(plan, index, person, stored)


def _two_names(plan: Plan, bad: set[int]) -> dict[str, dict[str, int]]:
    """ID numbers of unregistered people whom the file gives several names: {ID number: {name: first row}}."""
    rows, first, twice = plan.rows, {}, set()
    names = rows["name"]
    for index, id_number in enumerate(rows["id_number"]):
        if index in bad:
            continue
        before = first.setdefault(id_number, index)
        if before != index and names[before] != names[index]:
            twice.add(id_number)
    found: dict[str, dict[str, int]] = {}
    if twice:
        for index, id_number in enumerate(rows["id_number"]):
            if id_number in twice and index not in bad and id_number not in plan.people:
                found.setdefault(id_number, {}).setdefault(names[index], index)
    return found


def _conflict(
    plan: Plan,
    index: int,
    person: StoredPerson | None,
    stored: StoredCertificate | None,
    namesakes: dict[str, dict[str, int]],
) -> Conflict | None:
    rows = plan.rows
    if stored is not None and (person is None or person.id != stored.person_id):
        # `_name_other_people` asks for all of them at once.
        return Conflict("other_person", "number", refusal("other_person"), {"person_id": stored.person_id})
    name = rows["name"][index]
    if person is None:
        return _conflict_in_file(plan, index, namesakes)
    if person.name != name:
        return Conflict("other_name", "name", refusal("other_name", name=person.name), {"name": person.name})
    if index in plan.same:
        return None
    if stored is not None and rows["expiry_date"][index] < stored.expiry_date:
        known = {"expiry_date": stored.expiry_date}
        return Conflict("older", "expiry_date", refusal("older", stored=stored.expiry_date), known)
    employer = plan.employers[index]
    known_id = person.company_id
    if known_id is None:
        filled = plan.fills.get(person.id_number, {}).get("company")
        if filled is None or filled is employer:
            return None
        company = filled.name
    elif employer is not None and employer.id == known_id:
        return None
    else:
        company = plan.companies.by_id[known_id].name
    return Conflict(
        "other_company", "company", refusal("other_company", company=company), {"company": company}
    )


def _name_other_people(plan: Plan) -> None:
    """Say whose the certificates are that belong to somebody else."""
    others = {i: c for i, c in plan.conflicts.items() if c.kind == "other_person"}
    if not others:
        return
    people = people_by_id({conflict.known["person_id"] for conflict in others.values()})
    for index, conflict in others.items():
        name, id_number = people[conflict.known["person_id"]]
        known = {"name": name, "id_number": id_number}
        plan.conflicts[index] = Conflict("other_person", "number", refusal("other_person", **known), known)


def _conflict_in_file(plan: Plan, index: int, namesakes: dict[str, dict[str, int]]) -> Conflict | None:
    """A person who is not registered yet: earlier rows are all we know."""
    rows = plan.rows
    id_number = rows["id_number"][index]
    if namesakes and id_number in namesakes:
        name, row = next((n, i) for n, i in namesakes[id_number].items() if n != rows["name"][index])
        number = rows.table.places[row]
        problem = refusal("other_name_in_file", name=name, row=number)
        return Conflict("other_name", "name", problem, {"name": name, "row": number})
    first = plan.new_people.get(id_number)
    if first is None or plan.employers[first] is plan.employers[index]:
        return None
    employer, number = plan.employers[first], rows.table.places[first]
    company = employer.name if employer else ""
    problem = refusal("other_company_in_file", company=company, row=number)
    return Conflict("other_company", "company", problem, {"company": company, "row": number})


def _keep(plan: Plan, index: int, person: StoredPerson | None) -> None:
    if person is not None and _fill(plan, index, person):
        return
    plan.unchanged.append(index)


def _create(plan: Plan, index: int, person: StoredPerson | None) -> None:
    plan.creates.append(index)
    if person is not None:
        plan.reused.append(index)
        _fill(plan, index, person)
        return
    first = plan.new_people.setdefault(plan.rows["id_number"][index], index)
    if first != index:
        blanks = [name for name in PROFILE if not plan.rows[name][first] and plan.rows[name][index]]
        for name in blanks:
            fills = plan.fills.setdefault(plan.rows["id_number"][index], {})
            fills.setdefault(name, plan.rows[name][index])


def _update(plan: Plan, index: int, person: StoredPerson | None, stored: StoredCertificate) -> None:
    changes = _changes(plan, index, stored)
    after = stored._replace(**changes)
    if not dates_in_order(after.issue_date, after.renewal_date, after.expiry_date):
        dates = " – ".join(filter(None, (stored.issue_date, stored.renewal_date, stored.expiry_date)))
        plan.refused.setdefault("issue_date", {})[index] = refusal("dates_order_stored", stored=dates)
        return
    plan.updates[index] = Update(stored, changes)
    if person is not None:
        _fill(plan, index, person)


def _changes(plan: Plan, index: int, stored: StoredCertificate) -> dict[str, Any]:
    """The values the row gives and the register has otherwise; an empty cell says nothing."""
    changes = {}
    for name, column in CERTIFICATE_COLUMNS.items():
        value = printed(plan, index) if name == "company" else plan.rows[name][index]
        if value and value != getattr(stored, column):
            changes[column] = value
    return changes


def _fill(plan: Plan, index: int, person: StoredPerson) -> bool:
    """Note what the row knows about empty profile fields; whether it knew anything new."""
    if not person.blanks and person.company_id is not None:
        return False
    new = {name: plan.rows[name][index] for name in person.blanks if plan.rows[name][index]}
    if person.company_id is None:
        new["company"] = plan.employers[index]
    known = plan.fills.get(person.id_number, {})
    new = {name: value for name, value in new.items() if name not in known}
    if not new:
        return False
    plan.fills[person.id_number] = known | new
    plan.filled_by.add(index)
    return True


def _count(plan: Plan) -> dict[str, int]:
    written = [*plan.creates, *plan.updates, *plan.filled_by]
    companies = {id(plan.employers[i]) for i in written if plan.employers[i] and plan.employers[i].id is None}  # type: ignore[union-attr]
    kinds = Counter(f"conflict_{conflict.kind}" for conflict in plan.conflicts.values())
    filled_only = plan.filled_by - plan.updates.keys() - set(plan.reused)
    return {
        "rows": plan.rows.count + len(plan.rows.table.rejected),
        "create": len(plan.creates),
        "update": len(plan.updates) + len(filled_only),
        "unchanged": len(plan.unchanged),
        "repeated": len(plan.rows.repeats.keys() - plan.bad),
        "conflict": len(plan.conflicts),
        "error": len(plan.bad) + len(plan.rows.table.rejected),
        "reuse": len(plan.reused),
        "people_created": len(plan.new_people),
        "people_filled": sum(id_number in plan.people for id_number in plan.fills),
        "companies_created": len(companies),
        **kinds,
    }
