"""Enrolments for tests: every factory makes what a company could submit; `at=` takes the real steps there."""

import datetime
from decimal import Decimal
from typing import Any

import factory
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from backoffice.core.engine import perform, start
from backoffice.core.models import AttachmentKind
from backoffice.roles import Role
from fees.models import FeeSchedule
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    TrainingClassFactory,
    actor,
    give_papers,
)
from tests.files.images import jpeg
from training.models import Enrolment, EnrolmentLine, TrainingClass

#: The steps that lead to each state.
WAYS: dict[str, tuple[str, ...]] = {
    "DRAFT": (),
    "LOCAL_REVIEW": ("submit",),
    "AWAITING_PAYMENT": ("submit", "local_approve"),
    "FINANCE_REVIEW": ("submit", "local_approve", "submit_voucher"),
    "TRAINING_REVIEW": ("submit", "local_approve", "submit_voucher", "finance_approve"),
    "CONFIRMED": ("submit", "local_approve", "submit_voucher", "finance_approve", "training_confirm"),
    "CANCELLED": ("cancel",),
}


def voucher(amount: Any, **values: Any) -> dict[str, Any]:
    """What the payment page hands to submit_voucher for one transfer."""
    AttachmentKind.objects.get_or_create(code="VOUCHER", defaults={"name": "付款凭证"})
    image = SimpleUploadedFile("pay.jpg", jpeg(), content_type="image/jpeg")
    return {
        "payer_name": "广东示范监理有限公司", "invoice_title": "广东示范监理有限公司", "amount": Decimal(amount),
        "paid_on": datetime.date(2026, 6, 1), "image": image,
    } | values  # fmt: skip


def paid_back(**values: Any) -> dict[str, Any]:
    """What finance notes of a transfer that went back."""
    return {
        "reference": "TK-2026-1", "paid_on": timezone.localdate(), "payee_name": "广东示范监理有限公司",
        "payee_account": "3602000809002419563", "payee_bank": "工商银行",
    } | values  # fmt: skip


def advance(enrolment: Enrolment, *names: str, opinion: str = "请更正") -> Enrolment:
    """Take these steps one after the other, each by the one whose turn it is; vouchers cover what is left to pay."""
    for name in names:
        data = {}
        if name == "submit_voucher" and (bill := enrolment.bill).balance > 0:
            data["vouchers"] = [voucher(bill.balance)]
        by = actor(enrolment, enrolment.steps()[name].by[0])
        enrolment = perform(enrolment, name, by=by, opinion=opinion, **data)
    return enrolment


class FeeScheduleFactory(DjangoModelFactory):
    """The shipped schedule, in force since 2018: dues 100 a year, change 20, upgrade 20."""

    class Meta:
        model = FeeSchedule
        django_get_or_create = ("effective_from",)

    effective_from = datetime.date(2018, 1, 1)


class EnrolmentFactory(DjangoModelFactory):
    """A company's enrolment in an open continuing class, with nobody on it yet; a schedule is in force.

    `people=3` puts three renewals with all papers on it; `at="FINANCE_REVIEW"` takes the real steps there.
    """

    class Meta:
        model = Enrolment
        skip_postgeneration_save = True

    company = factory.SubFactory(CompanyFactory)
    training_class = factory.SubFactory(TrainingClassFactory, type=TrainingClass.Type.CONTINUING, category="")
    contact_name = "陈小明"
    contact_phone = "13800138000"

    @classmethod
    def _create(
        cls, model_class: Any, *args: Any, people: int = 0, at: str = "DRAFT", **kwargs: Any
    ) -> Enrolment:
        FeeScheduleFactory()
        enrolment = model_class(**kwargs)
        enrolment = start(enrolment, by=actor(enrolment, Role.COMPANY))
        for _number in range(people):
            EnrolmentLineFactory(enrolment=enrolment)
        return advance(enrolment, *WAYS[at])


class EnrolmentLineFactory(DjangoModelFactory):
    """A renewal: the holder works for the enrolling company, all papers are on the profile."""

    class Meta:
        model = EnrolmentLine

    enrolment = factory.SubFactory(EnrolmentFactory)
    certificate = factory.LazyAttribute(
        lambda row: CertificateFactory(
            person__company=row.enrolment.company,
            printed_company=row.enrolment.company.name,
            type="SUPERVISOR",
        )
    )
    person = factory.LazyAttribute(lambda row: row.certificate.person)
    category = factory.LazyAttribute(lambda row: row.certificate.type)
    matter = "RENEWAL"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, papers: bool = True, **kwargs: Any) -> EnrolmentLine:
        line = model_class(**kwargs)
        line.snapshot()
        line.save()
        if papers:
            give_papers(line.person, "PHOTO", "ID_CARD", "DIPLOMA", "TITLE", "CERTIFICATE")
        return line
