"""Counters that all server processes share."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.core import counters
from backoffice.core.counters import count, forget, forget_expired, numbers
from backoffice.core.models import Counter
from tests.core.test_flow_threads import all_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(monkeypatch):
    def go(seconds):
        moment = timezone.now() + timedelta(seconds=seconds)
        monkeypatch.setattr(counters.timezone, "now", lambda: moment)

    return go


def test_each_event_gets_the_next_number_and_the_time_that_is_left(later):
    assert count("a", 600) == (1, 600)
    later(100)
    number, wait = count("a", 600)
    assert number == 2
    assert 498 <= wait <= 501
    assert count("b", 600)[0] == 1


def test_after_the_time_the_count_begins_anew(later):
    count("a", 600, 5)
    later(601)
    assert count("a", 600) == (1, 600)


def test_counters_go_down_again_and_can_be_read_and_forgotten():
    count("a", 600, 3)
    count("a", 600, -1)
    assert numbers("a", "b") == {"a": 2, "b": 0}
    forget("a")
    assert numbers("a") == {"a": 0}


def test_those_whose_time_is_over_are_taken_away(later):
    count("old", 60)
    count("young", 600)
    later(61)
    assert numbers("old") == {"old": 0}
    assert forget_expired() == 1
    assert list(Counter.objects.values_list("key", flat=True)) == ["young"]


def test_counting_is_one_query(django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(counters.random, "randrange", lambda end: 1)
    with django_assert_num_queries(1):
        count("a", 600)


def test_now_and_then_a_new_counter_tidies_up(monkeypatch, later):
    count("old", 60)
    later(61)
    monkeypatch.setattr(counters.random, "randrange", lambda end: 0)
    count("new", 60)
    assert list(Counter.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_twenty_numbers():
    found: list[int] = []
    all_at_once([lambda: found.append(count("a", 600)[0])] * 20)
    assert sorted(found) == list(range(1, 21))
