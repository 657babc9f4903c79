"""Every address x every seat x own and foreign records: who gets what, kept as a file people can review.

`tests/access_matrix.txt` has a line for each address: the answer's status and, for lists, how many rows it shows, with
the seats (tests/access_seats.py) that get it. After a wanted change:
`UPDATE_ACCESS_MATRIX=1 pytest tests/test_access_matrix.py -n 0`, and read the diff.

  own       a record in the user's scope          foreign   a record out of it
  any       the role sees all records             mixed     one's own record, with a part of a foreign one
  -         the address names no record           forged    a link that nobody signed
  login     redirected to the sign-in page
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.template import Template
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse
from unfold.sites import UnfoldAdminSite

from backoffice.roles import APPLICANT
from tests import access_file
from tests.access_asking import ask, broken_rules, rows_of, session_of
from tests.access_calls import calls, patterns
from tests.access_links import link_calls, links_of, make
from tests.access_seats import SEATS, Seat, whole_world
from tests.page_links import Pages

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def world(kept_for_file: Path) -> SimpleNamespace:
    return whole_world(kept_for_file)


@pytest.fixture
def quiet(caplog: Any, monkeypatch: Any) -> None:
    caplog.set_level("CRITICAL", logger="django.request")  # a refusal is no news here
    # A rollback brings back rows, not files.
    monkeypatch.setattr(default_storage, "delete", lambda name: None)
    # The client keeps a copy of every template's context; nobody reads them here.
    monkeypatch.setattr(Template, "_render", lambda template, context: template.nodelist.render(context))
    cache.clear()  # of throttles


@pytest.fixture
def undrawn(monkeypatch: Any) -> Any:
    """Within it pages are not drawn: that is two thirds of the work, and the status stands before it."""

    def empty(response: SimpleTemplateResponse) -> SimpleTemplateResponse:
        response.content = b""
        return response

    @contextmanager
    def within(wanted: bool = True) -> Iterator[None]:
        with monkeypatch.context() as patch:
            if wanted:
                patch.setattr(SimpleTemplateResponse, "render", empty)
                patch.setattr(UnfoldAdminSite, "each_context", lambda site, request: {})
            yield

    return within


@pytest.mark.parametrize("name", SEATS)
@pytest.mark.usefixtures("quiet")
def test_every_address_answers_the_seat_as_the_reviewed_file_says(
    name: str, world: SimpleNamespace, undrawn: Any
) -> None:
    seat, client, pages = world.seats[name], Client(raise_request_exception=False), Pages()
    session = session_of(client, seat)
    seat.sit_down()
    found: dict[str, list[str]] = {}
    broken = []
    for call in calls(world, seat):
        with undrawn(call.method == "POST" and not seat.hidden):  # no secret to look for
            status, response, written = ask(client, session, call)
        rows = rows_of(call, response)
        number = rows if isinstance(rows, int) else len(rows) if rows is not None else None
        outcome = f"{call.whose} {status}" + ("" if number is None else f" {number} rows")
        found.setdefault(f"{call.method} {call.name}", []).append(outcome)
        rules = broken_rules(seat, call, status, response, rows, written)
        broken += [f"{name} {call.method} {call.name} {outcome}: {rule}" for rule in rules]
        if call.method == "GET":
            pages.read(call.url, response)
    assert not broken, "\n".join(["", *broken])
    with undrawn():
        assert not (dead := pages.dead_links(client, session)), "\n".join(["Links that lead nowhere:", *dead])
    changed = access_file.changed(name, found, (*SEATS, *links_of()))
    assert not changed, "\n".join(["Run with UPDATE_ACCESS_MATRIX=1 and read the diff:", *changed[:60]])


@pytest.mark.parametrize("name", links_of())
@pytest.mark.usefixtures("quiet")
def test_a_signed_link_opens_its_own_record_and_nothing_of_others(name: str, world: SimpleNamespace) -> None:
    record, other, words = make(name)
    seat, client, pages = Seat(name, APPLICANT, hidden=words), Client(raise_request_exception=False), Pages()
    found: dict[str, list[str]] = {}
    broken = []
    for call in link_calls(record, other):
        status, response, written = ask(client, "", call)
        outcome = f"{call.whose} {status}"
        found.setdefault(f"{call.method} {call.name}", []).append(outcome)
        rules = broken_rules(seat, call, status, response, None, written)
        broken += [f"{name} {call.method} {call.name} {outcome}: {rule}" for rule in rules]
        if call.method == "GET":
            pages.read(call.url, response)
    assert not broken, "\n".join(["", *broken])
    assert not (dead := pages.dead_links(client, "")), "\n".join(["Links that lead nowhere:", *dead])
    changed = access_file.changed(name, found, (*SEATS, *links_of()))
    assert not changed, "\n".join(["Run with UPDATE_ACCESS_MATRIX=1 and read the diff:", *changed[:60]])


def test_the_file_speaks_of_the_seats_there_are_and_of_nobody_else() -> None:
    assert {seat for by in access_file.read().values() for seat in by} == {*SEATS, *links_of()}


def test_every_address_has_a_name_by_which_the_matrix_finds_it() -> None:
    assert [str(pattern.pattern) for name, pattern in patterns() if not name] == []


def test_there_is_no_address_that_names_any_object_of_any_model() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[1, 1])
