"""What a company has under way in the training room and at the cash desk, for the tests of scopes."""

from types import SimpleNamespace
from typing import Any

from backoffice.core.engine import start
from backoffice.core.models import Attachment, AttachmentKind
from fees.models import PayerDefault, Refund
from registry.models import Certificate, Company, LocalBody
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import TrainingClassFactory, UserFactory
from training.models import CertificateLookup, PlatformRow, PlatformRun


def enrol(company: Company, body: LocalBody, certificate: Certificate, name: str = "") -> SimpleNamespace:
    """A confirmed enrolment of one certificate with all that was paid for it, and a refund; one record of each."""
    training_class = TrainingClassFactory(
        local_body=body,
        type="CONTINUING",
        category="",
        mode="FACE_TO_FACE",
        title=f"{name or company.pk}继续教育班",
    )
    enrolment = EnrolmentFactory(company=company, training_class=training_class)
    line = EnrolmentLineFactory(enrolment=enrolment, certificate=certificate, papers=False)
    kind, _new = AttachmentKind.objects.get_or_create(code="CERTIFICATE", defaults={"name": "培训证"})
    Attachment.objects.create(owner=enrolment, kind=kind, file="a/x.jpg", name=f"{name}上岗证.jpg")
    enrolment = advance(
        enrolment, "submit", "local_approve", "submit_voucher", "finance_approve", "training_confirm"
    )
    line.refresh_from_db()
    bill: Any = enrolment.bill
    finance = UserFactory(role="FINANCE")
    refund = start(Refund(bill=bill, amount=20, reason=f"{name}多付"), by=finance)
    voucher = bill.vouchers.get()
    PayerDefault.objects.filter(company=company).update(payer_name=f"{name}付款人")
    run = PlatformRun.objects.create(adapter="excel", people=1, created_by=finance, sent_by=finance)
    PlatformRow.objects.create(run=run, line=line)
    return SimpleNamespace(
        run=run,
        enrolment=enrolment, line=line, bill=bill, voucher=voucher, refund=refund, item=bill.items.first(),
        receipt=bill.receipts.first(), payer=PayerDefault.objects.get(company=company),
        picture=Attachment.of(voucher).get(), training_class=training_class,
        lookup=CertificateLookup.objects.create(by=company.users.first(), certificate=certificate),
    )  # fmt: skip
