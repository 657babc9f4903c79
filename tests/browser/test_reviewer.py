"""A reviewer at work: three clicks from the inbox to an approval, pictures by keyboard, remarks without a page load."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from tests.browser.conftest import NARROW
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import actor, give_papers
from tests.files.images import jpeg
from training.models import Enrolment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def handed_in(people: int = 3) -> Enrolment:
    """An enrolment with real pictures of everybody before its local body."""
    enrolment = EnrolmentFactory()
    for _n in range(people):
        line = EnrolmentLineFactory(enrolment=enrolment, papers=False)
        give_papers(line.person, "PHOTO", "ID_CARD", "DIPLOMA", "CERTIFICATE", content=jpeg())
    return advance(enrolment, "submit")


def review_page(enrolment: Enrolment) -> str:
    return reverse("admin:training_enrolment_step", args=[enrolment.pk, "local_approve"])


def test_a_clean_enrolment_is_approved_in_three_clicks_from_the_inbox(
    page: Page, enter: Callable[[Any], None]
) -> None:
    enrolment = handed_in()
    enter(actor(enrolment, "LOCAL_BODY"))
    page.goto(reverse("admin:core_task_changelist"))
    page.get_by_text(str(enrolment.company)).first.click()
    page.locator("a[href*='step/local_approve']").click()
    page.locator(".bo-decision button[type=submit]").first.click()
    page.wait_for_load_state()
    enrolment.refresh_from_db()
    assert enrolment.state == "AWAITING_PAYMENT"


def test_people_and_pictures_are_walked_through_by_keyboard(page: Page, enter: Callable[[Any], None]) -> None:
    enrolment = handed_in()
    first, second, _third = (line.name for line in enrolment.lines.all())
    enter(actor(enrolment, "LOCAL_BODY"))
    page.goto(review_page(enrolment))
    caption = page.locator(".rv-viewer p")
    page.keyboard.press("j")
    assert page.locator("details[data-person][open] .rv-name").all_inner_texts() == [first]
    page.keyboard.press("ArrowRight")
    assert caption.inner_text().startswith(first)
    assert "(1/4)" in caption.inner_text()
    page.keyboard.press("ArrowRight")
    assert "(2/4)" in caption.inner_text()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert "(4/4)" in caption.inner_text()
    page.keyboard.press("j")
    assert caption.inner_text().startswith(second)
    assert "(1/4)" in caption.inner_text()
    page.keyboard.press("k")
    assert caption.inner_text().startswith(first)
    page.keyboard.press("Escape")
    assert page.locator(".rv-viewer[open]").count() == 0


def test_a_remark_is_kept_without_loading_the_page_and_becomes_the_opinion(
    page: Page, enter: Callable[[Any], None]
) -> None:
    enrolment = handed_in()
    line = enrolment.lines.first()
    enter(actor(enrolment, "LOCAL_BODY"))
    page.goto(review_page(enrolment))
    page.locator(f"#line-{line.pk} > summary").click()
    box = page.locator(f"#line-{line.pk} textarea")
    box.fill("照片太暗")
    page.keyboard.press("j")  # a letter in the box, not a command
    assert box.input_value() == "照片太暗j"
    box.fill("照片太暗")
    with page.expect_response("**/remark/"):
        page.locator(f"#line-{line.pk} .rv-remark button").click()
    page.locator(f"#line-{line.pk} [data-has-remark]").wait_for(state="visible")
    page.locator("[data-other-step]").first.click()
    page.wait_for_url("**/local_return/")
    assert page.locator("#id_opinion").input_value() == f"{line}: 照片太暗"
    line.refresh_from_db()
    assert line.review_remark == "照片太暗"


def test_the_page_fits_a_phone(page: Page, enter: Callable[[Any], None]) -> None:
    enrolment = handed_in()
    enter(actor(enrolment, "LOCAL_BODY"))
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto(review_page(enrolment))
    page.locator("details[data-person] > summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
