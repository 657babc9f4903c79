"""Receipts in the admin: the list for each role, the steps' pages, many numbers on one page, the export."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.roles import Role
from fees.admin.issuing import consecutive
from fees.models import Bill, Receipt
from tests.enrolments import EnrolmentFactory
from tests.factories import CompanyFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/fees/receipt/"
EXPORTERS = (Role.FINANCE, Role.ADMIN, Role.AUDITOR)
ISSUE = f"{LIST}issue/"


def page(receipt: Receipt, act: str = "change", *more: str) -> str:
    return reverse(f"admin:fees_receipt_{act}", args=[receipt.pk, *more])


def of_bill(bill: Bill, **values: Any) -> Receipt:
    return Receipt.objects.create(bill=bill, **{"kind": "FISCAL", "title": "某公司", "amount": 300} | values)


def new(kind: str = "FISCAL", **values: Any) -> Receipt:
    """A receipt of a bill of its own, without the road there."""
    company = values.pop("company", None) or CompanyFactory()
    number = Bill.objects.count()
    from django.contrib.contenttypes.models import ContentType

    bill = Bill.objects.create(
        content_type=ContentType.objects.get_for_model(Bill), object_id=number + 1, company=company,
        subject=values.pop("subject", f"报名{number}"), total=300,
    )  # fmt: skip
    return of_bill(bill, kind=kind, **values)


def shown(response: Any) -> list[int]:
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.fixture
def user() -> Any:
    return UserFactory(role=Role.FINANCE)


@pytest.fixture
def finance(signed_in: Any, user: Any) -> Client:
    return signed_in(user)


# --- The list ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_staff_sees_all_receipts_and_a_company_its_own(role: Role, signed_in: Any) -> None:
    own, foreign = new(), new()
    user = UserFactory(role=role, **({"company": own.bill.company} if role == Role.COMPANY else {}))
    client = signed_in(user)
    if role in (Role.LOCAL_BODY, Role.PERSON):
        assert client.get(LIST).status_code == 403
        assert client.get(page(own)).status_code in (403, 404)
        return
    assert set(shown(client.get(LIST))) == ({own.pk} if role == Role.COMPANY else {own.pk, foreign.pk})
    assert client.get(page(own)).status_code == 200
    assert client.get(page(foreign)).status_code == (404 if role == Role.COMPANY else 200)
    text = client.get(page(own)).content.decode()
    assert ("/step/issue/" in text) == (role == Role.FINANCE)
    assert client.get(f"{LIST}export/").status_code == (200 if role in EXPORTERS else 403)
    assert client.get(ISSUE, {"row": own.pk}).status_code == (200 if role == Role.FINANCE else 403)


def test_what_is_due_stands_first(finance: Client, user: Any) -> None:
    issued, due = new(), new()
    perform(issued, "issue", by=user, number="1", issued_on=timezone.localdate())
    older = new()
    assert shown(finance.get(LIST)) == [older.pk, due.pk, issued.pk]
    assert shown(finance.get(LIST, {"state": "ISSUED"})) == [issued.pk]


@pytest.mark.parametrize("term", ["抬头甲", "A0077", "ａ00", "深圳", "深圳 抬头", "继续教育甲", "深圳 A0077"])
def test_a_receipt_is_found_by_title_number_company_and_bill(finance: Client, term: str) -> None:
    company = CompanyFactory(name="深圳某监理有限公司")
    wanted = new(title="抬头甲公司", number="A0077", company=company, subject="继续教育甲班")
    new(title="抬头乙公司", number="B1", subject="从业乙班")
    assert shown(finance.get(LIST, {"q": term})) == [wanted.pk]


def test_kinds_are_filtered(finance: Client) -> None:
    new()
    invoice = new("INVOICE")
    assert shown(finance.get(LIST, {"kind": "INVOICE"})) == [invoice.pk]
    assert shown(finance.get(LIST, {"bill__company": invoice.bill.company_id})) == [invoice.pk]


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(
    finance: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for more in (3, 27):
        for _number in range(more):
            new()
        finance.get(LIST)
        with django_assert_max_num_queries(60) as captured:
            finance.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_export_has_the_rows_of_the_list(finance: Client) -> None:
    receipt = new(number="A1", title="甲公司")
    new("INVOICE", title="乙公司")
    response = finance.get(f"{LIST}export/", {"format": "csv", "kind": "FISCAL"})
    lines = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert len(lines) == 2
    row = lines[1]
    assert "甲公司" in row
    assert "A1" in row
    assert receipt.bill.company.name in row


# --- One receipt ---------------------------------------------------------------------------------------


def test_finance_issues_on_the_steps_page(finance: Client) -> None:
    receipt = new()
    data = {"number": "A1", "issued_on": str(timezone.localdate()), "opinion": "", "seen": ""}
    assert finance.get(page(receipt, "step", "issue")).status_code == 200
    assert finance.post(page(receipt, "step", "issue"), data).status_code == 302
    receipt.refresh_from_db()
    assert (receipt.state, receipt.number) == ("ISSUED", "A1")


def test_a_number_in_use_is_refused_and_kept(finance: Client) -> None:
    new(number="A1", title="先开的")
    receipt = new()
    data = {"number": "A1", "issued_on": str(timezone.localdate())}
    response = finance.post(page(receipt, "step", "issue"), data)
    assert "先开的" in told(response)
    assert 'value="A1"' in response.content.decode()


def test_only_the_title_is_edited_and_only_while_it_is_due(finance: Client, user: Any) -> None:
    receipt = new()
    form = finance.get(page(receipt)).context["adminform"].form
    assert set(form.fields) == {"title", "change_reason", "seen_version"}
    data = {"title": "新抬头", "amount": "1", "number": "X", "change_reason": "", "seen_version": ""}
    assert finance.post(page(receipt), data).status_code == 302
    receipt.refresh_from_db()
    assert (receipt.title, receipt.amount, receipt.number) == ("新抬头", 300, "")
    perform(receipt, "issue", by=user, number="1", issued_on=timezone.localdate())
    assert finance.post(page(receipt), data | {"title": "再改"}).status_code == 403


def test_too_much_issued_is_pointed_out_where_it_can_be_declared_void(finance: Client, user: Any) -> None:
    receipt = new()
    perform(receipt, "issue", by=user, number="1", issued_on=timezone.localdate())
    notes = finance.get(page(receipt, "step", "void")).context["flow_notes"]
    assert [tone for tone, _text in notes] == ["warning"]
    assert "300" in notes[0][1]


# --- Many receipts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "numbers"),
    [
        ("0098", ["0098", "0099", "0100"]),
        ("粤财a9", ["粤财A9", "粤财A10", "粤财A11"]),
        ("1-099", ["1-099", "1-100", "1-101"]),
        ("１２", ["12", "13", "14"]),
        ("12a", []),
        ("", []),
    ],
)
def test_numbers_run_on_with_their_zeros(first: str, numbers: list[str]) -> None:
    assert consecutive(first, 3) == numbers


def test_selected_receipts_that_are_due_come_to_one_page(finance: Client, user: Any) -> None:
    first, second, issued = new(), new("INVOICE"), new()
    perform(issued, "issue", by=user, number="1", issued_on=timezone.localdate())
    keys = [first.pk, second.pk, issued.pk]
    response = finance.post(LIST, {"action": "issue_selected", "_selected_action": keys}, follow=True)
    assert [row.receipt for row in response.context["rows"]] == [first, second]
    alone = finance.post(LIST, {"action": "issue_selected", "_selected_action": [issued.pk]}, follow=True)
    assert "cl" in alone.context


def test_numbers_are_filled_in_for_each_kind(finance: Client) -> None:
    rows = [new(), new("INVOICE"), new()]
    data = {"row": [row.pk for row in rows], "fill": "1", "start-FISCAL": "099", "start-INVOICE": "X1",
            "issued_on": "2026-01-05"}  # fmt: skip
    response = finance.post(ISSUE, data)
    numbers = {row.receipt.pk: row.number for row in response.context["rows"]}
    assert numbers == {rows[0].pk: "099", rows[2].pk: "100", rows[1].pk: "X1"}
    assert 'value="2026-01-05"' in response.content.decode()
    assert Receipt.objects.filter(state="DUE").count() == 3


def test_a_start_without_digits_is_refused_beside_its_box(finance: Client) -> None:
    row = new()
    data = {"row": [row.pk], "fill": "1", "start-FISCAL": "ABC", f"number-{row.pk}": "7"}
    response = finance.post(ISSUE, data)
    assert response.context["starts"][0].error
    assert response.context["rows"][0].number == "7"


def test_each_row_has_its_own_outcome(finance: Client) -> None:
    new(number="TAKEN")
    good, bad, empty, twice = new(), new(), new(), new()
    data = {
        "row": [good.pk, bad.pk, empty.pk, twice.pk], "issued_on": str(timezone.localdate()),
        f"number-{good.pk}": "N1", f"number-{bad.pk}": "taken", f"number-{empty.pk}": "", f"number-{twice.pk}": "n1",
    }  # fmt: skip
    response = finance.post(ISSUE, data)
    rows = {row.receipt.pk: row for row in response.context["rows"]}
    assert rows[good.pk].is_done
    assert "TAKEN" in rows[bad.pk].error
    assert "N1" in rows[twice.pk].error
    assert (rows[empty.pk].is_done, rows[empty.pk].error) == (False, "")
    assert set(Receipt.objects.filter(state="ISSUED")) == {good}
    assert 'value="taken"' in response.content.decode()
    again = finance.post(ISSUE, data | {"row": [bad.pk], f"number-{bad.pk}": "N2"})
    assert again.status_code == 302
    bad.refresh_from_db()
    assert (bad.state, bad.number) == ("ISSUED", "N2")


def test_without_a_date_nothing_is_issued_and_the_numbers_stay(finance: Client) -> None:
    row = new()
    response = finance.post(ISSUE, {"row": [row.pk], f"number-{row.pk}": "5", "issued_on": ""})
    assert response.context["form"].errors["issued_on"]
    assert response.context["rows"][0].number == "5"
    row.refresh_from_db()
    assert row.state == "DUE"


def test_what_is_no_receipt_due_is_left_out(finance: Client, user: Any) -> None:
    issued = new()
    perform(issued, "issue", by=user, number="1", issued_on=timezone.localdate())
    response = finance.get(ISSUE, {"row": [issued.pk, "x", "99999999999999999999999"]}, follow=True)
    assert response.redirect_chain
    assert told(response)


def test_the_page_takes_as_many_queries_for_thirty_as_for_three(
    finance: Client, django_assert_max_num_queries: Any
) -> None:
    rows = [new().pk for _number in range(30)]
    counts = []
    finance.get(ISSUE, {"row": rows[:3]})
    for chosen in (rows[:3], rows):
        with django_assert_max_num_queries(40) as captured:
            assert finance.get(ISSUE, {"row": chosen}).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_verified_payment_brings_its_receipt_into_the_list(finance: Client) -> None:
    enrolment = EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    assert shown(finance.get(LIST)) == [enrolment.bill.receipts.get().pk]
