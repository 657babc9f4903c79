"""A company's own statistics: people by year, type and mode, results, payments, certificates about to expire."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import start
from backoffice.roles import Role
from fees.models import Refund
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import CertificateFactory, PersonFactory, UserFactory, actor, client_of
from training.enrolling import move_lines
from training.models import EnrolmentLine
from training.statistics import Learned, statistics

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:training_enrolment_statistics")


def clerk_of(enrolment: Any) -> Any:
    return actor(enrolment, Role.COMPANY)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPANY])
def test_only_companies_have_statistics_of_their_own(role: str) -> None:
    assert client_of(UserFactory(role=role)).get(PAGE).status_code == 403


def test_the_list_of_a_company_leads_there_and_no_other() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    address = reverse("admin:training_enrolment_changelist")
    assert PAGE in client_of(clerk_of(enrolment)).get(address).content.decode()
    assert PAGE not in client_of(UserFactory(role=Role.TRAINING)).get(address).content.decode()


def test_a_company_without_anything_reads_what_to_do() -> None:
    text = client_of(UserFactory(role=Role.COMPANY)).get(PAGE).content.decode()
    assert text.count("<table") == 0


def test_results_are_counted_by_year_type_and_mode_and_only_the_own_ones() -> None:
    enrolment = EnrolmentFactory(people=4, at="CONFIRMED")
    EnrolmentFactory(people=2, at="CONFIRMED")  # of strangers
    EnrolmentFactory(people=2, company=enrolment.company)  # a draft takes no seat
    one, two, three, _four = enrolment.lines.values_list("pk", flat=True)
    training = UserFactory(role=Role.TRAINING)
    everybody = [one, two, three]
    for step, lines in (("hand_off", everybody), ("open_learning", everybody), ("record_pass", [one, two]),
                        ("record_fail", [three])):  # fmt: skip
        assert not move_lines(lines, step, by=training).refused
    (row,) = statistics(clerk_of(enrolment)).learned
    first = enrolment.training_class
    assert row == Learned(
        first.start_date.year, first.get_type_display(), first.get_mode_display(), enrolled=4, passed=2, failed=1,
        dropped=0,
    )  # fmt: skip
    assert (row.open, row.rate) == (1, 67)


def test_years_types_and_modes_stand_in_rows_of_their_own() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    other = EnrolmentFactory(
        people=1, at="LOCAL_REVIEW", company=enrolment.company, training_class__mode="FACE_TO_FACE"
    )
    assert len(statistics(clerk_of(enrolment)).learned) == 2
    other.training_class.start_date = None
    other.training_class.save()
    assert [row.year for row in statistics(clerk_of(enrolment)).learned][-1] is None


def test_payments_are_verified_vouchers_less_what_was_paid_back() -> None:
    enrolment = EnrolmentFactory(people=2, at="TRAINING_REVIEW")
    EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    waiting = EnrolmentFactory(people=3, at="AWAITING_PAYMENT", company=enrolment.company)
    refund = start(Refund(bill=enrolment.bill, amount=20, reason="多付"), by=UserFactory(role=Role.FINANCE))
    Refund.objects.filter(pk=refund.pk).update(state="PAID", paid_on=timezone.localdate())
    found = statistics(clerk_of(enrolment))
    (row,) = found.paid
    assert (row.year, row.paid, row.refunded, row.net) == (timezone.localdate().year, 600, 20, 580)
    assert found.owed == Decimal(900)
    advance(waiting, "submit_voucher")
    assert statistics(clerk_of(enrolment)).owed == 0


def test_certificates_about_to_expire_are_counted_and_the_next_named() -> None:
    clerk = UserFactory(role=Role.COMPANY)
    today = timezone.localdate()
    ends = {days: today + datetime.timedelta(days=days) for days in (-1, 0, 30, 31, 90, 180, 181)}
    held = {
        days: CertificateFactory(
            person=PersonFactory(company=clerk.company),
            expiry_date=day,
            issue_date=day - datetime.timedelta(days=1000),
        )
        for days, day in ends.items()
    }
    CertificateFactory(expiry_date=ends[0], issue_date=today - datetime.timedelta(days=1000))
    found = statistics(clerk)
    assert [(entry.days, entry.count) for entry in found.expiring] == [(0, 1), (30, 2), (90, 4), (180, 5)]
    assert found.next == [held[days] for days in (-1, 0, 30, 31, 90, 180)]


def test_who_is_enrolled_already_is_not_named_again() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    certificate = enrolment.lines.get().certificate
    certificate.expiry_date = timezone.localdate() + datetime.timedelta(days=5)
    certificate.save()
    found = statistics(clerk_of(enrolment))
    assert found.next == []
    assert [entry.count for entry in found.expiring] == [0, 1, 1, 1]
    advance(enrolment, "local_return")
    assert statistics(clerk_of(enrolment)).next == [certificate]


def test_links_of_the_numbers_lead_to_these_certificates() -> None:
    clerk = UserFactory(role=Role.COMPANY)
    today = timezone.localdate()
    for days in (-5, 10, 60, 300):
        CertificateFactory(
            person=PersonFactory(company=clerk.company), expiry_date=today + datetime.timedelta(days=days),
            issue_date=today - datetime.timedelta(days=900),
        )  # fmt: skip
    client = client_of(clerk)
    for entry in statistics(clerk).expiring:
        address = f"{reverse('admin:registry_certificate_changelist')}?status=VALID&{entry.query}"
        assert len(client.get(address).context["cl"].result_list) == entry.count


def test_the_page_takes_as_many_queries_for_much_as_for_little(django_assert_max_num_queries: Any) -> None:
    enrolment = EnrolmentFactory(people=5, at="CONFIRMED")
    EnrolmentLine.objects.filter(enrolment=enrolment)[:1]
    client = client_of(clerk_of(enrolment))
    client.get(PAGE)
    with django_assert_max_num_queries(14):
        assert client.get(PAGE).status_code == 200
