"""Background work: `@task()` functions of django-tasks, queued in the database, resumed after a crash.

embedded  a thread of this process does the work, started on demand: the demo needs no second process
worker    `manage.py worker` does it (db_worker that can be told from a dead one)
celery    see core/celery.py

A killed process leaves its job RUNNING. `reap()` puts such jobs back: a job must therefore be able to start
again (an import run and a message are claimed by their own row, so a second start does no second effect).
"""

import hashlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signals import request_started
from django.db import connections, transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_tasks import task, task_backends
from django_tasks.base import Task, TaskResult
from django_tasks_db import DatabaseBackend

logger = logging.getLogger(__name__)

#: Seconds before the second, third, fourth … attempt of `retrying()`.
BACK_OFF = (60, 300, 1800)
#: A job whose worker died is started again this often; one that kills its workers must end.
MAX_RESTARTS = 3
#: A thread that waits for a deferred job looks this often whether another process queued something.
LOOK_EVERY = 60.0


# --- Which process claimed a job, and is it still there ----------------------------------------------


def this_worker() -> str:
    """A name for this process that no other process, earlier or later, on any machine, will have."""
    pid = os.getpid()
    return f"{_place()}-{pid}-{_started(pid)}"


def _place() -> str:
    """This machine since its last boot, and the container on it: within one, process ids can be looked up."""
    parts = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(os.readlink(path) if path.endswith("pid") else Path(path).read_text().strip())
        except OSError:  # not Linux
            parts.append("")
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:20]


def _started(pid: int) -> str:
    """When the process began, in clock ticks since boot; empty if there is no such process (or no /proc)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]


def is_gone(worker: str) -> bool:
    """Whether the worker is a process of this machine that has certainly ended; False also if unknown."""
    place, _dash, process = worker.partition("-")
    pid, _dash, started = process.partition("-")
    return bool(started) and pid.isdigit() and place == _place() and _started(int(pid)) != started


def is_here(worker: str) -> bool:
    """Whether the worker is, or was, a process of this machine since its last boot."""
    return bool(worker) and worker.partition("-")[0] == _place()


# --- Jobs left behind --------------------------------------------------------------------------------


class WorkerLost(Exception):
    """The process that did the job ended without a result, more often than MAX_RESTARTS."""


#: What else is looked at when jobs of dead workers are: work that was promised and has no job in the queue.
_watchers: list[Callable[[], int]] = []


def on_reap(watcher: Callable[[], int]) -> None:
    """Let `watcher` look for promised work that nobody does, whenever `reap()` does; it returns how much it found."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def enqueue_or_log(job: Task, *args: Any) -> bool:
    """Enqueue; a broker that is down is logged, not raised: the work is stored, and its watcher finds it again."""
    try:
        job.enqueue(*args)
    except Exception as error:
        logger.error("%s could not be queued (%s); it is tried again", job.module_path, type(error).__name__)
        return False
    return True


def waiting_jobs(path: str) -> list[list[Any]] | None:
    """The arguments of the jobs of this path that wait or run; None where the queue cannot be looked into (Celery)."""
    if not isinstance(task_backends["default"], DatabaseBackend):
        return None
    from django_tasks_db.models import DBTaskResult

    jobs = DBTaskResult.objects.filter(task_path=path, status__in=("READY", "RUNNING"))
    return [job.args_kwargs["args"] for job in jobs.only("args_kwargs")]


def reap() -> tuple[int, int]:
    """Put jobs of dead workers back into the queue; return how many were put back, and how many given up.

    Then ask those who promised work (`on_reap`) whether all of it is still being done.

    A worker of this machine is dead when its process is gone. Of others we only know the time: nothing may
    run longer than settings.TASK_TIME_LIMIT minutes.
    """
    from django_tasks_db.models import DBTaskResult

    too_long_ago = timezone.now() - timedelta(minutes=settings.TASK_TIME_LIMIT)
    put_back = given_up = 0
    for job in DBTaskResult.objects.running().only("id", "status", "started_at", "worker_ids"):
        worker = job.worker_ids[-1] if job.worker_ids else ""
        if job.started_at is not None and job.started_at > too_long_ago and not is_gone(worker):
            continue
        # Conditional: another process may be reaping too, or the job may just have ended.
        same = DBTaskResult.objects.running().filter(pk=job.pk, started_at=job.started_at)
        if len(job.worker_ids) <= MAX_RESTARTS:
            put_back += same.update(status="READY")
        else:
            given_up += same.update(
                status="FAILED",
                finished_at=timezone.now(),
                exception_class_path=f"{__name__}.{WorkerLost.__qualname__}",
                traceback=_("The process doing this job ended %(times)d times without a result.")
                % {"times": len(job.worker_ids)},
            )
    if put_back or given_up:
        logger.warning("jobs of dead workers: %d put back, %d given up", put_back, given_up)
    for watcher in _watchers:
        try:
            watcher()
        except Exception:  # one that fails does not keep the jobs of the others from being done
            logger.exception("looking for work left behind failed: %s", watcher.__module__)
    return put_back, given_up


# --- The embedded worker -----------------------------------------------------------------------------

_guard = threading.Lock()
_threads: dict[str, threading.Thread] = {}
_news = threading.Event()


def _forget_threads() -> None:
    """After a fork (gunicorn --preload) the child has none of its parent's threads, but maybe a held lock."""
    global _guard, _news
    _guard, _news = threading.Lock(), threading.Event()
    _threads.clear()


os.register_at_fork(after_in_child=_forget_threads)


class EmbeddedBackend(DatabaseBackend):
    """Jobs are rows of the caller's transaction; once that is committed, a thread of this process does them."""

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        result = super().enqueue(task, args, kwargs)
        # robust: the job is stored; if no thread can be started now, the next enqueue or start does it.
        transaction.on_commit(lambda: wake(self.alias), robust=True)
        return result


def wake(alias: str = "default") -> None:
    """See to it that a thread works off the queue: tell the one that runs, or start one."""
    with _guard:
        _news.set()
        thread = _threads.get(alias)
        if thread is None or not thread.is_alive():
            _threads[alias] = threading.Thread(
                target=_work, args=(alias,), name=f"tasks-{alias}", daemon=True
            )
            _threads[alias].start()


def resume() -> None:
    """Take up what an earlier process left in the queue."""
    if isinstance(task_backends["default"], EmbeddedBackend):
        wake()


def resume_with_first_request() -> None:
    """For wsgi.py: resume() once this process serves somebody.

    Not at once: under `gunicorn --preload` wsgi.py is imported by a process that is then forked, and a child
    born while its parent has SQLite open gets "disk I/O error", or hangs. The parent itself serves nobody.
    """

    def once(**kwargs: Any) -> None:
        request_started.disconnect(dispatch_uid="resume tasks")
        resume()

    request_started.connect(once, weak=False, dispatch_uid="resume tasks")


def _work(alias: str) -> None:
    """Body of the thread: do jobs until none is ready, wait for deferred ones, end when the queue is empty."""
    from django_tasks_db.management.commands.db_worker import Worker

    try:
        while True:
            _news.clear()
            reap()
            Worker(
                queue_names=["*"], interval=0.2, batch=True, backend_name=alias, startup_delay=False,
                max_tasks=None, worker_id=this_worker(), excluded_queue_names=[],
            ).run()  # fmt: skip
            seconds = _seconds_to_next(alias)
            connections.close_all()
            with _guard:
                # Under the lock: whoever enqueues from here on either is seen now or starts a new thread.
                if seconds is None and not _news.is_set():
                    _threads.pop(alias, None)
                    return
            _news.wait(min(seconds or 0.0, LOOK_EVERY))
    except Exception:
        logger.exception("the background thread stopped; the next job starts it again")
    finally:
        connections.close_all()


def _seconds_to_next(alias: str) -> float | None:
    """How long until a job is ready, None if the queue is empty."""
    from django_tasks_db.models import DBTaskResult

    waiting = DBTaskResult.objects.filter(status="READY", backend_name=alias)
    first = waiting.aggregate(first=Min("run_after"))["first"]
    if first is None:
        return None
    # Jobs without a time of their own carry the year 9999, and are ready now.
    return max(0.0, (first - timezone.now()).total_seconds()) if first.year < 9999 else 0.0


# --- Trying again ------------------------------------------------------------------------------------


def retrying(
    job: Task, *args: Any, attempts: int = 4, back_off: Sequence[int] = BACK_OFF, **kwargs: Any
) -> TaskResult:
    """Enqueue `job`; if it raises, try again after `back_off` seconds, `attempts` times in all.

    Every failed attempt stays in the queue's table as a FAILED row with its traceback. A backend that cannot
    defer (the immediate one of the tests) tries again at once.
    """
    return attempt.enqueue(job.module_path, list(args), kwargs, 1, attempts, list(back_off))


@task()
def attempt(path: str, args: list, kwargs: dict, number: int, attempts: int, back_off: list[int]) -> Any:
    """Do the job of that path; after a failure enqueue the next attempt and fail."""
    job = import_string(path)
    if not isinstance(job, Task):
        raise TypeError(f"{path} is not a task")
    try:
        return job.call(*args, **kwargs)
    except Exception:
        if number < attempts:
            later = back_off[min(number, len(back_off)) - 1] if back_off else 0
            again = deferred(attempt, timezone.now() + timedelta(seconds=later))
            again.enqueue(path, args, kwargs, number + 1, attempts, back_off)
        raise


def deferred(job: Task, run_after: Any) -> Task:
    """`job.using(run_after=…)` where the backend can defer, the plain job where it cannot."""
    return job.using(run_after=run_after) if job.get_backend().supports_defer else job
