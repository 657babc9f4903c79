"""`manage.py reap_tasks`: put the jobs of dead workers back into the queue (for a scheduler)."""

from typing import Any

from django.core.management.base import BaseCommand

from backoffice.core.tasks import reap


class Command(BaseCommand):
    help = "Put background jobs whose worker died back into the queue."

    def handle(self, **options: Any) -> None:
        put_back, given_up = reap()
        self.stdout.write(f"{put_back} put back, {given_up} given up.")
