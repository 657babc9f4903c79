"""The finance desk: one list of everything to review, and what companies and others see of it."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.models import Attachment
from backoffice.roles import Role
from fees.models import Bill
from tests.enrolments import EnrolmentFactory, advance, voucher
from tests.factories import CompanyFactory, TrainingClassFactory, UserFactory, actor, client_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db
LIST = "admin:fees_bill_changelist"


@pytest.fixture
def finance() -> Client:
    return client_of(UserFactory(role=Role.FINANCE))


def handed_in(*amounts: Any, company: str = "广东示范监理有限公司", **values: Any) -> Enrolment:
    """An enrolment of 300 yuan whose company handed in vouchers of these amounts."""
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT", company=CompanyFactory(name=company))
    vouchers = [voucher(amount, **values) for amount in amounts]
    return perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=vouchers)


def shown(client: Client, **query: str) -> list[Any]:
    rows: list[Any] = client.get(reverse(LIST), query).context["cl"].result_list
    return list(rows)


def test_finance_begins_with_what_it_has_to_review_the_longest_wait_first(finance: Client) -> None:
    first, second = handed_in(300), handed_in(300, company="乙公司")
    EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    EnrolmentFactory(people=1, at="TRAINING_REVIEW")

    assert [bill.object_id for bill in shown(finance)] == [first.pk, second.pk]


@pytest.mark.parametrize(
    ("tab", "at"),
    [("REVIEW", "FINANCE_REVIEW"), ("OPEN", "AWAITING_PAYMENT"), ("SETTLED", "TRAINING_REVIEW")],
)
def test_each_tab_holds_its_stage(finance: Client, tab: str, at: str) -> None:
    made = {
        state: EnrolmentFactory(people=1, at=state)
        for state in ("LOCAL_REVIEW", "FINANCE_REVIEW", "AWAITING_PAYMENT", "TRAINING_REVIEW")
    }

    assert [bill.object_id for bill in shown(finance, stage=tab)] == [made[at].pk]
    assert len(shown(finance, stage="ALL")) == 4
    assert len(shown(finance, stage="nonsense")) == 1


def test_a_payment_that_training_sent_back_stands_on_the_desk_again(finance: Client) -> None:
    enrolment = advance(EnrolmentFactory(people=1, at="TRAINING_REVIEW"), "training_return")

    assert [bill.object_id for bill in shown(finance)] == [enrolment.pk]


@pytest.mark.parametrize(("amount", "tone", "word"), [(300, "success", ""), ("350.50", "warning", "50.50")])
def test_the_difference_is_coloured_and_said(finance: Client, amount: Any, tone: str, word: str) -> None:
    handed_in(amount)

    (bill,) = shown(finance)

    assert bill.cover.tone == tone
    assert word in bill.cover.text


def test_missing_money_is_marked() -> None:
    from fees.admin.shown import Cover

    cover = Cover(Decimal(900), Decimal(300), Decimal(500))

    assert (cover.difference, cover.tone, "100" in cover.text) == (-100, "danger", True)


def test_a_payer_who_is_not_the_company_is_marked(finance: Client) -> None:
    handed_in(300, payer_name="广东示范监理有限公司")
    handed_in(
        300, company="乙监理(广州)公司", payer_name="乙监理（广州）公司", invoice_title="乙监理（广州）公司"
    )
    handed_in(300, company="丙公司", payer_name="张三")

    html = finance.get(reverse(LIST)).content.decode()

    assert html.count('<span class="bo-late">(') == 1
    assert '张三 <span class="bo-late">(' in html


def test_amounts_link_to_their_pictures_and_the_row_to_the_decision(finance: Client) -> None:
    enrolment = handed_in(100, 200)

    html = finance.get(reverse(LIST)).content.decode()

    for row in enrolment.bill.vouchers.all():
        assert reverse("core:attachment", args=[Attachment.of(row).get().pk]) in html
    assert reverse("admin:training_enrolment_step", args=[enrolment.pk, "finance_approve"]) in html


@pytest.mark.parametrize("term", ["示范监理", "SUBJECT", "NUMBER"])
def test_a_bill_is_found_by_company_subject_and_number(finance: Client, term: str) -> None:
    enrolment = handed_in(300)
    handed_in(300, company="乙公司")
    bill = enrolment.bill
    term = {"SUBJECT": str(enrolment.training_class)[:8] + " 示范", "NUMBER": bill.number}.get(term, term)

    assert [row.pk for row in shown(finance, q=term)] == [bill.pk]


def test_the_list_costs_the_same_for_3_and_for_30_rows(finance: Client) -> None:
    training_class = TrainingClassFactory(type="CONTINUING", category="", capacity=100)

    def queries() -> int:
        finance.get(reverse(LIST))
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert finance.get(reverse(LIST)).status_code == 200
        return len(caught)

    for _number in range(3):
        EnrolmentFactory(people=1, at="FINANCE_REVIEW", training_class=training_class)
    few = queries()
    for _number in range(27):
        EnrolmentFactory(people=1, at="FINANCE_REVIEW", training_class=training_class)

    assert len(shown(finance)) == 30
    assert queries() == few <= 7


# --- Companies and others ----------------------------------------------------------------------------


def test_a_company_sees_its_own_bills_with_a_link_to_pay() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    handed_in(300, company="乙公司")
    client = client_of(actor(enrolment, Role.COMPANY))

    (bill,) = shown(client)

    assert bill.object_id == enrolment.pk
    assert bill.next_step[0] == reverse(
        "admin:training_enrolment_step", args=[enrolment.pk, "submit_voucher"]
    )
    assert "乙公司" not in client.get(reverse(LIST), {"stage": "ALL"}).content.decode()


def test_the_export_holds_the_list_as_it_stands(finance: Client) -> None:
    handed_in(320, payer_name="张三")
    EnrolmentFactory(people=1, at="AWAITING_PAYMENT")

    answer = finance.get(reverse("admin:fees_bill_export"), {"format": "xlsx", "stage": "REVIEW"})

    rows = list(
        openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active.iter_rows(
            values_only=True
        )
    )
    assert len(rows) == 2
    assert rows[1][1] == "广东示范监理有限公司"
    assert list(rows[1][3:8]) == [300, 0, 320, 300, "张三"]


@pytest.mark.parametrize(
    ("role", "status"), [("FINANCE", 200), ("AUDITOR", 200), ("COMPANY", 403), ("TRAINING", 403)]
)
def test_who_may_export_the_bills(role: str, status: int) -> None:
    assert client_of(UserFactory(role=role)).get(reverse("admin:fees_bill_export")).status_code == status


def test_every_bill_counts_in_one_tab() -> None:
    from fees.admin.bill_list import StageFilter

    assert set(StageFilter.TABS) == {*Bill.Stage.values, "ALL"} - {"IDLE"}
