"""What the import commands share: the same engine as the import page, in a terminal.

Exit status: 0 all rows are in, 1 some were left out (or all refused), 2 the file cannot be read.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from backoffice.core import imports
from backoffice.core.excel import UnreadableFile, cell_name
from backoffice.core.import_watch import watch
from backoffice.core.models import ImportRun

LEFT_OUT, UNREADABLE = 1, 2


class ImportCommand(BaseCommand):
    #: The sentence for a user without the grant.
    not_allowed: ClassVar[Any] = ""
    #: The command's own options that the run keeps.
    choices: ClassVar[tuple[str, ...]] = ("all_or_nothing",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="look through the file, write nothing")
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="import nothing if any row is left out"
        )
        parser.add_argument("--errors", type=Path, metavar="OUT.xlsx", help="save the rows left out, marked")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def layout(self, options: dict[str, Any]) -> str:
        """The layout of the file."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        watch()  # an earlier command may have been killed
        by = self.importer(options["user"])
        run = self.carry_out(by, options)
        if run.status == ImportRun.Status.UNMAPPED:
            missing = "、".join(run.seen["missing_labels"])
            raise CommandError(
                _("Columns not found: {columns}.").format(columns=missing), returncode=UNREADABLE
            )
        if options["errors"] and run.marked_copy:
            with run.marked_copy.open("rb") as marked, options["errors"].open("wb") as out:
                shutil.copyfileobj(marked, out)
        self.report(run, options["json"])
        if options["dry_run"]:
            imports.discard(run, by)
        left_out = run.counts.get("error") or run.counts.get("conflict")
        if run.status in (ImportRun.Status.REFUSED, ImportRun.Status.FAILED) or left_out:
            sys.exit(LEFT_OUT)

    def importer(self, login: str | None) -> Any:
        """Who imports: the user of that login name, or the command line itself."""
        if not login:
            return imports.CommandLine()
        user = get_user_model()._default_manager.filter(username=login).first()
        if user is None:
            raise CommandError(_("No user has the login name {login}.").format(login=login))
        return user

    def carry_out(self, by: Any, options: dict[str, Any]) -> ImportRun:
        path, chosen = options["file"], {name: options[name] for name in self.choices}
        try:
            run = imports.start(path, path.name, self.layout(options), by, chosen)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=UNREADABLE) from None
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=UNREADABLE) from None
        except PermissionDenied:
            raise CommandError(str(self.not_allowed)) from None
        if options["dry_run"]:
            return imports.preview(run)
        imports.confirm(run, by, enqueue=False)
        imports.execute(run.pk, table=run.__dict__.pop("_table", None))
        run.refresh_from_db()
        return run

    def report(self, run: ImportRun, as_json: bool) -> None:
        if as_json:
            report = {"run": run.pk, "status": run.status, "counts": run.counts, "error": run.error}
            report["warnings"] = run.seen.get("warnings", [])
            self.stdout.write(json.dumps(report | {"samples": run.samples}, ensure_ascii=False))
            return
        for warning in run.seen.get("warnings", []):
            self.stdout.write(_("Note: {text}").format(text=warning))
        width = max(map(len, run.counts), default=0)
        for name, count in run.counts.items():
            self.stdout.write(f"{name:<{width}}  {count:>8}")
        for outcome in ("error", "conflict"):
            for sample in run.samples.get(outcome, [])[:10]:
                self.stdout.write(self.line_of(sample))
        self.stdout.write(str(run.get_status_display()) + (f": {run.error}" if run.error else ""))

    @staticmethod
    def line_of(sample: dict[str, Any]) -> str:
        """A row that stays out, with its reasons: cell by cell, or one for the whole row."""
        if "message" in sample:
            return f"{sample['row']}: {sample['message']}"
        return "; ".join(
            f"{cell_name(r['column'], sample['row'])}: {r['message']}" for r in sample["reasons"]
        )
