"""Lists of money: sorted where people sort, with sums of what is shown, and every amount written in one way."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from backoffice.core.lists import COUNT_CAP
from backoffice.roles import Role
from fees.models import FeeSchedule, Receipt, Refund, Voucher
from fees.money import in_yuan, yuan
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import TrainingClassFactory, UserFactory, client_of
from training.models import Enrolment, TrainingClass

pytestmark = pytest.mark.django_db
#: List -> the columns by which it is sorted, and the field they sort by.
SORTED = {
    "fees_bill": {"show_subject": "pk", "total": "total", "paid": "paid"},
    "fees_receipt": {"title": "title", "amount": "amount", "issued_on": "issued_on", "show_subject": "pk"},
    "fees_refund": {"amount": "amount", "paid_on": "paid_on", "created_at": "created_at"},
    "fees_voucher": {"show_bill": "pk", "amount": "amount", "paid_on": "paid_on"},
}


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> list[Enrolment]:
    """Of three, two and one person: paid; the last one cancelled, so that money goes back."""
    rows = [EnrolmentFactory(people=n, at="TRAINING_REVIEW") for n in (3, 2, 1)]
    advance(rows[2], "training_cancel", opinion="不开班")
    advance(rows[1], "training_cancel", opinion="不开班")
    return rows


def client(role: Role = Role.FINANCE) -> Any:
    return client_of(UserFactory(role=role))


def page(name: str, **query: Any) -> Any:
    more = {"stage": "ALL"} if name == "fees_bill" else {}
    return client().get(reverse(f"admin:{name}_changelist"), more | query)


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name, columns in SORTED.items() for column in columns]
)
def test_a_list_is_sorted_by_amount_date_and_name(name: str, column: str, kept: Any) -> None:
    changelist = page(name).context["cl"]
    at, field = changelist.list_display.index(column), SORTED[name][column]
    for sign in ("", "-"):
        rows = page(name, o=f"{sign}{at}").context["cl"].result_list
        values = [getattr(row, field) for row in rows]
        present = [value for value in values if value is not None]
        assert present == sorted(present, reverse=bool(sign))
        assert len(values) > 1


def test_the_desk_sorts_what_it_reviews_too(kept: Any) -> None:
    rows = [EnrolmentFactory(people=n, at="FINANCE_REVIEW") for n in (1, 3, 2)]
    listed = client().get(reverse("admin:fees_bill_changelist"))
    at = listed.context["cl"].list_display.index("total")
    assert [row.object_id for row in listed.context["cl"].result_list] == [row.pk for row in rows]
    again = client().get(reverse("admin:fees_bill_changelist"), {"o": f"-{at}"})
    assert [row.total for row in again.context["cl"].result_list] == [900, 600, 300]


@pytest.mark.parametrize(
    ("name", "query", "sums"),
    [
        ("fees_bill", {"stage": "ALL"}, [900, 1800, -900]),
        ("fees_receipt", {}, [1800]),
        ("fees_receipt", {"state": "DUE"}, [900]),
        ("fees_refund", {}, [900]),
        ("fees_voucher", {"status": "VERIFIED"}, [1800]),
    ],
)
def test_the_sums_are_those_of_the_filter_shown(name: str, query: Any, sums: list[int], kept: Any) -> None:
    answer = page(name, **query)
    assert [total.amount for total in answer.context["money_totals"]] == sums
    html = answer.content.decode()
    assert all(in_yuan(Decimal(amount)) in html for amount in sums)


def test_an_empty_list_has_no_sums(kept: Any) -> None:
    assert "money_totals" not in page("fees_receipt", q="没有这张票据").context


def test_more_rows_than_are_counted_are_not_added_up(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fees.admin.totals.COUNT_CAP", 1)
    assert page("fees_receipt").context["money_totals"] == []
    assert COUNT_CAP == 10_000


@pytest.mark.parametrize("name", list(SORTED))
def test_a_list_with_its_sums_takes_at_most_seven_queries_and_the_session(name: str, kept: Any) -> None:
    finance = client()
    finance.get(reverse(f"admin:{name}_changelist"), {"stage": "ALL"} if name == "fees_bill" else {})
    with CaptureQueriesContext(connection) as caught:
        finance.get(reverse(f"admin:{name}_changelist"), {"stage": "ALL"} if name == "fees_bill" else {})
    ours = [query for query in caught.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert len(ours) <= 12, [query["sql"][:90] for query in ours]


@pytest.mark.parametrize("name", ["fees_receipt", "fees_refund", "fees_voucher", "fees_bill"])
def test_the_auditor_exports_every_list_of_money(name: str, kept: Any) -> None:
    query = {"format": "csv"} | ({"stage": "ALL"} if name == "fees_bill" else {})
    answer = client(Role.AUDITOR).get(reverse(f"admin:{name}_export"), query)
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) > 1


# --- One way to write money ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "digits"),
    [("0", "0"), ("300.00", "300"), ("1240", "1,240"), ("12.5", "12.50"), ("-1800.05", "-1,800.05")],
)
def test_money_is_written_in_one_way(amount: str, digits: str) -> None:
    assert (yuan(Decimal(amount)), in_yuan(Decimal(amount))) == (digits, f"{digits}元")
    with translation.override("en"):
        assert in_yuan(Decimal(amount)) == f"{digits} yuan"


def test_templates_write_no_amount_in_another_way() -> None:
    for path in Path("templates").rglob("*.html"):
        text = path.read_text()
        assert "¥" not in text, path
        assert not re.search(r"(amount|total|paid|balance|tuition)[\w.]*\|floatformat", text), path


def test_lists_pages_and_histories_write_it_so_too(kept: Any) -> None:
    training = client(Role.TRAINING)
    held = TrainingClassFactory(tuition=1234)
    for address in ("admin:training_enrolment_changelist", "admin:training_trainingclass_changelist"):
        html = training.get(reverse(address)).content.decode()
        assert not re.search(r">\s*\d+\.00\s*<", html)
    assert "1,234元" in training.get(reverse("admin:training_trainingclass_changelist")).content.decode()
    history = training.get(reverse("admin:training_trainingclass_history", args=[held.pk])).content.decode()
    assert "1234.00" not in history
    bill = client().get(reverse("admin:fees_bill_change", args=[kept[0].bill.pk])).content.decode()
    assert not re.search(r">\s*[\d,]+\.00\s*<", bill)


# --- Bounds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["-1", "NaN", "100000.01", "1e9", "99999999"])
def test_tuition_and_fees_have_bounds(amount: str) -> None:
    training = client(Role.TRAINING)
    answer = training.post(reverse("admin:training_trainingclass_add"), {"tuition": amount})
    assert answer.context["adminform"].form.errors["tuition"]
    answer = client(Role.ADMIN).post(reverse("admin:fees_feeschedule_add"), {"change": amount})
    assert answer.context["adminform"].form.errors["change"]
    assert not TrainingClass.objects.filter(tuition__gt=10_000).exists()


@pytest.mark.parametrize("model", [Receipt, Refund, Voucher, FeeSchedule])
def test_every_amount_has_a_highest_value(model: Any) -> None:
    amounts = [field for field in model._meta.fields if hasattr(field, "as_read")]
    assert amounts
    for field in amounts:
        assert {type(check).__name__ for check in field.validators} >= {
            "MinValueValidator",
            "MaxValueValidator",
        }
