"""The same import as one writes it with django-import-export, by its documentation: a query for each row.

The naive baseline; `stock_import_tuned` is the fair one.
"""

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import tablib
from django.db import transaction
from import_export import fields, resources
from import_export.widgets import DateWidget, ForeignKeyWidget

from backoffice.core.excel.identity import parse_id_number
from registry.models import Certificate, CertificateTerm, Company, Person, Region, Specialty

TYPES = {"专监": "ENGINEER", "监理员": "SUPERVISOR", "安全员": "SAFETY"}
EDUCATIONS = {"本科": "BACHELOR"}
DATE = DateWidget(format="%Y-%m-%d")


class CertificateResource(resources.ModelResource):
    number = fields.Field("number", "证书编号")
    type = fields.Field("type", "证书类型")
    person = fields.Field("person", "身份证号码", widget=ForeignKeyWidget(Person, "id_number"))
    printed_company = fields.Field("printed_company", "工作单位")
    specialty = fields.Field("specialty", "专业", widget=ForeignKeyWidget(Specialty, "name"))
    issue_date = fields.Field("issue_date", "发证日期", widget=DATE)
    renewal_date = fields.Field("renewal_date", "换证日期", widget=DATE)
    expiry_date = fields.Field("expiry_date", "有效期至", widget=DATE)
    remark = fields.Field("remark", "备注")

    class Meta:
        model = Certificate
        import_id_fields = ("number",)
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
        clean_model_instances = True
        exclude = ("id", "company", "region", "status", "created_at", "updated_at")

    @staticmethod
    def normalise(row: Any) -> None:
        """Cells as the widgets read them."""
        row["证书类型"], row["备注"] = TYPES[row["证书类型"]], row["备注"] or ""
        for caption in ("发证日期", "换证日期", "有效期至"):
            value = row[caption]
            if isinstance(value, str) and "." in value:
                row[caption] = datetime.datetime.strptime(value, "%Y.%m.%d").date()
            elif isinstance(value, datetime.datetime):
                row[caption] = value.date()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        self.normalise(row)
        company = Company.objects.get(name=row["工作单位"])
        if not row["姓名"]:
            raise ValueError("姓名")
        id_number = parse_id_number(row["身份证号码"])
        if not Person.objects.filter(id_number=id_number).exists():
            Person.objects.create(
                name=row["姓名"], id_number=id_number, phone=row["手机"] or "", email=row["邮箱"] or "",
                company=company, region=Region.objects.get(name=row["所属区域"]), title=row["职称"] or "",
                education=EDUCATIONS[row["学历"]],
            )  # fmt: skip

    def before_save_instance(self, instance: Certificate, row: Any, **kwargs: Any) -> None:
        instance.company = instance.person.company
        instance.region = instance.company.region

    def after_save_instance(self, instance: Certificate, row: Any, **kwargs: Any) -> None:
        start = instance.renewal_date or instance.issue_date
        CertificateTerm.objects.get_or_create(
            certificate=instance, start_date=start, expiry_date=instance.expiry_date
        )


def import_with_stock(path: Path) -> dict[str, int]:
    """Dry run, confirm, and a workbook of the rows that failed; the number of certificates created."""
    result = None
    for dry_run in (True, False):
        dataset = tablib.Dataset().load(path.read_bytes(), format="xlsx")
        # Its own transaction would take the good rows back because of the bad ones; so the confirmed run gets
        # one from here, without which it would be slower still.
        with transaction.atomic():
            result = CertificateResource().import_data(dataset, dry_run=dry_run, use_transactions=dry_run)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for number, row in enumerate(result.rows, start=2):
        if row.import_type in ("error", "invalid"):
            sheet.append([number, str(row.errors or row.validation_error)[:500]])
    book.save(path.with_suffix(".bad.xlsx"))
    return {"create": result.totals["new"]}
