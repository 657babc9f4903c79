"""What the training flows tell whom, and the shipped wording (the office edits it under “Message templates”)."""

from django.utils.translation import gettext_lazy as _

from backoffice.core.notices import NOTICES, Notice, notify, register
from registry.notices import body_recipients, company_recipients
from training.models import Enrolment

ENROLMENT = {
    "class": "2026年第1期网络继续教育班", "company": "广东示范监理有限公司", "body": "广州市建设监理协会", "people": 12,
    "amount": "3,600", "opinion": _("(the opinion)"), "papers_due_on": "2026-06-30",
}  # fmt: skip


def register_notices() -> None:
    """Called once at start-up (TrainingConfig.ready)."""
    register(
        Notice("enrolment.submit.body", _("Enrolment submitted: to the reviewing body"),
               _("{company} enrols {people} people in {class}"),
               _("{company} enrols {people} people in {class}. Please review the roster in your inbox."),
               placeholders=ENROLMENT),
        Notice("enrolment.local_return", _("Enrolment returned by the local body: to the company"),
               _("Please correct your enrolment in {class}"),
               _("{body} returned your enrolment in {class}: “{opinion}”. Correct it from your inbox and submit it "
                 "again."),
               _("Your enrolment in {class} was returned: {opinion}. Correct it from your inbox."),
               placeholders=ENROLMENT),
        Notice("enrolment.local_approve", _("Enrolment approved by the local body: to the company"),
               _("Please pay for {class}"),
               _("{body} approved your enrolment of {people} people in {class}. Pay {amount} yuan and hand in the "
                 "voucher from your inbox."),
               _("Your enrolment in {class} was approved. Pay {amount} yuan and hand in the voucher."),
               placeholders=ENROLMENT),
        Notice("enrolment.finance_return", _("Voucher returned by finance: to the company"),
               _("Please correct the payment voucher for {class}"),
               _("Finance returned the voucher for {class}: “{opinion}”. Correct it from your inbox; to change the "
                 "roster, choose “Disagree” there."),
               _("Finance returned the voucher for {class}: {opinion}."), placeholders=ENROLMENT),
        Notice("enrolment.training_confirm", _("Enrolment confirmed: to the company"),
               _("{people} people are enrolled in {class}"),
               _("Your enrolment in {class} is confirmed. The learning opens within two working days. Send the paper "
                 "materials to {body} by {papers_due_on}."),
               _("Your enrolment in {class} is confirmed. Send the papers to {body} by {papers_due_on}."),
               placeholders=ENROLMENT),
        Notice("enrolment.cancelled", _("Enrolment cancelled by the association: to the company"),
               _("Your enrolment in {class} was cancelled"),
               _("Your enrolment in {class} was cancelled: “{opinion}”. What you paid is paid back."),
               _("Your enrolment in {class} was cancelled: {opinion}."), placeholders=ENROLMENT),
    )  # fmt: skip


#: Which notice goes out at a step; steps that are not listed tell nobody.
CODES = {
    "submit": "enrolment.submit.body", "training_cancel": "enrolment.cancelled",
    "class_cancelled": "enrolment.cancelled",
}  # fmt: skip


def enrolment(row: Enrolment, step: str, opinion: str) -> None:
    code = CODES.get(step, f"enrolment.{step}")
    if code not in NOTICES:
        return
    to_body = code.endswith(".body")
    recipients = body_recipients(row.local_body) if to_body else company_recipients(row.company)
    notify(
        code, recipients, company=row.company, body=row.local_body, people=row.people, opinion=opinion,
        amount=f"{row.amount:,.0f}", papers_due_on=row.papers_due_on or "", **{"class": row.training_class},
    )  # fmt: skip
