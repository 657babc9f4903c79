"""Reminders: what is due tomorrow or late at the desk of a company or a local body, by mail, once a day.

`remind()` is for a scheduler, every morning (`manage.py send_reminders`). An app adds what it reminds of with
`offer()`. Running it twice on a day tells nobody twice: what was queued today is found in the outbox.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.core import outbox
from backoffice.core.inbox import state_label
from backoffice.core.models import Message, MessageTemplate, Task
from backoffice.core.notices import NOTICES, Notice, Recipient, messages_of, register, wording
from backoffice.core.working_days import add_working_days, is_working_day
from backoffice.roles import BINDINGS, Role

#: The desks that are reminded; the association's own departments see what is late on their dashboards.
REMINDED: Final = (Role.COMPANY, Role.LOCAL_BODY)
#: So many tasks are named in a mail, the others counted.
NAMED = 40
#: What may be another number an hour later, should the office use it in the subject.
CHANGING: Final = ("count", "late", "list")

#: Who is told, and the values of the notice.
Due = tuple[Iterable[Recipient], Mapping[str, Any]]
#: A kind of reminder: given today and the next working day, its notice's code and whom to tell what.
Source = Callable[[datetime.date, datetime.date], tuple[str, list[Due]]]
SOURCES: Final[list[Source]] = []


def offer(source: Source) -> None:
    """Remind of this as well, every working day."""
    if source not in SOURCES:
        SOURCES.append(source)


def register_notices() -> None:
    """Called once at start-up (CoreConfig.ready)."""
    example = "2026-06-30 广东示范监理有限公司 · 2026年第1期网络继续教育班 · 12"
    register(
        Notice("reminder.tasks", _("Work due tomorrow or late: to the company or local body, each working day"),
               _("Due at your desk: {desk}"),
               _("Waiting at your desk and due by tomorrow: {count}; late already: {late}.\n\n{list}\n\nYou find all "
                 "of it in your inbox."),
               placeholders={"desk": "广东示范监理有限公司", "count": 2, "late": 1, "list": example,
                             "page": "https://members.example.org/admin/core/task/"}),
    )  # fmt: skip


@transaction.atomic
def remind(today: datetime.date | None = None) -> int:
    """Queue today's reminders and return how many messages that were; none on a day off."""
    today = today or timezone.localdate()
    if not is_working_day(today):
        return 0
    with translation.override(settings.LANGUAGE_CODE):
        sources = [source(today, add_working_days(today, 1)) for source in (due_tasks, *SOURCES)]
    codes = sorted({code for code, _due in sources})
    MessageTemplate.objects.bulk_create([MessageTemplate(code=code) for code in codes], ignore_conflicts=True)
    # Locked: of two schedulers, the second waits and then finds what the first has queued.
    rows = MessageTemplate.objects.select_for_update().filter(code__in=codes).order_by("code")
    templates = {template.code: template for template in rows}
    told = told_on(today)
    queued: list[Message] = []
    for code, due in sources:
        if templates[code].is_active:
            queued += new_messages(NOTICES[code], templates[code], due, told)
    return len(outbox.queue_all(queued))


def told_on(today: datetime.date) -> dict[tuple[str, str], set[str]]:
    """The subjects of what was queued on that day, by channel and recipient."""
    begin = timezone.make_aware(datetime.datetime.combine(today, datetime.time.min))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    rows = Message.objects.filter(created_at__gte=begin, created_at__lt=begin + datetime.timedelta(days=1))
    for channel, recipient, subject in rows.values_list("channel", "recipient", "subject"):
        found[channel, recipient].add(subject)
    return found


def new_messages(
    notice: Notice, template: MessageTemplate, due: list[Due], told: dict[tuple[str, str], set[str]]
) -> list[Message]:
    """The messages of a notice, without those whose subject this recipient has got today."""
    found = []
    for recipients, values in due:
        same = subject_pattern(notice, template, values)
        for message in messages_of(notice, template, recipients, values):
            subjects = told[str(message.channel), message.recipient]
            if not any(same.fullmatch(subject) for subject in subjects):
                subjects.add(one_line(message.subject))
                found.append(message)
    return found


def subject_pattern(notice: Notice, template: MessageTemplate, values: Mapping[str, Any]) -> re.Pattern[str]:
    """Tells today's subject for these values, whatever its numbers were when it was sent."""
    subject = wording(notice, {**values, **dict.fromkeys(CHANGING, "\0")}, template).subject
    return re.compile(".*".join(map(re.escape, one_line(subject).split("\0"))))


def one_line(subject: str) -> str:
    """A subject as the outbox keeps it."""
    return " ".join(subject.split())[:200]


# --- The tasks of bound desks -------------------------------------------------------------------------


def due_tasks(today: datetime.date, tomorrow: datetime.date) -> tuple[str, list[Due]]:
    """For each desk of a company or local body what is due by the next working day, in one mail."""
    tasks = Task.objects.filter(
        closed_at=None, role__in=REMINDED, bound_id__isnull=False, due_on__lte=tomorrow
    )
    desks: dict[tuple[str, int], list[Task]] = defaultdict(list)
    for task in tasks.select_related("content_type").order_by("due_on", "id"):
        desks[task.role, task.bound_id].append(task)  # type: ignore[index]
    records, people = records_of(desks), people_at(desks)
    inbox = settings.SITE_URL + reverse("admin:core_task_changelist")
    due: list[Due] = []
    for desk, those in desks.items():
        record = records.get(desk)
        late = sum(task.due_on < today for task in those if task.due_on)
        values = {
            "desk": record or "",
            "count": len(those),
            "late": late,
            "list": listed(those, today),
            "page": inbox,
        }
        due.append((people.get(desk) or [Recipient(getattr(record, "email", ""))], values))
    return "reminder.tasks", due


def listed(tasks: list[Task], today: datetime.date) -> str:
    """One line for each task: when it was due, what it is, where it stands."""
    lines = []
    for task in tasks[:NAMED]:
        model: Any = task.content_type.model_class()
        late = gettext(" (late)") if task.due_on and task.due_on < today else ""
        lines.append(
            f"{task.due_on}{late} {model._meta.verbose_name}: {task} – {state_label(model, task.state)}"
        )
    if (more := len(tasks) - NAMED) > 0:
        lines.append(ngettext("and %(more)d more", "and %(more)d more", more) % {"more": more})
    return "\n".join(lines)


def records_of(desks: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """The companies and bodies of these desks, one query for each kind."""
    found: dict[tuple[str, int], Any] = {}
    for role in REMINDED:
        ids = [pk for desk_role, pk in desks if desk_role == role]
        model: Any = get_user_model()._meta.get_field(BINDINGS[role].removesuffix("_id")).related_model
        found |= {(str(role), pk): record for pk, record in model._default_manager.in_bulk(ids).items()}
    return found


def people_at(desks: Iterable[tuple[str, int]]) -> dict[tuple[str, int], list[Recipient]]:
    """Whom to write to: a company's managers, everybody of a local body; only who has a mail address."""
    found: dict[tuple[str, int], list[Recipient]] = defaultdict(list)
    for role in REMINDED:
        binding = BINDINGS[role]
        ids = [pk for desk_role, pk in desks if desk_role == role]
        users: Any = get_user_model()._default_manager.filter(
            role=role, is_active=True, **{f"{binding}__in": ids}
        )
        if role == Role.COMPANY:
            users = users.filter(is_manager=True)
        for user in users.exclude(email="").order_by("pk"):
            found[str(role), getattr(user, binding)].append(Recipient(user.email))
    return found
