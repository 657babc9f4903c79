"""The verbs of a draft roster: look numbers up, add, edit and remove people (specification 3.6, manual ch. 4b).

Each runs inside the caller's transaction on a draft that `lock_draft()` returned, and takes a constant number of
queries for 3 people or 500. What a clerk may look at of other companies is decided here, and logged.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.models import Attachment
from backoffice.core.scoping import visible_to
from registry.models import Certificate, Person
from training.enrolling import recount
from training.entries import Entry, entry_of
from training.finding import Examiner, Finding, is_practice
from training.flows.enrolment import UNDER_WAY
from training.flows.learning import ENDED
from training.foreign import hold_lookups
from training.models import Enrolment, EnrolmentLine
from training.proposals import set_matter, settle_waivers
from training.roster import Roster, former_names
from training.storing import insert, write_history

Matter = EnrolmentLine.Matter


class DraftClosed(Exception):
    """The roster is not open to this user now; `str()` is a sentence that says why."""


def lock_draft(pk: Any, user: Any, *, looks_up: bool = False) -> Enrolment:
    """The draft, locked until the end of the transaction; DraftClosed where it is none of the user's company any more.

    Editing in one tab and submitting in another wait for each other here; who `looks_up` people waits for colleagues
    who do, so that wrong answers are counted one after the other.
    """
    if looks_up and user.company_id is not None:
        hold_lookups(user.company_id)
    rows = visible_to(Enrolment, user).select_related("training_class__local_body", "company")
    draft = rows.select_for_update(of=("self",)).filter(pk=pk).first()
    if draft is None:
        raise DraftClosed(_("This enrolment is not yours to edit."))
    if not draft.takes_changes_from(user):
        text = _("%(enrolment)s is not a draft any more (%(state)s): nothing was changed. Its roster opens again when "
                 "it is returned.")  # fmt: skip
        raise DraftClosed(text % {"enrolment": draft, "state": draft.get_state_display()})
    return draft


# -- looking up and adding -----------------------------------------------------------------------------

#: So many entries wait on a draft at most; what is more stays in the box.
MOST_WAITING: Final = 1_000


@dataclass
class Outcome:
    """What became of the entries: `added` lines, entries that were on the roster already or came twice, findings."""

    added: int = 0
    here: int = 0
    repeated: int = 0
    findings: list[Finding] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    roster: Roster | None = None
    #: Lines put on the roster: of one entry both certificates can be ticked.
    lines: int = 0
    #: How many entries there were; each has one answer.
    entries: int = 0
    #: Entries for which there was no room on the draft.
    left: list[Entry] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.kind in kinds]

    @property
    def open(self) -> int:
        """How many of the entries need something."""
        return self.entries - self.added - self.here - self.repeated


def enter(
    draft: Enrolment, entries: Sequence[Entry], user: Any, *, confirmed: Collection[str] = ()
) -> Outcome:
    """Look the entries up and put them on the roster at once, as far as nothing about them forbids it.

    What is not put there waits on the draft, with what to do, until somebody deals with it. `confirmed` are the keys
    of findings that the clerk ticked: people of other companies, rows that do not fit the record, one of two
    certificates. For people of other companies the caller holds the look-ups (`lock_draft(looks_up=True)`).
    """
    keys = {entry.same: entry.key for entry in waiting(draft)}
    new = [replace(entry, kind="", key=keys.get(entry.same, entry.key)) for entry in entries]
    again = {entry.same for entry in new}
    kept = [entry for entry in waiting(draft) if entry.same not in again]
    stored = stored_lines(draft)
    found = Examiner(draft, stored, user, confirmed).examine([*new, *kept])
    lines = [line for _entry, line in found.lines]
    told = add_lines(draft, stored, lines, user)
    added = {id(entry) for entry, _line in found.lines}
    here = {id(entry) for entry in found.here} - added
    repeated = {id(entry) for entry in found.repeated} - added - here
    # Ticked entries that waited are added, too; one that needs two ticks is still open.
    settled = [entry for entry in kept if id(entry) in added]
    outcome = Outcome(
        entries=len(new) + len(settled), added=sum(id(entry) in added for entry in (*new, *settled)),
        here=sum(id(entry) in here for entry in new), repeated=sum(id(entry) in repeated for entry in new),
        findings=found.findings, told=told, lines=len(lines), roster=recount(draft),
    )  # fmt: skip
    outcome.left = keep_waiting(draft, found.findings)
    return outcome


def stored_lines(draft: Enrolment) -> list[EnrolmentLine]:
    return list(draft.lines.select_related("person__company", "certificate", "new_employer").order_by("pk"))


def waiting(draft: Enrolment) -> list[Entry]:
    """The entries that wait on the draft."""
    return [entry_of(kept) for kept in draft.waiting if isinstance(kept, dict)]


def keep_waiting(draft: Enrolment, findings: Iterable[Finding]) -> list[Entry]:
    """Store the entries behind these findings, each once, with what was answered; return those without a place."""
    entries: dict[tuple[str, ...], Entry] = {}
    for finding in findings:
        finding.entry.kind = finding.kind
        entries.setdefault(finding.entry.same, finding.entry)
    every = list(entries.values())
    # A key stays with its entry: the page may hold a correction of it that is not sent yet.
    last, used = max((entry.key for entry in every), default=0), set()
    for entry in every:
        if not entry.key or entry.key in used:
            entry.key = last = last + 1
        used.add(entry.key)
    store_waiting(draft, every[:MOST_WAITING])
    return every[MOST_WAITING:]


def store_waiting(draft: Enrolment, entries: Iterable[Entry]) -> None:
    """Without history: what was typed wrong is no part of the record."""
    draft.waiting = [entry.kept() for entry in entries]
    Enrolment.objects.filter(pk=draft.pk).update(waiting=draft.waiting)


def open_findings(draft: Enrolment, user: Any) -> list[Finding]:
    """What waits on the draft, looked at again: records that are there by now can be ticked. Nothing is changed."""
    entries = waiting(draft)
    if not entries:
        return []
    found = Examiner(draft, stored_lines(draft), user).examine(entries)
    return found.findings


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


def busy_certificates() -> "QuerySet[EnrolmentLine]":
    """The keys of the certificates that are in an enrolment under way."""
    lines = EnrolmentLine.objects.filter(enrolment__state__in=UNDER_WAY, certificate__isnull=False)
    return lines.exclude(state__in=ENDED).values("certificate")


def renewable(draft: Enrolment, user: Any) -> "QuerySet[Certificate]":
    """The company's own certificates that the class can renew now, those that run out first at the top.

    Left out: what is on this roster or in an enrolment under way.
    """
    rows = visible_to(Certificate, user).filter(status=Certificate.Status.VALID)
    if wanted := draft.training_class.category:
        rows = rows.filter(type=wanted)
    rows = rows.exclude(pk__in=draft.lines.filter(certificate__isnull=False).values("certificate"))
    rows = rows.exclude(pk__in=busy_certificates())
    return rows.select_related("person").order_by("expiry_date", "pk")


# -- members, for practice training --------------------------------------------------------------------


def add_people(draft: Enrolment, ids: Collection[int], user: Any) -> Outcome:
    """Put these members of the company on the roster of a practice class, as if their ID numbers had been typed."""
    if not is_practice(draft):
        raise DraftClosed(_("In continuing education people are enrolled by certificate number."))
    mine = visible_to(Person, user).filter(company=draft.company_id, pk__in=list(ids)).order_by("pk")
    return enter(
        draft, [Entry(id_number=number) for number in mine.values_list("id_number", flat=True)], user
    )


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
