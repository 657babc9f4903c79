"""Who looks at the world of the access matrix: a seat for each role, two for each bound one, and more."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import models

from backoffice.accounts.models import User
from backoffice.core.models import Attachment, Message, SavedFilter, Task
from backoffice.core.notices import ensure_templates
from backoffice.roles import Role
from registry.models import Company, CompanyApplication, HelpRequest, Person, PersonalApplication, Transfer
from tests.access_world import ANONYMOUS, MASKED, SEES_ALL, STAFF, make_world, secrets_of
from tests.files.images import jpeg
from training.models import Enrolment

#: What a side has under way in the training room and at the cash desk, by the model's label.
LEARNING = {
    "training.enrolment": "enrolment", "training.enrolmentline": "line", "fees.bill": "bill",
    "fees.voucher": "voucher", "fees.receipt": "receipt", "fees.refund": "refund",
}  # fmt: skip
#: The second seats of a role: only what has an owner is asked again from there.
SECOND = (
    "COMPANY_CLERK", "COMPANY_OTHER", "COMPANY_SUSPENDED", "COMPANY_LEFT",
    "LOCAL_BODY_OTHER", "PERSON_COLLEAGUE", "PERSON_OTHER",
)  # fmt: skip
SEATS = (ANONYMOUS, *map(str, Role), *SECOND)


@dataclass
class Seat:
    """A user (nobody for ANONYMOUS) and what that one may find: by the model's label, in hand-written tables, since
    the matrix must not believe the tables it checks."""

    name: str
    role: str
    user: Any = None
    #: A record in the scope, or None, and one that is not.
    pairs: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    #: The keys of all rows in the scope; None for those who see everything.
    mine: dict[str, set[Any]] | None = None
    #: Words that no page may say.
    hidden: set[str] = field(default_factory=set)
    #: The other side's records, for models that have no pair.
    strangers: dict[str, Any] = field(default_factory=dict)
    #: What the seat's company is while it is looked from there.
    company_status: str = "ACTIVE"

    @property
    def is_second(self) -> bool:
        return self.name in SECOND

    def sit_down(self) -> None:
        if self.company_status != "ACTIVE":
            Company.objects.filter(pk=self.user.company_id).update(status=self.company_status)


def whole_world(folder: Path) -> SimpleNamespace:
    """The world with its seats, and a picture in the folder of uploads for every attachment in it."""
    (folder / "a").mkdir()
    (folder / "a" / "x.jpg").write_bytes(jpeg())
    world = make_world()
    ensure_templates()  # as the first look at their list does
    Attachment.objects.update(file="a/x.jpg")
    world.seats = seats_of(world)
    return world


def seats_of(world: SimpleNamespace) -> dict[str, Seat]:
    a, b, users = world.a, world.b, world.users
    staff = [
        Seat(role, role, users[role], {}, None, numbers_of_people(role), strangers_of(b)) for role in STAFF
    ]
    found = [
        Seat(ANONYMOUS, ANONYMOUS, None, {}, None, words_of(a) | words_of(b), strangers_of(b)),
        *staff,
        company_seat("COMPANY", a, b, a.manager), company_seat("COMPANY_CLERK", a, b, a.clerk),
        company_seat("COMPANY_OTHER", b, a, b.manager),
        company_seat("COMPANY_SUSPENDED", a, b, a.manager, "SUSPENDED"),
        company_seat("COMPANY_LEFT", a, b, a.manager, "LEFT"),
        body_seat("LOCAL_BODY", a, b), body_seat("LOCAL_BODY_OTHER", b, a),
        person_seat("PERSON", a, 0, a, 1, b), person_seat("PERSON_COLLEAGUE", a, 1, a, 0, b),
        person_seat("PERSON_OTHER", b, 0, a, 0, a),
    ]  # fmt: skip
    for seat in found:
        if seat.user is not None:
            give_filters(seat, a.clerk if seat.user != a.clerk else a.manager)
    for seat in found:
        if seat.mine is not None:
            seat.mine["core.savedfilter"] = set(seat.user.saved_filters.values_list("pk", flat=True))
    found[0].strangers["core.savedfilter"] = SavedFilter.objects.first()
    return {seat.name: seat for seat in sorted(found, key=lambda seat: SEATS.index(seat.name))}


def company_seat(
    name: str, a: SimpleNamespace, b: SimpleNamespace, user: Any, status: str = "ACTIVE"
) -> Seat:
    pairs = {
        "registry.company": (a.company, b.company), "registry.person": (a.people[0], b.people[0]),
        "registry.certificate": (a.certificates[0], b.certificates[0]), "accounts.user": (a.clerk, b.clerk),
        "core.attachment": (a.files[1], b.files[1]),
        "registry.personalapplication": (a.application, b.application),
        "registry.companychange": (a.change, b.change), "registry.transfer": (a.transfer, b.transfer),
        "core.task": (a.tasks[1], b.tasks[1]), "core.trackedtask": (a.tasks[1], b.tasks[1]),
        "core.finishedtask": (a.done[0], b.done[0]), **learning_pairs(a, b, *LEARNING),
    }  # fmt: skip
    under_way = (a.application, a.change, a.transfer, a.learning.enrolment, a.learning.refund)
    mine = {
        "registry.company": {a.company.pk}, "registry.person": {p.pk for p in a.people},
        "registry.certificate": {c.pk for c in a.certificates},
        "accounts.user": set(a.company.users.values_list("pk", flat=True)),
        "registry.personalapplication": {a.application.pk}, "registry.companychange": {a.change.pk},
        "registry.transfer": {a.transfer.pk}, "core.task": {task.pk for task in a.tasks},
        "core.trackedtask": {task.pk for task in a.tasks} | latest(a.learning),
        "core.finishedtask": {task.pk for record in under_way for task in Task.of(record)},
        **{label: {getattr(a.learning, name).pk} for label, name in LEARNING.items()},
        "fees.receipt": {row.pk for row in a.learning.bill.receipts.all()},
    }  # fmt: skip
    hidden = secrets_of(b) | asked_of(b) | {b.company.name, b.former.name, b.manager.name, b.clerk.name}
    return Seat(name, Role.COMPANY, user, pairs, mine, hidden, strangers_of(b), status)


def body_seat(name: str, a: SimpleNamespace, b: SimpleNamespace) -> Seat:
    pairs = {
        **learning_pairs(a, b, "training.enrolment", "training.enrolmentline"),
        "registry.personalapplication": (a.application, b.application),
        "core.trackedtask": (a.tasks[0], b.tasks[0]), "core.finishedtask": (a.done[0], b.done[0]),
        "attendance": (a.learning.training_class, b.learning.training_class),
    }  # fmt: skip
    mine = {
        "registry.personalapplication": {a.application.pk},
        "core.trackedtask": {a.tasks[0].pk, *enrolment_tasks(a.learning)},
        "core.finishedtask": {task.pk for task in Task.of(a.learning.enrolment)},
        "training.enrolment": {a.learning.enrolment.pk}, "training.enrolmentline": {a.learning.line.pk},
    }  # fmt: skip
    # The application that was addressed to it names the applicant and the employer.
    # So does the roster of the enrolment in its class.
    known = {
        a.company.name, a.application.name, a.application.id_number, a.people[0].name, a.people[0].id_number,
        a.certificates[0].number,
    }  # fmt: skip
    return Seat(
        name, Role.LOCAL_BODY, a.local, pairs, mine, (words_of(a) | words_of(b)) - known, strangers_of(b)
    )


def person_seat(
    name: str, a: SimpleNamespace, i: int, of: SimpleNamespace, other: int, b: SimpleNamespace
) -> Seat:
    """The person `i` of side `a`; the foreign one is the person `other` of the side `of` (a colleague, or not)."""
    line = a.learning.line if i == 0 else None
    pairs = {
        "registry.company": (a.company, b.company), "registry.person": (a.people[i], of.people[other]),
        "registry.certificate": (a.certificates[i], of.certificates[other]),
        "accounts.user": (None, of.users[other]), "core.attachment": (a.files[1 + i], of.files[1 + other]),
        "training.enrolmentline": (line, b.learning.line if line else a.learning.line),
    }  # fmt: skip
    mine = {
        "registry.company": {a.company.pk}, "registry.person": {a.people[i].pk},
        "registry.certificate": {a.certificates[i].pk}, "accounts.user": set(),
        "training.enrolmentline": {line.pk} if line else set(),
    }  # fmt: skip
    hidden = (
        secrets_of(b) | secrets_of(a, slice(1 - i, 2 - i)) | {b.company.name, b.former.name, b.clerk.name}
        | asked_of(a) | asked_of(b)
    )  # fmt: skip
    return Seat(name, Role.PERSON, a.users[i], pairs, mine, hidden, strangers_of(b))


def give_filters(seat: Seat, other: Any) -> None:
    """A saved filter of one's own, and one of somebody else of the same company where there is one."""
    path = "/admin/registry/person/"
    own = SavedFilter.objects.create(user=seat.user, path=path, name=f"我的{seat.name}", query="q=1")
    foreign = SavedFilter.objects.create(user=other, path=path, name=seat.name, query="q=2")
    seat.pairs["core.savedfilter"] = own, foreign


def records(world: SimpleNamespace, seat: Seat, label: str) -> list[tuple[str, models.Model]]:
    """The records to try: ("any", one), or ("own", one) and ("foreign", another)."""
    stranger = seat.strangers.get(label) or world.single.get(label)
    if seat.role == ANONYMOUS:
        return [("foreign", stranger)]
    if seat.role in SEES_ALL.get(label, ()):
        return [("any", stranger)]
    own, foreign = seat.pairs.get(label, (None, None))
    return [*([("own", own)] if own else []), ("foreign", foreign or stranger)]


def learning_pairs(a: SimpleNamespace, b: SimpleNamespace, *labels: str) -> dict[str, tuple]:
    return {
        label: (getattr(a.learning, LEARNING[label]), getattr(b.learning, LEARNING[label]))
        for label in labels
    }


def strangers_of(b: SimpleNamespace) -> dict[str, Any]:
    return {
        "registry.personalapplication": b.application, "registry.companychange": b.change,
        "registry.transfer": b.transfer, "core.task": b.tasks[1], "core.trackedtask": b.tasks[1],
        **{label: getattr(b.learning, name) for label, name in LEARNING.items()},
        "registry.company": b.company, "registry.person": b.people[0], "registry.certificate": b.certificates[0],
        "accounts.user": b.clerk, "core.attachment": b.files[0], "attendance": b.learning.training_class,
        "training.trainingclass": b.learning.training_class,
    }  # fmt: skip


def words_of(where: SimpleNamespace) -> set[str]:
    return secrets_of(where) | {where.company.name} | asked_of(where)


def asked_of(where: SimpleNamespace) -> set[str]:
    """What strangers must not read about what the side has under way."""
    return {where.application.name, where.application.id_number, where.change.new_name, where.transfer.name}


def enrolment_tasks(learning: SimpleNamespace) -> set[int]:
    return set(Task.of(learning.enrolment).filter(is_latest=True).values_list("pk", flat=True))


def latest(learning: SimpleNamespace) -> set[int]:
    """The newest tasks of what a company may track: the enrolment and the refund."""
    return enrolment_tasks(learning) | {
        *Task.of(learning.refund).filter(is_latest=True).values_list("pk", flat=True)
    }


def numbers_of_people(role: Role) -> set[str]:
    """The personal values in the database that this role must read nowhere whole, by hand: the matrix must not
    believe the table it checks. An association's own phone and account are no secret."""
    personal = [
        *Person.objects.values_list("id_number", "phone", "email", "birthday"),
        *PersonalApplication.objects.values_list("id_number", "phone", "email"),
        *CompanyApplication.objects.values_list("contact_phone", "email"),
        *Company.objects.values_list("contact_phone", "email"),
        *HelpRequest.objects.values_list("id_number", "phone", "email"),
        *Transfer.objects.values_list("id_number"), *Enrolment.objects.values_list("contact_phone"),
        *User.objects.filter(role=Role.PERSON).values_list("username", "phone", "email"),
        *Message.objects.values_list("recipient"),
    ]  # fmt: skip
    return {str(value) for row in personal for value in row if value} if role in MASKED else set()
