"""Nonsense in the address of every list and in every form is answered with a page or a refusal, never with an error."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from backoffice.roles import Role
from tests.access_asking import ask, session_of, text_of
from tests.access_calls import Call, calls
from tests.access_seats import Seat, whole_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

VALUES = ("", "x", "-1", "9" * 30, "1,x", "a\0b", "0001-01-01", "🙂")
#: What Django's lists read besides the filters.
OF_LISTS = (
    "q",
    "o",
    "p",
    "e",
    "all",
    "_facets",
    "_popup",
    "_to_field",
    "_changelist_filters",
    "id__in",
    "pk__regex",
)
IN_FORMS = ("a\0b", "9" * 25, "x")
FIELD = re.compile(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)"')
POSTED_FORM = re.compile(r'<form\b[^>]*method="post".*?</form>', re.DOTALL | re.IGNORECASE)


@pytest.fixture(scope="module")
def world(kept_for_file: Path) -> SimpleNamespace:
    return whole_world(kept_for_file)


@pytest.fixture(autouse=True)
def quiet(caplog: Any, monkeypatch: Any) -> None:
    caplog.set_level("CRITICAL", logger="django.request")
    monkeypatch.setattr(default_storage, "delete", lambda name: None)
    cache.clear()


def seat_for(model: Any, world: SimpleNamespace) -> Seat:
    """Somebody who may open the list of the model."""
    for role in Role:
        request: Any = SimpleNamespace(user=world.seats[role].user)
        if admin.site._registry[model].has_view_permission(request):
            return world.seats[role]  # type: ignore[no-any-return]
    raise AssertionError(f"Nobody sees {model}")


def parameters_of(model: Any) -> set[str]:
    """The parameters of the list's filters, ours and Django's."""
    found = set(OF_LISTS)
    for entry in admin.site._registry[model].list_filter:
        path = entry[0] if isinstance(entry, tuple) else entry
        if isinstance(path, str):
            found |= {path, f"{path}__exact", f"{path}__id__exact", f"{path}__isnull", f"{path}__in"}
        else:
            found |= {name for name in [getattr(path, "parameter_name", None)] if name}
    return found | {"expires_from", "expires_to"}


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_nonsense_in_the_address_of_a_list_is_no_error(model: Any, world: SimpleNamespace) -> None:
    client, seat = Client(raise_request_exception=False), seat_for(model, world)
    session = session_of(client, seat)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    names = parameters_of(model)
    broken = []
    for value in VALUES:
        # Each alone where it may end the request early, all others together.
        for sent in ({"p": value}, {"o": value}, {"e": value, "q": "1"}, dict.fromkeys(names, value)):
            status, response, _written = ask(client, session, Call("", url, "GET", data=sent))
            if status.startswith("5"):
                broken.append(f"{url} {sent}: {status} {getattr(response, 'exc_info', '')}")
    assert not broken, "\n".join(["", *broken])


def forms_of(
    world: SimpleNamespace, seat: Seat, client: Client, session: str
) -> Iterator[tuple[Call, set[str]]]:
    """Each page with a form to post that the seat may open, and the names of the fields."""
    for call in calls(world, seat):
        if call.method != "GET" or call.act in ("changelist", "export", "file") or call.whose == "foreign":
            continue
        status, response, _written = ask(client, session, call)
        if status != "200" or not response.headers.get("Content-Type", "").startswith("text/html"):
            continue
        forms = "".join(POSTED_FORM.findall(text_of(response)))
        if names := set(FIELD.findall(forms)) - {"csrfmiddlewaretoken", "language"}:
            yield call, names


ASKED: set[str] = set()
POSTING = ("COMPANY", "OFFICE", "TRAINING", "FINANCE", "ADMIN", "LOCAL_BODY", "PERSON", "ANONYMOUS")


@pytest.mark.parametrize(
    "name", ["COMPANY", "OFFICE", "TRAINING", "FINANCE", "ADMIN", "LOCAL_BODY", "PERSON", "ANONYMOUS"]
)
def test_nonsense_in_a_form_is_no_error(name: str, world: SimpleNamespace) -> None:
    """Text, keys and choices that no form offers; each form once, from the first seat that may post it."""
    client, seat = Client(raise_request_exception=False), world.seats[name]
    session = session_of(client, seat)
    broken = []
    for page, names in list(forms_of(world, seat, client, session)):
        if page.name in ASKED:
            continue
        ASKED.add(page.name)
        for value in IN_FORMS:
            sent = dict.fromkeys(names, value)
            status, _response, _written = ask(client, session, Call("", page.url, "POST", data=sent))
            if status.startswith("5"):
                broken.append(f"{page.url} {value!r} in {sorted(names)}: {status}")
    assert not broken, "\n".join(["", *broken])


def test_nul_in_what_is_sent_never_reaches_a_view(world: SimpleNamespace) -> None:
    client, seat = Client(), world.seats["OFFICE"]
    client.force_login(seat.user)
    page = client.get(reverse("admin:registry_person_changelist"), {"q": "监\0理"})
    assert page.context["cl"].query == "监理"
    answer = client.post(reverse("admin:registry_person_changelist"), {"q": "监\0理"})
    assert answer["Location"].endswith("?q=%E7%9B%91%E7%90%86")
