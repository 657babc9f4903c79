"""Which line is the header, and which column is which field."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .text import normalise_label, normalise_text

SEARCHED_ROWS = 30
_BRACKETS = re.compile(r"[(（【\[〔<《][^)）】\]〕>》]*[)）】\]〕>》]")
_NUMBERING = re.compile(r"^\s*(?:\d{1,2}\s*[.、．]|[①-⑳])")
# Columns our own marked copy adds; a re-upload must not take them for data.
OWN_COLUMNS = frozenset({"原行号", "错误原因", "originalrow", "reason"})
INDEX_LABELS = frozenset({"序号", "序", "编号序号", "no", "index", "行号", "顺序号", "项次"})
Row = Sequence[Any]


@dataclass(frozen=True)
class Field:
    """A column we want. The first label is the canonical Chinese one; the others are also understood."""

    name: str
    labels: tuple[str, ...]
    required: bool = False


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
    warnings: list[str] = field(default_factory=list)

    @property
    def matched(self) -> int:
        return sum(name is not None for name in self.fields)


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


class Labels:
    """Caption -> field name."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.required = {f.name for f in fields if f.required}
        self.by_label: dict[str, str] = {}
        for wanted in fields:
            for label in (*wanted.labels, wanted.name):
                self.by_label.setdefault(normalise_label(label), wanted.name)

    def find(self, *texts: str) -> str | None:
        """The first of ``texts`` that is a label, with brackets ('有效期(至)') or without ('姓名(必填)')."""
        for text in texts:
            bare = _NUMBERING.sub("", text)
            for spelling in (bare, _BRACKETS.sub("", bare)):
                found = self.by_label.get(normalise_label(spelling))
                if found:
                    return found
        return None

    def header(self, row: int, texts: list[str], groups: Sequence[str] | None = None) -> Header:
        """Each field once: of two columns with the same caption, the first is read."""
        seen: set[str] = set()
        names: list[str | None] = []
        for index, text in enumerate(texts):
            group = groups[index] if groups else ""
            name = self.find(text, group + text, group.replace("信息", "") + text) if text else None
            names.append(None if name is None or name in seen else name)
            if name:
                seen.add(name)
        score = sum(3 if name in self.required else 2 for name in seen)
        return Header(row, texts, names, score)


def _texts(row: Row, width: int) -> list[str]:
    # A header is short text; a long note must not be searched for captions.
    texts = [normalise_text(cell)[:80] if isinstance(cell, str) else "" for cell in row]
    return texts + [""] * (width - len(texts))


def _spread(texts: Sequence[str]) -> list[str]:
    """A merged caption sits in its first cell: it names the columns to its right as well."""
    spread, last = [], ""
    for text in texts:
        last = text or last
        spread.append(last)
    return spread


def find_header(rows: Sequence[Row], fields: Sequence[Field]) -> Header:
    """The best line among the first ones, alone or as the lower half of a two-line header."""
    labels = Labels(fields)
    top = rows[:SEARCHED_ROWS]
    width = max((len(row) for row in top), default=0)
    lines = [_texts(row, width) for row in top]
    best = Header(-1, [], [])
    for number, texts in enumerate(lines):
        single = labels.header(number, texts)
        if single.score > best.score:
            best = single
        if number == 0:
            continue
        above = lines[number - 1]
        # A caption merged over both lines stands in the upper one, with nothing below it.
        both = [below or upper for below, upper in zip(texts, above, strict=True)]
        double = labels.header(number, both, _spread(above))
        if any(texts) and double.score > best.score and _is_caption_line(texts, labels):
            best = double
    if best.matched >= 2 or (best.matched == 1 and (len(fields) == 1 or _is_narrow(lines, best))):
        return best
    return _unknown_header(lines)


def _is_caption_line(texts: Sequence[str], labels: Labels) -> bool:
    """The lower line of a header repeats nothing but captions; a first line of data has long values."""
    filled = [text for text in texts if text]
    return all(len(text) <= 20 and not re.search(r"\d{4}", text) for text in filled)


def _is_narrow(lines: Sequence[Sequence[str]], header: Header) -> bool:
    """One known caption is enough where there is only one: a column of names pasted into a file."""
    return sum(bool(text) for text in lines[header.row]) == 1 and max(map(_filled, lines)) == 1


def _filled(texts: Sequence[str]) -> int:
    return sum(bool(text) for text in texts)


def _unknown_header(lines: Sequence[list[str]]) -> Header:
    """Nothing known: offer the first line as wide as the widest, for mapping by hand."""
    widest = max(map(_filled, lines), default=0)
    for number, texts in enumerate(lines):
        if widest and _filled(texts) >= max(1, 0.6 * widest):
            return Header(number, texts, [None] * len(texts))
    return Header(-1, [], [])


def header_at(rows: Sequence[Row], row: int, fields: Sequence[Field]) -> Header:
    """The header on a row the user pointed at."""
    line = rows[row] if 0 <= row < len(rows) else []
    texts = _texts(line, len(line))
    above = _spread(_texts(rows[row - 1], len(line))[: len(line)]) if 0 < row <= len(rows) else None
    return Labels(fields).header(row, texts, above)


def apply_mapping(header: Header, mapping: Mapping[int, str]) -> Header:
    """The user's word wins over ours: an empty name means 'leave this column out'."""
    chosen = {name for name in mapping.values() if name}
    names: list[str | None] = [None if name in chosen else name for name in header.fields]
    for index, name in mapping.items():
        if 0 <= index < len(names):
            names[index] = name or None
    header.fields = names
    return header
