"""Look for duplicate people and companies: for a nightly timer; the office decides about what is found."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import ngettext

from registry.duplicates import carry_out
from registry.models import DuplicateSearch


class Command(BaseCommand):
    help = "Look through the register for people and companies that are in it twice."

    def handle(self, *args: Any, **options: Any) -> None:
        found = carry_out(DuplicateSearch.objects.create()).found
        text = ngettext("%(found)d new pair was found.", "%(found)d new pairs were found.", found)
        self.stdout.write(text % {"found": found})
