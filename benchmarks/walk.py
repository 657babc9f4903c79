"""The first page, every list, every offered filter, sort and a search of every role, at a million certificates.

    python -m benchmarks.walk --rows 1000000 --db sqlite|postgres [--only office] [--json]

Nothing is left out by hand: the lists are those of the admin's registry that the role may view, the filters, values and
sorts those that the list itself offers (of each filter the first few values; of a record, those of the first rows).
Median of three after a first look, through Django's test client, session and sidebar included. Prints the slowest, and
everything over the goal of 80 ms and 7 queries (first pages: 80 ms alone).
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks import dataset
from benchmarks.common import print_table

GOAL_MS = 80
GOAL_QUERIES = 7
VALUES = 4
SHOWN = 20


@dataclass
class Page:
    user: str
    page: str
    query: str
    ms: float
    queries: int

    @property
    def is_over(self) -> bool:
        return self.ms > GOAL_MS or (self.queries > GOAL_QUERIES and self.page != "first page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="users whose name contains this")
    parser.add_argument("--first-pages", action="store_true", help="only the first page of each role")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    dataset.setup(options.db, options.rows)
    dataset.ensure(options.db, options.rows)
    gc.freeze()
    pages = [page for name in users() if options.only in name for page in walk(name, options)]
    report(pages, options)


def users() -> list[str]:
    from backoffice.roles import Role

    return [*(role.lower() for role in Role), "large"]


def walk(username: str, options: argparse.Namespace) -> Iterator[Page]:
    from django.contrib import admin
    from django.test import Client
    from django.urls import reverse

    from backoffice.accounts.models import User
    from backoffice.roles import allows

    user = User.objects.get(username=username)
    browser = Client()
    browser.force_login(user)
    yield look(browser, username, "first page", reverse("admin:index"), "", options.repeat)
    if options.first_pages:
        return
    for model in admin.site._registry:
        if not allows(user.role, "view", model._meta.label):
            continue
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        response = browser.get(address)
        if response.status_code != 200:
            continue
        for query in ("", *queries_of(response.context_data["cl"])):
            yield look(browser, username, model._meta.model_name, address, query, options.repeat)
        print(".", end="", flush=True, file=sys.stderr)


def queries_of(changelist: Any) -> Iterator[str]:
    """What the list offers: filters, sorts, and a search for what stands in its first row."""
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            if "form" in choice:
                yield from values_of(choice["form"], spec, changelist.result_list)
            elif query := choice.get("query_string", "").removeprefix("?"):
                yield query
    # Django numbers the columns as they stand, the checkboxes included.
    for index, name in enumerate(changelist.list_display):
        if name in (changelist.sortable_by or ()):
            yield f"o={index}"
            yield f"o=-{index}"
    if changelist.search_fields and changelist.result_list:
        yield urlencode({"q": str(changelist.result_list[0]).split()[0][:20]})


def values_of(form: Any, spec: Any, rows: Any) -> Iterator[str]:
    """The first values of a drop-down; of an autocomplete, the records that the first rows name."""
    for name, field in form.fields.items():
        values = [str(value) for value, _label in getattr(field, "choices", ()) if value != ""]
        if not values and (key := getattr(getattr(spec, "field", None), "attname", "")):
            values = [str(value) for row in rows if (value := getattr(row, key, None))]
        yield from (urlencode({name: value}) for value in list(dict.fromkeys(values))[:VALUES])


def look(browser: Any, username: str, page: str, address: str, query: str, repeat: int) -> Page:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    url = f"{address}?{query}" if query else address
    times = []
    browser.get(url)
    for _ in range(repeat):
        started = time.perf_counter()
        response = browser.get(url)
        times.append((time.perf_counter() - started) * 1000)
    connection.queries_log.clear()
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(url)
    if response.status_code >= 400:
        raise SystemExit(f"{username} {url}: {response.status_code}")
    return Page(username, page, query, statistics.median(times), len(captured))


def report(pages: list[Page], options: argparse.Namespace) -> None:
    over = [page for page in pages if page.is_over]
    if options.json:
        print(json.dumps({
            "benchmark": "walk", "db": options.db, "rows": options.rows, "pages": len(pages), "over": len(over),
            "slowest": [asdict(page) for page in slowest(pages)],
        }, ensure_ascii=False))  # fmt: skip
        return
    print(f"\n{options.rows:,} certificates, {options.db}: {len(pages)} pages, {len(over)} over the goal\n")
    for title, chosen in (
        ("First pages", [page for page in pages if page.page == "first page"]),
        ("Slowest", slowest([page for page in pages if page.page != "first page"])),
        ("Over 7 queries", [page for page in over if page.ms <= GOAL_MS]),
    ):
        print(f"\n{title}\n")
        rows = [(page.user, page.page, page.query, round(page.ms), page.queries) for page in chosen]
        print_table(("user", "page", "query", "ms", "queries"), rows)


def slowest(pages: list[Page]) -> list[Page]:
    return sorted(pages, key=lambda page: -page.ms)[:SHOWN]


if __name__ == "__main__":
    main()
