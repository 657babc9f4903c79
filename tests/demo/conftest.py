"""One demo association for all tests of this folder: it takes longer to make than all of them to look at it."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from tests.conftest import use_media

PASSWORD = "Show-2026!"
CHANGED = ("DATA_DIR", "EMAIL_BACKEND", "SITE_URL")


def run_demo(*arguments: str) -> str:
    """What `manage.py demo` prints when it only prepares."""
    out = io.StringIO()
    call_command("demo", "--no-serve", "--people=400", "--pictures=2", "--port=8765", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="package")
def demo(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimpleNamespace]:
    """The demo in a transaction that is taken back after the folder's last test: what it printed, and its files."""
    folder = tmp_path_factory.mktemp("demo")
    were = {name: getattr(settings, name) for name in CHANGED}
    settings.DATA_DIR, media = folder, use_media(folder / "media")
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    os.environ["DEMO_PASSWORD"] = PASSWORD
    with django_db_blocker.unblock(), transaction.atomic():
        yield SimpleNamespace(printed=run_demo(), files=folder / "demo-files", media=media)
        transaction.set_rollback(True)
    del os.environ["DEMO_PASSWORD"]
    for name, value in were.items():
        setattr(settings, name, value)


@pytest.fixture(autouse=True)
def private_media(demo: SimpleNamespace) -> Path:
    """The uploads of the demo, instead of an empty folder for each test."""
    return use_media(demo.media)


@pytest.fixture
def printed(demo: SimpleNamespace) -> str:
    return demo.printed


@pytest.fixture
def demo_files(demo: SimpleNamespace) -> Path:
    return demo.files
