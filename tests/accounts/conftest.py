"""What the tests about users share."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from backoffice.accounts.models import User
from backoffice.core.models import Message
from backoffice.core.outbox import text_of
from backoffice.roles import Role
from tests.factories import CompanyFactory, UserFactory

NEW_PASSWORD = "Fresh-Bamboo-77"


@pytest.fixture(autouse=True)
def no_throttle_from_the_test_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def company_manager(db: None) -> User:
    return UserFactory(role=Role.COMPANY, company=CompanyFactory(), is_manager=True)


@pytest.fixture
def colleague(company_manager: User) -> User:
    return UserFactory(role=Role.COMPANY, company=company_manager.company, email="colleague@example.org")


@pytest.fixture
def stranger(db: None) -> User:
    """A user of another company."""
    return UserFactory(role=Role.COMPANY)


@pytest.fixture
def latest_link() -> Callable[[], str]:
    """The path of the one-time link in the newest message."""

    def path() -> str:
        _subject, body = text_of(Message.objects.latest("id"))
        found = re.search(r"https?://[^/\s]+(/account/\S+)", body)
        assert found, body
        return found.group(1)

    return path


@pytest.fixture
def open_link() -> Callable[[Client, str], str]:
    """Follow a one-time link to its form; the form's path, which no longer carries the token."""

    def opened(client: Client, path: str) -> str:
        response = client.get(path)
        assert response.status_code == 302
        return str(response["Location"])

    return opened


def passwords(new: str = NEW_PASSWORD) -> dict[str, str]:
    return {"new_password1": new, "new_password2": new}
