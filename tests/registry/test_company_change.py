"""Company changes (specification 3.3, manual ch. 3-2, 3-3): who may take which step, what stops it, and what comes of
it."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused, available
from backoffice.core.models import Attachment, Message, Task, TransitionLog
from backoffice.roles import Role
from registry.imports.stored import Companies
from registry.models import Company, CompanyChange, FormerName
from registry.search import employers_named, search_companies
from tests.factories import (
    CertificateFactory,
    CompanyChangeFactory,
    CompanyFactory,
    PersonFactory,
    UserFactory,
    actor,
    take,
)

pytestmark = pytest.mark.django_db

#: The flow once more, written down independently: step -> (role, from, to).
STEPS = {
    "submit": (Role.COMPANY, "DRAFT", "OFFICE_REVIEW"),
    "approve": (Role.OFFICE, "OFFICE_REVIEW", "APPROVED"),
    "office_return": (Role.OFFICE, "OFFICE_REVIEW", "DRAFT"),
    "cancel": (Role.COMPANY, "DRAFT", "CANCELLED"),
}
STATES = ("DRAFT", "OFFICE_REVIEW", "APPROVED", "CANCELLED")


def user_of(role: Role, change: CompanyChange) -> User:
    return actor(change, Role.COMPANY) if role == Role.COMPANY else UserFactory(role=role)


def refused(change: CompanyChange, step: str, by: User, kind: type[StepRefused] = StepRefused) -> str:
    logs, messages = TransitionLog.objects.count(), Message.objects.count()
    with pytest.raises(kind) as refusal:
        perform(change, step, by=by, opinion="请更正")
    assert type(refusal.value) is kind
    assert (TransitionLog.objects.count(), Message.objects.count()) == (logs, messages)
    return str(refusal.value)


def offices_refusal(change: CompanyChange) -> str:
    return refused(change, "approve", UserFactory(role=Role.OFFICE))


# Steps


@pytest.mark.parametrize("kind", CompanyChange.Kind)
@pytest.mark.parametrize("step", STEPS)
def test_the_right_role_takes_the_step(step: str, kind: str) -> None:
    role, source, target = STEPS[step]
    change = CompanyChangeFactory(kind=kind, at=source)
    perform(change, step, by=user_of(role, change), opinion="请更正")
    change.refresh_from_db()
    assert change.state == target
    assert change.history.first().history_user.role == role


@pytest.mark.parametrize(("step", "role"), [(s, r) for s in STEPS for r in Role if r != STEPS[s][0]])
def test_no_other_role_takes_the_step(step: str, role: Role) -> None:
    change = CompanyChangeFactory(at=STEPS[step][1])
    refused(change, step, user_of(role, change))
    assert step not in [offer.step.name for offer in available(change, user_of(role, change))]


@pytest.mark.parametrize(("step", "state"), [(s, q) for s in STEPS for q in STATES if q != STEPS[s][1]])
def test_no_step_is_taken_in_another_state(step: str, state: str) -> None:
    change = CompanyChangeFactory(at=state)
    refused(change, step, user_of(STEPS[step][0], change), AlreadyHandled)


@pytest.mark.parametrize("step", ["submit", "cancel"])
def test_another_company_cannot_act(step: str) -> None:
    stranger = UserFactory(role=Role.COMPANY)
    assert refused(CompanyChangeFactory(), step, stranger) == gettext("This record is not yours to act on.")


def test_a_return_needs_an_opinion() -> None:
    with pytest.raises(StepRefused):
        perform(CompanyChangeFactory(at="OFFICE_REVIEW"), "office_return", by=UserFactory(role=Role.OFFICE))


def test_the_office_has_three_working_days_and_a_return_comes_back_to_the_company() -> None:
    change = CompanyChangeFactory(at="OFFICE_REVIEW")
    task = Task.of(change).get(closed_at=None)
    assert (task.role, bool(task.due_on)) == (Role.OFFICE, True)
    take(change, "office_return")
    task = Task.of(change).get(closed_at=None)
    assert (task.role, task.bound_id) == (Role.COMPANY, change.company_id)


# Guards


@pytest.mark.parametrize(("kind", "first"), [("RENAME", "RENAME_NOTICE"), ("UPGRADE", "QUALIFICATION")])
def test_a_submit_names_the_papers_that_are_missing(kind: str, first: str) -> None:
    change = CompanyChangeFactory(kind=kind, papers=False)
    sentence = refused(change, "submit", actor(change, Role.COMPANY))
    assert first in sentence
    assert "LICENCE" in sentence


@pytest.mark.parametrize(
    "broken",
    [{"credit_code": None}, {"office_address": ""}, {"status": "SUSPENDED"}, {"status": "LEFT"}],
)
def test_an_incomplete_or_inactive_company_submits_nothing(broken: dict[str, Any]) -> None:
    change = CompanyChangeFactory()
    Company.objects.filter(pk=change.company_id).update(**broken)
    assert change.company.name in refused(change, "submit", actor(change, Role.COMPANY))


def test_a_rename_needs_both_new_names() -> None:
    for empty in ("new_name", "new_login_name"):
        change = CompanyChangeFactory(**{empty: ""})
        refused(change, "submit", actor(change, Role.COMPANY))


def test_the_new_name_is_not_the_present_one() -> None:
    company = CompanyFactory()
    change = CompanyChangeFactory(company=company, new_name=company.name)
    refused(change, "submit", actor(change, Role.COMPANY))


@pytest.mark.parametrize("step", ["submit", "approve"])
def test_nobody_takes_the_name_of_another_member(step: str) -> None:
    change = CompanyChangeFactory(at=STEPS[step][1])
    CompanyFactory(name=change.new_name)
    assert change.new_name in refused(change, step, user_of(STEPS[step][0], change))


@pytest.mark.parametrize("step", ["submit", "approve"])
def test_nobody_takes_the_login_name_of_another_user(step: str) -> None:
    change = CompanyChangeFactory(at=STEPS[step][1], new_login_name="GDJK")
    UserFactory(username="gdjk")
    assert "GDJK" in refused(change, step, user_of(STEPS[step][0], change))


def test_the_present_login_name_may_be_kept() -> None:
    company = CompanyFactory()
    user = UserFactory(role=Role.COMPANY, company=company, username="建科监理", is_manager=True)
    CompanyChangeFactory(company=company, new_login_name="建科监理", at="APPROVED")
    user.refresh_from_db()
    assert user.username == "建科监理"


def test_a_formal_member_is_not_upgraded() -> None:
    change = CompanyChangeFactory(kind="UPGRADE")
    Company.objects.filter(pk=change.company_id).update(membership="FORMAL")
    refused(change, "submit", actor(change, Role.COMPANY))


def test_a_company_suspended_during_the_review_is_not_renamed() -> None:
    change = CompanyChangeFactory(at="OFFICE_REVIEW")
    Company.objects.filter(pk=change.company_id).update(status="SUSPENDED")
    assert change.company.name in offices_refusal(change)
    Company.objects.filter(pk=change.company_id).update(status="ACTIVE")
    assert take(change, "approve").state == "APPROVED"


def test_a_company_merged_during_the_review_is_named_and_can_be_returned() -> None:
    change, kept = CompanyChangeFactory(at="OFFICE_REVIEW"), CompanyFactory()
    Company.objects.filter(pk=change.company_id).update(merged_into=kept)
    assert kept.name in offices_refusal(change)
    assert take(change, "office_return").state == "DRAFT"


def test_a_duplicate_that_went_into_the_company_does_not_block_its_name() -> None:
    change = CompanyChangeFactory()
    duplicate = CompanyFactory(name=change.new_name, merged_into=change.company)
    take(change, "submit", "approve")
    change.company.refresh_from_db()
    duplicate.refresh_from_db()
    assert change.company.name == change.new_name
    assert duplicate.name != change.new_name


def test_one_change_of_each_kind_is_open_at_a_time() -> None:
    change = CompanyChangeFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        CompanyChangeFactory(company=change.company)
    take(change, "cancel")
    CompanyChangeFactory(company=change.company)


# What a rename does


@pytest.fixture
def renamed() -> CompanyChange:
    company = CompanyFactory(
        name="广东建科监理有限公司", information_officer="建科监理", email="a@example.org"
    )
    UserFactory(
        role=Role.COMPANY, company=company, username="建科监理", is_manager=True, email="m@example.org"
    )
    UserFactory(role=Role.COMPANY, company=company, username="建科职员")
    CertificateFactory(person=PersonFactory(company=company))
    return CompanyChangeFactory(
        company=company, new_name="粤建科技监理有限公司", new_login_name="粤建监理", at="APPROVED"
    )


def test_the_company_bears_the_new_name_and_keeps_the_former_one(renamed: CompanyChange) -> None:
    company = Company.objects.get(pk=renamed.company_id)
    assert (company.name, company.initials[:2]) == ("粤建科技监理有限公司", "YJ")
    former = FormerName.objects.get(company=company)
    assert (former.name, former.until) == ("广东建科监理有限公司", timezone.localdate())
    assert CompanyChange.objects.get(pk=renamed.pk).old_name == "广东建科监理有限公司"


def test_search_and_imports_find_the_company_by_its_former_name(renamed: CompanyChange) -> None:
    office = UserFactory(role=Role.OFFICE)
    for words in ("广东建科", "粤建", "广东建科监理有限公司"):
        assert [c.pk for c in search_companies(Company.objects.all(), words, office)[0]] == [
            renamed.company_id
        ]
        assert employers_named(words, 5) == [(renamed.company_id, "粤建科技监理有限公司")]
    found = Companies().find("广东建科监理有限公司")
    assert found is not None
    assert found.id == renamed.company_id


def test_only_the_companys_own_login_name_changes(renamed: CompanyChange) -> None:
    names = list(renamed.company.users.order_by("pk").values_list("username", flat=True))
    assert names == ["粤建监理", "建科职员"]
    manager = User.objects.get(username="粤建监理")
    assert manager.check_password("Correct-Horse-2026")
    assert manager.history.first().history_user.role == Role.OFFICE
    assert Company.objects.get(pk=renamed.company_id).information_officer == "粤建监理"


def test_an_information_officer_of_another_name_stays() -> None:
    company = CompanyFactory(information_officer="陈静仪")
    CompanyChangeFactory(company=company, at="APPROVED")
    company.refresh_from_db()
    assert company.information_officer == "陈静仪"


def test_certificates_keep_what_is_printed(renamed: CompanyChange) -> None:
    certificate = renamed.company.certificates.get()
    assert (certificate.printed_company, certificate.employer_differs) == ("广东建科监理有限公司", True)


def test_whoever_is_signed_in_stays_signed_in(signed_in: Any) -> None:
    change = CompanyChangeFactory(at="OFFICE_REVIEW")
    client = signed_in(change.created_by)
    take(change, "approve")
    assert client.get("/admin/registry/company/").status_code == 200


def test_the_company_is_told_at_every_step(renamed: CompanyChange) -> None:
    mails = list(Message.objects.order_by("id").values_list("recipient", "channel"))
    assert mails == [("m@example.org", "MAIL"), ("m@example.org", "MAIL")]
    back = CompanyChangeFactory(company=renamed.company, at="OFFICE_REVIEW")
    Message.objects.all().delete()
    take(back, "office_return", opinion="执照不清晰")
    assert "执照不清晰" in Message.objects.get().body


def test_the_papers_are_kept_on_the_company(renamed: CompanyChange) -> None:
    kinds = Attachment.of(renamed.company).values_list("kind__code", flat=True)
    assert sorted(kinds) == ["LICENCE", "RENAME_NOTICE"]


def test_the_history_says_who_and_why(renamed: CompanyChange) -> None:
    latest = renamed.company.history.first()
    assert (latest.history_user.role, bool(latest.history_change_reason)) == (Role.OFFICE, True)


def test_a_company_that_takes_its_old_name_back_has_each_former_name_once(renamed: CompanyChange) -> None:
    CompanyChangeFactory(company=renamed.company, new_name="广东建科监理有限公司", at="APPROVED")
    renamed.company.refresh_from_db()
    CompanyChangeFactory(company=renamed.company, new_name="粤建科技监理有限公司", at="APPROVED")
    assert FormerName.objects.filter(company=renamed.company).count() == 2


# What an upgrade does


def test_an_upgrade_makes_a_formal_member_whose_dues_start_today() -> None:
    change = CompanyChangeFactory(kind="UPGRADE", at="APPROVED")
    company = Company.objects.get(pk=change.company_id)
    assert (company.membership, company.dues_from) == ("FORMAL", timezone.localdate())
    assert not company.former_names.exists()
    latest = company.history.first()
    assert (latest.history_user.role, bool(latest.history_change_reason)) == (Role.OFFICE, True)
