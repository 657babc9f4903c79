"""Dates, moments and counts are written in one way, by core/written.py; amounts by fees/money.py."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backoffice.core import written
from backoffice.roles import Role
from tests.factories import CompanyFactory, UserFactory

ROOT = settings.BASE_DIR
FRIDAY, SATURDAY = datetime.date(2026, 11, 27), datetime.date(2026, 11, 28)
#: A moment that is the next day already in China.
EVENING_IN_UTC = datetime.datetime(2026, 11, 27, 18, 5, tzinfo=datetime.UTC)
#: How templates write a date: day, moment, month, weekday, year, a day inside a month's heading; "c" is for machines.
FORMATS = {"Y-m-d", "Y-m-d H:i", "Y-m", "m-d", "Y", "F", "D", "c"}
WRITERS = {Path("backoffice/core/written.py"), Path("fees/money.py")}


def test_a_day_is_the_local_day_of_a_moment() -> None:
    assert written.day(EVENING_IN_UTC) == "2026-11-28"
    assert written.moment(EVENING_IN_UTC) == "2026-11-28 02:05"
    assert written.day(FRIDAY) == "2026-11-27"
    assert written.day(None) == "–"


@pytest.mark.parametrize(
    ("language", "late", "text"),
    [
        ("zh-hans", 0, "2026-11-27 · 已逾期"),
        ("zh-hans", 3, "2026-11-27 · 逾期 3 个工作日"),
        ("en", 0, "2026-11-27 · overdue"),
        ("en", 1, "2026-11-27 · 1 working day overdue"),
    ],
)
def test_overdue_names_no_number_before_a_working_day_has_passed(language: str, late: int, text: str) -> None:
    with translation.override(language):
        assert written.overdue(FRIDAY, late) == text


def test_a_date_stands_without_today_beside_it() -> None:
    assert written.waiting_since(EVENING_IN_UTC, 0) == "2026-11-28"
    with translation.override("en"):
        assert written.waiting_since(EVENING_IN_UTC, 2) == "2026-11-28 · 2 working days"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "count", "text"),
    [("zh-hans", 2, "共 2 条"), ("en", 1, "1 record in all"), ("en", 2, "2 records in all")],
)
def test_lists_say_how_many_rows_there_are(client: Client, language: str, count: int, text: str) -> None:
    CompanyFactory.create_batch(count)
    client.force_login(UserFactory(role=Role.OFFICE))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get(reverse("admin:registry_company_changelist")).content.decode()
    assert text in page


def sources() -> Iterator[tuple[Path, str]]:
    for folder in ("backoffice", "fees", "registry", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            short = path.relative_to(ROOT)
            if "demo" not in short.parts and short not in WRITERS:
                yield short, path.read_text(encoding="utf-8")


def test_no_python_writes_dates_or_numbers_by_hand() -> None:
    by_hand = re.compile(r"\.strftime\(|\bdate_format\(|\{[^{}\n]*:,(\.\d)?f?\}|number_format\(")
    assert [f"{path}: {match[0]}" for path, text in sources() for match in by_hand.finditer(text)] == []


def test_templates_write_dates_in_the_formats_of_the_module() -> None:
    used = {
        (path.name, found)
        for path in (ROOT / "templates").rglob("*.html")
        for found in re.findall(r"\|date:[\"']([^\"']+)", path.read_text(encoding="utf-8"))
    }
    assert used
    assert {row for row in used if row[1] not in FORMATS} == set()
