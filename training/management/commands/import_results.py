"""Import results (study hours, score, passed or not) from the command line: the same engine as the import page.

Exit status: 0 all rows are in or known, 1 some were left out (or all refused), 2 the file cannot be read.
"""

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

LEFT_OUT, UNREADABLE = 1, 2
#: The file's kinds: results, or what the platform answered to a roster.
LAYOUTS = ("results", "platform_confirmation")


class Command(BaseCommand):
    help = "Import results of the learning, or the platform's confirmation, from an .xlsx, .xls or .csv file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", metavar="LOGIN", required=True,
                            help="who imports: a user of the training department or of a local body")  # fmt: skip
        parser.add_argument("--layout", choices=LAYOUTS, default=LAYOUTS[0], help="default: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="look through the file, write nothing")
        parser.add_argument(
            "--all-or-nothing", action="store_true", help="import nothing if any row is left out"
        )
        parser.add_argument("--errors", type=Path, metavar="OUT.xlsx", help="save the rows left out, marked")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["user"]).first()
        if by is None:
            raise CommandError(_("No user has the login name {login}.").format(login=options["user"]))
        run = self.run(by, options)
        if run.status == ImportRun.Status.UNMAPPED:
            missing = "、".join(run.seen["missing_labels"])
            raise CommandError(
                _("Columns not found: {columns}.").format(columns=missing), returncode=UNREADABLE
            )
        if options["errors"] and run.marked_copy:
            with run.marked_copy.open("rb") as marked, options["errors"].open("wb") as out:
                shutil.copyfileobj(marked, out)
        self.report(run)
        if options["dry_run"]:
            imports.discard(run, by)
        left_out = run.counts.get("error", 0) + run.counts.get("conflict", 0)
        if run.status in (ImportRun.Status.REFUSED, ImportRun.Status.FAILED) or left_out:
            sys.exit(LEFT_OUT)

    @staticmethod
    def run(by: User, options: dict[str, Any]) -> ImportRun:
        path, chosen = options["file"], {"all_or_nothing": options["all_or_nothing"]}
        try:
            run = imports.start(path, path.name, options["layout"], by, chosen)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=UNREADABLE) from None
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=UNREADABLE) from None
        except PermissionDenied:
            raise CommandError(_("This user may not import results.")) from None
        if options["dry_run"]:
            return imports.preview(run)
        imports.confirm(run, by, enqueue=False)
        imports.execute(run.pk, table=run.__dict__.pop("_table", None))
        run.refresh_from_db()
        return run

    def report(self, run: ImportRun) -> None:
        width = max(map(len, run.counts), default=0)
        for name, count in run.counts.items():
            self.stdout.write(f"{name:<{width}}  {count:>8}")
        for outcome in ("error", "conflict"):
            for sample in run.samples.get(outcome, [])[:10]:
                reasons = "; ".join(
                    f"{r['column']}{sample['row']}: {r['message']}" for r in sample["reasons"]
                )
                self.stdout.write(reasons)
        self.stdout.write(str(run.get_status_display()) + (f": {run.error}" if run.error else ""))
