"""A receipt is issued, corrected, declared void: who may, in which state, and a number stands on one paper only."""

import datetime
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.models import TransitionLog
from backoffice.roles import Role
from fees.models import Receipt
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance() -> Any:
    return UserFactory(role=Role.FINANCE)


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Receipt:
    return Receipt.objects.get(bill=EnrolmentFactory(people=1, at="TRAINING_REVIEW").bill)


@pytest.fixture
def due(kept: Receipt) -> Receipt:
    return deepcopy(kept)


def another(kind: str = "FISCAL", number: str = "") -> Receipt:
    bill = EnrolmentFactory(people=1, at="TRAINING_REVIEW").bill
    receipt = bill.receipts.get()
    if kind != receipt.kind:
        Receipt.objects.filter(pk=receipt.pk).update(kind=kind)
        receipt.refresh_from_db()
    return receipt if not number else issue(receipt, UserFactory(role=Role.FINANCE), number)


def issue(receipt: Receipt, by: Any, number: str = "0001", **data: Any) -> Any:
    return perform(receipt, "issue", by=by, **{"number": number, "issued_on": timezone.localdate()} | data)


def test_finance_records_number_and_date(due: Receipt, finance: Any) -> None:
    issued = issue(due, finance, " 粤财 a００1 ")
    assert (issued.state, issued.number, issued.issued_on) == ("ISSUED", "粤财A001", timezone.localdate())
    assert TransitionLog.of(due).first().by == finance
    assert due.history.first().history_user == finance


@pytest.mark.parametrize("role", [role for role in Role if role != Role.FINANCE])
@pytest.mark.parametrize("step", ["issue", "void", "correct"])
def test_nobody_else_does(role: Role, step: str, due: Receipt, finance: Any) -> None:
    if step != "issue":
        issue(due, finance)
    company = {"company": due.bill.company} if role == Role.COMPANY else {}
    data = {} if step == "void" else {"number": "1", "issued_on": timezone.localdate()}
    with pytest.raises(StepRefused):
        perform(due, step, by=UserFactory(role=role, **company), opinion="x", **data)
    due.refresh_from_db()
    assert due.state == ("DUE" if step == "issue" else "ISSUED")


def test_a_receipt_is_issued_once(due: Receipt, finance: Any) -> None:
    issue(due, finance)
    with pytest.raises(AlreadyHandled):
        issue(due, finance, "0002")
    due.refresh_from_db()
    assert due.number == "0001"


def test_a_void_receipt_is_not_issued(due: Receipt, finance: Any) -> None:
    perform(issue(due, finance), "void", by=finance, opinion="抬头错误")
    with pytest.raises(AlreadyHandled):
        issue(due, finance, "0002")


def test_void_wants_to_know_why(due: Receipt, finance: Any) -> None:
    issued = issue(due, finance)
    with pytest.raises(StepRefused):
        perform(issued, "void", by=finance, opinion=" ")


@pytest.mark.parametrize("number", ["", "   ", "　"])
def test_without_a_number_nothing_is_issued(number: str, due: Receipt, finance: Any) -> None:
    with pytest.raises(StepRefused):
        issue(due, finance, number)


def test_no_receipt_is_issued_on_a_day_to_come(due: Receipt, finance: Any) -> None:
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with pytest.raises(StepRefused, match=str(tomorrow)):
        issue(due, finance, issued_on=tomorrow)


@pytest.mark.parametrize("day", ["0001-01-01", "0215-06-01", "2016-01-05"])
def test_no_receipt_is_issued_long_before_its_bill_was_made(day: str, due: Receipt, finance: Any) -> None:
    with pytest.raises(StepRefused, match=day):
        issue(due, finance, issued_on=datetime.date.fromisoformat(day))


def test_a_number_that_stands_on_another_receipt_is_refused_by_name(due: Receipt, finance: Any) -> None:
    other = another(number="A0001")
    with pytest.raises(StepRefused) as refusal:
        issue(due, finance, "ａ0001")
    for part in ("A0001", other.title, str(other.bill.company)):
        assert part in str(refusal.value)
    due.refresh_from_db()
    assert (due.state, due.number) == ("DUE", "")


def test_a_void_receipt_keeps_its_number(due: Receipt, finance: Any) -> None:
    other = another(number="A0001")
    perform(other, "void", by=finance, opinion="作废")
    with pytest.raises(StepRefused, match="A0001"):
        issue(due, finance, "A0001")


def test_fiscal_receipts_and_invoices_are_numbered_apart(due: Receipt, finance: Any) -> None:
    another("INVOICE", "A0001")
    assert issue(due, finance, "A0001").state == "ISSUED"


def test_a_typing_mistake_is_corrected_with_a_reason(due: Receipt, finance: Any) -> None:
    issue(due, finance, "0001")
    data = {"number": "0002", "issued_on": timezone.localdate() - datetime.timedelta(days=1)}
    with pytest.raises(StepRefused):
        perform(due, "correct", by=finance, **data)
    corrected: Any = perform(due, "correct", by=finance, opinion="输错", **data)
    assert (corrected.state, corrected.number, corrected.issued_on) == ("ISSUED", "0002", data["issued_on"])
    with pytest.raises(StepRefused):
        perform(due, "correct", by=finance, opinion="x", **data | {"number": another(number="9").number})


def test_only_what_was_issued_is_corrected(due: Receipt, finance: Any) -> None:
    with pytest.raises(StepRefused):
        perform(due, "correct", by=finance, opinion="x", number="1", issued_on=timezone.localdate())
