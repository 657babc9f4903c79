# ruff: noqa: S608 (table and column names come from the models, values are always parameters)
"""Take an import back: all of it, or nothing with the reasons why not.

What the run wrote is found in the history (its id ranges and its run id), and so is what was there before.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.models import HistoricalChanges

from backoffice.core.models import ImportRun
from backoffice.core.models.base import Owned
from registry.imports import sql
from registry.imports.sql import Stamp
from registry.imports.write import follow_holders
from registry.models import Certificate, CertificateTerm, Company, Person

#: What an import writes, in the order in which it may be taken away.
MODELS: tuple[type[models.Model], ...] = (Certificate, Person, Company)
EXAMPLES = 3


def blockers(run: ImportRun) -> list[str]:
    """Sentences: what was built on the import, or is unknown, so that it cannot be undone."""
    found: list[str] = []
    for model in MODELS:
        if model._meta.label in run.history_ranges:
            found += [*_changed_since(model, run), *_unknown_before(model, run), *_referred_to(model, run)]
    return found


def _mine(
    model: type[models.Model], run: ImportRun, kinds: str = "+~", alias: str = "mine"
) -> tuple[str, list[Any]]:
    """FROM and WHERE of the run's own history rows."""
    first, last = run.history_ranges[model._meta.label]
    places = ", ".join(["%s"] * len(kinds))
    return (
        f"FROM {sql.history_table(model)} {alias} WHERE {alias}.history_id BETWEEN %s AND %s "
        f"AND {alias}.import_run_id = %s AND {alias}.history_type IN ({places})",
        [first, last, run.pk, *kinds],
    )


def written_ids(model: type[models.Model], run: ImportRun, kinds: str) -> list[int]:
    if model._meta.label not in run.history_ranges:
        return []
    source, params = _mine(model, run, kinds)
    return [row[0] for row in sql.select(f"SELECT mine.id {source} ORDER BY mine.id", *params)]


def _changed_since(model: type[models.Model], run: ImportRun) -> Iterator[str]:
    source, params = _mine(model, run)
    later = f"EXISTS (SELECT 1 FROM {sql.history_table(model)} later WHERE later.id = mine.id AND later.history_id > mine.history_id)"  # noqa: E501
    ids = [row[0] for row in sql.select(f"SELECT mine.id {source} AND {later}", *params)]
    if ids:
        yield _("{what} changed since the import: {count} ({examples}).").format(
            what=capfirst(model._meta.verbose_name_plural), count=len(ids), examples=_examples(model, ids)
        )


def _examples(model: type[models.Model], ids: list[int]) -> str:
    """Name a few of them, with who changed them last and when."""
    lines = []
    history = model.history.model.objects  # type: ignore[attr-defined]
    for pk in ids[:EXAMPLES]:
        row = history.filter(id=pk).select_related("history_user").order_by("-history_id")[0]
        name = getattr(row, "number", None) or row.name
        lines.append(f"{name}, {row.history_user or '-'}, {row.history_date:%Y-%m-%d}")
    return "; ".join(lines) + ("; …" if len(ids) > EXAMPLES else "")


def _unknown_before(model: type[models.Model], run: ImportRun) -> Iterator[str]:
    unknown = sum(previous is None for previous in _previous(model, run).values())
    if unknown:
        yield _("{what} whose earlier values are not in the history: {count}.").format(
            what=capfirst(model._meta.verbose_name_plural), count=unknown
        )


def _previous(model: type[models.Model], run: ImportRun) -> dict[int, int | None]:
    """The changed rows' ids, with the history row that holds what was there before."""
    if model._meta.label not in run.history_ranges:
        return {}
    source, params = _mine(model, run, "~")
    before = f"SELECT max(history_id) FROM {sql.history_table(model)} p WHERE p.id = mine.id AND p.history_id < mine.history_id"  # noqa: E501
    return dict(sql.select(f"SELECT mine.id, ({before}) {source}", *params))


def _referred_to(model: type[models.Model], run: ImportRun) -> Iterator[str]:
    """Rows of any app that refer to something the run created, the run's own excepted."""
    source, params = _mine(model, run, "+")
    created = f"(SELECT mine.id {source})"
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or issubclass(
            relation.related_model, HistoricalChanges
        ):
            continue
        referring, column = relation.related_model, relation.field.column
        if (referring, column) == (Certificate, "company_id"):
            continue  # follows the holder, whom this loop asks about
        own, own_params = _own(referring, run)
        yield from _count(referring, f"{column} IN {created}{own}", [*params, *own_params])
    for referring in apps.get_models():
        if issubclass(referring, Owned):
            kind = ContentType.objects.get_for_model(model).pk
            yield from _count(referring, f"content_type_id = %s AND object_id IN {created}", [kind, *params])


def _own(referring: type[models.Model], run: ImportRun) -> tuple[str, list[Any]]:
    if referring is CertificateTerm:
        return " AND (import_run_id IS NULL OR import_run_id <> %s)", [run.pk]
    if referring in MODELS and referring._meta.label in run.history_ranges:
        source, params = _mine(referring, run, alias="own")
        return f" AND id NOT IN (SELECT own.id {source})", params
    return "", []


def _count(referring: type[models.Model], condition: str, params: list[Any]) -> Iterator[str]:
    count = next(sql.select(f"SELECT count(*) FROM {sql.table_of(referring)} WHERE {condition}", *params))[0]
    if count:
        yield _("{what} that belong to records of this import: {count}.").format(
            what=capfirst(referring._meta.verbose_name_plural), count=count
        )


def undo(run: ImportRun, user_id: int | None) -> None:
    """Restore what was changed, delete what was created, newest layer first."""
    stamp = Stamp(sql.now()[1], _("Undo of import {number}: {filename}").format(number=run.pk, filename=run.filename),
                  user_id, None)  # fmt: skip
    _delete_terms(run)
    for model in MODELS:
        changed = _restore(model, run, stamp)
        if model is Person:
            follow_holders(changed)
    for model in MODELS:
        _delete(model, written_ids(model, run, "+"), stamp)


def lock(run: ImportRun) -> None:
    """On PostgreSQL: nobody changes the run's records while it is decided whether they may go."""
    if sql.on_postgres():
        for model in MODELS:
            condition, param = sql.among("id", written_ids(model, run, "+~"))
            sql.run(f"SELECT 1 FROM {sql.table_of(model)} WHERE {condition} ORDER BY id FOR UPDATE", param)


def _delete_terms(run: ImportRun) -> None:
    condition, param = sql.among("certificate_id", written_ids(Certificate, run, "+~"))
    sql.run(
        f"DELETE FROM {sql.table_of(CertificateTerm)} WHERE {condition} AND import_run_id = %s", param, run.pk
    )


def _restore(model: type[models.Model], run: ImportRun, stamp: Stamp) -> list[int]:
    previous = _previous(model, run)
    if not previous:
        return []
    columns = [name for name in sql.tracked_columns(model) if name.strip('"') != "id"]
    settings = ", ".join(f"{name} = old.{name}" for name in columns)
    condition, param = sql.among("old.history_id", previous.values())
    sql.run(
        f"UPDATE {sql.table_of(model)} AS stored SET {settings}, updated_at = %s "
        f"FROM {sql.history_table(model)} old WHERE old.id = stored.id AND {condition}",
        stamp.moment,
        param,
    )
    sql.write_history(model, sorted(previous), "~", stamp)
    return sorted(previous)


def _delete(model: type[models.Model], ids: list[int], stamp: Stamp) -> None:
    if ids:
        sql.write_history(model, ids, "-", stamp)
        condition, param = sql.among("id", ids)
        sql.run(f"DELETE FROM {sql.table_of(model)} WHERE {condition}", param)
