"""Certificate lists for the import tests, and what the register holds after them."""

import io
from typing import Any

from django.db import connection

from backoffice.core import imports
from backoffice.core.excel import write_xlsx
from backoffice.core.models import ImportRun
from registry.models import Certificate, CertificateTerm, Company, Person
from tests.factories import CompanyFactory, RegionFactory, UserFactory, id_number

CAPTIONS = {
    "number": "证书编号", "type": "证书类型", "name": "姓名", "id_number": "身份证号码", "gender": "性别",
    "company": "工作单位", "specialty": "专业", "issue_date": "发证日期", "renewal_date": "换证日期",
    "expiry_date": "有效期至", "phone": "手机", "email": "邮箱", "region": "所属区域", "title": "职称",
    "education": "学历", "status": "证书状态", "remark": "备注",
}  # fmt: skip
COMPANY = "广东岭衡工程监理有限公司"


def row(n: int = 1, **values: Any) -> dict[str, Any]:
    """The n-th good row: certificate A124…n of the n-th person, who works at COMPANY."""
    return {
        "number": f"A12400{n:03d}", "type": "专监", "name": f"陈{'甲乙丙丁戊己庚辛'[n % 8]}", "id_number": id_number(n),
        "company": COMPANY, "issue_date": "2024-01-01", "expiry_date": "2027-01-01",
    } | values  # fmt: skip


def workbook(*rows: dict[str, Any]) -> bytes:
    fields = [name for name in CAPTIONS if any(name in row for row in rows)]
    out = io.BytesIO()
    write_xlsx(out, "证书", [CAPTIONS[f] for f in fields], [[row.get(f, "") for f in fields] for row in rows])
    return out.getvalue()


def known_company(name: str = COMPANY, **values: Any) -> Company:
    city = RegionFactory(code="440100", name="广州市")
    return CompanyFactory(name=name, region=city, **values)


def look_through(*rows: dict[str, Any], by: Any = None, **options: Any) -> ImportRun:
    run = imports.start(workbook(*rows), "名单.xlsx", "certificates", by or UserFactory(), options)
    return imports.preview(run)


def carry_out(*rows: dict[str, Any], by: Any = None, **options: Any) -> ImportRun:
    """Start, look through, confirm and execute; the run as it is then."""
    by = by or UserFactory()
    run = imports.confirm(look_through(*rows, by=by, **options), by, enqueue=False)
    imports.execute(run.pk)
    run.refresh_from_db()
    return run


def outcomes(run: ImportRun) -> dict[str, int]:
    """The counts that are not zero, the number of rows left out."""
    return {name: count for name, count in run.counts.items() if count and name != "rows"}


def register() -> dict[str, Any]:
    """Everything an import may write, down to the history."""
    tables = {}
    for model in (Company, Person, Certificate, CertificateTerm):
        tables[model.__name__] = list(model.objects.order_by("pk").values())
    for model in (Company, Person, Certificate):
        tables[f"Historical{model.__name__}"] = list(model.history.order_by("history_id").values())
    return tables


def writes(queries: Any) -> list[str]:
    """The statements that write into a table of the register."""
    return [
        q["sql"]
        for q in queries
        if q["sql"].split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE", "WITH", "COPY")
        and "registry_" in q["sql"]
    ]


def on_postgres() -> bool:
    return connection.vendor == "postgresql"
