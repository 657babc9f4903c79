"""Every list of every role: all its columns at 1440 px, at most four lines a card on a phone; tables of pages alike."""

import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.db.models import F
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Page

from backoffice.core.models import AttachmentKind, Message, Task
from backoffice.navigation import changelist
from backoffice.roles import Role, allows
from fees.models import Bill, Refund
from registry.models import Certificate, Company, LocalBody, PersonalApplication
from tests.access_world import make_world
from tests.browser import test_enrolment_pages
from tests.browser.conftest import NARROW, WIDE, shoot
from tests.browser.test_every_page import SETTLE, at
from tests.registry.import_files import look_through, row
from training.models import EnrolmentLine, TrainingClass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]

#: What can be scrolled sideways, and by how much.
SCROLLS = """() => [...document.querySelectorAll("main *")].filter(e => e.scrollWidth > e.clientWidth + 1
&& ["auto", "scroll"].includes(getComputedStyle(e).overflowX))
.map(e => `${e.className.slice(0, 40)} is ${e.scrollWidth} px wide in ${e.clientWidth}`)"""
#: How many lines the highest of the first cards takes.
LINES = """() => Math.max(0, ...[...document.querySelectorAll("#result_list .data-row")].slice(0, 10).map(card =>
Math.round((card.clientHeight - 13) / 24)))"""
LONG = "广东粤港澳大湾区岭衡工程建设监理咨询有限公司"


@pytest.fixture
def world(kinds: None) -> SimpleNamespace:
    AttachmentKind.objects.get_or_create(code="OTHER", defaults={"name": "其他"})
    world = make_world()
    fill(world.a)
    return world


def fill(a: Any) -> None:
    """Everything as long as it comes: names of companies and classes, dates of every step, a matter that is late."""
    now, late = timezone.now(), timezone.localdate() - datetime.timedelta(days=9)
    Company.objects.filter(pk=a.company.pk).update(name=LONG)
    LocalBody.objects.filter(pk=a.body.pk).update(name="佛山市南海区建设监理行业协会")
    Certificate.objects.filter(person__company=a.company).update(
        printed_company="佛山市旧名工程监理咨询有限公司", renewal_date=F("issue_date"), specialty_id=None
    )
    TrainingClass.objects.update(title="2026年第3期房屋建筑工程专业监理工程师网络继续教育培训班")
    EnrolmentLine.objects.update(
        handed_off_at=now, opened_at=now, study_hours=72, attended_hours=71.5, score=98.5,
    )  # fmt: skip
    Task.objects.filter(closed_at=None).update(due_on=late, subject=f"{LONG} · 临时会员转为正式会员")
    Message.objects.update(subject=f"关于{LONG}报名人员资料审核结果的通知", sent_at=now)
    Refund.objects.update(
        reference="20261128-0000-1234-5678", paid_on=late, reason="多付培训费，按凭证退回原账户"
    )
    Bill.objects.update(subject="2026年第3期房屋建筑工程专业监理工程师网络继续教育培训班 · 200人")
    PersonalApplication.objects.update(
        name="买买提·阿布都热合曼",
        company_opinion="请上传清晰的毕业证书扫描件。",
        local_opinion="社保证明已过期，请更换后重新提交。",
    )


def lists_of(users: dict[Any, Any]) -> list[tuple[Any, list[str]]]:
    """Whose lists to look at: each list for each role that sees other columns in it than those before."""
    seen, found = set(), []
    for role in Role:
        request = RequestFactory().get("/")
        request.user, urls = users[role], []
        for model, model_admin in site._registry.items():
            if not allows(role, "view", model._meta.label):
                continue
            columns = (model, *model_admin.get_list_display(request), bool(model_admin.get_actions(request)))
            if columns not in seen:
                seen.add(columns)
                urls.append(changelist(model._meta.label))
        found.append((users[role], urls))
    return found


def looked_at(page: Page, url: str, size: Any) -> None:
    page.set_viewport_size(size)
    page.evaluate(SETTLE)
    shoot(page, f"list{url.replace('/', '-')}{size['width']}")


def test_every_list_stands_within_a_desktop_and_takes_four_lines_a_row_on_a_phone(
    world: SimpleNamespace, page: Page, enter: Any
) -> None:
    wrong, filled = [], 0
    for user, urls in lists_of(world.users):
        enter(user)
        for url in urls:
            page.set_viewport_size(WIDE)
            response = page.goto(url)
            if response is None or response.status != 200:
                continue  # a list that a role may not open although it may view single rows
            who = f"{user.role} {url}"
            looked_at(page, url, WIDE)
            wrong += [f"{who}: {found}" for found in page.evaluate(SCROLLS)]
            filled += page.locator("#result_list .data-row").count() > 0
            looked_at(page, url, NARROW)
            if (lines := page.evaluate(LINES)) > 4:
                wrong.append(f"{who}: {lines} lines a card")
    assert not wrong, "\n".join(["", *wrong])
    assert filled > 40, "the lists are filled"


def test_the_previews_of_imports_and_the_pages_of_an_enrolment_stand_within_a_desktop(
    page: Page, enter: Any
) -> None:
    world: Any = test_enrolment_pages.world.__wrapped__()  # type: ignore[attr-defined]
    fill(SimpleNamespace(company=Company.objects.first(), body=LocalBody.objects.first()))
    office = world.users["office"]
    previews = [look_through(row(1), row(2, number="坏"), row(3, company="未登记监理公司"), by=office)]
    pages = {
        "office": [at("core_importrun_change", run.pk) for run in previews],
        **{who: [url for _name, url in test_enrolment_pages.pages_of(world, who)]
           for who in ("company", "local", "finance", "training")},
    }  # fmt: skip
    wrong = []
    for who, urls in pages.items():
        enter(world.users[who])
        for url in urls:
            page.goto(url)
            looked_at(page, url, WIDE)
            wrong += [f"{who} {url}: {found}" for found in page.evaluate(SCROLLS)]
    assert not wrong, "\n".join(["", *wrong])


def test_the_declared_lines_of_a_card_name_columns_and_are_four_at_most() -> None:
    for model_admin in site._registry.values():
        lines = getattr(model_admin, "phone_lines", ())
        assert len(lines) <= 4, model_admin
        assert all(len(line) <= 2 for line in lines), model_admin
        unknown = {name for line in lines for name in line} - set(model_admin.list_display)
        assert not unknown, (model_admin, unknown)
