"""What all tests share: markers that say why they skip, private media, users and signed-in clients."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.utils import translation

from backoffice.accounts.models import User
from backoffice.roles import Role
from tests.factories import UserFactory

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip with a reason what this machine cannot run; where CI promised to run it, fail instead."""
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        reason = "needs PostgreSQL: set DATABASE_URL=postgres://…"
        if os.environ.get("REQUIRE_POSTGRES"):
            pytest.fail(f"REQUIRE_POSTGRES is set, but this test {reason}", pytrace=False)
        pytest.skip(reason)
    if item.get_closest_marker("browser") and not CHROMIUM.exists():
        reason = f"needs Chromium at {CHROMIUM}: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(f"CI is set, but this test {reason}", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def private_media(settings, tmp_path: Path) -> Path:
    """Uploads of a test go to its own folder."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


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

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of


# Query sets and pages leave few cycles and many objects: looking for cycles took a third of the suite's time.
gc.set_threshold(50_000, 20, 20)
