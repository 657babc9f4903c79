"""The inbox of an association after years: records of six flows, each with the tasks it left at the desks.

    python -m benchmarks.inbox_data --open 100000 --closed 1000000 --db sqlite

SQLite: var/bench/inbox_<open>_<closed>.sqlite3. PostgreSQL: database bench_inbox_<open>_<closed> on 127.0.0.1. Kept
for the next run; `--fresh` builds it again. Every record exists and has the whole trail of its tasks.
"""

import argparse
import datetime
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from benchmarks import dataset
from fixtures.names import DemoNames

#: Databases of an older layout are built again.
LAYOUT = 1
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0, tzinfo=None)
DAY = datetime.timedelta(days=1)
#: Working days at a desk -> calendar days.
CALENDAR_DAYS = {2: 2, 3: 5, 4: 6, 10: 14}
YEARS = 4
O, F, T, L, C, A = "OFFICE", "FINANCE", "TRAINING", "LOCAL_BODY", "COMPANY", "APPLICANT"  # noqa: E741
Visit = tuple[str, str, str, int]
#: model -> share of the records, the state at the end, and the visits: state, desk, step that ends it, days.
FLOWS: dict[str, tuple[int, str, list[Visit]]] = {
    "training.enrolment": (45, "CONFIRMED", [
        ("DRAFT", C, "submit", 0), ("LOCAL_REVIEW", L, "local_approve", 2),
        ("AWAITING_PAYMENT", C, "submit_voucher", 10), ("FINANCE_REVIEW", F, "finance_approve", 2),
        ("TRAINING_REVIEW", T, "training_confirm", 2)]),
    "registry.personalapplication": (25, "APPROVED", [
        ("DRAFT", A, "submit", 0), ("COMPANY_REVIEW", C, "company_approve", 3),
        ("LOCAL_REVIEW", L, "local_approve", 3)]),
    "registry.transfer": (15, "APPROVED", [("DRAFT", C, "submit", 0), ("OFFICE_REVIEW", O, "approve", 4)]),
    "registry.helprequest": (10, "CLOSED", [
        ("DRAFT", A, "send", 0), ("OPEN", O, "answer", 4), ("ANSWERED", A, "close", 0)]),
    "registry.companyapplication": (3, "APPROVED", [("DRAFT", A, "submit", 0), ("OFFICE_REVIEW", O, "approve", 3)]),
    "registry.companychange": (2, "APPROVED", [("DRAFT", C, "submit", 0), ("OFFICE_REVIEW", O, "approve", 3)]),
}  # fmt: skip
#: Every seventh enrolment or so is returned once.
RETURNED: list[Visit] = [("DRAFT", C, "submit", 0), ("LOCAL_REVIEW", L, "local_return", 2)]


@dataclass(slots=True)
class Record:
    """One record, and its visits to desks: (visit, since, until or None)."""

    model: str
    state: str
    company: int
    body: int
    name: str
    text: str
    subject: str
    visits: list[tuple[Visit, datetime.datetime, datetime.datetime | None]]
    number: int = 0
    id: int = 0

    @property
    def begun(self) -> datetime.datetime:
        return self.visits[0][1]


def name_of(open_tasks: int, closed_tasks: int) -> str:
    return f"inbox_{open_tasks}_{closed_tasks}_v{LAYOUT}"


def ensure(db: str, open_tasks: int, closed_tasks: int, *, fresh: bool = False) -> None:
    """Build the database unless it is there, bring it up to the present migrations, and stay on it."""
    from django.core.management import call_command
    from django.db import connection

    size = name_of(open_tasks, closed_tasks)
    dataset.ensure(db, size, fresh=fresh, contents=lambda: write(open_tasks, closed_tasks))
    dataset.use(db, size)
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:  # an index that a migration has just added is unknown to the planner
        cursor.execute("ANALYZE core_task")


def write(open_tasks: int, closed_tasks: int) -> None:
    from django.contrib.contenttypes.models import ContentType
    from django.core.management import call_command

    from registry.models import LocalBody, Region

    call_command("loaddata", "fixtures/local_bodies.json", verbosity=0)
    chance, names = random.Random(open_tasks), DemoNames(open_tasks)
    cities = list(Region.objects.filter(parent=None).order_by("code"))
    companies = dataset.make_companies(max(20, min(2000, open_tasks // 50)), cities, names, chance)
    dataset.insert("registry_company", dataset.COMPANY, companies)
    bodies = list(LocalBody.objects.order_by("pk").values_list("pk", flat=True))
    users = list(make_users(companies, bodies))
    dataset.insert("accounts_user", USER, users)
    dataset.insert("training_trainingclass", TRAINING_CLASS, make_classes(bodies))
    # Asked now: rows are made while a COPY has the connection.
    kinds = {model: ContentType.objects.get_by_natural_key(*model.split(".")).pk for model in FLOWS}
    maker = Maker(companies, bodies, names, chance)
    records = sorted(maker.records(open_tasks, closed_tasks), key=attrgetter("begun"))
    for model in FLOWS:
        of_flow = [record for record in records if record.model == model]
        for number, record in enumerate(of_flow, 1):
            record.id = number
        columns, row = TABLES[model]
        dataset.insert(model.replace(".", "_"), columns, map(row, of_flow))
    dataset.insert("core_task", TASK, make_tasks(records, users, kinds, chance))


# -- records --------------------------------------------------------------------------------------------


class Maker:
    """Draws records: first those that wait somewhere, then ended ones until the closed tasks are enough."""

    def __init__(
        self,
        companies: Sequence[tuple],
        bodies: Sequence[int],
        names: DemoNames,
        chance: random.Random,
    ) -> None:
        self.companies, self.bodies = companies, bodies
        self.names, self.chance = names, chance
        # One company and one body are large, most are small.
        self.company_weights = list(itertools.accumulate(1 / (3 + n) for n in range(len(companies))))
        self.body_weights = list(itertools.accumulate([12, 8, *[1] * (len(bodies) - 2)]))
        self.models = list(FLOWS)
        self.model_weights = list(itertools.accumulate(share for share, _end, _visits in FLOWS.values()))
        self.changes = 0

    def records(self, open_tasks: int, closed_tasks: int) -> Iterator[Record]:
        for _ in range(open_tasks):
            record = self.record(is_open=True)
            closed_tasks -= len(record.visits) - 1
            yield record
        while closed_tasks > 0:
            record = self.record(is_open=False)
            record.visits = record.visits[:closed_tasks]
            closed_tasks -= len(record.visits)
            yield record

    def record(self, *, is_open: bool) -> Record:
        chance = self.chance
        model = chance.choices(self.models, cum_weights=self.model_weights)[0]
        _share, end, visits = FLOWS[model]
        if model == "training.enrolment" and chance.random() < 0.15:
            visits = RETURNED + visits
        company = chance.choices(self.companies, cum_weights=self.company_weights)[0]
        number = int(chance.random() * 40)
        if model == "registry.companychange":  # one open change of a kind for each company
            self.changes += 1
            number = self.changes
            company = self.companies[number // 2 % len(self.companies)]
        stop, state = len(visits), end
        if is_open:
            stop = 1 + int(chance.random() * len(visits))
            state = visits[stop - 1][0]
        name = self.names.person("M")
        body = chance.choices(self.bodies, cum_weights=self.body_weights)[0]
        text = self.names.company("") if model == "registry.companyapplication" else company[1]
        if model == "training.enrolment":
            subject = f"{company[1]} · {class_title(number)} · {number}"
        elif model in ("registry.companyapplication", "registry.companychange"):
            subject = text if model == "registry.companyapplication" else f"{text} · 变更"
        else:
            subject = f"{name} · {company[1]}"
        return Record(
            model, state, company[0], body, name, text, subject, self.dated(visits[:stop], is_open), number
        )

    def dated(self, visits: list[Visit], is_open: bool) -> list:
        """The visits with their times, counted back from now, or from some day of the last years."""
        chance = self.chance
        until = None if is_open else NOW - DAY * (chance.random() * 365 * YEARS)
        dated = []
        for visit in reversed(visits):
            since = (until or NOW) - DAY * min(40, chance.expovariate(1 / 4))
            dated.append((visit, since.replace(microsecond=0), until and until.replace(microsecond=0)))
            until = since
        return dated[::-1]


def class_title(number: int) -> str:
    return f"2026年第{number % 8 + 1}期监理继续教育班"


def personal_row(record: Record) -> tuple:
    return (record.id, record.state, f"p{record.id}", "", record.begun, record.begun, record.name, f"p{record.id}",
            "", record.company, "", "", record.body, "PENDING", "", "PENDING", "")  # fmt: skip


def transfer_row(record: Record) -> tuple:
    return (record.id, record.state, record.company, record.name, f"t{record.id}", "", 1, record.begun)


def help_row(record: Record) -> tuple:
    return (record.id, record.state, f"h{record.id}", "", record.begun, record.begun, "OTHER", record.name, "", "",
            record.text, "", "", "")  # fmt: skip


def application_row(record: Record) -> tuple:
    return (record.id, record.state, f"c{record.id}", "", record.begun, record.begun, "TEMPORARY", record.text,
            f"c{record.id}", "", "", "", "")  # fmt: skip


def change_row(record: Record) -> tuple:
    kind = ("RENAME", "UPGRADE")[record.number % 2]
    return (record.id, record.state, record.company, kind, "", "", "", 1, record.begun)


def enrolment_row(record: Record) -> tuple:
    submitted = record.visits[1][1] if len(record.visits) > 1 else None
    held = (record.body - 1) * 8 + record.number % 8 + 1
    return (record.id, record.state, record.company, held, record.body, "", "", "", submitted, record.number, 0,
            record.begun, record.begun)  # fmt: skip


#: The columns of a table, and a record's row.
APPLICATION = ["id", "state", "key", "email", "created_at", "updated_at"]
TABLES: dict[str, tuple[list[str], Any]] = {
    "registry.personalapplication": (
        [*APPLICATION, "name", "id_number", "phone", "company_id", "education", "title", "local_body_id",
         "company_review", "company_opinion", "local_review", "local_opinion"], personal_row),
    "registry.transfer": (
        ["id", "state", "company_id", "name", "id_number", "remark", "created_by_id", "created_at"], transfer_row),
    "registry.helprequest": (
        [*APPLICATION, "topic", "name", "id_number", "certificate_number", "company_name", "phone", "text",
         "answer_text"], help_row),
    "registry.companyapplication": (
        [*APPLICATION, "purpose", "name", "credit_code", "office_address", "contact_name", "contact_phone",
         "login_name"], application_row),
    "registry.companychange": (
        ["id", "state", "company_id", "kind", "new_name", "new_login_name", "old_name", "created_by_id",
         "created_at"], change_row),
    "training.enrolment": (
        ["id", "state", "company_id", "training_class_id", "local_body_id", "contact_name", "contact_phone",
         "remark", "submitted_at", "people", "amount", "created_at", "updated_at"], enrolment_row),
}  # fmt: skip

TRAINING_CLASS = ["id", "state", "title", "type", "mode", "category", "local_body_id", "place", "capacity", "tuition",
                  "remark", "created_at"]  # fmt: skip


def make_classes(bodies: Sequence[int]) -> Iterator[tuple]:
    """Eight for each body."""
    for number, (body, _nth) in enumerate(itertools.product(bodies, range(8)), 1):
        yield (number, "OPEN", class_title(number - 1), "CONTINUING", "ONLINE", "", body, "", 100_000, 0, "",
               NOW)  # fmt: skip


# -- people and tasks -----------------------------------------------------------------------------------

USER = ["id", "password", "username", "name", "role", "company_id", "local_body_id", "is_manager", "email", "phone",
        "is_active", "must_change_password", "code_hash", "code_tries", "joined_at"]  # fmt: skip
#: How many sit at a desk of the association; a body has two, a company one, the first of each three.
STAFF = {O: 5, F: 3, T: 3}


def make_users(companies: Sequence[tuple], bodies: Sequence[int]) -> Iterator[tuple]:
    """`office1`, `training1`, `body1` (the large one), `company1` (the large one), …"""
    desks: list[tuple[str, int | None, int | None, str, int]] = [
        (role, None, None, role.lower(), count) for role, count in STAFF.items()
    ]
    desks += [(L, None, body, f"body{n}", 3 if n == 1 else 2) for n, body in enumerate(bodies, 1)]
    desks += [
        (C, company[0], None, f"company{n}", 3 if n == 1 else 1) for n, company in enumerate(companies, 1)
    ]
    ids = itertools.count(1)
    for role, company_id, body, name, count in desks:
        for nth in range(1, count + 1):
            username = f"{name}_{nth}" if role in (L, C) else f"{name}{nth}"
            yield (next(ids), dataset.PASSWORD_HASH, username, username, role, company_id, body, False, "", "", True,
                   False, "", 0, NOW)  # fmt: skip


TASK = ["id", "content_type_id", "object_id", "role", "bound_id", "state", "subject", "opened_at", "due_on",
        "closed_at", "closed_by_id", "closed_with", "assigned_to_id", "is_latest"]  # fmt: skip


def make_tasks(
    records: Iterable[Record], users: Iterable[tuple], kinds: dict[str, int], chance: random.Random
) -> Iterator[tuple]:
    """In the order in which they were opened; a third has somebody who looks after it."""
    people: dict[tuple[str, int | None], list[int]] = {}
    for user in users:
        people.setdefault((user[4], user[5] or user[6]), []).append(user[0])
    tasks = []
    for record in records:
        bound = {C: record.company, L: record.body, A: record.id}
        for nth, (visit, since, until) in enumerate(record.visits, 1):
            tasks.append((since, until, visit, bound.get(visit[1]), record, nth == len(record.visits)))
    tasks.sort(key=lambda task: task[0])
    for number, (since, until, (state, role, step, days), bound_id, record, is_last) in enumerate(tasks, 1):
        at_desk = people.get((role, bound_id), [])
        due = since.date() + DAY * CALENDAR_DAYS[days] if days else None
        closed_by = chance.choice(at_desk) if until and at_desk else None
        held = chance.choice(at_desk) if at_desk and chance.random() < 0.33 else None
        yield (number, kinds[record.model], record.id, role, bound_id, state, record.subject, since, due, until,
               closed_by, step if until else "", held, is_last)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    dataset.setup(options.db, name_of(options.open, options.closed))
    ensure(options.db, options.open, options.closed, fresh=options.fresh)


if __name__ == "__main__":
    main()
