"""`manage.py load_dictionaries`: what every site needs before its first record; running it again changes nothing."""

import json
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from backoffice.core.notices import ensure_templates

#: In the order of their foreign keys. Each is loaded into an empty table only: the office may have edited it.
FIXTURES = ("regions", "specialties", "local_bodies", "attachment_kinds", "holidays", "ready_opinions", "fees",
            "bank_account")  # fmt: skip


class Command(BaseCommand):
    help = (
        "Load regions, local bodies, specialties, attachment kinds, holidays, ready-made opinions, the fee schedule "
        "and the bank account into tables that are still empty, and give every notice its message template."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in load().items():
            self.stdout.write(f"{name}: {count} loaded" if count else f"{name}: kept as they are")


@transaction.atomic
def load() -> dict[str, int]:
    """How many rows came in, by fixture; 0 where the table had rows already."""
    loaded = {}
    for name in FIXTURES:
        path = settings.BASE_DIR / "fixtures" / f"{name}.json"
        rows = json.loads(path.read_text())
        empty = not apps.get_model(rows[0]["model"])._default_manager.exists()
        if empty:
            call_command("loaddata", str(path), verbosity=0)
        loaded[name] = len(rows) if empty else 0
    return loaded | {"message_templates": ensure_templates()}
