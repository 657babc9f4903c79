"""Every main page, wide and narrow: fits, is accessible, makes no noise and calls nobody else."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from backoffice.accounts.services import activation_tokens, link, reset_tokens
from backoffice.core import imports
from backoffice.core.links import token_of
from backoffice.core.models import Message, MessageTemplate, ReadyOpinion
from backoffice.roles import Role
from registry.models import DuplicatePair
from tests.access_world import side
from tests.browser.access import barriers
from tests.browser.conftest import NARROW, WIDE, shoot
from tests.factories import (
    AnnouncementFactory,
    CompanyApplicationFactory,
    CompanyFactory,
    HelpRequestFactory,
    PersonalApplicationFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
    give_papers,
    id_number,
    take,
)
from tests.files.images import jpeg
from tests.registry.import_files import carry_out, look_through, row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]

WIDEST = """() => [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
.slice(-3).map(e => e.outerHTML.slice(0, 120))"""

#: The page is laid out for its width, and nothing on it is half-way faded in or out.
SETTLE = """() => document.fonts.ready.then(() => new Promise(done =>
requestAnimationFrame(() => requestAnimationFrame(() => {
    for (const each of document.getAnimations())
        if (each.effect.getComputedTiming().endTime !== Infinity) each.finish();
    requestAnimationFrame(done); }))))"""


@pytest.fixture
def world() -> SimpleNamespace:
    a = side("珠源", 1)
    side("鹏远", 2)
    private = Path(settings.MEDIA_ROOT) / "a"
    private.mkdir(parents=True, exist_ok=True)
    (private / "x.jpg").write_bytes(jpeg())
    office = UserFactory(role=Role.OFFICE, name="总办王芳")
    previewed = look_through(row(1), row(2, number="坏"), row(3, company="未登记监理公司"), by=office)
    done = carry_out(row(4, company=a.company.name), by=office)
    unmapped = imports.preview(imports.start(odd_headers(), "旧名单.xlsx", "certificates", office, {}))
    Message.objects.create(channel="MAIL", recipient="b@example.org", subject="通知", body="内容")
    incomplete = CompanyFactory(region=None, office_address="", information_officer="")
    lacking = UserFactory(role=Role.COMPANY, company=incomplete, is_manager=True)
    return SimpleNamespace(a=a, office=office, admin=UserFactory(role=Role.ADMIN, name="系统管理员"), lacking=lacking,
                           training=UserFactory(role=Role.TRAINING, name="培训中心"),
                           fresh=UserFactory(role=Role.COMPANY, is_manager=True),
                           incomplete=incomplete, previewed=previewed, done=done, unmapped=unmapped,
                           **under_way(a))  # fmt: skip


def under_way(a: SimpleNamespace) -> dict[str, Any]:
    """A record of every flow at every desk, and what the office words and compares."""
    applied = {"company": a.company, "local_body": a.body, "papers": False}
    personal = {state: PersonalApplicationFactory(**applied) for state in ("COMPANY", "LOCAL", "RETURNED")}
    for state, steps in (("COMPANY", ()), ("LOCAL", ("company_approve",)), ("RETURNED", ("company_return",))):
        give_papers(personal[state], content=jpeg())
        personal[state] = take(personal[state], "submit", *steps)
    company = CompanyApplicationFactory(papers=False)
    give_papers(company, content=jpeg())
    pair = [PersonFactory(name="陈静", id_number=id_number(880_000 + n)) for n in (1, 2)]
    return {
        "personal": personal, "joining": take(company, "submit"),
        "training_class": TrainingClassFactory(local_body=a.body),
        "announcement": AnnouncementFactory(), "asked": HelpRequestFactory(),
        "opinion": ReadyOpinion.objects.create(text="请上传清晰的毕业证书扫描件。"),
        "template": MessageTemplate.objects.get_or_create(code="personal.company_return")[0],
        "pair": DuplicatePair.objects.create(kind="PERSON", first_id=pair[0].pk, second_id=pair[1].pk,
                                             label="陈静", reason="同名同电话"),
    }  # fmt: skip


def odd_headers() -> bytes:
    """A list whose number column has a name nobody knows."""
    book = openpyxl.Workbook()
    book.active.append(["姓名", "编码甲", "身份证号码", "工作单位", "丙", "丁"])
    book.active.append(
        ["陈乙", "A1240001", "440103196001010019", "广东岭衡工程监理有限公司", "2024-01-01", "2027-01-01"]
    )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def at(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def mailed(view: str, user: Any, tokens: Any) -> str:
    """A link out of a mail, without the site's address."""
    return link(view, user, tokens).removeprefix(settings.SITE_URL)


def pages_of(world: SimpleNamespace) -> dict[str, list[tuple[str, str]]]:
    """Whose page, what it is called, where it is."""
    a, person, certificate = world.a, world.a.people[0], world.a.certificates[0]
    return {
        "": [("sign-in", at("login")), ("code", reverse("accounts:code")), ("reset", reverse("accounts:reset")),
             ("reset-done", reverse("accounts:reset_done")),
             ("activate", mailed("accounts:activate", world.a.clerk, activation_tokens)),
             ("reset-link", mailed("accounts:reset_confirm", world.a.clerk, reset_tokens)),
             ("link-spoilt", reverse("accounts:activate", args=["MQ", "spoilt"]))],
        "public": public_pages(world),
        "office": [
            ("dashboard-office", at("index")),
            ("companies", at("registry_company_changelist")), ("people", at("registry_person_changelist")),
            ("certificates", at("registry_certificate_changelist")),
            ("certificates-none", at("registry_certificate_changelist") + "?q=Z999999"),
            ("company", at("registry_company_change", a.company.pk)),
            ("person", at("registry_person_change", person.pk)),
            ("certificate", at("registry_certificate_change", certificate.pk)),
            ("certificate-add", at("registry_certificate_add")),
            ("history", at("registry_certificate_history", certificate.pk)),
            ("attachments", at("registry_person_attachments", person.pk)),
            ("imports", at("core_importrun_changelist")), ("import-new", at("core_importrun_add")),
            ("import-preview", at("core_importrun_change", world.previewed.pk)),
            ("import-done", at("core_importrun_change", world.done.pk)),
            ("import-unmapped", at("core_importrun_change", world.unmapped.pk)),
            ("users", at("accounts_user_changelist")), ("user", at("accounts_user_change", a.clerk.pk)),
            ("user-add", at("accounts_user_add")), ("user-code", at("accounts_user_hand_out_code", a.clerk.pk)),
            ("local-bodies", at("registry_localbody_changelist")), ("calendar", at("core_calendarday_changelist")),
            ("calendar-add", at("core_calendarday_add")),
            ("calendar-announcement", at("core_calendarday_announcement")),
            ("messages", at("core_message_changelist")), ("mappings", at("core_headermapping_changelist")),
            *office_desk(world),
        ],
        "training": [
            ("dashboard-training", at("index")), ("inbox-training", at("core_task_changelist")),
            ("classes-list", at("training_trainingclass_changelist")),
            ("class", at("training_trainingclass_change", world.training_class.pk)),
            ("class-add", at("training_trainingclass_add")),
            ("class-close", at("training_trainingclass_step", world.training_class.pk, "close")),
            ("year-plan", at("training_trainingclass_year_plan") + f"?year={timezone.localdate().year}"),
        ],
        "admin": [
            ("dashboard-admin", at("index")), ("system-state", at("system_state")),
            ("attempts", at("axes_accessattempt_changelist")),
        ],
        "company": [
            ("dashboard-company", at("index")), ("company-own", at("registry_company_change", a.company.pk)),
            ("certificates-own", at("registry_certificate_changelist")), ("password", reverse("accounts:set_password")),
            ("inbox", at("core_task_changelist")), ("finished", at("core_finishedtask_changelist")),
            ("tracked", at("core_trackedtask_changelist")),
            ("applications", at("registry_personalapplication_changelist")),
            ("application", at("registry_personalapplication_change", world.personal["COMPANY"].pk)),
            *((f"decide-{step}", at("registry_personalapplication_step", world.personal["COMPANY"].pk, step))
              for step in ("company_approve", "company_return")),
            ("changes", at("registry_companychange_changelist")),
            ("change", at("registry_companychange_change", a.change.pk)),
            ("change-submit", at("registry_companychange_step", a.change.pk, "submit")),
            ("transfers", at("registry_transfer_changelist")),
            ("transfer", at("registry_transfer_change", a.transfer.pk)),
            ("transfer-submit", at("registry_transfer_step", a.transfer.pk, "submit")),
        ],
        "lacking": [
            ("dashboard-lacking", at("index")), ("company-lacking", at("registry_company_change", world.incomplete.pk)),
            ("people-none", at("registry_person_changelist")),
        ],
        "fresh": [
            ("dashboard-fresh", at("index")), ("inbox-none", at("core_task_changelist")),
            ("change-add", at("registry_companychange_add")),
            ("upgrade-none", at("registry_companychange_add") + "?kind=UPGRADE"),
            ("transfer-add", at("registry_transfer_add")),
        ],
        "person": [("dashboard-person", at("index")), ("person-own", at("registry_person_change", person.pk)),
                   ("attachments-own", at("registry_person_attachments", person.pk))],
        "local": [
            ("dashboard-local", at("index")), ("inbox-local", at("core_task_changelist")),
            *((f"decide-{step}", at("registry_personalapplication_step", world.personal["LOCAL"].pk, step))
              for step in ("local_approve", "local_return")),
        ],
    }  # fmt: skip


def public_pages(world: SimpleNamespace) -> list[tuple[str, str]]:
    """What people without an account see; all of it is looked at by axe at both widths."""
    plain = (
        "home",
        "apply_person",
        "apply_company",
        "check",
        "help",
        "classes",
        "contacts",
        "howto",
        "announcements",
    )
    progress, returned = (token_of(world.personal[state]) for state in ("COMPANY", "RETURNED"))
    return [
        *((f"public-{name}", reverse(f"public:{name}")) for name in plain),
        ("public-announcement", reverse("public:announcement", args=[world.announcement.pk])),
        ("public-progress", reverse("public:application", args=[progress])),
        ("public-withdraw", reverse("public:withdraw", args=[progress])),
        ("public-returned", reverse("public:application", args=[returned])),
        ("public-progress-company", reverse("public:application", args=[token_of(world.joining)])),
        ("public-question", reverse("public:application", args=[token_of(world.asked)])),
        ("public-help-sent", reverse("public:help_sent", args=[token_of(world.asked)])),
    ]


def office_desk(world: SimpleNamespace) -> list[tuple[str, str]]:
    """The office's inbox, its decisions, its words and its duplicates."""
    return [
        ("inbox-office", at("core_task_changelist")), ("finished-office", at("core_finishedtask_changelist")),
        ("tracked-office", at("core_trackedtask_changelist")),
        ("joining", at("registry_companyapplication_change", world.joining.pk)),
        *((f"decide-{step}", at("registry_companyapplication_step", world.joining.pk, step))
          for step in ("approve", "office_return")),
        ("questions", at("registry_helprequest_changelist")),
        ("question", at("registry_helprequest_change", world.asked.pk)),
        ("question-answer", at("registry_helprequest_step", world.asked.pk, "answer")),
        ("duplicates", at("registry_duplicatepair_changelist")),
        ("duplicate-compare", at("registry_duplicatepair_change", world.pair.pk)),
        ("merges", at("registry_merge_changelist")),
        ("announcements", at("core_announcement_changelist")), ("announcement-add", at("core_announcement_add")),
        ("announcement", at("core_announcement_change", world.announcement.pk)),
        ("announcement-preview", at("core_announcement_preview", world.announcement.pk)),
        ("templates", at("core_messagetemplate_changelist")),
        ("template", at("core_messagetemplate_change", world.template.pk)),
        ("opinions", at("core_readyopinion_changelist")), ("opinion-add", at("core_readyopinion_add")),
        ("opinion", at("core_readyopinion_change", world.opinion.pk)),
    ]  # fmt: skip


def look(page: Page, name: str) -> list[str]:
    """What is wrong with the page as it stands, at both widths."""
    found = []
    for width, size in (("1440", WIDE), ("390", NARROW)):
        if page.viewport_size != size:
            page.set_viewport_size(size)
        page.evaluate(SETTLE)
        shoot(page, f"{name}-{width}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name} at {width}: overflows: {page.evaluate(WIDEST)}")
        found += [f"{name} at {width}: {barrier}" for barrier in barriers(page)]
    return found


@pytest.mark.parametrize(
    "who", ["", "public", "office", "training", "admin", "company", "fresh", "lacking", "person", "local"]
)
def test_every_page_fits_is_accessible_and_makes_no_noise(who, world, page, enter):
    users = {"office": world.office, "admin": world.admin, "company": world.a.manager, "lacking": world.lacking,
             "person": world.a.users[0], "local": world.a.local, "training": world.training,
             "fresh": world.fresh}  # fmt: skip
    if who in users:
        enter(users[who])
    found = []
    for name, url in pages_of(world)[who]:
        page.set_viewport_size(WIDE)
        response = page.goto(url)
        assert response is not None
        assert response.status == 200, url
        found += look(page, name)
    assert not found, "\n".join(["", *found])
