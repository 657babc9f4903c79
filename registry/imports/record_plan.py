"""The rows of a list of people or companies, and what is to be done with each (`records.py` decides)."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from backoffice.core.excel import Problem, Table


@dataclass
class Rows:
    """The cleaned columns of a file; `problems` holds field -> {row index: problem}."""

    table: Table
    columns: dict[str, list[Any]]
    problems: dict[str, dict[int, Problem]]

    def refuse(self, name: str, index: int, problem: Problem) -> None:
        self.problems.setdefault(name, {}).setdefault(index, problem)


@dataclass
class Plan:
    rows: Rows
    outcomes: dict[int, str] = field(default_factory=dict)
    objects: dict[int, models.Model] = field(default_factory=dict)
    changes: dict[int, dict[str, list[Any]]] = field(default_factory=dict)
    known: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: dict[str, dict[int, Problem]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        return self.counts["error"] + self.counts["conflict"]

    def refuse(
        self, index: int, outcome: str, name: str, problem: Problem, known: dict[str, Any] | None = None
    ) -> None:
        self.outcomes[index] = outcome
        self.problems.setdefault(name, {}).setdefault(index, problem)
        self.known[index] = known or {}
