"""Many at once, on PostgreSQL with real row locks: one schedule a day, one account shown, a number on one receipt."""

import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.roles import Role
from fees.models import BankAccount, Bill, FeeSchedule, Receipt
from fees.models.schedule import AMOUNTS
from tests.core.test_flow_threads import all_at_once
from tests.enrolments import FeeScheduleFactory
from tests.factories import CompanyFactory, UserFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
MANY = 8


class Refused(Exception):
    """The page came back with an error at a field."""


def post(user: Any, url: str, data: dict[str, Any]) -> Callable[[], None]:
    client = Client()
    client.force_login(user)

    def job() -> None:
        if client.post(url, data).status_code != 302:
            raise Refused

    return job


def amounts(**values: Any) -> dict[str, Any]:
    return {**{name: getattr(FeeSchedule(), name) for name in AMOUNTS}, "remark": "", **values}


@pytest.fixture
def admins() -> list[Any]:
    return UserFactory.create_batch(MANY, role=Role.ADMIN)


def test_of_overlapping_schedules_saved_at_once_one_stays(admins: list[Any]) -> None:
    """Each begins on another day, so that no constraint helps."""
    jobs = [
        post(user, "/admin/fees/feeschedule/add/",
             amounts(effective_from=f"2027-01-{n + 1:02d}", effective_until=""))
        for n, user in enumerate(admins)
    ]  # fmt: skip
    assert Counter(all_at_once(jobs)) == {"done": 1, "Refused": MANY - 1}
    assert FeeSchedule.objects.count() == 1


def test_of_successors_saved_at_once_one_follows(admins: list[Any]) -> None:
    old = FeeScheduleFactory()
    first = timezone.localdate() + datetime.timedelta(days=10)
    jobs = [
        post(user, f"/admin/fees/feeschedule/{old.pk}/successor/",
             amounts(effective_from=str(first + datetime.timedelta(days=n)), effective_until=""))
        for n, user in enumerate(admins)
    ]  # fmt: skip
    assert Counter(all_at_once(jobs)) == {"done": 1, "Refused": MANY - 1}
    new = FeeSchedule.objects.latest("id")
    old.refresh_from_db()
    assert old.effective_until == new.effective_from - datetime.timedelta(days=1)


def test_of_accounts_saved_at_once_one_is_shown(admins: list[Any]) -> None:
    jobs = [
        post(user, "/admin/fees/bankaccount/add/",
             {"holder": "协会", "bank": "银行", "number": f"1000000{n:03d}", "is_active": "on"})
        for n, user in enumerate(admins)
    ]  # fmt: skip
    assert Counter(all_at_once(jobs)) == {"done": MANY}
    assert BankAccount.objects.filter(is_active=True).count() == 1


def test_one_number_typed_at_once_for_many_receipts_stands_on_one() -> None:
    kind = ContentType.objects.get_for_model(Bill)
    company = CompanyFactory()
    bills = [
        Bill.objects.create(
            content_type=kind, object_id=n + 1, company=company, subject=f"第{n}份", total=300
        )
        for n in range(MANY)
    ]
    receipts = [
        Receipt.objects.create(bill=bill, kind="FISCAL", title="某公司", amount=300) for bill in bills
    ]
    users = UserFactory.create_batch(MANY, role=Role.FINANCE)

    def job(receipt: Receipt, user: Any) -> Callable[[], object]:
        return lambda: perform(receipt, "issue", by=user, number="A1", issued_on=timezone.localdate())

    outcomes = Counter(all_at_once([job(*pair) for pair in zip(receipts, users, strict=True)]))
    assert outcomes == {"done": 1, "StepRefused": MANY - 1}
    assert Receipt.objects.filter(state="ISSUED").count() == 1
