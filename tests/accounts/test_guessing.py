"""Guessing that spreads its tries: over many accounts, over many addresses, over both, over many requests at once."""

from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from backoffice.accounts import lockout, services
from backoffice.accounts.lockout import ACCOUNT, ACCOUNTS_FROM_ADDRESS, Limit
from backoffice.core.models import Counter
from tests.core.test_flow_threads import all_at_once
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(client: Client) -> Callable[..., int]:
    """`sign_in(name, password, address)`: the status of the answer; 429 is the lock-out page."""

    def send(
        name: str, password: str = "wrong", address: str = "198.51.100.1", page: str = "admin:login"
    ) -> int:
        client.cookies.clear()
        typed = {"username": name, "password": password}
        return client.post(reverse(page), typed, REMOTE_ADDR=address).status_code

    return send


def addresses(count: int) -> list[str]:
    return [f"203.0.113.{n}" for n in range(1, count + 1)]


def test_one_address_that_tries_many_accounts_is_locked_out(sign_in):
    user = UserFactory()
    tries = ACCOUNTS_FROM_ADDRESS.tries
    assert {sign_in(f"name-{n}") for n in range(tries)} == {200}
    assert sign_in("one-more") == 429
    assert sign_in(user.username, PASSWORD) == 429
    assert sign_in(user.username, PASSWORD, "198.51.100.2") == 302
    # What was not judged is no failure of that account.
    assert not AccessAttempt.objects.filter(username__in=["one-more", user.username]).exists()


def test_the_neighbours_of_one_ipv6_connection_are_one_address(sign_in):
    for n in range(ACCOUNTS_FROM_ADDRESS.tries):
        sign_in(f"name-{n}", address=f"2001:db8:1:2::{n:x}")
    assert sign_in("one-more", address="2001:db8:1:2:ffff::1") == 429
    assert sign_in("one-more", address="2001:db8:1:3::1") == 200


def test_those_who_sign_in_do_not_count_against_their_office(sign_in):
    users = UserFactory.create_batch(ACCOUNTS_FROM_ADDRESS.tries + 5)
    for user in users:
        assert sign_in(user.username, "mistyped") == 200
        assert sign_in(user.username, PASSWORD) == 302


def test_one_account_tried_from_many_addresses_is_locked_for_strangers_only(sign_in):
    user = UserFactory()
    assert sign_in(user.username, PASSWORD, "192.0.2.1") == 302
    answers = [sign_in(user.username, address=address) for address in addresses(ACCOUNT.tries + 1)]
    assert answers == [200] * ACCOUNT.tries + [429]
    assert services.is_locked(user)
    assert sign_in(user.username, PASSWORD, "203.0.113.99") == 429
    assert sign_in(user.username, PASSWORD, "192.0.2.1") == 302
    services.unlock(user)
    assert not services.is_locked(user)
    assert sign_in(user.username, PASSWORD, "203.0.113.99") == 302


def test_an_attack_with_many_accounts_and_addresses_stops_strangers_and_nobody_else(sign_in, monkeypatch):
    monkeypatch.setattr(lockout, "EVERYWHERE", Limit(10, 900))
    user, stranger = UserFactory(), UserFactory()
    assert sign_in(user.username, PASSWORD, "192.0.2.1") == 302
    answers = [sign_in(f"name-{n}", address=address) for n, address in enumerate(addresses(11))]
    assert answers == [200] * 10 + [429]
    assert sign_in(stranger.username, PASSWORD, "192.0.2.2") == 429
    assert sign_in(user.username, PASSWORD, "192.0.2.1") == 302


def test_codes_are_counted_like_passwords(sign_in):
    answers = [
        sign_in(f"n{n}", "AAAA2222", page="accounts:code") for n in range(ACCOUNTS_FROM_ADDRESS.tries + 1)
    ]
    assert answers == [200] * ACCOUNTS_FROM_ADDRESS.tries + [429]


def test_the_counters_name_nobody(sign_in):
    sign_in("440103196001010010", address="203.0.113.7")
    keys = " ".join(Counter.objects.values_list("key", flat=True))
    assert keys
    assert "440103196001010010" not in keys
    assert "203.0.113.7" not in keys


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_once_five_are_judged():
    user = UserFactory()
    judged = []

    def attempt() -> None:
        client = Client(REMOTE_ADDR="198.51.100.1")
        answer = client.post(reverse("admin:login"), {"username": user.username, "password": "wrong"})
        judged.append(answer.status_code == 200)

    all_at_once([attempt] * 20)
    assert len(judged) == 20
    assert sum(judged) <= 5
