"""Every view of the inbox (待办, 已办, 流程追踪) for the desks that have most to do, against a small inbox.

    python -m benchmarks.inbox --open 100000 --closed 1000000 --db sqlite|postgres [--json] [--only TEXT]

A page of 50 rows is what the test client gets for one GET, session and sidebar included, as in `benchmarks.lists`.
ms: median; cpu ms: processor time, the mean; small: the same page with 1,000 open and 10,000 closed tasks, where it
shows as many rows. Users: the office, training, the large and a small local body, the large and a small company.
In one process, in turns; the data sets are kept (`benchmarks/inbox_data.py`).
"""

import argparse
import gc
import json
import resource
import sys
from typing import Any

from benchmarks import dataset, inbox_data
from benchmarks.lists import client, count_queries, get, shown, timed

SMALL = (1_000, 10_000)
TODO, DONE, TRACKED = "core/task/", "core/finishedtask/", "core/trackedtask/"
NAMES = {TODO: "to do", DONE: "done", TRACKED: "tracking"}
#: The list, what is asked, the query string. Braces are filled with values of the desk.
PAGES: list[tuple[str, str, str]] = [
    (TODO, "list", ""),
    (TODO, "page 2", "p=2"),
    (TODO, "page 100", "p=100"),
    (TODO, "flow", "flow={flow}"),
    (TODO, "flow, rare", "flow={rare}"),
    (TODO, "overdue", "due=late"),
    (TODO, "due soon", "due=soon"),
    (TODO, "mine", "holder=mine"),
    (TODO, "nobody's", "holder=nobody"),
    (TODO, "colleagues'", "holder=others"),
    (TODO, "flow, overdue, nobody's", "flow={flow}&due=late&holder=nobody"),
    (TODO, "search name", "q={name}"),
    (TODO, "search common word", "q=监理"),
    (TODO, "search, nothing found", "q=查无此人"),
    (DONE, "list", ""),
    (DONE, "page 100", "p=100"),
    (DONE, "flow", "flow={flow}"),
    (DONE, "flow, rare", "flow={rare}"),
    (DONE, "search name", "q={name}"),
    (DONE, "search, nothing found", "q=查无此人"),
    (TRACKED, "in progress", "progress=open"),
    (TRACKED, "in progress, page 100", "progress=open&p=100"),
    (TRACKED, "in progress, flow", "progress=open&flow={flow}"),
    (TRACKED, "ended", "progress=ended"),
    (TRACKED, "ended, flow, rare", "progress=ended&flow={rare}"),
    (TRACKED, "all", ""),
    (TRACKED, "all, page 100", "p=100"),
    (TRACKED, "search", "q={start}"),
    (TRACKED, "in progress, search", "progress=open&q={start}"),
    (TRACKED, "search, nothing found", "q=查无此人"),
]
#: Who is asked: role, and which of its users, as a share of all (they are in the order of their size).
USERS: dict[str, tuple[str, float]] = {
    "office": ("OFFICE", 0), "training": ("TRAINING", 0), "body": ("LOCAL_BODY", 0), "small body": ("LOCAL_BODY", 0.5),
    "company": ("COMPANY", 0), "small company": ("COMPANY", 0.5),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="pages whose list and name contain this")
    parser.add_argument("--users", default=",".join(USERS))
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    large = (options.open, options.closed)
    dataset.setup(options.db, inbox_data.name_of(*large))
    for size in (SMALL, large):
        inbox_data.ensure(options.db, *size)
    client(user_of("office").username).get(
        f"/admin/{TODO}"
    )  # templates and translations, once for the process
    gc.freeze()
    rows = [row for user in options.users.split(",") for row in measure_all(user, large, options)]
    report(rows, options)


def measure_all(user: str, large: tuple[int, int], options: argparse.Namespace) -> list[dict[str, Any]]:
    browsers, values = {}, {}
    for size in (SMALL, large):
        dataset.use(options.db, inbox_data.name_of(*size))
        account = user_of(user)
        browsers[size], values[size] = client(account.username), sample_values(account)
    measured = []
    for model, name, asked in PAGES:
        if options.only not in f"{NAMES[model]} {name}":
            continue
        found = {}
        for size in (SMALL, large):
            dataset.use(options.db, inbox_data.name_of(*size))
            query = asked.format(**values[size])
            found[size] = timed(browsers[size], f"/admin/{model}", query, options.repeat)
        (small, small_response), (times, response) = found[SMALL], found[large]
        queries = count_queries(lambda m=model, q=query: get(browsers[large], f"/admin/{m}", q))
        # A page of 50 rows against one of 3 says nothing about the size of the table.
        same = shown(response) == shown(small_response)
        measured.append({
            "user": user, "list": NAMES[model], "page": name, "found": str(response.context_data["cl"].result_count),
            "seconds": round(times.wall, 4), "cpu": round(times.cpu, 4),
            "ratio_small": round(times.wall / small.wall, 2) if same else None,
            "cpu_ratio_small": round(times.cpu / small.cpu, 2) if same else None, "queries": queries,
        })  # fmt: skip
        if not options.json:
            print(".", end="", flush=True, file=sys.stderr)
    return measured


def user_of(name: str) -> Any:
    from backoffice.accounts.models import User

    role, share = USERS[name]
    users = User.objects.filter(role=role).order_by("pk")
    return users[int(users.count() * share)]


def sample_values(user: Any) -> dict[str, str]:
    """What to filter by and search for: flows of which something was done there, words of its subjects."""
    from django.db.models import Count

    from backoffice.core.inbox import done, todo, tracked

    by_size = (
        done(user).order_by().values_list("content_type__app_label", "content_type__model")
        .annotate(n=Count("pk")).order_by("-n", "content_type")
    )  # fmt: skip
    flows = [f"{app_label}.{model}" for app_label, model, _n in by_size]
    waiting = todo(user) if todo(user).exists() else done(user)
    middle = waiting[waiting.count() // 2].subject.split(" · ")[0]
    newest = tracked(user)[0].subject.split(" · ")[0]
    return {
        "flow": flows[0], "rare": flows[-1], "start": newest[:6],
        "name": middle if len(middle) < 5 else middle.removeprefix("广东")[2:4],
    }  # fmt: skip


def report(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    inbox = [row for row in rows if row["list"] == NAMES[TODO]]
    worst = {"to do": inbox, "all": rows}
    summary: dict[str, Any] = {
        "benchmark": "inbox", "db": options.db, "open": options.open, "closed": options.closed,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip
    for name, some in worst.items():
        if some:
            slowest = max(some, key=lambda row: row["seconds"])
            summary[name] = {
                "seconds": slowest["seconds"], "cpu": max(row["cpu"] for row in some),
                "queries": max(row["queries"] for row in some),
                "ratio_small": max(row["ratio_small"] or 0 for row in some),
                "worst": f"{slowest['user']}, {slowest['list']}: {slowest['page']}",
            }  # fmt: skip
    if options.json:
        print(json.dumps(summary | {"pages": rows}, ensure_ascii=False))
        return
    print(f"\n\n{options.open:,} open and {options.closed:,} closed tasks, {options.db}, "
          f"median of {options.repeat}\n")  # fmt: skip
    print("| user | list | page | found | ms | cpu ms | x small | cpu | queries |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(f"| {row['user']} | {row['list']} | {row['page']} | {row['found']} | {row['seconds'] * 1000:.0f} | "
              f"{row['cpu'] * 1000:.0f} | {row['ratio_small'] or ''} | {row['cpu_ratio_small'] or ''} | "
              f"{row['queries']} |")  # fmt: skip
    for name in worst:
        if found := summary.get(name):
            print(f"\nWorst of {name}: {found['seconds'] * 1000:.0f} ms ({found['worst']}); at most "
                  f"{found['queries']} queries, {found['ratio_small']} x small.")  # fmt: skip


if __name__ == "__main__":
    main()
