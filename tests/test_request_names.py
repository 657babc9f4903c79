"""Whatever names a record in an address or a form: the key of a foreign one answers exactly as one that never was."""

import ast
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

from backoffice.core.links import token_of
from backoffice.core.models import Attachment
from tests.access_asking import ask, said, session_of, text_of
from tests.access_calls import Call
from tests.access_seats import SEATS, Seat, records, whole_world
from tests.access_world import ANONYMOUS, attach
from tests.enrolments import EnrolmentFactory
from tests.factories import HelpRequestFactory
from tests.request_names import DRAFT, READS, Names
from tests.request_reads import reads
from tests.test_architecture import ROOT, TREES

pytestmark = pytest.mark.django_db
#: No record has it.
MISSING = 987_654_321


@pytest.fixture(scope="module")
def world(kept_for_file: Path) -> SimpleNamespace:
    found = whole_world(kept_for_file)
    drafts = [EnrolmentFactory(company=side.company, people=1) for side in (found.a, found.b)]
    for seat in found.seats.values():
        if seat.role == "COMPANY":
            seat.pairs[DRAFT] = tuple(drafts if seat.user.company_id == found.a.company.pk else drafts[::-1])
    found.drafts = drafts
    return found


@pytest.fixture(autouse=True)
def quiet(caplog: Any, monkeypatch: Any) -> None:
    caplog.set_level("CRITICAL", logger="django.request")
    monkeypatch.setattr(default_storage, "delete", lambda name: None)
    cache.clear()


def found_reads() -> dict[str, set[str]]:
    """The reads of what requests carry, by file; of modules that have to do with requests."""
    found: dict[str, set[str]] = {}
    for path, tree in TREES.items():
        parts = path.relative_to(ROOT).parts
        speaks_of_requests = re.search(r"\bHttpRequest\b|\brequest\b|\bposted\b", path.read_text())
        if speaks_of_requests and not {"demo", "commands"} & set(parts):
            found[str(path.relative_to(ROOT))] = {name for _line, name in reads(tree)}
    return {file: names for file, names in found.items() if names}


def test_every_read_of_an_address_or_a_form_is_in_the_registry_and_the_registry_has_no_other() -> None:
    assert {file: set(names) for file, names in READS.items()} == found_reads()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("request.GET['id']", "id"), ("self.request.POST.get('row', '')", "row"), ("'x' in request.POST", "x"),
        ("query = request.GET.copy()\nquery.pop('id', None)", "id"), ("LineForm(request.POST)", "LineForm(…)"),
        ("given = request.POST if a else request.GET\ngiven.getlist('row')", "row"), ("request.GET[NAME]", "NAME"),
        ("LineForm(data=request.POST or None)", "LineForm(…)"), ("(request.POST or request.GET).get('k')", "k"),
    ],
)  # fmt: skip
def test_every_way_to_read_a_request_is_found(line: str, name: str) -> None:
    assert name in {found for _line, found in reads(ast.parse(line))}


# --- Foreign keys where records are named ------------------------------------------------------------


def named(names: Names, seat: Seat, world: SimpleNamespace, key: Any, own: Any = None) -> Call | None:
    """The request with this key, and before it one's own; None where the seat has no record to send it to."""
    args: list[Any] = list(names.args)
    if names.own:
        record = own_of(names.own, seat, world)
        if record is None:
            return None
        args.insert(0, record.pk)
    name = names.name or read_name(names)
    data: dict[str, Any] = {}
    for beside, value in names.data.items():
        record = own_of(value[1:], seat, world) if value.startswith("@") else None
        data[beside] = record.pk if record else value
    values = [names.form.format(each) for each in (own, key) if each is not None]
    data[name.format(key)] = values if len(values) > 1 else values[0]
    return Call(f"{names.view} {name}", reverse(names.view, args=args), names.method, data=data)


def read_name(names: Names) -> str:
    return next(
        read
        for reads_of_file in READS.values()
        for read, what in reads_of_file.items()
        if names is what or (isinstance(what, list) and names in what)
    )


def own_of(label: str, seat: Seat, world: SimpleNamespace) -> Any:
    """One's own record, else (for those who have none) whatever the matrix would ask for."""
    if label in seat.pairs:
        return seat.pairs[label][0]
    if label == DRAFT:
        return world.drafts[0]
    return records(world, seat, label)[0][1]


def foreign_of(label: str, seat: Seat, world: SimpleNamespace) -> Any:
    if label in seat.pairs:
        return seat.pairs[label][1]
    return next((record for whose, record in records(world, seat, label) if whose == "foreign"), None)


def all_names() -> Iterator[Names]:
    for names in READS.values():
        for what in names.values():
            yield from (
                entry for entry in (what if isinstance(what, list) else [what]) if isinstance(entry, Names)
            )


def same(text: str, key: Any) -> str:
    """The page without what differs from page to page, and as if the key that was sent were the foreign one's."""
    text = re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", text)
    return text.replace(str(MISSING), str(key))


def told(client: Client, session: str, call: Call, key: Any) -> tuple[Any, ...]:
    """All that an answer tells: its status, where it leads, its page, what was written."""
    status, response, written = ask(client, session, call)
    shown = same(text_of(response), key)
    if shown.startswith("%PDF"):
        shown = f"a PDF of {len(shown)} characters"  # it says at which second it was made
    return status, same(response.headers.get("Location", ""), key), shown, written, response


def apart(one: Any, other: Any) -> str:
    """Where two answers begin to differ."""
    if not isinstance(one, str):
        return f"{one} / {other}"
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return f"{one[max(0, at - 60) : at + 120]!r} / {other[max(0, at - 60) : at + 120]!r}"


def differences(
    seat: Seat, client: Client, session: str, foreign: Call, missing: Call, key: Any
) -> list[str]:
    one, other = (told(client, session, call, key) for call in (foreign, missing))
    found = [
        f"{seat.name} {foreign.name}: {what} differs for a foreign record: {apart(one[n], other[n])}"
        for n, what in enumerate(("status", "address", "page", "what was written"))
        if one[n] != other[n]
    ]
    if one[0].startswith("5"):
        found.append(f"{seat.name} {foreign.name}: {one[0]}")
    words = said(seat.hidden, foreign, text_of(one[4]))
    return found + [f"{seat.name} {foreign.name} {word}" for word in words]


SIGNED_IN = [seat for seat in SEATS if seat != ANONYMOUS]


@pytest.mark.parametrize("name", SIGNED_IN)
def test_the_key_of_a_foreign_record_answers_as_one_that_never_was(name: str, world: SimpleNamespace) -> None:
    seat, client = world.seats[name], Client(raise_request_exception=False)
    session = session_of(client, seat)
    seat.sit_down()
    broken = []
    for names in all_names():
        foreign = foreign_of(names.label, seat, world)
        own = seat.pairs.get(names.label, (None,))[0]
        for beside in {None, own.pk if own else None} if foreign else ():
            calls = [named(names, seat, world, key, beside) for key in (foreign.pk, MISSING)]
            if calls[0] and calls[1]:
                broken += differences(seat, client, session, calls[0], calls[1], foreign.pk)
    assert not broken, "\n".join(["", *broken])


def test_every_parameter_that_names_a_record_is_tried_by_somebody_to_whom_the_record_is_foreign(
    world: SimpleNamespace,
) -> None:
    for names in all_names():
        assert any(foreign_of(names.label, world.seats[name], world) for name in SIGNED_IN), names


# --- Actions of lists and filters --------------------------------------------------------------------


@pytest.mark.parametrize("name", SIGNED_IN)
def test_an_action_of_a_list_does_nothing_to_a_record_out_of_scope(name: str, world: SimpleNamespace) -> None:
    """Whoever may not use the action tries it, too; alone, and beside a record of one's own."""
    seat, client = world.seats[name], Client(raise_request_exception=False)
    session = session_of(client, seat)
    seat.sit_down()
    broken = []
    for model, model_admin in admin.site._registry.items():
        label = model._meta.label_lower
        foreign, own = foreign_of(label, seat, world), seat.pairs.get(label, (None,))[0]
        if foreign is None:
            continue
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for act in model_admin.actions or ():
            act = getattr(act, "__name__", act)
            for beside in {None, own.pk if own else None}:
                calls = [
                    Call(f"{label} {act}", url, "POST", data={
                        "action": act, "index": "0", "_selected_action": [key for key in (beside, key) if key],
                    })
                    for key in (foreign.pk, MISSING)
                ]  # fmt: skip
                broken += differences(seat, client, session, calls[0], calls[1], foreign.pk)
    assert not broken, "\n".join(["", *broken])


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_filter_by_a_foreign_record_answers_as_by_one_that_never_was(
    name: str, world: SimpleNamespace
) -> None:
    seat, client = world.seats[name], Client(raise_request_exception=False)
    session = session_of(client, seat)
    seat.sit_down()
    broken = []
    for model, model_admin in admin.site._registry.items():
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for path, label in keys_in_filters(model, model_admin):
            foreign = foreign_of(label, seat, world)
            if foreign is not None:
                calls = [Call(f"{url}?{path}", url, "GET", data={path: key}) for key in (foreign.pk, MISSING)]
                broken += differences(seat, client, session, calls[0], calls[1], foreign.pk)
    assert not broken, "\n".join(["", *broken])


def keys_in_filters(model: Any, model_admin: Any) -> Iterator[tuple[str, str]]:
    """The parameters of a list that take the key of a record, and the record's model."""
    paths = [entry[0] if isinstance(entry, tuple) else entry for entry in model_admin.list_filter]
    for path in [*paths, *getattr(model_admin, "url_lookups", ())]:
        field: Any = None
        for part in path.split("__") if isinstance(path, str) else ():
            field = (field.related_model if field else model)._meta.get_field(part)
        if field is not None and field.many_to_one:
            yield path, field.related_model._meta.label_lower


def test_the_holder_of_a_link_takes_back_no_picture_of_another_question(client: Client) -> None:
    mine, other = HelpRequestFactory(state="DRAFT"), HelpRequestFactory(state="DRAFT")
    own, foreign = attach(mine), attach(other)
    data = {"token": token_of(mine), "remove": [own.pk, foreign.pk]}
    client.post(reverse("public:help"), data)
    assert list(Attachment.objects.filter(pk__in=[own.pk, foreign.pk], removed_at=None)) == [foreign]
