"""Refunds: finance pays back, everybody else reads; the bill's credit falls, receipts that are too high are named."""

import csv
import datetime
import io
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.models import Message, Task
from backoffice.roles import Role
from fees.models import Refund
from fees.services import paid_back
from tests.enrolments import EnrolmentFactory, advance
from tests.enrolments import paid_back as given
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/fees/refund/"
EXPORTERS = (Role.FINANCE, Role.ADMIN, Role.AUDITOR)


def page(refund: Refund, act: str = "change", *more: str) -> str:
    return reverse(f"admin:fees_refund_{act}", args=[refund.pk, *more])


def make() -> Refund:
    """An enrolment of 300 that was paid and then cancelled."""
    enrolment = advance(EnrolmentFactory(people=1, at="TRAINING_REVIEW"), "training_cancel", opinion="不开班")
    return Refund.objects.get(bill=enrolment.bill)


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> tuple[Refund, Refund]:
    return make(), make()


@pytest.fixture
def refund(kept: tuple[Refund, Refund]) -> Refund:
    return deepcopy(kept[0])


@pytest.fixture
def foreign(kept: tuple[Refund, Refund]) -> Refund:
    """The refund of another company."""
    return deepcopy(kept[1])


@pytest.fixture
def user() -> Any:
    return UserFactory(role=Role.FINANCE)


@pytest.fixture
def finance(signed_in: Any, user: Any) -> Client:
    return signed_in(user)


def test_finance_pays_back_and_the_credit_falls(finance: Client, refund: Refund) -> None:
    assert refund.bill.paid == 300
    data = given(paid_on=str(timezone.localdate()), opinion="", seen="")
    assert finance.get(page(refund, "step", "pay_back")).status_code == 200
    assert finance.post(page(refund, "step", "pay_back"), data).status_code == 302
    refund.refresh_from_db()
    assert (refund.state, refund.reference, refund.paid_on) == ("PAID", "TK-2026-1", timezone.localdate())
    refund.bill.refresh_from_db()
    assert (refund.bill.paid, refund.bill.balance) == (0, 0)
    assert refund.bill.history.first().history_user.role == Role.FINANCE
    assert not Task.of(refund).filter(closed_at=None).exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.FINANCE])
def test_nobody_else_pays_back(role: Role, refund: Refund) -> None:
    company = {"company": refund.bill.company} if role == Role.COMPANY else {}
    with pytest.raises(StepRefused):
        perform(refund, "pay_back", by=UserFactory(role=role, **company), **given())
    refund.bill.refresh_from_db()
    assert refund.bill.paid == 300


def test_money_goes_back_once(refund: Refund, user: Any) -> None:
    perform(refund, "pay_back", by=user, **given())
    with pytest.raises(AlreadyHandled):
        perform(refund, "pay_back", by=user, **given())
    refund.bill.refresh_from_db()
    assert refund.bill.paid == 0


@pytest.mark.parametrize("role", Role)
def test_staff_sees_all_refunds_and_a_company_its_own(
    role: Role, refund: Refund, foreign: Refund, signed_in: Any
) -> None:
    user = UserFactory(role=role, **({"company": refund.bill.company} if role == Role.COMPANY else {}))
    client = signed_in(user)
    if role in (Role.LOCAL_BODY, Role.PERSON):
        assert client.get(LIST).status_code == 403
        return
    rows = {row.pk for row in client.get(LIST).context["cl"].result_list}
    assert rows == ({refund.pk} if role == Role.COMPANY else {refund.pk, foreign.pk})
    assert client.get(page(foreign)).status_code == (404 if role == Role.COMPANY else 200)
    assert client.post(page(refund), {"amount": "1"}).status_code == 403
    assert client.get(f"{LIST}export/").status_code == (200 if role in EXPORTERS else 403)
    assert ("/step/pay_back/" in client.get(page(refund)).content.decode()) == (role == Role.FINANCE)


def test_the_page_names_who_paid(finance: Client, refund: Refund) -> None:
    text = finance.get(page(refund, "step", "pay_back")).content.decode()
    assert refund.bill.vouchers.get().payer_name in text


def test_receipts_that_are_too_high_are_named_after_the_refund(finance: Client, user: Any) -> None:
    enrolment = EnrolmentFactory(people=2, at="TRAINING_REVIEW")
    perform(enrolment.bill.receipts.get(), "issue", by=user, number="A1", issued_on=timezone.localdate())
    enrolment = advance(enrolment, "training_return", "finance_return", "decline_payment")
    enrolment.lines.last().delete()
    advance(enrolment, "submit", "local_approve")
    refund = Refund.objects.get(bill=enrolment.bill)
    assert refund.amount == 300
    data = given(paid_on=str(timezone.localdate()))
    response = finance.post(page(refund, "step", "pay_back"), data, follow=True)
    warnings = [str(told) for told in response.context["messages"] if told.level_tag == "warning"]
    assert len(warnings) == 1
    assert "300" in warnings[0]


def test_the_list_is_searched_and_exported(finance: Client, refund: Refund, foreign: Refund) -> None:
    name = refund.bill.company.name
    assert foreign.bill.company.name != name
    rows = finance.get(LIST, {"q": name}).context["cl"].result_list
    assert [row.pk for row in rows] == [refund.pk]
    response = finance.get(f"{LIST}export/", {"format": "csv", "q": name})
    lines = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert len(lines) == 2
    assert name in lines[1]
    assert "不开班" in lines[1]


# --- What finance notes is checked ---------------------------------------------------------------------


def post(client: Client, refund: Refund, step: str = "pay_back", **values: Any) -> Any:
    data = {name: str(value) for name, value in given(**values).items()}
    return client.post(page(refund, "step", step), data | {"opinion": values.get("opinion", ""), "seen": ""})


def state(refund: Refund) -> tuple[str, str, str]:
    row = Refund.objects.get(pk=refund.pk)
    return row.state, row.reference, row.payee_account


@pytest.mark.parametrize(
    "wrong",
    [{"payee_account": ""}, {"payee_account": "NaN"}, {"payee_account": "12"}, {"payee_name": ""}, {"reference": " "},
     {"paid_on": ""}, {"paid_on": "0001-01-01"},
     {"paid_on": timezone.localdate() - datetime.timedelta(days=1)},
     {"paid_on": timezone.localdate() + datetime.timedelta(days=1)}],
    ids=str,
)  # fmt: skip
def test_without_account_reference_or_a_day_that_can_be_nothing_is_noted(
    finance: Client, refund: Refund, wrong: dict[str, Any]
) -> None:
    assert post(finance, refund, **wrong).status_code == 200
    assert state(refund) == ("DUE", "", "")


def test_a_reference_stands_for_one_transfer(finance: Client, refund: Refund, foreign: Refund) -> None:
    post(finance, refund)
    answer = post(finance, foreign, reference="ｔｋ-2026-1")
    assert refund.bill.company.name in " ".join(map(str, answer.context["messages"]))
    assert state(foreign)[0] == "DUE"


def test_a_mistake_is_corrected_with_a_reason_and_the_company_is_told(
    finance: Client, refund: Refund
) -> None:
    UserFactory(role=Role.COMPANY, company=refund.bill.company, is_manager=True, email="clerk@example.org")
    post(finance, refund)
    told = Message.objects.latest("id")
    assert ("TK-2026-1" in told.body, "9563" in told.body, given()["payee_account"] in told.body) == (
        True,
        True,
        False,
    )
    form = finance.get(page(refund, "step", "correct")).context["form"]
    assert form["reference"].value() == "TK-2026-1"
    assert post(finance, refund, "correct", reference="TK-2026-2").status_code == 200, "a reason is wanted"

    post(finance, refund, "correct", reference="TK-2026-2", opinion="流水号输错")

    assert state(refund)[:2] == ("PAID", "TK-2026-2")
    assert "TK-2026-2" in Message.objects.latest("id").body
    assert Message.objects.count() == 2
    refund.bill.refresh_from_db()
    assert refund.bill.paid == 0, "corrected, not paid twice"


def test_whether_it_is_too_much_is_asked_again_with_the_bill_locked(refund: Refund) -> None:
    """The guard looked before the lock; meanwhile the bill asks for more."""
    stale = Refund.objects.get(pk=refund.pk)
    assert not stale.steps()["pay_back"].refusals(stale)
    type(refund.bill).objects.filter(pk=refund.bill_id).update(total=300)
    with pytest.raises(StepRefused, match="300"):
        paid_back(stale, UserFactory(role=Role.FINANCE))
    refund.bill.refresh_from_db()
    assert refund.bill.paid == 300
