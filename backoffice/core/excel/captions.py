"""Which caption means which field: exact before loose, both halves of two languages, then the contents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .text import CJK, is_empty, normalise_label, normalise_text

_BRACKETS = re.compile(r"[(（【\[〔<《][^)）】\]〕>》]*[)）】\]〕>》]")
_NUMBERING = re.compile(r"^\s*(?:\d{1,2}\s*[.、．]|[①-⑳])")
_SEPARATORS = re.compile(r"[\n\r/／|｜\\_]+|\s+")
# 姓名Name: the change of script parts the halves as well, but only in this order: "PMP证书编号" is no translation.
_CHINESE_THEN_LATIN = re.compile(rf"([{CJK}][{CJK}\d()（）、]*)\s*([A-Z][A-Za-z .()#&'-]{{2,}})")
_LATIN = re.compile(r"[A-Za-z]")
_CHINESE = re.compile(f"[{CJK}]")
_ABBREVIATION = re.compile(r"[A-Z]{1,5}\.?")
INDEX_LABELS = frozenset(
    {"序号", "序", "编号序号", "no", "index", "行号", "顺序号", "项次", "序列", "serialno"}
)
#: How sure a caption is of its field.
EXACT, BARE, GROUPED, LOOSE = 10, 9, 8, 4
#: So many rows under the header are looked at where captions leave it open.
SAMPLE_ROWS = 20

Cleaner = Callable[[Sequence[Any]], tuple[list[Any], Mapping[int, Any]]]


@dataclass(frozen=True)
class Field:
    """A column we want. The first label is the canonical Chinese one; the others are also understood."""

    name: str
    labels: tuple[str, ...]
    required: bool = False
    loose: tuple[str, ...] = ()
    """Captions that may mean this field where no better one stands and the contents agree: 编号, 所学专业."""
    cleaner: Cleaner | None = None
    """What its cells look like, to tell two columns apart."""
    beside: str = ""
    """Of two columns of this caption, the one right beside that field belongs to that field (an ID card's dates)."""
    is_date: bool = False


@dataclass(frozen=True)
class Candidate:
    """A column that may be a field, and how sure its caption is of that."""

    column: int
    field: str
    strength: int
    order: int
    """The place of the label in its field: earlier labels are better known."""


def halves(text: str) -> Iterator[str]:
    """The parts of a caption in two languages: '身份证号码\\nID card number', '工作单位/Company', '姓名Name'."""
    if not (_LATIN.search(text) and _CHINESE.search(text)):
        return
    if match := _CHINESE_THEN_LATIN.fullmatch(text.strip()):
        yield from match.groups()
        return
    pieces = [piece for piece in _SEPARATORS.split(text.strip()) if piece]
    chinese = [piece for piece in pieces if _CHINESE.search(piece)]
    latin = [piece for piece in pieces if not _CHINESE.search(piece)]
    if not latin or any(_LATIN.search(piece) for piece in chinese):
        return
    if _LATIN.match(text.strip()) and _ABBREVIATION.fullmatch(" ".join(latin)):
        return  # 'PMP 证书编号' is another certificate, no translation
    yield "".join(chinese)
    yield " ".join(latin)


def is_index_label(text: str) -> bool:
    spellings = (text, _BRACKETS.sub("", text), *halves(text))
    return any(normalise_label(spelling) in INDEX_LABELS for spelling in spellings)


class Labels:
    """Caption -> fields it may mean, best first."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = {wanted.name: wanted for wanted in fields}
        self.required = {f.name for f in fields if f.required}
        self.exact: dict[str, tuple[str, int]] = {}
        self.loose: dict[str, list[tuple[str, int]]] = {}
        for wanted in fields:
            for order, label in enumerate((*wanted.labels, wanted.name)):
                self.exact.setdefault(normalise_label(label), (wanted.name, order))
            for order, label in enumerate(wanted.loose):
                self.loose.setdefault(normalise_label(label), []).append((wanted.name, order))
        self._known: dict[tuple[str, str], list[tuple[str, int, int]]] = {}

    def find(self, text: str, group: str = "") -> str | None:
        """The field that the caption means most likely; None where it means nothing we want."""
        meanings = self.meanings(text, group)
        return meanings[0][0] if meanings else None

    def meanings(self, text: str, group: str = "") -> list[tuple[str, int, int]]:
        """(field, strength, order of the label) of everything the caption may mean, best first.

        `group` is the title above it in a header of two lines: 证书 | 编号, 日期 | 发证, 身份证 | 有效期至.
        """
        key = (text, group)
        if key not in self._known:
            found: dict[str, tuple[str, int, int]] = {}
            for meaning in self._meanings(text, group):
                if meaning[1] > found.get(meaning[0], ("", 0, 0))[1]:
                    found[meaning[0]] = meaning
            self._known[key] = sorted(found.values(), key=lambda meaning: -meaning[1])
        return self._known[key]

    def _meanings(self, text: str, group: str) -> Iterator[tuple[str, int, int]]:
        if not text:
            return
        strength = EXACT
        if group and group != text:
            title = _BRACKETS.sub("", group).replace("信息", "")
            for joined in (group + text, text + group, title + text, text + title):
                for spelling in (joined, _BRACKETS.sub("", joined)):
                    if known := self.exact.get(normalise_label(spelling)):
                        yield known[0], EXACT, known[1]
                        return
            if normalise_label(title) in self.exact:
                return  # 身份证 | 有效期至: something of the ID card, which is no column of ours
            strength = GROUPED
        yield from self._spelt(text, strength)

    def _spelt(self, text: str, strength: int) -> Iterator[tuple[str, int, int]]:
        plain = _NUMBERING.sub("", text)
        bare = _BRACKETS.sub("", plain)
        tried = [(plain, strength), (bare, min(strength, BARE))]
        parts = [half for spelling in (plain, bare) for half in halves(spelling)]
        tried += [(half, min(strength, BARE)) for half in parts if self._agree(parts)]
        for spelling, sure in tried:
            label = normalise_label(spelling)
            if known := self.exact.get(label):
                yield known[0], sure, known[1]
            for name, order in self.loose.get(label, ()):
                yield name, LOOSE, order

    def _agree(self, parts: Sequence[str]) -> bool:
        """Two halves that name different fields name none."""
        return len({known[0] for part in parts if (known := self.exact.get(normalise_label(part)))}) <= 1

    def score(self, texts: Sequence[str], groups: Sequence[str] | None = None) -> int:
        """How much the line looks like our header: more for required fields, less for loose captions."""
        sure: dict[str, int] = {}
        for index, text in enumerate(texts):
            for name, strength, _order in self.meanings(text, groups[index] if groups else "")[:1]:
                sure[name] = max(sure.get(name, 0), strength)
        return sum(
            1 if strength == LOOSE else 3 if name in self.required else 2 for name, strength in sure.items()
        )

    def assign(
        self, texts: Sequence[str], groups: Sequence[str] | None, below: Sequence[Sequence[Any]]
    ) -> tuple[list[str | None], dict[int, str]]:
        """The field of each column, and the columns left over that could have been one: column -> field.

        `below`: the first rows under the header, which decide where captions alone do not.
        """
        candidates = [
            Candidate(column, *meaning)
            for column, text in enumerate(texts)
            for meaning in self.meanings(text, groups[column] if groups else "")
        ]
        open_ones = self._without_foreign_dates(candidates)
        names: list[str | None] = [None] * len(texts)
        taken: set[str] = set()
        for candidate in sorted(open_ones, key=lambda c: self._merit(c, open_ones, below), reverse=True):
            is_free = names[candidate.column] is None and candidate.field not in taken
            if is_free and (candidate.strength > LOOSE or self.fit(candidate, below) >= 0.5):
                names[candidate.column] = candidate.field
                taken.add(candidate.field)
        others = {c.column: c.field for c in candidates if names[c.column] is None}
        return names, others

    def _merit(
        self, candidate: Candidate, all_of_them: Sequence[Candidate], below: Sequence[Sequence[Any]]
    ) -> tuple[Any, ...]:
        contested = any(
            other is not candidate and (other.column == candidate.column or other.field == candidate.field)
            for other in all_of_them
        )
        fit = self.fit(candidate, below) if contested else 1.0
        return fit >= 0.5, candidate.strength, fit, -candidate.order, -candidate.column

    def fit(self, candidate: Candidate, below: Sequence[Sequence[Any]]) -> float:
        """The part of the first filled cells that the field's cleaner takes; 0.25 for an empty column."""
        column = candidate.column
        cells = [row[column] for row in below if column < len(row) and not is_empty(row[column])]
        if not cells:
            return 0.25 if below else 1.0
        cleaner = self.fields[candidate.field].cleaner
        if cleaner is None:
            return 0.0 if is_running(cells) else 0.75
        return 1 - len(cleaner(cells)[1]) / len(cells)

    def _without_foreign_dates(self, candidates: list[Candidate]) -> list[Candidate]:
        """An ID card's own dates stand right beside its number: they are out if there are others of that name."""
        dropped: set[int] = set()
        for name in {f.beside for f in self.fields.values() if f.beside}:
            kept = {c.column for c in candidates if c.field == name}
            theirs = {c.column: c.field for c in candidates if self.fields[c.field].beside == name}
            for column in kept:
                block = []
                while column + 1 + len(block) in theirs:
                    block.append(column + 1 + len(block))
                elsewhere = {field for at, field in theirs.items() if at not in block}
                if elsewhere & {theirs[at] for at in block}:
                    dropped.update(block)
        return [c for c in candidates if c.column not in dropped]


def is_running(cells: Sequence[Any]) -> bool:
    """1, 2, 3 …: a number of lines, whatever stands above it."""
    try:
        numbers = [int(normalise_text(cell)) for cell in cells]
    except ValueError:
        return False
    return all(b - a == 1 for a, b in pairwise(numbers)) and (len(numbers) > 1 or numbers == [1])
