"""Whom the entries of a roster mean, and what stands against putting them on it (specification 3.6, manual ch. 4b-4).

Every entry gets one answer: a line that can be added, "on the roster already", or a finding that says what to do.
What an entry says besides its key is compared with our record: a number mistyped by one digit is somebody else's.
A constant number of queries for 3 entries or 500.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.excel.text import normalise_name, normalise_text
from backoffice.core.export import mask, mask_name
from backoffice.core.scoping import visible_to
from registry.models import Certificate, Company, Person
from training import foreign
from training.entries import Entry
from training.line_rules import Problem, help_page, in_class_of
from training.models import Enrolment, EnrolmentLine, TrainingClass
from training.proposals import Type, propose, set_matter, settle_waivers
from training.roster import Row, former_names, look

Matter = EnrolmentLine.Matter
#: With one of these a line is not put on the roster; every other problem can be put right there.
BLOCKING: Final = frozenset({"status", "elsewhere", "class", "category", "upgrade", "holds"})
#: Findings that somebody ticks to put the line on the roster: of another company, not quite as typed, one of two
#: certificates, or in order by now.
TICKED: Final = ("foreign", "mismatch", "choice", "ready")


@dataclass
class Finding:
    """What became of an entry that is not on the roster now: masked data where there are any, and what to do."""

    entry: Entry
    #: One of TICKED; or "missing", "unclear", "refused", "limit", "unread".
    kind: str
    row: Row | None = None
    problem: Problem | None = None

    @property
    def key(self) -> str:
        """What is ticked to put it on the roster: the certificate's number, else the person's ID number."""
        if self.row is None:
            return self.entry.number or self.entry.id_number
        line = self.row.line
        return line.certificate.number if line.certificate is not None else line.person.id_number

    @property
    def number(self) -> str:
        return self.key if self.row is not None else self.entry.typed

    @property
    def can_be_ticked(self) -> bool:
        return self.kind in TICKED and self.row is not None

    @property
    def is_masked(self) -> bool:
        return self.row is not None and self.row.line.is_masked

    @property
    def name(self) -> str:
        """The holder, as far as the company may know."""
        return self.row.line.shown_name if self.row else ""

    @property
    def id_number(self) -> str:
        return self.row.id_number if self.row else ""


@dataclass
class Known:
    """The records that the entries can mean."""

    certificates: dict[str, Certificate]
    of_id: dict[str, Person]
    of_name: dict[str, list[Person]]
    #: The valid certificates of own people.
    held: dict[int, list[Certificate]]


@dataclass
class Examined:
    """The lines that can be added, with the entry of each; findings; entries that are on the roster already."""

    lines: list[tuple[Entry, EnrolmentLine]] = field(default_factory=list)
    here: list[Entry] = field(default_factory=list)
    repeated: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def known_to(draft: Enrolment, entries: list[Entry], user: Any) -> Known:
    # The one place that reads beyond the user's scope: exact numbers only, and answered by `foreign.ask()`
    # (specification 3.6).
    rows = Certificate.objects.filter(
        number__in={entry.number for entry in entries if entry.number}, person__merged_into=None
    )
    certificates = {row.number: row for row in rows.select_related("person__company")}
    asked = [entry for entry in entries if not entry.number]
    people = visible_to(Person, user).filter(
        Q(id_number__in={entry.id_number for entry in asked if entry.id_number})
        | Q(name__in={entry.name for entry in asked if entry.name and not entry.id_number}),
        company=draft.company_id,
    )
    known = Known(certificates, {}, defaultdict(list), defaultdict(list))
    for person in people.select_related("company").order_by("pk"):
        known.of_id[person.id_number] = person
        known.of_name[normalise_name(person.name)].append(person)
    if not is_practice(draft):
        held = Certificate.objects.filter(
            person__in=list(known.of_id.values()), status=Certificate.Status.VALID
        )
        for certificate in held.select_related("person__company").order_by("expiry_date", "pk"):
            if in_class_of(certificate, draft.training_class):
                known.held[certificate.person_id].append(certificate)
    return known


def is_practice(draft: Enrolment) -> bool:
    return bool(draft.training_class.type == TrainingClass.Type.PRACTICE)


def is_foreign(certificate: Certificate, draft: Enrolment) -> bool:
    """Whether the certificate is out of the company's scope."""
    return bool(certificate.company_id != draft.company_id)


class Examiner:
    """Looks at the entries for one draft; `confirmed` are keys of findings that somebody ticked."""

    def __init__(
        self,
        draft: Enrolment,
        stored: list[EnrolmentLine],
        user: Any,
        confirmed: Collection[str] = (),
    ) -> None:
        self.draft, self.stored, self.user, self.confirmed = draft, stored, user, confirmed
        self.names = former_names(draft.company_id)
        self.own_names = {normalise_text(draft.company.name), *map(normalise_text, self.names)}
        self.found = Examined()
        self.here = {key_of(line) for line in stored}
        #: (entry, line, what does not fit) in the order of the entries; the keys of those that fit.
        self.candidates: list[tuple[Entry, EnrolmentLine, str]] = []
        self.proposed: set[tuple[str, int]] = set()

    def examine(self, entries: list[Entry]) -> Examined:
        """Answer each entry. Entries with a `kind` wait on the draft: people of other companies are not asked for
        anew, what was answered stands."""
        known = known_to(self.draft, entries, self.user)
        verdicts = self.verdicts(entries, known)
        for at, entry in enumerate(entries):
            self.answer(entry, known, verdicts.get(at, ""))
        self.settle()
        place = {id(entry): at for at, entry in enumerate(entries)}
        self.found.findings.sort(key=lambda finding: place[id(finding.entry)])
        return self.found

    def verdicts(self, entries: list[Entry], known: Known) -> dict[int, str]:
        """What is answered about certificates that are none of the company's."""
        if is_practice(self.draft):
            return {}
        beyond = [
            at
            for at, entry in enumerate(entries)
            if entry.number
            and (
                entry.number not in known.certificates
                or is_foreign(known.certificates[entry.number], self.draft)
            )
        ]
        verdicts, asked = {}, []
        for at in beyond:
            entry = entries[at]
            if entry.kind == "foreign" and entry.number in known.certificates:
                is_right = foreign.fits(entry, known.certificates[entry.number].person)
                verdicts[at] = foreign.FITS if is_right else foreign.WRONG
            elif entry.kind:
                verdicts[at] = foreign.LIMIT if entry.kind == "limit" else foreign.WRONG
            elif entry.has_evidence:
                asked.append(at)
        answers = foreign.ask([entries[at] for at in asked], known.certificates, self.draft, self.user)
        return verdicts | {at: answers[place] for place, at in enumerate(asked)}

    def answer(self, entry: Entry, known: Known, verdict: str) -> None:
        """Put the entry among the candidates or the findings."""
        certificate = known.certificates.get(entry.number)
        if certificate is not None and is_foreign(certificate, self.draft) and verdict != foreign.FITS:
            certificate = None
        if entry.number and certificate is None:
            self.not_known(entry, verdict)
        elif certificate is not None:
            renewed = None if is_practice(self.draft) else certificate
            is_own = not is_foreign(certificate, self.draft)
            unfit = self.unfit(entry, certificate.person, renewed) if is_own else ""
            self.candidate(entry, certificate.person, renewed, unfit)
        elif entry.id_number or entry.name:
            self.by_person(entry, known)
        else:
            self.no(entry, "unread", _("“%(text)s” is no certificate number, ID number or name."))

    def by_person(self, entry: Entry, known: Known) -> None:
        """ID numbers and names find the company's own people only: of others they tell nothing."""
        if entry.id_number:
            people = [known.of_id[entry.id_number]] if entry.id_number in known.of_id else []
        else:
            people = known.of_name.get(normalise_name(entry.name), [])
        if len(people) > 1:
            text = _("“%(text)s”: %(count)d people of your company have this name. Add the ID number or the "
                     "certificate number.")  # fmt: skip
            self.no(entry, "unclear", text, count=len(people))
        elif not people:
            text = _("“%(text)s” is nobody registered with your company. Compare it with the ID card; for somebody of "
                     "another company type certificate number and name.")  # fmt: skip
            self.no(entry, "missing", text)
        elif is_practice(self.draft):
            self.candidate(entry, people[0], None, self.unfit(entry, people[0], None))
        else:
            self.by_holder(entry, people[0], known.held[people[0].pk])

    def by_holder(self, entry: Entry, person: Person, held: list[Certificate]) -> None:
        """The only certificate of the person that the class renews; of several one is chosen by hand."""
        of_type = [row for row in held if row.type == entry.type]
        held = of_type or held
        ticked = [row for row in held if row.number in self.confirmed]
        here = [row for row in held if ("certificate", row.pk) in self.here]
        if not held:
            self.no(entry, "refused", _("“%(text)s” holds no valid certificate that this class renews."))
        elif len(held) == 1 or ticked:
            for certificate in ticked or held:
                self.candidate(entry, person, certificate, self.unfit(entry, person, certificate))
        elif len(here) == len(held) or (here and entry.kind):
            self.found.here.append(entry)  # somebody chose
        else:
            for certificate in held:
                if certificate not in here:
                    self.candidate(entry, person, certificate, "choice")

    def not_known(self, entry: Entry, verdict: str) -> None:
        """Nobody's number, not proved, or wrong: one answer for all of them."""
        help_with = (help_page(entry.number), _("Ask the General Office"))
        if verdict == foreign.LIMIT:
            text = _("“%(text)s” was not looked up: your company has used up today's look-ups of other companies' "
                     "people. Go on tomorrow, or ask the General Office.") % {"text": entry.typed}  # fmt: skip
            self.found.findings.append(Finding(entry, "limit", problem=Problem("limit", text, *help_with)))
            return
        if entry.has_evidence:
            text = _("Certificate number [%(number)s] has no certificate record that fits what stands beside it. "
                     "Compare number and name with the certificate; if both are right, the General Office adds the "
                     "record.")  # fmt: skip
        elif is_practice(self.draft):
            text = _("Certificate number [%(number)s] has no certificate record in your company. Practice training is "
                     "for members of your company.")  # fmt: skip
        else:
            text = _("Certificate number [%(number)s] has no certificate record in your company. Compare it with the "
                     "certificate. For somebody of another company add the holder's name or the last four characters "
                     "of the ID number beside it. If all of it is right, the General Office adds the "
                     "record.")  # fmt: skip
        problem = Problem("missing", text % {"number": entry.number}, help_with[0],
                          _("Ask for the record to be added"))  # fmt: skip
        self.found.findings.append(Finding(entry, "missing", problem=problem))

    def no(self, entry: Entry, kind: str, text: str, **values: Any) -> None:
        problem = Problem(kind, text % {"text": entry.typed, **values})
        self.found.findings.append(Finding(entry, kind, problem=problem))

    def unfit(self, entry: Entry, person: Person, certificate: Certificate | None) -> str:
        """What the entry says that the record does not, in one sentence; of the record only what is masked."""
        parts = foreign.wrong_parts(entry, person)
        said = []
        if "name" in parts:
            said.append(_("the name does not fit (on record: %(name)s)") % {"name": mask_name(person.name)})
        if "id_number" in parts or "tail" in parts:
            said.append(
                _("the ID number does not fit (on record: %(number)s)") % {"number": mask(person.id_number)}
            )
        if (
            certificate is not None
            and entry.employer
            and not self.is_employer(entry.employer, person, certificate)
        ):
            employer = certificate.printed_company or person.company or "–"
            said.append(_("the employer does not fit (on record: %(company)s)") % {"company": employer})
        if certificate is not None and entry.type and not is_type(entry, certificate):
            said.append(
                _("the type does not fit (on record: %(type)s)") % {"type": certificate.get_type_display()}
            )
        return _("; ").join(said)

    def is_employer(self, name: str, person: Person, certificate: Certificate) -> bool:
        """The company itself, under any of its names, or the employer that is on record."""
        company: Company | None = person.company
        known = {*self.own_names, normalise_text(certificate.printed_company)}
        if company is not None:
            known.add(normalise_text(company.name))
        return spelt_alike(name) in {spelt_alike(other) for other in known if other}

    # -- lines ------------------------------------------------------------------------------------------

    def candidate(self, entry: Entry, person: Person, certificate: Certificate | None, unfit: str) -> None:
        """A line for the entry, unless one is there already."""
        line = self.line_for(entry, person, certificate)
        key = key_of(line)
        if key in self.here:
            self.found.here.append(entry)
        elif key in self.proposed:
            self.found.repeated.append(entry)
        else:
            self.candidates.append((entry, line, unfit))
            if not unfit:
                self.proposed.add(key)

    def line_for(self, entry: Entry, person: Person, certificate: Certificate | None) -> EnrolmentLine:
        """The line we propose with what the row of an uploaded roster says itself."""
        training_class, company = self.draft.training_class, self.draft.company
        if certificate is None:
            category = training_class.category or entry.type or Type.SUPERVISOR
            line = EnrolmentLine(person=person, matter=Matter.PRACTICE, category=category)
            line.snapshot()
        else:
            line = propose(certificate, company, self.names, training_class)
            if entry.matter and entry.matter != line.matter:
                set_matter(line, entry.matter, company, self.names)
            if entry.remark and line.matter == Matter.RENEWAL_CHANGE:
                line.change_remark = entry.remark[:200]
            line.is_waived = entry.is_waived
        line.enrolment = self.draft
        return line

    def settle(self) -> None:
        """Price and check the candidates as they would stand on the roster; sort them into lines and findings."""
        rows = preview(self.draft, self.stored, [line for _entry, line, _unfit in self.candidates])
        for (entry, line, unfit), row in zip(self.candidates, rows, strict=True):
            finding = Finding(entry, "ready", row)
            is_confirmed = finding.key in self.confirmed
            if (problem := what_blocks(row)) is not None:
                finding.kind, finding.problem = "refused", problem
            elif is_confirmed or not (unfit or line.is_masked or entry.kind):
                self.found.lines.append((entry, line))
                continue
            elif unfit == "choice":
                finding.kind = "choice"
            elif unfit:
                text = _("%(number)s: %(what)s. It is put on the roster when you tick it.")
                finding.kind = "mismatch"
                finding.problem = Problem("mismatch", text % {"number": finding.number, "what": unfit})
            elif line.is_masked:
                finding.kind = "foreign"
            self.found.findings.append(finding)


def key_of(line: EnrolmentLine) -> tuple[str, int]:
    """What is on a roster once: the certificate, or of practice training the person."""
    if line.certificate_id is not None:
        return "certificate", line.certificate_id
    return "person", line.person_id


def is_type(entry: Entry, certificate: Certificate) -> bool:
    """The certificate's own type, or the one that a supervisor is to get."""
    upgrade = certificate.type == Type.SUPERVISOR and entry.type == Type.ENGINEER
    return entry.type == certificate.type or upgrade


def spelt_alike(name: str) -> str:
    """A company's name without what is typed this way and that: blanks, width of brackets."""
    return "".join(name.translate(str.maketrans("（）", "()")).split())


def preview(draft: Enrolment, stored: list[EnrolmentLine], candidates: list[EnrolmentLine]) -> list[Row]:
    """The candidates' rows as they would stand on the roster, priced and checked; nothing is changed."""
    if not candidates:
        return []
    before = [(line, line.is_waived) for line in (*stored, *candidates)]
    settle_waivers([*stored, *candidates], propose_for={line.person_id for line in candidates})
    roster = look(draft, [*stored, *candidates])
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
