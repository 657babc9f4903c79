"""What all tests share: markers that say why they skip, private media, users and signed-in clients."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from backoffice.accounts.models import User
from backoffice.roles import Role
from tests.factories import UserFactory, client_of

#: The shell is Chromium without a window's frame: the same pages for two thirds of the work.
SHELL, WHOLE = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
CHROMIUM = Path(os.environ.get("CHROMIUM") or (SHELL if SHELL.exists() else WHOLE))

#: What asks for one of these works on the database.
OF_THE_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server", "kept_for_file"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `fast` what needs neither database nor browser, so that `make fast` answers within a minute."""
    for item in items:
        asks = set(getattr(item, "fixturenames", ())) & OF_THE_DATABASE
        marked = any(item.get_closest_marker(name) for name in ("django_db", "browser", "postgres", "slow"))
        if not asks and not marked:
            item.add_marker("fast")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with a reason what this machine cannot run; where CI promised to run it, fail instead."""
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        reason = "needs PostgreSQL: set DATABASE_URL=postgres://…"
        if os.environ.get("REQUIRE_POSTGRES"):
            pytest.fail(f"REQUIRE_POSTGRES is set, but this test {reason}", pytrace=False)
        pytest.skip(reason)
    if item.get_closest_marker("browser") and not CHROMIUM.exists():
        reason = f"needs Chromium at {CHROMIUM}: apt-get install {SHELL.name}"
        if os.environ.get("CI"):
            pytest.fail(f"CI is set, but this test {reason}", pytrace=False)
        pytest.skip(reason)


def use_media(folder: Path) -> Path:
    """Uploads go there from now on; the storage is told only when that is news, because telling takes a while."""
    if folder != django_settings.MEDIA_ROOT:
        django_settings.MEDIA_ROOT = folder
        setting_changed.send(sender=None, setting="MEDIA_ROOT", value=folder, enter=True)
    return folder


@pytest.fixture(scope="session")
def media_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads") / "one-test" / "media"


@pytest.fixture(scope="module")
def kept_for_file(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """What the module's own fixtures make, all its tests find; after the last one it is taken back.

    A module fixture that asks for this one makes its world once for the file; a test fixture beside it hands out
    `deepcopy(world)`, so that no test sees what another did to the objects. What a test writes is undone after it, as
    ever. Yields the folder of the file's uploads.
    """
    media = use_media(tmp_path_factory.mktemp("media"))
    with django_db_blocker.unblock(), transaction.atomic():
        yield media
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def private_media(request: pytest.FixtureRequest, media_of_tests: Path) -> Iterator[Path]:
    """Uploads of a test go to a folder that was empty, or to that of its file where the file keeps a world."""
    if "kept_for_file" in request.fixturenames:
        yield use_media(request.getfixturevalue("kept_for_file"))
        return
    yield use_media(media_of_tests)
    if media_of_tests.parent.exists():
        shutil.rmtree(media_of_tests.parent)


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """A test that chooses a language does not choose it for the next one."""
    translation.activate(django_settings.LANGUAGE_CODE)
    yield
    translation.activate(django_settings.LANGUAGE_CODE)


@pytest.fixture
def users(db: None) -> dict[Role, User]:
    """One user of every role; the bound ones are bound to records of their own."""
    return {role: UserFactory(role=role) for role in Role}


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """`signed_in(user)` is a client with the user's session."""
    return client_of


# Query sets and pages leave few cycles and many objects: looking for cycles took a third of the suite's time.
gc.set_threshold(50_000, 20, 20)
