"""Working days: announced holidays and make-up days, the office's own table, and years nobody knows yet."""

from datetime import date, timedelta

import pytest

from backoffice.core.models import CalendarDay
from backoffice.core.working_days import add_working_days, is_working_day, working_days_between

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("day", "works", "why"),
    [
        (date(2026, 2, 13), True, "the Friday before Spring Festival"),
        (date(2026, 2, 14), True, "a Saturday, worked in exchange for Spring Festival"),
        (date(2026, 2, 15), False, "Spring Festival begins on a Sunday"),
        (date(2026, 2, 17), False, "New Year of the lunar calendar, a Tuesday"),
        (date(2026, 2, 23), False, "the last day of Spring Festival, a Monday"),
        (date(2026, 2, 24), True, "the Tuesday after it"),
        (date(2026, 2, 28), True, "a Saturday, worked in exchange for Spring Festival"),
        (date(2026, 9, 20), True, "a Sunday, worked in exchange for National Day"),
        (date(2026, 10, 1), False, "National Day, a Thursday"),
        (date(2026, 10, 7), False, "the last day of National Day, a Wednesday"),
        (date(2026, 10, 10), True, "a Saturday, worked in exchange for National Day"),
        (date(2026, 11, 14), False, "an ordinary Saturday"),
        (date(2026, 11, 16), True, "an ordinary Monday"),
    ],
)
def test_announced_holidays_and_make_up_days_are_known(day, works, why):
    assert is_working_day(day) is works, why


def test_the_offices_table_wins_over_the_announcement():
    CalendarDay.objects.create(date=date(2026, 11, 16), kind=CalendarDay.Kind.HOLIDAY, name="搬家")
    CalendarDay.objects.create(date=date(2026, 10, 1), kind=CalendarDay.Kind.WORKDAY)
    assert not is_working_day(date(2026, 11, 16))
    assert is_working_day(date(2026, 10, 1))
    assert add_working_days(date(2026, 11, 13), 1) == date(2026, 11, 17)


def test_a_year_nobody_knows_yet_has_plain_weeks_and_the_days_fixed_by_law_until_the_table_says_more():
    assert not is_working_day(date(2031, 10, 1))  # a Wednesday, National Day
    assert not is_working_day(date(2031, 10, 4))
    assert add_working_days(date(2031, 9, 30), 1) == date(2031, 10, 6)
    CalendarDay.objects.create(date=date(2031, 10, 6), kind=CalendarDay.Kind.HOLIDAY)
    assert add_working_days(date(2031, 9, 30), 1) == date(2031, 10, 7)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 16), 0, date(2026, 11, 16)),
        (date(2026, 11, 14), 0, date(2026, 11, 14)),
        (date(2026, 11, 16), 2, date(2026, 11, 18)),
        (date(2026, 11, 19), 2, date(2026, 11, 23)),
        (date(2026, 11, 14), 1, date(2026, 11, 16)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # over Spring Festival; Saturday the 14th counts
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # over National Day; Saturday the 10th counts
        (date(2026, 11, 16), 20, date(2026, 12, 14)),
    ],
)
def test_a_due_date_is_counted_from_the_day_after(start, days, end):
    assert add_working_days(start, days) == end


def test_a_long_closure_is_stepped_over():
    first = date(2031, 1, 1)
    CalendarDay.objects.bulk_create(
        CalendarDay(date=first + timedelta(days=n), kind=CalendarDay.Kind.HOLIDAY) for n in range(60)
    )
    assert add_working_days(date(2030, 12, 31), 1) == date(2031, 3, 3)


def test_counting_and_adding_agree():
    start = date(2026, 9, 1)
    for days in range(1, 60):
        end = add_working_days(start, days)
        assert is_working_day(end)
        assert working_days_between(start, end) == days
        assert working_days_between(end, start) == -days
    assert working_days_between(start, start) == 0


def test_a_due_date_takes_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        add_working_days(date(2026, 1, 30), 20)
