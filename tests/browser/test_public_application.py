"""The application form on a phone whose connection comes and goes: nothing that was typed or chosen is lost."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.core.links import token_of
from backoffice.core.models import Attachment, AttachmentKind, Message
from backoffice.core.outbox import text_of
from registry.models import PersonalApplication
from tests.browser.conftest import NARROW, shoot
from tests.factories import (
    CompanyFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    RegionFactory,
    TrainingClassFactory,
    give_papers,
    id_number,
)
from tests.files.images import jpeg, scan_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]
KINDS = {"PHOTO": "相片", "ID_CARD": "身份证", "DIPLOMA": "毕业证", "TITLE": "职称证"}


@pytest.fixture
def world(page: Page, tmp_path: Path) -> SimpleNamespace:
    cache.clear()
    for code, name in KINDS.items():
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": name})
        (tmp_path / f"{code}.jpg").write_bytes(scan_of(code))
    page.set_viewport_size(NARROW)
    body = LocalBodyFactory()
    TrainingClassFactory(local_body=body)
    other = LocalBodyFactory()
    TrainingClassFactory(local_body=other, title="另一个班")
    company = CompanyFactory(name="广东岭衡工程监理有限公司")
    return SimpleNamespace(body=body, other=other, company=company, city=RegionFactory(), files=tmp_path)


def all_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(re.compile(r"\d\d:\d\d"))
    expect(page.locator("#saved")).not_to_have_class(re.compile("wrong"))


def chosen(page: Page, world: SimpleNamespace, code: str) -> None:
    page.set_input_files(f"#id_paper_{code}", world.files / f"{code}.jpg")


def forgive_the_pulled_plug(notes: SimpleNamespace) -> None:
    """The browser notes the requests that failed because the test took the connection away."""
    notes.errors[:] = [text for text in notes.errors if "ERR_INTERNET_DISCONNECTED" not in text]


def test_a_lost_connection_loses_nothing(page, context, world, notes):
    page.goto(reverse("public:apply_person"))
    page.fill("#id_name", "陈嘉怡")
    page.wait_for_url("**/a/*/")
    draft = PersonalApplication.objects.get()
    assert page.url.endswith(reverse("public:application", args=[token_of(draft)]))
    assert page.locator(".pub-languages [name=next]").input_value() in page.url

    context.set_offline(True)
    page.fill("#id_id_number", id_number(4_712))
    page.fill("#id_phone", "13800000712")
    expect(page.locator("#saved")).to_have_class(re.compile("wrong"))
    chosen(page, world, "PHOTO")
    box = page.locator("[data-paper=PHOTO]")
    expect(box.locator("[data-errors] li")).to_contain_text("PHOTO.jpg")
    page.locator("button.pub-button[name=submit]").scroll_into_view_if_needed()
    shoot(page, "apply-offline-390")
    assert page.locator("#id_phone").input_value() == "13800000712"

    context.set_offline(False)
    all_saved(page)
    expect(box.locator("[data-present] img")).to_be_visible()
    expect(box.locator("[data-errors] li")).to_have_count(0)
    draft.refresh_from_db()
    assert (draft.id_number, draft.phone) == (id_number(4_712), "13800000712")
    assert Attachment.of(draft).count() == 1
    assert PersonalApplication.objects.count() == 1
    forgive_the_pulled_plug(notes)


def test_submitting_without_a_connection_says_so_and_works_afterwards(page, context, world, notes):
    draft = PersonalApplicationFactory(company=world.company, local_body=world.body, papers=False)
    give_papers(draft, content=jpeg())
    page.goto(reverse("public:application", args=[token_of(draft)]))
    context.set_offline(True)
    page.locator("button.pub-button[name=submit]").click()
    expect(page.locator("#saved")).to_have_class(re.compile("wrong"))
    expect(page.locator("#id_name")).to_have_value(draft.name)
    context.set_offline(False)
    with page.expect_navigation():
        page.locator("button.pub-button[name=submit]").click()
    draft.refresh_from_db()
    assert draft.state == "COMPANY_REVIEW"
    forgive_the_pulled_plug(notes)


def test_the_link_is_mailed_without_leaving_the_page(page, world):
    page.goto(reverse("public:apply_person"))
    page.fill("#id_email", "chen@example.org")
    page.locator(".pub-buttons [name=save]").click()
    expect(page.locator("#saved")).to_contain_text("chen@example.org")
    draft = PersonalApplication.objects.get()
    message = Message.objects.get(recipient="chen@example.org")
    # What was sent already stands in the outbox without its link.
    assert token_of(draft) in (mail.outbox[0].body if mail.outbox else text_of(message)[1])


def test_the_list_of_companies_works_by_mouse_and_says_when_nothing_fits(page, world):
    page.goto(reverse("public:apply_person"))
    box = page.locator("#id_employer")
    box.press_sequentially("无此公司")
    told = page.locator("#employer .pub-note")
    expect(told).not_to_be_empty()
    expect(page.locator("#id_employer_list")).to_be_hidden()
    box.fill("")
    box.press_sequentially("岭衡 广东")
    page.locator("#id_employer_list [role=option]").click()
    expect(box).to_have_value(world.company.name)
    all_saved(page)
    assert PersonalApplication.objects.get().company == world.company
    box.fill("岭衡")  # typed over: the choice is gone until another is made
    page.locator("#id_name").focus()
    expect(told).to_have_class(re.compile("wrong"))


def test_the_classes_of_the_chosen_body_are_shown(page, world):
    page.goto(reverse("public:apply_person"))
    page.select_option("#id_local_body", str(world.other.pk))
    expect(page.get_by_text("另一个班")).to_be_visible()
    expect(page.locator(f"[data-offer='{world.body.pk}']")).to_be_hidden()


def test_pictures_are_replaced_and_removed(page, world):
    draft = PersonalApplicationFactory(papers=False)
    page.goto(reverse("public:application", args=[token_of(draft)]))
    box = page.locator("[data-paper=DIPLOMA]")
    chosen(page, world, "DIPLOMA")
    expect(box.locator("[data-present]")).to_contain_text("DIPLOMA.jpg")
    (world.files / "新.jpg").write_bytes(jpeg(1000, 700))
    page.set_input_files("#id_paper_DIPLOMA", world.files / "新.jpg")
    expect(box.locator("[data-present]")).to_contain_text("新.jpg")
    assert Attachment.of(draft).filter(removed_at=None).count() == 1
    box.locator("button[name=remove]").click()
    expect(box.locator("[data-present]")).to_have_count(0)
    assert not Attachment.of(draft).filter(removed_at=None).exists()


def test_errors_are_listed_first_and_the_list_has_the_focus(page, world):
    page.goto(reverse("public:apply_person"))
    page.fill("#id_name", "陈嘉怡")
    page.fill("#id_phone", "12")
    with page.expect_navigation():
        page.locator("button.pub-button[name=submit]").click()
    expect(page.locator("#errors")).to_be_focused()
    page.locator("#errors a[href='#id_phone']").click()
    expect(page.locator("#id_phone")).to_be_in_viewport()
    expect(page.locator("#id_phone")).to_have_value("12")
    shoot(page, "apply-errors-390")
