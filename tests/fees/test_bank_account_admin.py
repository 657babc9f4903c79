"""The bank account companies pay to: one is shown at a time, an administrator chooses it, the history keeps why."""

from typing import Any

import pytest
from django.test import Client

from backoffice.roles import Role
from fees.models import BankAccount
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/fees/bankaccount/"
NEW = {"holder": "广东省建设监理协会", "bank": "工商银行", "number": "3602 0008 0900 2419", "is_active": "on"}


@pytest.fixture
def first() -> BankAccount:
    return BankAccount.objects.create(holder="协会", bank="建设银行", number="10000001")


@pytest.fixture
def admin(signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.ADMIN))


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_showing_another_account_switches_the_first_one_off(admin: Client, first: BankAccount) -> None:
    response = admin.post(f"{LIST}add/", NEW, follow=True)
    assert str(first) in told(response)
    first.refresh_from_db()
    shown = BankAccount.shown()
    assert (first.is_active, shown and shown.number) == (False, NEW["number"])
    latest = first.history.first()
    assert latest.history_user.role == Role.ADMIN
    assert str(shown) in latest.history_change_reason


def test_an_account_that_is_not_shown_leaves_the_other_one(admin: Client, first: BankAccount) -> None:
    values = {name: value for name, value in NEW.items() if name != "is_active"}
    assert admin.post(f"{LIST}add/", values).status_code == 302
    assert BankAccount.shown() == first


def test_without_a_shown_account_a_warning_says_so(admin: Client, first: BankAccount) -> None:
    data = {"holder": "协会", "bank": "建设银行", "number": "10000001", "change_reason": "停用"}
    response = admin.post(f"{LIST}{first.pk}/change/", data, follow=True)
    assert BankAccount.shown() is None
    assert any(message.level_tag == "warning" for message in response.context["messages"])


def test_a_correction_wants_a_reason(admin: Client, first: BankAccount) -> None:
    data = {
        "holder": "协会",
        "bank": "建设银行",
        "number": "90000009",
        "is_active": "on",
        "change_reason": "",
    }
    assert admin.post(f"{LIST}{first.pk}/change/", data).status_code == 200
    first.refresh_from_db()
    assert first.number == "10000001"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMIN])
def test_everybody_else_only_reads(role: Role, signed_in: Any, first: BankAccount) -> None:
    client = signed_in(UserFactory(role=role))
    assert client.get(LIST).status_code == 200
    assert client.get(f"{LIST}{first.pk}/change/").status_code == 200
    assert client.post(f"{LIST}add/", NEW).status_code == 403
    assert client.post(f"{LIST}{first.pk}/change/", NEW).status_code == 403
    assert BankAccount.shown() == first


@pytest.mark.parametrize("number", ["NaN", "-1", "abc", "1234567", "9" * 33, "３６０２"])
def test_what_is_no_account_number_is_refused_at_the_field(admin: Client, number: str) -> None:
    answer = admin.post(f"{LIST}add/", NEW | {"number": number})
    assert answer.context["adminform"].form.errors["number"]
    assert not BankAccount.objects.filter(holder=NEW["holder"], number=number).exists()
