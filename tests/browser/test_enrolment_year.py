"""A year in the life of an enrolment, by everybody's own screen, and the clicks of a clerk's and a reviewer's day."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from backoffice.core.models import AttachmentKind
from backoffice.roles import Role
from fees.models import BankAccount, Refund
from tests.browser.conftest import WIDE, shoot
from tests.browser.test_sign_in import sign_in
from tests.enrolments import EnrolmentFactory, FeeScheduleFactory
from tests.factories import (
    PASSWORD,
    CertificateFactory,
    CompanyFactory,
    LocalBodyFactory,
    TrainingClassFactory,
    UserFactory,
    give_papers,
)
from tests.files.images import jpeg
from training.models import Enrolment, EnrolmentLine

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]

#: docs/quality.md: 10 renewals from sign-in to submitted, a clean enrolment from the inbox, 50 at once.
CLERK, REVIEWER, BULK = 12, 3, 5


class Mouse:
    """A user's mouse that counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def click(self, what: str | Locator) -> None:
        (self.page.locator(what).first if isinstance(what, str) else what).click()
        self.clicks += 1


@pytest.fixture
def world(page: Page) -> SimpleNamespace:
    for code, name in {"CERTIFICATE": "培训证", "VOUCHER": "付款凭证", "ID_CARD": "身份证"}.items():
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": name})
    FeeScheduleFactory()
    BankAccount.objects.create(holder="广东省建设监理协会", bank="工商银行", number="3602 0008 0900 2419 563")
    company, body = (
        CompanyFactory(name="广东岭衡工程监理有限公司"),
        LocalBodyFactory(name="广州市建设监理行业协会"),
    )
    return SimpleNamespace(
        company=company, body=body,
        clerk=UserFactory(role=Role.COMPANY, company=company, is_manager=True, username="lingheng", name="何志明",
                          phone="13800138000"),
        local=UserFactory(role=Role.LOCAL_BODY, local_body=body, username="guangzhou"),
        finance=UserFactory(role=Role.FINANCE), training=UserFactory(role=Role.TRAINING),
    )  # fmt: skip


def certificates(company: Any, count: int) -> list[str]:
    """The numbers of supervisors of the company, with all papers on their profiles."""
    found = [
        CertificateFactory(person__company=company, printed_company=company.name, type="SUPERVISOR")
        for _n in range(count)
    ]
    for certificate in found:
        give_papers(certificate.person, "PHOTO", "ID_CARD", "DIPLOMA", "CERTIFICATE")
    return [certificate.number for certificate in found]


def step_url(enrolment: Enrolment, name: str) -> str:
    return reverse("admin:training_enrolment_step", args=[enrolment.pk, name])


def decide(page: Page, enrolment: Enrolment, name: str, opinion: str = "") -> Enrolment:
    """Take the step on its decision page, as the one who has entered."""
    page.goto(step_url(enrolment, name))
    shoot(page, f"year-{name}")
    if opinion:
        page.fill("#id_opinion", opinion)
    with page.expect_navigation():
        page.locator("form.bo-decision button[type=submit]:not([name])").click()
    assert f"/step/{name}/" not in page.url, page.locator("body").first.inner_text()
    enrolment.refresh_from_db()
    return enrolment


def pay(page: Page, enrolment: Enrolment, picture: Path, amount: int | None = None) -> Enrolment:
    page.goto(step_url(enrolment, "submit_voucher"))
    box = page.locator("[data-vouchers]")
    box.locator("input[name$=payer_name]").first.fill("广东岭衡工程监理有限公司")
    box.locator("input[name$=invoice_title]").first.fill("广东岭衡工程监理有限公司")
    if amount:
        box.locator("input[name$=amount]").first.fill(str(amount))
    page.set_input_files("[data-vouchers] input[type=file] >> nth=0", picture)
    shoot(page, "year-pay")
    with page.expect_navigation():
        page.locator("[data-hand-in]").click()
    enrolment.refresh_from_db()
    return enrolment


def paste(page: Page, mouse: Mouse, numbers: list[str]) -> None:
    page.fill("#numbers", "，".join(numbers))
    mouse.click("button[value=look_up]")
    expect(page.locator("#roster-lines tbody tr")).to_have_count(len(numbers))


def test_a_clerk_submits_ten_renewals_within_twelve_clicks(world, page):
    training_class = TrainingClassFactory(local_body=world.body, type="CONTINUING", category="")
    numbers, mouse = certificates(world.company, 10), Mouse(page)
    page.set_viewport_size(WIDE)
    sign_in(page, "lingheng", PASSWORD)  # its button is the first click
    mouse.clicks += 1
    page.wait_for_url(f"**{reverse('admin:index')}")
    mouse.click(f"a[href^='{reverse('admin:training_enrolment_add')}']")
    page.wait_for_url("**/enrolment/add/**")
    if not page.locator(f"button[name=training_class][value='{training_class.pk}']").count():
        mouse.click("a[href*='type=CONTINUING']")
    mouse.click(f"button[name=training_class][value='{training_class.pk}']")
    page.wait_for_url("**/roster/**")
    paste(page, mouse, numbers)
    shoot(page, "clerk-roster")
    with page.expect_navigation():
        mouse.click("button[form=contact][value=submit]")
    assert Enrolment.objects.get().state == "LOCAL_REVIEW"
    assert mouse.clicks <= CLERK


def test_a_reviewer_approves_a_clean_enrolment_within_three_clicks(world, page, enter):
    training_class = TrainingClassFactory(local_body=world.body, type="CONTINUING", category="")
    enrolment = EnrolmentFactory(
        company=world.company, training_class=training_class, people=3, at="LOCAL_REVIEW"
    )
    enter(world.local)
    mouse = Mouse(page)
    page.goto(reverse("admin:core_task_changelist"))
    mouse.click(f"#result_list a[href^='{reverse('admin:training_enrolment_change', args=[enrolment.pk])}']")
    page.wait_for_url("**/enrolment/**")
    if "/step/" not in page.url:
        mouse.click("a[href*='/step/local_approve/']")
        page.wait_for_url("**/step/local_approve/**")
    with page.expect_navigation():
        mouse.click("form.bo-decision button[type=submit]:not([name])")
    enrolment.refresh_from_db()
    assert enrolment.state == "AWAITING_PAYMENT"
    assert mouse.clicks <= REVIEWER


def test_a_reviewer_approves_fifty_at_once_within_five_clicks(world, page, enter):
    training_class = TrainingClassFactory(local_body=world.body, type="CONTINUING", category="", capacity=200)
    for _n in range(50):
        EnrolmentFactory(company=world.company, training_class=training_class, people=1, at="LOCAL_REVIEW")
    enter(world.local)
    mouse = Mouse(page)
    page.goto(reverse("admin:core_task_changelist"))
    mouse.click("#action-toggle")
    page.locator("select[name=action]").select_option("decide_selected")
    mouse.clicks += 1
    mouse.click("button[name=index]")
    page.wait_for_load_state()
    shoot(page, "bulk-decide")
    mouse.click("button[name=step][value=local_approve], input[name=step][value=local_approve]")
    page.wait_for_load_state()
    assert Enrolment.objects.filter(state="AWAITING_PAYMENT").count() == 50
    assert mouse.clicks <= BULK


def test_a_year_in_the_life_of_an_enrolment(world, page, enter, tmp_path):
    picture = tmp_path / "付款.jpg"
    picture.write_bytes(jpeg())
    second = tmp_path / "补付.jpg"
    second.write_bytes(jpeg(900, 700))
    training_class = TrainingClassFactory(
        local_body=world.body, type="CONTINUING", category="", state="PLANNED"
    )
    numbers, mouse = certificates(world.company, 30), Mouse(page)
    page.set_viewport_size(WIDE)

    enter(world.training)  # the class opens
    page.goto(reverse("admin:training_trainingclass_step", args=[training_class.pk, "open"]))
    with page.expect_navigation():
        page.locator("form.bo-decision button[type=submit]:not([name])").click()

    enter(world.clerk)  # 30 renewals are pasted and submitted
    page.goto(reverse("admin:training_enrolment_add") + "?type=CONTINUING")
    page.locator(f"button[name=training_class][value='{training_class.pk}']").click()
    page.wait_for_url("**/roster/**")
    paste(page, mouse, numbers)
    enrolment = Enrolment.objects.get()
    assert decide(page, enrolment, "submit").state == "LOCAL_REVIEW"

    enter(world.local)  # returned by the local body, with a remark on one person
    line = enrolment.lines.first()
    EnrolmentLine.objects.filter(pk=line.pk).update(review_remark="上岗证照片不清晰")
    assert decide(page, enrolment, "local_return", "请核对第一位人员。").state == "DRAFT"

    enter(world.clerk)  # corrected: the person is taken off, and the rest submitted again
    page.goto(reverse("admin:training_enrolment_roster", args=[enrolment.pk]))
    expect(page.locator("body")).to_contain_text("上岗证照片不清晰")
    shoot(page, "year-returned")
    remove(page, [line.pk], 29)
    assert decide(page, enrolment, "submit").state == "LOCAL_REVIEW"
    enter(world.local)
    assert decide(page, enrolment, "local_approve").state == "AWAITING_PAYMENT"

    enter(world.clerk)  # paid; finance returns the voucher, and gets a better one
    assert pay(page, enrolment, picture).state == "FINANCE_REVIEW"
    enter(world.finance)
    assert decide(page, enrolment, "finance_return", "截屏看不清金额。").state == "AWAITING_PAYMENT"
    enter(world.clerk)
    page.goto(step_url(enrolment, "submit_voucher"))
    expect(page.locator("body")).to_contain_text("截屏看不清金额")
    assert pay(page, enrolment, second).state == "FINANCE_REVIEW"
    enter(world.finance)
    assert decide(page, enrolment, "finance_approve").state == "TRAINING_REVIEW"

    enter(world.training)  # the training department returns it; finance passes the opinion on
    assert decide(page, enrolment, "training_return", "有两人已退休。").state == "FINANCE_REVIEW"
    enter(world.finance)
    assert decide(page, enrolment, "finance_return", "有两人已退休。").state == "AWAITING_PAYMENT"

    enter(world.clerk)  # declined, cut, submitted again: the verified money is credit
    assert decide(page, enrolment, "decline_payment").state == "DRAFT"
    page.goto(reverse("admin:training_enrolment_roster", args=[enrolment.pk]))
    remove(page, list(enrolment.lines.values_list("pk", flat=True)[:2]), 27)
    assert decide(page, enrolment, "submit").state == "LOCAL_REVIEW"
    enter(world.local)
    assert decide(page, enrolment, "local_approve").state == "TRAINING_REVIEW"  # nothing is left to pay
    assert enrolment.bill.balance == -600
    assert Refund.objects.get().amount == 600

    enter(world.training)  # confirmed, handed to the platform, opened, passed
    assert decide(page, enrolment, "training_confirm").state == "CONFIRMED"
    learning(page, "hand_off")
    assert set(enrolment.lines.values_list("state", flat=True)) == {"SUBMITTED"}
    learning(page, "open_learning")
    learning(page, "record_pass")
    enrolment.refresh_from_db()
    assert set(enrolment.lines.values_list("state", flat=True)) == {"PASSED"}
    assert enrolment.state == "CLOSED"


def remove(page: Page, lines: list[int], left: int) -> None:
    """Take these lines off the roster."""
    for pk in lines:
        page.locator(f"#roster-lines input[type=checkbox][value='{pk}']").check()
    page.locator("button[form=remove][value=remove]").click()
    expect(page.locator("#roster-lines tbody tr")).to_have_count(left)


def learning(page: Page, step: str) -> None:
    """Select everybody on the learning list and take the step."""
    page.goto(reverse("admin:training_enrolmentline_changelist"))
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(value=f"{step}_selected")
    with page.expect_navigation():
        page.locator("button[name=index]").first.click()
    shoot(page, f"year-{step}")
    confirm = page.locator("button[name=confirm]")
    with page.expect_navigation():
        confirm.first.click()
