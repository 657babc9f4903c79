"""报名 (specification 3.5, manual ch. 4b, 5, 6): a company enrols its people in a class; the local body, finance and
the training department look in turn."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from backoffice.core.flow import Desk, Step, step
from backoffice.core.locks import lock_related
from backoffice.core.state_field import StateField
from backoffice.core.working_days import add_working_days
from backoffice.roles import SYSTEM, Role
from fees.flows.payment import PaymentLeg
from fees.money import yuan
from registry.flows.guards import company_active, company_complete


class S(models.TextChoices):
    DRAFT = "DRAFT", gettext_lazy("Enrolment being prepared")
    LOCAL_REVIEW = "LOCAL_REVIEW", gettext_lazy("Local body review")
    AWAITING_PAYMENT = "AWAITING_PAYMENT", gettext_lazy("Payment voucher to be handed in")
    FINANCE_REVIEW = "FINANCE_REVIEW", gettext_lazy("Finance review")
    TRAINING_REVIEW = "TRAINING_REVIEW", gettext_lazy("Training department review")
    CONFIRMED = "CONFIRMED", gettext_lazy("Confirmed")
    CLOSED = "CLOSED", gettext_lazy("Completed")
    CANCELLED = "CANCELLED", pgettext_lazy("flow", "Cancelled")


#: While under way the seats are taken and the people are in no other enrolment.
UNDER_WAY = (S.LOCAL_REVIEW, S.AWAITING_PAYMENT, S.FINANCE_REVIEW, S.TRAINING_REVIEW, S.CONFIRMED)
#: Before the confirmation nothing has begun yet.
BEFORE_CONFIRMED = (S.LOCAL_REVIEW, S.AWAITING_PAYMENT, S.FINANCE_REVIEW, S.TRAINING_REVIEW)
#: FAQ 1: the learning opens within 2 working days, the papers are sent within 3.
DAYS_TO_OPEN, DAYS_FOR_PAPERS = 2, 3


def contact_known(obj: Any) -> str:
    """Manual ch. 4b-3.5: the clerk and the phone, so that questions are answered quickly."""
    if obj.contact_name and obj.contact_phone:
        return ""
    return _("Fill in the contact and the phone number first.")


def admitted_before(obj: Any) -> int:
    """How many people of this enrolment were in this very class at its last submit; 0: it never was.

    Read from the history: the company may have chosen another class since.
    """
    if obj.submitted_at is None:
        return 0
    last = obj.history.filter(state=S.LOCAL_REVIEW).order_by("-history_id").first()
    return last.people if last is not None and last.training_class_id == obj.training_class_id else 0


def class_open(obj: Any) -> str:
    """To come in, the class must be open. An enrolment under way finishes even if the class closes or begins
    (specification 3.5, edges), after a return as well; only into a class that is over or cancelled nobody gets."""
    if obj.training_class.takes_enrolments():
        return ""
    if obj.training_class.still_runs() and admitted_before(obj):
        return ""
    return _("%(class)s takes no enrolments now (%(state)s). Begin an enrolment in another class.") % {
        "class": obj.training_class, "state": obj.training_class.get_state_display(),
    }  # fmt: skip


def seats_left(obj: Any) -> str:
    """Seats are given back at a return; whoever has paid for them keeps as many, even if the class filled up."""
    wanted, free = obj.lines.values("person").distinct().count(), obj.training_class.seats_free()
    if wanted <= free or (has_paid(obj) and wanted <= admitted_before(obj)):
        return ""
    return _("%(class)s has %(free)d seats left, and this enrolment needs %(wanted)d. Take people off the roster, or "
             "enrol them in another class.") % {
        "class": obj.training_class, "free": max(free, 0), "wanted": wanted,
    }  # fmt: skip


def has_paid(obj: Any) -> bool:
    """Whether finance has verified money for it that was not paid back."""
    return bool(obj.bill is not None and obj.bill.paid > 0)


def roster_in_order(obj: Any) -> str:
    """Every rule of specification 3.6, one sentence a line that breaks one."""
    from training.roster import problems_of

    return "\n".join(problems_of(obj))


def lines_still_good(obj: Any) -> str:
    """For the reviewers: what was in order at the submit may not be any more."""
    from training.roster import changes_since_submit

    sentences = changes_since_submit(obj)
    return (
        "\n".join([*sentences, _("Return the enrolment, so that the company can correct it.")])
        if sentences
        else ""
    )


def nothing_verified(obj: Any) -> str:
    bill = obj.bill
    if bill is None or bill.paid <= 0:
        return ""
    return _("Finance has verified %(paid)s yuan for this enrolment. Ask the training department to cancel it: then "
             "the money is paid back.") % {"paid": yuan(bill.paid)}  # fmt: skip


def no_voucher_waiting(obj: Any) -> str:
    bill = obj.bill
    if bill is None or not bill.pending():
        return ""
    return _("%(enrolment)s: finance has vouchers under review; it verifies or returns them first.") % {
        "enrolment": obj
    }


class EnrolmentFlow(PaymentLeg):
    paid_to, declined_to = S.TRAINING_REVIEW, S.DRAFT
    state = StateField(gettext_lazy("state"), default=S.DRAFT, choices=S.choices)

    colours = {
        S.DRAFT: "warning", S.LOCAL_REVIEW: "info", S.AWAITING_PAYMENT: "warning", S.FINANCE_REVIEW: "info",
        S.TRAINING_REVIEW: "info", S.CONFIRMED: "success", S.CLOSED: "", S.CANCELLED: "",
    }  # fmt: skip
    desks = {
        S.DRAFT: Desk(Role.COMPANY, bound="company_id"),
        S.LOCAL_REVIEW: Desk(Role.LOCAL_BODY, bound="local_body_id", working_days=2),
        S.AWAITING_PAYMENT: Desk(Role.COMPANY, bound="company_id", working_days=10),
        S.FINANCE_REVIEW: Desk(Role.FINANCE, working_days=2),
        S.TRAINING_REVIEW: Desk(Role.TRAINING, working_days=2),
    }
    #: The class's people are learning: the learning list is where work is done now.
    resting = frozenset({S.CONFIRMED, S.CLOSED})
    bulk_related = ("company", "training_class", "local_body")

    class Meta:
        abstract = True

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        if step_name == "submit":
            lock_related(cls, ids, "training_class", "company", "lines__person", "lines__certificate")

    @step(
        state, S.DRAFT, S.LOCAL_REVIEW, by=Role.COMPANY, label=gettext_lazy("Submit"),
        when=[company_active, company_complete, contact_known], foretold=[class_open, roster_in_order, seats_left],
    )  # fmt: skip
    def submit(self, by: Any, *, at: datetime.datetime, **data: Any) -> None:
        """Freeze the roster and its prices, take the seats, and ask the local body."""
        from training.enrolling import freeze

        freeze(self, at)

    @step(
        state, S.LOCAL_REVIEW, S.AWAITING_PAYMENT, by=Role.LOCAL_BODY, label=gettext_lazy("Approve"),
        when=[lines_still_good], in_bulk=True,
    )  # fmt: skip
    def local_approve(self, by: Any, **data: Any) -> None:
        """The papers are in order: ask for the payment."""
        from fees.services import ask_for_payment

        ask_for_payment(self.bill)

    @step(
        state, S.LOCAL_REVIEW, S.DRAFT, by=Role.LOCAL_BODY, label=gettext_lazy("Return"), opinion_required=True,
        tone="danger", in_bulk=True,
    )  # fmt: skip
    def local_return(self, by: Any, **data: Any) -> None:
        """The company corrects the roster; the seats are free again."""

    @step(
        state, S.TRAINING_REVIEW, S.CONFIRMED, by=Role.TRAINING, label=gettext_lazy("Confirm"),
        when=[lines_still_good], in_bulk=True,
    )  # fmt: skip
    def training_confirm(self, by: Any, *, at: datetime.datetime, **data: Any) -> None:
        """Everybody is enrolled: the learning opens within 2 working days, or with the class where people meet face to
        face; the papers are due in 3 working days (FAQ 1)."""
        from training.enrolling import confirm_lines

        today = timezone.localdate()
        self.confirmed_at = at
        begins = self.training_class.start_date
        late = add_working_days(today, DAYS_TO_OPEN)
        self.open_by = late if self.training_class.is_online or begins is None else max(begins, today)
        self.papers_due_on = add_working_days(today, DAYS_FOR_PAPERS)
        confirm_lines(self, by)

    @step(
        state, S.TRAINING_REVIEW, S.FINANCE_REVIEW, by=Role.TRAINING, label=gettext_lazy("Return to finance"),
        opinion_required=True, tone="danger", in_bulk=True,
    )  # fmt: skip
    def training_return(self, by: Any, **data: Any) -> None:
        """Finance returns it further with this opinion (manual ch. 5-3)."""
        from fees.services import look_again

        look_again(self.bill)

    @step(
        state, S.DRAFT, S.CANCELLED, by=Role.COMPANY, label=gettext_lazy("Withdraw the enrolment"), tone="danger",
        when=[nothing_verified],
    )  # fmt: skip
    def cancel(self, by: Any, **data: Any) -> None:
        """The company does not want it any more; nothing is deleted (manual ch. 5, second part)."""
        from fees.services import cancel_bill

        cancel_bill(self.bill, "", by)

    @step(
        state, (S.DRAFT, *BEFORE_CONFIRMED), S.CANCELLED, by=Role.TRAINING,
        label=gettext_lazy("Cancel the enrolment"), opinion_required=True, tone="danger", when=[no_voucher_waiting],
    )  # fmt: skip
    def training_cancel(self, by: Any, opinion: str = "", **data: Any) -> None:
        """It does not take place; what was paid is paid back."""
        from fees.services import cancel_bill

        cancel_bill(self.bill, opinion, by)

    @step(
        state, (S.DRAFT, *UNDER_WAY), S.CANCELLED, by=SYSTEM, label=gettext_lazy("The class was cancelled"),
        tone="danger", when=[no_voucher_waiting],
    )  # fmt: skip
    def class_cancelled(self, by: Any, opinion: str = "", **data: Any) -> None:
        """The class does not take place; everybody's seat is gone, and what was paid is paid back."""
        from fees.services import cancel_bill
        from training.enrolling import drop_all

        drop_all(self, by, opinion)
        cancel_bill(self.bill, opinion, by)

    @step(state, S.CONFIRMED, S.CLOSED, by=SYSTEM, label=gettext_lazy("Everybody is through"))
    def close(self, by: Any, **data: Any) -> None:
        """Every line has its end: passed, failed or dropped."""

    @step(state, S.CLOSED, S.CONFIRMED, by=SYSTEM, label=gettext_lazy("Opened again"))
    def reopen(self, by: Any, **data: Any) -> None:
        """Somebody learns again: a retake, or a result that was withdrawn."""

    @classmethod
    def not_unseen(cls, rows: list[Any], step_name: str, by: Any) -> dict[int, list[str]]:
        """A roster with a problem, a remark or something that changed since is approved by one who looks at it."""
        from training.review import reasons_to_look

        return reasons_to_look(rows, by) if step_name == "local_approve" else {}

    def passes_over(self) -> frozenset[str]:
        """A bill of 0 skips the payment (specification 3.5, edges)."""
        free = self.submitted_at is not None and self.amount == 0
        return frozenset({S.AWAITING_PAYMENT, S.FINANCE_REVIEW}) if free else frozenset()

    def onward(self, taken: str = "") -> str:
        if self.state == S.CONFIRMED and self.all_lines_ended():
            return "close"
        if self.state == S.CLOSED and not self.all_lines_ended():
            return "reopen"
        return super().onward(taken)

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        from training import notices

        notices.enrolment(self, done.name, opinion)
