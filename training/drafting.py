"""The verbs of a draft roster: look numbers up, add, edit and remove people (SPEC 3.6, manual ch. 4b).

Each runs inside the caller's transaction on a draft that `lock_draft()` returned, and takes a constant number of
queries for 3 people or 500. What a clerk may look at of other companies is decided here, and logged.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.export import mask
from backoffice.core.models import Attachment
from backoffice.core.scoping import visible_to
from registry.models import Certificate, Person
from training.enrolling import recount
from training.line_rules import Problem, help_page, masked_name
from training.models import CertificateLookup, Enrolment, EnrolmentLine, TrainingClass
from training.proposals import Type, propose, set_matter, settle_waivers
from training.roster import Roster, Row, former_names, look

Matter = EnrolmentLine.Matter
#: Certificates of other companies that one company may look up in a day.
LOOKUPS_A_DAY: Final = 2_000
#: With one of these a certificate is not put on the roster; every other problem can be put right there.
BLOCKING: Final = frozenset({"status", "elsewhere", "class", "category", "upgrade", "holds"})


class DraftClosed(Exception):
    """The roster is not open to this user now; `str()` is a sentence that says why."""


def lock_draft(pk: Any, user: Any) -> Enrolment:
    """The draft, locked until the end of the transaction; DraftClosed where it is none of the user's company any more.

    Editing in one tab and submitting in another wait for each other here.
    """
    rows = visible_to(Enrolment, user).select_related("training_class__local_body", "company")
    draft = rows.select_for_update(of=("self",)).filter(pk=pk).first()
    if draft is None:
        raise DraftClosed(_("This enrolment is not yours to edit."))
    if not draft.takes_changes_from(user):
        text = _("%(enrolment)s is not a draft any more (%(state)s): nothing was changed. Its roster opens again when "
                 "it is returned.")  # fmt: skip
        raise DraftClosed(text % {"enrolment": draft, "state": draft.get_state_display()})
    return draft


# -- by certificate number -----------------------------------------------------------------------------


@dataclass
class Entry:
    """A number somebody typed, or a row of an uploaded roster with what it says besides."""

    number: str
    matter: str = ""
    remark: str = ""
    is_waived: bool = False


@dataclass
class Finding:
    """What became of a number that is not on the roster now: masked data where there are any, and what to do."""

    number: str
    kind: str  # "foreign": one click adds it; "missing", "refused", "limit"
    row: Row | None = None
    problem: Problem | None = None
    is_masked: bool = False

    @property
    def name(self) -> str:
        """The holder, as far as the company may know."""
        name = self.row.line.person.name if self.row else ""
        return masked_name(name) if self.is_masked else name

    @property
    def id_number(self) -> str:
        return mask(self.row.line.person.id_number) if self.row else ""


@dataclass
class Outcome:
    added: int = 0
    here: int = 0
    findings: list[Finding] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    roster: Roster | None = None

    def of(self, *kinds: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.kind in kinds]


def enter(
    draft: Enrolment, entries: Sequence[Entry], user: Any, *, confirmed: Collection[str] = ()
) -> Outcome:
    """Look the numbers up and put them on the roster at once, as far as nothing about them forbids it.

    People of other companies come back as findings with masked data, unless their numbers are `confirmed`: the clerk
    has looked at them and wants them. Every look at another company's certificate is logged; so many a day are
    answered.
    """
    if draft.training_class.type == TrainingClass.Type.PRACTICE:
        raise DraftClosed(_("For practice training, tick people in the list of your members."))
    wanted = {entry.number: entry for entry in entries}
    # The one place that reads beyond the user's scope: exact numbers only (SPEC 3.6).
    rows = Certificate.objects.filter(number__in=list(wanted), person__merged_into=None)
    found = {row.number: row for row in rows.select_related("person__company")}
    foreign = {row.pk for row in found.values() if is_foreign(row, draft)}
    beyond = log_lookups(foreign, draft, user)
    stored = list(draft.lines.select_related("person__company", "certificate", "new_employer").order_by("pk"))
    here = {line.certificate_id for line in stored}
    names = former_names(draft.company_id)
    candidates = [
        written(
            wanted[number], propose(found[number], draft.company, names, draft.training_class), draft, names
        )
        for number in wanted
        if number in found and found[number].pk not in here | beyond
    ]
    outcome = Outcome(here=sum(row.pk in here for row in found.values()))
    rows_of = {row.line.certificate_id: row for row in preview(draft, stored, candidates, foreign)}
    chosen = []
    for line in candidates:
        row, masked = rows_of[line.certificate_id], line.certificate_id in foreign
        if (problem := what_blocks(row)) is not None:
            outcome.findings.append(Finding(str(line.certificate), "refused", row, problem, masked))
        elif masked and str(line.certificate) not in confirmed:
            outcome.findings.append(Finding(str(line.certificate), "foreign", row, None, masked))
        else:
            chosen.append(line)
    outcome.findings += not_there(wanted, found, beyond)
    outcome.told = add_lines(draft, stored, chosen, user)
    outcome.added, outcome.roster = len(chosen), recount(draft)
    return outcome


def is_foreign(certificate: Certificate, draft: Enrolment) -> bool:
    """Whether the certificate is out of the company's scope."""
    return bool(certificate.company_id != draft.company_id)


def log_lookups(foreign: Collection[int], draft: Enrolment, user: Any) -> set[int]:
    """Log each look at another company's certificate; return those beyond the day's number, which nobody sees."""
    if not foreign:
        return set()
    today = CertificateLookup.objects.filter(
        by__company=draft.company_id,
        at__gte=timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0),
    )
    seen = set(today.values_list("certificate_id", flat=True).distinct())
    new = sorted(set(foreign) - seen)
    beyond = set(new[max(0, LOOKUPS_A_DAY - len(seen)) :])
    insert(
        CertificateLookup,
        [CertificateLookup(by=user, certificate_id=pk) for pk in sorted(set(foreign) - beyond)],
    )
    return beyond


def written(entry: Entry, line: EnrolmentLine, draft: Enrolment, names: Collection[str]) -> EnrolmentLine:
    """The proposed line with what the row of an uploaded roster says itself."""
    line.enrolment = draft
    if entry.matter and entry.matter != line.matter:
        set_matter(line, entry.matter, draft.company, names)
    if entry.remark and line.matter == Matter.RENEWAL_CHANGE:
        line.change_remark = entry.remark[:200]
    line.is_waived = entry.is_waived
    return line


def preview(
    draft: Enrolment, stored: list[EnrolmentLine], candidates: list[EnrolmentLine], foreign: Collection[int]
) -> list[Row]:
    """The candidates' rows as they would stand on the roster, priced and checked; nothing is changed."""
    before = [(line, line.is_waived) for line in (*stored, *candidates)]
    settle_waivers([*stored, *candidates], propose_for={line.person_id for line in candidates})
    roster = look(draft, [*stored, *candidates], masked=foreign)
    for line, is_waived in before:
        line.is_waived = is_waived
    return roster.rows[len(stored) :]


def what_blocks(row: Row) -> Problem | None:
    """The problem for which the line is not put on the roster, if there is one."""
    for problem in row.errors:
        moves = problem.code == "employer" and row.line.matter == Matter.UPGRADE
        if problem.code in BLOCKING or moves:
            return problem
    return None


def not_there(
    wanted: Iterable[str], found: Mapping[str, Certificate], beyond: Collection[int]
) -> list[Finding]:
    """Findings for numbers that nobody has, and for those that are not answered today any more."""
    findings = []
    for number in wanted:
        if number not in found:
            text = _("Certificate number [%(number)s] has no certificate record. Compare it with the certificate; if "
                     "it is right, the General Office adds the record.") % {"number": number}  # fmt: skip
            problem = Problem("missing", text, help_page(number), _("Ask for the record to be added"))
            findings.append(Finding(number, "missing", problem=problem))
        elif found[number].pk in beyond:
            text = _("Your company has looked up %(limit)d certificates of other companies today. Go on tomorrow, or "
                     "ask the General Office.") % {"limit": LOOKUPS_A_DAY}  # fmt: skip
            findings.append(Finding(number, "limit", problem=Problem("limit", text)))
    return findings


def add_lines(
    draft: Enrolment, stored: list[EnrolmentLine], new: list[EnrolmentLine], user: Any
) -> list[str]:
    """Store the new lines and the waivers that they change; return what to tell."""
    if not new:
        return []
    before = {line.pk: line.is_waived for line in stored}
    told = settle_waivers([*stored, *new], propose_for={line.person_id for line in new})
    insert(EnrolmentLine, new, user)
    store_waivers([line for line in stored if line.is_waived != before[line.pk]], user)
    return told


def store_waivers(changed: list[EnrolmentLine], user: Any) -> None:
    for value in (True, False):
        lines = [line for line in changed if line.is_waived is value]
        if lines:
            EnrolmentLine.objects.filter(pk__in=[line.pk for line in lines]).update(is_waived=value)
    write_history(changed, "~", user)


def renewable(draft: Enrolment, user: Any, until: Any) -> "QuerySet[Certificate]":
    """The company's own certificates that run out by `until` and are not on this roster, the first ones first."""
    rows = visible_to(Certificate, user).filter(status=Certificate.Status.VALID, expiry_date__lte=until)
    if wanted := draft.training_class.category:
        rows = rows.filter(type=wanted)
    rows = rows.exclude(pk__in=draft.lines.filter(certificate__isnull=False).values("certificate"))
    return rows.select_related("person").order_by("expiry_date", "pk")


# -- members, for practice training --------------------------------------------------------------------


def add_people(draft: Enrolment, ids: Collection[int], user: Any) -> Outcome:
    """Put these members of the company on the roster of a practice class; who is there already stays once."""
    if draft.training_class.type != TrainingClass.Type.PRACTICE:
        raise DraftClosed(_("In continuing education people are enrolled by certificate number."))
    here = set(draft.lines.values_list("person_id", flat=True))
    mine = visible_to(Person, user).filter(company=draft.company_id, pk__in=list(ids))
    people = list(mine.exclude(pk__in=here).order_by("pk"))
    lines = []
    for person in people:
        line = EnrolmentLine(
            enrolment=draft, person=person, matter=Matter.PRACTICE,
            category=draft.training_class.category or Type.SUPERVISOR,
        )  # fmt: skip
        line.snapshot()
        lines.append(line)
    insert(EnrolmentLine, lines, user)
    return Outcome(added=len(lines), here=len(here & set(ids)), roster=recount(draft))


# -- what is on the roster -----------------------------------------------------------------------------


def edit_line(draft: Enrolment, pk: int, values: Mapping[str, Any], user: Any) -> Outcome:
    """Change a line as the grid says (matter, category, is_waived, change_remark; None: not shown); recheck waivers."""
    line = draft.lines.select_related("person__company", "certificate", "new_employer").filter(pk=pk).first()
    if line is None:
        raise DraftClosed(_("This line is not on the roster any more; the page now shows the present one."))
    group = [
        line,
        *draft.lines.filter(person=line.person_id).exclude(pk=pk).select_related("person", "certificate"),
    ]
    before = {row.pk: row_values(row) for row in group}
    if values.get("matter") and values["matter"] != line.matter:
        set_matter(line, values["matter"], draft.company, former_names(draft.company_id))
    elif line.matter == Matter.RENEWAL_CHANGE and values.get("change_remark") is not None:
        line.change_remark = values["change_remark"]
    if line.certificate is None and values.get("category"):
        line.category = values["category"]
    if values.get("is_waived") is not None:
        line.is_waived = values["is_waived"]
    told = settle_waivers(group, chosen=line if line.is_waived else None)
    for row in group:
        if row_values(row) != before[row.pk]:
            row._history_user = user  # type: ignore[attr-defined]
            row.save()
    return Outcome(told=told, roster=recount(draft))


def row_values(line: EnrolmentLine) -> tuple:
    return line.matter, line.category, line.is_waived, line.new_employer_id, line.change_remark


def remove_lines(draft: Enrolment, pks: Collection[int], user: Any) -> Outcome:
    """Take people off the draft, with their own pictures; a waiver whose partner goes falls away."""
    lines = list(draft.lines.select_related("person", "certificate").order_by("pk"))
    gone = [line for line in lines if line.pk in set(pks)]
    left = [line for line in lines if line not in gone]
    kind = ContentType.objects.get_for_model(EnrolmentLine)
    ids = [line.pk for line in gone]
    Attachment.objects.filter(content_type=kind, object_id__in=ids, removed_at=None).update(
        removed_at=timezone.now()
    )
    write_history(gone, "-", user)
    rows = EnrolmentLine.objects.filter(pk__in=ids)
    rows._raw_delete(rows.db)  # type: ignore[attr-defined] # delete() would write the history row by row
    before = {line.pk: line.is_waived for line in left}
    told = settle_waivers(left)
    store_waivers([line for line in left if line.is_waived != before[line.pk]], user)
    return Outcome(told=told, roster=recount(draft))


# -- many rows in one statement ------------------------------------------------------------------------


def insert(model: type[Model], rows: Sequence[Any], user: Any = None) -> None:
    """Store new rows in one INSERT (bulk_create() splits at 999 parameters on SQLite), with history where kept."""
    if not rows:
        return
    manager: Any = model._base_manager
    key = model._meta.pk
    columns = [column for column in model._meta.concrete_fields if column is not key]
    for row, (pk,) in zip(
        rows, manager.all()._insert(rows, columns, returning_fields=[key], using=manager.db), strict=True
    ):
        row.pk, row._state.adding, row._state.db = pk, False, manager.db
    if hasattr(model, "history"):
        write_history(rows, "+", user)


def write_history(rows: Sequence[Any], kind: str, user: Any) -> None:
    """One history row each, in one INSERT."""
    if not rows:
        return
    made: Any = type(rows[0]).history.model
    now, base = timezone.now(), made._base_manager
    entries = [
        made(
            history_date=now, history_type=kind, history_user=user,
            **{column.attname: getattr(row, column.attname) for column in made.tracked_fields},
        )
        for row in rows
    ]  # fmt: skip
    columns = [column for column in made._meta.concrete_fields if column is not made._meta.pk]
    base.all()._insert(entries, columns, returning_fields=[made._meta.pk], using=base.db)


# -- begin ---------------------------------------------------------------------------------------------


def empty_draft(user: Any, training_class: Any) -> Enrolment | None:
    """The company's draft for this class that nobody is on yet: a second click finds the first one's."""
    mine = visible_to(Enrolment, user).filter(training_class=training_class, state=Enrolment.State.DRAFT)
    return mine.filter(lines=None).order_by("-pk").first()


def usual_contact(user: Any) -> dict[str, str]:
    """Contact and phone as on the company's last enrolment, else the user's own (manual ch. 4b-3.5)."""
    last = visible_to(Enrolment, user).exclude(contact_name="").order_by("-pk").first()
    if last is not None:
        return {"contact_name": last.contact_name, "contact_phone": last.contact_phone}
    return {"contact_name": user.name[:50], "contact_phone": user.phone or user.company.contact_phone}
