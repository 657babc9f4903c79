"""What the training flows tell whom, and the shipped wording (the office edits it under “Message templates”).

Companies get a mail for a whole roster, people a text message of their own. Nothing here names an ID number.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.core import reminders
from backoffice.core.links import page_of
from backoffice.core.models.numbers import written
from backoffice.core.notices import NOTICES, Notice, Recipient, notify, notify_each, register
from backoffice.core.returns import returned_by
from fees.money import yuan
from registry.flows.guards import named
from registry.notices import body_recipients, company_recipients
from registry.running import managers_of
from training.models import Enrolment, EnrolmentLine, TrainingClass

CLASS, COMPANY = "2026年第1期网络继续教育班", "广东示范监理有限公司"
NUMBER = written(2026, 4713)
PAGE = "https://members.example.org/admin/training/enrolment/1/change/"
ENROLMENT = {
    "number": NUMBER, "class": CLASS, "company": COMPANY, "body": "广州市建设监理协会", "people": 12,
    "amount": "3,600", "opinion": _("(the opinion)"), "papers_due_on": "2026-06-30", "begins": "2026-06-10",
    "place": "广州市东风中路", "page": PAGE,
}  # fmt: skip
REFUND = {"number": NUMBER, "class": CLASS, "company": COMPANY, "amount": "300", "page": PAGE}
PAID_BACK = REFUND | {
    "paid_on": "2026-06-30", "payee": COMPANY, "account": "…0123", "reference": "ICBC2026063000001",
}  # fmt: skip
CANCELLED = {
    "class": CLASS, "opinion": _("(the opinion)"), "count": 7, "people": 40,
    "page": "https://members.example.org/admin/training/trainingclass/1/change/",
}  # fmt: skip
LEARNING = {
    "number": NUMBER,
    "class": CLASS,
    "company": COMPANY,
    "count": 2,
    "names": "张三、李四",
    "opinion": _("(the opinion)"),
    "money": _("(what happens to the money)"),
    "page": PAGE,
}
PERSON = {"class": CLASS, "company": COMPANY, "name": "张三", "opinion": _("(the opinion)"), "page": PAGE}
#: So many names stand in a mail; the others are counted.
NAMED = 30


def register_notices() -> None:
    """Called once at start-up (TrainingConfig.ready)."""
    register(*map(with_number, [*of_enrolments(), *of_learning()]))
    reminders.offer(papers_due)


def with_number(notice: Notice) -> Notice:
    """Every mail to a company or body ends with the enrolment's number, by which everybody finds it."""
    if "number" not in notice.placeholders:
        return notice
    return replace(notice, body=format_lazy("{}\n\n{}", notice.body, _("Number of the enrolment: {number}")))


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
        Notice("enrolment.training_confirm.class", _("Enrolment in a face-to-face class confirmed: to the company"),
               _("{people} people are enrolled in {class}"),
               _("Your enrolment in {class} is confirmed. The class begins on {begins}: {place}. Send the paper "
                 "materials to {body} by {papers_due_on}."),
               _("Your enrolment in {class} is confirmed; it begins on {begins}: {place}. Send the papers to {body} by "
                 "{papers_due_on}."), placeholders=ENROLMENT),
        Notice("enrolment.training_confirm.body", _("Enrolment confirmed: to the body that gets the papers"),
               _("{company}: {people} people are enrolled in {class}"),
               _("The enrolment of {company} in {class} is confirmed. The company sends you the paper materials of "
                 "{people} people by {papers_due_on}; tick off when they are there."), placeholders=ENROLMENT),
        Notice("enrolment.cancelled", _("Enrolment cancelled by the association: to the company"),
               _("Your enrolment in {class} was cancelled"),
               _("Your enrolment in {class} was cancelled: “{opinion}”."),
               _("Your enrolment in {class} was cancelled: {opinion}."), placeholders=ENROLMENT),
        Notice("class.cancelled.body", _("Class cancelled: to its local body"),
               _("{class} does not take place"),
               _("{class} was cancelled: “{opinion}”. {count} enrolments ended with it, of {people} people; the "
                 "companies are told. Papers that came already go back to them."), placeholders=CANCELLED),
        Notice("enrolment.refund_due", _("Money to be paid back: to the company"),
               _("You get {amount} yuan back for {class}"),
               _("You paid {amount} yuan more for {class} than is owed now. Finance pays it back to the account it "
                 "came from."), placeholders=REFUND),
        Notice("enrolment.paid_back", _("Money paid back: to the company"),
               _("{amount} yuan were paid back for {class}"),
               _("The association paid {amount} yuan back for {class} on {paid_on}, to {payee}, account {account}; "
                 "reference of the transfer: {reference}."), placeholders=PAID_BACK),
        Notice("enrolment.paid_back.corrected", _("Details of a refund corrected: to the company"),
               _("Corrected: {amount} yuan paid back for {class}"),
               _("What we wrote of the refund for {class} was corrected: {amount} yuan, paid on {paid_on} to {payee}, "
                 "account {account}; reference of the transfer: {reference}."), placeholders=PAID_BACK),
        Notice("enrolment.training_return.company", _("Returned by the training department: to the company"),
               _("The training department returned your enrolment in {class}"),
               _("The training department returned your enrolment in {class} through finance: “{opinion}”. Open it "
                 "from your inbox: payer and invoice title can be corrected there; to change the roster, choose "
                 "“Disagree”. What finance has verified stays as credit."),
               _("Your enrolment in {class} was returned: {opinion}."), placeholders=ENROLMENT),
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
               _("These people of {company} no longer take part in {class}: {names}. The reason: “{opinion}”. {money}"),
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
        Notice("learning.class_cancelled.person", _("Class cancelled: to those who learn in it"),
               _("{class} does not take place"),
               _("{name}, {class} does not take place: “{opinion}”. Your company enrols you in another class."),
               _("{name}, {class} does not take place: {opinion}. Your company enrols you in another class."),
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
    if step == "local_approve" and row.onward(step):
        return  # nothing is left to pay, as the notice of the next step says
    bill = row.bill
    owed = bill.balance if bill is not None and step == "local_approve" else row.amount
    values = values_of(row) | {"opinion": opinion, "amount": yuan(owed)}
    codes = (f"enrolment.{step}", f"enrolment.{step}.body", *CODES.get(step, ()))
    if step == "finance_return" and returned_by(row, "training_return"):
        # Finance only passes on what the training department said: nothing is wrong with the voucher.
        codes = ("enrolment.training_return.company",)
    for code in codes:
        if code in NOTICES:
            if code == "enrolment.training_confirm" and not row.training_class.is_online:
                code = f"{code}.class"
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


@translation.override(settings.LANGUAGE_CODE)
def paid_back(row: Enrolment, refund: Any, is_correction: bool) -> None:
    """Tell the company that its money went back (called inside the step's transaction)."""
    code = "enrolment.paid_back.corrected" if is_correction else "enrolment.paid_back"
    notify(
        code, company_recipients(row.company), **values_of(row), amount=yuan(refund.amount), payee=refund.payee_name,
        account=f"…{refund.payee_account[-4:]}", reference=refund.reference, paid_on=refund.paid_on.isoformat(),
    )  # fmt: skip


def values_of(row: Enrolment) -> dict[str, Any]:
    return {
        "number": row.number, "class": row.training_class, "company": row.company, "body": row.local_body,
        "people": row.people, "papers_due_on": row.papers_due_on or "",
        "begins": row.training_class.start_date or "", "place": row.training_class.place or row.local_body,
        "page": page_of(row),
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
        values = {
            "number": row.number, "class": row.training_class, "company": row.company, "count": len(those),
            "names": names, "page": page_of(row), "money": money_of_dropped(those) if step == "drop" else "",
        }  # fmt: skip
        told.append((managers[row.company_id], values | {"opinion": opinion}))
    notify_each(code, told)
    if f"{code}.person" in NOTICES:
        tell_learners(f"{code}.person", lines, opinion)


def tell_learners(code: str, lines: Iterable[EnrolmentLine], opinion: str) -> None:
    """A message to each person, once for a class."""
    people = {(line.person_id, line.enrolment.training_class_id): line for line in lines}
    notify_each(code, [
        ([Recipient(line.person.email, line.person.phone)],
         {"class": line.enrolment.training_class, "company": line.enrolment.company, "name": line.name,
          "opinion": opinion, "page": settings.SITE_URL + reverse("admin:training_enrolmentline_mine")})
        for line in people.values()
    ])  # fmt: skip


def money_of_dropped(lines: Iterable[EnrolmentLine]) -> str:
    """What happens to the money of people who leave a confirmed class: it stays where it is (specification 3.5)."""
    paid = sum((line.amount for line in lines), Decimal(0))
    if not paid:
        return gettext("Nothing was to be paid for them.")
    return gettext("The %(amount)s yuan of these people are not paid back by that: the bill stays as it was paid. "
                   "Questions about the money are answered by finance.") % {"amount": yuan(paid)}  # fmt: skip


@translation.override(settings.LANGUAGE_CODE)
def class_cancelled(
    row: TrainingClass, ended: list[Enrolment], dropped: list[EnrolmentLine], opinion: str
) -> None:
    """Besides the companies, who are told enrolment by enrolment: the local body, and those who were learning."""
    values = {
        "class": row,
        "opinion": opinion,
        "count": len(ended),
        "people": sum(one.people for one in ended),
    }
    notify("class.cancelled.body", body_recipients(row.local_body), **values, page=page_of(row))
    tell_learners("learning.class_cancelled.person", dropped, opinion)


def shortened(names: list[str]) -> str:
    more = len(names) - NAMED
    if more <= 0:
        return named(names)
    return named(names[:NAMED]) + ngettext(" and %(more)d more", " and %(more)d more", more) % {"more": more}
