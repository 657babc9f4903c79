"""What is printed of an enrolment: the 报名明细表 (FAQ 2). The papers that go with it: training/materials.py."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
from backoffice.roles import allows
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
