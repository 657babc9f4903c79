"""A table under its layout's cleaners: what inspect_workbook prints and a preview shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import Problem
from .layouts import Layout
from .read import Workbook
from .table import Place, Table
from .text import as_text


@dataclass(frozen=True)
class Finding:
    """One reason why a row is refused, with its true coordinates."""

    row: Place
    column: str
    field: str
    value: str
    reason: str


@dataclass
class Check:
    values: dict[str, list[Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def bad_rows(self) -> list[Place]:
        """Where rows are refused, in their order."""
        return list(dict.fromkeys(finding.row for finding in self.findings))


def check_table(table: Table, layout: Layout) -> Check:
    check = Check()
    for wanted in layout.fields:
        if not table.has(wanted.name):
            continue
        column = table.column(wanted.name)
        cleaner = layout.cleaners.get(wanted.name)
        values, problems = cleaner(column) if cleaner else (column, {})
        if wanted.required:
            problems |= {
                i: Problem("required", column[i])
                for i, value in enumerate(values)
                if i not in problems and value in (None, "")
            }
        check.values[wanted.name] = values
        check.findings += [
            Finding(
                table.places[i],
                table.letter(wanted.name, i),
                wanted.name,
                shown(problem.raw),
                problem.message(),
            )
            for i, problem in problems.items()
        ]
    check.findings += [Finding(r.row, "", "", "", r.reason) for r in table.rejected]
    check.findings.sort(key=lambda finding: (table.order_of(finding.row), finding.column))
    return check


def shown(raw: object) -> str:
    """A raw value on a screen: short, and a long number as Excel shows it."""
    text = f"{raw:.5E}" if isinstance(raw, float) and abs(raw) >= 1e15 else as_text(raw)
    return text if len(text) <= 60 else text[:59] + "…"


def best_layout(workbook: Workbook, layouts: Iterable[Layout]) -> tuple[Layout, Table] | None:
    """The registered layout that recognises most columns."""
    found = [(layout, workbook.table(layout.fields)) for layout in layouts]
    return max(found, key=lambda pair: sum(pair[1].has(f.name) for f in pair[0].fields), default=None)
