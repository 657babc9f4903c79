"""Results from the platform or of a face-to-face class: study hours, score, passed or not (FAQ 3)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from backoffice.core.excel import Problem, Table, clean, normalise_text
from backoffice.core.excel.layouts import Cleaner
from backoffice.core.excel.text import normalise_code
from backoffice.core.importers import Slice
from backoffice.core.models import ImportRun
from registry import captions
from training.flows.learning import L
from training.models import EnrolmentLine
from training.results import undo
from training.results.lines import DIFFERING, WHO, WHO_CLEANERS, LineImporter, Plan, Rows, remark
from training.results.record import (
    MOST_HOURS,
    MOST_POINTS,
    Result,
    bounded,
    differs,
    past_day_or_none,
    record_results,
)
from training.results.rules import impossible, odd

PASSED: Mapping[str, str] = {
    "合格": "PASS", "通过": "PASS", "及格": "PASS", "考试合格": "PASS", "已通过": "PASS", "是": "PASS",
    "Passed": "PASS", "Pass": "PASS", "Yes": "PASS",
    "不合格": "FAIL", "未通过": "FAIL", "不及格": "FAIL", "不通过": "FAIL", "否": "FAIL", "缺考": "FAIL",
    "Failed": "FAIL", "Fail": "FAIL", "No": "FAIL",
    "学习中": "LEARNING", "未考试": "LEARNING", "未完成": "LEARNING", "Learning": "LEARNING",
}  # fmt: skip
#: What the user may confirm on the preview: results that are unusual.
ODD = "odd"
ENDS = {"PASS": L.PASSED, "FAIL": L.FAILED}


#: Who did not sit the examination has no points; the column of the result says so.
ABSENT = frozenset({"缺考", "缺席", "未参加", "未考", "未考试", "弃考", "无", "/", "-", "--", "ABSENT"})
_UNIT = re.compile(r"(?<=\d)\s*(?:个?学时|课时|小时|个?钟|分|POINTS?|HOURS?|H)$", re.IGNORECASE)


def clean_bounded(
    cells: Sequence[Any], most: Any, wrong: str = "not_hours"
) -> tuple[list[Any], dict[int, Problem]]:
    """Numbers from 0 to `most`, with or without their unit: 72, '72学时', '85分'."""
    values, problems = clean.clean_decimal([_UNIT.sub("", c) if isinstance(c, str) else c for c in cells])
    for index, value in enumerate(values):
        if index in problems and problems[index].code == "bad_number":
            problems[index] = remark(wrong)
        try:
            values[index] = bounded(value, most)
        except ValueError:
            values[index], problems[index] = None, remark("out_of_range", most=most)
    return values, problems


def clean_score(cells: Sequence[Any]) -> tuple[list[Any], dict[int, Problem]]:
    """Points; none for who was absent and where the cell only repeats the result (`ResultsImporter.read`)."""
    return clean_bounded(
        ["" if said_instead(cell) else cell for cell in cells], MOST_POINTS, wrong="not_points"
    )


def said_instead(cell: Any) -> str:
    """FAIL for 缺考, PASS or FAIL for a result that stands where points should; nothing for anything else."""
    text = normalise_text(cell) if isinstance(cell, str) else ""
    if normalise_code(text) in ABSENT:
        return "FAIL" if text not in ("/", "-", "--", "无") else "NONE"
    return PASSED.get(text, "")


def clean_past(cells: Sequence[Any]) -> tuple[list[Any], dict[int, Problem]]:
    values, problems = clean.clean_date(cells)
    for index, value in enumerate(values):
        try:
            past_day_or_none(value)
        except ValueError:
            values[index], problems[index] = None, remark("future")
    return values, problems


class ResultsImporter(LineImporter):
    label = _("Results")
    fields = (
        *WHO,
        captions.column("study_hours"),
        captions.column("score", cleaner=clean.clean_decimal),
        captions.column("result", required=True, cleaner=partial(clean.clean_choice, mapping=PASSED)),
        captions.column("passed_on"),
    )
    cleaners: ClassVar[Mapping[str, Cleaner]] = {
        **WHO_CLEANERS,
        "study_hours": partial(clean_bounded, most=MOST_HOURS), "score": clean_score,
        "result": partial(clean.clean_choice, mapping=PASSED), "passed_on": clean_past,
    }  # fmt: skip
    outcomes: ClassVar = {
        "passed": (_("Will pass"), "success"), "failed": (_("Will fail"), "warning"),
        "noted": (_("Hours and score only"), "info"), "unchanged": (_("Unchanged"), "default"),
        "repeated": (_("Repeated in the file"), "default"), "conflict": (_("Conflicts"), "warning"),
        "error": (_("Errors"), "danger"),
    }  # fmt: skip
    writes = ("passed", "failed", "noted")
    options = ("all_or_nothing", f"accept_{DIFFERING}", f"accept_{ODD}")
    choices: ClassVar = {"result": ("合格", "不合格", "学习中")}
    notes = (
        _("Name each person by our number (流水号, as in the roster) or by ID number; whoever is in several classes, "
          "with the class."),
        _("An empty result means: still learning. Hours and score are recorded, and nobody is passed or failed."),
    )  # fmt: skip

    def read(self, run: ImportRun, table: Table) -> Rows:
        """A word in the column of points (缺考, 合格) is taken where the column of the result says the same."""
        rows = super().read(run, table)
        results = rows.columns["result"]
        for index, cell in enumerate(table.column("score")):
            said = said_instead(cell)
            if said in ("", "NONE") or results[index] == said:
                continue
            rows.refuse("score", index, remark("word_for_points", word=normalise_text(cell)))
        return rows

    def readable(self, name: str, value: Any) -> str:
        words = {"PASS": L.PASSED.label, "FAIL": L.FAILED.label, "LEARNING": L.LEARNING.label}
        return str(words.get(value, value)) if name == "result" else super().readable(name, value)

    def prepare(self, run: ImportRun, plan: Plan) -> None:
        earlier = ImportRun.objects.filter(
            layout=run.layout, sha256=run.sha256, status=ImportRun.Status.DONE, pk__lt=run.pk
        )
        plan.facts["imported_before"] = earlier.exists()

    def judge(self, plan: Plan, index: int, line: EnrolmentLine, given: dict[str, Any]) -> None:
        ends = ENDS.get(given.get("result", ""))
        result = Result(
            study_hours=given.get("study_hours"), score=given.get("score"), passed_on=given.get("passed_on"),
            passed=None if ends is None else ends == L.PASSED,
        )  # fmt: skip
        if line.state == L.LEARNING:
            if wrong := impossible(line, result):
                plan.refuse(index, "error", "result", remark("impossible", what=wrong))
            elif ODD not in plan.facts["accept"] and (unusual := odd(line, result)):
                plan.refuse(index, "conflict", "result", remark("odd", what=" ".join(unusual)))
            elif ends and line.attempts > 1 and plan.facts["imported_before"]:
                plan.refuse(index, "conflict", "result", remark("retaken", name=line.name))
            elif ends or differs(line, result):
                plan.outcomes[index] = {L.PASSED: "passed", L.FAILED: "failed", None: "noted"}[ends]
                plan.work[line.pk] = result
            else:
                plan.outcomes[index] = "unchanged"
        elif line.state not in (L.PASSED, L.FAILED):
            plan.refuse(
                index,
                "conflict",
                "name",
                remark("not_learning", name=line.name, state=line.get_state_display()),
            )
        elif ends in (None, line.state) and not differs(line, result):
            plan.outcomes[index] = "unchanged"
        else:
            said = {
                "state": line.get_state_display(),
                "hours": shown(line.study_hours),
                "score": shown(line.score),
            }
            plan.refuse(index, "conflict", "result", remark("recorded", **said))

    def carry_out(self, work: dict[int, Any], by: Any) -> dict[int, list[str]]:
        return record_results(work, by=by).refused

    def write(self, run: ImportRun, plan: Plan, user_id: int | None) -> dict[str, list[int]]:
        after = undo.last_history_id()
        super().write(run, plan, user_id)
        return undo.mark_written(run, plan.work, after)

    def undo_blockers(self, run: ImportRun) -> list[str]:
        return undo.undo_blockers(run)

    def undo_preview(self, run: ImportRun) -> tuple[int, list[tuple[str, str]]]:
        return undo.undo_preview(run)

    def undo_slices(self, run: ImportRun) -> Iterable[Slice]:
        return undo.undo_slices(run)

    def undo_slice(self, run: ImportRun, part: Slice, by: Any) -> Iterable[tuple[str, str]]:
        return undo.undo_slice(run, part, by)


def shown(value: Any) -> str:
    return "–" if value is None else str(value)
