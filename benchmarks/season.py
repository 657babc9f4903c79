"""A season on top of the register: enrolments with their people, tasks, bills and papers, and the outbox.

Of 1,000,000 certificates it makes 100,000 open tasks, 60,000 enrolment lines, 200,000 bills with vouchers and receipts,
5,000 refunds and 200,000 messages; smaller registers have smaller seasons. Written by `benchmarks.dataset`.
"""

import datetime
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from benchmarks import inbox_data
from fixtures.names import DemoNames

TODAY = datetime.date.today()
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
ENROLMENT = "training.enrolment"
#: State of an enrolment -> stage of its bill.
STAGES = {
    "DRAFT": "IDLE", "LOCAL_REVIEW": "IDLE", "AWAITING_PAYMENT": "OPEN", "FINANCE_REVIEW": "REVIEW",
    "TRAINING_REVIEW": "SETTLED", "CONFIRMED": "SETTLED", "CLOSED": "SETTLED",
}  # fmt: skip
LEARNING = ("PENDING", "SUBMITTED", "LEARNING", "LEARNING", "PASSED")
EACH = Decimal(300)
Row = dict[str, Any]


def write(rows: int, companies: Sequence[tuple], people: Sequence[tuple]) -> None:
    from django.contrib.contenttypes.models import ContentType

    from backoffice.accounts.models import User
    from backoffice.core.models import Message
    from benchmarks import dataset
    from registry.models import LocalBody
    from training.models import TrainingClass

    chance, names = random.Random(rows + 1), DemoNames(rows + 1)
    bodies = list(LocalBody.objects.order_by("pk").values_list("pk", flat=True))
    columns, classes = inbox_data.TRAINING_CLASS, inbox_data.make_classes(bodies)
    insert(TrainingClass, (dict(zip(columns, row, strict=True)) for row in classes))
    kinds = {
        model: ContentType.objects.get_by_natural_key(*model.split(".")).pk for model in inbox_data.FLOWS
    }
    maker = inbox_data.Maker(companies, bodies, names, chance)
    records = sorted(maker.records(rows // 10, rows // 5), key=attrgetter("begun"))
    found: list[Row] = []
    for model in inbox_data.FLOWS:
        of_flow = [record for record in records if record.model == model]
        for number, record in enumerate(of_flow, 1):
            record.id = number
        columns, row_of = inbox_data.TABLES[model]
        made = [dict(zip(columns, row_of(record), strict=True)) for record in of_flow]
        if model == ENROLMENT:
            found = made = enrolments(made, rows // 5, maker, chance)
        insert(model, made)
    users = [
        (user.pk, "", "", "", user.role, user.company_id, user.local_body_id) for user in User.objects.all()
    ]
    dataset.insert("core_task", inbox_data.TASK, inbox_data.make_tasks(records, users, kinds, chance))
    insert("training.enrolmentline", lines(found, people, rows * 6 // 100))
    money(found, kinds[ENROLMENT])
    insert(Message, messages(rows // 5))


def insert(model: Any, rows: Iterable[Row]) -> None:
    """Rows by the names of their columns; what they do not say is the field's default, or empty."""
    from django.apps import apps
    from django.db import connection

    from benchmarks import dataset

    model = apps.get_model(model) if isinstance(model, str) else model
    base = {field.column: default_of(field, connection) for field in model._meta.concrete_fields}
    numbered = ({"id": n} | row for n, row in enumerate(rows, 1))
    dataset.insert(model._meta.db_table, list(base), (tuple((base | row).values()) for row in numbered))


def default_of(field: Any, connection: Any) -> Any:
    if field.primary_key:
        return None
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return stored(NOW)
    if field.has_default():
        return field.get_db_prep_save(field.get_default(), connection)
    is_text = field.get_internal_type() in ("CharField", "TextField", "FileField")
    return "" if is_text and not field.null else None  # a row must say the rest


def stored(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S+00:00" if moment.tzinfo else "%Y-%m-%d %H:%M:%S")


def enrolments(made: list[Row], wanted: int, maker: Any, chance: random.Random) -> list[Row]:
    """Those with tasks, and the completed ones of earlier seasons; each with its public number."""
    from backoffice.core.models.numbers import written

    first = len(made) + 1
    for pk in range(first, max(first, wanted + 1)):
        company = chance.choices(maker.companies, cum_weights=maker.company_weights)[0]
        body = chance.choices(maker.bodies, cum_weights=maker.body_weights)[0]
        made.append({
            "id": pk, "state": "CLOSED", "company_id": company[0], "training_class_id": (body - 1) * 8 + pk % 8 + 1,
            "local_body_id": body, "submitted_at": stored(NOW), "people": pk % 20 + 1,
        })  # fmt: skip
    for row in made:
        people = row["people"] = row["people"] or 1
        row |= {"number": written(TODAY.year, row["id"]), "amount": str(EACH * people)}
        if row["state"] in ("CONFIRMED", "CLOSED"):
            due = TODAY + datetime.timedelta(days=row["id"] % 60 - 30)
            received = due.isoformat() if row["state"] == "CLOSED" or row["id"] % 3 else None
            row |= {"confirmed_at": stored(NOW), "open_by": due.isoformat(), "papers_due_on": due.isoformat(),
                    "papers_received_on": received}  # fmt: skip
    return made


def lines(found: Sequence[Row], people: Sequence[tuple], wanted: int) -> Iterator[Row]:
    """Of the enrolments of this season, some people each; nobody twice on one roster."""
    season = [row for row in found if row["state"] != "CLOSED"]
    each = -(-wanted // max(1, len(season)))
    for n, (row, nth) in enumerate(itertools.islice(itertools.product(season, range(each)), wanted)):
        person = people[(row["id"] * 7 + nth) % len(people)]
        state = LEARNING[n % len(LEARNING)] if row["state"] == "CONFIRMED" else "ENROLLING"
        yield {
            "enrolment_id": row["id"], "person_id": person[0], "category": "SUPERVISOR", "matter": "PRACTICE",
            "name": person[1], "id_number": person[2], "amount": str(EACH), "state": state,
        }  # fmt: skip


def money(found: Sequence[Row], kind: int) -> None:
    """A bill for each, what was paid for it, the receipts, and a few refunds."""
    bills = [
        {
            "id": row["id"], "content_type_id": kind, "object_id": row["id"], "number": row["number"],
            "company_id": row["company_id"], "subject": "继续教育", "total": row["amount"],
            "stage": STAGES[row["state"]], "paid": row["amount"] if STAGES[row["state"]] == "SETTLED" else "0",
        }
        for row in found
    ]  # fmt: skip
    insert("fees.bill", bills)
    insert("fees.billitem", (
        {"bill_id": bill["id"], "label": "会费", "kind": "DUES", "unit": bill["total"], "amount": bill["total"],
         "paper": "FISCAL"} for bill in bills
    ))  # fmt: skip
    paid = [bill for bill in bills if bill["stage"] in ("REVIEW", "SETTLED")]
    insert("fees.voucher", (
        {"bill_id": bill["id"], "payer_name": "付款单位", "invoice_title": "付款单位", "amount": bill["total"],
         "paid_on": day_of(bill), "status": "SUBMITTED" if bill["stage"] == "REVIEW" else "VERIFIED"}
        for bill in paid
    ))  # fmt: skip
    settled = [bill for bill in paid if bill["stage"] == "SETTLED"]
    insert("fees.receipt", (
        {"bill_id": bill["id"], "kind": "FISCAL", "payer": "付款单位", "title": "付款单位", "amount": bill["total"]}
        | ({"state": "DUE"} if n % 50 == 0
           else {"state": "ISSUED", "number": f"R{n:07d}", "issued_on": day_of(bill)})
        for n, bill in enumerate(settled)
    ))  # fmt: skip
    insert("fees.refund", (
        {"bill_id": bill["id"], "amount": "100", "reason": "多付", "payee_name": "付款单位"}
        | ({"state": "DUE"} if n % 10 == 0 else {"state": "PAID", "reference": f"T{n}", "paid_on": day_of(bill)})
        for n, bill in enumerate(settled[::35])
    ))  # fmt: skip


def day_of(bill: Row) -> str:
    return (TODAY - datetime.timedelta(days=bill["id"] % 900)).isoformat()


def messages(count: int) -> Iterator[Row]:
    for n in range(count):
        yield {
            "channel": "SMS" if n % 4 == 0 else "MAIL",
            "recipient": f"co{n % 2000}@example.org",
            "subject": "报名已确认",
            "body": "您的报名已确认。",
            "status": "FAILED" if n % 500 == 0 else "SENT",
            "sent_at": stored(NOW),
        }
