"""Several who pay for one bill: each gets receipts of the own share in the own title; what the share is, and when."""

from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from fees.models import PayerDefault, Receipt
from fees.receipts import Payer, company_renamed, share_out
from fees.rules import Paper
from fees.services import correct_voucher
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance, voucher
from tests.factories import CompanyChangeFactory, UserFactory, actor, client_of, take
from training.models import Enrolment

pytestmark = pytest.mark.django_db
HEAD, BRANCH = "广东示范监理有限公司", "广东示范监理有限公司佛山分公司"


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Enrolment:
    """Five renewals, 1,500 yuan, of which the branch paid 150; handed in."""
    enrolment = EnrolmentFactory(people=5, at="AWAITING_PAYMENT", company__name=HEAD)
    given = [voucher(1350), voucher(150, payer_name=BRANCH, invoice_title=BRANCH)]
    return perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=given)  # type: ignore[return-value]


@pytest.fixture
def handed_in(kept: Enrolment) -> Enrolment:
    return deepcopy(kept)


@pytest.fixture
def paid(handed_in: Enrolment) -> Enrolment:
    return advance(handed_in, "finance_approve")


def due(enrolment: Enrolment, state: str = "DUE") -> dict[tuple[str, str], Decimal]:
    rows = Receipt.objects.filter(bill=enrolment.bill, state=state)
    return {(row.kind, row.title): row.amount for row in rows}


def issue(enrolment: Enrolment, title: str, number: str = "73120001") -> Any:
    receipt = Receipt.objects.get(bill=enrolment.bill, state="DUE", title=title)
    by = actor(receipt, Role.FINANCE)
    return perform(receipt, "issue", by=by, number=number, issued_on=timezone.localdate())


def test_each_payer_gets_a_receipt_of_the_own_share(paid: Enrolment) -> None:
    assert due(paid) == {("FISCAL", HEAD): 1350, ("FISCAL", BRANCH): 150}


def test_one_payer_with_two_titles_gets_two_receipts() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    given = [voucher(100, invoice_title="总公司"), voucher(200, invoice_title="分公司")]
    perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=given)
    advance(enrolment, "finance_approve")
    assert due(enrolment) == {("FISCAL", "总公司"): 100, ("FISCAL", "分公司"): 200}


def test_finance_is_told_before_it_verifies(handed_in: Enrolment) -> None:
    finance = client_of(UserFactory(role=Role.FINANCE))
    notes = finance.get(reverse("admin:training_enrolment_step", args=[handed_in.pk, "finance_approve"]))
    texts = [str(text) for _tone, text in notes.context["flow_notes"]]
    assert any(HEAD in text and BRANCH in text and "150" in text for text in texts)


def test_titles_that_differ_in_blanks_and_brackets_are_one() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    given = [voucher(100, invoice_title="某公司(佛山)"), voucher(200, invoice_title="某公司 （佛山）")]
    perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=given)
    advance(enrolment, "finance_approve")
    assert list(due(enrolment).values()) == [300]


@pytest.mark.parametrize(
    ("fiscal", "invoice", "paid", "wanted"),
    [
        (1480, 20, (1350, 150), {("FISCAL", 0): 1350, ("FISCAL", 1): 130, ("INVOICE", 1): 20}),
        (300, 0, (300, 50), {("FISCAL", 0): 300}),  # the last one paid too much
        (300, 40, (340,), {("FISCAL", 0): 300, ("INVOICE", 0): 40}),
        (-100, 20, (320,), {("INVOICE", 0): 20}),  # too much was issued of one kind
        (300, 0, (100, 0), {("FISCAL", 0): 100, ("FISCAL", 1): 200}),  # nothing that is owed is lost
        (0, 0, (300,), {}),
    ],
)
def test_shares_are_written_kind_by_kind_in_the_order_of_paying(
    fiscal: int, invoice: int, paid: tuple[int, ...], wanted: dict[Any, int]
) -> None:
    payers = [Payer(str(n), str(n)) for n in range(len(paid))]
    shares = [(payer, Decimal(amount)) for payer, amount in zip(payers, paid, strict=True)]
    owed = {str(Paper.FISCAL): Decimal(fiscal), str(Paper.INVOICE): Decimal(invoice)}
    assert share_out(owed, shares) == {(kind, payers[n]): amount for (kind, n), amount in wanted.items()}


def test_what_one_payer_has_got_already_is_not_written_again(paid: Enrolment) -> None:
    issue(paid, BRANCH)
    enrolment = advance(paid, "training_return", "finance_return", "decline_payment")
    EnrolmentLineFactory(enrolment=enrolment)
    advance(enrolment, "submit", "local_approve", "submit_voucher", "finance_approve")
    assert due(enrolment, "ISSUED") == {("FISCAL", BRANCH): 150}
    assert due(enrolment) == {("FISCAL", HEAD): 1650}


def test_in_place_of_a_void_one_the_same_payer_gets_another(paid: Enrolment) -> None:
    issued = issue(paid, BRANCH)
    perform(issued, "void", by=actor(issued, Role.FINANCE), opinion="作废重开")
    assert due(paid) == {("FISCAL", HEAD): 1350, ("FISCAL", BRANCH): 150}


# --- Payer and title are corrected -----------------------------------------------------------------------


def correct(enrolment: Enrolment, **values: Any) -> Any:
    """Post the correction of the branch's voucher."""
    row = enrolment.bill.vouchers.get(amount=150)
    data = {"payer_name": row.payer_name, "invoice_title": row.invoice_title, "reason": ""} | values
    clerk = client_of(actor(enrolment, Role.COMPANY))
    return clerk.post(reverse("admin:fees_voucher_correct", args=[row.pk]), data, follow=True)


def test_the_company_corrects_the_title_of_a_verified_voucher_until_the_receipt_is_issued(
    paid: Enrolment,
) -> None:
    page = client_of(actor(paid, Role.COMPANY)).get(reverse("admin:fees_bill_change", args=[paid.bill.pk]))
    row = paid.bill.vouchers.get(amount=150)
    assert reverse("admin:fees_voucher_correct", args=[row.pk]) in page.content.decode()

    correct(paid, invoice_title="佛山分公司", reason="全称有误")

    assert due(paid) == {("FISCAL", HEAD): 1350, ("FISCAL", "佛山分公司"): 150}
    assert Receipt.objects.count() == 2, "the receipt that was due takes the title over"
    row.refresh_from_db()
    assert (row.invoice_title, row.history.first().history_change_reason) == ("佛山分公司", "全称有误")
    assert PayerDefault.objects.get(company=paid.company).invoice_title == "佛山分公司"


def test_after_both_titles_are_the_same_one_receipt_is_due(paid: Enrolment) -> None:
    correct(paid, payer_name=HEAD, invoice_title=HEAD)
    assert due(paid) == {("FISCAL", HEAD): 1500}
    assert due(paid, "VOID") == {("FISCAL", BRANCH): 150}


def test_once_the_receipt_is_issued_the_title_stays(paid: Enrolment) -> None:
    issue(paid, BRANCH)
    answer = correct(paid, invoice_title="别的抬头")
    assert "73120001" in " ".join(map(str, answer.context["messages"]))
    assert paid.bill.vouchers.get(amount=150).invoice_title == BRANCH


def test_a_voucher_under_review_is_corrected_and_the_open_decision_page_is_told(handed_in: Enrolment) -> None:
    seen = last_log_id(handed_in)
    correct(handed_in, invoice_title="佛山分公司")
    with pytest.raises(StepRefused):
        perform(handed_in, "finance_approve", by=actor(handed_in, Role.FINANCE), seen=seen)
    finance = client_of(actor(handed_in, Role.FINANCE))
    page = finance.get(reverse("admin:training_enrolment_step", args=[handed_in.pk, "finance_approve"]))
    assert any("佛山分公司" in line.opinion for line in page.context["flow_trail"])
    assert "correct_payer" not in page.content.decode()


def test_returned_for_a_wrong_title_the_payment_page_offers_to_correct_it(paid: Enrolment) -> None:
    enrolment = advance(paid, "training_return", "finance_return", opinion="开票抬头不对")
    clerk = client_of(actor(enrolment, Role.COMPANY))
    pay = reverse("admin:training_enrolment_step", args=[enrolment.pk, "submit_voucher"])
    row = enrolment.bill.vouchers.get(amount=150)
    assert reverse("admin:fees_voucher_correct", args=[row.pk]) in clerk.get(pay).content.decode()

    answer = correct(enrolment, invoice_title="佛山分公司")

    assert answer.redirect_chain[-1][0] == pay
    assert due(enrolment)["FISCAL", "佛山分公司"] == 150, (
        "the receipt that is due does not keep the wrong title"
    )
    advance(enrolment, "submit_voucher", "finance_approve")
    assert due(enrolment) == {("FISCAL", HEAD): 1350, ("FISCAL", "佛山分公司"): 150}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPANY])
def test_nobody_but_the_company_corrects(role: Role, paid: Enrolment) -> None:
    row = paid.bill.vouchers.get(amount=150)
    address = reverse("admin:fees_voucher_correct", args=[row.pk])
    data = {"payer_name": "x", "invoice_title": "x"}
    assert client_of(UserFactory(role=role)).post(address, data).status_code in (403, 404)
    assert client_of(UserFactory(role=Role.COMPANY)).post(address, data).status_code == 404
    row.refresh_from_db()
    assert row.invoice_title == BRANCH


def test_a_correction_of_nothing_writes_nothing(paid: Enrolment) -> None:
    row, before = paid.bill.vouchers.get(amount=150), last_log_id(paid)
    with pytest.raises(StepRefused):
        correct_voucher(row, Payer(BRANCH, BRANCH), actor(paid, Role.COMPANY))
    assert last_log_id(paid) == before


def test_finance_corrects_the_title_of_what_is_due_and_the_voucher_says_the_same(paid: Enrolment) -> None:
    receipt = Receipt.objects.get(bill=paid.bill, title=BRANCH)
    finance = client_of(UserFactory(role=Role.FINANCE))
    page = reverse("admin:fees_receipt_change", args=[receipt.pk])
    finance.post(page, {"title": "佛山分公司", "change_reason": "来电更正", "seen_version": ""})
    assert paid.bill.vouchers.get(amount=150).invoice_title == "佛山分公司"
    advance(paid, "training_return", "finance_approve")
    assert due(paid) == {("FISCAL", HEAD): 1350, ("FISCAL", "佛山分公司"): 150}


# --- The company gets another name -----------------------------------------------------------------------


def test_after_a_rename_what_is_due_takes_the_new_name(paid: Enrolment) -> None:
    issue(paid, BRANCH)
    change = CompanyChangeFactory(company=paid.company, new_name="广东新名监理有限公司", at="OFFICE_REVIEW")

    take(change, "approve")

    assert due(paid) == {("FISCAL", "广东新名监理有限公司"): 1350}
    assert due(paid, "ISSUED") == {("FISCAL", BRANCH): 150}
    head = paid.bill.vouchers.get(amount=1350)
    assert (head.payer_name, head.invoice_title) == (HEAD, "广东新名监理有限公司")
    assert PayerDefault.objects.get(company=paid.company).payer_name == BRANCH
    enrolment = advance(Enrolment.objects.get(pk=paid.pk), "training_return", "finance_approve")
    assert due(enrolment) == {("FISCAL", "广东新名监理有限公司"): 1350}


def test_after_a_rename_what_was_issued_keeps_its_title(paid: Enrolment) -> None:
    issue(paid, HEAD)
    paid.company.name = "广东新名监理有限公司"
    paid.company.save()
    assert company_renamed(paid.company, HEAD, UserFactory(role=Role.OFFICE)) == 0
    assert paid.bill.vouchers.get(amount=1350).invoice_title == HEAD
