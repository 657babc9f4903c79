# ruff: noqa: S608 (table and column names come from the models, values are always parameters)
"""Bulk SQL on both databases: look-ups of one query, inserts column by column, history by INSERT ... SELECT.

A value list of any length is ONE parameter (`= ANY(array)`, `json_each`), so the number of queries is constant.
"""

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from django.db import connection, models
from django.utils import timezone

CHUNK = 10_000
NULL = r"\N"


@dataclass(frozen=True)
class Same:
    """A column with one value for every row."""

    value: Any


def on_postgres() -> bool:
    return connection.vendor == "postgresql"


def table_of(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def among(column: str, values: Iterable[Any]) -> tuple[str, Any]:
    """A condition and its single parameter: the column is one of the values."""
    if on_postgres():
        return f"{column} = ANY(%s)", list(values)
    return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values), ensure_ascii=False)


def select(sql: str, *params: Any) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        yield from cursor


def run(sql: str, *params: Any) -> int:
    """Execute and return how many rows were touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def now() -> tuple[datetime.datetime, Any]:
    """The moment, and how this database takes it in raw SQL."""
    moment = timezone.now()
    return moment, connection.ops.adapt_datetimefield_value(moment)


def one_import_at_a_time(name: str) -> None:
    """Until the transaction ends, a second import waits here and then sees what this one wrote.

    SQLite has one writer anyway (BEGIN IMMEDIATE).
    """
    if on_postgres():
        run("SELECT pg_advisory_xact_lock(hashtext(%s))", f"import:{name}")


def reserve_ids(model: type[models.Model], count: int) -> Sequence[int]:
    """Ids for `count` new rows, given to nobody else."""
    table = model._meta.db_table
    if on_postgres():
        sql = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        return [row[0] for row in select(sql, f'"{table}"', count)]
    sql = f"SELECT max(coalesce((SELECT max(id) FROM {table_of(model)}), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0))"  # noqa: E501
    first = next(select(sql, table))[0] + 1
    return range(first, first + count)


def insert(model: type[models.Model], count: int, columns: Mapping[str, Sequence[Any] | Same]) -> None:
    """Insert `count` rows given as columns: COPY on PostgreSQL, executemany on SQLite."""
    if not count:
        return
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    if on_postgres():
        with (
            connection.wrap_database_errors,  # COPY passes by Django's cursor, which would do it
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table_of(model)} ({names}) FROM STDIN") as copy,
        ):
            for start in range(0, count, CHUNK):
                copy.write(_copy_text(columns.values(), start, min(start + CHUNK, count)))
        return
    places = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {table_of(model)} ({names}) VALUES ({places})"
    with connection.cursor() as cursor:
        for start in range(0, count, CHUNK):
            chunk = [_slice(column, start, start + CHUNK) for column in columns.values()]
            cursor.executemany(sql, zip(*chunk, strict=False))  # type: ignore[arg-type]  # streamed


def _slice(column: Sequence[Any] | Same, start: int, stop: int) -> Iterable[Any]:
    return repeat(column.value) if isinstance(column, Same) else column[start:stop]


def _copy_text(columns: Iterable[Sequence[Any] | Same], start: int, stop: int) -> str:
    """Rows in COPY's text format, put together by C code a column at a time."""
    texts: list[Iterable[str]] = []
    for column in columns:
        if isinstance(column, Same):
            texts.append(repeat(_copy_cell(column.value)))
            continue
        cells = [
            NULL if cell is None else cell if type(cell) is str else str(cell) for cell in column[start:stop]
        ]
        joined = "".join(cells)
        nulls = column[start:stop].count(None)
        if joined.count("\\") != nulls or "\n" in joined or "\t" in joined or "\r" in joined:
            cells = [_copy_cell(cell) for cell in column[start:stop]]
        texts.append(cells)
    return "\n".join(map("\t".join, zip(*texts, strict=False))) + "\n"


def _copy_cell(value: Any) -> str:
    if value is None:
        return NULL
    text = str(value).replace("\\", "\\\\")
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def update(model: type[models.Model], changes: Mapping[int, Mapping[str, Any]], moment: Any) -> None:
    """Give each row (by id) its new values: one executemany per set of columns, and the time of the change."""
    groups: defaultdict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for pk, values in changes.items():
        groups[tuple(sorted(values))].append((*(values[name] for name in sorted(values)), moment, pk))
    with connection.cursor() as cursor:
        for names, rows in groups.items():
            settings = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name in (*names, "updated_at"))
            cursor.executemany(f"UPDATE {table_of(model)} SET {settings} WHERE id = %s", rows)


def learn_sizes(model: type[models.Model]) -> None:
    """PostgreSQL, soon after a bulk load: without the new sizes each look-up by id would walk through the table."""
    if on_postgres():
        run(f"ANALYZE {table_of(model)}, {history_table(model)}")


@dataclass(frozen=True)
class Stamp:
    """Who and why, for the history rows of one import or undo."""

    moment: Any
    reason: str
    user_id: int | None
    run_id: int | None


def history_table(model: type[models.Model]) -> str:
    return table_of(model.history.model)  # type: ignore[attr-defined]


def tracked_columns(model: type[models.Model]) -> list[str]:
    """The columns a history row copies, the id included."""
    fields = model.history.model.tracked_fields  # type: ignore[attr-defined]
    return [connection.ops.quote_name(field.column) for field in fields]


def write_history(model: type[models.Model], ids: Sequence[int], kind: str, stamp: Stamp) -> list[int]:
    """Copy the rows as they are now into the history; return the first and last history id, or nothing."""
    if not ids:
        return []
    names = ", ".join(tracked_columns(model))
    if ids[-1] - ids[0] + 1 == len(ids):
        condition, params = "id BETWEEN %s AND %s", [ids[0], ids[-1]]
    else:
        condition, param = among("id", ids)
        params = [param]
    history = history_table(model)
    sql = (
        f"INSERT INTO {history} ({names}, history_date, history_change_reason, history_type, history_user_id,"
        f" import_run_id) SELECT {names}, %s, %s, %s, %s, %s FROM {table_of(model)} WHERE {condition}"
    )
    values = [stamp.moment, stamp.reason, kind, stamp.user_id, stamp.run_id, *params]
    if on_postgres():
        counted = f"WITH written AS ({sql} RETURNING history_id) SELECT min(history_id), max(history_id) FROM written"
        return list(next(select(counted, *values)))
    written = run(sql, *values)
    last = next(select(f"SELECT max(history_id) FROM {history}"))[0]
    return [last - written + 1, last]
