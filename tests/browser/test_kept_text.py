"""What was typed is never lost: an ended session, another sign-in, an error of the server, a record that moved on."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.core.engine import perform
from backoffice.roles import Role
from registry.admin.company import CompanyAdmin
from tests.browser.conftest import shoot
from tests.factories import CompanyApplicationFactory, CompanyFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "Demo-2026!"
TYPED = "广州市越秀区刚刚填写的地址 9 号"


@pytest.fixture
def user() -> Any:
    made = UserFactory(role=Role.COMPANY, company=CompanyFactory(office_address="旧地址"))
    made.set_password(PASSWORD)
    made.save()
    return made


def type_into(page: Page, user: Any) -> str:
    """The company's clerk types a new address; nothing is sent yet."""
    address = reverse("admin:registry_company_change", args=[user.company_id])
    page.goto(address)
    page.locator("#id_office_address").fill(TYPED)
    return address


def sign_in(page: Page, user: Any) -> None:
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def save(page: Page) -> None:
    page.locator("[name=_save]").first.click()


def test_a_session_that_ended_costs_no_text(page: Page, enter: Any, user: Any) -> None:
    enter(user)
    type_into(page, user)
    Session.objects.all().delete()
    save(page)
    expect(page.locator("#kept")).to_contain_text("您的登录已失效")
    shoot(page, "kept-sign-in")
    sign_in(page, user)
    expect(page.locator("#id_office_address")).to_have_value(TYPED)
    expect(page.locator("#kept")).to_contain_text("已填回")
    page.locator("#kept summary").click()
    expect(page.locator("#kept table")).to_contain_text("旧地址")
    shoot(page, "kept-restored")
    save(page)
    page.wait_for_url(lambda url: "/change/" not in url)
    user.company.refresh_from_db()
    assert user.company.office_address == TYPED
    page.goto(reverse("admin:registry_company_change", args=[user.company_id]))
    expect(page.locator("#kept")).to_be_hidden()


def test_somebody_else_who_signs_in_sees_nothing_of_it(page: Page, enter: Any, user: Any) -> None:
    enter(user)
    address = type_into(page, user)
    Session.objects.all().delete()
    save(page)
    page.wait_for_selector("#login-form")
    other = UserFactory(role=Role.COMPANY, company=user.company)
    enter(other)
    page.goto(address)
    expect(page.locator("#id_office_address")).to_have_value("旧地址")
    assert page.evaluate("sessionStorage.getItem('backoffice.kept')") is None


def test_a_sign_in_in_another_tab_costs_no_text(page: Page, enter: Any, user: Any, context: Any) -> None:
    enter(user)
    type_into(page, user)
    other = context.new_page()
    context.clear_cookies()
    other.goto(reverse("admin:login"))
    sign_in(other, user)
    other.wait_for_url("**/admin/")
    other.close()
    save(page)
    page.get_by_text("返回该页面").click()
    expect(page.locator("#id_office_address")).to_have_value(TYPED)
    page.get_by_text("放弃填写的内容").click()
    expect(page.locator("#id_office_address")).to_have_value("旧地址")
    expect(page.locator("#kept")).to_be_hidden()


def test_an_error_of_the_server_costs_no_text(
    page: Page, enter: Any, user: Any, monkeypatch: pytest.MonkeyPatch, notes: Any
) -> None:
    enter(user)
    type_into(page, user)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(CompanyAdmin, "save_model", fail)
        save(page)
        page.get_by_text("返回该页面").wait_for()
    assert len(notes.failed) == 1
    notes.failed.clear()
    notes.errors.clear()
    shoot(page, "kept-server-error")
    page.get_by_text("返回该页面").click()
    expect(page.locator("#id_office_address")).to_have_value(TYPED)
    save(page)
    page.wait_for_url(lambda url: "/change/" not in url)
    user.company.refresh_from_db()
    assert user.company.office_address == TYPED


def test_a_refused_form_is_filled_by_the_server_and_says_nothing_more(
    page: Page, enter: Any, user: Any
) -> None:
    enter(user)
    type_into(page, user)
    page.locator("#id_contact_phone").fill("12")
    save(page)
    page.wait_for_selector(".errorlist, .errornote, [role=alert]")
    expect(page.locator("#id_office_address")).to_have_value(TYPED)
    expect(page.locator("#kept")).to_be_hidden()


def test_an_opinion_on_a_record_that_moved_on_stands_there_to_be_copied(
    page: Page, enter: Any, notes: Any
) -> None:
    record = CompanyApplicationFactory(at="OFFICE_REVIEW")
    enter(UserFactory(role=Role.OFFICE))
    page.goto(reverse("admin:registry_companyapplication_step", args=[record.pk, "office_return"]))
    page.locator("#id_opinion").fill("执照不清晰，请重新扫描")
    perform(record, "office_return", by=UserFactory(role=Role.OFFICE), opinion="先退回")
    page.locator(".bo-decision button[type=submit]").first.click()
    expect(page.locator("#kept")).to_contain_text("执照不清晰，请重新扫描")
    shoot(page, "kept-moved-on")
    notes.failed.clear()  # the factory's pictures have no files behind them
