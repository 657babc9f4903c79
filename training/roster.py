"""The roster of an enrolment at a glance: every line with its price, what stands against it and what is proposed.

`look()` gathers all facts in a constant number of queries, for 3 lines or 500; prices come from `fees.rules`,
rules from `training.line_rules`.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.models import Attachment, AttachmentKind
from backoffice.core.sensitive import mask_id_number as mask
from fees.models import NoSchedule, rates_on
from fees.models.bill import ItemKind
from fees.rules import Item, Rates, practice, renewal, total
from registry.models import Certificate, FormerName, Person, Transfer
from training import line_rules
from training.flows.enrolment import UNDER_WAY, S
from training.flows.learning import ENDED
from training.line_rules import Facts, Problem
from training.models import Enrolment, EnrolmentLine, TrainingClass

Matter = EnrolmentLine.Matter


@dataclass
class Row:
    """One line as the roster shows it."""

    line: EnrolmentLine
    items: tuple[Item, ...]
    problems: list[Problem] = field(default_factory=list)
    #: The person's other line makes a pair with this one (双证).
    is_paired: bool = False

    @property
    def amount(self) -> Decimal:
        return total(self.items)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.is_error]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.is_error]

    @property
    def id_number(self) -> str:
        """Whole, to compare with the ID card (manual ch. 4b-4.1-2); of other companies' people masked."""
        return mask(self.line.person.id_number) if self.line.is_masked else self.line.person.id_number

    @property
    def has_partner(self) -> bool:
        """Whether the waiver of a second certificate is a question here."""
        return self.line.is_waived or self.is_paired

    @property
    def name(self) -> str:
        return self.line.shown_name

    @property
    def stale_url(self) -> str:
        """Where to tell that the change of employer was made already (manual ch. 4b-4.1-3)."""
        certificate = self.line.certificate
        if certificate is None or self.line.matter != Matter.RENEWAL_CHANGE:
            return ""
        return line_rules.stale_page(certificate.number)

    @property
    def breakdown(self) -> list[tuple[str, Item]]:
        """Each item with what it is for."""
        return [(str(ItemKind(item.kind).label), item) for item in self.items]

    @property
    def label(self) -> str:
        """For the bill: the name, and the certificate number where there is one."""
        return f"{self.line.shown_name} {self.line.certificate or ''}".strip()


@dataclass
class Roster:
    rows: list[Row]
    #: What concerns no single line: an empty roster, no schedule in force.
    problems: list[Problem] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal(0))

    @property
    def people(self) -> int:
        """How many they are: two certificates of one person are one person."""
        return len({row.line.person_id for row in self.rows})

    @property
    def first_in_error(self) -> list[Row]:
        """The first row that stops the submit, if there is one."""
        return [row for row in self.rows if row.errors][:1]

    @property
    def errors(self) -> list[Problem]:
        """Everything that stops the submit, the roster's own first."""
        return [*self.problems, *(problem for row in self.rows for problem in row.errors)]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for row in self.rows for problem in row.problems if not problem.is_error]


def price(
    line: EnrolmentLine, rates: Rates, training_class: TrainingClass, today: datetime.date
) -> tuple[Item, ...]:
    """The items of one line; the certificate (where there is one) is loaded."""
    if line.certificate is None:
        return practice(rates, tuition=training_class.tuition)
    return renewal(
        rates, expiry=line.certificate.expiry_date, today=today, change=line.matter == Matter.RENEWAL_CHANGE,
        upgrade=line.matter == Matter.UPGRADE, waived=line.is_waived,
    )  # fmt: skip


def look(
    enrolment: Enrolment,
    lines: Iterable[EnrolmentLine] | None = None,
    today: datetime.date | None = None,
) -> Roster:
    """Price and check the roster as it is stored, or `lines` instead, as of `today`."""
    today = today or timezone.localdate()
    if lines is None:
        lines = enrolment.lines.select_related("person__company", "certificate", "new_employer").order_by(
            "pk"
        )
    known = gather(enrolment, list(lines))
    problems: list[Problem] = []
    try:
        rates = rates_on(today)
    except NoSchedule:
        return Roster([Row(facts.line, ()) for facts in known], [Problem("schedule", _(
            "No fee schedule is in force today; the association enters one before anybody can enrol."))])  # fmt: skip
    if not known:
        problems.append(Problem("empty", _("Nobody is on the roster yet.")))
    kinds = {kind.code: str(kind) for kind in AttachmentKind.objects.all()}
    rows = [
        Row(
            facts.line,
            price(facts.line, rates, enrolment.training_class, today),
            list(check(facts, kinds, today)),
            line_rules.partner_of(facts.line, facts.siblings) is not None,
        )
        for facts in known
    ]
    return Roster(rows, problems)


def check(facts: Facts, kinds: dict[str, str], today: datetime.date) -> Iterable[Problem]:
    yield from line_rules.profile_complete(facts)
    yield from line_rules.not_elsewhere(facts)
    if facts.training_class.type == TrainingClass.Type.PRACTICE:
        yield from line_rules.of_practice(facts, kinds)
    else:
        yield from line_rules.of_continuing(facts, kinds, today)


def gather(enrolment: Enrolment, lines: list[EnrolmentLine]) -> list[Facts]:
    """Everything the rules ask about these lines, in a constant number of queries."""
    people = {line.person_id for line in lines}
    papers = papers_of(enrolment, lines, people)
    elsewhere = open_elsewhere(enrolment, people)
    transfers = Transfer.objects.filter(state="OFFICE_REVIEW", person__in=people)
    claimed = set(transfers.exclude(company=enrolment.company_id).values_list("person_id", flat=True))
    former = former_names(enrolment.company_id)
    holds = held_already(lines)
    of_person: dict[int, list[EnrolmentLine]] = defaultdict(list)
    for line in lines:
        of_person[line.person_id].append(line)
    return [
        Facts(
            line=line, company=enrolment.company, training_class=enrolment.training_class,
            papers=papers["roster", 0] | papers["person", line.person_id] | papers["line", line.pk],
            elsewhere=[other for other in elsewhere[key_of(line)] if other.state != S.DRAFT],
            drafts=[other for other in elsewhere[key_of(line)] if other.state == S.DRAFT],
            is_claimed=line.person_id in claimed, former_names=former,
            siblings=[other for other in of_person[line.person_id] if other is not line],
            holds=holds.get((line.person_id, line.category)) if needs_none(line) else None,
        )
        for line in lines
    ]  # fmt: skip


def former_names(company_id: int) -> frozenset[str]:
    """The former names of a company; certificates keep showing them until 企业更名."""
    return frozenset(FormerName.objects.filter(company=company_id).values_list("name", flat=True))


def needs_none(line: EnrolmentLine) -> bool:
    """Whether the line leads to a certificate of a type that the person must not hold yet."""
    return line.certificate_id is None or line.matter == Matter.UPGRADE


def held_already(lines: list[EnrolmentLine]) -> dict[tuple[int, str], Certificate]:
    """Valid certificates by (person, type), of those who are to get a new one."""
    people = {line.person_id for line in lines if needs_none(line)}
    held = Certificate.objects.filter(person__in=people, status=Certificate.Status.VALID)
    return {(certificate.person_id, certificate.type): certificate for certificate in held}


def papers_of(
    enrolment: Enrolment, lines: list[EnrolmentLine], people: set[int]
) -> dict[tuple[str, int | None], set[str]]:
    """The codes of the attachment kinds by ("person" | "line" | "roster", pk): those on the profile count."""
    kinds = {model: ContentType.objects.get_for_model(model) for model in (Person, EnrolmentLine, Enrolment)}
    rows = Attachment.objects.filter(
        Q(content_type=kinds[Person], object_id__in=people)
        | Q(content_type=kinds[EnrolmentLine], object_id__in=[line.pk for line in lines if line.pk])
        | Q(content_type=kinds[Enrolment], object_id=enrolment.pk or 0),
        removed_at=None,
    ).values_list("content_type_id", "object_id", "kind__code")
    names = {kinds[Person].pk: "person", kinds[EnrolmentLine].pk: "line"}
    found: dict[tuple[str, int | None], set[str]] = defaultdict(set)
    for kind, pk, code in rows:
        name = names.get(kind, "roster")
        found[name, pk if name != "roster" else 0].add(code)
    return found


def key_of(line: EnrolmentLine) -> tuple[str, int, str]:
    """What may be in one enrolment only: the certificate, or the person's first one of a type."""
    if line.certificate_id is not None:
        return "certificate", line.certificate_id, ""
    return "person", line.person_id, line.category


def open_elsewhere(enrolment: Enrolment, people: set[int]) -> dict[tuple[str, int, str], list[Enrolment]]:
    """The other enrolments under way, and the company's own other drafts, by `key_of()` their lines."""
    others = (
        EnrolmentLine.objects.filter(
            Q(enrolment__state__in=UNDER_WAY)
            | Q(enrolment__state=S.DRAFT, enrolment__company=enrolment.company_id),
            person__in=people,
        )
        .exclude(enrolment=enrolment.pk)
        .exclude(state__in=ENDED)
        .select_related("enrolment__company", "enrolment__training_class")
    )
    found: dict[tuple[str, int, str], list[Enrolment]] = defaultdict(list)
    for other in others:
        found[key_of(other)].append(other.enrolment)
    return found


def problems_of(enrolment: Enrolment) -> list[str]:
    """The sentences that stop the submit."""
    return [problem.text for problem in look(enrolment).errors]


def changes_since_submit(enrolment: Enrolment) -> list[str]:
    """What has happened to the people and certificates of a frozen roster meanwhile, one sentence each."""
    return [sentence for _line, sentence in line_changes(enrolment)]


def line_changes(enrolment: Enrolment) -> Iterator[tuple[EnrolmentLine, str]]:
    """The same, each with its line: one query for the whole roster."""
    lines = enrolment.lines.select_related("person__company", "certificate").exclude(state="DROPPED")
    for line in lines:
        who = {"who": str(line)}
        certificate, person = line.certificate, line.person
        if certificate is not None and certificate.status != Certificate.Status.VALID:
            text = _("%(who)s: the certificate is %(status)s by now.")
            yield line, text % {**who, "status": certificate.get_status_display()}
        if person.merged_into_id is not None:
            yield line, _("%(who)s: the person's record was merged into another one.") % who
        elif person.company_id != enrolment.company_id and line.matter != Matter.RENEWAL_CHANGE:
            text = _("%(who)s went to %(company)s meanwhile.")
            yield line, text % {**who, "company": person.company or "–"}
        if person.merged_into_id is not None:
            continue
        if person.name != line.name:
            text = _("%(who)s: the name was corrected meanwhile; it is %(name)s now, and the platform would get the "
                     "old one.")  # fmt: skip
            yield line, text % {**who, "name": person.name}
        if person.id_number != line.id_number:
            yield line, _("%(who)s has another ID number by now than on this roster.") % who
