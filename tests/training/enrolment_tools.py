"""The enrolment's steps written down independently, everybody who may try one, and all that a step may write."""

from typing import Any

from django.db import connection, models

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.models import Message, Task, TransitionLog
from backoffice.roles import Role
from fees.models import Bill, BillItem, Receipt, Refund, Voucher
from tests.factories import UserFactory
from training.models import Enrolment, EnrolmentLine

C, L, F, T = Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING
BEFORE = ("LOCAL_REVIEW", "AWAITING_PAYMENT", "FINANCE_REVIEW", "TRAINING_REVIEW")
#: step -> (role, from, to)
STEPS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "submit": (C, ("DRAFT",), "LOCAL_REVIEW"),
    "local_approve": (L, ("LOCAL_REVIEW",), "AWAITING_PAYMENT"),
    "local_return": (L, ("LOCAL_REVIEW",), "DRAFT"),
    "submit_voucher": (C, ("AWAITING_PAYMENT",), "FINANCE_REVIEW"),
    "decline_payment": (C, ("AWAITING_PAYMENT",), "DRAFT"),
    "finance_approve": (F, ("FINANCE_REVIEW",), "TRAINING_REVIEW"),
    "finance_return": (F, ("FINANCE_REVIEW",), "AWAITING_PAYMENT"),
    "training_confirm": (T, ("TRAINING_REVIEW",), "CONFIRMED"),
    "training_return": (T, ("TRAINING_REVIEW",), "FINANCE_REVIEW"),
    "cancel": (C, ("DRAFT",), "CANCELLED"),
    "training_cancel": (T, ("DRAFT", *BEFORE), "CANCELLED"),
}
#: Taken by the system alone.
BY_ITSELF = ("skip_payment", "class_cancelled", "close", "reopen")
NEEDS_OPINION = {"local_return", "finance_return", "training_return", "training_cancel"}
STATES = ("DRAFT", *BEFORE, "CONFIRMED", "CLOSED", "CANCELLED")


def user_for(role: str, enrolment: Enrolment) -> Any:
    """A user of the role, bound to the enrolment's own company or body."""
    bound = {Role.COMPANY: "company", Role.LOCAL_BODY: "local_body"}.get(Role(role))
    return UserFactory(role=role, **({bound: getattr(enrolment, bound)} if bound else {}))


def everything() -> list[Any]:
    """All that a step of an enrolment may write, as it is stored, for comparing before and after."""
    tables: tuple[type[models.Model], ...] = (
        Enrolment, Enrolment.history.model, EnrolmentLine, EnrolmentLine.history.model, Task, TransitionLog, Message,
        Bill, BillItem, Voucher, Receipt, Refund,
    )  # fmt: skip
    stored = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table._meta.db_table} ORDER BY {table._meta.pk.column}")
            stored.append(cursor.fetchall())
    return stored


def refused(enrolment: Any, name: str, by: Any, *, before: list[Any] | None = None, **data: Any) -> str:
    """Take a step that must be refused without a trace; return the sentence.

    Whoever tries many steps in a row looks at everything() once and hands it over: after none may it be different.
    """
    before = before or everything()
    try:
        perform(enrolment, name, by=by, **data)
    except StepRefused as refusal:
        assert everything() == before
        return str(refusal)
    raise AssertionError(f"{name} was not refused")


def again(record: Any) -> Any:
    """The record as it is stored."""
    return type(record).objects.get(pk=record.pk)
