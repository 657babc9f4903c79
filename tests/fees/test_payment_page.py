"""The company's payment page (manual ch. 6): what it shows, what it takes, and what it says when something is wrong."""

from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.core.models import Attachment, AttachmentKind
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from fees.models import BankAccount, PayerDefault, Voucher
from fees.money import in_yuan
from tests.enrolments import EnrolmentFactory, advance, voucher
from tests.factories import UserFactory, actor, client_of
from tests.files.images import bad_files, jpeg, png, upload
from training.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kind() -> None:
    AttachmentKind.objects.get_or_create(code="VOUCHER", defaults={"name": "付款凭证"})


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Enrolment:
    return EnrolmentFactory(people=3, at="AWAITING_PAYMENT", company__name="广东示范监理有限公司")


@pytest.fixture
def enrolment(kept: Enrolment) -> Enrolment:
    """Three renewals, 900 yuan, to be paid."""
    return deepcopy(kept)


def clerk_of(enrolment: Enrolment) -> Client:
    return client_of(actor(enrolment, Role.COMPANY))


def page(enrolment: Enrolment, step: str = "submit_voucher") -> str:
    return reverse("admin:training_enrolment_step", args=[enrolment.pk, step])


def posted(enrolment: Enrolment, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What the page sends for these rows; each is complete unless the test says otherwise."""
    data: dict[str, Any] = {
        "vouchers-TOTAL_FORMS": len(rows), "vouchers-INITIAL_FORMS": 0, "seen": last_log_id(enrolment),
    }  # fmt: skip
    for index, row in enumerate(rows):
        whole = {
            "payer_name": "张三", "invoice_title": "广东示范监理有限公司", "amount": "900", "paid_on": "2026-06-01",
            "image": upload(jpeg(900 + index), "pay.jpg"),
        } | row  # fmt: skip
        data |= {f"vouchers-{index}-{name}": value for name, value in whole.items() if value is not None}
    return data | more


def state_of(enrolment: Enrolment) -> str:
    enrolment.refresh_from_db()
    return str(enrolment.state)


# --- What it shows -----------------------------------------------------------------------------------


def test_it_shows_where_to_pay_how_much_and_what_for(enrolment: Enrolment) -> None:
    BankAccount.objects.update(is_active=False)
    BankAccount.objects.create(
        holder="广东省建设监理协会", bank="工商银行银山支行", number="3602000809002419563"
    )

    answer = clerk_of(enrolment).get(page(enrolment))
    text, remark = answer.content.decode(), answer.context["transfer_remark"]

    for expected in (
        "广东省建设监理协会",
        "工商银行银山支行",
        "3602000809002419563",
        'data-value="900.00"',
        in_yuan(Decimal(900)),
        "玖佰元整",
    ):
        assert expected in text
    assert remark in text
    assert remark.startswith("广东示范监理有限公司 ")
    assert remark.endswith(f" {enrolment.number}")
    assert text.count('data-copy="copy-') == 5


def test_the_breakdown_says_which_paper_comes_for_which_part(enrolment: Enrolment) -> None:
    bill = enrolment.bill
    bill.items.create(label="王五", kind="CHANGE", unit=20, count=1, amount=20, paper="INVOICE")

    context = clerk_of(enrolment).get(page(enrolment)).context

    assert [(part.unit, part.count, part.amount) for part in context["parts"]] == [
        (Decimal(100), 9, Decimal(900)), (Decimal(20), 1, Decimal(20)),
    ]  # fmt: skip
    assert [amount for _paper, amount in context["papers"]] == [900, 20]


def test_payer_and_title_are_the_companys_until_others_were_used(enrolment: Enrolment) -> None:
    def first_row() -> dict[str, Any]:
        row: dict[str, Any] = clerk_of(enrolment).get(page(enrolment)).context["formset"].forms[0].initial
        return row

    assert first_row() == {
        "payer_name": "广东示范监理有限公司", "invoice_title": "广东示范监理有限公司", "amount": Decimal(900),
    }  # fmt: skip
    PayerDefault.objects.create(
        company=enrolment.company, payer_name="张三", invoice_title="广东示范监理佛山分公司"
    )
    assert (first_row()["payer_name"], first_row()["invoice_title"]) == ("张三", "广东示范监理佛山分公司")


# --- What it takes -----------------------------------------------------------------------------------


def test_one_voucher_is_handed_in_and_remembered(enrolment: Enrolment) -> None:
    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"payer_name": " 张  三 "}))

    assert answer.status_code == 302
    assert state_of(enrolment) == "FINANCE_REVIEW"
    row = enrolment.bill.vouchers.get()
    assert (row.payer_name, row.amount, str(row.paid_on), row.status) == (
        "张 三",
        900,
        "2026-06-01",
        "SUBMITTED",
    )
    assert Attachment.of(row).count() == 1
    assert enrolment.bill.stage == "REVIEW"
    assert PayerDefault.objects.get().payer_name == "张 三"


def test_several_vouchers_add_up_and_a_blank_row_is_left_out(enrolment: Enrolment) -> None:
    rows = [{"amount": "400.50"}, {"amount": "￥499.50"}, {"amount": "", "image": None}]

    clerk_of(enrolment).post(page(enrolment), posted(enrolment, *rows))

    assert state_of(enrolment) == "FINANCE_REVIEW"
    assert [row.amount for row in enrolment.bill.vouchers.all()] == [Decimal("400.50"), Decimal("499.50")]


def test_a_row_that_was_removed_from_the_page_is_no_voucher(enrolment: Enrolment) -> None:
    data = posted(enrolment, {}, {})
    data = {name: value for name, value in data.items() if not name.startswith("vouchers-0-")}

    clerk_of(enrolment).post(page(enrolment), data)

    assert enrolment.bill.vouchers.count() == 1


def test_a_wrong_row_may_be_left_out(enrolment: Enrolment) -> None:
    wrong = {"amount": "viel", "image": upload(b"GIF89a", "a.gif"), "drop": "on"}

    clerk_of(enrolment).post(page(enrolment), posted(enrolment, {}, wrong))

    assert state_of(enrolment) == "FINANCE_REVIEW"
    assert enrolment.bill.vouchers.count() == 1


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("1,200.00", 1200), ("１２００元", 1200), ("￥900.5", Decimal("900.5")), ("900", 900)],
)
def test_an_amount_is_understood_as_people_type_it(enrolment: Enrolment, typed: str, stored: Decimal) -> None:
    clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"amount": typed}))

    assert enrolment.bill.vouchers.get().amount == stored


def test_too_much_is_taken_with_a_word_about_the_rest(enrolment: Enrolment) -> None:
    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"amount": "1000"}), follow=True)

    assert state_of(enrolment) == "FINANCE_REVIEW"
    assert any(
        "100" in str(message) and message.level_tag == "warning" for message in answer.context["messages"]
    )


def test_without_scripts_a_button_adds_a_row_and_keeps_what_was_typed(enrolment: Enrolment) -> None:
    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"amount": "400"}, add_row="1"))

    first, second = answer.context["formset"].forms
    assert (first["amount"].value(), first["payer_name"].value()) == ("400", "张三")
    assert (second["amount"].value(), second["payer_name"].value()) == (None, "张三")
    assert not answer.context["formset"].is_bound
    assert answer.context["choose_again"]
    assert state_of(enrolment) == "AWAITING_PAYMENT"


# --- What it refuses ---------------------------------------------------------------------------------


def test_less_than_the_balance_is_refused_with_what_is_missing(enrolment: Enrolment) -> None:
    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"amount": "880"}))

    assert "20" in str(answer.context["formset"].non_form_errors())
    assert answer.context["formset"].forms[0]["amount"].value() == "880"
    assert answer.context["choose_again"]
    assert state_of(enrolment) == "AWAITING_PAYMENT"
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("row", "at"),
    [
        ({"payer_name": " "}, "payer_name"),
        ({"invoice_title": ""}, "invoice_title"),
        ({"amount": ""}, "amount"),
        ({"amount": "-900"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "900.001"}, "amount"),
        ({"amount": "neunhundert"}, "amount"),
        ({"amount": "99999999999"}, "amount"),
        ({"image": None}, "image"),
        ({"paid_on": "2999-01-01"}, "paid_on"),
        ({"paid_on": "01.06.2026x"}, "paid_on"),
        ({"payer_name": "长" * 101}, "payer_name"),
    ],
)
def test_what_is_missing_or_wrong_stands_at_its_field(
    enrolment: Enrolment, row: dict[str, Any], at: str
) -> None:
    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, row))

    assert list(answer.context["formset"].forms[0].errors) == [at]
    assert state_of(enrolment) == "AWAITING_PAYMENT"
    assert not Voucher.objects.exists()


NOT_COLOUR = [what for what in bad_files() if "grey" not in what and "black" not in what]


@pytest.mark.parametrize("what", NOT_COLOUR)
def test_a_file_that_is_no_good_picture_gets_a_sentence_at_the_field(enrolment: Enrolment, what: str) -> None:
    name, content, _word = bad_files()[what]

    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"image": upload(content, name)}))

    assert list(answer.context["formset"].forms[0].errors) == ["image"]
    assert not Voucher.objects.exists()
    assert not Attachment.objects.filter(kind__code="VOUCHER").exists()


def test_the_same_picture_twice_is_refused(enrolment: Enrolment) -> None:
    rows = [{"amount": "450", "image": upload(png(), name)} for name in ("1.png", "2.png")]

    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, *rows))

    assert [list(form.errors) for form in answer.context["formset"].forms] == [[], ["image"]]


def test_a_stale_page_is_told_who_was_faster_and_nothing_is_doubled(enrolment: Enrolment) -> None:
    client, data = clerk_of(enrolment), posted(enrolment, {})
    client.post(page(enrolment), data)
    again = posted(enrolment, {}) | {"seen": data["seen"]}

    answer = client.post(page(enrolment), again, follow=True)

    assert answer.redirect_chain
    assert enrolment.bill.vouchers.count() == 1


def test_a_page_from_before_a_return_hands_nothing_in(enrolment: Enrolment) -> None:
    stale = posted(enrolment, {})
    advance(enrolment, "submit_voucher", "finance_return")

    answer = clerk_of(enrolment).post(page(enrolment), stale)

    assert answer.status_code == 200
    assert state_of(enrolment) == "AWAITING_PAYMENT"
    assert answer.context["form"]["seen"].value() == str(last_log_id(enrolment))


def test_an_empty_page_is_refused_at_the_first_row(enrolment: Enrolment) -> None:
    data = posted(enrolment, {"amount": "", "image": None})

    answer = clerk_of(enrolment).post(page(enrolment), data)

    assert set(answer.context["formset"].forms[0].errors) == {"amount", "image"}


@pytest.mark.parametrize("count", ["", "x", "-1", "1001", "99999999999999999999"])
def test_a_page_somebody_tampered_with_breaks_nothing(enrolment: Enrolment, count: str) -> None:
    for more in ({}, {"add_row": "1"}):
        data = posted(enrolment, {}, **more) | {"vouchers-TOTAL_FORMS": count}
        assert clerk_of(enrolment).post(page(enrolment), data).status_code == 200
    assert state_of(enrolment) == "AWAITING_PAYMENT"


# --- After a return ----------------------------------------------------------------------------------


def returned(enrolment: Enrolment) -> Voucher:
    """The voucher of 900 yuan that finance sent back."""
    advance(enrolment, "submit_voucher")
    advance(enrolment, "finance_return", opinion="截图不清楚")
    row: Voucher = enrolment.bill.vouchers.get()
    return row


def test_returned_vouchers_are_filled_in_with_finances_opinion_on_top(enrolment: Enrolment) -> None:
    row = returned(enrolment)

    answer = clerk_of(enrolment).get(page(enrolment))

    assert answer.context["finance_opinion"] == "截图不清楚"
    assert answer.context["formset"].forms[0].initial["pk"] == row.pk
    assert reverse("core:attachment", args=[Attachment.of(row).get().pk]) in answer.content.decode()


def test_a_returned_voucher_is_corrected_and_keeps_its_picture(enrolment: Enrolment) -> None:
    row, before = returned(enrolment), Attachment.objects.filter(kind__code="VOUCHER").count()
    correction = {"pk": row.pk, "payer_name": "李四", "paid_on": "", "image": None}

    clerk_of(enrolment).post(page(enrolment), posted(enrolment, correction))

    corrected = enrolment.bill.vouchers.get()
    assert (corrected.pk, corrected.payer_name, corrected.paid_on) == (row.pk, "李四", None)
    assert corrected.status == "SUBMITTED"
    assert Attachment.objects.filter(kind__code="VOUCHER").count() == before


def test_a_new_picture_takes_the_place_of_the_old_one(enrolment: Enrolment) -> None:
    row = returned(enrolment)

    clerk_of(enrolment).post(
        page(enrolment), posted(enrolment, {"pk": row.pk, "image": upload(png(), "n.png")})
    )

    assert [picture.name for picture in Attachment.of(row).filter(removed_at=None)] == ["n.jpg"]
    assert Attachment.of(row).count() == 2


def test_a_returned_voucher_that_is_left_out_is_withdrawn(enrolment: Enrolment) -> None:
    row = returned(enrolment)

    clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"pk": row.pk, "drop": "on"}, {"pk": ""}))

    assert list(enrolment.bill.vouchers.values_list("status", flat=True)) == ["WITHDRAWN", "SUBMITTED"]


def test_another_companys_voucher_cannot_be_claimed(enrolment: Enrolment) -> None:
    other = EnrolmentFactory(people=3, at="AWAITING_PAYMENT")
    row = returned(other)

    answer = clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"pk": row.pk}))

    assert answer.status_code == 200
    row.refresh_from_db()
    assert (row.bill_id, row.status) == (other.bill.pk, "RETURNED")
    assert state_of(enrolment) == "AWAITING_PAYMENT"


def test_with_nothing_left_to_pay_the_page_hands_on_without_a_voucher(enrolment: Enrolment) -> None:
    advance(enrolment, "submit_voucher", "finance_approve", "training_return", "finance_return")
    client = clerk_of(enrolment)

    answer = client.get(page(enrolment))
    assert (answer.context["balance"], len(answer.context["formset"].forms)) == (0, 0)

    client.post(page(enrolment), posted(enrolment))
    assert state_of(enrolment) == "FINANCE_REVIEW"
    assert enrolment.bill.vouchers.count() == 1


# --- Who may -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.COMPANY, Role.PERSON, Role.LOCAL_BODY)]
)
def test_whoever_is_not_the_company_hands_nothing_in(enrolment: Enrolment, role: Role) -> None:
    client = client_of(UserFactory(role=role))

    assert client.get(page(enrolment)).status_code == 302
    assert client.post(page(enrolment), posted(enrolment, {})).status_code == 302
    assert state_of(enrolment) == "AWAITING_PAYMENT"
    assert not Voucher.objects.exists()


def test_another_company_finds_no_page(enrolment: Enrolment) -> None:
    client = client_of(UserFactory(role=Role.COMPANY))

    assert client.get(page(enrolment)).status_code == 404
    assert client.post(page(enrolment), posted(enrolment, {})).status_code == 404
    assert not Voucher.objects.exists()


@pytest.mark.parametrize("state", ["DRAFT", "LOCAL_REVIEW", "FINANCE_REVIEW", "TRAINING_REVIEW", "CONFIRMED"])
def test_in_another_state_the_page_leads_back_to_the_record(state: str) -> None:
    enrolment = EnrolmentFactory(people=1, at=state)
    vouchers = Voucher.objects.count()

    assert clerk_of(enrolment).get(page(enrolment)).status_code == 302
    assert clerk_of(enrolment).post(page(enrolment), posted(enrolment, {"amount": "300"})).status_code == 302
    assert state_of(enrolment) == state
    assert Voucher.objects.count() == vouchers


def test_the_pictures_are_for_finance_and_the_company_only(enrolment: Enrolment) -> None:
    advance(enrolment, "submit_voucher")
    address = reverse("core:attachment", args=[Attachment.of(enrolment.bill.vouchers.get()).get().pk])

    def status(user: User) -> int:
        return int(client_of(user).get(address).status_code)

    assert status(UserFactory(role=Role.FINANCE)) == 200
    assert status(actor(enrolment, Role.COMPANY)) == 200
    assert status(UserFactory(role=Role.COMPANY)) == 404
    assert status(UserFactory(role=Role.LOCAL_BODY, local_body=enrolment.local_body)) == 404


def test_the_default_voucher_of_the_tests_is_what_the_page_sends() -> None:
    assert set(voucher(1)) | {"pk", "remark"} == {
        "pk", "payer_name", "invoice_title", "amount", "paid_on", "remark", "image",
    }  # fmt: skip
