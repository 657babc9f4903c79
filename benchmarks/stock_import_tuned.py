"""The import with django-import-export as somebody writes it who knows it well: the baseline to be measured by.

What is tuned against `stock_import`: instances and every look-up are loaded once, people and terms are created in
bulk around the rows, certificates are created in batches with their history, no diff is made of each row.
"""

from pathlib import Path
from typing import Any

import openpyxl
import tablib
from django.db import transaction
from import_export import fields
from import_export.instance_loaders import CachedInstanceLoader
from import_export.widgets import Widget
from simple_history.utils import bulk_create_with_history

from backoffice.core.excel.identity import birthday_of, gender_of, parse_id_number
from benchmarks.stock_import import EDUCATIONS, CertificateResource
from registry.models import Certificate, CertificateTerm, Company, Person, Region, Specialty

BATCH = 1_000


class KnownWidget(Widget):
    """A foreign key out of a dictionary that was filled once."""

    def __init__(self, known: dict[str, Any]) -> None:
        super().__init__()
        self.known = known

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return self.known[value]


class TunedResource(CertificateResource):
    class Meta(CertificateResource.Meta):
        use_bulk = True
        batch_size = BATCH
        instance_loader_class = CachedInstanceLoader
        skip_diff = True
        report_skipped = False
        # The full validation asks the database for the unique number of each row; the loader has answered that.
        clean_model_instances = False

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Person] = {}
        self.companies = {company.name: company for company in Company.objects.select_related("region")}
        self.specialties = {specialty.name: specialty for specialty in Specialty.objects.all()}
        self.regions = {region.name: region for region in Region.objects.all()}
        for name, caption, known in (
            ("person", "身份证号码", self.people), ("specialty", "专业", self.specialties),
        ):  # fmt: skip
            self.fields[name] = fields.Field(name, caption, widget=KnownWidget(known))

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """The people of all rows, known or created, before the first row."""
        wanted: dict[str, Any] = {}
        for row in dataset.dict:
            if not row["姓名"] or row["工作单位"] not in self.companies:
                continue
            try:
                wanted.setdefault(parse_id_number(row["身份证号码"]), row)
            except ValueError:
                continue
        keys = list(wanted)
        for start in range(0, len(keys), BATCH):
            found = Person.objects.filter(id_number__in=keys[start : start + BATCH]).select_related(
                "company__region"
            )
            self.people.update({person.id_number: person for person in found})
        new = [self.new_person(key, row) for key, row in wanted.items() if key not in self.people]
        if not kwargs.get("dry_run"):
            new = bulk_create_with_history(new, Person, batch_size=BATCH)
        self.people.update({person.id_number: person for person in new})

    def new_person(self, id_number: str, row: Any) -> Person:
        return Person(
            name=row["姓名"], id_number=id_number, phone=row["手机"] or "", email=row["邮箱"] or "",
            company=self.companies[row["工作单位"]], region=self.regions[row["所属区域"]], title=row["职称"] or "",
            education=EDUCATIONS[row["学历"]], birthday=birthday_of(id_number), gender=gender_of(id_number),
        )  # fmt: skip

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        self.normalise(row)
        if not row["姓名"]:
            raise ValueError("姓名")
        if row["工作单位"] not in self.companies:
            raise ValueError("工作单位")
        row["身份证号码"] = parse_id_number(row["身份证号码"])

    def after_save_instance(self, instance: Certificate, row: Any, **kwargs: Any) -> None:
        """The terms follow the batch."""

    def bulk_create(
        self,
        using_transactions: bool,
        dry_run: bool,
        raise_errors: bool,
        batch_size: Any = None,
        result: Any = None,
    ) -> None:
        made, self.create_instances = self.create_instances, []
        if dry_run or not made:
            return
        stored = bulk_create_with_history(made, Certificate, batch_size=BATCH)
        CertificateTerm.objects.bulk_create(
            CertificateTerm(
                certificate=each,
                start_date=each.renewal_date or each.issue_date,
                expiry_date=each.expiry_date,
            )
            for each in stored
        )


def import_with_tuned_stock(path: Path) -> dict[str, int]:
    """Dry run, confirm, and a workbook of the rows that failed; the number of certificates created."""
    dataset = tablib.Dataset().load(path.read_bytes(), format="xlsx")
    result = None
    for dry_run in (True, False):
        resource = TunedResource()
        with transaction.atomic():
            result = resource.import_data(dataset, dry_run=dry_run, use_transactions=False)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for number, row in enumerate(result.rows, start=2):
        if row.import_type in ("error", "invalid"):
            sheet.append([number, str(row.errors or row.validation_error)[:500]])
    book.save(path.with_suffix(".bad.xlsx"))
    return {"create": result.totals["new"]}
