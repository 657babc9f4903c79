"""Locks are taken in one order (core/locks.py), and a deadlock that happens all the same is tried once more."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from backoffice.core.engine import perform, start
from backoffice.core.flow import StepRefused
from backoffice.core.locks import Rank, again_after_deadlock
from backoffice.roles import Role
from fees.models import Receipt, Refund
from registry.merging import merge
from registry.models import Company, Person, Transfer
from tests.core.test_flow_threads import all_at_once
from tests.enrolments import WAYS, EnrolmentFactory, advance
from tests.factories import CompanyFactory, PersonFactory, UserFactory, actor, give_papers
from training import enrolling
from training.models import Enrolment, TrainingClass

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@contextmanager
def locks() -> Iterator[list[Rank]]:
    """The kinds of rows that are locked meanwhile, in order; those that the order does not name are left out."""
    ranks = {
        model._meta.db_table: model.lock_rank for model in apps.get_models() if hasattr(model, "lock_rank")
    }
    taken: list[Rank] = []

    def look(execute: Any, statement: str, *rest: Any) -> Any:
        if " FOR UPDATE" in statement or " FOR NO KEY UPDATE" in statement:
            table = statement.partition(" FROM ")[2].split()[0].strip('"')
            taken.extend([ranks[table]] if table in ranks else [])
        return execute(statement, *rest)

    with connection.execute_wrapper(look):
        yield taken


def in_order(act: Callable[[], object], *expected: Rank) -> None:
    """Do it; what it locks first of each kind stands in the order. (Locked again, it costs nobody anything.)"""
    with locks() as every:
        act()
    taken = list(dict.fromkeys(every))
    assert taken == sorted(taken), every
    assert set(expected) <= set(taken)


def test_every_step_of_an_enrolment_takes_its_locks_in_order() -> None:
    enrolment = EnrolmentFactory(people=1)
    for name in WAYS["CONFIRMED"]:
        in_order(lambda name=name: advance(Enrolment.objects.get(pk=enrolment.pk), name))  # type: ignore[misc]
    other = EnrolmentFactory(people=1)
    in_order(
        lambda: advance(other, "submit"),
        Rank.CLASS, Rank.COMPANY, Rank.PERSON, Rank.CERTIFICATE, Rank.RECORD,
    )  # fmt: skip
    teacher = UserFactory(role=Role.TRAINING)
    course = TrainingClass.objects.get(pk=enrolment.training_class_id)
    in_order(
        lambda: perform(course, "cancel", by=teacher, opinion="人数不足"), Rank.CLASS, Rank.RECORD, Rank.BILL
    )


def test_money_takes_the_bill_before_receipts_and_refunds() -> None:
    enrolment = EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    teacher, finance = UserFactory(role=Role.TRAINING), UserFactory(role=Role.FINANCE)
    receipt = Receipt.objects.get()
    receipt = perform(receipt, "issue", by=finance, number="1", issued_on=timezone.localdate())
    in_order(lambda: perform(receipt, "void", by=finance, opinion="作废"), Rank.BILL, Rank.REFUND)
    in_order(lambda: perform(enrolment, "training_cancel", by=teacher, opinion="不办"), Rank.BILL)
    refund = Refund.objects.get()
    paid = {
        "reference": "T1",
        "paid_on": timezone.localdate(),
        "payee_name": "张三",
        "payee_account": "6222021234567890123",
    }
    in_order(lambda: perform(refund, "pay_back", by=finance, **paid), Rank.BILL, Rank.REFUND)


def test_transfers_and_merges_take_the_person_before_what_refers_to_the_person() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    person = enrolment.lines.get().person
    double = PersonFactory(name=person.name)
    clerk, officer = UserFactory(role=Role.COMPANY, company=CompanyFactory()), UserFactory(role=Role.OFFICE)
    transfer = Transfer(company=clerk.company, name=double.name, id_number=double.id_number, created_by=clerk)
    transfer = start(transfer, by=clerk)
    give_papers(transfer, "ID_CARD", "JOINING")
    transfer = perform(transfer, "submit", by=clerk)
    in_order(lambda: perform(transfer, "approve", by=officer), Rank.COMPANY, Rank.PERSON, Rank.RECORD)
    double.refresh_from_db()
    in_order(lambda: merge(double, person, by=officer, reason="同一人"), Rank.PERSON, Rank.RECORD, Rank.LINE)
    in_order(
        lambda: merge(CompanyFactory(), Company.objects.get(pk=enrolment.company_id), by=officer, reason="同一家"),
        Rank.COMPANY, Rank.RECORD, Rank.BILL,
    )  # fmt: skip


def test_a_roster_is_submitted_while_its_people_are_merged_and_nobody_is_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enrolment = EnrolmentFactory(people=2)
    person = enrolment.lines.first().person
    kept = PersonFactory(name=person.name, company=person.company)
    clerk, officer = actor(enrolment, Role.COMPANY), UserFactory(role=Role.OFFICE)
    look, looking = enrolling.look, threading.Event()

    def slowly(*args: Any) -> Any:
        looking.set()
        time.sleep(0.5)  # the merge has begun by then
        return look(*args)

    def merge_then() -> object:
        looking.wait(5)
        return merge(
            Person.objects.get(pk=kept.pk), Person.objects.get(pk=person.pk), by=officer, reason="同一人"
        )

    monkeypatch.setattr(enrolling, "look", slowly)
    outcomes = all_at_once([lambda: perform(enrolment, "submit", by=clerk), merge_then])
    assert set(outcomes) == {"done"}
    assert enrolment.lines.filter(person=kept).exists()


def test_seats_and_roster_are_asked_once_the_class_and_the_people_are_locked() -> None:
    """What a page foretold may be another truth by the time the locks are there."""
    enrolment = EnrolmentFactory(people=1)
    assert enrolment.steps()["submit"].foreseen(enrolment) == []
    full = TrainingClass.objects.filter(pk=enrolment.training_class_id)
    full.update(capacity=0)
    with pytest.raises(StepRefused, match="0"), transaction.atomic():
        enrolling.freeze(type(enrolment).objects.get(pk=enrolment.pk), timezone.now())
    full.update(capacity=10)
    type(enrolment.lines.get().certificate).objects.update(status="CANCELLED")
    with pytest.raises(StepRefused), transaction.atomic():
        enrolling.freeze(type(enrolment).objects.get(pk=enrolment.pk), timezone.now())


def test_whoever_is_broken_off_by_a_deadlock_does_it_once_more() -> None:
    one, other = CompanyFactory.create_batch(2)
    both_hold_one = threading.Barrier(2, timeout=5)
    tries: list[int] = []

    def take(first: Company, second: Company) -> Callable[[], object]:
        @again_after_deadlock
        @transaction.atomic
        def job() -> None:
            tries.append(first.pk)
            Company.objects.select_for_update().get(pk=first.pk)
            if tries.count(first.pk) == 1:
                both_hold_one.wait()
            Company.objects.select_for_update().get(pk=second.pk)

        return job

    assert set(all_at_once([take(one, other), take(other, one)])) == {"done"}
    assert len(tries) == 3


def test_inside_another_transaction_the_deadlock_goes_up_to_whoever_began_it() -> None:
    class Broken(Exception):
        sqlstate = "40P01"

    calls: list[int] = []

    @again_after_deadlock
    def job() -> None:
        calls.append(1)
        raise OperationalError("deadlock detected") from Broken()

    with pytest.raises(OperationalError), transaction.atomic():
        job()
    assert len(calls) == 1
    with pytest.raises(OperationalError):
        job()
    assert len(calls) == 3
