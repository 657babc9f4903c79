"""Background work on Celery and Redis, behind the same `@task()` functions (TASKS_BACKEND=celery).

Start workers with `celery -A backoffice.core.celery worker`; needs requirements-celery.txt.
"""

import logging
import os
from typing import Any

from celery import Celery, bootsteps
from django.db import DatabaseError, connections, transaction
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

from django.conf import settings

from backoffice.core.private_files import write_for_us_alone

logger = logging.getLogger(__name__)
write_for_us_alone()
app = Celery("backoffice", broker=settings.REDIS_URL)
app.conf.update(
    task_ignore_result=True,  # what a job achieved is written on the record it works for
    # A killed worker's job is given to another one, as reap() does for the database queue.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"visibility_timeout": settings.TASK_TIME_LIMIT * 60},
    broker_connection_retry_on_startup=True,
)


SIGN_EVERY = 60.0  # seconds


class SignsOfLife(bootsteps.StartStopStep):
    """A part of each worker: it lets the page of the system's state, and /ready/, see that the worker lives."""

    requires = {"celery.worker.components:Timer"}

    def start(self, worker: Any) -> None:
        sign()
        self.repeated = worker.timer.call_repeatedly(SIGN_EVERY, sign)

    def stop(self, worker: Any) -> None:
        self.repeated.cancel()


app.steps["worker"].add(SignsOfLife)


def sign() -> None:
    """Leave the worker's sign of life (core/state.py)."""
    from backoffice.core.state import note  # the applications are loaded by now, and were not at the top

    try:
        note("worker")
    except DatabaseError:
        logger.warning("the worker's sign of life could not be written")
    finally:
        connections.close_all()  # this process forks others, which must not share its connection


@app.task(name="backoffice.run")
def run(path: str, args: list, kwargs: dict) -> None:
    """Do the django-tasks function of that path."""
    job = import_string(path)
    if not isinstance(job, Task):
        raise TypeError(f"{path} is not a task")
    job.call(*args, **kwargs)


class CeleryBackend(BaseTaskBackend):
    supports_defer = True

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        self.validate_task(task)
        result: TaskResult = TaskResult(
            task=task, id=get_random_string(32), status=TaskResultStatus.READY, enqueued_at=None, started_at=None,
            finished_at=None, last_attempted_at=None, args=list(args), kwargs=dict(kwargs), backend=self.alias,
            errors=[], worker_ids=[],
        )  # fmt: skip
        # After the commit: a worker on another machine must find the rows the job is about.
        transaction.on_commit(lambda: hand_over(task, result))
        return result


def hand_over(task: Task, result: TaskResult) -> None:
    """Give the job to the broker. What a user did is committed by now: a broker that is down must not tell him that it
    failed. It is logged, and whoever promised the work looks for it (`tasks.on_reap`)."""
    try:
        run.apply_async((task.module_path, result.args, result.kwargs), task_id=result.id, eta=task.run_after)
    except OperationalError as error:
        logger.error(
            "%s was not queued, the broker does not answer: %s", task.module_path, type(error).__name__
        )
