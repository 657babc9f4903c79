"""Field history on top of django-simple-history, with only the index our screens use.

The stock history table carries an index on every copied key; a bulk import pays for all of them.
"""

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


class HistoryRow(models.Model):
    """What every history row says besides the copied fields: which import run wrote it, if one did.

    A run's own rows are found again by their id range (ImportRun.history) and this number, without an index.
    """

    import_run_id = models.BigIntegerField(null=True, editable=False)

    class Meta:
        abstract = True


class History(HistoricalRecords):
    """`history = History()` in a model; the reason is unlimited text, the index is (id, -history_date).

    `indexed` names the foreign keys by which rows are found whose record is gone.
    """

    def __init__(self, *, indexed: tuple[str, ...] = (), **options: Any) -> None:
        self.indexed = indexed
        super().__init__(bases=(HistoryRow,), user_db_constraint=False, **options)

    def post_save(
        self, instance: models.Model, created: bool, using: str | None = None, **kwargs: Any
    ) -> None:
        """No row for a save of nothing that the history keeps: signing in must not refuse somebody's open form."""
        written = kwargs.get("update_fields")
        if written and set(written) <= {str(name) for name in self.excluded_fields}:
            return
        super().post_save(instance, created, using, **kwargs)

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field]:
        fields = super().copy_fields(model)
        for field in fields.values():
            field.db_index = field.name in self.indexed
        return fields

    def get_extra_fields(self, model: type[models.Model], fields: dict[str, Any]) -> dict[str, Any]:
        extra: dict[str, Any] = super().get_extra_fields(model, fields)
        extra["history_user"].db_index = False
        return extra

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        options = super().get_meta_options(model)
        name = f"{model._meta.model_name}_hist"[:30]
        options["indexes"] = [
            models.Index(model._meta.pk.attname, models.F("history_date").desc(), name=name)
        ]
        return options
