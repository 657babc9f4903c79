"""The roster under bad luck: what is pressed is not moved away, and nothing typed is lost."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NARROW, WIDE, shoot
from tests.enrolments import EnrolmentFactory
from tests.factories import PASSWORD, TrainingClassFactory, UserFactory
from training.models import Enrolment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def draft() -> Enrolment:
    class_ = TrainingClassFactory(
        type="CONTINUING", category="", title="2026年第3期继续教育网络班", tuition=0
    )
    return EnrolmentFactory(training_class=class_, people=2)


@pytest.fixture
def user(draft: Enrolment) -> Any:
    return UserFactory(role="COMPANY", company=draft.company, name="陈静仪", phone="13800138000")


@pytest.fixture
def opened(page: Page, enter: Any, draft: Enrolment, user: Any) -> Page:
    enter(user)
    page.goto(f"/admin/training/enrolment/{draft.pk}/roster/")
    return page


def press(page: Page, selector: str) -> None:
    """A slow click: the button is held while the field that was left is being saved."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(600)  # the save that leaving the field started is answered meanwhile
    now = page.locator(selector).bounding_box()
    assert now == box, "the button moved while it was pressed"
    page.mouse.up()


def test_the_first_click_after_editing_a_field_counts(opened: Page, draft: Enrolment) -> None:
    opened.fill("#id_contact_name", "何志明")
    press(opened, "button[value=submit]")
    opened.wait_for_url("**/change/")
    draft.refresh_from_db()
    assert (draft.state, draft.contact_name) == ("LOCAL_REVIEW", "何志明")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_an_error_stands_at_its_field_and_moves_no_button(opened: Page, size: Any) -> None:
    opened.set_viewport_size(size)
    before = opened.locator("#contact button[value=contact]").bounding_box()
    scrolled = opened.evaluate("scrollY")
    opened.fill("#id_contact_phone", "12")
    opened.locator("#id_contact_phone").blur()
    expect(opened.locator("#error-contact_phone")).not_to_be_empty()
    expect(opened.locator("#id_contact_phone")).to_have_attribute("aria-invalid", "true")
    after = opened.locator("#contact button[value=contact]").bounding_box()
    assert before
    assert after
    assert before["y"] + scrolled == pytest.approx(after["y"] + opened.evaluate("scrollY"), abs=1)
    shoot(opened, "roster-field-error")


def sign_in_beside(page: Page, user: Any) -> None:
    beside = page.context.new_page()
    beside.goto("/admin/login/")
    beside.fill("[name=username]", user.username)
    beside.fill("[name=password]", PASSWORD)
    beside.press("[name=password]", "Enter")
    beside.wait_for_url("**/admin/")
    beside.close()


def test_after_the_session_ended_the_text_is_saved_once_one_has_signed_in_beside(
    opened: Page, draft: Enrolment, user: Any
) -> None:
    Session.objects.all().delete()
    opened.fill("#id_contact_name", "何志明")
    opened.locator("#id_contact_name").blur()
    status = opened.locator("#roster-status")
    expect(status).to_contain_text("登录已失效")
    expect(opened.locator("#id_contact_name")).to_have_value("何志明")
    shoot(opened, "roster-session-ended")
    sign_in_beside(opened, user)
    status.locator("button").click()
    expect(status).to_be_empty()
    draft.refresh_from_db()
    assert draft.contact_name == "何志明"


def test_what_was_not_saved_is_offered_again_when_the_page_is_opened_anew(
    opened: Page, draft: Enrolment, user: Any
) -> None:
    Session.objects.all().delete()
    opened.fill("#id_contact_name", "何志明")
    opened.fill("#numbers", "A1160123 李四")
    opened.locator("#numbers").blur()
    expect(opened.locator("#roster-status")).to_contain_text("登录已失效")
    sign_in_beside(opened, user)
    opened.reload()
    expect(opened.locator("#id_contact_name")).to_have_value("何志明")
    expect(opened.locator("#numbers")).to_have_value("A1160123 李四")
    shoot(opened, "roster-offered-again")
    opened.locator("#roster-status button").first.click()
    expect(opened.locator("#roster-status")).to_be_empty()
    draft.refresh_from_db()
    assert draft.contact_name == "何志明"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [(lambda route: route.fulfill(status=500, body="x"), "服务器出错"), (lambda route: route.abort(), "连接中断")],
)  # fmt: skip
def test_a_server_error_and_a_lost_connection_are_two_things(
    opened: Page, draft: Enrolment, notes: Any, answer: Any, sentence: str
) -> None:
    def once(route: Route) -> None:
        if route.request.method == "POST":
            answer(route)
        else:
            route.continue_()

    opened.route("**/roster/", once)
    opened.fill("#id_contact_name", "何志明")
    opened.locator("#id_contact_name").blur()
    expect(opened.locator("#roster-status")).to_contain_text(sentence)
    opened.unroute("**/roster/")
    opened.locator("#roster-status button").click()
    expect(opened.locator("#roster-status")).to_be_empty()
    draft.refresh_from_db()
    assert draft.contact_name == "何志明"
    notes.errors.clear()
    notes.failed.clear()


def test_a_late_answer_does_not_overwrite_what_is_being_typed(opened: Page, draft: Enrolment) -> None:
    first, second = draft.lines.order_by("pk")
    held: list[Route] = []
    opened.locator(f"#matter-{second.pk}").select_option("RENEWAL_CHANGE")
    expect(opened.locator(f"#remark-{second.pk}")).to_be_visible()
    opened.route("**/roster/", lambda route: held.append(route))
    opened.locator(f"#matter-{first.pk}").select_option("UPGRADE")
    opened.fill(f"#remark-{second.pk}", "原单位：正在填写")
    opened.fill("#numbers", "B1160001")
    for route in held:
        route.continue_()
    opened.unroute("**/roster/")
    expect(opened.locator(".ro-table")).to_contain_text("员升师")
    expect(opened.locator(f"#remark-{second.pk}")).to_have_value("原单位：正在填写")
    expect(opened.locator("#numbers")).to_have_value("B1160001")
    opened.locator(f"#remark-{second.pk}").blur()
    expect(opened.locator("#roster-status")).to_be_empty()
    second.refresh_from_db()
    assert second.change_remark == "原单位：正在填写"
