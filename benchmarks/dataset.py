"""A register of any size for the benchmarks, with a season on top: one million certificates in some minutes, kept for
the next run.

    python -m benchmarks.dataset --rows 1000000 --db sqlite

SQLite: var/bench/lists_<rows>.sqlite3. PostgreSQL: database bench_lists_<rows> on 127.0.0.1, user root.
The same number of rows gives the same data. `--fresh` builds it again.
"""

import argparse
import datetime
import itertools
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import season
from fixtures.names import DemoNames

BENCH_DIR = Path(__file__).resolve().parent.parent / "var" / "bench"
SERVER = "postgres://root@127.0.0.1:5432/"
#: Databases of an older layout are built again.
LAYOUT = 5
TODAY = datetime.date.today()
TYPES = {"ENGINEER": 50, "SUPERVISOR": 35, "SAFETY": 15}
STATUSES = {"VALID": 82, "SUPERSEDED": 10, "CANCELLED": 5, "REPLACED": 3}
TITLES = ("", "助理工程师", "工程师", "高级工程师")
EDUCATIONS = ("", "SECONDARY", "COLLEGE", "BACHELOR", "MASTER")
PASSWORD_HASH = "!bench"  # nobody signs in with it: the client uses force_login


def database_name(db: str, size: int | str) -> str:
    """What Django calls the database: a file or a name. `size`: certificates, or the name of another data set."""
    name = f"lists_{size}_v{LAYOUT}" if isinstance(size, int) else size
    return str(BENCH_DIR / f"{name}.sqlite3") if db == "sqlite" else f"bench_{name}"


def setup(db: str, size: int | str) -> None:
    """Start Django on this database. Once per process; `use()` changes over to another size."""
    name = database_name(db, size)
    os.environ["DATABASE_URL"] = f"sqlite:///{name}" if db == "sqlite" else SERVER + name
    os.environ.setdefault("TASKS_BACKEND", "worker")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    import django

    django.setup()


def use(db: str, size: int | str) -> None:
    """Let the default connection speak to the database of this size from now on."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = database_name(db, size)
    connection.ensure_connection()


def ensure(
    db: str, size: int | str, *, fresh: bool = False, contents: Callable[[], None] | None = None
) -> None:
    """Build the database unless it is there; leaves the default connection on it. `contents` writes another
    data set than the register."""
    exists = _create(db, size, fresh=fresh)
    use(db, size)
    if not exists:
        started = time.perf_counter()
        fill(contents or (lambda: write(int(size))))
        took = time.perf_counter() - started
        print(f"built {database_name(db, size)} in {took:.0f} s", file=sys.stderr)


def _create(db: str, size: int | str, *, fresh: bool) -> bool:
    """Whether it was there already."""
    if db == "sqlite":
        path = Path(database_name(db, size))
        path.parent.mkdir(parents=True, exist_ok=True)
        finished = path.with_suffix(".built")
        if finished.exists() and not fresh:
            return True
        for leftover in path.parent.glob(f"{path.stem}.*"):
            leftover.unlink()
        return False
    import psycopg

    name = database_name(db, size)
    with psycopg.connect(SERVER + "postgres", autocommit=True) as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found:
            with psycopg.connect(SERVER + name) as there:
                built = there.execute("SELECT to_regclass('bench_built')").fetchone()
            if built and built[0] and not fresh:
                return True
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
    return False


def fill(contents: Callable[[], None]) -> None:
    """Migrate and write everything."""
    from django.core.management import call_command
    from django.db import connection, transaction

    call_command("migrate", verbosity=0)
    call_command("loaddata", "fixtures/regions.json", "fixtures/specialties.json", verbosity=0)
    with transaction.atomic():
        contents()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("CREATE TABLE bench_built (at timestamptz)")
    if connection.vendor == "sqlite":
        connection.close()
        Path(connection.settings_dict["NAME"]).with_suffix(".built").touch()


def write(rows: int) -> None:
    from registry.models import Region, Specialty

    chance, names = random.Random(rows), DemoNames(rows)
    regions = list(Region.objects.order_by("code"))
    cities = [region for region in regions if region.parent_id is None]
    companies = make_companies(max(20, rows // 500), cities, names, chance)
    insert("registry_company", COMPANY, companies)
    # A few companies are large and most are small, as in life.
    employers = chance.choices(
        range(len(companies)), [1 / (5 + n) for n in range(len(companies))], k=rows * 2 // 5
    )
    people = list(make_people(employers, companies, regions, names, chance))
    insert("registry_person", PERSON, people)
    specialties = list(Specialty.objects.values_list("pk", flat=True))
    insert(
        "registry_certificate", CERTIFICATE, make_certificates(rows, people, companies, specialties, chance)
    )
    make_users(companies, people)
    season.write(rows, companies, people)


# -- rows: columns in the order of these lists ------------------------------------------------------

COMPANY = ["id", "name", "credit_code", "membership", "status", "region_id", "office_address", "contact_name",
           "contact_phone", "information_officer", "email", "initials", "created_at", "updated_at"]  # fmt: skip
PERSON = ["id", "name", "id_number", "gender", "birthday", "phone", "email", "company_id", "region_id",
          "education", "title", "created_at", "updated_at"]  # fmt: skip
CERTIFICATE = ["id", "number", "type", "person_id", "company_id", "region_id", "printed_company", "specialty_id",
               "issue_date", "renewal_date", "expiry_date", "status", "remark", "created_at",
               "updated_at"]  # fmt: skip
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat(" ")


def make_companies(count: int, cities: Sequence[Any], names: DemoNames, chance: random.Random) -> list[tuple]:
    from registry.models.company import initials_of

    weights = [30 if city.code in ("440100", "440300") else 5 for city in cities]
    made = []
    for pk, city in enumerate(chance.choices(cities, weights, k=count), 1):
        name = names.company(city.name)
        made.append((
            pk, name, names.credit_code(city.code), chance.choice(("FORMAL", "TEMPORARY")),
            chance.choices(("ACTIVE", "SUSPENDED", "LEFT"), (90, 5, 5))[0], city.pk, names.address(city.name),
            names.person("F"), names.phone(), f"co{pk}", f"co{pk}@example.org", initials_of(name), NOW, NOW,
        ))  # fmt: skip
    return made


def make_people(
    employers: Sequence[int],
    companies: Sequence[tuple],
    regions: Sequence[Any],
    names: DemoNames,
    chance: random.Random,
) -> Iterator[tuple]:  # fmt: skip
    oldest, districts = datetime.date(1962, 1, 1), [region for region in regions if region.parent_id]
    for pk, employer in enumerate(employers, 1):
        gender = "M" if chance.random() < 0.8 else "F"
        birthday = oldest + datetime.timedelta(days=int(chance.random() * 14_600))
        region = districts[int(chance.random() * len(districts))]
        yield (
            pk, names.person(gender), names.id_number(region.code, birthday, gender), gender, birthday.isoformat(),
            names.phone(), "", companies[employer][0], region.pk, chance.choice(EDUCATIONS), chance.choice(TITLES),
            NOW, NOW,
        )  # fmt: skip


def make_certificates(
    rows: int,
    people: Sequence[tuple],
    companies: Sequence[tuple],
    specialties: Sequence[int],
    chance: random.Random,
) -> Iterator[tuple]:  # fmt: skip
    """Issued over 22 years; most are renewed every three years, some lapsed long ago."""
    first = TODAY - datetime.timedelta(days=22 * 365)
    types = chance.choices(list(TYPES), TYPES.values(), k=rows)
    statuses = chance.choices(list(STATUSES), STATUSES.values(), k=rows)
    serials: dict[tuple[str, int], int] = {}
    letters = DemoNames()
    for index in range(rows):
        issued = first + datetime.timedelta(days=index * 22 * 365 // rows)
        serial = serials[types[index], issued.year] = serials.get((types[index], issued.year), 0) + 1
        person = people[int(chance.random() * len(people))]
        company = companies[person[7] - 1]
        terms = (TODAY - issued).days // 1095 if chance.random() < 0.7 else int(chance.random() * 3)
        renewed = issued + datetime.timedelta(days=terms * 1095) if terms else None
        if renewed and renewed > TODAY:
            renewed, terms = None, 0
        expiry = issued + datetime.timedelta(days=(terms + 1) * 1095)
        yield (
            index + 1, letters.certificate_number(types[index], issued.year, serial), types[index], person[0],
            company[0], company[5], company[1], specialties[index % len(specialties)], issued.isoformat(),
            renewed.isoformat() if renewed else None, expiry.isoformat(), statuses[index], "", NOW, NOW,
        )  # fmt: skip


def make_users(companies: Sequence[tuple], people: Sequence[tuple]) -> None:
    """One of each role, named after it; `company` is of a company with several hundred certificates in the large
    register, `large` of the one with the most, `local_body` of the first body."""
    from django.core.management import call_command

    from backoffice.accounts.models import User
    from backoffice.roles import BINDINGS, Role
    from registry.models import LocalBody

    call_command("loaddata", "fixtures/local_bodies.json", verbosity=0)
    bound = {
        "company_id": companies[len(companies) // 10][0],
        "person_id": people[0][0],
        "local_body_id": LocalBody.objects.order_by("pk").values_list("pk", flat=True)[0],
    }
    for role in Role:
        field = BINDINGS.get(role)
        User.objects.create_user(
            role.lower(), role=role, name=role.label, **({field: bound[field]} if field else {})
        )
    User.objects.create_user("large", role=Role.COMPANY, name="大型会员单位", company_id=companies[0][0])


def insert(table: str, columns: Sequence[str], rows: Iterable[tuple]) -> None:
    """Plain SQL: COPY on PostgreSQL (and the sequence moved on), executemany on SQLite."""
    from django.db import connection

    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
            return
        sql = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['?'] * len(columns))})"
        stream = iter(rows)
        while chunk := list(itertools.islice(stream, 20_000)):
            # Django's cursor looks for %s in every statement; the driver's own does not.
            connection.connection.executemany(sql, chunk)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    setup(options.db, options.rows)
    ensure(options.db, options.rows, fresh=options.fresh)


if __name__ == "__main__":
    main()
