"""Import a certificate list from the command line."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_lazy as _

from backoffice.core.import_command import ImportCommand
from registry.imports.plan import ACCEPTABLE


class Command(ImportCommand):
    help = "Import certificates (and their holders) from an .xlsx, .xls or .csv file."
    not_allowed = _("This user may not import certificates.")
    choices = ("all_or_nothing", "accept", "create_companies")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--accept", action="append", default=[], choices=ACCEPTABLE, metavar="CONFLICT",
                            help="write these conflicts too: %(choices)s")  # fmt: skip
        parser.add_argument("--create-companies", action="store_true",
                            help="register unknown companies as temporary members")  # fmt: skip
        parser.add_argument("--user", metavar="LOGIN", help="who imports; written into the history")

    def layout(self, options: dict[str, Any]) -> str:
        return "certificates"
