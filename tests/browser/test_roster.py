"""A clerk's day in a browser: from the sign-in to “submitted” for ten renewals, counted in clicks (docs/quality.md)."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from backoffice.core.models import AttachmentKind
from registry.models import Certificate, Company
from tests.browser.conftest import NARROW, WIDE, shoot
from tests.enrolments import FeeScheduleFactory
from tests.factories import (
    PASSWORD,
    CertificateFactory,
    CompanyFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
    give_papers,
)
from training.models import Enrolment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company() -> Company:
    for code, name in (
        ("CERTIFICATE", "上岗证"),
        ("TITLE", "职称证"),
        ("PHOTO", "照片"),
        ("DIPLOMA", "毕业证"),
    ):
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": name})
    FeeScheduleFactory()
    return CompanyFactory(name="广东建科监理有限公司")


@pytest.fixture
def user(company: Company) -> Any:
    return UserFactory(
        role="COMPANY", company=company, username="建科监理", name="陈静仪", phone="13800138000"
    )


@pytest.fixture
def class_() -> Any:
    return TrainingClassFactory(
        type="CONTINUING", category="", title="2026年第3期监理人员继续教育网络班", tuition=0
    )


def holders(company: Company, count: int, **values: Any) -> list[Certificate]:
    made = [
        CertificateFactory(person__company=company, type="SUPERVISOR", number=f"B{1160000 + n}", **values)
        for n in range(count)
    ]
    for certificate in made:
        give_papers(certificate.person, "CERTIFICATE")
    return made


class Clicks:
    """Clicks through the page and counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def on(self, locator: Any) -> None:
        self.count += 1
        locator.click()


def test_ten_renewals_take_few_clicks(page: Page, company: Company, user: Any, class_: Any) -> None:
    numbers = [certificate.number for certificate in holders(company, 10)]
    clicks = Clicks(page)
    page.goto("/admin/login/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    clicks.on(page.locator("form button[type=submit], form [type=submit]").first)
    page.wait_for_url("**/admin/")
    clicks.on(page.locator("a[href*='/training/enrolment/']").first)
    clicks.on(page.locator("a[href$='/training/enrolment/add/']").first)
    clicks.on(page.locator("button[name=training_class]").first)
    clicks.on(page.locator("#numbers"))
    page.keyboard.insert_text("\n".join(numbers))
    clicks.on(page.locator("button[value=look_up]"))
    expect(page.locator(".ro-table tbody")).to_have_count(10)
    clicks.on(page.locator("button[value=submit]"))
    page.wait_for_url("**/change/")
    enrolment = Enrolment.objects.get()
    assert (enrolment.state, enrolment.people, enrolment.amount) == ("LOCAL_REVIEW", 10, 3000)
    assert clicks.count <= 12, clicks.count


def test_the_grid_saves_itself_and_problems_lead_there_and_back(
    page: Page, enter: Any, company: Company, user: Any, class_: Any
) -> None:
    own = holders(company, 3)
    both = CertificateFactory(person=own[0].person, type="SAFETY", number="C1160001", company=company)
    own[1].person.region = None
    own[1].person.save()
    CertificateFactory(
        number="A1160777", type="ENGINEER", person=PersonFactory(name="欧阳伟强"),
        expiry_date=timezone.localdate() - datetime.timedelta(days=40),
    )  # fmt: skip
    enter(user)
    page.goto("/admin/training/enrolment/add/")
    shoot(page, "begin")
    page.locator("button[name=training_class]").first.click()
    shoot(page, "roster-empty")
    page.fill(
        "#numbers", f"{' '.join(c.number for c in own)}、{both.number}；A1160777 欧阳伟强\nA9999999 李四"
    )
    page.locator("button[value=look_up]").click()
    expect(page.locator(".ro-table tbody")).to_have_count(4)
    expect(page.locator(".ro-findings")).to_contain_text("欧**强")
    assert "欧阳伟强" not in page.content()
    shoot(page, "roster-findings")
    page.locator("button[value=confirm]").first.click()
    expect(page.locator(".ro-table tbody")).to_have_count(5)
    expect(page.locator(".ro-entry")).to_have_value("A9999999 李四")
    remark = page.locator("input[name=change_remark]")
    expect(remark).to_have_value(f"原单位：{Certificate.objects.get(number='A1160777').printed_company}")
    shoot(page, "roster-filled")

    waiver = page.locator("input[name=is_waived]:checked")
    expect(waiver).to_have_count(1)
    page.locator("select[name=matter]").first.select_option("UPGRADE")
    expect(page.locator(".ro-table")).to_contain_text("员升师")

    page.locator("a[data-fix][href*='/registry/person/']").first.click()
    back = page.locator("a[href$='/roster/']", has_text="←")
    expect(back).to_be_visible()
    shoot(page, "roster-fix")
    back.click()
    expect(page.locator(".ro-table tbody")).to_have_count(5)

    # Enter in the remark saves; it never removes the line.
    remark = page.locator("input[name=change_remark]")
    remark.fill(remark.input_value() + "。")
    remark.press("Enter")
    expect(page.locator(".ro-table tbody")).to_have_count(5)
    expect(page.locator("#roster-status")).to_be_empty()
    assert Enrolment.objects.get().lines.filter(change_remark__endswith="。").exists()

    page.locator("button[value=remove]", has_text="").nth(0).click()
    expect(page.locator(".ro-table tbody")).to_have_count(4)
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shoot(page, f"roster-{name}")
    page.goto("/admin/training/enrolment/add/")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, "begin-narrow")


def test_members_are_ticked_for_practice_training(
    page: Page, enter: Any, company: Company, user: Any
) -> None:
    TrainingClassFactory(type="PRACTICE", category="SUPERVISOR", title="监理员从业培训网络班", tuition=800)
    for person in [PersonFactory(company=company) for _ in range(5)]:
        give_papers(person, "PHOTO", "ID_CARD", "DIPLOMA")
    CertificateFactory(person=PersonFactory(company=company), type="SUPERVISOR")
    enter(user)
    page.goto("/admin/training/enrolment/add/?type=PRACTICE")
    page.locator("button[name=training_class]").click()
    page.locator("[data-all=person]").check()
    shoot(page, "roster-members")
    page.locator("button[value=pick]").click()
    expect(page.locator(".ro-table tbody")).to_have_count(5)
    expect(page.locator("button[value=submit]")).to_be_enabled()
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, "roster-members-narrow")
