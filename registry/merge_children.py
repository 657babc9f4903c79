# ruff: noqa: S608 (table and column names come from the models, values are always parameters)
"""What hangs on a record, whatever app it belongs to: foreign keys, and rows with a generic owner.

A later app's model is moved by a merge without a line of its own here. The number of queries does not depend on
the number of rows.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from simple_history.models import HistoricalChanges

from backoffice.core.locks import lock
from backoffice.core.models.base import Owned
from registry.imports import sql

Child = type[models.Model]


def children(model: Any) -> Iterator[tuple[Any, models.ForeignKey]]:
    """Each (model, foreign key) that refers to `model`, hidden ones and itself included; a person's user, one to
    one, is joined by hand; history stays as it was written."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or isinstance(relation, models.OneToOneRel):
            continue
        child = relation.related_model
        if not issubclass(child, HistoricalChanges) and not child._meta.proxy:
            yield child, relation.field  # type: ignore[misc]


def owned_models() -> Iterator[type[Owned]]:
    """The models whose rows hang on any record: attachments, and tasks and logs where there are some."""
    return (model for model in apps.get_models() if issubclass(model, Owned) and not model._meta.proxy)


def lock_children(model: Any, ids: Sequence[int]) -> None:
    """Lock what hangs on these records, which are locked already, in the order of `core/locks.py`: people and
    certificates, then flows, their lines, their bills. What takes a step there waits, or is waited for."""
    for child, field in sorted(
        (
            (child, field)
            for child, field in children(model)
            if child is not model and hasattr(child, "lock_rank")
        ),
        key=lambda pair: pair[0].lock_rank,
    ):
        lock(child._default_manager.filter(**{f"{field.name}__in": ids}))


def clashing(child: Any, field: models.ForeignKey, kept: int, merged: int) -> list[Any]:
    """The merged record's rows that a unique constraint would not let stand beside the kept one's."""
    found: list[Any] = []
    for constraint in child._meta.constraints:
        if not isinstance(constraint, models.UniqueConstraint) or field.name not in constraint.fields:
            continue
        others = [name for name in constraint.fields if name != field.name]
        rows = child._default_manager.filter(constraint.condition or models.Q())
        taken = set(rows.filter(**{field.name: kept}).values_list(*others))
        if taken:
            theirs = rows.filter(**{field.name: merged})
            found += [
                row for row in theirs if tuple(getattr(row, attname(child, name)) for name in others) in taken
            ]
    return found


def attname(model: Any, name: str) -> str:
    return str(model._meta.get_field(name).attname)


def tracks(child: Any, field: models.ForeignKey) -> bool:
    """Whether the child's history follows this key."""
    history = getattr(child, "history", None)
    return history is not None and any(kept.name == field.name for kept in history.model.tracked_fields)


def move(child: Any, field: models.ForeignKey, ids: Sequence[int], target: int) -> None:
    """Let these rows refer to `target`."""
    condition, param = sql.among("id", ids)
    sql.run(f'UPDATE {sql.table_of(child)} SET "{field.column}" = %s WHERE {condition}', target, param)


def pointing_at(child: Any, field: models.ForeignKey, ids: Sequence[int], target: int) -> int:
    """How many of these rows (still) refer to `target`."""
    condition, param = sql.among("id", ids)
    statement = f'SELECT count(*) FROM {sql.table_of(child)} WHERE "{field.column}" = %s AND {condition}'
    return int(next(sql.select(statement, target, param))[0])


def move_owned(kept: Any, merged: Any) -> dict[str, list[int]]:
    """Let what hangs on `merged` hang on `kept`; returns the ids by model."""
    moved = {}
    for model in owned_models():
        ids = list(model.of(merged).order_by("pk").values_list("pk", flat=True))
        if ids:
            hang_on(model, ids, kept)
            moved[model._meta.label] = ids
    return moved


def hang_on(model: Any, ids: Sequence[int], owner: Any) -> None:
    condition, param = sql.among("id", ids)
    sql.run(f"UPDATE {sql.table_of(model)} SET object_id = %s WHERE {condition}", owner.pk, param)


def hanging_on(model: Any, ids: Sequence[int], owner: Any) -> int:
    kind = ContentType.objects.get_for_model(owner).pk
    condition, param = sql.among("id", ids)
    hangs = f"content_type_id = %s AND object_id = %s AND {condition}"
    statement = f"SELECT count(*) FROM {sql.table_of(model)} WHERE {hangs}"
    return int(next(sql.select(statement, kind, owner.pk, param))[0])


def counts_of(model: Any, ids: Sequence[int]) -> list[tuple[str, list[int]]]:
    """For each kind of row that hangs on these records: its name and how many each of them has."""
    found = []
    relations: list[Any] = [
        relation for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel) and relation.related_model is not model
        and not issubclass(relation.related_model, HistoricalChanges)
    ]  # fmt: skip
    for relation in relations:
        child, field = relation.related_model, relation.field
        rows = child._default_manager.filter(**{f"{field.name}__in": ids}).order_by()
        counted = dict(rows.values_list(field.name).annotate(models.Count("pk")))
        label = f"{child._meta.verbose_name_plural}"
        if len([other for other in relations if other.related_model is child]) > 1:
            label = f"{label} ({field.verbose_name})"
        found.append((label, [counted.get(pk, 0) for pk in ids]))
    kind = ContentType.objects.get_for_model(model)
    for owned in owned_models():
        rows = owned._default_manager.filter(content_type=kind, object_id__in=ids).order_by()
        counted = dict(rows.values_list("object_id").annotate(models.Count("pk")))
        if counted or owned._meta.model_name == "attachment":
            found.append((str(owned._meta.verbose_name_plural), [counted.get(pk, 0) for pk in ids]))
    return found
