"""One step on many records: `perform_all()` against a loop over `perform()`.

    python -m benchmarks.bulk_steps --rows 1000 --db sqlite|postgres [--runs 3] [--json]

The training department hands everybody of a class to the learning platform (`hand_off` of EnrolmentLine). Each run is
a process of its own on a fresh copy of the database, in turns; only the step is timed. floor: the same rows, history
and log by `bulk_create` and one UPDATE, without any check.
"""

import argparse
import datetime
import json
import os
from pathlib import Path
from typing import Any

from benchmarks.common import Result, in_own_process, measured, median, parser_for, print_table, workshop

MODULE = "benchmarks.bulk_steps"
JOBS = ("loop", "bulk", "floor")


def main() -> None:
    parser = parser_for(__doc__.splitlines()[0])
    parser.set_defaults(rows=1000)
    parser.add_argument("--job", choices=("prepare", *JOBS), help="(one run in this process)")
    options = parser.parse_args()
    if options.job:
        run(options)
        return
    runs: dict[str, list[Result]] = {job: [] for job in JOBS}
    rows = ("--rows", str(options.rows))
    with workshop(options.db) as (folder, databases):
        in_own_process(MODULE, "prepare", databases.prepared, folder, *rows)
        for _ in range(options.runs):
            for job in JOBS:
                with databases.copy() as url:
                    runs[job].append(in_own_process(MODULE, job, url, Path(folder), *rows))
    report({job: median(results) for job, results in runs.items()}, options)


def run(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    import django

    django.setup()
    if options.job == "prepare":
        prepare(options.rows)
        print("{}")
        return
    from training.models import EnrolmentLine

    result: Result = {}
    ids = list(EnrolmentLine.objects.order_by("pk").values_list("pk", flat=True))
    job = {"loop": loop, "bulk": bulk, "floor": floor}[options.job]
    with measured(result):
        job(ids, teacher())
    assert EnrolmentLine.objects.filter(state="SUBMITTED").count() == options.rows
    assert EnrolmentLine.history.filter(state="SUBMITTED").count() == options.rows
    print(json.dumps(result))


def teacher() -> Any:
    from backoffice.accounts.models import User

    return User.objects.get(username="bench")


def prepare(rows: int) -> None:
    """A confirmed enrolment of `rows` people in an online class."""
    from django.core.management import call_command

    from backoffice.accounts.models import User
    from registry.models import Company, LocalBody, Person, Region
    from training.models import Enrolment, EnrolmentLine, TrainingClass

    call_command("migrate", verbosity=0)
    User.objects.create_user(
        username="bench", name="Training", role="TRAINING", password="Correct-Horse-2026"
    )
    region = Region.objects.create(code="B0001", name="广州市", name_en="Guangzhou", level="CITY")
    body = LocalBody.objects.create(code="B1", name="广州市建设监理协会", name_en="Guangzhou", short_name="广州",
                                    kind=LocalBody.Kind.CITY_ASSOCIATION, region=region)  # fmt: skip
    company = Company.objects.create(
        name="广东示范监理有限公司", credit_code="91440103MA000001XX", region=region
    )
    today = datetime.date(2026, 6, 1)
    training_class = TrainingClass.objects.create(
        state="OPEN", title="第1期", type="PRACTICE", mode="ONLINE", category="SUPERVISOR", local_body=body,
        start_date=today, end_date=today, capacity=rows, tuition=800,
    )  # fmt: skip
    enrolment = Enrolment.objects.create(
        company=company, training_class=training_class, state="CONFIRMED", people=rows
    )
    people = Person.objects.bulk_create(
        Person(name=f"人{n}", id_number=f"{n:018d}", birthday=today, company=company, region=region)
        for n in range(rows)
    )
    EnrolmentLine.objects.bulk_create(
        EnrolmentLine(enrolment=enrolment, person=person, category="SUPERVISOR", matter="PRACTICE", state="PENDING",
                      name=person.name, id_number=person.id_number, amount=1100)
        for person in people
    )  # fmt: skip


# --- The jobs ----------------------------------------------------------------------------------------


def loop(ids: list[int], by: Any) -> None:
    from backoffice.core.engine import perform
    from training.models import EnrolmentLine

    for line in EnrolmentLine.objects.filter(pk__in=ids):
        perform(line, "hand_off", by=by)


def bulk(ids: list[int], by: Any) -> None:
    from backoffice.core.engine import perform_all
    from training.models import EnrolmentLine

    done = perform_all(EnrolmentLine, ids, "hand_off", by=by)
    assert not done.refused


def floor(ids: list[int], by: Any) -> None:
    from django.contrib.contenttypes.models import ContentType
    from django.db import transaction
    from django.utils import timezone

    from backoffice.core.models import TransitionLog
    from training.models import EnrolmentLine

    kind = ContentType.objects.get_for_model(EnrolmentLine)
    with transaction.atomic():
        lines = list(EnrolmentLine.objects.filter(pk__in=ids))
        EnrolmentLine.objects.filter(pk__in=ids).update(state="SUBMITTED", handed_off_at=timezone.now())
        History: Any = EnrolmentLine.history.model
        names = [column.attname for column in History.tracked_fields if column.attname not in ("state",)]
        History.objects.bulk_create(
            History(history_date=timezone.now(), history_type="~", history_user=by, state="SUBMITTED",
                    **{name: getattr(line, name) for name in names})
            for line in lines
        )  # fmt: skip
        TransitionLog.objects.bulk_create(
            TransitionLog(content_type=kind, object_id=pk, step="hand_off", source="PENDING", target="SUBMITTED",
                          by=by, by_name="Training", role=by.role)
            for pk in ids
        )  # fmt: skip


def report(results: dict[str, Result], options: argparse.Namespace) -> None:
    loop_, bulk_, floor_ = (results[job] for job in JOBS)
    summary = {
        "db": options.db, "rows": options.rows,
        "ratio_loop": round(loop_["seconds"] / bulk_["seconds"], 2),
        "ratio_loop_cpu": round(loop_["cpu"] / bulk_["cpu"], 2),
        "ratio_floor": round(bulk_["seconds"] / floor_["seconds"], 2),
    }  # fmt: skip
    if options.json:
        print(json.dumps(summary | {"jobs": results}, ensure_ascii=False))
        return
    rows = [(job, r["seconds"], r["cpu"], round(r["peak_mb"]), r["queries"]) for job, r in results.items()]
    print_table(("job", "seconds", "cpu", "peak MB", "queries"), rows)
    for name in ("ratio_loop", "ratio_loop_cpu", "ratio_floor"):
        print(f"{name}: {summary[name]:.2f}")


if __name__ == "__main__":
    main()
