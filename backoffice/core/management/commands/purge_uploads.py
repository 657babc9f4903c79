"""`manage.py purge_uploads`: forget import files that were looked through or failed, and never carried out."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from backoffice.core import imports


class Command(BaseCommand):
    help = "Discard uploads for import that nobody carried out, and delete their files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7, help="older than this many days (default: 7)")

    def handle(self, *, days: int, **options: Any) -> None:
        purged = imports.purge(timezone.now() - timedelta(days=days))
        self.stdout.write(f"{purged} uploads discarded.")
