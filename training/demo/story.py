"""How enrolments are told: the steps of the product with what people enter at each, all of it dated back.

Besides the record itself a step of an enrolment writes its bill, vouchers, receipts, refunds and lines.
"""

import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.flow import Flow
from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.core.search import any_of
from backoffice.core.working_days import add_working_days
from backoffice.roles import Role
from fees.models import BankAccount, Bill, PayerDefault, Receipt, Refund, Voucher
from registry.demo.story import Backdated, Stories
from training.demo.pictures import transfer_slip
from training.enrolling import move_lines
from training.flows.enrolment import DAYS_FOR_PAPERS, DAYS_TO_OPEN
from training.models import Enrolment, EnrolmentLine, PlatformRow, PlatformRun
from training.platform.answers import tidy
from training.platform.hand_off import adapter, hand_off

#: What a step of an enrolment writes; each with a history, whose rows are dated back with it.
WRITTEN: tuple[Any, ...] = (Enrolment, EnrolmentLine, Bill, Voucher, Receipt, Refund)
#: The same without one.
NOTED: tuple[Any, ...] = (Attachment, TransitionLog, Task, PlatformRun, PlatformRow)
#: The first receipts of the demo; later ones count on.
FIRST_NUMBERS = {"FISCAL": 73120480, "INVOICE": 25440001}


class BackdatedEnrolment(Backdated):
    """Everything that enrolments and the cash desk stored inside this block is dated `at`."""

    def __exit__(self, failure: Any, *rest: Any) -> None:
        if failure is not None:
            return
        # Asked first: what is dated back is not found by its date any more.
        touched = [row for row in WRITTEN if row.history.filter(history_date__gte=self.began).exists()]
        super().__exit__(failure, *rest)
        self.count_days()
        for model in touched:
            self.redate(model)
            self.redate(model.history.model)
        for model in NOTED:
            self.redate(model)

    def redate(self, model: Any) -> None:
        """Every moment the block wrote becomes the story's: one statement for a table."""
        names = [
            field.attname for field in model._meta.concrete_fields if isinstance(field, models.DateTimeField)
        ]
        fresh = [Q(**{f"{name}__gte": self.began}) for name in names]
        changes = {
            name: Case(When(condition, then=Value(self.at)), default=F(name))
            for name, condition in zip(names, fresh, strict=True)
        }
        model._default_manager.filter(any_of(fresh)).update(**changes)

    def count_days(self) -> None:
        """The deadlines are counted from the story's day, not from today."""
        day = timezone.localdate(self.at)
        deadlines = {
            "open_by": add_working_days(day, DAYS_TO_OPEN),
            "papers_due_on": add_working_days(day, DAYS_FOR_PAPERS),
        }
        for rows in (Enrolment._default_manager, Enrolment.history):
            rows.filter(confirmed_at__gte=self.began).update(**deadlines)
        for task in Task.objects.filter(opened_at__gte=self.began).select_related("content_type"):
            flow: Any = task.content_type.model_class()
            days = flow.desks[task.state].working_days
            task.due_on = add_working_days(day, days) if days else None
            task.save(update_fields=["due_on"])


class EnrolmentStories(Stories):
    """Knows what a company enters on the payment page, and finance and the training department on theirs."""

    backdated = BackdatedEnrolment

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.numbers = dict(FIRST_NUMBERS)
        #: How many yuan more than asked the next voucher shows.
        self.too_much = Decimal(0)
        #: In how many transfers the next payment is made.
        self.transfers = 1

    def data_of(self, record: Any, step: str, at: datetime.datetime) -> dict[str, Any]:
        day = timezone.localdate(at)
        if step == "submit_voucher":
            return {"vouchers": self.vouchers(record, day)}
        if step == "issue":
            self.numbers[record.kind] += 1
            return {"number": str(self.numbers[record.kind]), "issued_on": day}
        if step == "pay_back":
            paid = record.bill.vouchers.filter(status=Voucher.Status.VERIFIED).last()
            return {
                "reference": f"ICBC{day:%Y%m%d}{record.pk:06d}", "paid_on": day, "payee_bank": "中国建设银行广州分行",
                "payee_name": paid.payer_name, "payee_account": f"44001{record.bill.company_id:012d}",
            }  # fmt: skip
        return {}

    def vouchers(self, enrolment: Enrolment, day: datetime.date) -> list[dict[str, Any]]:
        """What covers the bill: those that were returned once more, with a new picture, or new ones."""
        bill = enrolment.bill
        returned = list(bill.vouchers.filter(status=Voucher.Status.RETURNED))
        if returned:
            return [self.transfer(bill, row.amount, row.paid_on or day, row.pk) for row in returned]
        owed = bill.balance + self.too_much
        if owed <= 0:
            return []
        first = (owed / self.transfers).quantize(Decimal(1))
        amounts = [first, owed - first] if self.transfers > 1 else [owed]
        self.too_much, self.transfers = Decimal(0), 1
        return [self.transfer(bill, amount, day) for amount in amounts]

    def transfer(self, bill: Bill, amount: Decimal, day: datetime.date, pk: int = 0) -> dict[str, Any]:
        known = PayerDefault.objects.filter(company=bill.company).first()
        payer = known.payer_name if known else str(bill.company)
        remark = f"{bill.company} {Enrolment._meta.verbose_name} {bill.number}"
        values = {
            "payer_name": payer, "invoice_title": known.invoice_title if known else payer, "amount": amount,
            "paid_on": day, "image": transfer_slip(payer, amount, day, BankAccount.shown(), remark),
        }  # fmt: skip
        return {**values, "pk": pk} if pk else values

    def learn(self, enrolment: Enrolment, ago: int, step: str, share: str, opinion: str = "") -> None:
        """Take a step of the learning with a share of those who can: "all", "half", "one", or all but one, "most"."""
        declared = EnrolmentLine.steps()[step]
        lines = list(enrolment.lines.filter(state__in=declared.sources))
        chosen = {
            "all": lines,
            "half": lines[: (len(lines) + 1) // 2],
            "one": lines[-1:],
            "most": lines[:-1],
        }[share]
        if not chosen:
            return
        local = not enrolment.training_class.is_online and Role.LOCAL_BODY in declared.by
        by = self.body_users[enrolment.local_body_id] if local else self.staff[Role.TRAINING]
        at = self.later(enrolment, ago)
        with self.backdated(enrolment, at):
            data = {line.pk: self.result(step, timezone.localdate(at)) for line in chosen}
            if step == "hand_off" and adapter() == PlatformRun.Adapter.EXCEL:
                hand_off(data, by=by)
            else:
                move_lines(data, step, by=by, opinion=opinion, data=data)
                tidy(data)

    def result(self, step: str, day: datetime.date) -> dict[str, Any]:
        """What a learner brings home: the hours and a believable score."""
        if step == "record_pass":
            return {"study_hours": Decimal(24), "score": Decimal(self.draw.randint(72, 97)), "passed_on": day}
        if step == "record_fail":
            return {"study_hours": Decimal(14), "score": Decimal(self.draw.randint(38, 58))}
        return {}

    def later(self, record: Flow, ago: int) -> datetime.datetime:
        """The moment so many working days ago, after the record's last step."""
        log = TransitionLog.of(record).first()
        earliest = log.at + datetime.timedelta(minutes=3) if log else None
        moment = self.moment(ago)
        return min(max(moment, earliest) if earliest else moment, timezone.now())

    def take(self, record: Flow, ago: int, step: str, opinion: str = "") -> Any:
        """One step, by whoever's turn it is, after the record's last one; return the record as stored."""
        at = self.later(record, ago)
        with self.backdated(record, at) as backdated:
            actor, data = self.actor(record, record.steps()[step].by), self.data_of(record, step, at)
            backdated.record = perform(record, step, by=actor, opinion=opinion, **data)
        return type(record)._default_manager.get(pk=record.pk)
