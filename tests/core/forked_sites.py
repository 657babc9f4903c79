"""Demo sites in processes of their own, forked from one that has set Django up once: each start took a second."""

import multiprocessing
import os
import sys
import traceback
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest.mock import patch

import django
from django.apps import apps
from django.conf import settings
from django.db import connections

if not apps.ready:  # the fork server loads this file first, and has no database open when it forks
    django.setup()

DATABASE = "backoffice.sqlite3"


def fork_server(environment: dict[str, str]) -> ForkServerContext:
    """Makes processes that have the site of this environment set up, and the jobs of test_tasks.py loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tests.core.test_tasks"])
    with patch.dict(os.environ, environment, clear=True):
        forkserver.ensure_running()
    return context


def play(script: str, folder: Path) -> None:
    """In the new process: run the script on the database of that folder; what went wrong is written there."""
    sys.argv = ["-c", str(folder / "output")]
    try:
        assert not settings.TESTING, "the tests' own settings: this process was not forked from a site"
        connections.settings["default"]["NAME"] = str(folder / DATABASE)
        exec(script, {"__name__": "__main__"})
        connections.close_all()  # SQLite then has all in the one file, ready to be copied
    except BaseException:
        (folder / "complaints").write_text(traceback.format_exc())
        os._exit(1)
