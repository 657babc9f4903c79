"""The dates of the demo are those of people who work: nothing on days off, nobody too young, nobody before joining."""

import datetime
from collections import Counter

import pytest
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.models import Attachment, TransitionLog
from backoffice.core.working_days import is_working_day, working_days_between
from fees.models import Receipt, Voucher
from registry.demo.users import acts_of_users
from registry.models import Certificate, CertificateTerm
from training.models import TrainingClass

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.xdist_group("demo")]


def test_no_certificate_is_issued_or_renewed_on_a_day_off(printed: str) -> None:
    days = set(Certificate.objects.values_list("issue_date", flat=True))
    days |= set(CertificateTerm.objects.values_list("start_date", flat=True))
    assert sorted(day for day in days if not is_working_day(day)) == []


def test_holders_were_grown_up_at_the_first_issue_and_are_not_past_working_age(printed: str) -> None:
    today = timezone.localdate()
    for certificate in Certificate.objects.select_related("person"):
        born = certificate.person.birthday
        assert (certificate.issue_date - born).days >= 20 * 365.25, certificate
        assert (today - born).days < 75 * 365.25, certificate


def test_classes_begin_and_end_on_working_days_and_those_to_come_have_no_day_off(printed: str) -> None:
    today = timezone.localdate()
    for session in TrainingClass.objects.all():
        assert is_working_day(session.start_date), session
        assert is_working_day(session.end_date), session
        if session.mode == "FACE_TO_FACE" and session.start_date > today:
            length = (session.end_date - session.start_date).days
            assert working_days_between(session.start_date, session.end_date) == length, session


def test_every_voucher_has_a_picture_of_its_own(printed: str) -> None:
    pictures = [
        Attachment.of(voucher).filter(removed_at=None).get().sha256 for voucher in Voucher.objects.all()
    ]
    assert len(pictures) > 10
    assert [digest for digest, number in Counter(pictures).items() if number > 1] == []


def test_whoever_acted_had_joined_before_and_had_signed_in_for_it(printed: str) -> None:
    acts = acts_of_users()
    assert set(TransitionLog.objects.exclude(by=None).values_list("by", flat=True)) <= set(acts)
    for user in User.objects.filter(pk__in=acts):
        first, last = acts[user.pk]
        assert user.joined_at < first, user
        assert user.last_login is not None, user
        assert user.joined_at < user.last_login < last <= timezone.now(), user
        assert user.history.latest().joined_at == user.joined_at
        assert user.history.earliest().history_date == user.joined_at


def test_receipts_were_written_on_several_days_each_after_its_payment(printed: str) -> None:
    issued = Receipt.objects.exclude(issued_on=None).order_by("kind", "number")
    assert len({receipt.issued_on for receipt in issued}) >= 4
    for receipt in issued:
        assert is_working_day(receipt.issued_on)
        assert receipt.issued_on - timezone.localdate(receipt.created_at) >= datetime.timedelta(days=1)
    for kind in {receipt.kind for receipt in issued}:
        days = [receipt.issued_on for receipt in issued if receipt.kind == kind]
        assert days == sorted(days)  # the numbers follow the days
