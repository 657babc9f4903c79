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
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from django.utils import timezone

from backoffice.core.flow import start
from backoffice.core.models import (
    Attachment,
    AttachmentKind,
    CalendarDay,
    HeaderMapping,
    Message,
    MessageTemplate,
    ReadyOpinion,
    SavedFilter,
    Task,
)
from backoffice.roles import Role, allows
from registry.models import CompanyChange, DuplicatePair, FormerName, Merge, Person, Transfer
from tests.factories import (
    AnnouncementFactory,
    CertificateFactory,
    CompanyApplicationFactory,
    CompanyFactory,
    HelpRequestFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    RegionFactory,
    SpecialtyFactory,
    TrainingClassFactory,
    UserFactory,
    id_number,
)
from tests.files.images import jpeg
from tests.registry.import_files import look_through, row

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FILE = Path(__file__).with_name("access_matrix.txt")
ANONYMOUS = "ANONYMOUS"
BOUND = (Role.COMPANY, Role.PERSON, Role.LOCAL_BODY)
#: The register, where "own" means something; of other models a role sees all rows or none.
PUBLIC = {
    "training.trainingclass",
    "core.announcement",
    "core.readyopinion",
    "registry.region",
    "registry.specialty",
    "registry.localbody",
    "core.calendarday",
    "core.attachmentkind",
}
STAFF = set(Role) - set(BOUND)
#: Who sees all rows of the other models, by hand: the matrix must not believe the table it checks.
SEES_ALL = {
    "registry.company": STAFF, "registry.person": STAFF, "registry.certificate": STAFF,
    "accounts.user": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.importrun": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.message": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.headermapping": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "axes.accessattempt": {Role.ADMIN, Role.AUDITOR},
    "core.attachment": STAFF, "core.savedfilter": set(),
    "core.messagetemplate": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.task": {Role.ADMIN, Role.OFFICE, Role.AUDITOR}, "core.finishedtask": STAFF - {Role.FINANCE},
    "core.trackedtask": STAFF - {Role.TRAINING},
    "registry.duplicatepair": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "registry.merge": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "registry.helprequest": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "registry.companyapplication": STAFF - {Role.TRAINING},
    "registry.companychange": STAFF - {Role.TRAINING},
    "registry.transfer": STAFF - {Role.FINANCE}, "registry.personalapplication": STAFF - {Role.FINANCE},
} | {label: set(Role) for label in PUBLIC}  # fmt: skip
#: The verb of GRANTS that an address asks for; a dict: by method.
VERBS: dict[str, Any] = {
    "changelist": {"GET": "view"}, "add": "add", "delete": "delete", "export": {"GET": "export"},
    "history": {"GET": "view"}, "attachments": {"GET": "view", "POST": "change"},
    "change": {"GET": "view", "POST": "change"},
    **{act: {"POST": "change"} for act in ("mapping", "options", "confirm", "discard", "undo")},
    "progress": {"GET": "view"}, "file": {"GET": "view"},
}  # fmt: skip


# --- The world ---------------------------------------------------------------------------------------


def attach(owner: models.Model) -> Attachment:
    kind, _created = AttachmentKind.objects.get_or_create(code="OTHER", defaults={"name": "其他"})
    return Attachment.objects.create(
        owner=owner, kind=kind, file="a/x.jpg", name=f"附件{owner.pk}-{owner}.jpg"
    )


def side(name: str, digit: int) -> SimpleNamespace:
    """A company with a manager, a clerk, two people and their certificates, attachments and a former name."""
    company = CompanyFactory(
        name=f"广东{name}工程监理有限公司", contact_name=f"{name}联系", contact_phone=f"020-8000000{digit}"
    )
    body = LocalBodyFactory(name=f"{name}市建设监理协会")
    people = [
        PersonFactory(company=company, name=f"{name}{who}", title=f"{name}{who}职称") for who in ("甲", "乙")
    ]
    certificates = [CertificateFactory(person=person) for person in people]
    former = FormerName.objects.create(company=company, name=f"旧{name}公司")
    return SimpleNamespace(
        company=company, body=body, people=people, certificates=certificates, former=former,
        manager=UserFactory(role=Role.COMPANY, company=company, is_manager=True, name=f"{name}管理员"),
        clerk=UserFactory(role=Role.COMPANY, company=company, name=f"{name}职员"),
        local=UserFactory(role=Role.LOCAL_BODY, local_body=body, name=f"{name}协会员"),
        users=[UserFactory(role=Role.PERSON, person=person, name=person.name) for person in people],
        files=[attach(owner) for owner in (company, *people)],
        **flows(name, digit, company, body),
    )  # fmt: skip


def flows(name: str, digit: int, company: models.Model, body: models.Model) -> dict[str, Any]:
    """What the side has under way, with the task of each."""
    clerk = company.users.first() or UserFactory(role=Role.COMPANY, company=company, name=f"{name}经办")
    application = PersonalApplicationFactory(
        company=company, local_body=body, name=f"{name}申请人", at="COMPANY_REVIEW"
    )
    change = start(
        CompanyChange(company=company, kind="RENAME", new_name=f"{name}新名公司", new_login_name=f"{name}新登录",
                      created_by=clerk), by=clerk,
    )  # fmt: skip
    moved = Transfer(
        company=company, name=f"{name}来人", id_number=id_number(970_000 + digit), created_by=clerk
    )
    transfer = start(moved, by=clerk)
    return {
        "application": application, "change": change, "transfer": transfer,
        "tasks": [Task.of(record).get(closed_at=None) for record in (application, change, transfer)],
        "done": Task.of(application).filter(closed_at__isnull=False),
    }  # fmt: skip


def secrets_of(where: SimpleNamespace, who: slice = slice(None)) -> set[str]:
    """What must not be read by strangers about people and certificates."""
    found = {certificate.number for certificate in where.certificates[who]}
    for person in where.people[who]:
        found |= {person.name, person.id_number, person.phone}
    return found


def asked_of(where: SimpleNamespace) -> set[str]:
    """What strangers must not read about what the side has under way."""
    return {where.application.name, where.application.id_number, where.change.new_name, where.transfer.name}


@pytest.fixture
def world() -> SimpleNamespace:
    """Side A is everyone's own; side B (for a person also the colleague) is foreign."""
    users: dict[str, Any] = {role: UserFactory(role=role) for role in STAFF}
    a, b = side("珠源", 1), side("鹏远", 2)
    users |= {Role.COMPANY: a.manager, Role.PERSON: a.users[0], Role.LOCAL_BODY: a.local}
    run = look_through(row(1, number="A1999901"), row(2, number="坏"), by=users[Role.OFFICE])
    single = {
        "core.importrun": run,
        "core.message": Message.objects.create(channel="MAIL", recipient="b@example.org", subject="通知", body="密语"),
        "core.headermapping": HeaderMapping.objects.create(layout="certificates", signature="x", header="编号|姓名"),
        "axes.accessattempt": AccessAttempt.objects.create(
            username="x", failures_since_start=1, get_data="", post_data=""
        ),
        "core.calendarday": CalendarDay.objects.create(date="2026-10-01", kind=CalendarDay.Kind.HOLIDAY),
        "core.attachmentkind": AttachmentKind.objects.get(code="OTHER"),
        "core.announcement": AnnouncementFactory(is_published=True, published_at=timezone.now()),
        "core.readyopinion": ReadyOpinion.objects.create(text="请更正"),
        "core.messagetemplate": MessageTemplate.objects.create(code="transfer.approve"),
        "core.finishedtask": b.done[0],
        "training.trainingclass": TrainingClassFactory(local_body=b.body, state="OPEN"),
        "registry.duplicatepair": DuplicatePair.objects.create(
            kind="PERSON", first_id=a.people[1].pk, second_id=b.people[1].pk, label="两人", reason="同名"
        ),
        "registry.merge": Merge.objects.create(
            content_type=ContentType.objects.get_for_model(Person), kept_id=a.people[1].pk, merged_id=b.people[1].pk,
            label="两人", by=users[Role.OFFICE],
        ),
        "registry.helprequest": HelpRequestFactory(state="OPEN"),
        "registry.companyapplication": CompanyApplicationFactory(at="OFFICE_REVIEW"),
        "registry.region": RegionFactory(), "registry.specialty": SpecialtyFactory(), "registry.localbody": b.body,
    }  # fmt: skip
    pairs = {
        Role.COMPANY: {
            "registry.company": (a.company, b.company), "registry.person": (a.people[0], b.people[0]),
            "registry.certificate": (a.certificates[0], b.certificates[0]), "accounts.user": (a.clerk, b.clerk),
            "core.attachment": (a.files[1], b.files[1]),
            "registry.personalapplication": (a.application, b.application),
            "registry.companychange": (a.change, b.change), "registry.transfer": (a.transfer, b.transfer),
            "core.task": (a.tasks[1], b.tasks[1]), "core.trackedtask": (a.tasks[1], b.tasks[1]),
            "core.finishedtask": (a.done[0], b.done[0]),
        },
        Role.LOCAL_BODY: {
            "registry.personalapplication": (a.application, b.application),
            "core.trackedtask": (a.tasks[0], b.tasks[0]), "core.finishedtask": (a.done[0], b.done[0]),
        },
        Role.PERSON: {
            "registry.company": (a.company, b.company), "registry.person": (a.people[0], a.people[1]),
            "registry.certificate": (a.certificates[0], a.certificates[1]), "accounts.user": (None, a.users[1]),
            "core.attachment": (a.files[1], a.files[2]),
        },
    }  # fmt: skip
    for role, user in users.items():
        saved = SavedFilter.objects.create(
            user=user, path="/admin/registry/person/", name="我的", query="q=1"
        )
        other = SavedFilter.objects.create(
            user=b.clerk, path="/admin/registry/person/", name=role, query="q=2"
        )
        pairs.setdefault(role, {})["core.savedfilter"] = (saved, other)
    strangers = {
        "registry.personalapplication": b.application, "registry.companychange": b.change,
        "registry.transfer": b.transfer, "core.task": b.tasks[1], "core.trackedtask": b.tasks[1],
        "core.savedfilter": SavedFilter.objects.first(),
        "registry.company": b.company, "registry.person": b.people[0], "registry.certificate": b.certificates[0],
        "accounts.user": b.clerk, "core.attachment": b.files[0],
    }  # fmt: skip
    everything = secrets_of(a) | secrets_of(b) | {a.company.name, b.company.name} | asked_of(a) | asked_of(b)
    hidden = {
        Role.COMPANY: secrets_of(b)
        | asked_of(b)
        | {b.company.name, b.former.name, b.manager.name, b.clerk.name},
        Role.PERSON: secrets_of(b)
        | secrets_of(a, slice(1, 2))
        | {b.company.name, b.former.name, b.clerk.name}
        | asked_of(a)
        | asked_of(b),
        # The application that was addressed to it names the applicant and the employer.
        Role.LOCAL_BODY: everything - {a.company.name, a.application.name, a.application.id_number},
        ANONYMOUS: everything,
    }
    mine = {
        Role.COMPANY: {
            "registry.company": {a.company.pk}, "registry.person": {p.pk for p in a.people},
            "registry.certificate": {c.pk for c in a.certificates}, "accounts.user": set(
                a.company.users.values_list("pk", flat=True)
            ),
            "registry.personalapplication": {a.application.pk}, "registry.companychange": {a.change.pk},
            "registry.transfer": {a.transfer.pk}, "core.task": {task.pk for task in a.tasks},
            "core.trackedtask": {task.pk for task in a.tasks},
            "core.finishedtask": {task.pk for record in (a.application, a.change, a.transfer)
                                  for task in Task.of(record)},
        },
        Role.PERSON: {
            "registry.company": {a.company.pk}, "registry.person": {a.people[0].pk},
            "registry.certificate": {a.certificates[0].pk}, "accounts.user": set(),
        },
        Role.LOCAL_BODY: {
            "registry.personalapplication": {a.application.pk}, "core.trackedtask": {a.tasks[0].pk},
        },
    }  # fmt: skip
    for role in mine:
        mine[role]["core.savedfilter"] = {pairs[role]["core.savedfilter"][0].pk}
    return SimpleNamespace(a=a, b=b, users=users, run=run, single=single, pairs=pairs, strangers=strangers,
                           hidden=hidden, mine=mine)  # fmt: skip


def records(world: SimpleNamespace, role: str, label: str) -> list[tuple[str, models.Model]]:
    """The records to try: ("any", one), or ("own", one) and ("foreign", another)."""
    if role == ANONYMOUS:
        return [("foreign", world.strangers.get(label) or world.single[label])]
    if role in SEES_ALL[label]:
        return [("any", world.strangers.get(label) or world.single[label])]
    own, foreign = world.pairs.get(Role(role), {}).get(label, (None, None))
    return [
        *([("own", own)] if own else []),
        ("foreign", foreign or world.strangers.get(label) or world.single[label]),
    ]


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
    elif wanted == {"layout"}:
        tries = [("-", ("certificates",))]
    elif wanted in ({"object_id"}, {"pk"}):
        tries = [(whose, (record.pk,)) for whose, record in records(world, role, label)]
    elif wanted == {"pk", "which"}:
        tries = [(whose, (record.pk, "marked")) for whose, record in records(world, role, label)]
    elif wanted == {"object_id", "step"}:
        steps = MODELS[match[1]].steps()
        tries = [
            (whose, (record.pk, step)) for whose, record in records(world, role, label) for step in steps
        ]
    assert tries, f"The access matrix does not know the arguments of {name}: {wanted}"
    for whose, args in tries:
        for method in methods:
            data = POSTED.get(act, {}) if method == "POST" else {"format": "csv"} if act == "export" else {}
            full = f"{name}({args[1]})" if act == "step" else name
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


def test_every_address_answers_every_role_as_the_reviewed_file_says(
    world: SimpleNamespace, caplog: Any, monkeypatch: Any
) -> None:
    private = Path(settings.MEDIA_ROOT) / "a"
    private.mkdir(parents=True)
    (private / "x.jpg").write_bytes(jpeg())
    caplog.set_level("CRITICAL", logger="django.request")  # a refusal is no news here
    monkeypatch.setattr(
        default_storage, "delete", lambda name: None
    )  # a rollback brings back rows, not files
    cache.clear()  # of throttles
    client = Client(raise_request_exception=False)
    lines, broken = [], []
    for role in (ANONYMOUS, *Role):
        client.cookies = SimpleCookie()
        session = ""
        if role != ANONYMOUS:
            client.force_login(world.users[role])
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
        for call in calls(world, role):
            status, response = ask(client, session, call)
            rows = rows_of(call, response)
            number = rows if isinstance(rows, int) else len(rows) if rows is not None else None
            shown = "" if number is None else f" {number} rows"
            line = f"{role} {call.method} {call.name} {call.whose} -> {status}{shown}"
            lines.append(line)
            broken += [f"{line}: {rule}" for rule in broken_rules(world, role, call, status, response, rows)]
    if os.environ.get("UPDATE_ACCESS_MATRIX"):
        FILE.write_text("\n".join(lines) + "\n")
    assert not broken, "\n".join(["", *broken])
    known = FILE.read_text().splitlines() if FILE.exists() else []
    changed = list(difflib.unified_diff(known, lines, "access_matrix.txt", "now", lineterm="", n=0))
    assert not changed, "\n".join(["Run with UPDATE_ACCESS_MATRIX=1 and read the diff:", *changed[:60]])


def test_there_is_no_address_that_names_any_object_of_any_model() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[1, 1])
