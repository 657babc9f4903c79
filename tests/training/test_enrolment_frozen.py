"""What was submitted stays as it was; and what happened to people and certificates meanwhile is named
(specification 3.5)."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.roles import Role
from fees.models import FeeSchedule
from registry.models import Certificate
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance, voucher
from tests.factories import CertificateFactory, CompanyFactory, TrainingClassFactory, actor, id_number
from tests.training.enrolment_tools import STEPS, again, refused, user_for
from training.drafting import lock_draft, remove_lines
from training.models import Enrolment, TrainingClass

pytestmark = pytest.mark.django_db
#: The two forward steps that look again, and where they lead on from.
FORWARD = {"LOCAL_REVIEW": "local_approve", "TRAINING_REVIEW": "training_confirm"}
RETURN = {"LOCAL_REVIEW": "local_return", "TRAINING_REVIEW": "training_return"}


def cancelled(line: Any) -> None:
    Certificate.objects.filter(pk=line.certificate_id).update(status="CANCELLED")


def transferred(line: Any) -> None:
    line.person.company = CompanyFactory(name="广东新东家监理有限公司")
    line.person.save()


def other_id_number(line: Any) -> None:
    line.person.id_number = id_number(88_001)
    line.person.save()


def other_name(line: Any) -> None:
    line.person.name = "改名的人"
    line.person.save()


@pytest.mark.parametrize("state", FORWARD)
@pytest.mark.parametrize("happens", [cancelled, transferred, other_id_number, other_name])
def test_the_forward_step_names_the_line_and_the_way_back_is_open(state: str, happens: Any) -> None:
    enrolment = EnrolmentFactory(people=2, at=state)
    first, second = enrolment.lines.all()
    happens(second)
    name = FORWARD[state]
    sentence = refused(enrolment, name, user_for(STEPS[name][0], enrolment))
    assert str(second) in sentence
    assert str(first) not in sentence
    back = RETURN[state]
    perform(enrolment, back, by=user_for(STEPS[back][0], enrolment), opinion=sentence)
    assert again(enrolment).state == STEPS[back][2]


@pytest.mark.parametrize("status", ["CANCELLED", "SUPERSEDED"])
def test_a_certificate_that_ended_is_named_with_its_status(status: str) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    line = enrolment.lines.get()
    Certificate.objects.filter(pk=line.certificate_id).update(status=status)
    sentence = refused(enrolment, "local_approve", user_for(Role.LOCAL_BODY, enrolment))
    assert str(Certificate.Status(status).label) in sentence
    assert line.certificate_number in sentence


def test_a_person_whose_employer_changes_with_the_renewal_may_still_belong_to_the_former_one() -> None:
    """延续+变更: the certificate and the person come over later."""
    enrolment = EnrolmentFactory()
    certificate = CertificateFactory(type="SUPERVISOR")
    EnrolmentLineFactory(
        enrolment=enrolment, certificate=certificate, matter="RENEWAL_CHANGE", new_employer=enrolment.company,
        change_remark=f"原单位:{certificate.printed_company}",
    )  # fmt: skip
    enrolment = advance(enrolment, "submit", "local_approve")
    assert enrolment.state == "AWAITING_PAYMENT"
    assert enrolment.bill.total == 320


def test_what_lapses_after_the_submit_costs_what_it_cost_then(monkeypatch) -> None:
    today = timezone.localdate()
    certificate = CertificateFactory(
        type="SUPERVISOR", expiry_date=today, issue_date=today - datetime.timedelta(days=1095)
    )
    enrolment = EnrolmentFactory(company=certificate.company)
    EnrolmentLineFactory(enrolment=enrolment, certificate=certificate)
    enrolment = advance(enrolment, "submit")
    monkeypatch.setattr(timezone, "localdate", lambda *args: today + datetime.timedelta(days=3))
    enrolment = advance(enrolment, "local_approve", "submit_voucher", "finance_approve", "training_confirm")
    assert (enrolment.bill.total, enrolment.bill.paid, enrolment.amount) == (300, 300, 300)


def picture(enrolment: Enrolment) -> tuple[Any, ...]:
    """The frozen roster and its bill."""
    names = (
        "name",
        "id_number",
        "certificate_number",
        "printed_company",
        "expiry_date",
        "amount",
        "category",
    )
    bill = enrolment.bill
    items = bill.items.values_list("label", "kind", "unit", "count", "amount")
    return list(enrolment.lines.values_list(*names)), list(items), bill.total, bill.subject


def test_later_edits_of_person_certificate_schedule_and_class_change_neither_lines_nor_bill() -> None:
    enrolment = EnrolmentFactory(people=2, at="LOCAL_REVIEW")
    before = picture(enrolment)
    line = enrolment.lines.first()
    Certificate.objects.filter(pk=line.certificate_id).update(
        number="Z99", printed_company="别的公司", expiry_date=datetime.date(2030, 1, 1)
    )
    FeeSchedule.objects.update(yearly_dues=Decimal(999))
    TrainingClass.objects.update(tuition=Decimal(5))
    assert picture(again(enrolment)) == before
    enrolment = advance(again(enrolment), "local_approve", "submit_voucher", "finance_approve")
    assert picture(again(enrolment)) == before
    assert enrolment.bill.paid == 600
    other_name(line)
    assert picture(again(enrolment)) == before


def test_the_tuition_of_a_practice_class_is_frozen_too() -> None:
    course = TrainingClassFactory(tuition=800)
    enrolment = EnrolmentFactory(training_class=course)
    from tests.factories import PersonFactory

    EnrolmentLineFactory(
        enrolment=enrolment, certificate=None, person=PersonFactory(company=enrolment.company),
        category="SUPERVISOR", matter="PRACTICE",
    )  # fmt: skip
    enrolment = advance(enrolment, "submit")
    assert enrolment.bill.total == 1100
    TrainingClass.objects.update(tuition=Decimal(5))
    assert again(enrolment).bill.total == 1100
    enrolment = advance(again(enrolment), "local_return", "submit")  # the next submit prices anew
    assert enrolment.bill.total == 305


# --- The roster is cut or grows after money was verified ------------------------------------------------


def paid_and_back(people: int) -> Enrolment:
    """A draft again, with the money of `people` people verified."""
    enrolment = EnrolmentFactory(people=people, at="TRAINING_REVIEW")
    return again(advance(enrolment, "training_return", "finance_return", "decline_payment"))


def test_a_cut_roster_skips_the_payment_and_the_rest_is_to_be_paid_back() -> None:
    enrolment = paid_and_back(3)
    clerk = user_for(Role.COMPANY, enrolment)
    line = enrolment.lines.first()
    remove_lines(lock_draft(enrolment.pk, clerk), [line.pk], clerk)
    enrolment = advance(again(enrolment), "submit", "local_approve")
    bill = enrolment.bill
    assert enrolment.state == "TRAINING_REVIEW"
    assert (bill.total, bill.paid, bill.balance) == (600, 900, -300)
    refund = bill.refunds.get()
    assert (refund.amount, refund.state) == (300, "DUE")
    assert bill.vouchers.get().status == "VERIFIED"


def test_a_grown_roster_asks_for_the_balance_only() -> None:
    enrolment = paid_and_back(2)
    EnrolmentLineFactory(enrolment=enrolment)
    enrolment = advance(again(enrolment), "submit", "local_approve")
    assert enrolment.state == "AWAITING_PAYMENT"
    assert (enrolment.bill.total, enrolment.bill.balance) == (900, 300)
    refused(enrolment, "submit_voucher", actor(enrolment, "COMPANY"), vouchers=[voucher(299)])
    enrolment = advance(enrolment, "submit_voucher", "finance_approve")
    assert (enrolment.bill.paid, enrolment.bill.refunds.count()) == (900, 0)


def test_the_same_roster_again_skips_the_payment_and_nothing_goes_back() -> None:
    enrolment = advance(paid_and_back(2), "submit", "local_approve")
    assert enrolment.state == "TRAINING_REVIEW"
    assert (enrolment.bill.balance, enrolment.bill.refunds.count()) == (0, 0)


def test_a_refund_that_was_due_is_used_when_the_roster_grows_again() -> None:
    enrolment = paid_and_back(3)
    clerk = user_for(Role.COMPANY, enrolment)
    remove_lines(lock_draft(enrolment.pk, clerk), [enrolment.lines.first().pk], clerk)
    enrolment = advance(again(enrolment), "submit", "local_approve")
    assert enrolment.bill.refunds.get().state == "DUE"
    enrolment = again(advance(enrolment, "training_return", "finance_return", "decline_payment"))
    EnrolmentLineFactory(enrolment=enrolment)
    enrolment = advance(enrolment, "submit", "local_approve")
    assert enrolment.state == "TRAINING_REVIEW"
    assert (enrolment.bill.balance, enrolment.bill.refunds.get().state) == (0, "USED")


# --- The class ------------------------------------------------------------------------------------------


def course_to(enrolment: Enrolment, *steps: str) -> None:
    for name in steps:
        course = TrainingClass.objects.get(pk=enrolment.training_class_id)
        perform(course, name, by=user_for(Role.TRAINING, enrolment))


@pytest.mark.parametrize("steps", [("close",), ("begin",), ("begin", "finish")])
def test_a_class_that_takes_no_more_is_refused_at_the_submit_and_does_not_stop_what_is_under_way(
    steps,
) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    late = EnrolmentFactory(people=1, training_class=enrolment.training_class)
    course_to(enrolment, *steps)
    sentence = refused(again(late), "submit", user_for(Role.COMPANY, late))
    assert str(enrolment.training_class) in sentence
    enrolment = advance(
        again(enrolment), "local_approve", "submit_voucher", "finance_approve", "training_confirm"
    )
    assert enrolment.state == "CONFIRMED"


def test_seats_are_taken_at_the_submit_and_given_back_at_a_return() -> None:
    course = TrainingClassFactory(type="CONTINUING", category="", capacity=2)
    first = EnrolmentFactory(people=2, training_class=course, at="LOCAL_REVIEW")
    second = EnrolmentFactory(people=1, training_class=course)
    assert TrainingClass.objects.get(pk=course.pk).seats_free() == 0
    sentence = refused(second, "submit", user_for(Role.COMPANY, second))
    assert "0" in sentence
    advance(first, "local_return")
    assert advance(again(second), "submit").state == "LOCAL_REVIEW"
    assert TrainingClass.objects.get(pk=course.pk).seats_free() == 1


def test_the_same_certificate_is_in_one_enrolment_under_way_only() -> None:
    first = EnrolmentFactory(people=1)
    second = EnrolmentFactory(company=first.company)
    line = first.lines.get()
    EnrolmentLineFactory(enrolment=second, certificate=line.certificate)
    advance(first, "submit")
    sentence = refused(second, "submit", user_for(Role.COMPANY, second))
    assert line.person.name in sentence
    assert str(first) in sentence
    advance(again(first), "local_return")
    assert advance(again(second), "submit").state == "LOCAL_REVIEW"
