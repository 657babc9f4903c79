"""`manage.py purge_uploads`: forget import files that were looked through and never confirmed."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from backoffice.core.models import ImportRun
from backoffice.core.state import note

Status = ImportRun.Status
UNCONFIRMED = (Status.UPLOADED, Status.UNMAPPED, Status.PREVIEWED)


class Command(BaseCommand):
    help = "Discard uploads for import that nobody confirmed, and delete their files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7, help="older than this many days (default: 7)")

    def handle(self, *, days: int, **options: Any) -> None:
        before = timezone.now() - timedelta(days=days)
        purged = 0
        for run in ImportRun.objects.filter(status__in=UNCONFIRMED, created_at__lt=before).iterator():
            # Conditional: someone may be confirming it at this very moment.
            rows = ImportRun.objects.filter(pk=run.pk, status__in=UNCONFIRMED)
            if rows.update(status=Status.DISCARDED, samples={}):
                for file in (run.file, run.marked_copy):
                    if file:
                        file.delete(save=False)
                purged += 1
        note("purge_uploads")
        self.stdout.write(f"{purged} uploads discarded.")
