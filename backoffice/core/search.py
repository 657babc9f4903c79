"""Search by the shape of what was typed: each kind of term goes to the index that serves it.

The blocks: `prefix()` (a range on an indexed column; Django's `startswith` misses the index),
`SubstringIndex` (any part of a Chinese name), `spelt_in_order()` (company words), and the result `Found`.
What a term means is said by the apps (`registry/search.py`).
"""

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.db import connections
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.expressions import RawSQL

from backoffice.core.excel.text import normalise_code, normalise_text

#: Sorts behind every character of our codes in the C, SQLite and ICU collations. One below the astral planes:
#: the columns searched by `prefix()` hold numbers and Latin letters.
LAST: Final = "\uffff"
#: Nobody reads a term this long; a pasted page must not become a query.
LONGEST_TERM: Final = 4000
_ASCII_UPPER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Found(NamedTuple):
    """A search's answer; Django's `get_search_results()` wants the first two."""

    queryset: QuerySet
    may_have_duplicates: bool = False
    notice: str | None = None


def words_of(term: str) -> list[str]:
    """The words of a search term, half-width, without invisible characters; each once.

    People paste lists: commas and semicolons separate as blanks do.
    """
    text = normalise_text(term[:LONGEST_TERM].replace("\x00", ""))
    parts = re.split(r"[\s,;，；、]+", text)
    return list(dict.fromkeys(part for part in parts if part))


def code_of(word: str) -> str:
    """The word as numbers are kept: half-width, upper-case (ａ１１６ -> A116)."""
    return normalise_code(word)


def prefix(field: str, start: str) -> Q:
    """Rows whose field begins with `start`, as a range that an ordinary index serves.

    The LIKE behind it only rechecks: in a linguistic collation the range may take in neighbours.
    """
    return Q(**{f"{field}__gte": start, f"{field}__lt": start + LAST, f"{field}__startswith": start})


def any_of(conditions: Iterable[Q]) -> Q:
    """One condition that is true where any of these is; no condition is true nowhere."""
    combined = Q()
    for condition in conditions:
        combined |= condition
    return combined or Q(pk__in=[])


def spelt_in_order(word: str, text: str) -> bool:
    """Whether the characters of `word` appear in `text` in this order: 广东建科 in 广东省建设科技."""
    rest = iter(text)
    return all(char in rest for char in word)


class HasCharacters(Func):
    """PostgreSQL: the first text has every character of the second, in any order.

    Written exactly as the index of `SubstringIndex` is, or PostgreSQL does not recognise it.
    """

    output_field = BooleanField()

    def as_sql(
        self, compiler: Any, connection: Any, *args: Any, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        text, text_params = compiler.compile(self.source_expressions[0])
        part, part_params = compiler.compile(self.source_expressions[1])
        sql = f"string_to_array(lower({text}), NULL) @> string_to_array({part}, NULL)"
        return sql, (*text_params, *part_params)


class SubstringIndex:
    """Finds any part of a short text column, down to one character.

    Trigram indexes silently find nothing in Chinese names, which have two or three characters.

    PostgreSQL: a GIN index on the characters, and LIKE to recheck their order.
    SQLite: a table with every suffix of every value, so that "contains 三" is a range of suffixes that begin
    with 三. Triggers keep it, so rows written in bulk by raw SQL are found too. (FTS5 in triggers took 15
    microseconds a row, this takes 7: FTS5 flushes at the end of each statement of a trigger.)

    Two things to know on SQLite: a later migration that alters the table drops its triggers with it (Django
    copies the table) and has to call `create()` again, which a test enforces; and `INSERT OR REPLACE`
    bypasses the delete trigger (`ON CONFLICT DO UPDATE` does not).
    """

    def __init__(self, table: str, column: str, *, max_length: int, key: str = "id") -> None:
        self.table, self.column, self.max_length, self.key = table, column, max_length, key
        self.name = f"{table}_{column}_suffix"

    # -- asking ------------------------------------------------------------------------------------

    def contains(self, text: str, using: str, *, first: int | None = None) -> Q:
        """A condition on the table's own model: the column contains `text` (ASCII case ignored).

        With `first`, so many rows are enough: right only where no other condition is to be true as well.
        """
        text = text.translate(_ASCII_UPPER)
        if connections[using].vendor == "postgresql":
            has_characters = HasCharacters(F(self.column), Value(text))
            return Q(has_characters) & Q(**{f"{self.column}__icontains": text})
        sql = f'SELECT "{self.key}" FROM "{self.name}" WHERE suffix >= %s AND suffix < %s'  # noqa: S608
        if first is not None:
            # A name with the character twice is in the range twice.
            sql = f"SELECT DISTINCT{sql.removeprefix('SELECT')} LIMIT {first:d}"
        rows = RawSQL(sql, [text, text + chr(0x10FFFF)])  # noqa: S611
        return Q(pk__in=rows)

    # -- keeping -----------------------------------------------------------------------------------

    def create(self, schema_editor: Any) -> None:
        """Build the index for the rows there are, and keep it from now on. May be called again."""
        self.drop(schema_editor)
        postgres = schema_editor.connection.vendor == "postgresql"
        for statement in self._postgres() if postgres else self._sqlite():
            schema_editor.execute(statement, None)

    def drop(self, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'DROP INDEX IF EXISTS "{self.name}"', None)
            return
        for event in self.triggers:
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{event}"', None)
        schema_editor.execute(f'DROP TABLE IF EXISTS "{self.name}"', None)

    @property
    def triggers(self) -> tuple[str, ...]:
        """The names of SQLite's triggers; a test looks for them after all migrations."""
        return tuple(f"{self.name}_{event}" for event in ("insert", "insert_long", "update", "delete"))

    def _postgres(self) -> list[str]:
        characters = f'string_to_array(lower("{self.column}"), NULL)'
        return [f'CREATE INDEX "{self.name}" ON "{self.table}" USING gin ({characters})']

    def _sqlite(self) -> list[str]:
        insert, insert_long, update, delete = self.triggers
        short, new, old = 4, f'new."{self.column}"', f'old."{self.column}"'
        every = ", ".join(f"lower(substr({old}, {n}))" for n in range(1, self.max_length + 1))
        forget = f'DELETE FROM "{self.name}" WHERE "{self.key}" = old."{self.key}" AND suffix IN ({every});'  # noqa: S608
        return [
            f'CREATE TABLE "{self.name}" (suffix text NOT NULL, "{self.key}" integer NOT NULL, '
            f'PRIMARY KEY (suffix, "{self.key}")) WITHOUT ROWID',
            # Nearly every name is short; counting to 50 for each would cost twice as much.
            f'CREATE TRIGGER "{insert}" AFTER INSERT ON "{self.table}" WHEN length({new}) <= {short} '
            f"BEGIN {self._remember('new', short)} END",
            f'CREATE TRIGGER "{insert_long}" AFTER INSERT ON "{self.table}" WHEN length({new}) > {short} '
            f"BEGIN {self._remember('new', self.max_length)} END",
            f'CREATE TRIGGER "{update}" AFTER UPDATE OF "{self.column}", "{self.key}" ON "{self.table}" '
            f'WHEN {new} <> {old} OR new."{self.key}" <> old."{self.key}" '
            f"BEGIN {forget} {self._remember('new', self.max_length)} END",
            f'CREATE TRIGGER "{delete}" AFTER DELETE ON "{self.table}" BEGIN {forget} END',
            self._remember("row", self.max_length, f'"{self.table}" AS row, '),
        ]

    def _remember(self, row: str, length: int, source: str = "") -> str:
        """INSERT all suffixes of a row or, with a source, of all rows; a VALUES list counts."""
        numbers = ", ".join(f"({n})" for n in range(1, length + 1))
        value = f'{row}."{self.column}"'
        return (
            f'INSERT OR IGNORE INTO "{self.name}" SELECT lower(substr({value}, column1)), {row}."{self.key}" '  # noqa: S608
            f"FROM {source}(VALUES {numbers}) WHERE column1 <= length({value});"
        )
