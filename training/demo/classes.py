"""The year's training plan of the demo: classes in every state, at several bodies; practice classes are open at
four of them, so that the public form has a choice of reviewing bodies.

The plan is told in two parts: what happens to a class after it was opened follows once companies have enrolled in it.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from backoffice.core.working_days import add_working_days, last_working_day, working_days_between
from registry.demo.story import Happening, Stories
from registry.models import LocalBody
from training.models import TrainingClass

OPENED: tuple[Happening, ...] = ((30, "open"),)
RUNNING: tuple[Happening, ...] = ((60, "open"), (20, "close"), (6, "begin"))
OVER: tuple[Happening, ...] = ((80, "open"), (45, "close"), (38, "begin"), (22, "finish"))
TOO_FEW = "报名人数不足，本期取消，请改报下一期。"
NOT_HELD: tuple[Happening, ...] = ((55, "open"), (20, "cancel", TOO_FEW))

ONE_DAY = datetime.timedelta(days=1)
NAMES = {"ENGINEER": "专业监理工程师", "SUPERVISOR": "监理员", "SAFETY": "安全员", "": ""}
KINDS = {"PRACTICE": "从业培训", "CONTINUING": "继续教育"}
MODES = {"ONLINE": "网络班", "FACE_TO_FACE": "面授班"}


@dataclass(frozen=True)
class Plan:
    """A class: body, kind, mode, certificate, begins in … days, lasts, seats, tuition, and what happened."""

    body: str
    kind: str
    mode: str
    category: str
    begins: int
    lasts: int
    seats: int
    tuition: int
    happened: tuple[Happening, ...]
    #: By which the stories of enrolments name it.
    key: str = ""


PLANS: tuple[Plan, ...] = (
    Plan("GZ", "PRACTICE", "ONLINE", "SUPERVISOR", -55, 20, 300, 680, OVER, "GZ practice over"),
    Plan("NH", "CONTINUING", "ONLINE", "ENGINEER", -50, 14, 200, 0, OVER, "NH over"),
    Plan("LNPX", "CONTINUING", "FACE_TO_FACE", "SAFETY", -12, 3, 80, 0, NOT_HELD),
    Plan("GZ", "CONTINUING", "FACE_TO_FACE", "", -10, 3, 60, 0, NOT_HELD, "GZ not held"),
    Plan("GZ", "CONTINUING", "ONLINE", "ENGINEER", -10, 30, 400, 0, RUNNING, "GZ engineers running"),
    Plan("GZ", "CONTINUING", "ONLINE", "", -9, 30, 500, 0, RUNNING, "GZ running"),
    Plan("SZ", "PRACTICE", "FACE_TO_FACE", "SUPERVISOR", -8, 12, 120, 880, RUNNING, "SZ practice running"),
    Plan("NH", "CONTINUING", "FACE_TO_FACE", "", -1, 3, 60, 0,
         ((50, "open"), (4, "close"), (1, "begin")), "NH this week"),
    Plan("GZ", "CONTINUING", "FACE_TO_FACE", "", 3, 2, 90, 0, ((50, "open"), (2, "close")), "GZ next days"),
    Plan("FS", "CONTINUING", "FACE_TO_FACE", "SUPERVISOR", 6, 3, 100, 0, ((40, "open"), (2, "close"))),
    Plan("GZ", "PRACTICE", "ONLINE", "SUPERVISOR", 12, 30, 300, 680, OPENED, "GZ practice"),
    Plan("NH", "PRACTICE", "ONLINE", "SUPERVISOR", 15, 30, 200, 680, OPENED, "NH practice"),
    Plan("GZ", "PRACTICE", "ONLINE", "ENGINEER", 18, 30, 200, 780, OPENED),
    Plan("SZ", "PRACTICE", "FACE_TO_FACE", "SAFETY", 20, 4, 100, 880, OPENED),
    Plan("FS", "PRACTICE", "FACE_TO_FACE", "SUPERVISOR", 22, 4, 90, 860, OPENED),
    Plan("GZ", "CONTINUING", "ONLINE", "", 9, 30, 800, 0, OPENED, "GZ"),
    Plan("NH", "CONTINUING", "ONLINE", "", 11, 30, 500, 0, OPENED, "NH"),
    Plan("SZ", "CONTINUING", "ONLINE", "", 13, 30, 500, 0, OPENED, "SZ"),
    Plan("FS", "CONTINUING", "FACE_TO_FACE", "", 16, 3, 100, 0, OPENED, "FS"),
    Plan("GZ", "CONTINUING", "ONLINE", "SUPERVISOR", 10, 30, 500, 0, OPENED),
    Plan("NH", "CONTINUING", "ONLINE", "SAFETY", 14, 30, 300, 0, OPENED),
    Plan("PWPX", "CONTINUING", "FACE_TO_FACE", "ENGINEER", 25, 3, 100, 0, OPENED),
    Plan("DG", "PRACTICE", "FACE_TO_FACE", "SUPERVISOR", 55, 4, 100, 860, ()),
    Plan("NH", "CONTINUING", "FACE_TO_FACE", "SUPERVISOR", 62, 3, 100, 0, ()),
    Plan("ZH", "PRACTICE", "ONLINE", "SUPERVISOR", 70, 30, 150, 680, ()),
)  # fmt: skip


def tell_classes(stories: Stories) -> None:
    """Plan all classes and open those that were opened; the others' stories end here."""
    bodies = {body.code: body for body in LocalBody.objects.all()}
    planner = stories.staff["TRAINING"]
    held: dict[tuple[str, ...], int] = {}
    for plan in PLANS:
        same = (plan.body, plan.kind, plan.mode, plan.category)
        number = held[same] = held.get(same, 0) + 1
        session = a_class(plan, bodies[plan.body], number)
        happened = plan.happened[:1] if plan.key else plan.happened
        stories.tell(session, plan.happened[0][0] + 3 if plan.happened else 5, *happened, by=planner)


def a_class(plan: Plan, body: Any, number: int) -> TrainingClass:
    """The class as it is planned. One that is over by now is planned without its last day being past yet."""
    first, last = days_of(plan)
    return TrainingClass(
        title=f"{first.year}年{body.short_name}{NAMES[plan.category]}{KINDS[plan.kind]}{MODES[plan.mode]}第{number}期",
        type=plan.kind, mode=plan.mode, category=plan.category, local_body=body, start_date=first,
        end_date=max(last, timezone.localdate()) if plan.key else last, capacity=plan.seats, tuition=plan.tuition,
        place=body.address if plan.mode == "FACE_TO_FACE" else "",
    )  # fmt: skip


def days_of(plan: Plan) -> tuple[datetime.date, datetime.date]:
    """First and last day, both worked. A class to come that people travel to has no day off in between."""
    first = timezone.localdate() + datetime.timedelta(days=plan.begins)
    lasts = datetime.timedelta(days=plan.lasts)
    if plan.begins <= 0:
        first = last_working_day(first)
        last = first + lasts
        return first, last_working_day(last) if last < timezone.localdate() else next_working_day(last)
    if plan.mode == "ONLINE":
        first = next_working_day(first)
        return first, next_working_day(first + lasts)
    while working_days_between(first - ONE_DAY, first + lasts) <= plan.lasts:
        first += ONE_DAY
    return first, first + lasts


def next_working_day(day: datetime.date) -> datetime.date:
    """`day` itself where it is one."""
    return add_working_days(day - ONE_DAY, 1)


def classes_by_key() -> dict[str, TrainingClass]:
    """The classes companies enrol in."""
    rows = list(TrainingClass.objects.order_by("pk")[: len(PLANS)])
    return {plan.key: row for plan, row in zip(PLANS, rows, strict=True) if plan.key}


def go_on_with_classes(stories: Stories) -> None:
    """What happened to the classes after companies had enrolled in them."""
    classes = classes_by_key()
    for plan in PLANS:
        if plan.key and len(plan.happened) > 1:
            stories.go_on(end_in_time(classes[plan.key], plan), *plan.happened[1:])


def end_in_time(row: TrainingClass, plan: Plan) -> TrainingClass:
    """The last day as the plan has it: while companies enrolled it lay ahead."""
    last = days_of(plan)[1]
    for rows in (TrainingClass._default_manager.filter(pk=row.pk), TrainingClass.history.filter(id=row.pk)):
        rows.update(end_date=last)
    row.end_date = last
    return row
