"""The certificate import against a floor and against django-import-export, on the same file.

    python -m benchmarks.import_certificates --rows 10000 --db sqlite --against both

ours     hand in, plan, write, history, workbook of the bad rows: one pass (manage.py import_certificates)
user     the same with a preview before: what somebody at the screen waits for in all
floor    calamine, and the raw write of the same rows, history and terms by the same SQL; no checks at all
tuned    django-import-export with what it has for speed: dry run, confirm, workbook of the bad rows
stock    the same as its documentation writes it, a query a row (both at most 10,000 rows: they are slow)
preview  hand in and preview
parse    our reader alone on the same file (what "parsing" is in the preview's target); calamine: not even its checks
again    the same file once more: nothing may be written
"""

import datetime
import json
import random
import sys
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from benchmarks.common import Result, in_own_process, measured, median, parser_for, print_table, workshop

MODULE = "benchmarks.import_certificates"
STOCK_ROWS = 10_000
COMPANIES = 2_000
BAD_EVERY = 50
HEADERS = (
    "证书编号", "证书类型", "姓名", "身份证号码", "性别", "工作单位", "专业", "发证日期", "换证日期", "有效期至",
    "手机", "邮箱", "所属区域", "职称", "学历", "证书状态", "备注",
)  # fmt: skip


# --- The file and the database ---------------------------------------------------------------------------


def companies() -> list[str]:
    from fixtures.names import DemoNames

    names = DemoNames(1)
    return [names.company("广州") for _ in range(COMPANIES)]


def write_file(path: Path, count: int) -> None:
    """`count` certificates of four people for every five; every fiftieth row has something wrong."""
    from backoffice.core.excel import write_xlsx
    from fixtures.names import DemoNames

    names, draw, employers = DemoNames(2), random.Random(2), companies()
    regions = ["440103", "440104", "440106", "440303", "440304", "440605", "441900", "442000"]
    people: list[tuple[str, ...]] = []
    rows, bad = [], []
    for n in range(count):
        if (n % 5 and n > 4) or not people:
            gender = "男" if draw.random() < 0.7 else "女"
            sex = "M" if gender == "男" else "F"
            day = datetime.date(1960, 1, 1) + datetime.timedelta(days=draw.randrange(15_000))
            region = regions[draw.randrange(len(regions))]
            people.append((
                names.person(sex), names.id_number(region, day, sex), gender, employers[draw.randrange(COMPANIES)],
                names.phone(), f"user{n}@example.cn" if n % 3 else "",
            ))  # fmt: skip
            holder = people[-1]
        else:
            holder = people[draw.randrange(len(people))]
        kind, label = (("ENGINEER", "专监"), ("SUPERVISOR", "监理员"), ("SAFETY", "安全员"))[n % 3]
        issue = datetime.date(2016 + n % 9, 1 + n % 12, 1 + n % 28)
        renewal = issue.replace(year=issue.year + 1) if n % 2 else None
        name, id_number, gender, employer, phone, email = holder
        row: list[Any] = [
            names.certificate_number(kind, 16, n), label, name, id_number, gender, employer, "房屋建筑工程", issue,
            f"{renewal.year}.{renewal.month}.{renewal.day}" if renewal else None, issue.replace(year=issue.year + 3),
            phone, email, "广州市", "工程师" if n % 2 else "", "本科", "有效", "",
        ]  # fmt: skip
        if n % BAD_EVERY == BAD_EVERY - 1:
            column, value = ((3, id_number[:-1] + "?"), (7, "2016-02-30"), (5, "无此公司"), (2, ""))[
                n // BAD_EVERY % 4
            ]
            row[column] = value
            bad.append(n)
        rows.append(row)
    write_xlsx(path, "证书", HEADERS, rows)
    path.with_suffix(".json").write_text(json.dumps(bad))


def prepare() -> None:
    """Migrations, dictionaries, companies and one user."""
    from django.core.management import call_command
    from django.db import connection

    from backoffice.accounts.models import User
    from registry.models import Company, Region

    call_command("migrate", verbosity=0, skip_checks=True)
    call_command(
        "loaddata", "fixtures/regions.json", "fixtures/specialties.json", verbosity=0, skip_checks=True
    )
    city = Region.objects.get(code="440100")
    Company.objects.bulk_create([Company(name=name, region=city) for name in companies()])
    User.objects.create_user("office", name="综合部", role="OFFICE")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# --- The jobs, each in its own process -------------------------------------------------------------------


def ours(path: Path, result: Result, *, preview_first: bool = False) -> None:
    from backoffice.accounts.models import User
    from backoffice.core import imports

    user = User.objects.get()
    with measured(result):
        run = imports.start(path, path.name, "certificates", user)
        if preview_first:
            imports.preview(run)
        imports.confirm(run, user, enqueue=False)
        imports.execute(run.pk, table=run.__dict__.pop("_table", None))
    run.refresh_from_db()
    assert run.status == "DONE", (run.status, run.error)
    result["counts"] = run.counts


def preview(path: Path, result: Result) -> None:
    from backoffice.accounts.models import User
    from backoffice.core import imports

    user = User.objects.get()
    with measured(result):
        run = imports.preview(imports.start(path, path.name, "certificates", user))
    result["counts"] = run.counts
    result["page_kb"] = len(json.dumps(run.samples, ensure_ascii=False).encode()) / 1024


def again(path: Path, result: Result) -> None:
    """Import, then import the unchanged file, and look whether anything was written."""
    from django.db import connection

    from backoffice.core.models import ImportRun
    from registry.models import Certificate, CertificateTerm, Person

    def state() -> list[Any]:
        models = (Certificate, Person, CertificateTerm, Certificate.history.model, Person.history.model)
        rows = [model.objects.order_by("-pk").values_list().first() for model in models]
        return [*rows, *(model.objects.count() for model in models)]

    ours(path, {})
    before, statements = state(), []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        ours(path, result)
    verbs = ("INSERT", "UPDATE", "DELETE", "WITH", "COPY")
    result["writes"] = sum(sql.startswith(verbs) and "registry_" in sql for sql in statements)
    assert state() == before
    assert not result["counts"]["create"] + result["counts"]["update"]
    assert ImportRun.objects.count() == 2


def parse(path: Path, result: Result) -> None:
    """Our reader alone: the safety checks, calamine, header and rows; no cell is cleaned."""
    from backoffice.core.excel import open_workbook
    from registry.imports.fields import CERTIFICATE_FIELDS

    with measured(result):
        result["rows"] = len(open_workbook(path.read_bytes(), path.name).table(CERTIFICATE_FIELDS))


def calamine(path: Path, result: Result) -> None:
    with measured(result), path.open("rb") as file:
        rows = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python(skip_empty_area=False)
    result["rows"] = len(rows)


def floor(path: Path, result: Result) -> None:
    """The good rows are known, nothing is checked or looked up: only parsed and written, as ours writes."""
    from django.db import transaction

    from registry.imports import sql
    from registry.imports.sql import Same, Stamp
    from registry.models import Certificate, CertificateTerm, Company, Person, Region, Specialty

    bad = set(json.loads(path.with_suffix(".json").read_text()))
    employers = dict(Company.objects.values_list("name", "id"))
    city, specialty = Region.objects.get(code="440100").pk, Specialty.objects.get(name="房屋建筑工程").pk
    types = {"专监": "ENGINEER", "监理员": "SUPERVISOR", "安全员": "SAFETY"}
    with measured(result):
        with path.open("rb") as file:
            rows = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python(skip_empty_area=False)
        good = [row for n, row in enumerate(rows[1:]) if n not in bad]
        people: dict[str, list[Any]] = {}
        for row in good:
            people.setdefault(row[3], row)
        holders = list(people.values())
        iso = {cell: _iso(cell) for row in good for cell in row[7:10]}
        with transaction.atomic():
            stamp = Stamp(sql.now()[1], "floor", None, None)
            person_ids = sql.reserve_ids(Person, len(holders))
            sql.insert(Person, len(holders), {
                "id": person_ids, "name": [r[2] for r in holders], "id_number": list(people),
                "gender": ["M" if r[4] == "男" else "F" for r in holders],
                "birthday": [f"{i[6:10]}-{i[10:12]}-{i[12:14]}" for i in people], "phone": [r[10] for r in holders],
                "email": [r[11] for r in holders], "company_id": [employers[r[5]] for r in holders],
                "region_id": Same(city), "education": Same("BACHELOR"), "title": [r[13] for r in holders],
                "created_at": Same(stamp.moment), "updated_at": Same(stamp.moment),
            })  # fmt: skip
            sql.write_history(Person, person_ids, "+", stamp)
            owners = dict(zip(people, person_ids, strict=True))
            ids = sql.reserve_ids(Certificate, len(good))
            sql.insert(Certificate, len(good), {
                "id": ids, "number": [r[0] for r in good], "type": [types[r[1]] for r in good],
                "person_id": [owners[r[3]] for r in good], "company_id": [employers[r[5]] for r in good],
                "region_id": Same(city), "printed_company": [r[5] for r in good], "specialty_id": Same(specialty),
                "issue_date": [iso[r[7]] for r in good], "renewal_date": [iso[r[8]] for r in good],
                "expiry_date": [iso[r[9]] for r in good], "status": Same("VALID"), "remark": Same(""),
                "created_at": Same(stamp.moment), "updated_at": Same(stamp.moment),
            })  # fmt: skip
            sql.write_history(Certificate, ids, "+", stamp)
            sql.insert(CertificateTerm, len(good), {
                "certificate_id": ids, "start_date": [iso[r[8]] or iso[r[7]] for r in good],
                "expiry_date": [iso[r[9]] for r in good], "recorded_at": Same(stamp.moment),
                "import_run_id": Same(None),
            })  # fmt: skip
    result["counts"] = {"create": len(good), "people_created": len(people)}


def _iso(cell: Any) -> str | None:
    if isinstance(cell, str):
        year, month, day = cell.split(".") if cell else (0, 0, 0)
        return f"{year}-{int(month):02d}-{int(day):02d}" if cell else None
    return str(cell) if cell else None


def stock(path: Path, result: Result) -> None:
    """What one writes with django-import-export: a resource, its dry run, the confirmed import."""
    from benchmarks.stock_import import import_with_stock

    with measured(result):
        result["counts"] = import_with_stock(path)


def tuned(path: Path, result: Result) -> None:
    """What somebody writes who knows django-import-export well."""
    from benchmarks.stock_import_tuned import import_with_tuned_stock

    with measured(result):
        result["counts"] = import_with_tuned_stock(path)


# --- Putting it together ---------------------------------------------------------------------------------

JOBS = {
    "ours": ours, "user": lambda path, result: ours(path, result, preview_first=True), "preview": preview,
    "again": again, "parse": parse, "calamine": calamine, "floor": floor, "stock": stock,
    "tuned": tuned,
}  # fmt: skip


def run_job(job: str, path: Path, rows: int) -> None:
    if job == "file":
        write_file(path, rows)
        print("{}")
        return
    import django

    django.setup()
    result: Result = {}
    if job == "prepare":
        prepare()
    else:
        JOBS[job](path, result)
    print(json.dumps(result, ensure_ascii=False))


def benchmark(options: Any) -> Result:
    results: dict[str, list[Result]] = {}
    with workshop(options.db) as (folder, databases):
        path = folder / "证书.xlsx"
        in_own_process(
            MODULE, "file", databases.prepared, folder, "--file", str(path), "--rows", str(options.rows)
        )
        in_own_process(MODULE, "prepare", databases.prepared, folder, "--file", str(path))
        jobs = ["ours", "user", "preview", "parse", "calamine", "again"]
        jobs += ["floor"] if options.against in ("floor", "both") else []
        for turn in range(options.runs):
            for job in jobs if turn % 2 == 0 else reversed(jobs):
                with databases.copy() as url:
                    result = in_own_process(MODULE, job, url, folder, "--file", str(path))
                results.setdefault(job, []).append(result)
        baselines = {"stock": ("tuned", "stock"), "both": ("tuned", "stock"), "tuned": ("tuned",)}
        for baseline in baselines.get(options.against, ()):
            if options.rows > STOCK_ROWS:
                sys.exit(f"stock takes minutes above {STOCK_ROWS} rows; measure it with --rows {STOCK_ROWS}.")
            with databases.copy() as url:
                results[baseline] = [in_own_process(MODULE, baseline, url, folder, "--file", str(path))]
    return summarise(options, {job: median(runs) for job, runs in results.items()})


def summarise(options: Any, results: dict[str, Result]) -> Result:
    done: Result = {"rows": options.rows, "db": options.db, "jobs": results}
    done |= {key: results["ours"][key] for key in ("seconds", "peak_mb", "queries")}
    if "floor" in results:
        done["ratio_floor"] = results["ours"]["seconds"] / results["floor"]["seconds"]
        done["ratio_floor_cpu"] = results["ours"]["cpu"] / results["floor"]["cpu"]
        assert results["floor"]["counts"]["create"] == results["ours"]["counts"]["create"]
    for baseline in results.keys() & {"tuned", "stock"}:
        theirs = results[baseline]
        done[f"ratio_{baseline}"] = theirs["seconds"] / results["ours"]["seconds"]
        done[f"ratio_{baseline}_user"] = theirs["seconds"] / results["user"]["seconds"]
        done[f"ratio_{baseline}_cpu"] = theirs["cpu"] / results["ours"]["cpu"]
        done[f"ratio_{baseline}_user_cpu"] = theirs["cpu"] / results["user"]["cpu"]
        assert theirs["counts"]["create"] == results["ours"]["counts"]["create"]
    done["ratio_parse"] = results["preview"]["seconds"] / results["parse"]["seconds"]
    done["ratio_parse_cpu"] = results["preview"]["cpu"] / results["parse"]["cpu"]
    done["ratio_calamine"] = results["preview"]["seconds"] / results["calamine"]["seconds"]
    done["writes_again"] = results["again"]["writes"]
    return done


def main() -> None:
    parser = parser_for(__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--against", choices=("floor", "tuned", "stock", "both"), default="floor")
    parser.add_argument("--job", help="internal")
    parser.add_argument("--file", type=Path, help="internal")
    options = parser.parse_args()
    if options.job:
        run_job(options.job, options.file, options.rows)
        return
    done = benchmark(options)
    if options.json:
        print(json.dumps(done, ensure_ascii=False))
        return
    print(f"{done['rows']} rows, {done['db']}")
    print_table(
        ("job", "seconds", "cpu", "peak MB", "queries"),
        [(job, r["seconds"], r["cpu"], round(r["peak_mb"]), r["queries"]) for job, r in done["jobs"].items()],
    )
    for key, value in done.items():
        if key.startswith("ratio_") or key == "writes_again":
            print(f"{key}: {value:.2f}")


if __name__ == "__main__":
    main()
