"""`manage.py send_outbox`: send what is due (for a scheduler; the background work does the same by itself)."""

from typing import Any

from django.core.management.base import BaseCommand

from backoffice.core import outbox


class Command(BaseCommand):
    help = "Send the mails and text messages that are due."

    def handle(self, **options: Any) -> None:
        tried: list[bool] = []
        while batch := outbox.deliver_batch():
            tried += batch
        self.stdout.write(f"{sum(tried)} sent, {len(tried) - sum(tried)} not sent.")
