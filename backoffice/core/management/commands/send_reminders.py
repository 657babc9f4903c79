"""`manage.py send_reminders`: tell companies and local bodies what is due tomorrow or late (for a scheduler)."""

from typing import Any

from django.core.management.base import BaseCommand

from backoffice.core.reminders import remind
from backoffice.core.state import note


class Command(BaseCommand):
    help = "Queue today's reminders; run it every morning. A second run on the same day sends nothing again."

    def handle(self, **options: Any) -> None:
        queued = remind()
        note("send_reminders")
        self.stdout.write(f"{queued} reminders queued.")
