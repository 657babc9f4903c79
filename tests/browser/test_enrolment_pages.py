"""Every page of enrolling, paying, learning and printing, wide and narrow, as each role that meets it."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from backoffice.core.engine import start
from backoffice.core.models import AttachmentKind, Message, ReadyOpinion, Task
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
from training.models import EnrolmentLine, PlatformRun
from training.platform.hand_off import hand_off

#: What the list's own form sends for one ticked row and one chosen action.
SUBMIT = """([action, row]) => {
    const form = document.getElementById("changelist-form");
    for (const [name, value] of [["action", action], ["_selected_action", row]]) {
        form.querySelectorAll(`[name=${name}]`).forEach(field => field.disabled = true);
        form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
    }
    HTMLFormElement.prototype.submit.call(form);
}"""

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
    bill = Bill.of(states["TRAINING_REVIEW"]).get()
    refund = start(Refund(bill=bill, amount=20, reason="多付"), by=users["finance"])
    handed = EnrolmentFactory(company=company, training_class=online, people=2, at="CONFIRMED")
    hand_off(list(handed.lines.values_list("pk", flat=True)), by=users["training"])
    waiting = Bill.of(states["FINANCE_REVIEW"]).get()
    return SimpleNamespace(
        users=users, draft=drafts, practice=first_class, returned=returned, taught=taught, face=face, online=online,
        refund=refund, bill=bill, schedule=FeeSchedule.objects.get(), run=PlatformRun.objects.get(),
        waiting_bill=waiting, voucher=waiting.vouchers.get(), waiting_task=open_task(states["LOCAL_REVIEW"]),
        finance_task=open_task(states["FINANCE_REVIEW"]), line=states["CONFIRMED"].lines.first(),
        opinion=ReadyOpinion.objects.create(text="请上传清晰的毕业证书扫描件。"),
        message=Message.objects.create(channel="MAIL", recipient="b@example.org", subject="通知", body="内容"),
        **states,
    )  # fmt: skip


def open_task(record: Any) -> Task:
    return Task.objects.get(object_id=record.pk, content_type__model="enrolment", closed_at=None)


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


def further_pages(world: SimpleNamespace, who: str) -> list[tuple[str, str]]:
    """Pages beside the day's work: tables to maintain, what was handed over, what is compared, shown or printed."""
    company, member = world.users["company"].company, world.users["person"].person
    confirmed, line = world.CONFIRMED, world.CONFIRMED.lines.first()
    return {
        "company": [
            ("materials", at("training_enrolment_materials", confirmed.pk)),
            ("enrolment-history", at("training_enrolment_history", confirmed.pk)),
            ("enrolment-files", at("training_enrolment_attachments", world.AWAITING_PAYMENT.pk)),
            ("calendar", at("training_trainingclass_calendar")),
            ("voucher-correct", at("fees_voucher_correct", world.voucher.pk)),
            ("statistics", at("training_enrolment_statistics")),
            ("no-such-page", "/admin/no-such-page/"),
        ],
        "local": [
            ("courses", at("training_enrolmentline_attendance")),
            ("attendance", at("training_enrolmentline_attendance_grid", world.face.pk)),
            ("body", at("registry_localbody_change", world.users["local"].local_body_id)),
        ],
        "finance": [
            ("vouchers", at("fees_voucher_changelist")), ("voucher", at("fees_voucher_change", world.voucher.pk)),
            ("voucher-files", at("fees_voucher_attachments", world.voucher.pk)),
            ("issue", at("fees_receipt_issue") + f"?row={world.bill.receipts.first().pk}"),
            ("what-if", at("fees_feeschedule_what_if")), ("price-list", at("fees_feeschedule_prices")),
            ("bill-history", at("fees_bill_history", world.bill.pk)),
        ],
        "training": [
            ("hand-off", at("training_enrolmentline_hand_off")),
            ("drop", at("training_enrolmentline_step", line.pk, "drop")),
            ("runs", at("training_platformrun_changelist")), ("run", at("training_platformrun_change", world.run.pk)),
            ("plan-month", at("training_trainingclass_calendar")),
        ],
        "auditor": [
            ("disclosure-ask", at("core_disclosure_ask", "registry.person", member.pk, "id_number")),
            ("people", at("registry_person_changelist")), ("person", at("registry_person_change", member.pk)),
            ("receipts", at("fees_receipt_changelist")), ("history", at("registry_person_history", member.pk)),
        ],
        "office": [
            ("company-add", at("registry_company_add")), ("person-add", at("registry_person_add")),
            ("merge-company", at("registry_company_merge_with", company.pk)),
            ("merge-person", at("registry_person_merge_with", member.pk)),
            ("joining-none", at("registry_companyapplication_changelist")),
            ("message", at("core_message_change", world.message.pk)), ("filters", at("core_savedfilter_changelist")),
            ("delete", at("core_readyopinion_delete", world.opinion.pk)),
        ],
        "admin": [
            ("disclosures", at("core_disclosure_changelist")), ("regions", at("registry_region_changelist")),
            ("region", at("registry_region_change", company.region_id)),
            ("specialties", at("registry_specialty_changelist")), ("specialty-add", at("registry_specialty_add")),
            ("body-add", at("registry_localbody_add")), ("kinds", at("core_attachmentkind_changelist")),
            ("kind", at("core_attachmentkind_change", AttachmentKind.objects.first().pk)),
            ("successor", at("fees_feeschedule_successor", world.schedule.pk)),
            ("account", at("fees_bankaccount_change", BankAccount.objects.get().pk)),
            ("schedule-history", at("fees_feeschedule_history", world.schedule.pk)),
        ],
        "person": [
            ("mine", at("training_enrolmentline_mine")), ("set-password", reverse("accounts:set_password")),
            ("no-such-page", "/admin/no-such-page/"),
        ],
    }[who]  # fmt: skip


@pytest.mark.parametrize(
    "who", ["company", "local", "finance", "training", "auditor", "office", "admin", "person"]
)
def test_every_page_of_enrolling_fits_is_accessible_and_makes_no_noise(who, world, page: Page, enter):
    enter(world.users[who])
    found = []
    for name, url in [*pages_of(world, who), *further_pages(world, who)]:
        page.set_viewport_size(WIDE)
        response = page.goto(url)
        assert response is not None
        assert response.status == (404 if "no-such" in url else 200), url
        found += look(page, f"{name}-{who}")
    assert not found, "\n".join(["", *found])


#: Pages that stand between the choice on a list and what is done to it: who, which list, which action, whose rows.
CHOSEN = {
    "copy": ("training", "training_trainingclass_changelist", "copy_selected", "online"),
    "bills": ("finance", "fees_bill_changelist", "decide_selected", "waiting_bill"),
    "tasks": ("local", "core_task_changelist", "decide_selected", "waiting_task"),
    "tasks-handed-over": ("finance", "core_task_changelist", "hand_over", "finance_task"),
    "act": ("training", "training_enrolmentline_changelist", "drop_selected", "line"),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_the_page_that_asks_before_many_are_changed_fits_and_is_accessible(name, world, page: Page, enter):
    who, address, action, row = CHOSEN[name]
    enter(world.users[who])
    page.goto(at(address))
    with page.expect_navigation():
        page.evaluate(SUBMIT, [action, getattr(world, row).pk])
    assert page.locator(
        "form [name=confirm], form[action*=copy], form[action*=decide], form[action*=hand]"
    ).count()
    assert not look(page, f"chosen-{name}")


def test_the_public_list_of_classes_says_what_is_open_to_all_types(world, page: Page):
    page.goto(reverse("public:classes"))
    assert world.online.title in page.inner_text("main")
    assert not look(page, "public-classes-enrolling")
