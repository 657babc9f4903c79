"""What the tests of the public pages share: pages read in one language."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def english(client: Client) -> Client:
    """A visitor who switched to English."""
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def read(english: Client) -> Callable[..., str]:
    """`read(address)`: the page in English; the answer must be 200."""

    def page(address: str, **query: str) -> str:
        response = english.get(address, query)
        assert response.status_code == 200
        return response.content.decode()

    return page
