"""Every foreign key into a table whose rows are deleted or merged has an index: without one, each deleted row costs a
walk through the whole other table (an undo of 30,000 people did not end)."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

from backoffice.core.models.base import Owned

#: Columns without an index of their own, each with the reason why nobody waits for that.
WITHOUT = {
    "core.Task.assigned_to": "users are never deleted; the index of the held tasks serves the inbox",
    "registry.Certificate.specialty": "a dictionary; an entry goes by hand, one at a time, and rarely",
}


def columns() -> Iterator[tuple[str, type[models.Model], str]]:
    """Our foreign keys that the database checks, and the generic ones."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.local_concrete_fields:
            if field.many_to_one and field.db_constraint and not (field.db_index or field.unique):  # type: ignore[union-attr]
                yield f"{model._meta.label}.{field.name}", model, field.name
        if issubclass(model, Owned):
            yield f"{model._meta.label}.object_id", model, "object_id"


def indexed(model: type[models.Model], name: str) -> bool:
    """Whether an index begins with the column, for all rows that have a value in it."""
    beginning = ["content_type", "object_id"] if name == "object_id" else [name]
    for index in [*model._meta.indexes, *model._meta.constraints]:
        if not isinstance(index, models.Index | models.UniqueConstraint):
            continue
        names = [field.removeprefix("-") for field in index.fields] or [
            getattr(part, "name", "") for part in index.expressions
        ]
        whole = index.condition in (None, models.Q(**{f"{name}__isnull": False}))
        if whole and names[: len(beginning)] == beginning:
            return True
    return False


@pytest.mark.parametrize(
    ("label", "model", "name"), [pytest.param(*found, id=found[0]) for found in columns()]
)
def test_the_foreign_key_has_an_index(label: str, model: type[models.Model], name: str) -> None:
    assert indexed(model, name) != (label in WITHOUT), WITHOUT.get(
        label, "add an index, or a reason to WITHOUT"
    )
