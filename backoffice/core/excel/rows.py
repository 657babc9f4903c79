"""The lines under a header: which are data, which are notes, and where the header comes again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .captions import Field, Labels
from .header import OWN_COLUMNS, Finder, Header
from .text import is_empty, normalise_label, normalise_text

Row = list[Any]

_TOTAL = re.compile(
    r"(本页|本表)?\s*(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|(grand |sub)?total)", re.IGNORECASE
)
_NOTE = re.compile(
    r"\s*(注|备注|附注|说明|填表说明|填写说明|填报|填表|制表|审核|审批|经办|联系人|单位(\(|（)?盖章|盖章"
    r"|负责人|日期|打印|第\s*\d+\s*页|notes?\b|prepared by)\s*[:：人单日时0-9一二三、.．（(]",
    re.IGNORECASE,
)
LONG_TEXT = 40


@dataclass
class Sorted:
    """The data lines of one sheet, all in the order of its first header."""

    indexes: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    #: (index of the line, why it is no data, its first text)
    skipped: list[tuple[int, str, str]] = field(default_factory=list)
    #: (position of the first row, column of the first header -> column it was read from), in order
    moves: list[tuple[int, list[int | None]]] = field(default_factory=list)


class RowSorter:
    """Tells data from blank lines, notes, totals and repeated headers."""

    def __init__(self, header: Header, fields: Sequence[Field]) -> None:
        labels = [normalise_label(text) for text in header.texts]
        self.lines = [header.texts, *header.lines]
        self.mapped = [i for i, name in enumerate(header.fields) if name]
        self.ignored = {i for i, label in enumerate(labels) if label in OWN_COLUMNS}
        self.index_columns = header.index_columns
        required = {f.name for f in fields if f.required}
        keys = sorted(self.mapped, key=lambda i: header.fields[i] not in required)
        self.keys = (keys[0], keys[min(1, len(keys) - 1)]) if keys else None

    def reason_to_skip(self, row: Row) -> str | None:
        """None for data, '' for a blank line, else why the line is none."""
        filled = [i for i, cell in enumerate(row) if i not in self.ignored and not is_empty(cell)]
        if not filled:
            return ""
        if all(i in self.index_columns for i in filled) and not isinstance(row[filled[0]], str):
            return "index_only"
        first = normalise_text(row[filled[0]])
        mapped = [i for i in filled if i in self.mapped]
        if filled[0] in self.index_columns and len(filled) == 1 and first.isdigit():
            return "index_only"
        if self._repeats_header(row, filled):
            return "header"
        if _TOTAL.match(first) and len(mapped) <= 3:
            return "total"
        if self._is_note(first, filled, mapped):
            return "note"
        return None

    def _repeats_header(self, row: Row, filled: list[int]) -> bool:
        return any(
            2 * same > len(filled) and same >= 2
            for same in (
                sum(i < len(line) and normalise_text(row[i]) == line[i] for i in filled)
                for line in self.lines
            )
        )

    def _is_note(self, first: str, filled: list[int], mapped: list[int]) -> bool:
        if self.mapped and not mapped:
            return True
        if len(mapped) > 2 and len(filled) > 2:
            return False
        return bool(_NOTE.match(first)) or (len(filled) == 1 and len(first) > LONG_TEXT)


def sort_rows(rows: Sequence[Row], header: Header, fields: Sequence[Field]) -> Sorted:
    """The data rows, and the lines left out. Blank lines are not worth a word.

    A header that comes again may have its columns in another order: what follows is read by it.
    """
    sorter, labels = RowSorter(header, fields), Labels(fields)
    found = Sorted()
    # Nearly every line has both its key cells and needs no closer look.
    a, b = sorter.keys or (0, 0)
    is_quick = sorter.keys is not None and a != b
    captions = _captions(header, labels)
    move: list[int | None] | None = None
    for index in range(header.row + 1, len(rows)):
        row = rows[index]
        if is_quick and row[a] and row[b] and row[a] not in captions and row[b] not in captions:
            found.indexes.append(index)
            found.rows.append(row if move is None else moved(row, move))
            continue
        if (again := _header_again(rows, index, header, labels)) is not None:
            changed = None if again == list(range(len(again))) else again
            if changed != move:
                move = changed
                found.moves.append((len(found.rows), again))
            found.skipped.append((index, "header", _first_text(row)))
            continue
        line = row if move is None else moved(row, move)
        reason = sorter.reason_to_skip(line)
        if reason is None:
            found.indexes.append(index)
            found.rows.append(line)
        elif reason:
            found.skipped.append((index, reason, _first_text(row)))
    return found


def _captions(header: Header, labels: Labels) -> set[Any]:
    """Everything that may stand in a line that is a header again, as it stands there or tidied."""
    known = {text for line in (header.texts, *header.lines) for text in line if text}
    for wanted in labels.fields.values():
        known |= {*wanted.labels, *wanted.loose}
    return known


def _first_text(row: Row) -> str:
    return next((normalise_text(cell) for cell in row if not is_empty(cell)), "")[:200]


def _header_again(rows: Sequence[Row], index: int, header: Header, labels: Labels) -> list[int | None] | None:
    """Column of the first header -> column of this one, where the line is a header with the same fields."""
    texts = [cell for cell in rows[index] if not is_empty(cell)]
    if len(texts) < 2 or not all(isinstance(cell, str) and len(cell) <= 80 for cell in texts):
        return None
    if len(header.lines) > 1 and index > header.row + 1:
        finder = Finder(rows[index - 1 : index + 1], labels)
        candidates = [finder.header(1, True), finder.header(1, False)]
    else:
        candidates = [Finder(rows[index : index + 1], labels).header(0, False)]
    for candidate in candidates:
        move = relocate(header, candidate)
        shared = [i for i, name in enumerate(header.fields) if name and move[i] is not None]
        if len(shared) >= 2 and 2 * len(shared) > header.matched and 2 * len(shared) >= len(texts) - 2:
            return move
    return None


def relocate(first: Header, second: Header) -> list[int | None]:
    """Where each column of the first header stands under the second one, None where it does not.

    The same caption is the same column; else the same field. What is left over keeps its place if that is free.
    """
    captions: dict[str, list[int]] = {}
    for at, text in enumerate(second.texts):
        if text:
            captions.setdefault(normalise_label(text), []).append(at)
    by_field = {name: at for at, name in enumerate(second.fields) if name}
    move: list[int | None] = [None] * len(first.texts)
    for at, text in enumerate(first.texts):
        places = captions.get(normalise_label(text), []) if text else []
        if places:
            move[at] = at if at in places else places[0]
            places.remove(move[at])  # type: ignore[arg-type]
    used = {place for place in move if place is not None}
    for at, name in enumerate(first.fields):
        if move[at] is None and name and by_field.get(name) not in (None, *used):
            move[at] = by_field[name]
            used.add(by_field[name])
    for at in range(len(move)):
        if move[at] is None and at not in used and not first.fields[at]:
            move[at] = at
            used.add(at)
    return move


def moved(row: Row, move: Sequence[int | None]) -> Row:
    width = len(row)
    return [row[place] if place is not None and place < width else "" for place in move]
