"""What the benchmarks share: fresh databases, runs in their own process, medians, a table.

Every run is a new Python process on its own copy of a prepared database, so that its peak memory is its own and
no run profits from the one before. Only the work itself is timed, not the start of Django.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

POSTGRES = os.environ.get("BENCHMARK_POSTGRES", "postgres://root@127.0.0.1:5432")
Result = dict[str, Any]


class Databases:
    """A prepared database and its copies: files for SQLite, TEMPLATE databases for PostgreSQL."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder, self.names = kind, folder, []
        self.prepared = self._url("prepared")

    def _url(self, name: str) -> str:
        if self.kind == "sqlite":
            return f"sqlite:///{self.folder / name}.sqlite3"
        name = f"bench_{os.getpid()}_{name}"
        self.names.append(name)
        return f"{POSTGRES}/{name}"

    def create(self) -> None:
        if self.kind == "postgres":
            self._sql(f"CREATE DATABASE {self._name(self.prepared)}")

    @contextmanager
    def copy(self, source: str | None = None) -> Iterator[str]:
        """The URL of a fresh copy, dropped afterwards."""
        source, url = source or self.prepared, self._url(f"run{len(self.names)}_{time.monotonic_ns()}")
        if self.kind == "sqlite":
            path = Path(url.removeprefix("sqlite:///"))
            shutil.copy(source.removeprefix("sqlite:///"), path)
        else:
            self._sql(f"CREATE DATABASE {self._name(url)} TEMPLATE {self._name(source)}")
            self._sql("CHECKPOINT")
        try:
            yield url
        finally:
            if self.kind == "sqlite":
                for leftover in self.folder.glob(f"{path.name}*"):
                    leftover.unlink()
            else:
                self._sql(f"DROP DATABASE {self._name(url)}")

    def close(self) -> None:
        if self.kind == "postgres":
            for name in self.names:
                self._sql(f"DROP DATABASE IF EXISTS {name}")

    @staticmethod
    def _name(url: str) -> str:
        return url.rpartition("/")[2]

    @staticmethod
    def _sql(statement: str) -> None:
        import psycopg

        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def workshop(kind: str) -> Iterator[tuple[Path, Databases]]:
    """A temporary folder and the databases in it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        databases = Databases(kind, Path(name))
        databases.create()
        try:
            yield Path(name), databases
        finally:
            databases.close()


def in_own_process(module: str, job: str, url: str, folder: Path, *arguments: str) -> Result:
    """Run `python -m module --job job …` on the database and return the JSON it prints last."""
    environment = os.environ | {
        "DATABASE_URL": url, "DATA_DIR": str(folder / "data"), "PYTHONHASHSEED": "0", "TASKS_BACKEND": "embedded",
    }  # fmt: skip
    environment.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    command = [sys.executable, "-m", module, "--job", job, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{job} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def processor_seconds() -> float:
    """Of this process, and of its PostgreSQL backend if that runs here: what a busy machine does not distort."""
    from django.db import connection

    seconds = time.process_time()
    if connection.vendor == "postgresql":
        stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
        if stat.exists():
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            seconds += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return seconds


@contextmanager
def measured(result: Result) -> Iterator[None]:
    """Add seconds (wall and processor), queries and the process's peak memory to `result`."""
    from django.db import connection

    queries = 0

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal queries
        queries += len(params) if many and hasattr(params, "__len__") else 1
        return execute(sql, params, many, context)

    connection.ensure_connection()
    started, worked = time.perf_counter(), processor_seconds()
    with connection.execute_wrapper(count):
        yield
    result["seconds"] = time.perf_counter() - started
    result["cpu"] = processor_seconds() - worked
    result["queries"] = queries
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def median(results: Sequence[Result]) -> Result:
    """Median seconds, highest memory, and whatever else the last run said."""
    return results[-1] | {
        "seconds": statistics.median(result["seconds"] for result in results),
        "cpu": statistics.median(result["cpu"] for result in results),
        "peak_mb": max(result["peak_mb"] for result in results),
        "runs": len(results),
    }


def parser_for(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A Markdown table, so that it can be pasted into a page."""
    texts = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    print("| " + " | ".join(headers) + " |")
    print("|" + "---|" * len(headers))
    for row in texts:
        print("| " + " | ".join(row) + " |")
