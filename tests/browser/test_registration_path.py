"""From the first word of an application to the member's own profile, by everybody's own screen: the applicant on a
phone, the company, the local body and the office at their desks."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from backoffice.accounts.models import User
from backoffice.core.links import token_of
from backoffice.core.models import Attachment, AttachmentKind, ReadyOpinion
from backoffice.roles import Role
from registry.models import Company, CompanyApplication, Person, PersonalApplication
from tests.browser.conftest import NARROW, WIDE, shoot
from tests.browser.test_sign_in import sign_in
from tests.factories import (
    PASSWORD,
    CompanyFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    RegionFactory,
    TrainingClassFactory,
    UserFactory,
    credit_code,
    give_papers,
    id_number,
    take,
)
from tests.files.images import jpeg, png

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]

APPLICANT, ADDRESS = "陈嘉怡", "chen.jiayi@example.org"
NEW_PASSWORD = "Fresh-Bamboo-77"
KINDS = {"PHOTO": "证件照片", "ID_CARD": "身份证", "DIPLOMA": "毕业证书", "TITLE": "职称证书", "LICENCE": "营业执照",
         "QUALIFICATION": "资质证书"}  # fmt: skip
#: Counts how often the bars of the upload boxes are shown.
WATCH_BARS = """() => { window.barsShown = 0; const seen = new MutationObserver((all) => {
for (const one of all) if (!one.target.hidden) window.barsShown += 1; });
for (const bar of document.querySelectorAll("progress"))
  seen.observe(bar, {attributes: true, attributeFilter: ["hidden"]}); }"""
#: Another tab of the same browser got a new token for its forms; this one's must still go through.
OTHER_TAB = "document.cookie = `csrftoken=${'n'.repeat(32)}; path=/`"
#: docs/quality.md: a reviewer approves a clean record from the inbox in three clicks.
MOST_CLICKS = 3


@pytest.fixture
def world(page: Page) -> SimpleNamespace:
    """A company, a body with an open practice class, the reviewers of both and of the office."""
    for code, name in KINDS.items():
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": name})
    city = RegionFactory(code="440100", name="广州市")
    company = CompanyFactory(name="广东岭衡工程监理有限公司", region=city)
    CompanyFactory(name="广东粤筑监理有限公司", region=city)
    body = LocalBodyFactory(name="广州市建设监理行业协会", region=city)
    TrainingClassFactory(local_body=body)
    return SimpleNamespace(
        city=city, company=company, body=body,
        manager=UserFactory(role=Role.COMPANY, company=company, is_manager=True, username="lingheng", name="何志明"),
        local=UserFactory(role=Role.LOCAL_BODY, local_body=body, username="guangzhou", name="梁慧"),
        office=UserFactory(role=Role.OFFICE, username="wangfang", name="王芳"),
    )  # fmt: skip


def at_desk(page: Page, user: Any, password: str = PASSWORD) -> None:
    """The user signs in on the sign-in page, at a desk."""
    page.context.clear_cookies()
    page.set_viewport_size(WIDE)
    sign_in(page, user.username, password)
    page.wait_for_url(f"**{reverse('admin:index')}")


def fits(page: Page) -> None:
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{page.url} overflows"


def give_picture(page: Page, code: str, file: Path) -> None:
    """Put a picture into the box of its kind and wait for its thumbnail."""
    page.set_input_files(f"#id_paper_{code}", file)
    box = page.locator(f"[data-paper={code}]")
    expect(box.locator("[data-present] img")).to_be_visible()
    page.wait_for_function(
        "code => document.querySelector(`[data-paper=${code}] img`).naturalWidth > 0", arg=code
    )
    expect(box.locator("progress")).to_be_hidden()
    expect(box.locator("[data-errors] li")).to_have_count(0)


def choose_employer_by_keyboard(page: Page, typed: str, name: str) -> None:
    box = page.locator("#id_employer")
    box.focus()
    page.keyboard.type(typed)
    options = page.locator("#id_employer_list [role=option]")
    expect(options).to_have_text([name])
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(box).to_have_value(name)
    expect(page.locator("#id_employer_list")).to_be_hidden()


class Clicks:
    """A reviewer's mouse that counts."""

    def __init__(self) -> None:
        self.number = 0

    def on(self, what: Locator) -> None:
        what.click()
        self.number += 1


def open_from_inbox(page: Page, record: Any, mouse: Clicks) -> None:
    """From the inbox to the record's page, by the row that names it."""
    page.goto(reverse("admin:core_task_changelist"))
    url = reverse(f"admin:registry_{record._meta.model_name}_change", args=[record.pk])
    mouse.on(page.locator(f"#result_list a[href^='{url}']").first)
    page.wait_for_url(f"**{url}**")


def decide(page: Page, record: Any, step: str, opinion: str = "") -> int:
    """Take the step from the inbox on; return how many clicks it took."""
    mouse = Clicks()
    open_from_inbox(page, record, mouse)
    mouse.on(page.locator(f"a[href*='/step/{step}/']").first)
    page.wait_for_url(f"**/step/{step}/**")
    shoot(page, f"decide-{step}-1440")
    if opinion:
        mouse.on(page.locator(f"button[data-opinion='{opinion}']"))
        expect(page.locator("#id_opinion")).to_have_value(opinion)
    with page.expect_navigation():
        mouse.on(page.locator("form.bo-decision button[type=submit]:not([name])"))
    assert f"/step/{step}/" not in page.url, page.locator("main, body").first.inner_text()
    return mouse.number


def activation_link(address: str) -> str:
    """The path of the link in the newest mail to this address that holds one."""
    prefix = reverse("accounts:activate", args=["x", "y"]).removesuffix("x/y/")
    for message in reversed(mail.outbox):
        found = re.search(rf"{re.escape(prefix)}[\w-]+/[\w-]+/", str(message.body))
        if address in message.to and found:
            return found[0]
    raise AssertionError(f"no activation link was mailed to {address}")


def activate(page: Page, address: str) -> None:
    """Open the mailed link on the phone and set a password."""
    page.context.clear_cookies()
    page.set_viewport_size(NARROW)
    page.goto(activation_link(address))
    fits(page)
    page.fill("input[name=new_password1]", NEW_PASSWORD)
    page.fill("input[name=new_password2]", NEW_PASSWORD)
    shoot(page, "activation-390")
    with page.expect_navigation():
        page.locator("form:has(input[name=new_password1]) button[type=submit]").click()


def submit(page: Page) -> None:
    with page.expect_navigation():
        page.locator("form[data-apply] button[name=submit]").click()
    expect(page.locator(".pub-stages [aria-current=step]")).to_be_visible()


def test_a_new_person_applies_on_a_phone_and_ends_in_the_own_profile(page, world, tmp_path):
    (tmp_path / "照片.png").write_bytes(png(413, 579))
    (tmp_path / "身份证.jpg").write_bytes(jpeg())
    (tmp_path / "毕业证.jpg").write_bytes(jpeg(1200, 800))
    number = id_number(4_711, "F")
    page.set_viewport_size(NARROW)
    page.goto("/")
    page.locator(f"main a[href='{reverse('public:apply_person')}']").click()
    page.wait_for_url(f"**{reverse('public:apply_person')}")
    page.locator("#id_name").press_sequentially(APPLICANT)
    page.wait_for_url("**/a/*/")
    draft = PersonalApplication.objects.get()
    assert page.url.endswith(reverse("public:application", args=[token_of(draft)]))

    page.fill("#id_id_number", number)
    page.locator("#id_id_number").blur()
    expect(page.locator("[data-note-for=id_id_number]")).not_to_be_empty()
    page.fill("#id_phone", "13800000711")
    page.fill("#id_email", ADDRESS)
    choose_employer_by_keyboard(page, "gdlh", world.company.name)
    page.select_option("#id_region", str(world.city.pk))
    page.select_option("#id_education", Person.Education.BACHELOR)
    page.select_option("#id_local_body", str(world.body.pk))
    page.evaluate(WATCH_BARS)
    for code, name in (("PHOTO", "照片.png"), ("ID_CARD", "身份证.jpg"), ("DIPLOMA", "毕业证.jpg")):
        give_picture(page, code, tmp_path / name)
    assert page.evaluate("window.barsShown") >= 3
    fits(page)
    shoot(page, "apply-filled-390")
    submit(page)
    fits(page)
    shoot(page, "progress-390")
    application = PersonalApplication.objects.get()
    assert (application.state, application.company) == ("COMPANY_REVIEW", world.company)
    expect(page.locator("main")).to_contain_text(world.company.name)
    expect(page.locator(".pub-files img")).to_have_count(3)
    progress_page = page.url

    at_desk(page, world.manager)
    assert decide(page, application, "company_approve") <= MOST_CLICKS
    at_desk(page, world.local)
    assert decide(page, application, "local_approve") <= MOST_CLICKS
    page.goto(progress_page)
    expect(page.locator(".pub-message[role=status]")).to_be_visible()

    activate(page, ADDRESS)
    user = User.objects.get(username=number)
    assert user.role == Role.PERSON
    at_desk(page, user, NEW_PASSWORD)
    page.goto(reverse("admin:registry_person_change", args=[user.person_id]))
    body = page.locator("body")
    expect(body).to_contain_text(APPLICANT)
    expect(body).to_contain_text(world.company.name)
    page.goto(reverse("admin:registry_person_attachments", args=[user.person_id]))
    expect(page.locator("img.bo-thumb")).to_have_count(3)
    page.wait_for_function("[...document.querySelectorAll('img.bo-thumb')].every(i => i.naturalWidth > 0)")
    shoot(page, "own-pictures-1440")


def test_a_returned_application_is_corrected_and_approved_in_three_clicks_each(page, world):
    opinion = "毕业证书不清晰，请重新上传。"
    ReadyOpinion.objects.create(flow="registry.PersonalApplication", text=opinion)
    ReadyOpinion.objects.create(text="请更正姓名。")
    application = PersonalApplicationFactory(
        name="陈家怡", email=ADDRESS, company=world.company, local_body=world.body, papers=False
    )
    give_papers(application, content=jpeg())
    take(application, "submit")
    at_desk(page, world.manager)
    assert decide(page, application, "company_return", opinion) <= MOST_CLICKS + 1

    page.context.clear_cookies()
    page.set_viewport_size(NARROW)
    link = reverse("public:application", args=[token_of(application)])
    assert any(link in message.body and opinion in message.body for message in mail.outbox)
    page.goto(link)
    expect(page.locator(".pub-alert")).to_contain_text(opinion)
    fits(page)
    shoot(page, "returned-390")
    page.fill("#id_name", APPLICANT)
    page.evaluate(OTHER_TAB)
    submit(page)
    expect(page.locator("h1")).to_have_text(APPLICANT)
    application.refresh_from_db()
    assert (application.state, application.name) == ("COMPANY_REVIEW", APPLICANT)

    at_desk(page, world.manager)
    assert decide(page, application, "company_approve") <= MOST_CLICKS
    at_desk(page, world.local)
    assert decide(page, application, "local_approve") <= MOST_CLICKS
    application.refresh_from_db()
    assert application.person.name == APPLICANT
    assert Attachment.of(application.person).count() == 3


def test_a_new_company_applies_on_a_phone_and_its_manager_signs_in(page, world, tmp_path):
    (tmp_path / "执照.jpg").write_bytes(jpeg())
    (tmp_path / "执照.pdf").write_bytes(b"%PDF-1.7\n%...")
    values = {"name": "佛山桂澜工程监理有限公司", "credit_code": credit_code(7_001),
              "office_address": "佛山市南海区桂城街道海五路10号", "contact_name": "黎晓彤",
              "contact_phone": "13700000711", "email": "guilan@example.org", "login_name": "桂澜监理"}  # fmt: skip
    page.set_viewport_size(NARROW)
    page.goto(reverse("public:apply_company"))
    page.locator(f"input[name=purpose][value={CompanyApplication.Purpose.FORMAL}]").check()
    for name, value in values.items():
        page.fill(f"#id_{name}", value)
    page.select_option("#id_region", str(world.city.pk))
    page.set_input_files("#id_paper_LICENCE", tmp_path / "执照.pdf")
    expect(page.locator("[data-paper=LICENCE] [data-errors] li")).to_contain_text("PDF")
    give_picture(page, "LICENCE", tmp_path / "执照.jpg")
    give_picture(page, "QUALIFICATION", tmp_path / "执照.jpg")
    fits(page)
    shoot(page, "apply-company-390")
    submit(page)
    application = CompanyApplication.objects.get()
    assert application.state == "OFFICE_REVIEW"

    at_desk(page, world.office)
    assert decide(page, application, "approve") <= MOST_CLICKS
    company = Company.objects.get(name=values["name"])
    activate(page, values["email"])
    manager = User.objects.get(company=company)
    assert (manager.username, manager.is_manager) == (values["login_name"], True)
    at_desk(page, manager, NEW_PASSWORD)
    expect(page.locator("body")).to_contain_text(company.name)
    fits(page)
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(60)
    fits(page)
    shoot(page, "new-company-dashboard-390")
