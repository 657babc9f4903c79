"""A production site as it runs: gunicorn with two worker processes, asked over HTTP as a proxy asks it."""

import http.client
import json
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import get_finders
from django.db import connection

from tests.core.test_settings import PRODUCTION, ROOT, environment

HOST = "members.example.org"
TOKEN = "c" * 32
#: What a proxy that speaks https for us adds to a request.
BY_HTTPS = {"X-Forwarded-Proto": "https", "Referer": f"https://{HOST}/"}
#: What a form's page gave the browser before.
FORM = {
    "Cookie": f"csrftoken={TOKEN}",
    "X-CSRFToken": TOKEN,
    "Content-Type": "application/x-www-form-urlencoded",
}


@dataclass
class Server:
    port: int
    log: Path

    def ask(
        self, path: str, body: str | None = None, *, hops: str = "", host: str = HOST, method: str = "",
        headers: dict[str, str] = BY_HTTPS,
    ) -> Any:  # fmt: skip
        """The answer, with its text as `.text`; `hops` is X-Forwarded-For as it reaches us."""
        sent = {"Host": host, **headers} | ({"X-Forwarded-For": hops} if hops else {})
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            asked.request(method or ("GET" if body is None else "POST"), path, body,
                          sent | (FORM if body is not None else {}))  # fmt: skip
            answer: Any = asked.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            asked.close()

    def lines(self) -> list[dict[str, Any]]:
        """What was logged so far; each line is one JSON object (gunicorn's own lines begin with "[")."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line and not line.startswith("[")]


def database_url(folder: Path) -> str:
    """The database of the tests, as another process can open it: for SQLite, a copy in a file."""
    if connection.vendor == "postgresql":
        own = connection.settings_dict
        user = f"{own['USER']}:{own['PASSWORD']}" if own["PASSWORD"] else own["USER"]
        return f"postgres://{user}@{own['HOST']}:{own['PORT'] or 5432}/{own['NAME']}"
    path = folder / "site.sqlite3"
    if not path.exists():
        connection.ensure_connection()
        with sqlite3.connect(path) as copy:
            connection.connection.backup(copy)
        copy.close()
    return f"sqlite:///{path}"


def static_names(folder: Path) -> None:
    """The list that `collectstatic` would leave: pages name the files, nobody here asks for them."""
    names = {name: name for finder in get_finders() for name, _storage in finder.list([])}
    (folder / "static").mkdir(parents=True, exist_ok=True)
    found = {"paths": names, "version": "1.1", "hash": ""}
    (folder / "static" / "staticfiles.json").write_text(json.dumps(found))


@contextmanager
def running(folder: Path, **changes: str) -> Iterator[Server]:
    """A server with these settings, from its first answer on until the block ends."""
    static_names(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = environment(folder, **PRODUCTION | {"DATABASE_URL": database_url(folder)} | changes)
    command = [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--worker-class", "gthread", "--workers", "2",
               "--threads", "4", "--preload", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]  # fmt: skip
    server = Server(port, folder / f"log-{port}")
    with server.log.open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=site, stderr=log, stdout=log)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                assert server.ask("/health/").status == 200
                break
            except OSError:
                assert process.poll() is None, server.log.read_text()
                assert time.monotonic() < end
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(30)
