"""Finance decides on many bills at once: exact ones are verified, returned ones get one opinion."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core import inbox
from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from tests.enrolments import advance
from tests.factories import UserFactory
from tests.fees.test_bill_list import client_of, handed_in
from training.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance() -> Client:
    return client_of(UserFactory(role=Role.FINANCE))


def decide(client: Client, step: str, *enrolments: Enrolment, opinion: str = "", **seen: int) -> Any:
    data: dict[str, Any] = {"step": step, "opinion": opinion, "bill": [row.bill.pk for row in enrolments]}
    for row in enrolments:
        data[f"seen_{row.bill.pk}"] = seen.get(f"at_{row.pk}", last_log_id(row))
    return client.post(reverse("admin:fees_bill_decide"), data)


def states(*enrolments: Enrolment) -> list[str]:
    return [str(Enrolment.objects.get(pk=row.pk).state) for row in enrolments]


def test_the_action_shows_the_chosen_bills_side_by_side(finance: Client) -> None:
    exact, rest = handed_in(300), handed_in(320, company="乙公司")

    answer = finance.post(reverse("admin:fees_bill_changelist"), {
        "action": "decide_selected", "_selected_action": [exact.bill.pk, rest.bill.pk],
    })  # fmt: skip

    assert (answer.context["exact"], answer.context["others"]) == (1, 1)
    assert [bill.seen for bill in answer.context["bills"]] == [last_log_id(exact), last_log_id(rest)]
    assert states(exact, rest) == ["FINANCE_REVIEW"] * 2


def test_exact_ones_are_verified_and_the_others_say_why_not(finance: Client) -> None:
    exact, rest, other = (
        handed_in(300),
        handed_in(320, company="乙公司"),
        handed_in(100, 200, company="丙公司"),
    )

    answer = decide(finance, "finance_approve", exact, rest, other)

    assert (answer.context["done"], answer.context["refused"]) == (2, 1)
    assert states(exact, rest, other) == ["TRAINING_REVIEW", "FINANCE_REVIEW", "TRAINING_REVIEW"]
    refused = next(outcome for outcome in answer.context["outcomes"] if not outcome.is_done)
    assert "20" in refused.reasons[0]


def test_all_are_returned_with_one_opinion(finance: Client) -> None:
    rows = handed_in(300), handed_in(320, company="乙公司")

    decide(finance, "finance_return", *rows, opinion="截图不清楚")

    assert states(*rows) == ["AWAITING_PAYMENT"] * 2
    assert {TransitionLog.of(row).latest("id").opinion for row in rows} == {"截图不清楚"}


def test_a_return_without_opinion_asks_for_one_and_keeps_the_choice(finance: Client) -> None:
    row = handed_in(300)

    answer = decide(finance, "finance_return", row, opinion="  ")

    assert "opinion" in answer.context["form"].errors
    assert [bill.pk for bill in answer.context["bills"]] == [row.bill.pk]
    assert states(row) == ["FINANCE_REVIEW"]


def test_a_page_that_a_colleague_overtook_decides_nothing(finance: Client) -> None:
    row = handed_in(300)
    seen = last_log_id(row)
    advance(row, "finance_return", "submit_voucher")

    answer = decide(finance, "finance_approve", row, **{f"at_{row.pk}": seen})

    assert answer.context["refused"] == 1
    assert states(row) == ["FINANCE_REVIEW"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.FINANCE])
def test_nobody_but_finance_decides(role: Role) -> None:
    row = handed_in(300)
    client = client_of(UserFactory(role=role))

    assert decide(client, "finance_approve", row).status_code == 403
    client.post(reverse("admin:fees_bill_changelist"), {
        "action": "decide_selected", "_selected_action": [row.bill.pk],
    })  # fmt: skip
    assert states(row) == ["FINANCE_REVIEW"]


@pytest.mark.parametrize("data", [{}, {"step": "finance_approve"}, {"step": "skip_payment", "bill": "1"}])
def test_a_page_without_choice_leads_back_to_the_list(finance: Client, data: dict[str, str]) -> None:
    assert finance.post(reverse("admin:fees_bill_decide"), data).status_code == 302
    assert finance.get(reverse("admin:fees_bill_decide")).status_code == 302


def test_bills_that_do_not_wait_for_finance_are_not_offered(finance: Client) -> None:
    row = advance(handed_in(300), "finance_approve")

    answer = finance.post(reverse("admin:fees_bill_changelist"), {
        "action": "decide_selected", "_selected_action": [row.bill.pk],
    }, follow=True)  # fmt: skip

    assert answer.redirect_chain
    assert decide(finance, "finance_approve", row).context["refused"] == 1
    assert decide(finance, "finance_return", row, opinion="x").context["refused"] == 1


# --- What is decided on is shown, and the inbox has the same page and the same rule -----------------------


def preview(client: Client, *enrolments: Enrolment) -> Any:
    data = {"action": "decide_selected", "_selected_action": [row.bill.pk for row in enrolments]}
    return client.post(reverse("admin:fees_bill_changelist"), data)


def from_inbox(client: Client, *enrolments: Enrolment) -> Any:
    tasks = [Task.of(row).get(closed_at=None).pk for row in enrolments]
    return client.post(reverse("admin:core_task_changelist"), {
        "action": "decide_selected", "_selected_action": tasks,
    })  # fmt: skip


@pytest.mark.parametrize("door", [preview, from_inbox])
def test_the_page_shows_picture_day_title_and_what_is_left_out_with_the_reason(
    finance: Client, door: Any
) -> None:
    exact = handed_in(300, payer_name="付款甲", invoice_title="抬头乙")
    too_much, same = handed_in(320, company="乙公司"), handed_in(300, company="丙公司")

    answer = door(finance, exact, too_much, same)
    html = answer.content.decode()

    bills = {bill.object_id: bill for bill in answer.context["bills"]}
    assert [bool(bills[row.pk].left_out) for row in (exact, too_much, same)] == [False, True, False]
    assert "20" in bills[too_much.pk].left_out
    assert str(bills[too_much.pk].left_out) in html
    for row in (exact, too_much, same):
        (picture,) = Attachment.of(row.bill.vouchers.get())
        assert f'src="{reverse("core:attachment", args=[picture.pk])}"' in html
        (shown,) = bills[row.pk].shown
        assert any("2" in remark for remark in shown.remarks), "the factory's pictures are all the same"
    for text in ("付款甲", "抬头乙", "2026-06-01", exact.number):
        assert text in html
    assert states(exact, too_much, same) == ["FINANCE_REVIEW"] * 3


def test_the_inbox_leaves_out_what_the_list_leaves_out(finance: Client) -> None:
    exact, too_much = handed_in(300), handed_in(320, company="乙公司")
    ids = [Task.of(row).get(closed_at=None).pk for row in (exact, too_much)]

    outcomes = inbox.decide(ids, "finance_approve", by=UserFactory(role=Role.FINANCE))

    assert [outcome.is_done for outcome in outcomes] == [True, False]
    assert "20" in outcomes[1].reasons[0]
    assert states(exact, too_much) == ["TRAINING_REVIEW", "FINANCE_REVIEW"]


@pytest.mark.parametrize("door", [preview, from_inbox])
def test_what_training_sent_back_is_not_verified_in_passing(finance: Client, door: Any) -> None:
    row = advance(handed_in(300), "finance_approve", "training_return", opinion="抬头不对")

    (bill,) = door(finance, row).context["bills"]

    assert bill.left_out
    assert [shown.voucher.status for shown in bill.shown] == ["VERIFIED"]
    assert decide(finance, "finance_approve", row).context["refused"] == 1
    assert states(row) == ["FINANCE_REVIEW"]


def test_what_was_chosen_in_the_inbox_leads_back_there(finance: Client) -> None:
    row = handed_in(300)
    page = from_inbox(finance, row)
    assert page.context["back_url"] == reverse("admin:core_task_changelist")
    data = {"step": "finance_approve", "opinion": "", "bill": row.bill.pk, "back": page.context["back"]}
    answer = finance.post(reverse("admin:fees_bill_decide"), data | {f"seen_{row.bill.pk}": last_log_id(row)})
    assert (answer.context["done"], answer.context["back_url"]) == (1, reverse("admin:core_task_changelist"))


def test_the_preview_costs_the_same_for_three_and_for_ten(finance: Client) -> None:
    bills = [handed_in(300, company=f"公司{n}").bill.pk for n in range(10)]
    address, counts = reverse("admin:fees_bill_changelist"), []
    for chosen in (bills[:3], bills[:3], bills):
        with CaptureQueriesContext(connection) as caught:
            finance.post(address, {"action": "decide_selected", "_selected_action": chosen})
        counts.append(len(caught))
    assert counts[1] == counts[2]
