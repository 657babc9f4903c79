"""The steps of the payment leg (specification 3.5): each allowed, by the wrong role, in the wrong state, out of
scope."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.models import Attachment, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from fees.models import Refund, Voucher
from tests.enrolments import WAYS, EnrolmentFactory, EnrolmentLineFactory, advance, voucher
from tests.factories import UserFactory, actor, client_of
from tests.files.images import png, upload
from training.models import Enrolment

pytestmark = pytest.mark.django_db
At = Callable[[str], Enrolment]

#: Step -> (where it begins, where it leads, who takes it).
STEPS = {
    "submit_voucher": ("AWAITING_PAYMENT", "FINANCE_REVIEW", Role.COMPANY),
    "decline_payment": ("AWAITING_PAYMENT", "DRAFT", Role.COMPANY),
    "finance_approve": ("FINANCE_REVIEW", "TRAINING_REVIEW", Role.FINANCE),
    "finance_return": ("FINANCE_REVIEW", "AWAITING_PAYMENT", Role.FINANCE),
}


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[str, Enrolment]:
    """An enrolment of one person, 300 yuan, in every state."""
    return {state: EnrolmentFactory(people=1, at=state) for state in WAYS}


@pytest.fixture
def at(kept: dict[str, Enrolment]) -> At:
    """`at(state)` is the file's enrolment in this state."""
    return lambda state: deepcopy(kept[state])


def data_for(step: str) -> dict[str, Any]:
    return {"vouchers": [voucher(300)]} if step == "submit_voucher" else {}


def address(enrolment: Enrolment, step: str) -> str:
    return reverse("admin:training_enrolment_step", args=[enrolment.pk, step])


def vouchers() -> list[Any]:
    """All vouchers and their pictures."""
    pictures = Attachment.objects.filter(kind__code="VOUCHER").order_by("pk")
    return [list(Voucher.objects.order_by("pk").values_list("pk", "status")), list(pictures.values())]


def state_of(enrolment: Enrolment) -> str:
    return str(Enrolment.objects.get(pk=enrolment.pk).state)


# --- Each step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_whose_turn_it_is_takes_the_step(step: str, at: At) -> None:
    begin, end, role = STEPS[step]
    enrolment = at(begin)

    perform(enrolment, step, by=actor(enrolment, role), opinion="请更正", **data_for(step))

    assert state_of(enrolment) == end
    assert TransitionLog.of(enrolment).latest("id").step == step


@pytest.mark.parametrize("step", [name for name in STEPS if name != "submit_voucher"])
def test_the_step_is_taken_on_its_page(step: str, at: At) -> None:
    begin, end, role = STEPS[step]
    enrolment = at(begin)
    client = client_of(actor(enrolment, role))

    assert client.get(address(enrolment, step)).status_code == 200
    assert state_of(enrolment) == begin
    client.post(address(enrolment, step), {"seen": last_log_id(enrolment), "opinion": "请更正"})

    assert state_of(enrolment) == end


@pytest.mark.parametrize(
    ("step", "role"), [(step, role) for step in STEPS for role in Role if role != STEPS[step][2]]
)
def test_the_wrong_role_is_refused(step: str, role: Role, at: At) -> None:
    begin = STEPS[step][0]
    enrolment = at(begin)
    bound = {"local_body": enrolment.local_body} if role == Role.LOCAL_BODY else {}
    bound |= {"company": enrolment.company} if role == Role.COMPANY else {}
    user = UserFactory(role=role, **bound)

    with pytest.raises(StepRefused):
        perform(enrolment, step, by=user, opinion="请更正", **data_for(step))
    client_of(user).post(address(enrolment, step), {"opinion": "请更正"})

    assert state_of(enrolment) == begin


@pytest.mark.parametrize(
    ("step", "state"), [(step, state) for step in STEPS for state in WAYS if state != STEPS[step][0]]
)
def test_in_the_wrong_state_nothing_happens(step: str, state: str, at: At) -> None:
    enrolment = at(state)
    user = actor(enrolment, STEPS[step][2])
    before = vouchers()

    with pytest.raises(StepRefused):
        perform(enrolment, step, by=user, opinion="请更正", **data_for(step))
    assert client_of(user).post(address(enrolment, step), {"opinion": "请更正"}).status_code in (302, 404)

    assert state_of(enrolment) == state
    assert vouchers() == before


@pytest.mark.parametrize("step", ["submit_voucher", "decline_payment"])
def test_another_company_is_out_of_scope(step: str, at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    stranger = UserFactory(role=Role.COMPANY)

    with pytest.raises(StepRefused):
        perform(enrolment, step, by=stranger, **data_for(step))
    assert client_of(stranger).get(address(enrolment, step)).status_code == 404
    assert client_of(stranger).post(address(enrolment, step)).status_code == 404
    assert state_of(enrolment) == "AWAITING_PAYMENT"


@pytest.mark.parametrize("role", list(Role))
def test_nobody_skips_the_payment_by_hand(role: Role, at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")

    with pytest.raises(StepRefused):
        perform(enrolment, "skip_payment", by=UserFactory(role=role))
    assert state_of(enrolment) == "AWAITING_PAYMENT"


def test_a_return_needs_an_opinion(at: At) -> None:
    enrolment = at("FINANCE_REVIEW")
    client = client_of(actor(enrolment, Role.FINANCE))

    answer = client.post(address(enrolment, "finance_return"), {"opinion": " "})

    assert "opinion" in answer.context["form"].errors
    assert state_of(enrolment) == "FINANCE_REVIEW"


# --- What perform() itself demands of the vouchers ----------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [{"payer_name": ""}, {"invoice_title": ""}, {"amount": Decimal(0)}, {"amount": None}, {"image": None},
     {"image": upload(b"%PDF-1.7")}, {"pk": 987654}],
    ids=str,
)  # fmt: skip
def test_an_incomplete_voucher_is_refused_and_leaves_nothing_behind(wrong: dict[str, Any], at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    before = vouchers()

    with pytest.raises(StepRefused) as refusal:
        perform(
            enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=[voucher(300) | wrong]
        )

    assert not str(refusal.value).startswith("[")
    assert vouchers() == before
    assert state_of(enrolment) == "AWAITING_PAYMENT"


def test_vouchers_that_do_not_cover_the_bill_are_refused_with_what_is_missing(at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    before = vouchers()

    with pytest.raises(StepRefused, match="20"):
        perform(
            enrolment,
            "submit_voucher",
            by=actor(enrolment, Role.COMPANY),
            vouchers=[voucher(100), voucher(180)],
        )
    assert vouchers() == before


# --- Stories -----------------------------------------------------------------------------------------


def test_after_declining_and_a_longer_roster_only_the_balance_is_asked_for() -> None:
    enrolment = advance(
        EnrolmentFactory(people=2, at="TRAINING_REVIEW"),
        "training_return",
        "finance_return",
        "decline_payment",
    )
    assert (enrolment.state, enrolment.bill.stage) == ("DRAFT", "IDLE")
    EnrolmentLineFactory(enrolment=enrolment)

    enrolment = advance(enrolment, "submit", "local_approve")

    bill = enrolment.bill
    assert (enrolment.state, bill.total, bill.paid, bill.balance) == ("AWAITING_PAYMENT", 900, 600, 300)
    page = client_of(actor(enrolment, Role.COMPANY)).get(address(enrolment, "submit_voucher"))
    assert page.context["formset"].forms[0].initial["amount"] == 300

    enrolment = advance(enrolment, "submit_voucher", "finance_approve")
    assert (enrolment.state, enrolment.bill.balance) == ("TRAINING_REVIEW", 0)
    assert not Refund.objects.exists()
    assert enrolment.bill.receipts.get(state="DUE").amount == 900


def test_after_declining_and_a_shorter_roster_the_payment_is_skipped_and_the_rest_goes_back() -> None:
    enrolment = advance(
        EnrolmentFactory(people=3, at="TRAINING_REVIEW"),
        "training_return",
        "finance_return",
        "decline_payment",
    )
    enrolment.lines.last().delete()

    enrolment = advance(enrolment, "submit", "local_approve")

    assert (enrolment.state, enrolment.bill.stage) == ("TRAINING_REVIEW", "SETTLED")
    assert (enrolment.bill.refunds.get().amount, enrolment.bill.refunds.get().state) == (300, "DUE")
    assert TransitionLog.of(enrolment).latest("id").step == "skip_payment"


def test_too_much_becomes_a_refund_due_once_it_is_verified(at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    enrolment = perform(
        enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=[voucher(200), voucher(150)]
    )
    assert not Refund.objects.exists()

    advance(enrolment, "finance_approve")

    assert enrolment.bill.refunds.get().amount == 50
    assert enrolment.bill.paid == 350


def test_a_bill_of_nothing_skips_the_payment(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    enrolment.bill.items.all().delete()
    type(enrolment.bill).objects.update(total=0)

    enrolment = advance(enrolment, "local_approve")

    assert (enrolment.state, enrolment.bill.stage) == ("TRAINING_REVIEW", "SETTLED")
    assert not enrolment.bill.receipts.exists()


def test_what_training_said_is_proposed_to_finance_and_told_to_the_company(at: At) -> None:
    enrolment = advance(at("TRAINING_REVIEW"), "training_return", opinion="名单有误")
    assert enrolment.bill.stage == "REVIEW"
    finance = client_of(actor(enrolment, Role.FINANCE))

    page = finance.get(address(enrolment, "finance_return"))
    assert page.context["form"]["opinion"].value() == "名单有误"
    assert any("名单有误" in str(text) for _tone, text in page.context["flow_notes"])
    finance.post(address(enrolment, "finance_return"), {"opinion": "名单有误"})

    company = client_of(actor(enrolment, Role.COMPANY))
    assert company.get(address(enrolment, "submit_voucher")).context["finance_opinion"] == "名单有误"
    assert enrolment.bill.vouchers.get().status == "VERIFIED"
    company.post(address(enrolment, "decline_payment"), {"seen": last_log_id(enrolment)})
    assert (state_of(enrolment), enrolment.bill.stage) == ("DRAFT", "IDLE")


def test_a_return_keeps_verified_money_and_returns_the_rest_only(at: At) -> None:
    enrolment = advance(
        at("TRAINING_REVIEW"),
        "training_return",
        "finance_return",
        "decline_payment",
    )
    EnrolmentLineFactory(enrolment=enrolment)
    advance(enrolment, "submit", "local_approve", "submit_voucher", "finance_return")

    assert list(enrolment.bill.vouchers.values_list("status", flat=True)) == ["VERIFIED", "RETURNED"]
    assert (enrolment.bill.paid, enrolment.bill.stage) == (300, "OPEN")


# --- What finance sees -------------------------------------------------------------------------------


def test_finance_decides_with_vouchers_and_amounts_before_its_eyes(at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    enrolment = perform(
        enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY),
        vouchers=[voucher(100, payer_name="张三"), voucher(250)],
    )  # fmt: skip

    for step in ("finance_approve", "finance_return"):
        answer = client_of(actor(enrolment, Role.FINANCE)).get(address(enrolment, step))
        html = answer.content.decode()
        assert (answer.context["cover"].pending, answer.context["cover"].difference) == (350, 50)
        assert len(answer.context["vouchers"][0].remarks) >= 1
        for row in enrolment.bill.vouchers.all():
            assert reverse("core:attachment", args=[Attachment.of(row).get().pk]) in html


def test_a_picture_that_paid_other_bills_already_is_pointed_out_for_each(at: At) -> None:
    first, third = at("AWAITING_PAYMENT"), EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    second = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    for row in (first, third, second):
        image = upload(png(), "pay.png")
        perform(row, "submit_voucher", by=actor(row, Role.COMPANY), vouchers=[voucher(300, image=image)])

    answer = client_of(actor(second, Role.FINANCE)).get(address(second, "finance_approve"))

    (remark,) = [text for text in answer.context["vouchers"][0].remarks if "2" in text]
    for row in (first, third):
        assert remark.count(reverse("admin:fees_bill_change", args=[row.bill.pk])) == 1
        assert row.number in remark


def test_of_many_bills_with_the_same_picture_five_are_named_and_the_others_counted(at: At) -> None:
    rows = [at("AWAITING_PAYMENT"), *(EnrolmentFactory(people=1, at="AWAITING_PAYMENT") for _n in range(7))]
    for row in rows:
        image = upload(png(), "pay.png")
        perform(row, "submit_voucher", by=actor(row, Role.COMPANY), vouchers=[voucher(300, image=image)])

    answer = client_of(actor(rows[0], Role.FINANCE)).get(address(rows[0], "finance_approve"))

    (remark,) = [text for text in answer.context["vouchers"][0].remarks if "7" in text]
    assert remark.count("<a ") == 5
    assert "2" in remark.rpartition("</a>")[2]
    html = answer.content.decode()
    picture = reverse("core:attachment", args=[answer.context["vouchers"][0].pictures[0].pk])
    assert html.index(picture) < html.index(str(remark)), "the picture comes first"


def test_the_company_is_not_told_of_other_companies_pictures(at: At) -> None:
    assert at("FINANCE_REVIEW").bill.vouchers.exists()  # the factory's picture is always the same
    second = EnrolmentFactory(people=1, at="FINANCE_REVIEW")

    page = reverse("admin:training_enrolment_change", args=[second.pk])
    panels = client_of(actor(second, Role.COMPANY)).get(page).context["panels"]

    payment = next(entry for entry in panels if entry["panel"].key == "payment")
    assert not any(
        second.company.name not in remark and "·" in remark
        for row in payment["vouchers"]
        for remark in row.remarks
    )


def test_a_local_body_sees_no_payment_panel(at: At) -> None:
    enrolment = at("FINANCE_REVIEW")
    body = UserFactory(role=Role.LOCAL_BODY, local_body=enrolment.local_body)

    answer = client_of(body).get(reverse("admin:training_enrolment_change", args=[enrolment.pk]))

    assert answer.status_code == 200
    assert "payment" not in [entry["panel"].key for entry in answer.context["panels"]]


def test_a_returned_voucher_that_is_not_handed_in_again_is_withdrawn(at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    clerk = actor(enrolment, Role.COMPANY)
    enrolment = perform(enrolment, "submit_voucher", by=clerk, vouchers=[voucher(100), voucher(200)])
    enrolment = advance(enrolment, "finance_return")
    first, second = enrolment.bill.vouchers.order_by("pk")

    perform(enrolment, "submit_voucher", by=clerk, vouchers=[voucher(300, pk=first.pk)])

    assert list(enrolment.bill.vouchers.order_by("pk").values_list("status", flat=True)) == [
        "SUBMITTED",
        "WITHDRAWN",
    ]
    assert enrolment.bill.pending() == 300
    assert [row.status for row in second.history.order_by("history_id")] == [
        "SUBMITTED",
        "RETURNED",
        "WITHDRAWN",
    ]
