"""Which sheets of a workbook are the list: all that have the same columns are read as one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .captions import SAMPLE_ROWS, Field, Labels
from .header import (
    SEARCHED_ROWS,
    TOP_ROWS,
    Finder,
    Header,
    apply_mapping,
    column_letter,
    find_header,
    header_at,
)
from .rows import moved, relocate
from .sources import Grid
from .table import HeaderCell, Part, Table
from .text import is_empty, normalise_label

_NOTES_SHEET = re.compile(
    r"说明|须知|示例|样例|范例|例子|字典|下拉|选项|notes|example|instruction|lists", re.IGNORECASE
)
#: Sheets of our own template: nobody misses their rows.
_TEMPLATE_SHEETS = frozenset({"示例", "填写示例", "填写说明", "说明", "Examples", "Notes", "_lists"})


@dataclass
class Look:
    """A sheet as far as its first rows tell."""

    index: int
    name: str
    visible: bool
    grid: Grid
    top: list[list[Any]]
    header: Header

    @property
    def merit(self) -> tuple[bool, int]:
        """Sheets of notes and examples only when nothing else fits."""
        if self.header.score == 0:
            return False, -1
        return not self.is_notes, self.header.score

    @property
    def is_notes(self) -> bool:
        return _NOTES_SHEET.search(self.name) is not None

    @property
    def is_worth_naming(self) -> bool:
        """Whether somebody may miss its rows if it is not read."""
        if self.name in _TEMPLATE_SHEETS:
            return False
        return self.header.matched >= 2 or (self.visible and not self.is_notes)


def look_at(index: int, name: str, visible: bool, grid: Grid, fields: Sequence[Field]) -> Look | None:
    """None for a sheet without data."""
    top = grid.rows(TOP_ROWS)
    if all(is_empty(cell) for row in top for cell in row) and grid.height <= TOP_ROWS:
        return None
    return Look(index, name, visible, grid, top, find_header(top, fields))


@dataclass
class Choice:
    """The sheets that are read: the one whose header leads, and where its columns stand on the others."""

    main: Look
    header: Header
    others: list[tuple[Look, Header, list[int | None]]]
    unread: list[str]
    recognised: list[str]
    """The captions that were found on the leading sheet without the user's word."""
    all_sheets: list[str]

    @property
    def in_order(self) -> list[tuple[Look, Header, list[int | None] | None]]:
        """As the sheets stand in the workbook; None for the one that leads."""
        return sorted([(self.main, self.header, None), *self.others], key=lambda part: part[0].index)


def choose(
    looks: Sequence[Look],
    fields: Sequence[Field],
    *,
    named: Sequence[str] = (),
    mapping: Mapping[int, str] | None = None,
    header_row: int | None = None,
) -> Choice:
    """The named sheets, or the best one and all others with the same fields.

    `mapping` (0-based column -> field) and `header_row` (1-based) are the user's word for the leading sheet; on
    the others the same captions mean the same.
    """
    asked = [look for look in looks if look.name in named] if named else [k for k in looks if k.visible]
    main = max(asked, key=lambda look: look.merit) if asked else looks[0]
    header, recognised = main.header, list(main.header.texts)
    if header_row is not None:
        header = header_at(main.grid.rows(header_row + SAMPLE_ROWS), header_row - 1, fields)
    if mapping:
        header = apply_mapping(replace(header), mapping)
    others = []
    for look in asked:
        if look is main:
            continue
        second = _same_captions(header, look, fields) or look.header
        move = relocate(header, second)
        if named or (not look.is_notes and _is_same_list(header, second, fields)):
            others.append((look, second, _extended(header, second, move)))
    read = {main.name, *(look.name for look, _header, _move in others)}
    unread = [look.name for look in looks if look.name not in read and look.is_worth_naming]
    offered = [look.name for look in looks if look.name in read or look.is_worth_naming]
    return Choice(main, header, others, unread, recognised, offered)


def _is_same_list(header: Header, second: Header, fields: Sequence[Field]) -> bool:
    """Whether both have the same fields; only what nobody must fill in may stand on one of them alone."""
    optional = {wanted.name for wanted in fields if not wanted.required}
    differing = header.found ^ second.found
    has_all = not ({wanted.name for wanted in fields} - optional - header.found)
    return bool(header.found) and (not differing or (has_all and differing <= optional))


def _same_captions(header: Header, look: Look, fields: Sequence[Field]) -> Header | None:
    """The line of another sheet that has all captions which mean something on the first."""
    wanted = {
        normalise_label(text) for text, name in zip(header.texts, header.fields, strict=True) if name and text
    }
    if not wanted:
        return None
    finder = Finder(look.top, Labels(fields))
    kinds = (False, True) if len(header.lines) > 1 else (False,)
    for number in range(min(len(look.top), SEARCHED_ROWS)):
        for is_double in kinds:
            if wanted <= set(map(normalise_label, finder.texts(number, is_double))):
                return finder.header(number, is_double)
    return None


def _extended(header: Header, second: Header, move: list[int | None]) -> list[int | None]:
    """Another sheet may have columns more: they are put behind those of the first."""
    for name in sorted(second.found - header.found):
        place = second.fields.index(name)
        if place not in move:
            header.texts.append(second.texts[place])
            header.fields.append(name)
            move.append(place)
    return move


def under(header: Header, second: Header, move: Sequence[int | None]) -> Header:
    """The header of another sheet, with the fields of the leading one: the user's word counts there as well."""
    fields: list[str | None] = [None] * len(second.texts)
    for name, place in zip(header.fields, move, strict=False):
        if place is not None and place < len(fields):
            fields[place] = name
    return replace(second, fields=fields)


def join(choice: Choice, tables: Sequence[tuple[Table, list[int | None] | None]]) -> Table:
    """The tables of several sheets, in their order, as one with the columns of the leading one."""
    lead = next(table for table, move in tables if move is None)
    if len(tables) == 1:
        return lead
    header = choice.header
    width = len(header.texts)
    lead.headers += [
        HeaderCell(at, column_letter(at), header.texts[at], header.fields[at])
        for at in range(len(lead.headers), width)
    ]
    found = {cell.field for cell in lead.headers}
    whole = Table(
        sheet="、".join(table.sheet for table, _move in tables),
        header_row=lead.header_row,
        headers=lead.headers,
        missing=[field for field in lead.missing if field.name not in found],
        row_numbers=[],
        rows=[],
    )
    parts: list[Part] = []
    for table, move in tables:
        is_same = move is None or move == list(range(width))
        for part in table.parts:
            columns = part.columns
            if not is_same:
                columns = [_through(place, part.columns) for place in move or ()]
            parts.append(Part(len(whole.rows) + part.start, part.sheet, part.header_row, columns))
        whole.row_numbers += table.row_numbers
        for row in table.rows:
            line = row if is_same or move is None else moved(row, move)
            whole.rows.append(line if len(line) >= width else line + [""] * (width - len(line)))
        whole.skipped += [_told(table.sheet, row) for row in table.skipped]
        whole.rejected += [_told(table.sheet, row) for row in table.rejected]
        whole.warnings += [text for text in table.warnings if text not in whole.warnings]
    whole.set_parts(parts)
    return whole


def _through(place: int | None, columns: Sequence[int | None] | None) -> int | None:
    if place is None or columns is None:
        return place
    return columns[place] if place < len(columns) else None


def _told(sheet: str, row: Any) -> Any:
    """A skipped or rejected row with its sheet."""
    return replace(row, row=f"{sheet}!{row.row}")
