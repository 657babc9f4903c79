"""A small learning platform for the tests: checks signatures, keeps keys, and fails, delays or repeats on demand."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from training.platform.http import signature

SECRET = "a-secret-that-both-sides-have-agreed-on"


class Platform:
    """What the server knows and how it behaves next; `plan` is worked off one request after the other."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.accounts: dict[str, dict[str, Any]] = {}
        self.created = 0
        self.answered: dict[str, Any] = {}
        #: What goes wrong with the next requests: a status, "hang", "garbage", "half", "drop", or a function.
        self.plan: list[Any] = []
        #: Reference -> status and more, for enrolments, status and results.
        self.says: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.url = ""
        self.released = threading.Event()

    def enrol(self, key: str, content: dict[str, Any]) -> dict[str, Any]:
        if key in self.answered:
            return self.answered[key]
        lines = []
        for line in content["lines"]:
            reference = line["reference"]
            said = self.says.get(reference, {"status": "accepted"})
            if reference in self.accounts and said["status"] == "accepted":
                said = {"status": "known"}
            if said["status"] != "refused" and reference not in self.accounts:
                self.accounts[reference] = line
                self.created += 1
            lines.append({"reference": reference, **said})
        self.answered[key] = {"batch": key, "lines": lines}
        return self.answered[key]

    def news(self, content: dict[str, Any], told: dict[str, dict[str, Any]]) -> dict[str, Any]:
        asked = content["references"]
        return {"lines": [{"reference": ref, **told[ref]} for ref in asked if ref in told]}


def handler_of(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Nothing is written during the tests."""

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", f"{platform.url}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            key, stamp = self.headers["Idempotency-Key"], self.headers["X-Timestamp"]
            right = signature(SECRET, stamp, key, self.path, body)
            signed = self.headers["X-Signature"] == right and abs(time.time() - int(stamp)) < 300
            content = json.loads(body)
            platform.requests.append({"path": self.path, "key": key, "content": content, "signed": signed})
            if not signed:
                return self.answer(401, b"{}")
            wrong = platform.plan.pop(0) if platform.plan else None
            if isinstance(wrong, int):
                return self.answer(wrong, b"out of order")
            if wrong == "garbage":
                return self.answer(200, "<html>正在维护</html>".encode())
            told: Any
            if self.path.endswith("/enrolments"):
                told = platform.enrol(key, content)
            else:
                told = platform.news(content, platform.says if "status" in self.path else platform.results)
            if wrong == "hang":  # the work is done, the answer is late
                platform.released.wait(10)
            if wrong == "drop":  # the work is done, and the line is cut
                return self.connection.close()
            if wrong == "half":
                told = {**told, "lines": told["lines"][: len(told["lines"]) // 2]}
            if callable(wrong):
                told = wrong(told)
            return self.answer(200, json.dumps(told).encode())

    return Handler


@pytest.fixture
def platform(settings: Any) -> Iterator[Platform]:
    """The running platform, and the site set up for it."""
    found = Platform()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(found))
    server.daemon_threads = True
    server.handle_error = lambda *args: None  # whoever hung up wrote it down on the other side
    found.url = f"http://127.0.0.1:{server.server_port}/api"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.LEARNING_PLATFORM = "http"
    settings.LEARNING_PLATFORM_HTTP = {"url": found.url, "secret": SECRET, "timeout": 1, "poll_minutes": 30}
    yield found
    found.released.set()
    server.shutdown()
    server.server_close()
