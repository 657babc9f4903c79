"""A pasted list of certificate numbers onto a roster: parse, look up, price, check, save, with history.

    python -m benchmarks.enrolment --rows 200 --db sqlite|postgres [--json]

ours   what the page does on “Look up and add”: `training.drafting.enter` on the locked draft, twice priced (the
       preview that finds what must not be added, and the stored roster), every rule of specification 3.6 asked
stock  a loop with the ORM: per number get(), price, save() (history by simple-history), and the sum at the end; it
       asks none of the rules
page   ours, as the browser waits for it: the POST and the drawn part of the page
"""

import datetime
import json
from typing import Any

from benchmarks.common import Result, in_own_process, measured, median, parser_for, print_table, workshop

MODULE = "benchmarks.enrolment"
#: Certificates there are besides: a look-up must not depend on them.
OTHERS = 20_000
JOBS = ("ours", "stock", "page")


def number(n: int) -> str:
    return f"B2{n:06d}"


def prepare(rows: int) -> None:
    """Migrations, one company with an open draft and a clerk, `rows` holders of its own and many certificates."""
    from django.core.management import call_command
    from django.db import connection

    from fees.models import FeeSchedule
    from registry.models import Certificate, Company, Person, Region

    call_command("migrate", verbosity=0, skip_checks=True)
    call_command("loaddata", "fixtures/regions.json", verbosity=0, skip_checks=True)
    city = Region.objects.get(code="440100")
    company = Company.objects.create(
        name="广东示范监理有限公司", region=city, credit_code="91440101MA5TEST00X", office_address="-",
        contact_name="-", contact_phone="-", information_officer="-",
    )  # fmt: skip
    FeeSchedule.objects.create(effective_from=datetime.date(2018, 1, 1))
    day = datetime.date(1980, 1, 1)
    people = Person.objects.bulk_create([
        Person(name="李四", id_number=f"{n:018d}", gender="M", birthday=day, phone="13800138000", company=company,
               region=city, education="BACHELOR")
        for n in range(rows + OTHERS)
    ])  # fmt: skip
    today = datetime.date.today()
    Certificate.objects.bulk_create([
        Certificate(number=number(n), type="SUPERVISOR", person=person, company=company, region=city,
                    printed_company=company.name, issue_date=today - datetime.timedelta(days=900),
                    expiry_date=today + datetime.timedelta(days=195))
        for n, person in enumerate(people)
    ])  # fmt: skip
    begin(company, city)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def begin(company: Any, city: Any) -> None:
    from backoffice.accounts.models import User
    from backoffice.core.engine import start
    from registry.models import LocalBody
    from training.models import Enrolment, TrainingClass

    user = User.objects.create_user("clerk", name="经办人", role="COMPANY", company=company)
    body = LocalBody.objects.create(
        code="B1", name="广州市建设监理协会", name_en="-", short_name="广州", region=city
    )
    row = TrainingClass.objects.create(
        title="继续教育", type="CONTINUING", mode="ONLINE", local_body=body, capacity=1_000, state="OPEN"
    )
    start(Enrolment(company=company, training_class=row, created_by=user), by=user)


def pasted(rows: int) -> str:
    return "\n".join(number(n) for n in range(rows))


def warm() -> Any:
    """The draft, in a process that has its addresses and translations loaded, as a server has."""
    from django.urls import reverse

    from training.models import Enrolment
    from training.roster import look

    draft = Enrolment.objects.get()
    reverse("admin:training_enrolment_change", args=[draft.pk])
    look(draft)
    return draft


def ours(rows: int, result: Result) -> None:
    from django.db import transaction

    from backoffice.accounts.models import User
    from training.drafting import enter, lock_draft
    from training.entries import parse

    user, draft = User.objects.get(), warm()
    with measured(result), transaction.atomic():
        entries = parse(pasted(rows)).entries
        outcome = enter(lock_draft(draft.pk, user, looks_up=True), entries, user)
    assert outcome.added == rows
    check(rows)


def stock(rows: int, result: Result) -> None:
    from django.db import transaction

    from backoffice.accounts.models import User
    from fees.models import rates_on
    from registry.models import Certificate
    from training.models import Enrolment, EnrolmentLine
    from training.roster import price

    user, draft, today = User.objects.get(), warm(), datetime.date.today()
    with measured(result), transaction.atomic():
        draft = Enrolment.objects.select_for_update().get(pk=draft.pk)
        rates = rates_on(today)
        for typed in pasted(rows).split():
            certificate = Certificate.objects.select_related("person").get(number=typed)
            line = EnrolmentLine(
                enrolment=draft, person=certificate.person, certificate=certificate, category=certificate.type,
                matter="RENEWAL",
            )  # fmt: skip
            line.snapshot()
            line.amount = sum(item.amount for item in price(line, rates, draft.training_class, today))
            line._history_user = user
            line.save()
            draft.people += 1
            draft.amount += line.amount
        draft.save()
    check(rows)


def page(rows: int, result: Result) -> None:
    from django.conf import settings
    from django.test import Client

    from backoffice.accounts.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    browser, draft = Client(), warm()
    browser.force_login(User.objects.get())
    address = f"/admin/training/enrolment/{draft.pk}/roster/"
    browser.get(address)  # templates
    with measured(result):
        answer = browser.post(
            address, {"act": "look_up", "text": pasted(rows)}, headers={"X-Requested-With": "fetch"}
        )
    assert answer.status_code == 200
    result["page_kb"] = round(len(answer.content) / 1024)
    check(rows)


def check(rows: int) -> None:
    from training.models import Enrolment, EnrolmentLine

    draft = Enrolment.objects.get()
    assert (draft.people, draft.amount) == (rows, 300 * rows), (draft.people, draft.amount)
    assert EnrolmentLine.history.count() == EnrolmentLine.objects.count() == rows


def job(name: str, rows: int) -> None:
    import django

    django.setup()
    result: Result = {"job": name}
    if name == "prepare":
        prepare(rows)
    else:
        {"ours": ours, "stock": stock, "page": page}[name](rows, result)
    print(json.dumps(result))


def main() -> None:
    parser = parser_for(__doc__.splitlines()[0])
    parser.set_defaults(rows=200)
    parser.add_argument("--job", help="internal: one run in this process")
    options = parser.parse_args()
    if options.job:
        job(options.job, options.rows)
        return
    report(options, measure(options))


def measure(options: Any) -> dict[str, Result]:
    """The median of each job, measured in turns."""
    arguments = ("--rows", str(options.rows))
    results: dict[str, list[Result]] = {name: [] for name in JOBS}
    with workshop(options.db) as (folder, databases):
        in_own_process(MODULE, "prepare", databases.prepared, folder, *arguments)
        for _run in range(options.runs):
            for name in JOBS:
                with databases.copy() as url:
                    results[name].append(in_own_process(MODULE, name, url, folder, *arguments))
    return {name: median(runs) for name, runs in results.items()}


def report(options: Any, results: dict[str, Result]) -> None:
    ratios = {
        "ratio_stock": results["stock"]["seconds"] / results["ours"]["seconds"],
        "ratio_stock_cpu": results["stock"]["cpu"] / results["ours"]["cpu"],
    }
    if options.json:
        print(json.dumps({"rows": options.rows, "db": options.db, "jobs": results, **ratios}))
        return
    print_table(
        ("job", "ms", "cpu ms", "queries"),
        [
            (name, round(row["seconds"] * 1000), round(row["cpu"] * 1000), row["queries"])
            for name, row in results.items()
        ],
    )
    for name, value in ratios.items():
        print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main()
