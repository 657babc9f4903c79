"""Everything that the mouse opens opens by keyboard too, and a refused form begins with what is wrong."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.roles import Role
from tests.browser.conftest import NARROW
from tests.factories import CertificateFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
LIST = "/admin/registry/certificate/"


@pytest.fixture
def office(enter, page) -> Page:
    CertificateFactory()
    enter(UserFactory(role=Role.OFFICE, name="总办王芳"))
    page.goto(LIST)
    return page


def test_the_way_past_the_menu_comes_first(office):
    office.keyboard.press("Tab")
    expect(office.locator(".bo-skip")).to_be_focused()
    office.keyboard.press("Enter")
    expect(office.locator("main")).to_be_focused()


def test_menus_and_filters_open_and_close_by_keyboard(office):
    account = office.get_by_role("button", name="我的账号")
    account.press("Enter")
    expect(account).to_have_attribute("aria-expanded", "true")
    expect(office.get_by_role("button", name="退出")).to_be_visible()
    office.keyboard.press("Escape")
    expect(account).to_be_focused()
    expect(account).to_have_attribute("aria-expanded", "false")

    filters = office.get_by_role("button", name="筛选", exact=True)
    filters.press("Enter")
    expect(office.get_by_role("button", name="关闭筛选")).to_be_focused()
    office.keyboard.press("Escape")
    expect(filters).to_be_focused()

    sidebar = office.locator("#nav-toggle")
    sidebar.press("Enter")
    expect(office.locator("#nav-sidebar-apps")).to_be_hidden()
    expect(sidebar).to_have_attribute("aria-expanded", "false")


def test_on_a_phone_the_menu_takes_the_focus_and_gives_it_back(office):
    office.set_viewport_size(NARROW)
    office.goto(LIST)
    office.locator("#nav-toggle").press("Enter")
    expect(office.locator("#nav-close")).to_be_focused()
    assert office.evaluate("document.getElementById('main').inert")
    office.keyboard.press("Escape")
    expect(office.locator("#nav-sidebar-apps")).to_be_hidden()
    expect(office.locator("#nav-toggle")).to_be_focused()


def test_single_key_shortcuts_can_be_switched_off(office):
    office.evaluate("window.heard = []; addEventListener('keydown', event => heard.push(event.key))")
    office.keyboard.press("/")
    expect(office.locator("#searchbar")).to_be_focused()
    office.locator("main").focus()
    office.get_by_role("button", name="我的账号").press("Enter")
    office.get_by_role("switch", name="单键快捷键").press("Enter")
    office.goto(LIST)
    office.evaluate("window.heard = []; addEventListener('keydown', event => heard.push(event.key))")
    for key in ("/", "j", "k"):
        office.keyboard.press(key)
    expect(office.locator("#searchbar")).not_to_be_focused()
    assert office.evaluate("heard") == []
    office.locator("#searchbar").fill("")
    office.keyboard.type("jk/")
    assert office.locator("#searchbar").input_value() == "jk/"  # typing is no shortcut


def test_a_menu_entry_is_found_by_a_part_of_its_name(office):
    office.keyboard.press("Control+k")
    results = office.locator("#palette-results a")
    assert office.locator("#palette-search").evaluate("box => box === document.activeElement")
    office.keyboard.type("导入")
    expect(results).to_have_count(1)
    office.keyboard.press("Enter")
    office.wait_for_url("**/admin/core/importrun/")


def test_a_refused_form_begins_with_its_errors(office):
    office.goto(reverse("admin:accounts_user_add"))
    office.get_by_role("button", name="保存", exact=True).click()
    summary = office.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    assert office.title().startswith("有错误")
    summary.get_by_role("link").filter(has_text="姓名").click()
    name = office.locator("#id_name")
    expect(name).to_be_focused()
    assert "id_name_error" in (name.get_attribute("aria-describedby") or "")


def test_a_refused_step_and_a_refused_public_form_begin_with_their_errors(page):
    page.goto(reverse("public:check"))
    page.locator("main button[type=submit]").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    page.locator("[data-error-summary] a").first.click()
    assert page.evaluate("location.hash").startswith("#id_")


def test_on_paper_the_frame_is_gone_and_nothing_moves_for_those_who_ask(office):
    office.emulate_media(media="print")
    expect(office.locator("#nav-sidebar-apps")).to_be_hidden()
    expect(office.locator("#submit-row, .bo-filter-button").first).to_be_hidden()
    expect(office.locator("#result_list tbody").first).to_be_visible()
    office.emulate_media(media="screen", reduced_motion="reduce", forced_colors="active")
    office.get_by_role("button", name="我的账号").press("Enter")
    longest = """() => Math.max(...[...document.querySelectorAll("*")].map(e =>
        Math.max(...getComputedStyle(e).transitionDuration.split(",").map(parseFloat))))"""
    assert office.evaluate(longest) < 0.001
