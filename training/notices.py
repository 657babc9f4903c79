"""What the training flows tell whom, and the shipped wording (the office edits it under “Message templates”).

Companies get a mail for a whole roster, people a text message of their own. Nothing here names an ID number.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.core import reminders
from backoffice.core.notices import NOTICES, Notice, Recipient, notify, notify_each, register
from fees.flows.payment import yuan
from registry.flows.guards import named
from registry.models import Company
from registry.notices import body_recipients, company_recipients
from training.models import Enrolment, EnrolmentLine

CLASS, COMPANY = "2026年第1期网络继续教育班", "广东示范监理有限公司"
ENROLMENT = {
    "class": CLASS, "company": COMPANY, "body": "广州市建设监理协会", "people": 12, "amount": "3,600",
    "opinion": _("(the opinion)"), "papers_due_on": "2026-06-30",
}  # fmt: skip
REFUND = {"class": CLASS, "company": COMPANY, "amount": "300"}
LEARNING = {
    "class": CLASS,
    "company": COMPANY,
    "count": 2,
    "names": "张三、李四",
    "opinion": _("(the opinion)"),
}
PERSON = {"class": CLASS, "company": COMPANY, "name": "张三", "opinion": _("(the opinion)")}
#: So many names stand in a mail; the others are counted.
NAMED = 30


def register_notices() -> None:
    """Called once at start-up (TrainingConfig.ready)."""
    register(*of_enrolments(), *of_learning())
    reminders.offer(papers_due)


def of_enrolments() -> list[Notice]:
    return [
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
        Notice("enrolment.skip_payment", _("Enrolment approved, nothing to pay: to the company"),
               _("Your enrolment in {class} was approved"),
               _("{body} approved your enrolment of {people} people in {class}. Nothing is left to pay; the training "
                 "department confirms it next."), placeholders=ENROLMENT),
        Notice("enrolment.finance_return", _("Voucher returned by finance: to the company"),
               _("Please correct the payment voucher for {class}"),
               _("Finance returned the voucher for {class}: “{opinion}”. Correct it from your inbox; to change the "
                 "roster, choose “Disagree” there."),
               _("Finance returned the voucher for {class}: {opinion}."), placeholders=ENROLMENT),
        Notice("enrolment.finance_approve", _("Payment verified: to the company"),
               _("We received your payment for {class}"),
               _("Finance verified your payment for {people} people in {class}. The training department confirms the "
                 "enrolment next."), placeholders=ENROLMENT),
        Notice("enrolment.training_confirm", _("Enrolment confirmed: to the company"),
               _("{people} people are enrolled in {class}"),
               _("Your enrolment in {class} is confirmed. The learning opens within two working days. Send the paper "
                 "materials to {body} by {papers_due_on}."),
               _("Your enrolment in {class} is confirmed. Send the papers to {body} by {papers_due_on}."),
               placeholders=ENROLMENT),
        Notice("enrolment.training_confirm.body", _("Enrolment confirmed: to the body that gets the papers"),
               _("{company}: {people} people are enrolled in {class}"),
               _("The enrolment of {company} in {class} is confirmed. The company sends you the paper materials of "
                 "{people} people by {papers_due_on}; tick off when they are there."), placeholders=ENROLMENT),
        Notice("enrolment.cancelled", _("Enrolment cancelled by the association: to the company"),
               _("Your enrolment in {class} was cancelled"),
               _("Your enrolment in {class} was cancelled: “{opinion}”."),
               _("Your enrolment in {class} was cancelled: {opinion}."), placeholders=ENROLMENT),
        Notice("enrolment.refund_due", _("Money to be paid back: to the company"),
               _("You get {amount} yuan back for {class}"),
               _("You paid {amount} yuan more for {class} than is owed now. Finance pays it back to the account it "
                 "came from."), placeholders=REFUND),
        Notice("enrolment.papers_due", _("Paper materials due by tomorrow: to the company, each working day"),
               _("Paper materials for {class}: due on {papers_due_on}"),
               _("{body} has no paper materials yet for your enrolment of {people} people in {class}. Send them by "
                 "{papers_due_on}; what to send stands on the enrolment’s page."),
               _("Paper materials for {class} are due at {body} on {papers_due_on}."), placeholders=ENROLMENT),
    ]  # fmt: skip


def of_learning() -> list[Notice]:
    return [
        Notice("learning.open", _("Learning opened: to the company"),
               _("{class} is open for {count} people"),
               _("These people of {company} can learn now in {class}: {names}."), placeholders=LEARNING),
        Notice("learning.open.person", _("Learning opened: to the person"),
               _("You can learn now: {class}"),
               _("{name}, your learning in {class} is open."),
               _("{name}, your learning in {class} is open."), placeholders=PERSON),
        Notice("learning.passed", _("Passed: to the company"),
               _("{count} people passed {class}"),
               _("These people of {company} passed {class}: {names}. The certificates follow with the next batch."),
               placeholders=LEARNING),
        Notice("learning.passed.person", _("Passed: to the person"),
               _("You passed {class}"),
               _("{name}, you passed {class}. The certificate follows with the next batch."),
               _("{name}, you passed {class}. The certificate follows with the next batch."), placeholders=PERSON),
        Notice("learning.failed", _("Not passed: to the company"),
               _("{count} people did not pass {class}"),
               _("These people of {company} did not pass {class}: {names}. The training department can open a retake."),
               placeholders=LEARNING),
        Notice("learning.failed.person", _("Not passed: to the person"),
               _("You did not pass {class}"),
               _("{name}, you did not pass {class}. Ask your company about a retake."),
               _("{name}, you did not pass {class}. Ask your company about a retake."), placeholders=PERSON),
        Notice("learning.drop", _("Taken out of the class: to the company"),
               _("{count} people no longer take part in {class}"),
               _("These people of {company} no longer take part in {class}: {names}. The reason: “{opinion}”."),
               placeholders=LEARNING),
        Notice("learning.withdrawn", _("Result withdrawn: to the company"),
               _("{class}: the results of {count} people were withdrawn"),
               _("The results of these people of {company} in {class} were wrong and are withdrawn; they are learning "
                 "again: {names}. The reason: “{opinion}”."),
               placeholders=LEARNING),
        Notice("learning.withdrawn.person", _("Result withdrawn: to the person"),
               _("Your result in {class} was withdrawn"),
               _("{name}, your result in {class} was wrong and is withdrawn; you are learning again. The reason: "
                 "“{opinion}”."),
               _("{name}, your result in {class} was wrong and is withdrawn; you are learning again."),
               placeholders=PERSON),
    ]  # fmt: skip


# --- Enrolments --------------------------------------------------------------------------------------

#: Which notices go out at a step besides "enrolment.<step>"; codes nobody registered tell nobody.
CODES = {
    "training_cancel": ("enrolment.cancelled",), "class_cancelled": ("enrolment.cancelled",),
}  # fmt: skip
#: At these, money may become due to be paid back.
SETTLING = ("finance_approve", "skip_payment", "cancel", "training_cancel", "class_cancelled")


@translation.override(settings.LANGUAGE_CODE)
def enrolment(row: Enrolment, step: str, opinion: str) -> None:
    """Tell whoever has to know of this step of an enrolment (called inside its transaction)."""
    if step == "local_approve" and row.onward():
        return  # nothing is left to pay, as the notice of the next step says
    bill = row.bill
    owed = bill.balance if bill is not None and step == "local_approve" else row.amount
    values = values_of(row) | {"opinion": opinion, "amount": yuan(owed)}
    for code in (f"enrolment.{step}", f"enrolment.{step}.body", *CODES.get(step, ())):
        if code in NOTICES:
            to_body = code.endswith(".body")
            notify(
                code,
                body_recipients(row.local_body) if to_body else company_recipients(row.company),
                **values,
            )
    if step in SETTLING and bill is not None:
        refund = bill.refunds.filter(state="DUE").first()
        if refund is not None:
            values |= {"amount": yuan(refund.amount)}
            notify("enrolment.refund_due", company_recipients(row.company), **values)


def values_of(row: Enrolment) -> dict[str, Any]:
    return {
        "class": row.training_class, "company": row.company, "body": row.local_body, "people": row.people,
        "papers_due_on": row.papers_due_on or "",
    }  # fmt: skip


def papers_due(today: datetime.date, tomorrow: datetime.date) -> tuple[str, list[reminders.Due]]:
    """A source of reminders: paper materials that are due by the next working day and have not come (FAQ 1)."""
    rows = Enrolment.objects.filter(
        state__in=("CONFIRMED", "CLOSED"), papers_due_on__range=(today, tomorrow), papers_received_on=None
    )
    found = list(rows.select_related("company", "training_class", "local_body").order_by("pk"))
    managers = managers_of(row.company for row in found)
    return "enrolment.papers_due", [(managers[row.company_id], values_of(row)) for row in found]


# --- Learning ----------------------------------------------------------------------------------------

#: The notice of a step of the learning; with “.person” it goes to the people themselves.
LEARNING_CODES = {
    "open_learning": "learning.open", "retake": "learning.open", "record_pass": "learning.passed",
    "record_fail": "learning.failed", "drop": "learning.drop", "withdraw_pass": "learning.withdrawn",
    "withdraw_fail": "learning.withdrawn", "take_result_back": "learning.withdrawn",
}  # fmt: skip


@translation.override(settings.LANGUAGE_CODE)
def learning(lines: list[EnrolmentLine], step: str, opinion: str) -> None:
    """One mail for each company's roster and a text message to each person, in a constant number of queries."""
    if (code := LEARNING_CODES.get(step, "")) not in NOTICES:
        return
    rosters: dict[int, list[EnrolmentLine]] = defaultdict(list)
    for line in lines:
        rosters[line.enrolment_id].append(line)
    managers = managers_of(line.enrolment.company for line in lines)
    told = []
    for those in rosters.values():
        row = those[0].enrolment
        names = shortened(list(dict.fromkeys(line.name for line in those)))
        values = {"class": row.training_class, "company": row.company, "count": len(those), "names": names}
        told.append((managers[row.company_id], values | {"opinion": opinion}))
    notify_each(code, told)
    if f"{code}.person" in NOTICES:
        people = {(line.person_id, line.enrolment.training_class_id): line for line in lines}
        notify_each(f"{code}.person", [
            ([Recipient(line.person.email, line.person.phone)],
             {"class": line.enrolment.training_class, "company": line.enrolment.company, "name": line.name,
              "opinion": opinion})
            for line in people.values()
        ])  # fmt: skip


def shortened(names: list[str]) -> str:
    more = len(names) - NAMED
    if more <= 0:
        return named(names)
    return named(names[:NAMED]) + ngettext(" and %(more)d more", " and %(more)d more", more) % {"more": more}


def managers_of(companies: Iterable[Company]) -> dict[int, list[Recipient]]:
    """`company_recipients()` of many companies with one query."""
    known = {company.pk: company for company in companies}
    found: dict[int, list[Recipient]] = {pk: [] for pk in known}
    users: Any = get_user_model()._default_manager.filter(company__in=known, is_manager=True, is_active=True)
    for user in users.order_by("pk"):
        if user.email or user.phone:
            found[user.company_id].append(Recipient(user.email, user.phone))
    return {pk: found[pk] or [Recipient(company.email)] for pk, company in known.items()}
