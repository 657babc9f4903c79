"""Every offered list, filter, sort and search of the register, compared with 1,000 rows and a stock admin.

    python -m benchmarks.lists --rows 1000000 --db sqlite [--json] [--only TEXT] [--no-stock]

A page is what the test client gets for one GET, session and sidebar included. ms: median; cpu: processor time,
the mean (a busy machine distorts it less; PostgreSQL's share is counted in hundredths of a second); small: the
same page over 1,000 rows, where it shows as many; stock: `benchmarks/stock.py` over the large register. In one
process, in turns.
"""

import argparse
import datetime
import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks import dataset
from benchmarks.common import processor_seconds

SMALL = 1_000
CERTIFICATES, PEOPLE, COMPANIES = "registry/certificate/", "registry/person/", "registry/company/"
#: model, what is asked, our query string, the stock admin's. Braces are filled with values of the register.
PAGES: list[tuple[str, str, str, str]] = [
    (CERTIFICATES, "list", "", ""),
    (CERTIFICATES, "page 100", "p=100", "p=100"),
    (CERTIFICATES, "status valid", "status=VALID", "status__exact=VALID"),
    (CERTIFICATES, "status cancelled", "status=CANCELLED", "status__exact=CANCELLED"),
    (CERTIFICATES, "type", "type=SAFETY", "type__exact=SAFETY"),
    (CERTIFICATES, "type, status", "type=SAFETY&status=CANCELLED", "type__exact=SAFETY&status__exact=CANCELLED"),
    (CERTIFICATES, "region, large", "region={city}", "region__id__exact={city}"),
    (CERTIFICATES, "region, small", "region={town}", "region__id__exact={town}"),
    (CERTIFICATES, "region, type", "region={town}&type=SAFETY", "region__id__exact={town}&type__exact=SAFETY"),
    (CERTIFICATES, "region, status", "region={town}&status=CANCELLED",
     "region__id__exact={town}&status__exact=CANCELLED"),
    (CERTIFICATES, "company", "company={company}", "company__id__exact={company}"),
    (CERTIFICATES, "company, largest", "company=1", "company__id__exact=1"),
    (CERTIFICATES, "company, status", "company={company}&status=VALID",
     "company__id__exact={company}&status__exact=VALID"),
    (CERTIFICATES, "not expired", "expires=valid", "expiry_date__gte={today}"),
    (CERTIFICATES, "expired", "expires=expired", "expiry_date__lt={today}"),
    (CERTIFICATES, "expires in 30 days", "expires=30", "expiry_date__gte={today}&expiry_date__lte={soon}"),
    (CERTIFICATES, "expires in 30 days, region", "expires=30&region={city}",
     "expiry_date__gte={today}&expiry_date__lte={soon}&region__id__exact={city}"),
    (CERTIFICATES, "expires in 30 days, status", "expires=30&status=CANCELLED",
     "expiry_date__gte={today}&expiry_date__lte={soon}&status__exact=CANCELLED"),
    (CERTIFICATES, "expires from-to", "expires_from={today}&expires_to={soon}",
     "expiry_date__gte={today}&expiry_date__lte={soon}"),
    (CERTIFICATES, "by number", "o={number}", "o=1"),
    (CERTIFICATES, "by number, down", "o=-{number}", "o=-1"),
    (CERTIFICATES, "by issue date", "o={issue_date}", "o=6"),
    (CERTIFICATES, "by expiry", "o={expiry_date}", "o=8"),
    (CERTIFICATES, "by expiry, down", "o=-{expiry_date}", "o=-8"),
    (CERTIFICATES, "region, by number", "region={town}&o={number}", "region__id__exact={town}&o=1"),
    (CERTIFICATES, "status, by expiry", "status=CANCELLED&o={expiry_date}", "status__exact=CANCELLED&o=8"),
    (CERTIFICATES, "company, by number", "company={company}&o={number}", "company__id__exact={company}&o=1"),
    (CERTIFICATES, "search number", "q={a_number}", "q={a_number}"),
    (CERTIFICATES, "search number, 4 characters", "q=A116", "q=A116"),
    (CERTIFICATES, "search ID number", "q={id_number}", "q={id_number}"),
    (CERTIFICATES, "search ID, 6 digits", "q={district}", "q={district}"),
    (CERTIFICATES, "search phone", "q={phone}", "q={phone}"),
    (CERTIFICATES, "search surname", "q=陈", "q=陈"),
    (CERTIFICATES, "search name", "q={name}", "q={name}"),
    (CERTIFICATES, "search rare character", "q=𬱖", "q=𬱖"),
    (CERTIFICATES, "search company word", "q={brand}", "q={brand}"),
    (CERTIFICATES, "search common company word", "q=监理", "q=监理"),
    (CERTIFICATES, "search company, name", "q={brand} {surname}", "q={brand} {surname}"),
    (CERTIFICATES, "search pinyin initials", "q={initials}", "q={initials}"),
    (CERTIFICATES, "search name, status", "q={name}&status=VALID", "q={name}&status__exact=VALID"),
    (PEOPLE, "list", "", ""),
    (PEOPLE, "page 100", "p=100", "p=100"),
    (PEOPLE, "region", "region={a_district}", "region__id__exact={a_district}"),
    (PEOPLE, "company", "company={company}", "company__id__exact={company}"),
    (PEOPLE, "profile incomplete", "profile=incomplete", "education__exact="),
    (PEOPLE, "by ID number", "o={id_number_column}", "o=2"),
    (PEOPLE, "search ID number", "q={id_number}", "q={id_number}"),
    (PEOPLE, "search ID, 6 digits", "q={district}", "q={district}"),
    (PEOPLE, "search phone", "q={phone}", "q={phone}"),
    (PEOPLE, "search surname", "q=陈", "q=陈"),
    (PEOPLE, "search name", "q={name}", "q={name}"),
    (PEOPLE, "search company word", "q={brand}", "q={brand}"),
    (PEOPLE, "search company, name", "q={brand} {surname}", "q={brand} {surname}"),
    (PEOPLE, "search certificate number", "q={a_number}", "q={a_number}"),
    (COMPANIES, "list", "", ""),
    (COMPANIES, "region", "region={city}", "region__id__exact={city}"),
    (COMPANIES, "status", "status=LEFT", "status__exact=LEFT"),
    (COMPANIES, "profile incomplete", "profile=incomplete", "office_address__exact="),
    (COMPANIES, "by credit code", "o={credit_code}", "o=2"),
    (COMPANIES, "search word", "q={brand}", "q={brand}"),
    (COMPANIES, "search common word", "q=监理", "q=监理"),
    (COMPANIES, "search initials", "q={initials}", "q={initials}"),
]  # fmt: skip
#: What a company's own list is not asked for: there is one company.
NOT_FOR_COMPANY = ("page 100", "company, largest", "region, large", "region, small")


class Times(NamedTuple):
    """Seconds for one page: by the clock (median), and of the processor (mean)."""

    wall: float
    cpu: float


@dataclass
class Measured:
    user: str
    model: str
    page: str
    ours: Times
    small: Times
    stock: Times | None
    queries: int
    found: str
    same_length: bool

    @property
    def row(self) -> dict[str, Any]:
        return {
            "user": self.user, "model": self.model, "page": self.page, "seconds": round(self.ours.wall, 4),
            "cpu": round(self.ours.cpu, 4),
            # A page of 50 rows against one of 3 says nothing about the size of the table.
            "ratio_small": round(self.ours.wall / self.small.wall, 2) if self.same_length else None,
            "cpu_ratio_small": round(self.ours.cpu / self.small.cpu, 2) if self.same_length else None,
            "ratio_stock": round(self.stock.wall / self.ours.wall, 1) if self.stock else None,
            "cpu_ratio_stock": round(self.stock.cpu / self.ours.cpu, 1) if self.stock else None,
            "queries": self.queries, "found": self.found,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--no-stock", action="store_true")
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    dataset.setup(options.db, options.rows)
    from django.conf import settings

    settings.ROOT_URLCONF = "benchmarks.stock"
    for rows in (SMALL, options.rows):
        dataset.ensure(options.db, rows)
    warm(options.db, options.rows)
    gc.freeze()
    measured = [page for user in ("office", "company") for page in measure_all(user, options)]
    report(measured, options)


def warm(db: str, rows: int) -> None:
    dataset.use(db, rows)
    browser = client("office")
    for model in (CERTIFICATES, PEOPLE, COMPANIES):
        browser.get(f"/admin/{model}")
        browser.get(f"/stock/{model}")


def client(username: str) -> Any:
    from django.test import Client

    from backoffice.accounts.models import User

    browser = Client()
    browser.force_login(User.objects.get(username=username))
    return browser


def measure_all(user: str, options: argparse.Namespace) -> list[Measured]:
    pages = [page for page in PAGES if options.only in f"{page[0]}{page[1]}"]
    if user == "company":
        pages = [page for page in pages if page[0] != COMPANIES and page[1] not in NOT_FOR_COMPANY]
    values, browsers = {}, {}
    for rows in (SMALL, options.rows):
        dataset.use(options.db, rows)
        values[rows], browsers[rows] = sample_values(), client(user)
    measured = []
    for model, name, ours, stock in pages:
        dataset.use(options.db, SMALL)
        small, small_response = timed(
            browsers[SMALL], f"/admin/{model}", ours.format(**values[SMALL]), options.repeat
        )
        dataset.use(options.db, options.rows)
        browser, known = browsers[options.rows], values[options.rows]
        times, response = timed(browser, f"/admin/{model}", ours.format(**known), options.repeat)
        slow = None
        if not options.no_stock:
            # Seconds a page: no warming up, which `warm()` did for the process.
            slow, _response = timed(browser, f"/stock/{model}", stock.format(**known), 3, warm_up=False)
        query = ours.format(**known)
        queries = count_queries(lambda b=browser, m=model, q=query: get(b, f"/admin/{m}", q))
        found = str(response.context_data["cl"].result_count)
        same_length = shown(response) == shown(small_response)
        measured.append(
            Measured(user, model.split("/")[1], name, times, small, slow, queries, found, same_length)
        )
        if not options.json:
            print(".", end="", flush=True, file=sys.stderr)
    return measured


def shown(response: Any) -> int:
    """How many rows the page has."""
    return len(response.context_data["cl"].result_list)


def get(browser: Any, path: str, query: str) -> Any:
    response = browser.get(f"{path}?{query}" if query else path)
    if response.status_code != 200:
        raise SystemExit(f"{path}?{query}: {response.status_code} {response.get('Location', '')}")
    return response


def timed(browser: Any, path: str, query: str, repeat: int, *, warm_up: bool = True) -> tuple[Times, Any]:
    response = get(browser, path, query) if warm_up else None
    times, worked = [], processor_seconds()
    for _ in range(repeat):
        started = time.perf_counter()
        response = get(browser, path, query)
        times.append(time.perf_counter() - started)
    return Times(statistics.median(times), (processor_seconds() - worked) / repeat), response


def count_queries(request: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        request()
    return len(captured)


def sample_values() -> dict[str, Any]:
    """What to filter by and search for in the register at hand: things that exist in it."""
    from django.contrib import admin
    from django.db.models import Count

    from backoffice.accounts.models import User
    from registry.models import Certificate, Company, Person

    company = User.objects.get(username="company").company
    by_size = list(
        Certificate.objects.values("region")
        .annotate(n=Count("pk"))
        .order_by("-n")
        .values_list("region", flat=True)
    )
    person = Person.objects.filter(company=company).order_by("-pk").first()
    two = next(
        n for n in Person.objects.filter(name__startswith="陈").values_list("name", flat=True) if len(n) == 2
    )
    today = dataset.TODAY
    values = {
        "city": by_size[0], "town": by_size[-1], "company": company.pk, "today": today,
        "soon": today + datetime.timedelta(days=30), "a_number": person.certificates.first().number
        if person.certificates.exists() else Certificate.objects.first().number,
        "id_number": person.id_number, "district": person.id_number[:6], "phone": person.phone, "name": two,
        "surname": person.name[0], "brand": Company.objects.get(pk=company.pk).name.removeprefix("广东")[2:4],
        "initials": company.initials[:5], "a_district": person.region_id,
    }  # fmt: skip
    for model in (Certificate, Person, Company):
        registered = admin.site.get_model_admin(model)
        for index, name in enumerate(registered.list_display, int(bool(registered.actions))):
            values.setdefault("id_number_column" if name == "id_number" else str(name), index)
    return values


def report(measured: list[Measured], options: argparse.Namespace) -> None:
    rows = [page.row for page in measured]
    worst = max(rows, key=lambda row: row["seconds"])
    stock = [row["ratio_stock"] for row in rows if row["ratio_stock"]]
    summary = {
        "benchmark": "lists", "db": options.db, "rows": options.rows, "seconds": worst["seconds"],
        "cpu": max(row["cpu"] for row in rows),
        "cpu_ratio_small": max(filter(None, (row["cpu_ratio_small"] for row in rows))),
        "ratio_small": max(filter(None, (row["ratio_small"] for row in rows))),
        "ratio_stock": statistics.median(stock) if stock else None, "ratio_floor": None,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "queries": max(row["queries"] for row in rows), "worst": f"{worst['user']} {worst['model']} {worst['page']}",
    }  # fmt: skip
    if options.json:
        print(json.dumps(summary | {"pages": rows}, ensure_ascii=False))
        return
    print()
    print(f"\n{options.rows:,} certificates, {options.db}, median of {options.repeat}\n")
    print("| user | list | page | found | ms | cpu ms | x 1,000 rows | cpu | stock / ours | cpu | queries |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(f"| {row['user']} | {row['model']} | {row['page']} | {row['found']} | {row['seconds'] * 1000:.0f} | "
              f"{row['cpu'] * 1000:.0f} | {row['ratio_small'] or ''} | {row['cpu_ratio_small'] or ''} | "
              f"{row['ratio_stock'] or ''} | {row['cpu_ratio_stock'] or ''} | {row['queries']} |")  # fmt: skip
    print(f"\nWorst: {worst['seconds'] * 1000:.0f} ms ({summary['worst']}); at most {summary['queries']} queries; "
          f"stock is {summary['ratio_stock']} times slower (median).")  # fmt: skip


if __name__ == "__main__":
    main()
