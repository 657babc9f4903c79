"""Every request of the access matrix: each address of the project, with own and foreign records, from a seat."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, get_resolver, reverse

from backoffice.roles import Role
from tests.access_seats import Seat, records
from tests.access_world import ANONYMOUS


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
    """All addresses of the project with their names: the admin's, the accounts', the files'. Without a name: ""."""

    def walk(entries: list, namespace: str) -> Iterator[tuple[str, URLPattern]]:
        for found in entries:
            if hasattr(found, "url_patterns"):
                yield from walk(found.url_patterns, f"{found.namespace}:" if found.namespace else namespace)
            else:
                yield f"{namespace}{found.name}" if found.name else "", found

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


def calls(world: SimpleNamespace, seat: Seat) -> Iterator[Call]:
    """Every request the role makes; an address nobody knows how to call fails the test."""
    for name, pattern in patterns():
        if seat.is_second and not is_of_owners(name, seat):
            continue
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
            for whose, record in records(world, seat, "core.attachment"):
                yield Call(name, reverse(name, args=[record.pk]), "GET", whose, "core.attachment", "view")
        else:
            yield from model_calls(world, seat, name, pattern)


def is_of_owners(name: str, seat: Seat) -> bool:
    """Whether the address is that of a model of which the seat has some and others have some."""
    if name == "admin:autocomplete" or name.startswith("core:attachment"):
        return True
    match = re.fullmatch(r"admin:([a-z]+_[a-z]+)_.+", name)
    return bool(match and match[1].replace("_", ".", 1) in seat.pairs)


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
                name, reverse("admin:autocomplete"), "POST", "-", label, "autocomplete", data | {"term": ""}
            )


def model_calls(world: SimpleNamespace, seat: Seat, name: str, pattern: URLPattern) -> Iterator[Call]:
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
        if seat.role == Role.LOCAL_BODY:
            tries = [
                (whose, (record.pk,))
                for whose, record in zip(("own", "foreign"), seat.pairs["attendance"], strict=True)
            ]
        else:
            whose = "foreign" if seat.role == ANONYMOUS else "any"
            tries = [(whose, (seat.strangers["attendance"].pk,))]
    elif wanted == {"step"}:
        tries = [("-", (step,)) for step in MODELS[match[1]].steps()]
    elif wanted == {"layout"}:
        tries = [("-", ("certificates",))]
    elif wanted in ({"object_id"}, {"pk"}):
        tries = [(whose, (record.pk,)) for whose, record in records(world, seat, label)]
    elif wanted == {"label", "pk", "field"}:
        people = records(world, seat, "registry.person")
        tries = [(whose, ("registry.person", record.pk, "phone")) for whose, record in people]
    elif wanted == {"pk", "which"}:
        tries = [(whose, (record.pk, "marked")) for whose, record in records(world, seat, label)]
    elif wanted == {"pk", "term"}:
        found = records(world, seat, label)
        tries = [(whose, (record.pk, record.terms.first().pk)) for whose, record in found]
        if len(found) == 2:  # one's own record, and what hangs on a foreign one
            tries.append(("mixed", (found[0][1].pk, found[1][1].terms.first().pk)))
    elif wanted == {"object_id", "step"}:
        steps = MODELS[match[1]].steps()
        tries = [
            (whose, (record.pk, step)) for whose, record in records(world, seat, label) for step in steps
        ]
    assert tries, f"The access matrix does not know the arguments of {name}: {wanted}"
    for whose, args in tries:
        for method in methods:
            data = POSTED.get(act, {}) if method == "POST" else {"format": "csv"} if act == "export" else {}
            full = f"{name}({args[-1]})" if act in ("step", "act") else name
            yield Call(full, reverse(name, args=args), method, whose, label, act, data)
