"""Take an import of results back: everybody of whom nothing was built on it since learns again, as before.

The history rows that the import wrote carry its number; what there was before stands in the row before them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from simple_history.utils import bulk_update_with_history

from backoffice.core.engine import take_locked_step
from backoffice.core.importers import Slice
from backoffice.core.models import ImportRun
from backoffice.core.undoing import in_slices
from training.flows.learning import L, enrolment_confirmed
from training.holding import hold
from training.made import certificates_made
from training.models import EnrolmentLine
from training.results.record import taught_by

History: Any = EnrolmentLine.history.model
LABEL = "training.EnrolmentLine"
#: So many people are taken back in one transaction.
SLICE = 200
#: What a result writes besides the state.
COLUMNS = ("study_hours", "attended_hours", "score", "passed_on")


def last_history_id() -> int:
    return History.objects.aggregate(last=Max("history_id"))["last"] or 0


def mark_written(run: ImportRun, lines: Iterable[int], after: int) -> dict[str, list[int]]:
    """Put the run's number on what it has just written about these people, whom it holds locked; the id range."""
    rows = History.objects.filter(id__in=list(lines), history_id__gt=after)
    rows.update(import_run_id=run.pk)
    ids = rows.aggregate(first=Min("history_id"), last=Max("history_id"))
    return {LABEL: [ids["first"], ids["last"]]} if ids["first"] is not None else {}


def written(run: ImportRun) -> Any:
    """The history rows that the run wrote."""
    first, last = run.history_ranges[LABEL]
    return History.objects.filter(history_id__range=(first, last), import_run_id=run.pk)


def left(run: ImportRun, ids: Sequence[int] | None = None) -> list[int]:
    """The people (of `ids`) whose result was not taken back yet."""
    if LABEL not in run.history_ranges:
        return []
    _first, last = run.history_ranges[LABEL]
    done = History.objects.filter(history_id__gt=last, import_run_id=run.pk)
    rows = written(run)
    if ids is not None:
        rows, done = rows.filter(id__in=list(ids)), done.filter(id__in=list(ids))
    rows = rows.exclude(id__in=done.values("id"))
    return list(rows.order_by("id").values_list("id", flat=True).distinct())


def undo_blockers(run: ImportRun) -> list[str]:
    """Only what stands against all of it; what stands against single people is said of each of them."""
    if LABEL not in run.history_ranges:
        return [_("This import changed nobody, or it was made before imports of results could be undone. A single "
                  "result is withdrawn on the person's page.")]  # fmt: skip
    return []


def reasons(run: ImportRun, ids: Sequence[int]) -> dict[int, str]:
    """Why the result of a person stays, for those of whom it does; in a constant number of queries."""
    lines = EnrolmentLine.objects.select_related("enrolment").in_bulk(list(ids))
    newest = dict(
        History.objects.filter(id__in=list(ids)).order_by().values_list("id").annotate(last=Max("history_id"))
    )
    own = set(written(run).filter(id__in=list(ids)).values_list("history_id", flat=True))
    changed = History.objects.filter(history_id__in=[row for row in newest.values() if row not in own])
    found: dict[int, str] = {}
    for row in changed.select_related("history_user"):
        values = {"who": row.history_user or "–", "day": f"{timezone.localtime(row.history_date):%Y-%m-%d}"}
        values["what"] = row.history_change_reason or pgettext("a change of a record", "edited")
        found[row.id] = _("Changed since by %(who)s on %(day)s (%(what)s).") % values
    made = certificates_made([line for pk, line in lines.items() if pk not in found])
    for pk in ids:
        if pk not in lines:
            found[pk] = _("This person is not on the roster any more.")
        elif pk not in found and (reason := made.get(pk) or enrolment_confirmed(lines[pk])):
            found[pk] = reason
    return found


def undo_slices(run: ImportRun) -> Iterator[Slice]:
    return in_slices("results", left(run), SLICE)


def undo_slice(run: ImportRun, part: Slice, by: Any) -> Iterator[tuple[str, str]]:
    """Put these people back to what they were before the import; yield who stays and why."""
    mine = taught_by(by).select_related("person", "enrolment__company") if by is not None else None
    lines = hold(mine, part.ids) if mine is not None else {}
    wanted = set(left(run, part.ids))
    stay = reasons(run, sorted(wanted))
    stay |= {pk: _("This record is not yours to act on.") for pk in wanted - lines.keys() - stay.keys()}
    before = values_before(run, wanted - stay.keys())
    free = [lines[pk] for pk in sorted(before)]
    opinion = _("Undo of import {number}: {filename}").format(number=run.pk, filename=run.filename)
    after = last_history_id()
    take_locked_step(
        [line for line in free if line.state in (L.PASSED, L.FAILED)], "take_result_back", by=by, opinion=opinion,
        data=before,
    )  # fmt: skip
    noted = [
        line
        for line in free
        if line.pk in before and line.state == L.LEARNING and differs(line, before[line.pk])
    ]
    for line in noted:
        for name, value in before[line.pk].items():
            setattr(line, name, value)
    bulk_update_with_history(
        noted, EnrolmentLine, [*COLUMNS], batch_size=500, default_user=by, default_change_reason=opinion
    )
    mark_written(run, [line.pk for line in free], after)
    yield from named(stay)


def named(stay: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Who stays, by name and our number, and why."""
    names = dict(EnrolmentLine.objects.filter(pk__in=list(stay)).values_list("pk", "name"))
    for pk, reason in stay.items():
        yield f"{names.get(pk, '')} ({pk})", reason


def undo_preview(run: ImportRun) -> tuple[int, list[tuple[str, str]]]:
    """How many would be put back now, and who would stay and why."""
    ids = left(run)
    stay = reasons(run, ids) if ids else {}
    return len(ids) - len(stay), list(named(stay))


def differs(line: EnrolmentLine, values: dict[str, Any]) -> bool:
    return any(getattr(line, name) != value for name, value in values.items())


def values_before(run: ImportRun, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What was recorded of each of these people before the run."""
    first = dict(
        written(run).filter(id__in=list(ids)).order_by().values_list("id").annotate(first=Min("history_id"))
    )
    rows = (
        History.objects.filter(id__in=list(first)).order_by("history_id").values("id", "history_id", *COLUMNS)
    )
    before: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["history_id"] < first[row["id"]]:
            before[row["id"]] = {name: row[name] for name in COLUMNS}
    return {pk: before.get(pk, dict.fromkeys(COLUMNS)) for pk in first}
