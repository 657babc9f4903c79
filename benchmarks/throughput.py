"""Requests per second: our certificate list against the stock admin's, as gunicorn serves them.

    python -m benchmarks.throughput --db sqlite|postgres [--rows 100000] [--seconds 10] [--json]

One gunicorn (`--worker-class gthread --workers 2 --threads 4 --preload`) serves both lists at 25 rows a page; eight
threads of this process load it, each over a connection that it keeps. `stock` is Unfold's own list
(`benchmarks/stock.py`) over the same columns, without the checkboxes that our certificate list has none of either;
`checkboxes` is the same as it comes, with them. Our sidebar is on all three. Each is asked for `--seconds`, in turns,
`--turns` times; the figure is the median. cpu ms: what the workers, and PostgreSQL's backends, computed for a request.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import dataset
from benchmarks.common import print_table

CONNECTIONS, WORKERS, THREADS, ROWS_A_PAGE = 8, 2, 4, 25
PATHS = {
    "ours": "/admin/registry/certificate/",
    "stock": "/bare/registry/certificate/",
    "checkboxes": "/stock/registry/certificate/",
}
START = ("--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS), "--preload")
TARGET = 1.5


def application() -> Any:
    """What gunicorn serves: the product, and the stock admin beside it."""
    from django.conf import settings
    from django.contrib import admin
    from django.urls import path
    from unfold.sites import UnfoldAdminSite

    from backoffice.wsgi import application as product
    from benchmarks import stock
    from registry.models import Certificate

    class Bare(stock.StockCertificateAdmin):
        actions = None

    bare = UnfoldAdminSite(name="bare")
    bare.register(Certificate, Bare)
    settings.ROOT_URLCONF = (path("bare/", bare.urls), *stock.urlpatterns)
    for site in (admin.site, stock.site, bare):
        site.get_model_admin(Certificate).list_per_page = ROWS_A_PAGE
    return product


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    dataset.setup(options.db, options.rows)
    dataset.ensure(options.db, options.rows)
    cookie = sign_in()
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in PATHS}
    with server() as (port, process):
        for path in PATHS.values():
            load(port, path, cookie, 1, process)
        for _ in range(options.turns):
            for name, path in PATHS.items():
                turns[name].append(load(port, path, cookie, options.seconds, process))
    report(turns, options)


def sign_in() -> str:
    """The cookie of the office's session."""
    from benchmarks.lists import client

    name = "sessionid"
    return f"{name}={client('office').cookies[name].value}"


@contextmanager
def server() -> Iterator[tuple[int, subprocess.Popen]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "benchmarks.throughput:application()", *START,
               "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]  # fmt: skip
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.getcwd()})
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("gunicorn did not start.")


def load(port: int, path: str, cookie: str, seconds: float, process: subprocess.Popen) -> dict[str, float]:
    """Ask for the page over eight connections for so long; requests per second, seconds of one, cpu of one."""
    took: list[float] = []
    failures: list[str] = []
    ends = time.perf_counter() + seconds

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < ends and not failures:
            started = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookie, "Connection": "keep-alive"})
            response = connection.getresponse()
            body = response.read()
            took.append(time.perf_counter() - started)
            if response.status != 200 or body.count(b"field-number") < ROWS_A_PAGE:
                failures.append(f"{path}: {response.status}, {len(body)} bytes")
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    worked, started = cpu_of_server(process), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed, worked = time.perf_counter() - started, cpu_of_server(process) - worked
    if failures or not took:
        raise SystemExit(failures[0] if failures else f"{path}: no answer")
    return {"rate": len(took) / passed, "seconds": statistics.median(took), "cpu": worked / len(took),
            "cpus": worked / passed}  # fmt: skip


def cpu_of_server(process: subprocess.Popen) -> float:
    """Processor seconds of gunicorn's workers so far, and of the backends of the database."""
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ticks = sum(ticks_of(int(pid)) for pid in [*workers, *backends()])
    return ticks / os.sysconf("SC_CLK_TCK")


def ticks_of(pid: int) -> int:
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except FileNotFoundError:
        return 0
    return int(user) + int(system)


def backends() -> list[int]:
    """PostgreSQL's processes that speak to this database, where it runs on this machine."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


def report(turns: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> None:
    medians = {
        name: {key: statistics.median(turn[key] for turn in results) for key in results[0]}
        for name, results in turns.items()
    }
    ours, stock, checkboxes = medians["ours"], medians["stock"], medians["checkboxes"]
    summary = {
        "benchmark": "throughput", "db": options.db, "rows": options.rows, "turns": options.turns,
        "ratio_stock": round(ours["rate"] / stock["rate"], 2), "cpu_ratio_stock": round(stock["cpu"] / ours["cpu"], 2),
        "ratio_checkboxes": round(ours["rate"] / checkboxes["rate"], 2), "target": TARGET,
    }  # fmt: skip
    if options.json:
        print(json.dumps(summary | medians))
        return
    print(f"\n{options.rows:,} certificates, {options.db}, {ROWS_A_PAGE} rows a page, {CONNECTIONS} connections, "
          f"median of {options.turns}\n")  # fmt: skip
    rows = [
        [name, row["rate"], f"{row['seconds'] * 1000:.0f}", f"{row['cpu'] * 1000:.1f}", row["cpus"]]
        for name, row in medians.items()
    ]
    print_table(["list", "requests / s", "ms", "cpu ms", "processors used"], rows)
    for name in ("ratio_stock", "cpu_ratio_stock", "ratio_checkboxes"):
        print(f"{name}: {summary[name]}")


if __name__ == "__main__":
    main()
