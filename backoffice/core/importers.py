"""What an app offers so that its records can be imported, and the registry of those offers (see `imports.py`)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from django.core.exceptions import PermissionDenied

from backoffice.core.excel import Field, Problem, Table
from backoffice.core.models import ImportRun
from backoffice.roles import allows


class Plan(Protocol):
    """What an import would do. `problems`: field -> {row index: Problem}, for the marked copy."""

    counts: dict[str, int]
    samples: dict[str, list[dict[str, Any]]]

    @property
    def problems(self) -> dict[str, dict[int, Problem]]: ...

    @property
    def left_out(self) -> int:
        """Rows that will not be imported: errors and conflicts."""


@dataclass(frozen=True)
class Slice:
    """Records of one kind that an undo takes back in one transaction; the kind is the importer's own word."""

    kind: str
    ids: Sequence[int]


class Importer(Protocol):
    @property
    def model(self) -> str: ...

    @property
    def fields(self) -> Sequence[Field]: ...

    @property
    def options(self) -> Sequence[str]:
        """The choices its preview offers."""

    @property
    def shown(self) -> Sequence[str]:
        """The columns of its preview."""

    def readable(self, name: str, value: Any) -> str:
        """A value of the preview in the reader's language."""

    def template(self) -> BinaryIO:
        """The empty workbook to fill in."""

    def read(self, run: ImportRun, table: Table) -> Any:
        """Clean the columns; called outside any transaction."""

    def plan(self, run: ImportRun, rows: Any, *, to_write: bool) -> Plan:
        """Compare with the register and decide what to do with every row; writes nothing.

        `to_write`: called inside the transaction that will carry the plan out; keep other imports away.
        """

    def write(self, run: ImportRun, plan: Any, user_id: int | None) -> dict[str, list[int]]:
        """Carry the plan out inside the transaction that planned it; return the history id ranges."""

    def undo_blockers(self, run: ImportRun) -> list[str]:
        """Sentences: why the run cannot be undone at all. Called before it begins."""

    def undo_slices(self, run: ImportRun) -> Iterable[Slice]:
        """What is still to be taken back, in the order in which it can be; read afresh when an undo goes on."""

    def undo_slice(self, run: ImportRun, part: Slice, by: Any) -> Iterable[tuple[str, str]]:
        """Take these back inside a transaction, under locks; yield what has to stay (its name) and why."""


class ImportRefused(Exception):
    """The run is not in a state for this, or something stands against it; `sentences` say what."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = list(sentences)

    def __str__(self) -> str:
        return " ".join(self.sentences)


class RegisterChanged(Exception):
    """Somebody changed a record between planning and writing: plan again."""


class CommandLine:
    """Stands for whoever has a shell on the server; given in place of a user, and only explicitly."""

    pk = None


_importers: dict[str, Importer] = {}


def register_importer(layout: str, importer: Importer) -> None:
    """Called by AppConfig.ready(); registering a key again replaces it."""
    _importers[layout] = importer


def importer_for(layout: str) -> Importer:
    try:
        return _importers[layout]
    except KeyError:
        raise LookupError(f"No importer is registered for the layout {layout!r}.") from None


def may_import(by: Any, layout: str) -> bool:
    if isinstance(by, CommandLine):
        return True
    active = by is not None and getattr(by, "is_active", False)
    return active and allows(getattr(by, "role", None), "import", importer_for(layout).model)


def must_import(by: Any, layout: str) -> None:
    if not may_import(by, layout):
        raise PermissionDenied


#: So many rows of each outcome are shown on the page of a run.
SHOWN = 50


def counted(
    plan: Any, outcomes: Iterable[str], sample: Callable[[Any, int], dict[str, Any]]
) -> tuple[dict[str, int], dict[str, list[dict[str, Any]]]]:
    """How many rows of a plan have each outcome, and the first of each as the page shows them."""
    counts = {"rows": len(plan.rows.table)} | dict.fromkeys(outcomes, 0)
    samples: dict[str, list[dict[str, Any]]] = {outcome: [] for outcome in outcomes}
    for index, outcome in plan.outcomes.items():
        counts[outcome] += 1
        if len(samples[outcome]) < SHOWN:
            samples[outcome].append(sample(plan, index))
    return counts, samples


def reasons_at(plan: Any, index: int) -> list[dict[str, Any]]:
    """What is wrong with a row of a plan, cell by cell."""
    return [
        {
            "field": name,
            "column": plan.rows.table.letter(name, index),
            "code": cells[index].code,
            "message": cells[index].message(),
        }
        for name, cells in plan.problems.items()
        if index in cells
    ]
