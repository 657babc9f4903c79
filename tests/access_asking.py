"""How the access matrix asks: one request whose effects are taken back, what it wrote, and the rules for its answer."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from backoffice.roles import allows
from tests.access_calls import Call
from tests.access_seats import Seat
from tests.access_world import ANONYMOUS, PUBLIC

#: The verb of GRANTS that an address asks for; a dict: by method.
VERBS: dict[str, Any] = {
    "changelist": {"GET": "view"}, "add": "add", "delete": "delete", "export": {"GET": "export"},
    "history": {"GET": "view"}, "attachments": {"GET": "view", "POST": "change"},
    "change": {"GET": "view", "POST": "change"},
    **{act: {"POST": "change"} for act in ("mapping", "options", "confirm", "discard", "undo")},
    "progress": {"GET": "view"}, "file": {"GET": "view"},
}  # fmt: skip
WRITE = re.compile(r'\s*(?P<verb>INSERT|UPDATE|DELETE)(?: INTO| FROM)?\s+"?(?P<table>\w+)', re.IGNORECASE)
#: What every request may write: the session, and how often something was tried.
ALWAYS_WRITTEN = {"django_session", "core_counter", "axes_accessattempt", "axes_accessfailurelog"}
#: What a company edits while it is an active member, by hand: the matrix must not believe the table it checks.
OF_ACTIVE = {"registry.company", "registry.person", "accounts.user"}


def session_of(client: Client, seat: Seat) -> str:
    if seat.user is None:
        return ""
    client.force_login(seat.user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def ask(client: Client, session: str, call: Call) -> tuple[str, Any, set[str]]:
    """The status, the response, and the tables that were written; whatever a POST did is undone."""
    client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session} if session else {})
    written: set[str] = set()

    def note(execute: Any, sql: str, *more: Any) -> Any:
        if (match := WRITE.match(sql)) and match["table"] not in ALWAYS_WRITTEN:
            written.add(f"{match['verb']} {match['table']}")
        return execute(sql, *more)

    with transaction.atomic(), connection.execute_wrapper(note):
        response = getattr(client, call.method.lower())(call.url, call.data)
        if hasattr(response, "streaming_content"):
            response.read_body = b"".join(response.streaming_content)
        transaction.set_rollback(True)
    status = str(response.status_code)
    if response.status_code == 302 and response["Location"].startswith(reverse("admin:login")):
        status = "login"
    return status, response, written


def text_of(response: Any) -> str:
    body = getattr(response, "read_body", None) or getattr(response, "content", b"")
    return str(body.decode("utf-8", "replace"))


def rows_of(call: Call, response: Any) -> set[Any] | int | None:
    """The keys of the rows a list shows; for an export, their number."""
    if response.status_code != 200:
        return None
    context = getattr(response, "context_data", None) or {}
    if call.act == "changelist":
        return {row.pk for row in context["cl"].result_list}
    if call.act == "autocomplete":
        return {int(found["id"]) for found in response.json()["results"]}
    if call.act == "export":
        return len(response.read_body.decode("utf-8-sig").strip().splitlines()) - 1
    if call.act in ("history", "attachments"):
        shown = context.get("entries" if call.act == "history" else "attachments")
        return None if shown is None else len(shown)
    return None


def broken_rules(
    seat: Seat, call: Call, status: str, response: Any, rows: Any, written: set[str]
) -> Iterator[str]:
    """The rules that hold whatever the file says."""
    if status.startswith("5"):
        yield "is an error"
    if seat.role == ANONYMOUS:
        if call.label and status != "login":
            yield "opens without signing in"
    elif call.whose in ("foreign", "mixed", "forged"):
        if call.whose != "forged" and status not in ("403", "404", "405"):
            yield "answers for a foreign record"
        # A form that carries no link of ours begins a draft of its own; it changes nothing that is there.
        new = {what for what in written if what.startswith("INSERT")} | {"UPDATE core_task"}
        if written - (new if call.act == "begin" else set()):
            yield f"writes {sorted(written)}"
    else:
        yield from ungranted(seat, call, status)
    if seat.company_status != "ACTIVE" and call.method == "POST" and call.label in OF_ACTIVE and written:
        yield f"writes {sorted(written)} though the company is {seat.company_status}"
    if (
        call.act in ("changelist", "autocomplete")
        and seat.mine is not None
        and call.label not in PUBLIC
        and rows
        and (foreign := rows - seat.mine.get(call.label, set()))
    ):
        yield f"shows foreign rows {sorted(foreign)}"
    yield from said(seat.hidden, call, text_of(response))


def said(hidden: set[str], call: Call, text: str) -> Iterator[str]:
    typed = set(map(str, call.data.values()))
    for secret in hidden:
        if secret in text and not any(secret in entry for entry in typed):
            yield f"says “{secret}”"


def ungranted(seat: Seat, call: Call, status: str) -> Iterator[str]:
    """A role without the grant gets 403."""
    verb = VERBS.get(call.act)
    verb = verb.get(call.method) if isinstance(verb, dict) else verb
    if not verb or not call.label:
        return
    model = apps.get_model(call.label)
    if not allows(seat.role, verb, model._meta.label) and status != "403":
        yield f"is open without the grant “{verb}”"
