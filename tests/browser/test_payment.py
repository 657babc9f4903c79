"""Paying and verifying in a real browser: copy buttons, preview, several vouchers, and the desk of finance."""

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.core.models import AttachmentKind
from backoffice.roles import Role
from fees.models import BankAccount
from tests.browser import test_every_page
from tests.enrolments import EnrolmentFactory, advance, voucher
from tests.factories import CompanyFactory, UserFactory, actor
from tests.files.images import bad_files, jpeg, png
from training.models import Enrolment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def enrolment() -> Enrolment:
    """Three renewals to be paid: 900 yuan."""
    for code in ("VOUCHER", "CERTIFICATE"):
        AttachmentKind.objects.get_or_create(
            code=code, defaults={"name": "付款凭证" if code == "VOUCHER" else "培训证"}
        )
    BankAccount.objects.create(
        holder="广东省建设监理协会", bank="工商银行广州银山支行", number="3602000809002419563"
    )
    company = CompanyFactory(name="广东岭衡工程监理有限公司")
    row: Enrolment = EnrolmentFactory(people=3, at="AWAITING_PAYMENT", company=company)
    return row


def look(page: Page, name: str, url: str) -> list[str]:
    """What is wrong with the page of this address, or with the present one."""
    if url:
        page.goto(url)
    return test_every_page.look(page, name)


def step(enrolment: Enrolment, name: str) -> str:
    return reverse("admin:training_enrolment_step", args=[enrolment.pk, name])


def file(content: bytes, name: str) -> Any:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def test_a_clerk_copies_pays_in_two_transfers_and_hands_in(
    page: Page, context: Any, enter: Any, enrolment: Enrolment
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    enter(actor(enrolment, Role.COMPANY))
    page.goto(step(enrolment, "submit_voucher"))

    page.locator("[data-copy=copy-number]").click()
    expect(page.locator("[data-copied]")).not_to_be_empty()
    assert page.evaluate("navigator.clipboard.readText()") == "3602000809002419563"

    first = page.locator("[data-voucher]").nth(0)
    expect(first.locator("[name$=-amount]")).to_have_value("900.00")
    first.locator("[name$=-amount]").fill("400")
    expect(page.locator("[data-sum]")).to_have_class(re.compile("pay-danger"))
    name, content, _word = bad_files()["PDF"]
    first.locator("[type=file]").set_input_files(file(content, name))
    expect(first.locator("[data-image-error]")).to_be_visible()
    first.locator("[type=file]").set_input_files(file(jpeg(), "1.jpg"))
    expect(first.locator("[data-preview] img")).to_be_visible()
    expect(first.locator("[data-image-error]")).to_be_hidden()

    page.locator("[data-add]").click()
    page.locator("[data-add]").click()
    page.locator("[data-voucher]").nth(2).locator("[data-remove]").click()
    second = page.locator("[data-voucher]").nth(1)
    expect(second.locator("[name$=-payer_name]")).to_have_value("广东岭衡工程监理有限公司")
    expect(second.locator("[name$=-amount]")).to_have_value("500.00")
    expect(page.locator("[data-sum]")).to_have_class(re.compile("pay-success"))
    second.locator("[type=file]").set_input_files(file(png(), "2.png"))
    page.locator("[data-hand-in]").click()

    page.wait_for_url("**/change/**")
    enrolment.refresh_from_db()
    assert enrolment.state == "FINANCE_REVIEW"
    assert list(enrolment.bill.vouchers.values_list("amount", flat=True)) == [400, 500]


def test_the_companys_pages_fit_and_are_accessible(page: Page, enter: Any, enrolment: Enrolment) -> None:
    enter(actor(enrolment, Role.COMPANY))
    assert look(page, "payment", step(enrolment, "submit_voucher")) == []
    page.locator("[name$=-amount]").first.fill("100")
    page.locator("[data-hand-in]").click()
    page.wait_for_selector(".bo-error li")
    problems = look(page, "payment-errors", "")
    problems += look(page, "payment-decline", step(enrolment, "decline_payment"))
    problems += look(page, "payment-bills", reverse("admin:fees_bill_changelist"))
    advance(enrolment, "submit_voucher", "finance_return", opinion="截图看不清付款人，请重新上传银行回单")
    problems += look(page, "payment-returned", step(enrolment, "submit_voucher"))
    problems += look(page, "payment-record", reverse("admin:training_enrolment_change", args=[enrolment.pk]))
    assert problems == []


def test_finances_pages_fit_and_are_accessible(page: Page, enter: Any, enrolment: Enrolment) -> None:
    from backoffice.core.engine import perform

    perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY),
            vouchers=[voucher(400, payer_name="张三"), voucher(550)])  # fmt: skip
    other = EnrolmentFactory(people=2, at="FINANCE_REVIEW")
    EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    enter(UserFactory(role=Role.FINANCE))
    problems = look(page, "bills", reverse("admin:fees_bill_changelist"))
    problems += look(page, "bills-all", reverse("admin:fees_bill_changelist") + "?stage=ALL")
    problems += look(page, "bill", reverse("admin:fees_bill_change", args=[enrolment.bill.pk]))
    problems += look(page, "finance-decision", step(enrolment, "finance_approve"))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(reverse("admin:fees_bill_changelist"))
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("decide_selected")
    page.locator("[name=index], button[name=index]").first.click()
    page.wait_for_selector("[name=step]")
    problems += look(page, "bills-decide", "")
    assert problems == []

    page.locator("[name=step][value=finance_approve]").click()
    page.wait_for_selector(".bo-badge-done")
    other.refresh_from_db()
    assert other.state == "TRAINING_REVIEW"
