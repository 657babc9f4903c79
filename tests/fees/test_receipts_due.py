"""After the payment: which receipts are due, and what goes back, also when the roster changes afterwards."""

import datetime
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused, available
from backoffice.core.models import Task
from backoffice.roles import Role
from fees.models import Bill, Receipt, Refund
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance, paid_back, voucher
from tests.factories import CertificateFactory, CompanyFactory, UserFactory, actor
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db
TO_BILL = ("submit", "local_approve")
AFTER_PAYMENT = ("training_return", "finance_return", "decline_payment")


def receipts(enrolment: Enrolment, state: str = "DUE") -> dict[str, Decimal]:
    """The sums by kind, for bills that one payer pays."""
    rows = Receipt.objects.filter(bill=enrolment.bill, state=state)
    assert rows.values("kind").distinct().count() == rows.count()
    return {row.kind: row.amount for row in rows}


def refunds(enrolment: Enrolment, state: str = "DUE") -> list[Decimal]:
    return list(Refund.objects.filter(bill=enrolment.bill, state=state).values_list("amount", flat=True))


def add_change(enrolment: Enrolment) -> EnrolmentLine:
    """A renewal with change of employer: 300 dues and 20 for the change."""
    former = CompanyFactory(name=f"原单位{enrolment.lines.count()}监理有限公司")
    certificate = CertificateFactory(
        person__company=enrolment.company, printed_company=former.name, type="SUPERVISOR"
    )
    return EnrolmentLineFactory(
        enrolment=enrolment,
        certificate=certificate,
        matter="RENEWAL_CHANGE",
        new_employer=enrolment.company,
        change_remark=f"原单位：{former.name}",
    )


def issue_all(enrolment: Enrolment) -> None:
    finance = UserFactory(role=Role.FINANCE)
    for n, row in enumerate(Receipt.objects.filter(bill=enrolment.bill, state="DUE")):
        perform(row, "issue", by=finance, number=f"{row.pk:06d}{n}", issued_on=timezone.localdate())


def cut(enrolment: Enrolment, lines: int = 1) -> None:
    for line in enrolment.lines.order_by("-id")[:lines]:
        line.delete()


def back_to_draft(enrolment: Enrolment) -> Enrolment:
    return advance(enrolment, *AFTER_PAYMENT)


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Enrolment:
    return EnrolmentFactory(people=3, at="TRAINING_REVIEW")


@pytest.fixture
def paid(kept: Enrolment) -> Enrolment:
    """Three renewals, 900 paid and verified."""
    return deepcopy(kept)


# --- What is due ---------------------------------------------------------------------------------------


def test_nothing_is_due_before_finance_has_verified() -> None:
    assert receipts(EnrolmentFactory(people=1, at="FINANCE_REVIEW")) == {}


def test_dues_get_one_fiscal_receipt(paid: Enrolment) -> None:
    assert receipts(paid) == {"FISCAL": 900}
    assert refunds(paid) == []


def test_dues_and_change_get_one_receipt_each() -> None:
    enrolment = EnrolmentFactory(people=2)
    add_change(enrolment)
    add_change(enrolment)
    advance(enrolment, *TO_BILL, "submit_voucher", "finance_approve")
    assert receipts(enrolment) == {"FISCAL": 1200, "INVOICE": 40}


# --- The roster changes after the payment --------------------------------------------------------------


def test_a_longer_roster_raises_the_receipt_that_is_due(paid: Enrolment) -> None:
    enrolment = back_to_draft(paid)
    add_change(enrolment)
    advance(enrolment, *TO_BILL, "submit_voucher", "finance_approve")
    assert receipts(enrolment) == {"FISCAL": 1200, "INVOICE": 20}
    assert enrolment.bill.paid == 1220


def test_a_shorter_roster_lowers_the_receipt_and_the_rest_goes_back(paid: Enrolment) -> None:
    enrolment = back_to_draft(paid)
    cut(enrolment)
    enrolment = advance(enrolment, *TO_BILL)
    assert enrolment.state == "TRAINING_REVIEW"
    assert receipts(enrolment) == {"FISCAL": 600}
    assert refunds(enrolment) == [300]


def test_what_was_issued_is_not_issued_again(paid: Enrolment) -> None:
    issue_all(paid)
    enrolment = back_to_draft(paid)
    add_change(enrolment)
    advance(enrolment, *TO_BILL, "submit_voucher", "finance_approve")
    assert receipts(enrolment, "ISSUED") == {"FISCAL": 900}
    assert receipts(enrolment) == {"FISCAL": 300, "INVOICE": 20}


def test_no_receipt_is_due_where_too_much_was_issued(paid: Enrolment) -> None:
    issue_all(paid)
    enrolment = back_to_draft(paid)
    cut(enrolment)
    advance(enrolment, *TO_BILL)
    assert receipts(enrolment) == {}
    assert receipts(enrolment, "ISSUED") == {"FISCAL": 900}


def test_a_due_receipt_nothing_is_owed_for_becomes_void() -> None:
    enrolment = EnrolmentFactory(people=1)
    line = add_change(enrolment)
    enrolment = advance(enrolment, *TO_BILL, "submit_voucher", "finance_approve")
    assert receipts(enrolment) == {"FISCAL": 600, "INVOICE": 20}
    enrolment = back_to_draft(enrolment)
    line.delete()
    advance(enrolment, *TO_BILL)
    assert receipts(enrolment) == {"FISCAL": 300}
    assert receipts(enrolment, "VOID") == {"INVOICE": 20}
    assert refunds(enrolment) == [320]


def test_in_place_of_a_void_receipt_that_was_issued_another_is_due(paid: Enrolment) -> None:
    issue_all(paid)
    issued = Receipt.objects.get(bill=paid.bill)
    perform(issued, "void", by=UserFactory(role=Role.FINANCE), opinion="抬头错误")
    assert receipts(paid, "VOID") == {"FISCAL": 900}
    assert receipts(paid) == {"FISCAL": 900}


def test_after_a_cut_roster_the_void_receipt_is_followed_by_a_smaller_one(paid: Enrolment) -> None:
    issue_all(paid)
    enrolment = back_to_draft(paid)
    cut(enrolment)
    advance(enrolment, *TO_BILL)
    issued = Receipt.objects.get(bill=enrolment.bill, state="ISSUED")
    perform(issued, "void", by=UserFactory(role=Role.FINANCE), opinion="人数减少")
    assert receipts(enrolment) == {"FISCAL": 600}


def test_what_is_owed_cannot_be_declared_void_before_it_was_written(paid: Enrolment) -> None:
    due, finance = Receipt.objects.get(bill=paid.bill), UserFactory(role=Role.FINANCE)
    for step in ("void", "not_owed"):
        with pytest.raises(StepRefused):
            perform(due, step, by=finance, opinion="不开票")
    assert receipts(paid) == {"FISCAL": 900}
    assert "void" not in [offer.step.name for offer in available(due, finance)]


def test_while_the_roster_is_open_no_other_receipt_follows_a_void_one(paid: Enrolment) -> None:
    issue_all(paid)
    enrolment = back_to_draft(paid)
    issued = Receipt.objects.get(bill=enrolment.bill)
    perform(issued, "void", by=UserFactory(role=Role.FINANCE), opinion="抬头错误")
    assert receipts(enrolment) == {}
    cut(enrolment)
    advance(enrolment, *TO_BILL)
    assert receipts(enrolment) == {"FISCAL": 600}


def test_a_cancelled_enrolment_owes_no_receipt_and_gets_its_money_back(paid: Enrolment) -> None:
    enrolment = advance(paid, "training_cancel", opinion="不开班")
    assert receipts(enrolment) == {}
    assert refunds(enrolment) == [900]


# --- Money that goes back ------------------------------------------------------------------------------


def test_what_is_paid_too_much_is_due_back() -> None:
    enrolment = advance(EnrolmentFactory(people=1), *TO_BILL)
    perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=[voucher(350)])
    enrolment.refresh_from_db()
    advance(enrolment, "finance_approve")
    assert refunds(enrolment) == [50]
    assert receipts(enrolment) == {"FISCAL": 300}


def test_a_refund_due_follows_the_roster_and_so_does_its_task(paid: Enrolment) -> None:
    enrolment = back_to_draft(paid)
    cut(enrolment)
    enrolment = back_to_draft(advance(enrolment, *TO_BILL))
    cut(enrolment)
    advance(enrolment, *TO_BILL)
    refund = Refund.objects.get(bill=enrolment.bill)
    assert (refund.state, refund.amount) == ("DUE", 600)
    task = Task.of(refund).get(closed_at=None)
    assert "600" in task.subject


def test_a_refund_due_is_used_when_the_credit_is_needed_again(paid: Enrolment) -> None:
    enrolment = back_to_draft(paid)
    cut(enrolment)
    enrolment = back_to_draft(advance(enrolment, *TO_BILL))
    EnrolmentLineFactory(enrolment=enrolment)
    enrolment = advance(enrolment, *TO_BILL)
    assert enrolment.state == "TRAINING_REVIEW"
    assert (refunds(enrolment), refunds(enrolment, "USED")) == ([], [300])
    assert receipts(enrolment) == {"FISCAL": 900}
    assert not Task.of(Refund.objects.get(bill=enrolment.bill)).filter(closed_at=None).exists()


def pay_back(enrolment: Enrolment, **data: Any) -> None:
    refund = Refund.objects.get(bill=enrolment.bill, state="DUE")
    given = paid_back() | data
    perform(refund, "pay_back", by=UserFactory(role=Role.FINANCE), **given)


def test_what_went_back_is_no_credit_any_more(paid: Enrolment) -> None:
    enrolment = back_to_draft(paid)
    cut(enrolment)
    advance(enrolment, *TO_BILL)
    assert enrolment.bill.paid == 900
    pay_back(enrolment)
    assert enrolment.bill.paid == 600
    assert enrolment.bill.balance == 0
    enrolment = back_to_draft(Enrolment.objects.get(pk=enrolment.pk))
    EnrolmentLineFactory(enrolment=enrolment)
    enrolment = advance(enrolment, *TO_BILL)
    assert (enrolment.state, enrolment.bill.balance) == ("AWAITING_PAYMENT", 300)
    enrolment = advance(enrolment, "submit_voucher", "finance_approve")
    assert enrolment.bill.paid == 900
    assert refunds(enrolment, "PAID") == [300]
    assert refunds(enrolment) == []


def test_nothing_goes_back_that_the_bill_asks_for_again(paid: Enrolment) -> None:
    enrolment = back_to_draft(paid)
    cut(enrolment)
    enrolment = back_to_draft(advance(enrolment, *TO_BILL))
    EnrolmentLineFactory(enrolment=enrolment)
    EnrolmentLineFactory(enrolment=enrolment)
    advance(enrolment, "submit")
    assert enrolment.bill.balance == 300
    with pytest.raises(StepRefused, match="1,200"):
        pay_back(enrolment)
    assert Bill.objects.get(pk=enrolment.bill.pk).paid == 900
    assert refunds(enrolment) == [300]


def test_nothing_goes_back_on_a_day_to_come(paid: Enrolment) -> None:
    enrolment = advance(paid, "training_cancel")
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with pytest.raises(StepRefused, match=str(tomorrow)):
        pay_back(enrolment, paid_on=tomorrow)
    assert enrolment.bill.paid == 900


def test_what_went_back_is_counted_again_from_the_papers(paid: Enrolment) -> None:
    """A later settling counts vouchers and refunds anew and comes to the same."""
    enrolment = advance(paid, "training_cancel")
    pay_back(enrolment)
    bill = enrolment.bill
    from fees.services import count_paid

    count_paid(bill)
    assert (bill.paid, bill.balance) == (0, 0)
