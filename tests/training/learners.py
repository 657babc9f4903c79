"""Enrolled people for the tests of the learning: online or face to face, in the state one needs."""

import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from backoffice.core.excel.identity import birthday_of, gender_of
from backoffice.roles import Role
from registry.models import Person
from tests.enrolments import EnrolmentFactory
from tests.factories import PersonFactory, TrainingClassFactory, UserFactory
from training.enrolling import move_lines
from training.models import EnrolmentLine, TrainingClass

LIST = "/admin/training/enrolmentline/"
#: The steps that lead to each state, of an online and of a face-to-face class.
WAYS = {
    "PENDING": (), "SUBMITTED": ("hand_off",), "LEARNING": ("hand_off", "open_learning"),
    "PASSED": ("hand_off", "open_learning", "record_pass"), "FAILED": ("hand_off", "open_learning", "record_fail"),
    "DROPPED": ("drop",),
}  # fmt: skip


def course(mode: str = "ONLINE", **values: Any) -> TrainingClass:
    """A class of five days; a face-to-face one ends today, so that its results can be entered."""
    if mode == "FACE_TO_FACE":
        values = {"start_date": timezone.localdate() - datetime.timedelta(days=4)} | values
    return TrainingClassFactory(
        **{"type": "CONTINUING", "category": "", "mode": mode, "capacity": 5000} | values
    )


def learners(
    people: int = 1, state: str = "PENDING", mode: str = "ONLINE", **values: Any
) -> list[EnrolmentLine]:
    """The people of one confirmed enrolment, in this state of their learning."""
    values.setdefault("training_class", course(mode))
    enrolment = EnrolmentFactory(people=people, at="CONFIRMED", **values)
    by = UserFactory(role=Role.TRAINING)
    ids = list(enrolment.lines.values_list("pk", flat=True))
    for step in WAYS[state]:
        if step != "hand_off" or enrolment.training_class.is_online:
            assert not move_lines(ids, step, by=by, opinion="测试").refused
    return list(enrolment.lines.select_related("enrolment__training_class", "person").order_by("pk"))


def many(people: int, state: str = "PENDING", mode: str = "ONLINE") -> list[int]:
    """A big class quickly: copies of one confirmed person (rows only)."""
    first = learners(1, mode=mode)[0]
    others = PersonFactory.build_batch(people - 1, company=first.enrolment.company)
    for person in others:  # what its save() would set
        person.birthday, person.gender = birthday_of(person.id_number), gender_of(person.id_number)
    Person.objects.bulk_create(others)
    EnrolmentLine.objects.bulk_create(
        EnrolmentLine(enrolment=first.enrolment, person=person, category=first.category, matter=first.matter,
                      name=person.name, id_number=person.id_number, state=state)
        for person in others
    )  # fmt: skip
    EnrolmentLine.objects.filter(pk=first.pk).update(state=state)
    return list(first.enrolment.lines.order_by("pk").values_list("pk", flat=True))


def states(ids: list[Any]) -> list[str]:
    """The stored states of these people."""
    keys = [getattr(row, "pk", row) for row in ids]
    return list(EnrolmentLine.objects.filter(pk__in=keys).order_by("pk").values_list("state", flat=True))


def kinds_of(queries: Any) -> set[str]:
    """What the statements do, and to which table; SQLite splits long ones into portions."""
    heads = (query["sql"][:30] for query in queries)
    return {head for head in heads if "SAVEPOINT" not in head}


def body_of(line: EnrolmentLine) -> Any:
    """Somebody of the body that holds the class."""
    return UserFactory(role=Role.LOCAL_BODY, local_body=line.enrolment.local_body)


def page_of(step: str) -> str:
    """The page on which many take this step."""
    return reverse("admin:training_enrolmentline_act", args=[step])


def posted(lines: list[Any], **values: Any) -> dict[str, Any]:
    """What that page sends for these people."""
    return {"ids": ",".join(str(getattr(line, "pk", line)) for line in lines), "confirm": "1", **values}


def shown(client: Any, query: str = "") -> set[str]:
    """The names in the list."""
    answer = client.get(f"{LIST}?{query}", follow=True)
    assert answer.status_code == 200
    return {row.name for row in answer.context["cl"].result_list}


def rename(line: EnrolmentLine, name: str, **values: Any) -> EnrolmentLine:
    """The person under this name, on the roster and in the register."""
    EnrolmentLine.objects.filter(pk=line.pk).update(name=name, **values)
    type(line.person).objects.filter(pk=line.person_id).update(name=name)
    line.refresh_from_db()
    return line
