"""Transfers and renames by many at once, on PostgreSQL: one effect, and everybody else reads a sentence."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from registry.models import Company, CompanyChange, FormerName, Person, Transfer
from tests.core.test_flow_threads import THREADS, all_at_once
from tests.factories import (
    CertificateFactory,
    CompanyChangeFactory,
    CompanyFactory,
    PersonFactory,
    TransferFactory,
    UserFactory,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def step(record: Any, name: str, by: Any) -> Callable[[], object]:
    return lambda: perform(type(record)._default_manager.get(pk=record.pk), name, by=by)


def approve_at_once(record: Any) -> None:
    reviewers = UserFactory.create_batch(THREADS, role=Role.OFFICE)
    outcomes = Counter(all_at_once([step(record, "approve", reviewer) for reviewer in reviewers]))
    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    assert TransitionLog.of(record).filter(step="approve").count() == 1
    assert not Task.of(record).filter(closed_at=None).exists()


def test_twenty_reviewers_approve_one_transfer_and_the_person_moves_once() -> None:
    certificate = CertificateFactory()
    transfer = TransferFactory(of=certificate.person, at="OFFICE_REVIEW")
    history = Person.history.filter(id=certificate.person_id).count()
    approve_at_once(transfer)
    certificate.refresh_from_db()
    assert certificate.person.company == certificate.company == transfer.company
    assert Person.history.filter(id=certificate.person_id).count() == history + 1


def test_twenty_reviewers_approve_one_rename_and_it_happens_once() -> None:
    change = CompanyChangeFactory(at="OFFICE_REVIEW")
    history = Company.history.filter(id=change.company_id).count()
    approve_at_once(change)
    assert Company.objects.get(pk=change.company_id).name == change.new_name
    assert FormerName.objects.filter(company=change.company).count() == 1
    assert Company.history.filter(id=change.company_id).count() == history + 1


@pytest.mark.parametrize("attempt", range(3))
def test_of_companies_that_claim_one_person_at_once_one_is_reviewed(attempt: int) -> None:
    person = PersonFactory()
    transfers = [TransferFactory(of=person) for _n in range(8)]
    outcomes = Counter(all_at_once([step(transfer, "submit", transfer.created_by) for transfer in transfers]))
    assert outcomes == {"done": 1, StepRefused.__name__: 7}
    assert Transfer.objects.filter(state="OFFICE_REVIEW").count() == 1


def test_the_pages_of_two_companies_that_submit_at_once_answer_both() -> None:
    person = PersonFactory()
    transfers = [TransferFactory(of=person) for _n in range(4)]
    answers: list[int] = []

    def submit(transfer: Transfer) -> None:
        client = Client()
        client.force_login(transfer.created_by)
        address = f"/admin/registry/transfer/{transfer.pk}/step/submit/"
        answers.append(client.post(address, {"opinion": ""}).status_code)

    all_at_once([lambda t=transfer: submit(t) for transfer in transfers])  # type: ignore[misc]
    assert sorted(answers) == [200, 200, 200, 302]


def test_of_companies_that_want_one_name_at_once_one_gets_it() -> None:
    changes = [
        CompanyChangeFactory(new_name="广东同名监理有限公司", at="OFFICE_REVIEW", new_login_name=f"同名{n}")
        for n in range(6)
    ]
    reviewers = UserFactory.create_batch(6, role=Role.OFFICE)
    jobs = [step(change, "approve", by) for change, by in zip(changes, reviewers, strict=True)]
    assert Counter(all_at_once(jobs)) == {"done": 1, StepRefused.__name__: 5}
    assert Company.objects.filter(name="广东同名监理有限公司").count() == 1


def test_a_double_click_begins_one_change_and_one_transfer() -> None:
    company, person = CompanyFactory(), PersonFactory()
    user = UserFactory(role=Role.COMPANY, company=company)

    def begin(address: str, data: dict[str, str]) -> Callable[[], object]:
        def job() -> None:
            client = Client()
            client.force_login(user)
            assert client.post(address, data).status_code == 302

        return job

    change = {"kind": "RENAME", "new_name": "广东新名监理有限公司", "new_login_name": "新名监理"}
    claim = {"name": person.name, "id_number": person.id_number, "remark": ""}
    jobs = [begin("/admin/registry/companychange/add/", change) for _n in range(4)]
    jobs += [begin("/admin/registry/transfer/add/", claim) for _n in range(4)]
    assert Counter(all_at_once(jobs)) == {"done": 8}
    assert (CompanyChange.objects.count(), Transfer.objects.count()) == (1, 1)
