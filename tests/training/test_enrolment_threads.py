"""Twenty at once on PostgreSQL: the last seats, one certificate in two enrolments, one enrolment under many hands."""

from collections import Counter
from collections.abc import Callable

import pytest

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, StepRefused
from backoffice.core.inbox import decide
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from fees.models import Bill, Receipt
from tests.core.test_flow_threads import all_at_once
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import TrainingClassFactory, UserFactory, actor
from training.enrolling import move_lines
from training.models import Enrolment, TrainingClass

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THREADS = 20


def submit(enrolment: Enrolment, told: list[str]) -> Callable[[], object]:
    clerk = actor(enrolment, Role.COMPANY)

    def job() -> None:
        try:
            perform(Enrolment.objects.get(pk=enrolment.pk), "submit", by=clerk)
        except StepRefused as refusal:
            told.append(str(refusal))
            raise

    return job


def test_twenty_companies_want_the_last_seats_and_exactly_as_many_get_them_as_there_are() -> None:
    course = TrainingClassFactory(type="CONTINUING", category="", capacity=5)
    enrolments = [EnrolmentFactory(people=2, training_class=course) for _ in range(THREADS)]
    told: list[str] = []
    outcomes = Counter(all_at_once([submit(enrolment, told) for enrolment in enrolments]))
    assert outcomes == {"done": 2, "StepRefused": THREADS - 2}
    assert all(str(course) in sentence for sentence in told)
    course = TrainingClass.objects.get(pk=course.pk)
    assert course.seats_free() == 1
    assert Enrolment.objects.filter(state="LOCAL_REVIEW").count() == Bill.objects.count() == 2


def test_one_certificate_in_many_enrolments_is_submitted_once() -> None:
    course = TrainingClassFactory(type="CONTINUING", category="")
    first = EnrolmentFactory(people=1, training_class=course)
    certificate = first.lines.get().certificate
    enrolments = [first]
    for _ in range(THREADS - 1):
        other = EnrolmentFactory(company=first.company)  # each in a class of its own
        EnrolmentLineFactory(enrolment=other, certificate=certificate, papers=False)
        enrolments.append(other)
    told: list[str] = []
    outcomes = Counter(all_at_once([submit(enrolment, told) for enrolment in enrolments]))
    assert outcomes == {"done": 1, "StepRefused": THREADS - 1}
    assert all(str(certificate) in sentence for sentence in told)


def test_finance_verifies_a_payment_once() -> None:
    enrolment = EnrolmentFactory(people=1, at="FINANCE_REVIEW")
    clerks = UserFactory.create_batch(THREADS, role=Role.FINANCE)

    def approve(user: object) -> Callable[[], object]:
        return lambda: perform(Enrolment.objects.get(pk=enrolment.pk), "finance_approve", by=user)

    outcomes = Counter(all_at_once([approve(user) for user in clerks]))
    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    enrolment = Enrolment.objects.get(pk=enrolment.pk)
    assert enrolment.bill.paid == 300
    assert Receipt.objects.filter(bill=enrolment.bill).count() == 1
    assert TransitionLog.of(enrolment).filter(step="finance_approve").count() == 1


def test_two_bodies_colleagues_decide_the_same_list_in_opposite_order() -> None:
    course = TrainingClassFactory(type="CONTINUING", category="")
    enrolments = [EnrolmentFactory(people=1, training_class=course, at="LOCAL_REVIEW") for _ in range(6)]
    ids = [Task.of(enrolment).get(closed_at=None).pk for enrolment in enrolments]
    one, two = UserFactory.create_batch(2, role=Role.LOCAL_BODY, local_body=course.local_body)
    done: list[int] = []

    def job(user: object, order: list[int]) -> Callable[[], object]:
        return lambda: done.extend(
            outcome.task.pk for outcome in decide(order, "local_approve", by=user) if outcome.is_done
        )

    assert set(all_at_once([job(one, ids), job(two, ids[::-1])])) == {"done"}
    assert sorted(done) == sorted(ids)
    assert Enrolment.objects.filter(state="AWAITING_PAYMENT").count() == 6


def test_results_of_one_enrolment_come_in_at_once_and_it_is_closed_once() -> None:
    enrolment = EnrolmentFactory(people=THREADS, at="CONFIRMED")
    teacher = actor(enrolment, Role.TRAINING)
    lines = list(enrolment.lines.values_list("pk", flat=True))
    move_lines(lines, "hand_off", by=teacher)
    move_lines(lines, "open_learning", by=teacher)

    def result(pk: int) -> Callable[[], object]:
        return lambda: move_lines([pk], "record_pass", by=teacher)

    assert set(all_at_once([result(pk) for pk in lines])) == {"done"}
    enrolment = Enrolment.objects.get(pk=enrolment.pk)
    assert enrolment.state == "CLOSED"
    assert TransitionLog.of(enrolment).filter(step="close").count() == 1


def test_the_class_is_cancelled_while_results_come_in_and_nobody_waits_for_ever() -> None:
    enrolment = EnrolmentFactory(people=4, at="CONFIRMED")
    teacher = actor(enrolment, Role.TRAINING)
    lines = list(enrolment.lines.values_list("pk", flat=True))
    move_lines(lines, "hand_off", by=teacher)
    course = TrainingClass.objects.get(pk=enrolment.training_class_id)
    jobs: list[Callable[[], object]] = [
        lambda pk=pk: move_lines([pk], "open_learning", by=teacher)  # type: ignore[misc]
        for pk in lines
    ]
    cancel = lambda: perform(course, "cancel", by=teacher, opinion="人数不足")  # noqa: E731
    assert set(all_at_once([*jobs, cancel])) == {"done"}
    assert Enrolment.objects.get(pk=enrolment.pk).state == "CANCELLED"
    assert set(enrolment.lines.values_list("state", flat=True)) == {"DROPPED"}


def test_a_draft_is_edited_and_submitted_at_once_and_what_was_submitted_is_what_stays() -> None:
    from django.db import transaction

    from training.drafting import DraftClosed, lock_draft, remove_lines

    enrolment = EnrolmentFactory(people=8)
    clerk = actor(enrolment, Role.COMPANY)

    def remove(pk: int) -> None:
        with transaction.atomic():
            remove_lines(lock_draft(enrolment.pk, clerk), [pk], clerk)

    jobs: list[Callable[[], object]] = [
        lambda pk=pk: remove(pk)  # type: ignore[misc]
        for pk in list(enrolment.lines.values_list("pk", flat=True))[:6]
    ]
    outcomes = set(all_at_once([*jobs, submit(enrolment, [])]))
    assert outcomes <= {"done", DraftClosed.__name__}
    enrolment = Enrolment.objects.get(pk=enrolment.pk)
    assert enrolment.state == "LOCAL_REVIEW"
    assert enrolment.people == enrolment.lines.count() == enrolment.bill.items.count()
    assert enrolment.bill.total == 300 * enrolment.lines.count()
    assert advance(enrolment, "local_approve").state == "AWAITING_PAYMENT"
