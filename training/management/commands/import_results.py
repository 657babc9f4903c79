"""Import results (study hours, score, passed or not) from the command line."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_lazy as _

from backoffice.core.import_command import ImportCommand
from training.results.lines import DIFFERING
from training.results.results import ODD

#: The file's kinds: results, or what the platform answered to a roster.
LAYOUTS = ("results", "platform_confirmation")
#: Rows whose other columns do not fit the person of the number; results that are unusual.
ACCEPTABLE = (DIFFERING, ODD)


class Command(ImportCommand):
    help = "Import results of the learning, or the platform's confirmation, from an .xlsx, .xls or .csv file."
    not_allowed = _("This user may not import results.")
    choices = ("all_or_nothing", "accept")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", metavar="LOGIN", required=True,
                            help="who imports: a user of the training department or of a local body")  # fmt: skip
        parser.add_argument("--accept", action="append", default=[], choices=ACCEPTABLE, metavar="CONFLICT",
                            help="take these rows too: %(choices)s")  # fmt: skip
        parser.add_argument("--layout", choices=LAYOUTS, default=LAYOUTS[0], help="default: %(default)s")

    def layout(self, options: dict[str, Any]) -> str:
        return str(options["layout"])
