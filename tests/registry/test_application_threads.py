"""Many reviewers and applicants at once, on PostgreSQL with row locks: one member, one account, the rest is told."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment, Message, Task, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.roles import APPLICANT, Role
from registry.models import Company, CompanyApplication, HelpRequest, Person, PersonalApplication
from tests.core.test_flow_threads import THREADS, all_at_once
from tests.factories import (
    CompanyApplicationFactory,
    PersonalApplicationFactory,
    PersonFactory,
    UserFactory,
    actor,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ACTIVATION = "激活您的账号"
ONE_OF_TWENTY = {"done": 1, AlreadyHandled.__name__: THREADS - 1}


def job(record: Any, name: str, by: Any, seen: int | None = None) -> Callable[[], object]:
    return lambda: perform(type(record).objects.get(pk=record.pk), name, by=by, seen=seen, opinion="意见")


def test_twenty_reviewers_approve_the_same_person_and_one_does() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    reviewers = UserFactory.create_batch(THREADS, role=Role.LOCAL_BODY, local_body=application.local_body)
    outcomes = all_at_once([job(application, "local_approve", reviewer) for reviewer in reviewers])
    assert Counter(outcomes) == ONE_OF_TWENTY
    person = Person.objects.get(id_number=application.id_number)
    assert PersonalApplication.objects.get(pk=application.pk).person == person
    assert User.objects.filter(username=application.id_number).count() == 1
    assert Attachment.of(person).count() == 3
    # One activation, by mail and by text message.
    assert Message.objects.filter(secret=True, subject=ACTIVATION).count() == 2
    assert TransitionLog.of(application).filter(step="local_approve").count() == 1
    assert not Task.of(application).filter(closed_at=None).exists()


def test_twenty_clerks_approve_the_same_company_and_one_does() -> None:
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    clerks = UserFactory.create_batch(THREADS, role=Role.OFFICE)
    outcomes = all_at_once([job(application, "approve", clerk) for clerk in clerks])
    assert Counter(outcomes) == ONE_OF_TWENTY
    company = Company.objects.get(credit_code=application.credit_code)
    assert CompanyApplication.objects.get(pk=application.pk).company == company
    assert company.users.count() == 1
    assert Attachment.of(company).count() == 2  # licence and qualification
    assert Message.objects.filter(secret=True, subject=ACTIVATION).count() == 2


def test_approval_return_and_withdrawal_at_the_same_moment_are_one_of_them() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    PersonFactory()
    body = actor(application, Role.LOCAL_BODY)
    choices = [("local_approve", body), ("local_return", body), ("withdraw", Applicant(application))]
    seen = last_log_id(
        application
    )  # all have the page open: what is returned may be withdrawn by a later page
    jobs = [job(application, *choices[n % 3], seen) for n in range(THREADS)]
    assert Counter(all_at_once(jobs)) == ONE_OF_TWENTY
    application = PersonalApplication.objects.get(pk=application.pk)
    last = TransitionLog.of(application).first()
    assert last is not None
    assert last.target == application.state
    admitted = Person.objects.filter(id_number=application.id_number).count()
    assert admitted == (application.state == "APPROVED")


@pytest.mark.parametrize("factory", [PersonalApplicationFactory, CompanyApplicationFactory])
def test_twenty_submissions_of_the_same_number_bring_one_under_review(factory: Any) -> None:
    """Twenty drafts, for example after a lost connection: the unique field stops nineteen, in words."""
    first = factory()
    unique = "id_number" if isinstance(first, PersonalApplication) else "credit_code"
    same = {unique: getattr(first, unique)}
    drafts = [first, *factory.create_batch(THREADS - 1, **same)]
    outcomes = all_at_once([job(draft, "submit", Applicant(draft)) for draft in drafts])
    assert Counter(outcomes) == {"done": 1, StepRefused.__name__: THREADS - 1}
    assert type(first).objects.filter(**same).exclude(state="DRAFT").count() == 1
    assert Task.objects.filter(closed_at=None).exclude(role=APPLICANT).count() == 1


def test_companies_of_one_name_approved_at_once_are_one_company() -> None:
    """Two codes for one name: only the approval finds out."""
    applications = [CompanyApplicationFactory(at="OFFICE_REVIEW") for _ in range(THREADS)]
    CompanyApplication.objects.update(name="广东同名建设监理有限公司")
    clerk = UserFactory(role=Role.OFFICE)
    outcomes = all_at_once([job(application, "approve", clerk) for application in applications])
    assert Counter(outcomes) == {"done": 1, StepRefused.__name__: THREADS - 1}
    assert Company.objects.filter(name="广东同名建设监理有限公司").count() == 1
    assert CompanyApplication.objects.filter(state="APPROVED").count() == 1


def test_companies_with_one_login_name_approved_at_once_are_one_company() -> None:
    applications = [CompanyApplicationFactory(at="OFFICE_REVIEW") for _ in range(THREADS)]
    CompanyApplication.objects.update(login_name="同一登录名")
    clerk = UserFactory(role=Role.OFFICE)
    outcomes = all_at_once([job(application, "approve", clerk) for application in applications])
    assert Counter(outcomes) == {"done": 1, StepRefused.__name__: THREADS - 1}
    assert Company.objects.filter(credit_code__in=[a.credit_code for a in applications]).count() == 1


def test_a_person_imported_while_the_body_approves_stays_one_person() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    body = actor(application, Role.LOCAL_BODY)
    company = PersonFactory().company
    outcomes = all_at_once([
        job(application, "local_approve", body),
        lambda: PersonFactory(id_number=application.id_number, company=company),
    ])  # fmt: skip
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "StepRefused", "IntegrityError"}
    assert Person.objects.filter(id_number=application.id_number).count() == 1


def test_twenty_returns_of_a_member_are_one_report() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    PersonFactory(id_number=application.id_number)
    body = actor(application, Role.LOCAL_BODY)
    outcomes = all_at_once([job(application, "local_return", body) for _ in range(THREADS)])
    assert Counter(outcomes) == ONE_OF_TWENTY
    assert HelpRequest.objects.count() == 1
