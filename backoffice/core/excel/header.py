"""Which line is the header, and which column is which field."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .captions import SAMPLE_ROWS, Field, Labels, is_index_label, is_running
from .text import is_empty, normalise_label, normalise_text

SEARCHED_ROWS = 100
#: So many rows must be at hand to find a header and look at what stands below it.
TOP_ROWS = SEARCHED_ROWS + SAMPLE_ROWS
# Columns our own marked copy adds; a re-upload must not take them for data.
OWN_COLUMNS = frozenset({"原工作表", "原行号", "错误原因", "originalrow", "reason"})
Row = Sequence[Any]

__all__ = ["TOP_ROWS", "Field", "Header", "HeaderCell", "Labels", "column_letter", "find_header", "header_at"]


@dataclass(frozen=True)
class HeaderCell:
    index: int
    letter: str
    text: str
    field: str | None = None


@dataclass
class Header:
    """``row`` is the 0-based row of the (last line of the) header, -1 when nothing was recognised."""

    row: int
    texts: list[str]
    fields: list[str | None]
    score: int = 0
    #: Columns that are read as nothing but could be a field: column -> field.
    others: dict[int, str] = field(default_factory=dict)
    #: Columns that number the lines.
    index_columns: set[int] = field(default_factory=set)
    #: The texts of its lines as they stand there, to know them again on the next page.
    lines: list[list[str]] = field(default_factory=list)

    @property
    def matched(self) -> int:
        return sum(name is not None for name in self.fields)

    @property
    def found(self) -> set[str]:
        return {name for name in self.fields if name}


def column_letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def signature_of(texts: Sequence[str]) -> str:
    """The same header gives the same signature, whatever its spacing: a key for remembered mappings."""
    flat = "|".join(normalise_label(text) for text in texts).rstrip("|")
    return hashlib.sha256(flat.encode("utf-8", "replace")).hexdigest()[:32]


def texts_of(row: Row, width: int) -> list[str]:
    """The line as captions. A header is short text; a long note must not be searched for captions."""
    texts = [_caption(cell) if isinstance(cell, str) else "" for cell in row]
    return texts + [""] * (width - len(texts))


def _caption(cell: str) -> str:
    """'证书编号\\nCertificate no' keeps its line break as a blank: it parts two languages."""
    return normalise_text(cell)[:80]


def spread(texts: Sequence[str]) -> list[str]:
    """A merged caption sits in its first cell: it names the columns to its right as well."""
    spread, last = [], ""
    for text in texts:
        last = text or last
        spread.append(last)
    return spread


class Finder:
    """Looks at lines as headers: each alone, or as the lower half of a header of two lines."""

    def __init__(self, rows: Sequence[Row], labels: Labels) -> None:
        self.rows = rows
        self.labels = labels
        self.width = max((len(row) for row in rows), default=0)
        self._lines: dict[int, list[str]] = {}

    def line(self, number: int) -> list[str]:
        if number not in self._lines:
            self._lines[number] = texts_of(self.rows[number], self.width)
        return self._lines[number]

    def texts(self, number: int, is_double: bool) -> list[str]:
        """The captions of the line, with those that stand in the line above only."""
        texts = self.line(number)
        return joined(texts, self.line(number - 1)) if is_double and number > 0 else texts

    def score(self, number: int) -> tuple[int, bool]:
        """How good a header the line is, and whether the line above belongs to it."""
        texts = self.line(number)
        single = self.labels.score(texts)
        if number == 0 or not any(texts) or not _is_caption_line(texts):
            return single, False
        above = self.line(number - 1)
        double = self.labels.score(joined(texts, above), spread(above))
        return (double, True) if double > single else (single, False)

    def header(self, number: int, is_double: bool) -> Header:
        """The header on that line, its columns told apart by what stands below."""
        texts, groups, lines = self.line(number), None, [self.line(number)]
        if is_double and number > 0:
            above = self.line(number - 1)
            texts, groups, lines = joined(texts, above), spread(above), [above, *lines]
        below = list(self.rows[number + 1 : number + 1 + SAMPLE_ROWS])
        fields, others = self.labels.assign(texts, groups, below)
        index_columns = {
            column
            for column, text in enumerate(texts)
            if not fields[column]
            and (is_index_label(text) or (column in others and _is_running(below, column)))
        }
        score = self.labels.score(texts, groups)
        return Header(number, list(texts), fields, score, others, index_columns, lines)


def joined(below: Sequence[str], above: Sequence[str]) -> list[str]:
    """A caption merged over both lines stands in the upper one, with nothing below it."""
    return [low or up for low, up in zip(below, above, strict=True)]


def _is_running(rows: Sequence[Row], column: int) -> bool:
    cells = [row[column] for row in rows if column < len(row) and not is_empty(row[column])]
    return bool(cells) and is_running(cells)


def find_header(rows: Sequence[Row], fields: Sequence[Field]) -> Header:
    """The best line among the first ones, alone or as the lower half of a two-line header."""
    finder = Finder(rows, Labels(fields))
    best, best_at, is_double = 0, -1, False
    for number in range(min(len(rows), SEARCHED_ROWS)):
        score, double = finder.score(number)
        if score > best:
            best, best_at, is_double = score, number, double
    if best_at >= 0:
        header = finder.header(best_at, is_double)
        if header.matched >= 2 or (header.matched == 1 and (len(fields) == 1 or _is_narrow(finder, header))):
            return header
        if header.matched + len(header.others) >= 2:
            return header  # known captions whose contents say no: for mapping by hand
    return _unknown_header(finder)


def _is_caption_line(texts: Sequence[str]) -> bool:
    """The lower line of a header repeats nothing but captions; a first line of data has long values."""
    filled = [text for text in texts if text]
    return all(len(text) <= 20 and not re.search(r"\d{4}", text) for text in filled)


def _is_narrow(finder: Finder, header: Header) -> bool:
    """One known caption is enough where there is only one: a column of names pasted into a file."""
    top = range(min(len(finder.rows), SEARCHED_ROWS))
    return _filled(finder.line(header.row)) == 1 and max(_filled(finder.line(n)) for n in top) == 1


def _filled(texts: Sequence[str]) -> int:
    return sum(bool(text) for text in texts)


def _unknown_header(finder: Finder) -> Header:
    """Nothing known: offer the first line as wide as the widest, for mapping by hand."""
    top = range(min(len(finder.rows), SEARCHED_ROWS))
    widest = max((_filled(finder.line(number)) for number in top), default=0)
    for number in top:
        texts = finder.line(number)
        if widest and _filled(texts) >= max(1, 0.6 * widest):
            return Header(number, texts, [None] * len(texts), lines=[texts])
    return Header(-1, [], [])


def header_at(rows: Sequence[Row], row: int, fields: Sequence[Field]) -> Header:
    """The header on a row the user pointed at (0-based)."""
    if not 0 <= row < len(rows):
        return Header(-1, [], [])
    finder = Finder(rows, Labels(fields))
    return finder.header(row, finder.score(row)[1])


def apply_mapping(header: Header, mapping: Mapping[int, str]) -> Header:
    """The user's word wins over ours: an empty name means 'leave this column out'."""
    chosen = {name for name in mapping.values() if name}
    names: list[str | None] = [None if name in chosen else name for name in header.fields]
    for index, name in mapping.items():
        if 0 <= index < len(names):
            names[index] = name or None
    header.fields = names
    header.others = {}
    header.index_columns = {column for column in header.index_columns if not names[column]}
    return header
