"""Printing enrolment sheets: ours (one file for all), one file after another, and the browser.

    python -m benchmarks.printing --rows 50 --people 20 [--db sqlite] [--runs 3] [--json]

`--rows` enrolments of `--people` renewals each. Each run is a process of its own; the sheets are read from the
database and typeset. `one_by_one` opens the PDF of each enrolment in turn, as somebody without the action does it;
`browser` prints the HTML page of each with Chromium, which is what a product without a typesetter offers (left out
where there is no Chromium). `cold` is `ours` with the fonts looked up in the same time: the first PDF after a start.
"""

import argparse
import datetime
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import Result, in_own_process, measured, median, parser_for, print_table, workshop

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
MODULE = "benchmarks.printing"


def main() -> None:
    parser = parser_for(__doc__.splitlines()[0])
    parser.set_defaults(rows=50)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--job", choices=("prepare", *JOBS), help="(one run in this process)")
    options = parser.parse_args()
    if options.job:
        run(options)
        return
    jobs = [job for job in JOBS if job != "browser" or CHROMIUM.exists()]
    arguments = ("--rows", str(options.rows), "--people", str(options.people))
    runs: dict[str, list[Result]] = {job: [] for job in jobs}
    with workshop(options.db) as (folder, databases):
        in_own_process(MODULE, "prepare", databases.prepared, folder, *arguments)
        for _ in range(options.runs):
            for job in jobs:
                runs[job].append(in_own_process(MODULE, job, databases.prepared, folder, *arguments))
    report({job: median(results) for job, results in runs.items()}, options)


def run(options: argparse.Namespace) -> None:
    import django

    django.setup()
    result: Result = {}
    if options.job == "prepare":
        prepare(options.rows, options.people)
    else:
        JOBS[options.job](result)
    print(json.dumps(result))


def prepare(rows: int, people: int) -> None:
    """Drafts of one company; their prices are worked out while printing, which is more than reading a bill."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from backoffice.core.models.numbers import take
    from fees.models import FeeSchedule
    from registry.models import Certificate, Company, LocalBody, Person, Region
    from training.models import Enrolment, EnrolmentLine, TrainingClass

    region = Region.objects.first() or Region.objects.create(code="B1", name="广州市", level="CITY")
    body = LocalBody.objects.first() or LocalBody.objects.create(
        code="B1", name="广州市建设监理协会", region=region
    )
    FeeSchedule.objects.get_or_create(effective_from=datetime.date(2018, 1, 1))
    company = Company.objects.create(name="广东示范工程监理有限公司")
    held = TrainingClass.objects.create(
        title="继续教育网络班", type="CONTINUING", mode="ONLINE", local_body=body, capacity=100_000
    )
    birthday, day = datetime.date(1980, 1, 1), datetime.date(2025, 3, 1)
    persons = Person.objects.bulk_create(
        Person(
            name=f"张明{n}",
            id_number=f"44010319800101{n:04d}",
            gender="M",
            birthday=birthday,
            company=company,
        )
        for n in range(people)
    )
    certificates = Certificate.objects.bulk_create(
        Certificate(
            number=f"A{n:07d}", type="ENGINEER", person=person, company=company, printed_company=company.name,
            issue_date=day, expiry_date=day.replace(year=2028),
        )
        for n, person in enumerate(persons)
    )  # fmt: skip
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            company=company,
            training_class=held,
            local_body=body,
            contact_name="陈",
            contact_phone="13800138000",
            number=number,
        )
        for number in take(rows)
    )
    EnrolmentLine.objects.bulk_create(
        EnrolmentLine(
            enrolment=enrolment, person=certificate.person, certificate=certificate, category="ENGINEER",
            matter="RENEWAL_CHANGE" if at % 3 == 0 else "RENEWAL", new_employer=company if at % 3 == 0 else None,
            change_remark="原单位：广东第一工程监理有限公司珠海横琴分公司" if at % 3 == 0 else "",
        )
        for enrolment in enrolments
        for at, certificate in enumerate(certificates)
    )  # fmt: skip


def reader() -> Any:
    from types import SimpleNamespace

    from backoffice.roles import Role

    return SimpleNamespace(role=Role.TRAINING)


def all_of_them() -> Any:
    from training.models import Enrolment
    from training.printing import RELATED

    return Enrolment.objects.select_related(*RELATED).order_by("id")


def ours(result: Result, warm: bool = True) -> None:
    """What the action “Print the selected” does; a server has looked up its fonts before."""
    from backoffice.core.printing import pdf, press
    from training.printing import sheets_of

    if warm:
        press()
        pdf(sheets_of(all_of_them()[:1], reader()))
    with measured(result):
        content = pdf(sheets_of(all_of_them(), reader()))
    result["size_mb"] = len(content) / 2**20


def cold(result: Result) -> None:
    ours(result, warm=False)


def one_by_one(result: Result) -> None:
    from backoffice.core.printing import pdf
    from training.printing import sheets_of

    pdf(sheets_of(all_of_them()[:1], reader()))
    keys = list(all_of_them().values_list("pk", flat=True))
    size = 0
    with measured(result):
        for key in keys:
            size += len(pdf(sheets_of(all_of_them().filter(pk=key), reader())))
    result["size_mb"] = size / 2**20


def browser(result: Result) -> None:
    """The same pages, printed by a Chromium that is started and warm already."""
    from django.template.loader import render_to_string
    from playwright.sync_api import sync_playwright

    from training.printing import sheets_of

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    style = (Path(__file__).parent.parent / "static/backoffice/print.css").read_text()
    size = 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page()
        page.set_content("<p>监理</p>")
        page.pdf()
        keys = list(all_of_them().values_list("pk", flat=True))
        with measured(result):
            for key in keys:
                form = sheets_of(all_of_them().filter(pk=key), reader())[0]
                page.set_content(render_to_string("print/form.html", {"form": form}))
                page.add_style_tag(content=style)
                size += len(page.pdf(prefer_css_page_size=True))
        chromium.close()
    result["size_mb"] = size / 2**20


JOBS: dict[str, Callable[[Result], None]] = {
    "ours": ours,
    "cold": cold,
    "one_by_one": one_by_one,
    "browser": browser,
}


def report(results: dict[str, Result], options: argparse.Namespace) -> None:
    base = results["ours"]["seconds"]
    summary: Result = {
        "benchmark": "printing",
        "db": options.db,
        "rows": options.rows,
        "people": options.people,
    }
    summary |= {key: round(results["ours"][key], 3) for key in ("seconds", "cpu", "peak_mb", "queries")}
    summary |= {f"ratio_{job}": round(r["seconds"] / base, 2) for job, r in results.items() if job != "ours"}
    if options.json:
        print(json.dumps(summary | {"runs": results}))
        return
    print(
        f"\n{options.rows} enrolments of {options.people} people, {options.db}, median of {options.runs}\n",
        file=sys.stdout,
    )
    print_table(
        ["job", "seconds", "cpu", "peak MB", "queries", "file MB", "x ours"],
        [[job, r["seconds"], r["cpu"], round(r["peak_mb"]), r["queries"], r["size_mb"], r["seconds"] / base]
         for job, r in results.items()],
    )  # fmt: skip


if __name__ == "__main__":
    main()
