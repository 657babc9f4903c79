"""Lists of people and of companies, as we export them: the General Office's way to correct many at once.

A row is matched by its key (ID number; company name, then credit code). New rows are created, filled cells that
differ are taken over, empty cells never clear. What would change who someone is, or move a person, is a conflict
and stays out (specification 3.4: moving is a transfer).
"""

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.excel import Field, Table, birthday_of, clean, gender_of
from backoffice.core.excel.layouts import Cleaner
from backoffice.core.excel.template import write_template
from backoffice.core.importers import Slice, counted, reasons_at
from backoffice.core.models import ImportRun
from registry import captions
from registry.imports import sql, undo
from registry.imports.fields import CERTIFICATE_CLEANERS
from registry.imports.messages import refusal
from registry.imports.read import REQUIRED_MISSING, flattened, region_spellings
from registry.imports.record_plan import Plan, Rows
from registry.imports.stored import company_key
from registry.models import Company, FormerName, Person
from registry.services import move_certificates_to_region

OUTCOMES = ("create", "update", "unchanged", "repeated", "conflict", "error")


class RecordImporter:
    """An importer for `core.imports` over one model; subclasses say what the columns are and what a row means."""

    model: ClassVar[str]
    stored: ClassVar[type[models.Model]]
    fields: ClassVar[Sequence[Field]]
    cleaners: ClassVar[Mapping[str, Cleaner]]
    key: ClassVar[str]
    label: ClassVar[Any]
    options: ClassVar[tuple[str, ...]] = ("all_or_nothing",)

    @property
    def shown(self) -> Sequence[str]:
        return [column.name for column in self.fields]

    def readable(self, name: str, value: Any) -> str:
        """A value of the preview in the reader's language."""
        try:
            choices = self.stored._meta.get_field(name).choices  # type: ignore[union-attr]
        except FieldDoesNotExist:
            choices = None
        return str(dict(choices or []).get(value, "" if value is None else value))

    def template(self) -> BinaryIO:
        out = io.BytesIO()
        choices = {}
        for column in self.fields:
            stored = self.stored._meta.get_field(column.name)
            if stored.choices:  # type: ignore[union-attr]
                choices[column.name] = [str(label) for _code, label in stored.choices]  # type: ignore[union-attr]
        notes = [
            _("Red columns are required; the others may stay empty or be left out."),
            _("Filled cells that differ are taken over; empty cells change nothing."),
        ]
        write_template(out, self.fields, choices, (), notes, title=str(self.label))
        out.seek(0)
        return out

    # -- reading ---------------------------------------------------------------------------------

    def read(self, run: ImportRun, table: Table) -> Rows:
        rows = Rows(table, {}, {})
        for column in self.fields:
            values, problems = self.cleaners[column.name](table.column(column.name))
            rows.columns[column.name] = values
            for index, problem in problems.items():
                rows.refuse(column.name, index, problem)
            if column.required:
                for index, value in enumerate(values):
                    if not value:
                        rows.refuse(column.name, index, REQUIRED_MISSING)
        spellings = region_spellings()
        for index, text in enumerate(rows.columns["region"]):
            flat = flattened(text or "")
            if flat and spellings.get(flat) is None:
                code = "ambiguous_region" if flat in spellings else "unknown_region"
                rows.refuse("region", index, refusal(code, text))
        return rows

    # -- deciding --------------------------------------------------------------------------------

    def plan(self, run: ImportRun, rows: Rows, *, to_write: bool) -> Plan:
        if to_write:
            sql.one_import_at_a_time("certificates")
        plan = Plan(rows, problems={name: dict(cells) for name, cells in rows.problems.items()})
        spellings, bad = region_spellings(), set().union(*rows.problems.values())
        find, seen, contradictory = self.finder(rows), set(), self.contradictions(rows)
        for index in range(len(rows.table)):
            if index in bad:
                plan.outcomes[index] = "error"
                continue
            given = {name: column[index] for name, column in rows.columns.items() if column[index]}
            if index in contradictory:
                twice = refusal("record_twice", row=contradictory[index])
                plan.refuse(index, "error", next(iter(rows.columns)), twice)
                continue
            if given[self.key] in seen:
                plan.outcomes[index] = "repeated"
                continue
            seen.add(given[self.key])
            values = dict(given)
            if "region" in values:
                values["region_id"] = spellings[flattened(values.pop("region"))]
            obj, problem = find(plan, index, values)
            if not problem:
                self.compare(plan, index, obj, values)
        self.count(plan)
        return plan

    def finder(self, rows: Rows) -> Callable[[Plan, int, dict[str, Any]], tuple[Any, bool]]:
        """Return a function that finds the stored record of a row, or refuses the row and says so with True."""
        raise NotImplementedError

    def contradictions(self, rows: Rows) -> dict[int, str]:
        """Rows of one key that say different things, each with the numbers of the others: none of them is taken, for
        which is right only the sender knows."""
        about: dict[str, list[int]] = defaultdict(list)
        for index, key in enumerate(rows.columns[self.key]):
            if key:
                about[key].append(index)
        found = {}
        for indexes in about.values():
            if len({repr([column[index] for column in rows.columns.values()]) for index in indexes}) > 1:
                for index in indexes:
                    others = [str(rows.table.places[other]) for other in indexes if other != index]
                    found[index] = "、".join(others)
        return found

    @staticmethod
    def is_named_twice(plan: Plan, index: int, first: int) -> bool:
        """Refuse a row whose record an earlier row means already, by the number or name of a merged duplicate."""
        if first == index:
            return False
        row = plan.rows.table.places[first]
        plan.refuse(index, "error", next(iter(plan.rows.columns)), refusal("record_twice", row=row))
        return True

    def compare(self, plan: Plan, index: int, obj: Any, values: dict[str, Any]) -> None:
        if obj is None:
            plan.outcomes[index], plan.objects[index] = "create", self.stored(**values)
            return
        differing = {
            name: [getattr(obj, name), value] for name, value in values.items() if getattr(obj, name) != value
        }
        plan.outcomes[index] = "update" if differing else "unchanged"
        if differing:
            plan.objects[index], plan.changes[index] = obj, differing

    def count(self, plan: Plan) -> None:
        """Fill in the counts and the first rows of each outcome."""
        plan.counts, plan.samples = counted(plan, OUTCOMES, self.sample)

    def sample(self, plan: Plan, index: int) -> dict[str, Any]:
        table = plan.rows.table
        values = {name: plan.rows.columns[name][index] or "" for name in self.shown}
        changes = {
            name: [str(old or ""), str(values.get(name.removesuffix("_id"), new))]
            for name, (old, new) in plan.changes.get(index, {}).items()
            if name != "region_id"
        }
        if "region_id" in plan.changes.get(index, {}):
            obj = plan.objects[index]
            changes["region"] = [str(getattr(obj, "region", "") or ""), values["region"]]
        sample: dict[str, Any] = {"row": table.places[index], "values": values}
        return sample | {
            "reasons": reasons_at(plan, index),
            "changes": changes,
            "register": plan.known.get(index, {}),
        }

    # -- writing and undoing ---------------------------------------------------------------------

    def write(self, run: ImportRun, plan: Plan, user_id: int | None) -> dict[str, list[int]]:
        reason = _("Import {number}: {filename}").format(number=run.pk, filename=run.filename)
        stamp = sql.Stamp(sql.now()[1], reason, user_id, run.pk)
        new = [plan.objects[i] for i, outcome in plan.outcomes.items() if outcome == "create"]
        changed = [plan.objects[i] for i, outcome in plan.outcomes.items() if outcome == "update"]
        names: set[str] = set()
        for index in plan.changes:
            names |= plan.changes[index].keys()
            for name, (_old, value) in plan.changes[index].items():
                setattr(plan.objects[index], name, value)
        for obj in [*new, *changed]:
            self.complete(obj)
        self.stored._default_manager.bulk_create(new, batch_size=500)
        if changed:
            columns = {name.removesuffix("_id") for name in names} | {"updated_at"}
            self.stored._default_manager.bulk_update(changed, [*columns], batch_size=200)
        written: list[int] = []
        for objects, kind in ((new, "+"), (changed, "~")):
            if objects:
                written += sql.write_history(self.stored, sorted(obj.pk for obj in objects), kind, stamp)
        self.follow_up(changed)
        return {self.model: [min(written), max(written)]} if written else {}

    def complete(self, obj: Any) -> None:
        """What save() would have derived."""

    def follow_up(self, changed: list[Any]) -> None:
        """What hangs on the changed records."""

    def undo_blockers(self, run: ImportRun) -> list[str]:
        return undo.blockers(run)

    def undo_slices(self, run: ImportRun) -> Iterable[Slice]:
        return undo.undo_slices(run)

    def undo_slice(self, run: ImportRun, part: Slice, by: Any) -> Iterable[tuple[str, str]]:
        return undo.undo_slice(run, part, by)


def _choice(choices: type[models.TextChoices]) -> Cleaner:
    """Labels in both languages and the codes themselves."""
    from django.utils import translation

    spellings: dict[str, str] = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            spellings |= {str(label): code for code, label in choices.choices}
    spellings |= {code: code for code in choices.values}
    return partial(clean.clean_choice, mapping=spellings)


class PersonImporter(RecordImporter):
    model = "registry.Person"
    stored = Person
    label = gettext_lazy("People")
    key = "id_number"
    fields = (
        captions.column("name", required=True),
        captions.column("id_number", required=True),
        captions.column("company", required=True),
        *map(captions.column, ("phone", "email", "region", "title", "education")),
    )
    cleaners: ClassVar[Mapping[str, Cleaner]] = {
        name: CERTIFICATE_CLEANERS[name] for name in (f.name for f in fields)
    }

    def finder(self, rows: Rows) -> Callable[[Plan, int, dict[str, Any]], tuple[Any, bool]]:
        wanted = [number for number in rows.columns["id_number"] if number]
        people: dict[str, Person] = {}
        for start in range(0, len(wanted), 5000):
            found = Person.objects.select_related(
                "company", "region", "merged_into__company", "merged_into__region"
            ).filter(id_number__in=wanted[start : start + 5000])
            people |= {person.id_number: person.merged_into or person for person in found}
        stored = list(Company.objects.select_related("merged_into"))
        former = FormerName.objects.filter(company__merged_into=None).select_related("company")
        companies = {company_key(f.name): f.company for f in former}
        companies |= {company_key(c.name): c.merged_into for c in stored if c.merged_into}
        companies |= {company_key(c.name): c for c in stored if c.merged_into is None}
        rows_of: dict[int, int] = {}

        def find(plan: Plan, index: int, values: dict[str, Any]) -> tuple[Any, bool]:
            company, person = (
                companies.get(company_key(values.pop("company"))),
                people.get(values["id_number"]),
            )
            if company is None:
                plan.refuse(index, "error", "company", refusal("unregistered_company"))
                return None, True
            if person is not None:
                values["id_number"] = person.id_number  # the file may have the number of a merged duplicate
                if self.is_named_twice(plan, index, rows_of.setdefault(person.pk, index)):
                    return None, True
            if person is None or person.company_id is None:
                values["company_id"] = company.pk
            if person is not None and person.name != values["name"]:
                known = {"name": person.name}
                plan.refuse(index, "conflict", "name", refusal("other_name", name=person.name), known)
                return None, True
            if person is not None and person.company_id not in (None, company.pk):
                known = {"company": str(person.company)}
                plan.refuse(
                    index, "conflict", "company", refusal("moves_person", company=person.company), known
                )
                return None, True
            return person, False

        return find

    def complete(self, obj: Person) -> None:
        obj.birthday, obj.gender = birthday_of(obj.id_number), gender_of(obj.id_number)


class CompanyImporter(RecordImporter):
    model = "registry.Company"
    stored = Company
    label = gettext_lazy("Companies")
    key = "name"
    fields = (
        captions.column("name", "company_name", required=True),
        captions.column("credit_code"),
        Field("membership", ("会员类型", "会员类别", "会员资格", "Membership")),
        Field("status", ("状态", "会员状态", "Status")),
        captions.column("region"),
        Field("office_address", ("办公地址", "地址", "通讯地址", "Office address")),
        Field("contact_name", ("协会联系人", "联系人", "Association contact")),
        captions.column("contact_phone"),
        Field("information_officer", ("信息负责人", "Information officer")),
        captions.column("email"),
    )
    cleaners: ClassVar[Mapping[str, Cleaner]] = {
        "name": partial(clean.clean_company_name, max_length=100),
        "credit_code": clean.clean_credit_code,
        "membership": _choice(Company.Membership),
        "status": _choice(Company.Status),
        "region": CERTIFICATE_CLEANERS["region"],
        "office_address": partial(clean.clean_text, max_length=200),
        "contact_name": partial(clean.clean_contact, max_length=50),
        "contact_phone": clean.clean_phone,
        "information_officer": partial(clean.clean_company_name, max_length=100),
        "email": clean.clean_email,
    }

    def finder(self, rows: Rows) -> Callable[[Plan, int, dict[str, Any]], tuple[Any, bool]]:
        stored = list(Company.objects.select_related("region", "merged_into__region"))
        by_name = {company_key(company.name): company.merged_into or company for company in stored}
        by_code = {
            company.credit_code: company.merged_into or company for company in stored if company.credit_code
        }
        rows_of: dict[int, int] = {}

        def find(plan: Plan, index: int, values: dict[str, Any]) -> tuple[Any, bool]:
            company, other = (
                by_name.get(company_key(values["name"])),
                by_code.get(values.get("credit_code", "")),
            )
            if other is not None and company is not None and other.pk == company.pk:
                values["credit_code"] = (
                    company.credit_code or values["credit_code"]
                )  # or a merged duplicate's
            if other is not None and (company is None or other.pk != company.pk):
                known = {"name": other.name, "credit_code": other.credit_code}
                problem = refusal("code_of_other", name=other.name)
            elif (
                company is not None
                and company.credit_code
                and values.get("credit_code", company.credit_code) != company.credit_code
            ):
                known, problem = (
                    {"credit_code": company.credit_code},
                    refusal("other_code", code=company.credit_code),
                )
            else:
                if company is not None:
                    values["name"] = company.name
                    if self.is_named_twice(plan, index, rows_of.setdefault(company.pk, index)):
                        return None, True
                return company, False
            plan.refuse(index, "conflict", "credit_code", problem, known)
            return None, True

        return find

    def complete(self, obj: Company) -> None:
        from registry.models.company import initials_of

        obj.initials = initials_of(obj.name)

    def follow_up(self, changed: list[Company]) -> None:
        for company in changed:
            move_certificates_to_region(company)
