"""Every page of enrolling, paying, learning and printing, wide and narrow, as each role that meets it."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from backoffice.core.models import AttachmentKind
from backoffice.roles import Role
from fees.models import BankAccount, Bill, FeeSchedule, Refund
from tests.browser.conftest import WIDE
from tests.browser.test_every_page import at, look
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    LocalBodyFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
    give_papers,
    take,
)
from tests.files.images import jpeg
from training.enrolling import move_lines
from training.models import EnrolmentLine

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def world() -> SimpleNamespace:
    """One company's enrolments in every state, in a body's online and face-to-face classes."""
    for code, name in {"CERTIFICATE": "培训证", "VOUCHER": "付款凭证", "TITLE": "职称证"}.items():
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": name})
    company, body = (
        CompanyFactory(name="广东岭衡工程监理有限公司"),
        LocalBodyFactory(name="广州市建设监理行业协会"),
    )
    users = {
        "company": UserFactory(role=Role.COMPANY, company=company, is_manager=True, username="lingheng"),
        "local": UserFactory(role=Role.LOCAL_BODY, local_body=body, username="guangzhou"),
        "finance": UserFactory(role=Role.FINANCE), "training": UserFactory(role=Role.TRAINING),
        "auditor": UserFactory(role=Role.AUDITOR), "office": UserFactory(role=Role.OFFICE),
        "admin": UserFactory(role=Role.ADMIN),
    }  # fmt: skip
    online = TrainingClassFactory(
        local_body=body, type="CONTINUING", category="", title="2026年第3期网络继续教育班"
    )
    face = TrainingClassFactory(
        local_body=body,
        type="CONTINUING",
        category="",
        mode="FACE_TO_FACE",
        title="2026年第4期面授继续教育班",
    )
    practice = TrainingClassFactory(local_body=body, category="SUPERVISOR", title="2026年第2期监理员从业班")
    BankAccount.objects.create(
        holder="广东省建设监理协会", bank="工商银行广州银山支行", number="3602 0008 0900 2419 563"
    )
    drafts = EnrolmentFactory(company=company, training_class=online, people=2)
    stranger = CertificateFactory(printed_company="佛山示范监理有限公司", person__company=CompanyFactory())
    EnrolmentLineFactory(enrolment=drafts, certificate=stranger, papers=False)
    states = {
        state: EnrolmentFactory(company=company, training_class=online, people=3, at=state)
        for state in ("LOCAL_REVIEW", "AWAITING_PAYMENT", "FINANCE_REVIEW", "TRAINING_REVIEW", "CONFIRMED")
    }
    reviewed = states["LOCAL_REVIEW"].lines.first()
    give_papers(reviewed, "CERTIFICATE", content=jpeg())
    returned = take(
        EnrolmentFactory(company=company, training_class=online, people=2, at="LOCAL_REVIEW"), "local_return"
    )
    taught = EnrolmentFactory(company=company, training_class=face, people=3, at="CONFIRMED")
    lines = list(taught.lines.values_list("pk", flat=True))
    move_lines(lines, "open_learning", by=users["local"])
    PersonFactory(company=company)
    first_class = EnrolmentFactory(company=company, training_class=practice)
    member = EnrolmentLine.objects.filter(enrolment=states["CONFIRMED"]).first().person
    users["person"] = UserFactory(role=Role.PERSON, person=member)
    from backoffice.core.flow import start

    bill = Bill.of(states["TRAINING_REVIEW"]).get()
    refund = start(Refund(bill=bill, amount=20, reason="多付"), by=users["finance"])
    return SimpleNamespace(
        users=users, draft=drafts, practice=first_class, returned=returned, taught=taught, face=face, online=online,
        refund=refund, bill=bill, schedule=FeeSchedule.objects.get(), **states,
    )  # fmt: skip


def step(enrolment: Any, name: str) -> str:
    return at("training_enrolment_step", enrolment.pk, name)


def page_of(enrolment: Any) -> str:
    return at("training_enrolment_change", enrolment.pk)


def pages_of(world: SimpleNamespace, who: str) -> list[tuple[str, str]]:
    """What the page is called, and where it is."""
    lists = [
        ("enrolments", at("training_enrolment_changelist")), ("learning", at("training_enrolmentline_changelist")),
    ]  # fmt: skip
    money = [
        ("bills", at("fees_bill_changelist")), ("bill", at("fees_bill_change", world.bill.pk)),
        ("receipts", at("fees_receipt_changelist")), ("refunds", at("fees_refund_changelist")),
        ("receipt", at("fees_receipt_change", world.bill.receipts.first().pk)),
        ("refund", at("fees_refund_change", world.refund.pk)), ("prices", at("fees_feeschedule_changelist")),
    ]  # fmt: skip
    line = world.CONFIRMED.lines.first()
    return {
        "company": [
            ("dashboard-company-enrolling", at("index")), ("begin", at("training_enrolment_add")),
            ("roster", page_of(world.draft)), ("roster-practice", page_of(world.practice)),
            ("roster-returned", page_of(world.returned)), ("submit", step(world.draft, "submit")),
            ("under-review", page_of(world.LOCAL_REVIEW)), ("pay", step(world.AWAITING_PAYMENT, "submit_voucher")),
            ("disagree", step(world.AWAITING_PAYMENT, "decline_payment")), ("confirmed", page_of(world.CONFIRMED)),
            ("line", at("training_enrolmentline_change", line.pk)), *lists, *money,
        ],
        "local": [
            ("dashboard-local-enrolling", at("index")), ("inbox-local-enrolling", at("core_task_changelist")),
            ("review", step(world.LOCAL_REVIEW, "local_approve")),
            ("review-return", step(world.LOCAL_REVIEW, "local_return")), ("reviewed", page_of(world.LOCAL_REVIEW)),
            ("confirmed-local", page_of(world.CONFIRMED)), ("class-local", at(
                "training_trainingclass_change", world.face.pk)), *lists,
        ],
        "finance": [
            ("dashboard-finance", at("index")), ("finance-review", step(world.FINANCE_REVIEW, "finance_approve")),
            ("finance-return", step(world.FINANCE_REVIEW, "finance_return")),
            ("enrolment-finance", page_of(world.FINANCE_REVIEW)),
            ("refund-pay", at("fees_refund_step", world.refund.pk, "pay_back")),
            ("receipt-issue", at("fees_receipt_step", world.bill.receipts.first().pk, "issue")), *money,
        ],
        "training": [
            ("dashboard-training-enrolling", at("index")),
            ("confirm", step(world.TRAINING_REVIEW, "training_confirm")),
            ("training-return", step(world.TRAINING_REVIEW, "training_return")),
            ("cancel-enrolment", step(world.LOCAL_REVIEW, "training_cancel")),
            ("class-training", at("training_trainingclass_change", world.online.pk)),
            ("classes-training", at("training_trainingclass_changelist")),
            ("line-training", at("training_enrolmentline_change", line.pk)), *lists,
        ],
        "auditor": [("dashboard-auditor-enrolling", at("index")), lists[0], money[0]],
        "office": [("lookups", at("training_certificatelookup_changelist")), lists[1]],
        "admin": [
            ("schedule", at("fees_feeschedule_change", world.schedule.pk)),
            ("schedule-add", at("fees_feeschedule_add")),
            ("accounts", at("fees_bankaccount_changelist")), ("account-add", at("fees_bankaccount_add")),
        ],
        "person": [("dashboard-person-learning", at("index")), lists[1]],
    }[who]  # fmt: skip


@pytest.mark.parametrize(
    "who", ["company", "local", "finance", "training", "auditor", "office", "admin", "person"]
)
def test_every_page_of_enrolling_fits_is_accessible_and_makes_no_noise(who, world, page: Page, enter):
    enter(world.users[who])
    found = []
    for name, url in pages_of(world, who):
        page.set_viewport_size(WIDE)
        response = page.goto(url)
        assert response is not None
        assert response.status == 200, url
        found += look(page, f"{name}-{who}")
    assert not found, "\n".join(["", *found])


def test_the_public_list_of_classes_says_what_is_open_to_all_types(world, page: Page):
    page.goto(reverse("public:classes"))
    assert world.online.title in page.inner_text("main")
    assert not look(page, "public-classes-enrolling")
