"""Files about enrolled people: which row means whom. Base of the importers of results and of confirmations.

A row names the person by our number (流水号, as in the roster we export), or by ID number and, where somebody is in
several classes, the class. What else it says of the person must agree.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import User
from backoffice.core.excel import Field, Problem, Table, clean, normalise_text
from backoffice.core.excel.layouts import Cleaner
from backoffice.core.excel.template import write_template
from backoffice.core.export import mask
from backoffice.core.importers import RegisterChanged, Slice, counted, reasons_at
from backoffice.core.models import ImportRun
from registry import captions
from training.models import EnrolmentLine
from training.results.record import taught_by

MESSAGES = {
    "nobody": gettext_lazy("Nobody whose learning you look after has this number. Check it, or leave it empty and "
                           "write the ID number."),
    "unknown": gettext_lazy("Nobody whose learning you look after has this ID number. Check it against the roster."),
    "not_in_class": gettext_lazy("This person is enrolled, but not so: {classes}. Check class and certificate."),
    "several": gettext_lazy("This person is enrolled more than once: {classes}. Write our number, or the class and the "
                            "certificate number."),
    "unnamed": gettext_lazy("Write our number of the person, or the ID number."),
    "other_number": gettext_lazy("Our number and the ID number belong to different people (number {reference}: {name}, "
                                 "{id_number}). Correct the row."),
    "differs_name": gettext_lazy("The name does not fit {number} (its holder: {name}). Check number and name; if they "
                                 "are right, confirm it on the preview."),
    "differs_id_number": gettext_lazy("The ID number does not fit {number} (its holder: {name}, {id_number}). Check "
                                      "both; if our number is right, confirm it on the preview."),
    "differs_course": gettext_lazy("The class does not fit {number} ({name} is in: {course}). Check both; if our "
                                   "number is right, confirm it on the preview."),
    "differs_certificate": gettext_lazy("The certificate number does not fit {number} ({name} has: {certificate}). "
                                        "Check both; if our number is right, confirm it on the preview."),
    "twice": gettext_lazy("Rows {rows} are about the same person and say different things. None of them is taken; keep "
                          "the right one."),
    "impossible": "{what}",
    "odd": gettext_lazy("{what} If this is right, confirm it on the preview."),
    "not_learning": gettext_lazy("{name} is not learning now, but: {state}."),
    "recorded": gettext_lazy("Already recorded as: {state}, {hours} hours, {score} points. If that is wrong, the "
                             "training department withdraws the result on the person's page; then import again."),
    "retaken": gettext_lazy("This very file was imported before, and {name} has begun a retake since. Import the "
                            "results of the retake."),
    "not_handed": gettext_lazy("{name} waits for no confirmation; the learning is: {state}."),
    "out_of_range": gettext_lazy("The number must lie between 0 and {most}."),
    "not_hours": gettext_lazy("This is no number of hours. Write it as 72 or 72学时."),
    "not_points": gettext_lazy("These are no points. Write the number only, such as 85; an absence goes into the "
                               "column of the result."),
    "word_for_points": gettext_lazy("“{word}” is no number of points, and the result of this row does not say it. "
                                    "Write it into the column of the result (合格, 不合格, 缺考) and leave the points "
                                    "empty."),
    "future": gettext_lazy("This day is in the future. Check the date."),
    "number": gettext_lazy("Our number has digits only. Copy it from the roster, or write the ID number instead."),
}  # fmt: skip


#: What the user may confirm on the preview: rows whose other columns do not fit the person whom the number means.
DIFFERING = "differing"


@dataclass(frozen=True, slots=True)
class Remark(Problem):
    """A problem of the row among our enrolled people."""

    def message(self) -> str:
        return str(MESSAGES[self.code]).format(**dict(self.params))

    __str__ = message


def remark(code: str, **params: object) -> Remark:
    return Remark(code, None, tuple(params.items()))


@dataclass
class Rows:
    """The cleaned columns of a file; `problems` holds field -> {row index: problem}."""

    table: Table
    columns: dict[str, list[Any]] = field(default_factory=dict)
    problems: dict[str, dict[int, Problem]] = field(default_factory=dict)

    def refuse(self, name: str, index: int, problem: Problem) -> None:
        self.problems.setdefault(name, {}).setdefault(index, problem)

    def given(self, index: int) -> dict[str, Any]:
        return {
            name: column[index] for name, column in self.columns.items() if column[index] not in (None, "")
        }


@dataclass
class Plan:
    rows: Rows
    outcomes: dict[int, str] = field(default_factory=dict)
    #: Row -> the enrolled person it means.
    lines: dict[int, EnrolmentLine] = field(default_factory=dict)
    #: Enrolled person -> what is recorded of them.
    work: dict[int, Any] = field(default_factory=dict)
    #: What `prepare()` found out for `judge()`.
    facts: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, dict[int, Problem]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        return self.counts["error"] + self.counts["conflict"]

    def refuse(self, index: int, outcome: str, name: str, problem: Problem) -> None:
        self.outcomes[index] = outcome
        # A marked copy has a place for a column that is there.
        if not self.rows.table.has(name):
            name = next(known for known in self.rows.columns if self.rows.table.has(known))
        self.problems.setdefault(name, {}).setdefault(index, problem)


def clean_reference(column: Sequence[Any]) -> tuple[list[int | None], dict[int, Problem]]:
    values, problems = clean.clean_decimal(column)
    found: list[int | None] = []
    for index, value in enumerate(values):
        whole = value is not None and value == int(value) and 0 < value < 2**63
        found.append(int(value) if whole and value is not None else None)
        if (value is not None and not whole) or index in problems:
            problems[index] = remark("number")
    return found, problems


REFERENCE = captions.column("reference", cleaner=clean_reference)
WHO = (
    REFERENCE,
    captions.column("name"),
    captions.column("id_number", first="身份证号"),
    captions.column("course"),
    captions.column("certificate", "certificate_number"),
)
WHO_CLEANERS: Mapping[str, Cleaner] = {
    "reference": clean_reference, "name": partial(clean.clean_name, max_length=50), "id_number": clean.clean_id_number,
    "course": partial(clean.clean_text, max_length=100), "certificate": clean.clean_certificate_number,
}  # fmt: skip


class LineImporter:
    """An importer for `core.imports`; subclasses say which columns there are and what a row does to a person."""

    model: ClassVar[str] = "training.EnrolmentLine"
    label: ClassVar[Any]
    fields: ClassVar[Sequence[Field]]
    cleaners: ClassVar[Mapping[str, Cleaner]]
    options: ClassVar[tuple[str, ...]] = ("all_or_nothing", f"accept_{DIFFERING}")
    #: Outcome -> (label, colour) in the order people read them, and which of them write something.
    outcomes: ClassVar[Mapping[str, tuple[Any, str]]]
    writes: ClassVar[tuple[str, ...]]
    choices: ClassVar[Mapping[str, Sequence[str]]] = {}
    notes: ClassVar[Sequence[Any]] = ()

    def judge(self, plan: Plan, index: int, line: EnrolmentLine, given: dict[str, Any]) -> None:
        """Decide what the row does to the person: set outcome and work, or refuse."""
        raise NotImplementedError

    def carry_out(self, work: dict[int, Any], by: Any) -> dict[int, list[str]]:
        """Record it, inside the transaction that planned it; return why somebody was refused after all."""
        raise NotImplementedError

    def prepare(self, run: ImportRun, plan: Plan) -> None:
        """Hook: look up what `judge` needs, once for all rows."""

    # -- what core.imports asks -------------------------------------------------------------------

    @property
    def shown(self) -> Sequence[str]:
        return [column.name for column in self.fields]

    def readable(self, name: str, value: Any) -> str:
        return "" if value is None else str(value)

    def template(self) -> BinaryIO:
        out = io.BytesIO()
        write_template(
            out, self.fields, self.choices, (), [str(note) for note in self.notes], title=str(self.label)
        )
        out.seek(0)
        return out

    def read(self, run: ImportRun, table: Table) -> Rows:
        rows = Rows(table)
        for column in self.fields:
            rows.columns[column.name], problems = self.cleaners[column.name](table.column(column.name))
            for index, problem in problems.items():
                rows.refuse(column.name, index, problem)
        return rows

    def plan(self, run: ImportRun, rows: Rows, *, to_write: bool) -> Plan:
        plan = Plan(rows, problems={name: dict(cells) for name, cells in rows.problems.items()})
        bad: set[int] = set().union(*rows.problems.values())
        find = Finder(taught_by(actor_of(run)), rows)
        plan.facts["accept"] = set(run.options.get("accept") or ())
        self.prepare(run, plan)
        found = {index: find(rows.given(index)) for index in range(len(rows.table))}
        contradictory = contradictions(
            rows, bad, {i: line for i, (line, wrong) in found.items() if line and not wrong}
        )
        seen: set[int] = set()
        for index, (line, wrong) in found.items():
            if index in bad:
                plan.outcomes[index] = "error"
            elif line is None or wrong:
                plan.refuse(index, "error", *(wrong or ("reference", remark("unnamed"))))
            elif index in contradictory:
                plan.refuse(index, "error", "reference", remark("twice", rows=contradictory[index]))
            elif line.pk in seen:
                plan.outcomes[index] = "repeated"
            elif DIFFERING not in plan.facts["accept"] and (
                differing := disagreements(line, rows.given(index))
            ):
                for name, problem in differing:
                    plan.refuse(index, "conflict", name, problem)
            else:
                seen.add(line.pk)
                plan.lines[index] = line
                self.judge(plan, index, line, rows.given(index))
        self.count(plan)
        return plan

    def count(self, plan: Plan) -> None:
        """Fill in the counts and the first rows of each outcome."""
        plan.counts, plan.samples = counted(plan, self.outcomes, self.sample)

    def sample(self, plan: Plan, index: int) -> dict[str, Any]:
        table = plan.rows.table
        values = {name: as_shown(plan.rows.columns[name][index]) for name in self.shown}
        if (line := plan.lines.get(index)) is not None:  # so that the row can be recognised
            course = str(line.enrolment.training_class)
            told = {"reference": str(line.pk), "name": line.name, "id_number": line.id_number, "course": course,
                    "certificate": line.certificate_number}  # fmt: skip
            values = {name: value or told.get(name, "") for name, value in values.items()}
        return {
            "row": table.places[index],
            "values": values,
            "reasons": reasons_at(plan, index),
            "changes": {},
        }

    def write(self, run: ImportRun, plan: Plan, user_id: int | None) -> dict[str, list[int]]:
        if plan.work and self.carry_out(plan.work, actor_of(run)):
            raise RegisterChanged
        return {}

    def undo_blockers(self, run: ImportRun) -> list[str]:
        """Sentences: why the run cannot be taken back as a whole, with what can be done instead."""
        raise NotImplementedError

    def undo_slices(self, run: ImportRun) -> Iterable[Slice]:
        return ()

    def undo_slice(self, run: ImportRun, part: Slice, by: Any) -> Iterable[tuple[str, str]]:
        return ()


def as_shown(value: Any) -> str:
    return "" if value is None else str(value)


def actor_of(run: ImportRun) -> Any:
    """In whose name and scope the file is read: whoever confirmed it, before that whoever uploaded it."""
    pk = run.options.get("confirmed_by") or run.created_by_id
    return User.objects.get(pk=pk or 0)


class Finder:
    """Whom the rows mean, among the people the user looks after; two queries for a whole file."""

    def __init__(self, lines: "QuerySet[EnrolmentLine]", rows: Rows) -> None:
        lines = lines.select_related("enrolment__training_class", "person")
        references = {value for value in rows.columns["reference"] if value}
        numbers = {number for number in rows.columns["id_number"] if number}
        self.by_reference = lines.in_bulk(list(references)) if references else {}
        self.by_number: dict[str, list[EnrolmentLine]] = defaultdict(list)
        for line in lines.filter(person__id_number__in=numbers).order_by("-pk") if numbers else ():
            self.by_number[line.person.id_number].append(line)

    def __call__(self, given: dict[str, Any]) -> tuple[EnrolmentLine | None, tuple[str, Problem] | None]:
        """The enrolled person, or the column and what is wrong with it."""
        if reference := given.get("reference"):
            line = self.by_reference.get(reference)
            return (line, self.other_number(line, given)) if line else (None, ("reference", remark("nobody")))
        if not (number := given.get("id_number")):
            return None, ("reference", remark("unnamed"))
        found = self.by_number.get(number, [])
        if not found:
            return None, ("id_number", remark("unknown"))
        return self.choose(found, given)

    @staticmethod
    def choose(
        found: list[EnrolmentLine], given: dict[str, Any]
    ) -> tuple[EnrolmentLine | None, tuple[str, Problem] | None]:
        """Of one person's lines (newest first) the one that class and certificate number mean; one under way before
        those that have ended."""
        wanted, number = normalise_text(given.get("course", "")), given.get("certificate", "")
        meant = [
            line
            for line in found
            if (not wanted or normalise_text(line.enrolment.training_class.title) == wanted)
            and (not number or line.certificate_number == number)
        ]
        classes = "、".join(
            f"{line.enrolment.training_class} {line.certificate_number}".strip() for line in found
        )
        if not meant:
            return None, ("course", remark("not_in_class", classes=classes))
        under_way = [line for line in meant if line.state in ("SUBMITTED", "LEARNING")]
        if len(under_way) > 1:
            return None, ("course", remark("several", classes=classes))
        return (under_way or meant)[0], None

    def other_number(self, line: EnrolmentLine, given: dict[str, Any]) -> tuple[str, Problem] | None:
        """Two numbers of two enrolled people in one row: nobody can say who is meant."""
        number = given.get("id_number", "")
        others = {row.person_id for row in self.by_number.get(number, ())} - {line.person_id}
        if number in ("", line.id_number, line.person.id_number) or not others:
            return None
        who = {"name": veiled(line.name), "id_number": mask(line.id_number), "reference": line.pk}
        return "id_number", remark("other_number", **who)


def disagreements(line: EnrolmentLine, given: dict[str, Any]) -> list[tuple[str, Problem]]:
    """The columns beside the number that do not fit the person: a slipped column of numbers would record the results of
    others. Each with its problem, which names the holder masked."""
    course = line.enrolment.training_class
    known = {
        "name": {line.name, line.person.name}, "id_number": {line.id_number, line.person.id_number},
        "course": {course.title, str(course)}, "certificate": {line.certificate_number} - {""},
    }  # fmt: skip
    number = (
        _("our number %(number)s") % {"number": line.pk} if given.get("reference") else _("the ID number")
    )
    who = {"number": number, "name": veiled(line.name), "id_number": mask(line.id_number), "course": course.title,
           "certificate": line.certificate_number}  # fmt: skip
    return [
        (name, remark(f"differs_{name}", **who))
        for name, values in known.items()
        if name in given and values and normalise_text(given[name]) not in map(normalise_text, values)
    ]


def veiled(name: str) -> str:
    """A name for whoever has to recognise it, not to learn it: 许*祥, 李*."""
    return f"{name[:1]}{'*' * max(1, len(name) - 2)}{name[-1:] if len(name) > 2 else ''}"


def contradictions(rows: Rows, bad: set[int], lines: Mapping[int, EnrolmentLine]) -> dict[int, str]:
    """The rows about one person that say different things, each with the numbers of all of them: which of them is right
    only the sender knows. A row that cannot be read may say anything."""
    about: dict[int, list[int]] = defaultdict(list)
    for index, line in lines.items():
        about[line.pk].append(index)
    found = {}
    for indexes in about.values():
        said = {None if index in bad else repr(what_it_says(rows.given(index))) for index in indexes}
        if len(indexes) > 1 and (len(said) > 1 or None in said):
            numbers = "、".join(str(rows.table.places[index]) for index in indexes)
            found |= dict.fromkeys(indexes, numbers)
    return found


def what_it_says(given: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a row without the columns that name the person."""
    return {name: value for name, value in given.items() if name not in WHO_CLEANERS}
