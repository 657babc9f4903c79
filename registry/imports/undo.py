# ruff: noqa: S608 (table and column names come from the models, values are always parameters)
"""Take an import back, slice by slice (core/undoing.py); it does not begin where something was built on it.

What the run wrote is found in the history (its id ranges and its run id), and so is what was there before. An undo
writes history rows with the number of the run, too, behind its range: what has one is taken back already.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.models import HistoricalChanges

from backoffice.core.importers import Slice
from backoffice.core.models import ImportRun
from backoffice.core.models.base import Owned
from backoffice.core.undoing import in_slices
from registry.imports import sql
from registry.imports.sql import Stamp
from registry.imports.write import follow_companies, follow_holders, take_corrections_back
from registry.models import Certificate, CertificateTerm, Company, Person
from registry.terms import Dates

#: What an import writes, in the order in which it may be taken away.
MODELS: tuple[type[models.Model], ...] = (Certificate, Person, Company)
BY_LABEL = {model._meta.label: model for model in MODELS}
EXAMPLES = 3
#: So many records are taken back in one transaction: a fraction of a second on either database.
SLICE = 500


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
    """FROM and WHERE of the run's own history rows whose records were not taken back yet."""
    first, last = run.history_ranges[model._meta.label]
    places = ", ".join(["%s"] * len(kinds))
    history = sql.history_table(model)
    return (
        f"FROM {history} {alias} WHERE {alias}.history_id BETWEEN %s AND %s "
        f"AND {alias}.import_run_id = %s AND {alias}.history_type IN ({places}) "
        f"AND NOT EXISTS (SELECT 1 FROM {history} undone WHERE undone.id = {alias}.id AND undone.history_id > %s "
        f"AND undone.import_run_id = {alias}.import_run_id)",
        [first, last, run.pk, *kinds, last],
    )


def written_ids(model: type[models.Model], run: ImportRun, kinds: str) -> list[int]:
    if model._meta.label not in run.history_ranges:
        return []
    source, params = _mine(model, run, kinds)
    return [row[0] for row in sql.select(f"SELECT mine.id {source} ORDER BY mine.id", *params)]


def _changed_since(model: type[models.Model], run: ImportRun) -> Iterator[str]:
    source, params = _mine(model, run)
    later = (
        f"EXISTS (SELECT 1 FROM {sql.history_table(model)} later WHERE later.id = mine.id "
        "AND later.history_id > mine.history_id AND (later.import_run_id IS NULL OR later.import_run_id <> %s))"
    )
    ids = [row[0] for row in sql.select(f"SELECT mine.id {source} AND {later}", *params, run.pk)]
    if ids:
        yield _("{what} changed since the import: {count} ({examples}).").format(
            what=capfirst(model._meta.verbose_name_plural), count=len(ids), examples=_examples(model, ids)
        )


def _examples(model: type[models.Model], ids: list[int]) -> str:
    """Name a few of them, with who changed them last and when."""
    lines = []
    for pk in ids[:EXAMPLES]:
        name, who, day = _last_change(model, pk)
        lines.append(f"{name}, {who}, {day}")
    return "; ".join(lines) + ("; …" if len(ids) > EXAMPLES else "")


def _last_change(model: type[models.Model], pk: int) -> tuple[str, str, str]:
    """Name of the record, who changed it last, and the day."""
    history = model.history.model.objects  # type: ignore[attr-defined]
    row = history.filter(id=pk).select_related("history_user").order_by("-history_id")[0]
    return (
        getattr(row, "number", None) or row.name,
        str(row.history_user or "-"),
        f"{row.history_date:%Y-%m-%d}",
    )


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
    for referring, column, condition, values in _references(model):
        if (referring, column) == (Certificate, "company_id"):
            continue  # follows the holder, whom this loop asks about
        own, own_params = _own(referring, run) if column != "object_id" else ("", [])
        yield from _count(
            referring, f"{condition}{column} IN {created}{own}", [*values, *params, *own_params]
        )


def _references(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str, str, list[Any]]]:
    """Every column that refers to the model: its table, its name, and what else must hold of the row."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and not issubclass(
            relation.related_model, HistoricalChanges
        ):
            yield relation.related_model, relation.field.column, "", []
    kind = ContentType.objects.get_for_model(model).pk
    for referring in apps.get_models():
        if issubclass(referring, Owned) and not referring._meta.proxy:
            yield referring, "object_id", "content_type_id = %s AND ", [kind]


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


# --- Taking back, a slice at a time --------------------------------------------------------------------


def undo_slices(run: ImportRun) -> Iterator[Slice]:
    """What was changed is restored, what was created is deleted, newest layer first."""
    for model in MODELS:
        changed, created = written_ids(model, run, "~"), written_ids(model, run, "+")
        if len(changed) + len(created) > SLICE:
            sql.learn_sizes(model)
        yield from in_slices(f"restore {model._meta.label}", changed, SLICE)
        yield from in_slices(f"delete {model._meta.label}", created, SLICE)


def undo_slice(run: ImportRun, part: Slice, by: Any) -> Iterator[tuple[str, str]]:
    """Take these records back, but for those on which something was built since the undo began."""
    sql.one_import_at_a_time("certificates")
    verb, label = part.kind.split(" ")
    model = BY_LABEL[label]
    stamp = Stamp(sql.now()[1], _("Undo of import {number}: {filename}").format(number=run.pk, filename=run.filename),
                  by.pk if by else None, run.pk)  # fmt: skip
    pasts = _lock(model, run, part.ids, "+" if verb == "delete" else "~")
    stay = _reasons(model, run, pasts, deleting=verb == "delete")
    free = {pk: past.previous for pk, past in pasts.items() if pk not in stay}
    if free and verb == "delete":
        _delete(model, run, sorted(free), stamp)
    elif free:
        _restore(model, run, free, stamp)
    for pk, reason in stay.items():
        yield _last_change(model, pk)[0], reason


@dataclass
class Past:
    """What the history says of one record: the row the run wrote, the one before it, and what came after."""

    mine: int = 0
    previous: int | None = None
    is_changed: bool = False
    is_undone: bool = False


def _lock(model: type[models.Model], run: ImportRun, ids: Sequence[int], kind: str) -> dict[int, Past]:
    """Those of `ids` that are still to be taken back; nobody changes them until the transaction ends."""
    condition, param = sql.among("id", ids)
    if sql.on_postgres():
        sql.run(f"SELECT 1 FROM {sql.table_of(model)} WHERE {condition} ORDER BY id FOR UPDATE", param)
    first, last = run.history_ranges[model._meta.label]
    found: dict[int, Past] = {pk: Past() for pk in ids}
    # By id alone: a condition on the range would tempt the planner to walk through the whole of it for each slice.
    rows = sql.select(
        f"SELECT id, history_id, history_type, import_run_id FROM {sql.history_table(model)} WHERE {condition}",
        param,
    )
    for pk, history_id, history_type, run_id in sorted(rows, key=lambda row: row[1]):
        past = found[pk]
        if run_id == run.pk and first <= history_id <= last and history_type == kind:
            past.mine = history_id
        elif run_id == run.pk and history_id > last:
            past.is_undone = True
        elif past.mine:
            past.is_changed = True
        else:
            past.previous = history_id
    return {pk: past for pk, past in found.items() if past.mine and not past.is_undone}


def _reasons(
    model: type[models.Model], run: ImportRun, pasts: Mapping[int, Past], *, deleting: bool
) -> dict[int, str]:
    """Why a record has to stay, for those that have to."""
    reasons: dict[int, str] = {}
    for pk, past in pasts.items():
        if past.is_changed:
            _name, who, day = _last_change(model, pk)
            reasons[pk] = _("Changed since the import by {who} on {day}.").format(who=who, day=day)
        elif not deleting and past.previous is None:
            reasons[pk] = _("Its earlier values are not in the history.")
    if deleting:
        for pk, what in _belongings(model, run, list(pasts)):
            reasons.setdefault(pk, _("{what} belong to it.").format(what=capfirst(what)))
    return reasons


def _belongings(model: type[models.Model], run: ImportRun, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Who of these is referred to by which kind of rows; the run's own terms go with their certificates."""
    for referring, column, extra, values in _references(model):
        own, own_params = _own(referring, run) if referring is CertificateTerm else ("", [])
        condition, param = sql.among(column, ids)
        found = sql.select(
            f"SELECT DISTINCT {column} FROM {sql.table_of(referring)} WHERE {extra}{condition}{own}",
            *values, param, *own_params,
        )  # fmt: skip
        for (pk,) in list(found):
            yield pk, str(referring._meta.verbose_name_plural)


def _delete_terms(run: ImportRun, ids: Sequence[int]) -> None:
    """The terms that the run recorded for these certificates."""
    condition, param = sql.among("certificate_id", ids)
    sql.run(
        f"DELETE FROM {sql.table_of(CertificateTerm)} WHERE {condition} AND import_run_id = %s", param, run.pk
    )


def _restore(
    model: type[models.Model], run: ImportRun, previous: Mapping[int, int | None], stamp: Stamp
) -> None:
    """Give these records the values of the history rows that belong to them."""
    ids = sorted(previous)
    if model is Certificate:
        _delete_terms(run, ids)
        _restore_terms(previous)
    columns = [name for name in sql.tracked_columns(model) if name.strip('"') != "id"]
    settings = ", ".join(f"{name} = old.{name}" for name in columns)
    condition, param = sql.among("old.history_id", previous.values())
    sql.run(
        f"UPDATE {sql.table_of(model)} AS stored SET {settings}, updated_at = %s "
        f"FROM {sql.history_table(model)} old WHERE old.id = stored.id AND {condition}",
        stamp.moment,
        param,
    )
    sql.write_history(model, ids, "~", stamp)
    if model is Person:
        follow_holders(ids)
    elif model is Company:
        follow_companies(ids)


def _restore_terms(previous: Mapping[int, int | None]) -> None:
    """The terms that the run corrected with the dates of these certificates, which still stand as it left them."""
    now = Certificate.objects.in_bulk(list(previous))
    before = Certificate.history.in_bulk([pk for pk in previous.values() if pk], field_name="history_id")  # type: ignore[attr-defined]
    for pk, history_id in previous.items():
        old, new = Dates.of(before[history_id]), Dates.of(now[pk])
        if old != new:
            take_corrections_back(pk, old, new)


def _delete(model: type[models.Model], run: ImportRun, ids: Sequence[int], stamp: Stamp) -> None:
    if model is Certificate:
        _delete_terms(run, ids)
    sql.write_history(model, ids, "-", stamp)
    condition, param = sql.among("id", ids)
    sql.run(f"DELETE FROM {sql.table_of(model)} WHERE {condition}", param)
