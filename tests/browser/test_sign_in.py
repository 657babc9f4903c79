"""Signing in as people do it: mistyped, locked out, for the first time, in the other language."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.roles import Role
from tests.browser.conftest import shoot
from tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto(reverse("admin:login"))
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.locator("form:has(input[name=password]) button[type=submit]").click()


def test_a_wrong_password_gets_a_message_and_the_sixth_the_lock_out_page(page):
    UserFactory(username="wangfang")
    sign_in(page, "wangfang", "wrong-1")
    expect(page.locator("body")).to_contain_text("密码")
    expect(page.locator(".errornote, [role=alert]").first).to_be_visible()
    shoot(page, "sign-in-wrong-1440")
    for attempt in range(2, 7):
        sign_in(page, "wangfang", f"wrong-{attempt}")
    expect(page.locator("body")).to_contain_text("分钟")
    assert page.locator("input[name=password]").count() == 0
    shoot(page, "locked-out-1440")
    sign_in(page, "wangfang", PASSWORD)
    expect(page).not_to_have_url(reverse("admin:index"))


def test_the_first_sign_in_asks_for_a_password_before_anything_else(page):
    UserFactory(username="newcomer", must_change_password=True, role=Role.FINANCE)
    sign_in(page, "newcomer", PASSWORD)
    page.wait_for_url(f"**{reverse('accounts:set_password')}")
    page.goto(reverse("admin:registry_certificate_changelist"))
    page.wait_for_url(f"**{reverse('accounts:set_password')}")
    page.fill("input[name=new_password1]", "Fresh-Bamboo-77")
    page.fill("input[name=new_password2]", "Fresh-Bamboo-77")
    shoot(page, "set-password-forced-1440")
    page.locator("form:has(input[name=new_password1]) button[type=submit]").click()
    page.wait_for_url(f"**{reverse('admin:index')}")


def switch_to(page: Page, language: str) -> None:
    """Through the switch on the page, however it is folded away."""
    entry = page.locator(f"form[action='{reverse('set_language')}'] button[value='{language}']").first
    if not entry.is_visible():
        page.locator("nav, header, #nav-sidebar, body").get_by_text("language", exact=True).first.click()
    entry.click()
    page.wait_for_load_state()


def test_the_language_is_switched_to_english_and_back(page, enter):
    page.goto(reverse("admin:login"))
    switch_to(page, "en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("link", name="Use a one-time code")).to_be_visible()
    switch_to(page, "zh-hans")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    enter(UserFactory(role=Role.OFFICE))
    page.goto(reverse("admin:index"))
    expect(page.locator("body")).to_contain_text("证书")
