"""What a page weighs over the wire: bytes and requests of a first visit, and of the next page.

    python -m benchmarks.weight [--json]

gunicorn serves the demo's data with collected, compressed static files, and headless Chromium opens the pages. "First"
is a page with an empty cache, all that it loads included; "next" is the same page once more for a visitor whose
browser has already seen the page before it in the list. Bytes are what came over the wire, headers included.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.common import print_table

WITHOUT_ACCOUNT = {"visitor", "member"}
FIRST_KB, NEXT_KB, REQUESTS = 250, 25, 14
#: Whose page, its name, its address. The first of a role is its first visit.
PAGES = {
    "visitor": [("home", "/"), ("training plan", "/classes/")],
    "member": [("sign-in", "/admin/login/"), ("one-time code", "/account/code/")],
    "office": [
        ("first page", "/admin/"), ("certificates", "/admin/registry/certificate/"),
        ("a company", "/admin/registry/company/1/change/"), ("to do", "/admin/core/task/"),
        ("a new certificate", "/admin/registry/certificate/add/"),
    ],
    "training": [("first page", "/admin/"), ("classes", "/admin/training/trainingclass/")],
    "finance": [("first page", "/admin/"), ("payments", "/admin/fees/bill/")],
    "company": [("first page", "/admin/"), ("enrolments", "/admin/training/enrolment/")],
    "guangzhou": [("first page", "/admin/"), ("learning", "/admin/training/enrolmentline/")],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weight-") as folder:
        environment = os.environ | {
            "DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "benchmarks.weight_settings",
            "PYTHONPATH": os.getcwd(),
        }
        for command in (["demo", "--no-serve"], ["collectstatic", "--no-input", "--verbosity", "0"]):
            subprocess.run(
                [sys.executable, "manage.py", *command], env=environment, check=True, capture_output=True
            )
        os.environ.update(environment)
        with server(environment) as address:
            rows = measure(address)
    report(rows, options.json)


@contextmanager
def server(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--worker-class", "gthread", "--threads", "4",
               "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def measure(address: str) -> list[dict[str, Any]]:
    from playwright.sync_api import sync_playwright

    sessions = {who: session_of(who) for who in PAGES if who not in WITHOUT_ACCOUNT}
    rows = []
    with sync_playwright() as playwright:
        shell = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=shell, args=["--no-sandbox"])
        for who, pages in PAGES.items():
            known = entered(browser, address, sessions.get(who))
            for name, path in pages:
                fresh = entered(browser, address, sessions.get(who))
                first, (kb, requests) = load(fresh, address + path), load(known, address + path)
                rows.append({"role": who, "page": name, "first_kb": first[0], "first_requests": first[1],
                             "next_kb": kb, "next_requests": requests})  # fmt: skip
                fresh.close()
            # The first page of the list was new to this browser as well: look at it again.
            kb, requests = load(known, address + pages[0][1])
            rows[-len(pages)] |= {"next_kb": kb, "next_requests": requests}
            known.close()
        browser.close()
    return rows


def session_of(username: str) -> str:
    """The key of a session of the user's, made in the database that gunicorn serves."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from backoffice.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(username=username))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def entered(browser: Any, address: str, session: str | None) -> Any:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    return context


def load(context: Any, url: str) -> tuple[float, int]:
    """Kilobytes that came over the wire for the page and all it loads, and how many requests that took."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    bytes_of: dict[str, int] = {}
    wire.on(
        "Network.loadingFinished",
        lambda event: bytes_of.update({event["requestId"]: event["encodedDataLength"]}),
    )
    asked: set[str] = set()

    def note(event: dict[str, Any]) -> None:
        if not event["response"].get("fromDiskCache") and event["response"]["url"].startswith("http"):
            asked.add(event["requestId"])

    wire.on("Network.responseReceived", note)
    wire.on("Network.requestServedFromCache", lambda event: bytes_of.pop(event["requestId"], None))
    response = page.goto(url, wait_until="networkidle")
    assert response.status == 200, (url, response.status)
    page.close()
    # What the memory cache gave has no bytes of its own.
    return sum(bytes_of.values()) / 1000, len([key for key in asked if bytes_of.get(key)])


def report(rows: list[dict[str, Any]], as_json: bool) -> None:
    worst = {
        "first_kb": max(row["first_kb"] for row in rows),
        "next_kb": max(row["next_kb"] for row in rows),
        "requests": max(row["first_requests"] for row in rows),
    }
    if as_json:
        print(json.dumps({"pages": rows, "worst": worst}))
        return
    titles = ["role", "page", "first KB", "requests", "next KB", "requests"]
    print_table(titles, [[row["role"], row["page"], round(row["first_kb"]), row["first_requests"],
                          round(row["next_kb"], 1), row["next_requests"]] for row in rows])  # fmt: skip
    for name, limit in (("first_kb", FIRST_KB), ("next_kb", NEXT_KB), ("requests", REQUESTS)):
        print(f"{name}: {worst[name]:.0f} (at most {limit}){'' if worst[name] <= limit else '  TOO MUCH'}")


if __name__ == "__main__":
    main()
