"""Export of certificates to .xlsx: ours, django-import-export's, and the floor (raw rows and the writer alone).

    python -m benchmarks.export_certificates --rows 100000 --db sqlite --against stock [--runs 3] [--json]

Each run is a process of its own over the register of `benchmarks.dataset`; only the export is timed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import dataset
from benchmarks.common import Result, measured, median, parser_for, print_table


def main() -> None:
    parser = parser_for(__doc__.splitlines()[0])
    parser.set_defaults(rows=100_000)
    parser.add_argument("--against", choices=("stock", "floor", "all", "none"), default="all")
    parser.add_argument("--job", choices=("ours", "csv", "stock", "floor"), help="(one run in this process)")
    options = parser.parse_args()
    if options.job:
        run(options)
        return
    prepare(options)
    jobs = ["ours", "csv", *{"all": ["stock", "floor"], "none": []}.get(options.against, [options.against])]
    runs: dict[str, list[Result]] = {job: [] for job in jobs}
    for _ in range(options.runs):
        for job in jobs:
            runs[job].append(in_own_process(job, options))
    report({job: median(results) for job, results in runs.items()}, options)


def prepare(options: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "benchmarks.dataset", "--rows", str(options.rows), "--db", options.db]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def in_own_process(job: str, options: argparse.Namespace) -> Result:
    command = [sys.executable, "-m", "benchmarks.export_certificates", "--job", job, "--rows", str(options.rows),
               "--db", options.db]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{job} failed:\n{done.stderr[-4000:]}")
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def run(options: argparse.Namespace) -> None:
    dataset.setup(options.db, options.rows)
    result: Result = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "export.xlsx"
        job = {"ours": ours, "csv": ours_as_csv, "stock": stock, "floor": floor}[options.job]
        with measured(result):
            rows = job(target)
        result |= {"rows": rows, "size_mb": os.path.getsize(target) / 2**20}
    assert rows == options.rows
    print(json.dumps(result))


def ours(target: Path, format_: str = "xlsx") -> int:
    from types import SimpleNamespace

    from backoffice.core import export
    from backoffice.roles import Role
    from registry.models import Certificate

    columns = export.columns_for("registry.Certificate", SimpleNamespace(role=Role.OFFICE))
    with target.open("wb") as file:
        return export.write(file, format_, Certificate.objects.all(), columns, title="Certificates")


def ours_as_csv(target: Path) -> int:
    return ours(target, "csv")


def stock(target: Path) -> int:
    """By the documentation, and with select_related, which it does not mention."""
    from import_export import resources

    from registry.models import Certificate

    class CertificateResource(resources.ModelResource):
        class Meta:
            model = Certificate
            fields = ("number", "type", "person__name", "person__id_number", "person__gender", "printed_company",
                      "specialty__name", "issue_date", "renewal_date", "expiry_date", "person__phone",
                      "person__email", "person__region__name", "person__title", "person__education", "status",
                      "remark", "company__name")  # fmt: skip

    queryset: Any = Certificate.objects.select_related("person__region", "company", "specialty")
    data = CertificateResource().export(queryset)
    target.write_bytes(data.xlsx)
    return len(data)


def floor(target: Path) -> int:
    """The rows as the database gives them, and the writer."""
    from django.db import connection

    from backoffice.core.excel import write_xlsx

    sql = """SELECT c.number, c.type, p.name, p.id_number, p.gender, c.printed_company, s.name, c.issue_date,
        c.renewal_date, c.expiry_date, p.phone, p.email, r.name, p.title, p.education, c.status, c.remark, k.name
        FROM registry_certificate c JOIN registry_person p ON p.id = c.person_id
        LEFT JOIN registry_company k ON k.id = c.company_id LEFT JOIN registry_region r ON r.id = p.region_id
        LEFT JOIN registry_specialty s ON s.id = c.specialty_id ORDER BY c.issue_date DESC, c.id DESC"""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = iter(lambda: cursor.fetchmany(2000), [])
        headers = [f"column {n}" for n in range(18)]
        return write_xlsx(target, "Certificates", headers, (row for chunk in rows for row in chunk))


def report(results: dict[str, Result], options: argparse.Namespace) -> None:
    ours_result = results["ours"]
    summary: Result = {"benchmark": "export_certificates", "db": options.db, "rows": options.rows}
    summary |= {key: round(ours_result[key], 3) for key in ("seconds", "cpu", "peak_mb", "queries")}
    for other in ("stock", "floor"):
        known = other in results
        summary[f"ratio_{other}"] = (
            round(results[other]["seconds"] / ours_result["seconds"], 2) if known else None
        )
    if "floor" in results:
        summary["ratio_floor"] = round(ours_result["seconds"] / results["floor"]["seconds"], 2)
    if "stock" in results:
        summary["memory_ratio_stock"] = round(ours_result["peak_mb"] / results["stock"]["peak_mb"], 2)
        summary["cpu_ratio_stock"] = round(results["stock"]["cpu"] / ours_result["cpu"], 2)
    if options.json:
        print(json.dumps(summary | {"runs": results}))
        return
    print(f"\n{options.rows:,} certificates, {options.db}, median of {options.runs}\n")
    headers = ["export", "seconds", "cpu", "peak MB", "queries", "file MB", "x ours"]
    lines = []
    for job, r in results.items():
        ratio = r["seconds"] / ours_result["seconds"]
        lines.append([job, r["seconds"], r["cpu"], round(r["peak_mb"]), r["queries"], r["size_mb"], ratio])
    print_table(headers, lines)


if __name__ == "__main__":
    main()
