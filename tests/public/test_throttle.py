"""Rate limits of the public pages: per address, with the wait in words."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from backoffice.core import counters
from backoffice.public.throttle import Limit, sender, too_many

LIMIT = Limit("test", 3, 10)


pytestmark = pytest.mark.django_db


@pytest.fixture
def later(monkeypatch):
    """`later(seconds)`: the clock of the counters goes so many seconds before."""

    def go(seconds):
        moment = timezone.now() + timedelta(seconds=seconds)
        monkeypatch.setattr(counters.timezone, "now", lambda: moment)

    return go


def request_from(address: str = "203.0.113.7"):
    return RequestFactory().get("/", REMOTE_ADDR=address)


def test_so_many_requests_go_on_and_the_next_one_waits():
    waits = [LIMIT.wait(request_from()) for _n in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert 590 <= waits[3] <= 600


def test_another_address_does_not_wait():
    for _n in range(4):
        LIMIT.wait(request_from())
    assert LIMIT.wait(request_from("203.0.113.8")) == 0


def test_another_page_does_not_wait():
    for _n in range(4):
        LIMIT.wait(request_from())
    assert Limit("other", 3, 10).wait(request_from()) == 0


def test_the_wait_ends(later):
    for _n in range(4):
        LIMIT.wait(request_from())
    later(601)
    assert LIMIT.wait(request_from()) == 0


def test_trying_during_the_wait_does_not_lengthen_it(later):
    for _n in range(4):
        LIMIT.wait(request_from())
    later(540)
    assert LIMIT.wait(request_from()) <= 61


def test_the_addresses_of_one_ipv6_connection_count_together():
    first, second = sender(request_from("2001:db8:1:2::1")), sender(request_from("2001:db8:1:2:ffff::9"))
    assert first == second
    assert sender(request_from("2001:db8:1:3::1")) != first


def test_a_proxy_header_is_not_believed_without_a_proxy():
    for number in range(3):
        LIMIT.wait(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}"))
    assert LIMIT.wait(RequestFactory().get("/", HTTP_X_FORWARDED_FOR="198.51.100.99")) > 0


def test_no_address_stands_in_the_counters():
    assert "203.0.113.7" not in LIMIT.key(request_from())


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (600, 10)])
def test_the_sentence_names_the_wait_in_minutes(seconds, minutes):
    assert str(minutes) in too_many(seconds)
