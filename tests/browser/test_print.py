"""The detail sheet as the browser prints it: pages, header, the seal with the last rows; no overflow on a phone."""

import io
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pypdf
import pytest
from django.urls import reverse
from playwright.sync_api import Page

from backoffice.roles import Role
from tests.browser.access import barriers
from tests.browser.conftest import NARROW, WIDE, shoot
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def printed(page: Page) -> list[str]:
    """The text of each printed page, without spaces."""
    reader = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in reader.pages} == {
        (842, 595)
    }
    texts = (unicodedata.normalize("NFKC", sheet.extract_text()) for sheet in reader.pages)  # radicals
    return [re.sub(r"\s", "", text) for text in texts]


@pytest.mark.parametrize("people", [1, 12, 60])
def test_the_sheet_prints_from_the_browser(page: Page, enter: Callable[[Any], None], people: int) -> None:
    enrolment = EnrolmentFactory(people=people)
    numbers = list(enrolment.lines.values_list("certificate_number", flat=True))
    enter(UserFactory(role=Role.COMPANY, company=enrolment.company))
    page.goto(reverse("admin:training_enrolment_print_sheet", args=[enrolment.pk]))
    pages = printed(page)
    found = [sum(number in text for number in numbers) for text in pages]
    assert sum(found) == people
    assert found[-1] >= min(people, 2)  # seal, sums and the last rows stay together
    assert all("身份证号" in text for text in pages)
    assert ["整" in text for text in pages] == [*([False] * (len(pages) - 1)), True]
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        shoot(page, f"print-{people}-{size['width']}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert barriers(page) == []


def test_the_button_opens_the_print_dialogue(page: Page, enter: Callable[[Any], None]) -> None:
    enrolment = EnrolmentFactory(people=1)
    enter(UserFactory(role=Role.COMPANY, company=enrolment.company))
    page.add_init_script("window.print = () => { document.title = 'printing'; }")
    page.goto(reverse("admin:training_enrolment_print_sheet", args=[enrolment.pk]))
    page.locator("[data-print]").click()
    assert page.title() == "printing"
