"""Ask the learning platform for news: whose learning is open, who has passed. For a scheduler, every hour or so."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.accounts.models import User
from backoffice.core.state import note
from backoffice.roles import Role
from training.models import PlatformRun
from training.platform.http import PlatformError
from training.platform.jobs import ask_now, fetch_results, may_act


class Command(BaseCommand):
    help = "Ask the learning platform (LEARNING_PLATFORM=http) whose learning is open and who has passed."

    def handle(self, *args: Any, **options: Any) -> None:
        note("poll_platform")
        runs = PlatformRun.objects.filter(adapter=PlatformRun.Adapter.HTTP)
        try:
            for run in runs.filter(status=PlatformRun.Status.SENT).select_related("sent_by").order_by("pk"):
                may_act(run)
                self.stdout.write(f"#{run.pk}: {ask_now(run, by=run.sent_by)}")
            latest = runs.filter(sent_by__is_active=True, sent_by__role=Role.TRAINING).order_by("-pk").first()
            if latest is not None:
                by: User = latest.sent_by
                self.stdout.write(f"results: {fetch_results(by=by).changed}")
        except PlatformError as error:
            raise CommandError(str(error)) from None
