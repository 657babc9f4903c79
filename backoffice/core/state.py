"""How the running site is: the page of the system's state, and /ready/ for whoever watches over it.

Workers, scheduled commands and backups leave a sign of life when they have done something (`note`); silence for too
long is told on the page, before members notice it.
"""

import datetime
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django_tasks_db.models import DBTaskResult

from backoffice.core import written
from backoffice.core.models import Message, SignOfLife
from backoffice.core.working_days import known_until

#: A worker says every minute that it lives; after so long without a word it counts as dead.
WORKER_SILENT: Final = datetime.timedelta(minutes=3)
#: A job or message that was due so long ago waits for somebody who does not come.
WAITS_TOO_LONG: Final = datetime.timedelta(minutes=15)
#: Failures are shown for a week.
LATELY: Final = datetime.timedelta(days=7)
#: Free space below either of these is told.
LOW_SHARE, LOW_BYTES = 0.1, 2 * 1024**3
DAILY, HOURLY = datetime.timedelta(hours=26), datetime.timedelta(hours=2)
#: scheduled command -> (what it does, after how much silence it is told)
SCHEDULE: Final[dict[str, tuple[Any, datetime.timedelta]]] = {
    "backup": (pgettext_lazy("system state", "Backup"), DAILY),
    "send_reminders": (pgettext_lazy("system state", "Reminders"), DAILY),
    "poll_platform": (gettext_lazy("Questions to the learning platform"), HOURLY),
    "purge_uploads": (gettext_lazy("Forgotten uploads dropped"), DAILY),
    "purge_drafts": (gettext_lazy("Forgotten drafts dropped"), DAILY),
}
GOOD, LOOK, ACT = "success", "warning", "danger"


class Line(NamedTuple):
    """One thing on the page: how it is, how urgent that is, and what to do about it."""

    title: str
    value: str
    tone: str = GOOD
    advice: str = ""
    link: str = ""


def note(name: str, text: str = "") -> None:
    """Leave a sign of life under this name ("worker", or a scheduled command's)."""
    SignOfLife.objects.update_or_create(name=name, defaults={"at": timezone.now(), "note": text[:200]})


def worker_lives() -> bool:
    """Whether somebody does the background work: the server's own thread, or a worker that was seen lately."""
    if settings.TASKS_BACKEND == "embedded":
        return True
    return SignOfLife.objects.filter(name="worker", at__gt=timezone.now() - WORKER_SILENT).exists()


# --- Ready? ------------------------------------------------------------------------------------------


def not_ready() -> list[str]:
    """What this process cannot work without and does not have now; empty if it is ready. Names, not details."""
    checks = {
        "database": database_answers, "cache": cache_answers, "storage": storage_answers, "worker": worker_lives,
    }  # fmt: skip
    return [name for name, check in checks.items() if not holds(check)]


def holds(check: Any) -> bool:
    """Whether the check says yes; an error, of whatever kind, is a no."""
    try:
        return bool(check())
    except Exception:
        return False


def database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def cache_answers() -> bool:
    cache.set("ready", 1, 10)
    return bool(cache.get("ready") == 1)


def storage_answers() -> bool:
    """Whether an upload could be kept now."""
    if settings.MEDIA_STORAGE != "disk":
        default_storage.exists("ready")  # an error if the store does not answer
        return True
    root = Path(settings.MEDIA_ROOT)
    made = next(folder for folder in (root, *root.parents) if folder.exists())
    return made.is_dir() and os.access(made, os.W_OK)


# --- The page ----------------------------------------------------------------------------------------


def report() -> list[Line]:
    """Everything that should be looked at, in the order of how soon it hurts."""
    return [*work(), *messages(), *schedule(), calendar(), disk()]


def work() -> Iterator[Line]:
    """Who does the background work, and what waits for them."""
    worker = SignOfLife.objects.filter(name="worker").first()
    if settings.TASKS_BACKEND == "embedded":
        yield Line(_("Background work"), _("by the server itself"))
    elif worker is None:
        yield Line(
            _("Background work"),
            _("no worker was ever seen"),
            ACT,
            _("Start it: manage.py worker, or Celery."),
        )
    else:
        alive = worker.at > timezone.now() - WORKER_SILENT
        advice = "" if alive else _("Imports, mails and text messages wait. Start the worker again.")
        value = _("worker seen %(ago)s") % {"ago": ago(worker.at)}
        yield Line(_("Background work"), value, GOOD if alive else ACT, advice)
    yield celery_queue() if settings.TASKS_BACKEND == "celery" else database_queue()


def database_queue() -> Line:
    now = timezone.now()
    # Jobs without a time of their own carry the year 9999, and are ready now.
    due = Q(status="READY") & (Q(run_after__lte=now) | Q(run_after__year=9999))
    found = DBTaskResult.objects.aggregate(
        waiting=Count("pk", filter=due), first=Min("enqueued_at", filter=due),
        failed=Count("pk", filter=Q(status="FAILED", finished_at__gt=now - LATELY)),
    )  # fmt: skip
    waiting, first, failed = found["waiting"], found["first"], found["failed"]
    value = ngettext("%(count)d job waits", "%(count)d jobs wait", waiting) % {"count": waiting}
    if waiting and now - first > WAITS_TOO_LONG:
        return Line(
            pgettext("background work", "Queue"),
            value,
            ACT,
            _("The oldest has waited since %(ago)s.") % {"ago": ago(first)},
        )
    if failed:
        said = ngettext(
            "%(count)d job failed within a week; the log says why.",
            "%(count)d jobs failed within a week; the log says why.",
            failed,
        )
        return Line(pgettext("background work", "Queue"), value, LOOK, said % {"count": failed})
    return Line(pgettext("background work", "Queue"), value)


def celery_queue() -> Line:
    import redis  # optional (requirements-celery.txt)

    try:
        waiting = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).llen(
            "celery"
        )
    except redis.RedisError:
        return Line(
            pgettext("background work", "Queue"),
            _("Redis does not answer"),
            ACT,
            _("No background work can be handed out."),
        )
    value = ngettext("%(count)d job waits", "%(count)d jobs wait", waiting) % {"count": waiting}
    return Line(pgettext("background work", "Queue"), value, LOOK if waiting > 100 else GOOD)


def messages() -> Iterator[Line]:
    """Mails and text messages: what waits, and what could not be delivered lately."""
    now = timezone.now()
    late = Q(status__in=("QUEUED", "SENDING"), created_at__lt=now - WAITS_TOO_LONG)
    failed = Q(status="FAILED", created_at__gt=now - LATELY)
    by_channel = Message.objects.filter(late | failed).values_list("channel")
    rows: Any = by_channel.annotate(
        waiting=Count("pk", filter=late), lost=Count("pk", filter=failed)
    ).order_by()
    counts = {channel: (waiting, lost) for channel, waiting, lost in rows}
    outbox = reverse("admin:core_message_changelist")
    for channel in Message.Channel:
        waiting, lost = counts.get(channel, (0, 0))
        value = _("%(waiting)d wait, %(failed)d failed within a week") % {"waiting": waiting, "failed": lost}
        link = (
            f"{outbox}?channel={channel}&status={'FAILED' if lost else 'QUEUED'}" if waiting or lost else ""
        )
        tone, advice = (LOOK, _("The outbox says why.")) if waiting or lost else (GOOD, "")
        if channel == Message.Channel.SMS and settings.SMS_BACKEND == "console" and settings.PRODUCTION:
            tone, advice = LOOK, _("This site has no text-message gateway (SMS_BACKEND).")
        yield Line(str(channel.label), value, tone, advice, link)


def schedule() -> Iterator[Line]:
    """What a scheduler should do, and when it was last done."""
    signs = {sign.name: sign for sign in SignOfLife.objects.filter(name__in=SCHEDULE)}
    for name, (title, silence) in SCHEDULE.items():
        if name == "poll_platform" and settings.LEARNING_PLATFORM != "http":
            continue
        sign = signs.get(name)
        if sign is None:
            tone = ACT if name == "backup" and settings.PRODUCTION else LOOK
            yield Line(
                str(title),
                _("never yet"),
                tone,
                _("Let a scheduler run: manage.py %(name)s") % {"name": name},
            )
            continue
        late = timezone.now() - sign.at > silence
        advice = _("Look after the scheduler (manage.py %(name)s).") % {"name": name} if late else sign.note
        tone = (ACT if name == "backup" else LOOK) if late else GOOD
        yield Line(str(title), ago(sign.at), tone, advice)


def calendar() -> Line:
    """Until when due dates can be counted in working days; the year's announcement comes in November."""
    until, today = known_until(), timezone.localdate()
    left = (until - today).days
    tone = ACT if left < 0 else LOOK if left < 60 else GOOD
    advice = _("Enter next year's holidays and make-up days as announced.") if tone != GOOD else ""
    link = reverse("admin:core_calendarday_changelist")
    return Line(
        _("Working-day calendar"), _("known until %(day)s") % {"day": until.isoformat()}, tone, advice, link
    )


def disk() -> Line:
    found = shutil.disk_usage(settings.DATA_DIR)
    low = found.free < LOW_BYTES or found.free < found.total * LOW_SHARE
    value = _("%(free).1f of %(total).1f GB free") % {
        "free": found.free / 1024**3,
        "total": found.total / 1024**3,
    }
    return Line(
        pgettext("system state", "Disk"),
        value,
        LOOK if low else GOOD,
        _("Make room, or uploads and imports fail.") if low else "",
    )


def ago(moment: datetime.datetime) -> str:
    """The moment as people read it: 2026-11-28 09:30 (3 minutes ago)."""
    said = written.moment(moment)
    return _("%(moment)s (%(time)s ago)") % {"moment": said, "time": timesince(moment, depth=1)}
