"""Many rows in one statement, with their history: a roster takes 500 people at once."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.utils import timezone


def insert(model: type[Model], rows: Sequence[Any], user: Any = None) -> None:
    """Store new rows in one INSERT (bulk_create() splits at 999 parameters on SQLite), with history where kept."""
    if not rows:
        return
    manager: Any = model._base_manager
    key = model._meta.pk
    columns = [column for column in model._meta.concrete_fields if column is not key]
    for row, (pk,) in zip(
        rows, manager.all()._insert(rows, columns, returning_fields=[key], using=manager.db), strict=True
    ):
        row.pk, row._state.adding, row._state.db = pk, False, manager.db
    if hasattr(model, "history"):
        write_history(rows, "+", user)


def write_history(rows: Sequence[Any], kind: str, user: Any) -> None:
    """One history row each, in one INSERT."""
    if not rows:
        return
    made: Any = type(rows[0]).history.model
    now, base = timezone.now(), made._base_manager
    entries = [
        made(
            history_date=now, history_type=kind, history_user=user,
            **{column.attname: getattr(row, column.attname) for column in made.tracked_fields},
        )
        for row in rows
    ]  # fmt: skip
    columns = [column for column in made._meta.concrete_fields if column is not made._meta.pk]
    base.all()._insert(entries, columns, returning_fields=[made._meta.pk], using=base.db)
