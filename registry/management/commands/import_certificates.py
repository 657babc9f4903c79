"""Import a certificate list from the command line: the same engine as the import page.

Exit status: 0 all rows are in, 1 some were left out (or all refused), 2 the file cannot be read.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.core import imports
from backoffice.core.excel import UnreadableFile
from backoffice.core.models import ImportRun
from registry.imports.plan import ACCEPTABLE

LEFT_OUT, UNREADABLE = 1, 2


class Command(BaseCommand):
    help = "Import certificates (and their holders) from an .xlsx, .xls or .csv file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="look through the file, write nothing")
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="import nothing if any row is left out"
        )
        parser.add_argument("--accept", action="append", default=[], choices=ACCEPTABLE, metavar="CONFLICT",
                            help="write these conflicts too: %(choices)s")  # fmt: skip
        parser.add_argument("--create-companies", action="store_true",
                            help="register unknown companies as temporary members")  # fmt: skip
        parser.add_argument("--errors", type=Path, metavar="OUT.xlsx", help="save the rows left out, marked")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
        parser.add_argument("--user", metavar="LOGIN", help="who imports; written into the history")

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._import(options)
        if run.status == ImportRun.Status.UNMAPPED:
            missing = "、".join(run.seen["missing_labels"])
            raise CommandError(
                _("Columns not found: {columns}.").format(columns=missing), returncode=UNREADABLE
            )
        if options["errors"] and run.marked_copy:
            with run.marked_copy.open("rb") as marked, options["errors"].open("wb") as out:
                shutil.copyfileobj(marked, out)
        self._report(run, options["json"])
        if options["dry_run"]:
            imports.discard(run, imports.CommandLine())
        if run.status in (ImportRun.Status.REFUSED, ImportRun.Status.FAILED) or self._left_out(run):
            sys.exit(LEFT_OUT)

    def _import(self, options: dict[str, Any]) -> ImportRun:
        by: Any = imports.CommandLine()
        if login := options["user"]:
            by = User.objects.filter(username=login).first()
            if by is None:
                raise CommandError(_("No user has the login name {login}.").format(login=login))
        chosen = {name: options[name] for name in ("all_or_nothing", "accept", "create_companies")}
        path = options["file"]
        try:
            run = imports.start(path, path.name, "certificates", by, chosen)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=UNREADABLE) from None
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=UNREADABLE) from None
        except PermissionDenied:
            raise CommandError(_("This user may not import certificates.")) from None
        if options["dry_run"]:
            return imports.preview(run)
        imports.confirm(run, by, enqueue=False)
        imports.execute(run.pk, table=run.__dict__.pop("_table", None))
        run.refresh_from_db()
        return run

    @staticmethod
    def _left_out(run: ImportRun) -> bool:
        return bool(run.counts.get("error") or run.counts.get("conflict"))

    def _report(self, run: ImportRun, as_json: bool) -> None:
        if as_json:
            report = {"run": run.pk, "status": run.status, "counts": run.counts, "error": run.error}
            self.stdout.write(json.dumps(report | {"samples": run.samples}, ensure_ascii=False))
            return
        width = max(map(len, run.counts), default=0)
        for name, count in run.counts.items():
            self.stdout.write(f"{name:<{width}}  {count:>8}")
        for sample in run.samples.get("error", [])[:10]:
            reasons = "; ".join(f"{r['column']}{sample['row']}: {r['message']}" for r in sample["reasons"])
            self.stdout.write(reasons)
        for sample in run.samples.get("conflict", [])[:10]:
            self.stdout.write(f"{sample['row']}: {sample['message']}")
        self.stdout.write(str(run.get_status_display()) + (f": {run.error}" if run.error else ""))
