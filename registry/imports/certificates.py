"""Certificates from an office file (specification 3.8 and 5): the importer that `core.imports` drives.

fields   which columns there are, and how each is cleaned
read     what the file alone says, and the dictionaries
plan     what to do with every row: the rules
write    doing it, with history
undo     taking it back
"""

from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from backoffice.core.excel import Field, Table
from backoffice.core.importers import Slice
from backoffice.core.models import ImportRun
from registry.imports import plan as planning
from registry.imports import sql, undo
from registry.imports.fields import CERTIFICATE_FIELDS
from registry.imports.read import Rows, read
from registry.imports.report import FIELDS, samples_of
from registry.imports.template import certificate_template
from registry.imports.write import write
from registry.models import Certificate


class CertificateImporter:
    model = "registry.Certificate"
    fields: Sequence[Field] = CERTIFICATE_FIELDS

    #: The choices its preview offers.
    options = ("all_or_nothing", "accept_other_company", "create_companies")
    #: The columns of the preview.
    shown: Sequence[str] = FIELDS

    @staticmethod
    def readable(name: str, value: Any) -> str:
        """A value of the preview in the reader's language; codes come as stored."""
        choices = {"type": Certificate.Type, "status": Certificate.Status}.get(name)
        return str(dict(choices.choices).get(value, value)) if choices else str(value)

    def template(self) -> BinaryIO:
        """The empty workbook to fill in, ready to be sent."""
        return certificate_template()

    def read(self, run: ImportRun, table: Table) -> Rows:
        return read(table)

    def plan(self, run: ImportRun, rows: Rows, *, to_write: bool) -> planning.Plan:
        if to_write:
            sql.one_import_at_a_time("certificates")
        options = run.options
        plan = planning.make_plan(
            rows,
            accept=tuple(options.get("accept") or ()),
            create_companies=bool(options.get("create_companies")),
        )
        plan.samples = samples_of(plan)
        return plan

    def write(self, run: ImportRun, plan: planning.Plan, user_id: int | None) -> dict[str, list[int]]:
        reason = _("Import {number}: {filename}").format(number=run.pk, filename=run.filename)
        return write(plan, sql.Stamp(sql.now()[1], reason, user_id, run.pk))

    def undo_blockers(self, run: ImportRun) -> list[str]:
        return undo.blockers(run)

    def undo_slices(self, run: ImportRun) -> Iterable[Slice]:
        return undo.undo_slices(run)

    def undo_slice(self, run: ImportRun, part: Slice, by: Any) -> Iterable[tuple[str, str]]:
        return undo.undo_slice(run, part, by)


importer = CertificateImporter()
