"""Makes the importers of this room known to core's import runs; called by TrainingConfig.ready()."""

from backoffice.core import imports
from backoffice.core.excel import layouts
from training.results.confirmation import ConfirmationImporter
from training.results.results import ResultsImporter


def register_layouts() -> None:
    for key, importer in (("results", ResultsImporter()), ("platform_confirmation", ConfirmationImporter())):
        imports.register_importer(key, importer)
        layouts.register(layouts.Layout(key, importer.label, importer.fields, importer.cleaners))
