"""Many at the cash desk at once, on PostgreSQL with real row locks: exactly one effect, no doubled voucher."""

from collections import Counter
from collections.abc import Callable

import pytest

from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled
from backoffice.core.models import Attachment, AttachmentKind, Task, TransitionLog
from backoffice.roles import Role
from fees.models import Bill, Refund
from tests.core.test_flow_threads import THREADS, all_at_once
from tests.enrolments import EnrolmentFactory, paid_back, voucher
from tests.factories import UserFactory, actor
from training.models import Enrolment

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def kinds() -> None:
    """The flush between these tests takes away what migrations put there."""
    for code in ("VOUCHER", "PHOTO", "ID_CARD", "DIPLOMA", "TITLE", "CERTIFICATE"):
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": code})


def test_twenty_verify_the_same_payment_and_one_does() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=[voucher(350)])
    officers = UserFactory.create_batch(THREADS, role=Role.FINANCE)

    def verify(n: int) -> Callable[[], object]:
        return lambda: perform(Enrolment.objects.get(pk=enrolment.pk), "finance_approve", by=officers[n])

    outcomes = Counter(all_at_once([verify(n) for n in range(THREADS)]))

    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    bill = Bill.objects.get()
    assert (bill.paid, bill.stage) == (350, "SETTLED")
    assert (bill.refunds.count(), bill.receipts.count()) == (1, 1)
    assert TransitionLog.of(enrolment).filter(step="finance_approve").count() == 1


def test_twenty_clicks_hand_the_voucher_in_once() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    clerk = actor(enrolment, Role.COMPANY)
    handed = [[voucher(300)] for _n in range(THREADS)]

    def hand_in(n: int) -> Callable[[], object]:
        return lambda: perform(
            Enrolment.objects.get(pk=enrolment.pk), "submit_voucher", by=clerk, vouchers=handed[n]
        )

    outcomes = Counter(all_at_once([hand_in(n) for n in range(THREADS)]))

    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    row = Bill.objects.get().vouchers.get()
    assert Attachment.of(row).count() == 1
    assert Task.of(enrolment).filter(closed_at=None).count() == 1


def test_handing_in_and_declining_at_the_same_moment_do_not_both_happen() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    clerk = actor(enrolment, Role.COMPANY)
    handed = [[voucher(300)] for _n in range(THREADS)]

    def act(n: int) -> Callable[[], object]:
        name = ("submit_voucher", "decline_payment")[n % 2]
        data = {} if n % 2 else {"vouchers": handed[n]}
        return lambda: perform(Enrolment.objects.get(pk=enrolment.pk), name, by=clerk, **data)

    outcomes = Counter(all_at_once([act(n) for n in range(THREADS)]))

    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    enrolment.refresh_from_db()
    bill = Bill.objects.get()
    assert (enrolment.state, bill.stage, bill.vouchers.count()) in (
        ("FINANCE_REVIEW", "REVIEW", 1), ("DRAFT", "IDLE", 0),
    )  # fmt: skip


@pytest.mark.parametrize("attempt", range(5))
def test_paying_back_while_another_payment_is_verified_loses_no_yuan(attempt: int) -> None:
    """The refund of 50 goes out at the moment finance verifies the vouchers that came after it."""
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=[voucher(350)])
    perform(enrolment, "finance_approve", by=actor(enrolment, Role.FINANCE))
    perform(enrolment, "training_return", by=actor(enrolment, Role.TRAINING), opinion="再看")
    refund = Refund.objects.get()
    officers = UserFactory.create_batch(2, role=Role.FINANCE)
    jobs: list[Callable[[], object]] = [
        lambda: perform(
            Refund.objects.get(pk=refund.pk),
            "pay_back",
            by=officers[0],
            **paid_back(),
        ),
        lambda: perform(Enrolment.objects.get(pk=enrolment.pk), "finance_approve", by=officers[1]),
    ]

    outcomes = all_at_once(jobs)

    assert outcomes == ["done", "done"]
    bill = Bill.objects.get()
    assert (bill.paid, bill.balance) == (300, 0)
    assert list(bill.refunds.values_list("state", flat=True)) == ["PAID"]
