"""The first rows of each outcome, as the import page shows them: its size does not grow with the file's."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from backoffice.core.excel.text import as_text
from backoffice.core.importers import SHOWN
from registry.imports.plan import CERTIFICATE_COLUMNS, Conflict, Plan
from registry.imports.read import Rows
from registry.models import Specialty

FIELDS = ("number", "type", "name", "id_number", "company", "issue_date", "renewal_date", "expiry_date")
FIELD_OF = {column: name for name, column in CERTIFICATE_COLUMNS.items()}
Sample = dict[str, Any]


def samples_of(plan: Plan) -> dict[str, list[Sample]]:
    rows = plan.rows
    filled_only = sorted(plan.filled_by - plan.updates.keys() - set(plan.creates))
    return {
        "create": [_row(rows, i) | {"person": _holder(plan, i)} for i in plan.creates[:SHOWN]],
        "reuse": [_row(rows, i) for i in plan.reused[:SHOWN]],
        "update": [
            _row(rows, i) | {"changes": _changes(plan, i)} for i in _first([*plan.updates, *filled_only])
        ],
        "unchanged": [_row(rows, i) for i in plan.unchanged[:SHOWN]],
        "repeated": [
            _row(rows, i) | {"same_as": rows.table.places[first]}
            for i, first in islice(sorted(rows.repeats.items()), SHOWN)
            if i not in rows.bad
        ],
        "conflict": [_row(rows, i) | _conflict(plan, i, plan.conflicts[i]) for i in _first(plan.conflicts)],
        "error": _errors(plan),
    }


def _first(indexes: Iterable[int]) -> list[int]:
    return sorted(indexes)[:SHOWN]


def _row(rows: Rows, index: int) -> Sample:
    return {
        "row": rows.table.places[index],
        "values": {name: rows[name][index] or "" for name in FIELDS},
    }


def _holder(plan: Plan, index: int) -> str:
    """Whether the holder is registered, or will be by this very row or an earlier one."""
    return "known" if plan.rows["id_number"][index] in plan.people else "new"


def _changes(plan: Plan, index: int) -> dict[str, list[Any]]:
    """Field -> [the register's value, the file's]; a filled profile field was empty before."""
    changes = {}
    if update := plan.updates.get(index):
        for column, value in update.changes.items():
            pair = [getattr(update.stored, column), value]
            changes[FIELD_OF[column]] = list(map(_specialty, pair)) if column == "specialty_id" else pair
    if index in plan.filled_by:
        for name, value in plan.fills[plan.rows["id_number"][index]].items():
            # The company filled in is the one of the row; of other fields the id says nothing to people.
            changes[f"person_{name}"] = ["", getattr(value, "name", None) or _text(plan, name, index)]
    return changes


def _specialty(pk: int | None) -> str:
    return str(Specialty.objects.get(pk=pk)) if pk else ""


def _text(plan: Plan, name: str, index: int) -> str:
    return _raw(plan.rows, index).get(name, "")


def _raw(rows: Rows, index: int) -> dict[str, str]:
    """The cells of a row as a person saw them in the file."""
    cells = rows.table.rows[index]
    return {
        header.field: as_text(cells[header.index])[:100]
        for header in rows.table.headers
        if header.field and header.index < len(cells)
    }


def _conflict(plan: Plan, index: int, conflict: Conflict) -> Sample:
    """File and register side by side, for the fields they disagree about."""
    known = {name: value for name, value in conflict.known.items() if name != "row"}
    return {
        "kind": conflict.kind,
        "field": conflict.field,
        "message": conflict.problem.message(),
        "file": {name: plan.rows[name][index] for name in known},
        "register": known,
        "other_row": conflict.known.get("row"),
    }


def _errors(plan: Plan) -> list[Sample]:
    table, problems = plan.rows.table, plan.problems
    samples: list[Sample] = []
    for index in _first(plan.bad):
        reasons = [
            {
                "field": name,
                "column": table.letter(name, index),
                "code": cells[index].code,
                "message": cells[index].message(),
            }
            for name, cells in problems.items()
            if index in cells
        ]
        samples.append({"row": table.places[index], "values": _raw(plan.rows, index), "reasons": reasons})
    for line in table.rejected[:SHOWN]:
        reason = {"field": "", "column": "", "code": "rejected", "message": line.reason}
        samples.append({"row": line.row, "values": {}, "reasons": [reason]})
    return sorted(samples, key=lambda sample: table.order_of(sample["row"]))[:SHOWN]
