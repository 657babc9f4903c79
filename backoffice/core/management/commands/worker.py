"""`manage.py worker`: django-tasks-db's worker, under a name by which others can tell whether it still lives.

With plain `db_worker` the jobs of a killed worker wait for TASK_TIME_LIMIT minutes; with this one they are
taken up again within a minute.
"""

import logging
import threading
from argparse import ArgumentParser
from typing import Any

from django.db import connections
from django_tasks_db.management.commands import db_worker

from backoffice.core.state import note
from backoffice.core.tasks import reap, this_worker

logger = logging.getLogger(__name__)
REAP_EVERY = 60.0


class Command(db_worker.Command):
    help = "Do background jobs (TASKS_BACKEND=worker)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(worker_id=this_worker(), reload=False)

    def handle(self, **options: Any) -> None:
        self.reap()
        stop = threading.Event()
        threading.Thread(target=self.keep_reaping, args=(stop,), daemon=True).start()
        try:
            super().handle(**options)
        finally:
            stop.set()

    def keep_reaping(self, stop: threading.Event) -> None:
        while not stop.wait(REAP_EVERY):
            self.reap()
            connections.close_all()

    @staticmethod
    def reap() -> None:
        """Say that we live, and look for jobs of the dead; a database that is away for a moment must not end that."""
        try:
            reap()
            note("worker")
        except Exception:
            logger.exception("looking for jobs of dead workers failed; trying again in a minute")
