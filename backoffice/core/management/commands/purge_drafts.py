"""`manage.py purge_drafts`: forget applications that visitors began and never sent in."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.core.models.inbox import flow_models
from backoffice.core.state import note


class Command(BaseCommand):
    help = "Delete drafts nobody sent in, with their pictures: personal data without a purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="untouched for so many days (default: 30)")

    def handle(self, *, days: int, **options: Any) -> None:
        before = timezone.now() - timedelta(days=days)
        purged = 0
        for model in flow_models():
            if private := getattr(model, "private_states", None):
                drafts = model._default_manager.filter(state__in=private, updated_at__lt=before)
                purged += sum(forget(model, pk, private) for pk in list(drafts.values_list("pk", flat=True)))
        note("purge_drafts")
        self.stdout.write(f"{purged} drafts deleted.")


@transaction.atomic
def forget(model: Any, pk: int, private: frozenset[str]) -> bool:
    """Delete one draft with all that hangs on it; False if it was sent in at this very moment."""
    draft = model._default_manager.select_for_update(of=("self",)).filter(pk=pk, state__in=private).first()
    if draft is None:
        return False
    files = [attachment.file for attachment in Attachment.of(draft)]
    for rows in (Attachment, Task, TransitionLog):
        rows.of(draft).delete()
    model.history.filter(id=pk).delete()
    model._default_manager.filter(pk=pk)._raw_delete(draft._state.db)
    for file in files:
        transaction.on_commit(partial(file.storage.delete, str(file.name)))
    return True
