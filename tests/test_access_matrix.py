"""Every address x every role x own and foreign records: who gets what, kept as a file people can review.

`tests/access_matrix.txt` has a line for each request: the answer's status and, for lists, how many rows it
shows. After a wanted change: `UPDATE_ACCESS_MATRIX=1 pytest tests/test_access_matrix.py`, and read the diff.

  own       a record in the user's scope          foreign   a record out of it
  any       the role sees all records             -         the address names no record
  login     redirected to the sign-in page
"""

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from backoffice.roles import Role, allows
from tests.access_world import ANONYMOUS, PUBLIC, make_world, records
from tests.files.images import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FILE = Path(__file__).with_name("access_matrix.txt")
#: The verb of GRANTS that an address asks for; a dict: by method.
VERBS: dict[str, Any] = {
    "changelist": {"GET": "view"}, "add": "add", "delete": "delete", "export": {"GET": "export"},
    "history": {"GET": "view"}, "attachments": {"GET": "view", "POST": "change"},
    "change": {"GET": "view", "POST": "change"},
    **{act: {"POST": "change"} for act in ("mapping", "options", "confirm", "discard", "undo")},
    "progress": {"GET": "view"}, "file": {"GET": "view"},
}  # fmt: skip


# --- The addresses -----------------------------------------------------------------------------------


@dataclass
class Call:
    """One request: `label` and `act` name the model and what is asked of it, where there is a model."""

    name: str
    url: str
    method: str
    whose: str = "-"
    label: str = ""
    act: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def patterns() -> Iterator[tuple[str, URLPattern]]:
    """All named addresses of the project: the admin's, the accounts', the files'."""

    def walk(entries: list, namespace: str) -> Iterator[tuple[str, URLPattern]]:
        for found in entries:
            if hasattr(found, "url_patterns"):
                yield from walk(found.url_patterns, f"{found.namespace}:" if found.namespace else namespace)
            elif found.name:
                yield f"{namespace}{found.name}", found

    return walk(get_resolver().url_patterns, "")


MODELS = {f"{m._meta.app_label}_{m._meta.model_name}": m for m in admin.site._registry}
#: Addresses without a record: arguments, and the data of a GET and of a POST (None: not called so).
PLAIN: dict[str, tuple[tuple, dict | None, dict | None]] = {
    "admin:help": ((), {}, None),
    "admin:system_state": ((), {}, {}),
    "admin:core_task_decide": ((), {}, {"step": "company_approve"}),
    "admin:core_task_hand_over": ((), {}, {}),
    "admin:core_savedfilter_save": (
        (),
        None,
        {"path": "/admin/registry/person/", "name": "x", "query": "q=1"},
    ),
    "set_language": ((), None, {"language": "zh-hans"}),
    "admin:index": ((), {}, None),
    "admin:login": ((), {}, {"username": "x", "password": "y"}),
    "admin:logout": ((), {}, {}),
    "admin:password_change": ((), {}, {}),
    "admin:password_change_done": ((), {}, None),
    "admin:jsi18n": ((), {}, None),
    "admin:app_list": (("registry",), {}, None),
    "admin:search": ((), {"s": "鹏远"}, None),
    "accounts:activate": (("MQ", "x-y"), {}, {}),
    "accounts:code": ((), {}, {}),
    "accounts:set_password": ((), {}, {}),
    "accounts:reset": ((), {}, {}),
    "accounts:reset_done": ((), {}, None),
    "accounts:reset_complete": ((), {}, None),
    "accounts:reset_confirm": (("MQ", "x-y"), {}, {}),
}
#: What is sent by POST to a record's address (elsewhere nothing: the form comes back with errors, or 403).
POSTED = {"delete": {"post": "yes"}, "switch_off": {"reason": "离职"}, "switch_on": {"reason": "回来"}}
READ_ONLY = {"changelist", "export", "progress", "file", "template"}


def calls(world: SimpleNamespace, role: str) -> Iterator[Call]:
    """Every request the role makes; an address nobody knows how to call fails the test."""
    for name, pattern in patterns():
        if name.startswith("public:"):
            yield from public_calls(name, pattern)
        elif name in PLAIN:
            args, get, post = PLAIN[name]
            for method, data in (("GET", get), ("POST", post)):
                if data is not None:
                    yield Call(name, reverse(name, args=args), method, data=data)
        elif name == "admin:autocomplete":
            yield from autocompletes()
        elif name.startswith("core:attachment"):
            for whose, record in records(world, role, "core.attachment"):
                yield Call(name, reverse(name, args=[record.pk]), "GET", whose, "core.attachment", "view")
        else:
            yield from model_calls(world, role, name, pattern)


def public_calls(name: str, pattern: URLPattern) -> Iterator[Call]:
    """Public pages: with links that nobody signed and keys of no record, they must tell nothing."""
    values = {"token": "x.y", "pk": 999_999, "file_pk": 999_999}
    wanted = pattern.pattern.converters
    assert set(wanted) <= set(values) | {"kind", "field", "code"}, (
        f"The access matrix does not know {name}: {wanted}"
    )
    address = reverse(name, kwargs={key: values.get(key, "ID_CARD") for key in wanted})
    for method in ("GET", "POST"):
        yield Call(name, address, method)


def autocompletes() -> Iterator[Call]:
    """Every foreign key of every admin class to a model that has a search."""
    for model in admin.site._registry:
        for key in model._meta.fields:
            target = (
                admin.site._registry.get(key.related_model) if key.many_to_one or key.one_to_one else None
            )
            if target is None or not target.search_fields:
                continue
            data = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": key.name,
            }
            name = f"admin:autocomplete({model._meta.label_lower}.{key.name})"
            label = key.related_model._meta.label_lower
            yield Call(
                name, reverse("admin:autocomplete"), "GET", "-", label, "autocomplete", data | {"term": ""}
            )


def model_calls(world: SimpleNamespace, role: str, name: str, pattern: URLPattern) -> Iterator[Call]:
    match = re.fullmatch(r"admin:([a-z]+_[a-z]+)_(.+)", name)
    assert match, name
    assert match[1] in MODELS, f"The access matrix does not know how to call {name}; add it to PLAIN."
    label, act = MODELS[match[1]]._meta.label_lower, match[2]
    methods = ("GET",) if act in READ_ONLY else ("GET", "POST")
    tries: list[tuple[str, tuple]] = []
    wanted = set(pattern.pattern.converters)
    if wanted == set():
        tries = [("-", ())]
    elif act.startswith("attendance_"):  # the record is the class whose people these are
        a, b = world.a.learning.training_class, world.b.learning.training_class
        tries = [("own", (a.pk,)), ("foreign", (b.pk,))] if role == Role.LOCAL_BODY else [
            ("foreign" if role == ANONYMOUS else "any", (b.pk,))
        ]  # fmt: skip
    elif wanted == {"step"}:
        tries = [("-", (step,)) for step in MODELS[match[1]].steps()]
    elif wanted == {"layout"}:
        tries = [("-", ("certificates",))]
    elif wanted in ({"object_id"}, {"pk"}):
        tries = [(whose, (record.pk,)) for whose, record in records(world, role, label)]
    elif wanted == {"label", "pk", "field"}:
        people = records(world, role, "registry.person")
        tries = [(whose, ("registry.person", record.pk, "phone")) for whose, record in people]
    elif wanted == {"pk", "which"}:
        tries = [(whose, (record.pk, "marked")) for whose, record in records(world, role, label)]
    elif wanted == {"pk", "term"}:
        tries = [
            (whose, (record.pk, record.terms.first().pk)) for whose, record in records(world, role, label)
        ]
    elif wanted == {"object_id", "step"}:
        steps = MODELS[match[1]].steps()
        tries = [
            (whose, (record.pk, step)) for whose, record in records(world, role, label) for step in steps
        ]
    assert tries, f"The access matrix does not know the arguments of {name}: {wanted}"
    for whose, args in tries:
        for method in methods:
            data = POSTED.get(act, {}) if method == "POST" else {"format": "csv"} if act == "export" else {}
            full = f"{name}({args[-1]})" if act in ("step", "act") else name
            yield Call(full, reverse(name, args=args), method, whose, label, act, data)


# --- Asking ------------------------------------------------------------------------------------------


def ask(client: Client, session: str, call: Call) -> tuple[str, Any]:
    """The status, and the response; whatever a POST did is undone."""
    client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session} if session else {})
    with transaction.atomic():
        response = getattr(client, call.method.lower())(call.url, call.data)
        if hasattr(response, "streaming_content"):
            response.read_body = b"".join(response.streaming_content)
        transaction.set_rollback(True)
    if response.status_code == 302 and response["Location"].startswith(reverse("admin:login")):
        return "login", response
    return str(response.status_code), response


def rows_of(call: Call, response: Any) -> set[Any] | int | None:
    """The keys of the rows a list shows; for an export, their number."""
    if response.status_code != 200:
        return None
    if call.act == "changelist":
        return {row.pk for row in response.context["cl"].result_list}
    if call.act == "autocomplete":
        return {int(found["id"]) for found in response.json()["results"]}
    if call.act == "export":
        return len(response.read_body.decode("utf-8-sig").strip().splitlines()) - 1
    if call.act == "history" and response.context and "entries" in response.context:
        return len(response.context["entries"])
    if call.act == "attachments" and response.context and "attachments" in response.context:
        return len(response.context["attachments"])
    return None


def broken_rules(
    world: SimpleNamespace, role: str, call: Call, status: str, response: Any, rows: Any
) -> Iterator[str]:
    """The rules that hold whatever the file says."""
    if status.startswith("5"):
        yield "is an error"
    if role == ANONYMOUS:
        if call.label and status != "login":
            yield "opens without signing in"
    elif call.whose == "foreign" and status not in ("403", "404"):
        yield "answers for a foreign record"
    else:
        yield from ungranted(role, call, status)
    if (
        call.act in ("changelist", "autocomplete")
        and role in world.mine
        and call.label not in PUBLIC
        and rows
    ):
        allowed = world.mine[Role(role)].get(call.label, set())
        if rows - allowed:
            yield f"shows foreign rows {sorted(rows - allowed)}"
    body = getattr(response, "read_body", None) or getattr(response, "content", b"")
    typed = set(map(str, call.data.values()))
    text = body.decode("utf-8", "replace")
    for secret in world.hidden.get(role, ()):
        if secret in text and not any(secret in entry for entry in typed):
            yield f"says “{secret}”"


def ungranted(role: str, call: Call, status: str) -> Iterator[str]:
    """A role without the grant gets 403."""
    verb = VERBS.get(call.act)
    verb = verb.get(call.method) if isinstance(verb, dict) else verb
    if not verb or not call.label or call.whose == "foreign":
        return
    model = apps.get_model(call.label)
    if not allows(role, verb, model._meta.label) and status != "403":
        yield f"is open without the grant “{verb}”"


@pytest.fixture(scope="module")
def world(kept_for_file: Path) -> SimpleNamespace:
    private = kept_for_file / "a"
    private.mkdir()
    (private / "x.jpg").write_bytes(jpeg())
    return make_world()


def reviewed(role: str, lines: list[str]) -> list[str]:
    """The lines of the role in the file; with UPDATE_ACCESS_MATRIX they are replaced by these."""
    known = FILE.read_text().splitlines()
    of_role = [line for line in known if line.startswith(f"{role} ")]
    if os.environ.get("UPDATE_ACCESS_MATRIX"):
        at = known.index(of_role[0]) if of_role else len(known)
        known[at : at + len(of_role)] = lines
        FILE.write_text("\n".join(known) + "\n")
        return lines
    return of_role


@pytest.mark.parametrize("role", [ANONYMOUS, *Role])
def test_every_address_answers_the_role_as_the_reviewed_file_says(
    role: str, world: SimpleNamespace, caplog: Any, monkeypatch: Any
) -> None:
    caplog.set_level("CRITICAL", logger="django.request")  # a refusal is no news here
    monkeypatch.setattr(
        default_storage, "delete", lambda name: None
    )  # a rollback brings back rows, not files
    cache.clear()  # of throttles
    client = Client(raise_request_exception=False)
    session = ""
    if role != ANONYMOUS:
        client.force_login(world.users[role])
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
    lines, broken = [], []
    for call in calls(world, role):
        status, response = ask(client, session, call)
        rows = rows_of(call, response)
        number = rows if isinstance(rows, int) else len(rows) if rows is not None else None
        shown = "" if number is None else f" {number} rows"
        line = f"{role} {call.method} {call.name} {call.whose} -> {status}{shown}"
        lines.append(line)
        broken += [f"{line}: {rule}" for rule in broken_rules(world, role, call, status, response, rows)]
    known = reviewed(role, lines)
    assert not broken, "\n".join(["", *broken])
    changed = list(difflib.unified_diff(known, lines, "access_matrix.txt", "now", lineterm="", n=0))
    assert not changed, "\n".join(["Run with UPDATE_ACCESS_MATRIX=1 and read the diff:", *changed[:60]])


def test_the_file_speaks_of_the_roles_there_are_and_of_nobody_else() -> None:
    assert {line.split(" ", 1)[0] for line in FILE.read_text().splitlines()} == {ANONYMOUS, *Role}


def test_there_is_no_address_that_names_any_object_of_any_model() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[1, 1])
