"""A task's title says what its record says now; a company's own name is left out of its own inbox."""

import pytest
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.models import Task
from backoffice.core.subjects import without_own_name
from backoffice.roles import Role
from registry.merging import merge
from registry.models import Company
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory
from tests.factories import CompanyChangeFactory, TransferFactory, UserFactory, actor, client_of
from training.drafting import lock_draft, remove_lines
from training.enrolling import recount
from training.models import Enrolment

pytestmark = pytest.mark.django_db


def title_of(record: object) -> str:
    return Task.of(record).get(is_latest=True).subject  # type: ignore[arg-type]


def test_the_number_of_people_follows_the_roster() -> None:
    enrolment = EnrolmentFactory()
    assert " · 0" not in title_of(enrolment)
    for _ in range(2):
        EnrolmentLineFactory(enrolment=enrolment)
    recount(enrolment)
    assert title_of(enrolment).count(" · 2 · ") == 1
    clerk = actor(enrolment, Role.COMPANY)
    remove_lines(lock_draft(enrolment.pk, clerk), [enrolment.lines.first().pk], clerk)
    assert title_of(enrolment).count(" · 1 · ") == 1


@pytest.mark.parametrize("way", ["the flow", "the office's correction"])
def test_a_renamed_company_has_its_new_name_in_every_title(way: str) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    transfer = TransferFactory(company=enrolment.company)
    if way == "the flow":
        change = CompanyChangeFactory(
            company=enrolment.company, kind="RENAME", new_name="广东新名监理有限公司", new_login_name="新名监理",
            at="OFFICE_REVIEW",
        )  # fmt: skip
        perform(change, "approve", by=UserFactory(role=Role.OFFICE))
    else:
        company = Company.objects.get(pk=enrolment.company_id)
        company.name = "广东新名监理有限公司"
        company.save()
    assert title_of(enrolment).startswith("广东新名监理有限公司 · ")
    assert title_of(transfer).endswith("广东新名监理有限公司")


def test_another_class_title_another_class_and_a_merge_are_in_the_title() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    course = enrolment.training_class
    course.title = "2027年第9期继续教育班"
    course.save()
    assert "2027年第9期继续教育班" in title_of(enrolment)
    kept = EnrolmentFactory().company
    merge(kept, enrolment.company, by=UserFactory(role=Role.OFFICE), reason="同一家")
    assert title_of(Enrolment.objects.get(pk=enrolment.pk)).startswith(kept.name)


def test_a_company_reads_its_titles_without_its_own_name_and_a_body_with_it() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    clerk = actor(enrolment, Role.COMPANY)
    for address in (reverse("admin:core_task_changelist"), reverse("admin:index")):
        text = client_of(clerk).get(address).content.decode()
        assert f"{enrolment.company.name} · " not in text
        assert f"{enrolment.training_class} · 1" in text
    reviewer = actor(enrolment, Role.LOCAL_BODY)
    text = client_of(reviewer).get(reverse("admin:core_trackedtask_changelist")).content.decode()
    assert f"{enrolment.company.name} · " in text


def test_only_whole_names_at_the_ends_are_left_out() -> None:
    assert without_own_name("甲公司 · 班 · 2", "甲公司") == "班 · 2"
    assert without_own_name("张三 · 甲公司", "甲公司") == "张三"
    assert without_own_name("张三 → 甲公司", "甲公司") == "张三"
    assert without_own_name("甲公司二部 · 班", "甲公司") == "甲公司二部 · 班"
    assert without_own_name("甲公司", "甲公司") == "甲公司"
