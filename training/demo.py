"""The year's training plan of the demo: classes in every state, at several bodies; practice classes are open at
four of them, so that the public form has a choice of reviewing bodies."""

import datetime
from typing import Any

from django.utils import timezone

from registry.demo.story import Happening, Stories
from registry.models import LocalBody
from training.models import TrainingClass

OPENED: tuple[Happening, ...] = ((30, "open"),)
RUNNING: tuple[Happening, ...] = ((60, "open"), (20, "close"), (6, "begin"))
OVER: tuple[Happening, ...] = ((80, "open"), (45, "close"), (38, "begin"), (22, "finish"))
NOT_HELD: tuple[Happening, ...] = ((55, "open"), (20, "cancel", "报名人数不足，本期取消，请改报下一期。"))

NAMES = {"ENGINEER": "专业监理工程师", "SUPERVISOR": "监理员", "SAFETY": "安全员"}
KINDS = {"PRACTICE": "从业培训", "CONTINUING": "继续教育"}
MODES = {"ONLINE": "网络班", "FACE_TO_FACE": "面授班"}
#: Body, kind, mode, certificate, begins in … days, lasts, seats, tuition, what happened.
CLASSES: tuple[tuple[str, str, str, str, int, int, int, int, tuple[Happening, ...]], ...] = (
    ("GZ", "PRACTICE", "ONLINE", "SUPERVISOR", -55, 20, 300, 680, OVER),
    ("NH", "CONTINUING", "ONLINE", "ENGINEER", -50, 14, 200, 0, OVER),
    ("LNPX", "CONTINUING", "FACE_TO_FACE", "SAFETY", -12, 3, 80, 0, NOT_HELD),
    ("GZ", "CONTINUING", "ONLINE", "ENGINEER", -10, 30, 400, 0, RUNNING),
    ("SZ", "PRACTICE", "FACE_TO_FACE", "SUPERVISOR", -8, 12, 120, 880, RUNNING),
    ("FS", "CONTINUING", "FACE_TO_FACE", "SUPERVISOR", 6, 3, 100, 0, ((40, "open"), (2, "close"))),
    ("GZ", "PRACTICE", "ONLINE", "SUPERVISOR", 12, 30, 300, 680, OPENED),
    ("NH", "PRACTICE", "ONLINE", "SUPERVISOR", 15, 30, 200, 680, OPENED),
    ("GZ", "PRACTICE", "ONLINE", "ENGINEER", 18, 30, 200, 780, OPENED),
    ("SZ", "PRACTICE", "FACE_TO_FACE", "SAFETY", 20, 4, 100, 880, OPENED),
    ("FS", "PRACTICE", "FACE_TO_FACE", "SUPERVISOR", 22, 4, 90, 860, OPENED),
    ("GZ", "CONTINUING", "ONLINE", "SUPERVISOR", 10, 30, 500, 0, OPENED),
    ("NH", "CONTINUING", "ONLINE", "SAFETY", 14, 30, 300, 0, OPENED),
    ("PWPX", "CONTINUING", "FACE_TO_FACE", "ENGINEER", 25, 3, 100, 0, OPENED),
    ("DG", "PRACTICE", "FACE_TO_FACE", "SUPERVISOR", 55, 4, 100, 860, ()),
    ("NH", "CONTINUING", "FACE_TO_FACE", "SUPERVISOR", 62, 3, 100, 0, ()),
    ("ZH", "PRACTICE", "ONLINE", "SUPERVISOR", 70, 30, 150, 680, ()),
)  # fmt: skip


def tell_classes(stories: Stories) -> None:
    bodies = {body.code: body for body in LocalBody.objects.all()}
    planner, today = stories.staff["TRAINING"], timezone.localdate()
    held: dict[tuple[str, ...], int] = {}
    for code, kind, mode, category, begins, lasts, seats, tuition, happened in CLASSES:
        first = today + datetime.timedelta(days=begins)
        number = held[code, kind, category] = held.get((code, kind, category), 0) + 1
        body: Any = bodies[code]
        session = TrainingClass(
            title=f"{first.year}年{body.short_name}{NAMES[category]}{KINDS[kind]}{MODES[mode]}第{number}期",
            type=kind, mode=mode, category=category, local_body=body, start_date=first,
            end_date=first + datetime.timedelta(days=lasts), capacity=seats, tuition=tuition,
            place=body.address if mode == "FACE_TO_FACE" else "",
        )  # fmt: skip
        stories.tell(session, happened[0][0] + 3 if happened else 5, *happened, by=planner)
