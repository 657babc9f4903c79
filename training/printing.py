"""What is printed of an enrolment: the 报名明细表 (FAQ 2), and the list of the papers to send (FAQ 1, ch. 4b-6)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from backoffice.core import written
from backoffice.core.printing import Column, Form, absolute, organisation, printed_at
from backoffice.core.sensitive import shown_to
from backoffice.roles import Role, allows
from fees.models import BillItem, NoSchedule, rates_on
from fees.money import in_capitals, in_figures, yuan
from fees.rules import ZERO, Kind
from training.flows.enrolment import S
from training.flows.learning import L
from training.models import Enrolment, EnrolmentLine, TrainingClass
from training.roster import price

Matter = EnrolmentLine.Matter
PRACTICE = TrainingClass.Type.PRACTICE
#: The fee columns of each type of training; what costs nothing has none.
FEES = {
    TrainingClass.Type.CONTINUING: (Kind.DUES, Kind.ARREARS, Kind.UPGRADE, Kind.CHANGE),
    PRACTICE: (Kind.DUES, Kind.TUITION),
}
FEE_LABELS = {
    Kind.DUES: pgettext_lazy("fee column", "Dues"), Kind.ARREARS: pgettext_lazy("fee column", "Lapsed"),
    Kind.UPGRADE: pgettext_lazy("fee column", "Upgrade"), Kind.CHANGE: pgettext_lazy("fee column", "Change"),
    Kind.TUITION: pgettext_lazy("fee column", "Tuition"),
}  # fmt: skip
NO_NUMBER = gettext_lazy("No.")
RELATED = ("company", "training_class", "local_body")
Amounts = dict[str, Decimal]


# -- the detail sheet ------------------------------------------------------------------------------------


def sheets_of(enrolments: Iterable[Enrolment], user: Any) -> list[Form]:
    """The detail sheets in the given order, as this reader may see them, with a constant number of queries;
    `RELATED` should be selected."""
    enrolments = list(enrolments)
    lines: dict[int, list[EnrolmentLine]] = defaultdict(list)
    of_all = EnrolmentLine.objects.filter(enrolment__in=[enrolment.pk for enrolment in enrolments])
    for line in of_all.select_related("person", "certificate", "new_employer").order_by("id"):
        lines[line.enrolment_id].append(line)
    fees = fees_of(enrolments, lines)
    return [sheet(enrolment, lines[enrolment.pk], fees, user) for enrolment in enrolments]


def fees_of(
    enrolments: Sequence[Enrolment], lines: dict[int, list[EnrolmentLine]]
) -> dict[int, dict[str, Decimal]]:
    """What each line costs, by kind: as frozen on the bill, and for a draft as of today."""
    kind = ContentType.objects.get_for_model(Enrolment)
    frozen = [enrolment.pk for enrolment in enrolments if enrolment.state != S.DRAFT]
    found: dict[int, Amounts] = defaultdict(lambda: defaultdict(Decimal))
    items = BillItem.objects.filter(bill__content_type=kind, bill__object_id__in=frozen, line__isnull=False)
    billed = set()
    for owner, line, what, amount in items.values_list("bill__object_id", "line", "kind", "amount"):
        found[line or 0][what] += amount
        billed.add(owner)
    unbilled = [enrolment for enrolment in enrolments if enrolment.pk not in billed]
    today = timezone.localdate()
    try:
        rates = rates_on(today) if unbilled else None
    except NoSchedule:
        rates = None
    if rates is not None:
        for enrolment in unbilled:
            for one in lines[enrolment.pk]:
                for item in price(one, rates, enrolment.training_class, today):
                    found[one.pk][item.kind] += item.amount
    return found


def sheet(enrolment: Enrolment, lines: Sequence[EnrolmentLine], fees: dict[int, Amounts], user: Any) -> Form:
    """The 报名明细表 of one enrolment as a form; the fees by kind for those who may see the bill."""
    kinds = FEES[TrainingClass.Type(enrolment.training_class.type)] if sees_bills(user) else ()
    amounts = [fees[line.pk] for line in lines]
    columns, cells = (practice_columns(), practice_cells) if is_practice(enrolment) else (
        continuing_columns(), continuing_cells)  # fmt: skip
    total = sum((sum(of_line.values(), ZERO) for of_line in amounts), ZERO)
    rows = [
        [str(number), *cells(shown(line, enrolment, user), enrolment), *fee_cells(of_line, kinds)]
        for number, (line, of_line) in enumerate(zip(lines, amounts, strict=True), 1)
    ]
    people = len({line.person_id for line in lines})
    sums = [sum((of_line.get(kind, ZERO) for of_line in amounts), ZERO) for kind in kinds]
    return Form(
        title=_("Enrolment detail sheet"), organisation=organisation(), number=numbered(enrolment),
        facts=list(facts_of(enrolment, user)), columns=[*columns, *fee_columns(kinds)], rows=rows,
        empty=_("Nobody is on the roster yet."),
        totals=[*(figure(amount) for amount in sums), yuan(total)] if rows else (),
        totals_label=ngettext("Total, %(count)d person", "Total, %(count)d people", people) % {"count": people},
        sums=[(_("Amount in capitals: "), in_capitals(total)), (_("In figures: "), in_figures(total))],
        notes=list(notes_of(enrolment)), seal=_("(Company seal)"),
        signatures=[_("Handled by (signature): "), _("Phone: "), _("Date: ")], url=absolute(page_of(enrolment)),
        url_label=_("Scan to open the enrolment"), stamp=stamp_of(enrolment), footer=footer_of(enrolment),
    )  # fmt: skip


def is_practice(enrolment: Enrolment) -> bool:
    return bool(enrolment.training_class.type == PRACTICE)


def sees_bills(user: Any) -> bool:
    return allows(user.role, "view", "fees.BillItem")


def shown(line: EnrolmentLine, enrolment: Enrolment, user: Any) -> EnrolmentLine:
    """A draft's line says what person and certificate say today; later it is frozen. Not stored."""
    if enrolment.state == S.DRAFT:
        line.snapshot()
    line.id_number = shown_to(user, line, "id_number")
    return line


def number_of(enrolment: Enrolment) -> str:
    """The public number; it also names the file."""
    return enrolment.number


def numbered(enrolment: Enrolment) -> str:
    return _("No. %(number)s") % {"number": number_of(enrolment)}


def page_of(enrolment: Enrolment, act: str = "change") -> str:
    return reverse(f"admin:training_enrolment_{act}", args=[enrolment.pk])


def figure(amount: Decimal | None) -> str:
    """An amount in the table: 1,640 or 880.50, and nothing for none. Grouped by three in every language."""
    return yuan(amount) if amount else ""


def facts_of(enrolment: Enrolment, user: Any) -> Iterator[tuple[Any, Any]]:
    held = enrolment.training_class
    yield pgettext("enrolment", "Company"), enrolment.company.name
    yield _("Training class"), held.title
    yield _("Type and mode"), f"{held.get_type_display()} · {held.get_mode_display()}"
    yield _("Reviewing body"), str(enrolment.local_body)
    yield pgettext("person", "Contact"), contact_of(enrolment, user)
    yield (
        _("Class dates"),
        f"{written.day(held.start_date)} – {written.day(held.end_date)}" if held.start_date else "–",
    )
    yield _("Submitted on"), written.day(enrolment.submitted_at if enrolment.state != S.DRAFT else None)
    yield _("Confirmed on"), written.day(enrolment.confirmed_at)
    if enrolment.remark:
        yield _("Remark"), enrolment.remark


def contact_of(enrolment: Enrolment, user: Any) -> str:
    """Name and phone of who handles the enrolment, as far as the user may read them."""
    return f"{enrolment.contact_name} {shown_to(user, enrolment, 'contact_phone')}".strip() or "–"


def practice_columns() -> list[Column]:
    return [
        Column(NO_NUMBER, 9), Column(_("Full name"), 34), Column(_("Gender"), 14), Column(_("ID number"), 40),
        Column(pgettext("column", "Training type"), 42), Column(_("Matter"), 40), Column(_("Remark"), 0, "left"),
    ]  # fmt: skip


def practice_cells(line: EnrolmentLine, enrolment: Enrolment) -> list[Any]:
    return [
        line.name, line.person.get_gender_display(), line.id_number, line.get_category_display(),
        line.get_matter_display(), remark_of(line, enrolment),
    ]  # fmt: skip


def continuing_columns() -> list[Column]:
    return [
        Column(NO_NUMBER, 8), Column(_("Full name"), 16), Column(_("Gender"), 8), Column(_("ID number"), 29),
        Column(_("Certificate number"), 22), Column(_("First issued"), 16.5), Column(_("Last renewed"), 16.5),
        Column(_("Valid until"), 16.5), Column(pgettext("column", "Training type"), 20.5),
        Column(pgettext("column", "Upgrade"), 9), Column(pgettext("column", "Second one waived"), 12),
        Column(_("Matter"), 17), Column(_("Remark on the change"), 0, "left"),
    ]  # fmt: skip


def continuing_cells(line: EnrolmentLine, enrolment: Enrolment) -> list[Any]:
    certificate = line.certificate
    return [
        line.name, line.person.get_gender_display(), line.id_number, line.certificate_number,
        written.day(certificate.issue_date if certificate else None),
        written.day(certificate.renewal_date if certificate else None),
        written.day(line.expiry_date), line.get_category_display(), yes(line.matter == Matter.UPGRADE),
        yes(line.is_waived), line.get_matter_display(), remark_of(line, enrolment),
    ]  # fmt: skip


def yes(value: bool) -> str:
    return _("Yes") if value else _("No")


def remark_of(line: EnrolmentLine, enrolment: Enrolment) -> str:
    """The remark on the change, the new employer where it is not the enrolling company, and who dropped out."""
    parts = [line.change_remark]
    if line.new_employer is not None and line.new_employer_id != enrolment.company_id:
        parts.append(_("New employer: %(name)s") % {"name": line.new_employer})
    if line.state == L.DROPPED:
        parts.append(line.get_state_display())
    return _("; ").join(filter(None, parts))


def fee_columns(kinds: Sequence[Kind]) -> list[Column]:
    group = _("Fees (yuan)")
    columns = [Column(FEE_LABELS[kind], 11.5, "right", group) for kind in kinds]
    return [*columns, Column(pgettext_lazy("fee column", "Amount"), 14, "right", group)]


def fee_cells(amounts: Amounts, kinds: Sequence[Kind]) -> list[str]:
    return [*(figure(amounts.get(kind)) for kind in kinds), yuan(sum(amounts.values(), ZERO))]


def stamp_of(enrolment: Enrolment) -> str:
    """What nobody may overlook: a sheet like this is not to be handed in."""
    if enrolment.state == S.DRAFT:
        return _("Draft, not submitted")
    return str(enrolment.get_state_display()) if enrolment.state == S.CANCELLED else ""


def notes_of(enrolment: Enrolment) -> Iterator[str]:
    """What to do with the sheet: it needs the seal (FAQ 2) and goes to the body with the other papers (FAQ 1)."""
    if enrolment.state == S.DRAFT:
        yield _("Prices as of today; they are fixed when the enrolment is submitted. Hand in no draft: print the "
                "sheet again after the confirmation.")  # fmt: skip
        return
    if enrolment.state == S.CANCELLED:
        return
    yield _("Put the company's seal on this sheet.")
    if enrolment.papers_due_on:
        yield _("Send it with the other papers so that %(body)s has them by %(date)s.") % {
            "body": enrolment.local_body, "date": written.day(enrolment.papers_due_on),
        }  # fmt: skip
    else:
        yield _("Send it with the other papers to %(body)s when the enrolment is confirmed.") % {
            "body": enrolment.local_body
        }


def footer_of(enrolment: Enrolment) -> str:
    values = {"number": numbered(enrolment), "company": enrolment.company, "at": printed_at(),
              "state": enrolment.get_state_display()}  # fmt: skip
    return _("%(number)s · %(company)s · State: %(state)s · Printed at %(at)s") % values


# -- the papers to send ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """One kind of paper that goes to the local body by courier."""

    code: str
    label: Any


SHEET = Paper("SHEET", gettext_lazy("This enrolment's detail sheet with the company's seal"))
PHOTO = Paper("PHOTO", gettext_lazy("One-inch photo, name on the back"))
ID_COPY = Paper("ID_CARD", gettext_lazy("Copy of the ID card, both sides on one page"))
DIPLOMA_COPY = Paper("DIPLOMA", gettext_lazy("Copy of the diploma"))
COPY = Paper("COPY", gettext_lazy("Copy of the certificate"))
ORIGINAL = Paper("ORIGINAL", gettext_lazy("Certificate, the original"))
TITLE_COPY = Paper("TITLE", gettext_lazy("Copy of the title certificate"))

#: What each person hands in. Stated in the manual: the sealed sheet (FAQ 2), the supervisor's original at an upgrade
#: (FAQ 4), for a change the original and a one-inch photo with the name on the back (ch. 7b-3), and which
#: pictures an enrolment needs (FAQ 7). For the rest ch. 4b-6 refers to the class notice, whose text it does not give:
#: that renewals hand in a copy and practice training copies of what was uploaded is our reading.
PAPERS: dict[str, tuple[Paper, ...]] = {
    Matter.PRACTICE: (PHOTO, ID_COPY, DIPLOMA_COPY),
    Matter.RENEWAL: (PHOTO, COPY),
    Matter.RENEWAL_CHANGE: (PHOTO, ORIGINAL),
    Matter.UPGRADE: (PHOTO, ORIGINAL, TITLE_COPY),
}  # fmt: skip


@dataclass(frozen=True)
class Materials:
    """The papers an enrolment still sends, to whom and until when."""

    enrolment: Enrolment
    #: Each kind of paper with how many people hand it in; the sheet first.
    papers: tuple[tuple[Paper, int], ...]
    due_on: Any
    received_on: Any
    #: Whether the reader is the body that may note the receipt.
    may_receive: bool

    @property
    def body(self) -> Any:
        return self.enrolment.local_body

    @property
    def opens(self) -> str:
        return when_it_opens(self.enrolment)

    @property
    def today(self) -> str:
        return timezone.localdate().isoformat()

    @property
    def is_overdue(self) -> bool:
        return bool(self.received_on is None and self.due_on and self.due_on < timezone.localdate())

    @property
    def print_url(self) -> str:
        return page_of(self.enrolment, "materials")

    @property
    def sheet_url(self) -> str:
        return page_of(self.enrolment, "print_sheet")

    @property
    def receive_url(self) -> str:
        return page_of(self.enrolment, "papers")


def takes_papers(enrolment: Enrolment) -> bool:
    """Papers go to the local body once the enrolment is confirmed (manual ch. 4b-6)."""
    return enrolment.state in (S.CONFIRMED, S.CLOSED)


def materials_of(enrolment: Enrolment, user: Any = None) -> Materials | None:
    """What to send to the local body, for the enrolment's page; None before the confirmation."""
    if not takes_papers(enrolment):
        return None
    counts: dict[Paper, int] = {SHEET: 1}
    for matter in senders(enrolment).values_list("matter", flat=True):
        for paper in PAPERS[matter]:
            counts[paper] = counts.get(paper, 0) + 1
    mine = user is not None and user.role == Role.LOCAL_BODY and user.local_body_id == enrolment.local_body_id
    return Materials(
        enrolment, tuple(counts.items()), enrolment.papers_due_on, enrolment.papers_received_on, mine
    )


def senders(enrolment: Enrolment) -> Any:
    """The people whose papers are wanted: all that did not drop out."""
    return enrolment.lines.exclude(state=L.DROPPED).order_by("id")


def materials_form(enrolment: Enrolment, user: Any) -> Form:
    """The list as a form to tick off while packing, and for the body to sign."""
    lines = [shown(line, enrolment, user) for line in senders(enrolment)]
    wanted = [
        paper for paper in dict.fromkeys(p for papers in PAPERS.values() for p in papers)
        if any(paper in PAPERS[line.matter] for line in lines)
    ]  # fmt: skip
    rows = [
        [str(number), line.name, line.certificate_number or line.id_number, line.get_matter_display(),
         *("□" if paper in PAPERS[line.matter] else "–" for paper in wanted)]
        for number, line in enumerate(lines, 1)
    ]  # fmt: skip
    return Form(
        title=_("Papers to send"), organisation=organisation(), number=numbered(enrolment), landscape=False,
        facts=list(address_of(enrolment, user)),
        columns=[Column(NO_NUMBER, 8), Column(_("Full name"), 22), Column(_("Certificate or ID number"), 32),
                 Column(_("Matter"), 24), *(Column(paper.label) for paper in wanted)],
        rows=rows, empty=_("Nobody takes part any more."),
        sums=[(f"□ {SHEET.label}", "")], notes=list(material_notes(enrolment)),
        signatures=[_("Received by (signature): "), _("Date: ")], url=absolute(page_of(enrolment)),
        url_label=_("Scan to open the enrolment"), footer=footer_of(enrolment),
    )  # fmt: skip


def address_of(enrolment: Enrolment, user: Any) -> Iterator[tuple[Any, Any]]:
    body = enrolment.local_body
    yield pgettext("address", "To"), str(body)
    yield pgettext("address", "From"), enrolment.company.name
    yield _("Address"), body.address or "–"
    yield pgettext("person", "Contact"), contact_of(enrolment, user)
    yield pgettext("address", "Recipient"), f"{body.contact_name} {body.phone}".strip() or "–"
    yield _("Training class"), enrolment.training_class.title
    yield _("To arrive by"), written.day(enrolment.papers_due_on)


def when_it_opens(enrolment: Enrolment) -> str:
    """When the learning begins: online within two working days (FAQ 1), face to face with the class
    (specification 3.5)."""
    course = enrolment.training_class
    if course.is_online:
        return _(
            "The learning opens without waiting for these papers, within two working days of the confirmation."
        )
    return _("The class begins without waiting for these papers: %(date)s, %(place)s.") % {
        "date": written.day(course.start_date), "place": course.place or enrolment.local_body,
    }  # fmt: skip


def material_notes(enrolment: Enrolment) -> Iterator[str]:
    """FAQ 1, FAQ 4: the learning does not wait; what is late holds up the certificates."""
    yield when_it_opens(enrolment)
    yield _("Papers that come late hold up the certificates.")
    yield _("What the notice of the class asks for besides goes with them.")
