"""What enrolments, learning and the cash desk put on the first page of each role: a number, what it leads to, and
one more sentence where the number alone would not say what to do. One or two queries a card, whatever waits."""

import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core import written
from backoffice.core.lists import COUNT_CAP, CappedCount, count_capped
from backoffice.core.scoping import visible_to
from backoffice.navigation import changelist
from backoffice.roles import Role
from fees.models import Bill, Receipt, Refund, Voucher
from fees.money import yuan
from training.models import Enrolment, EnrolmentLine, TrainingClass

Card = dict[str, Any]
#: How far ahead face-to-face classes are shown to those who hold them.
WEEK = datetime.timedelta(days=7)
SHOWN_CLASSES = 6


def work_cards(user: Any) -> list[Card]:
    """The cards of the user's role, the most pressing first."""
    makers = {
        Role.COMPANY: company_cards, Role.LOCAL_BODY: body_cards, Role.FINANCE: finance_cards,
        Role.TRAINING: training_cards, Role.PERSON: person_cards,
    }  # fmt: skip
    maker = makers.get(user.role)
    return maker(user) if maker else []


def card(title: str, number: int, link: str, tone: str = "info", note: str = "") -> Card:
    """A card; a number of 0 has no tone and no note."""
    return {
        "title": title, "value": written.number(number), "link": link, "tone": tone if number else "",
        "note": note if number else "",
    }  # fmt: skip


def in_state(model: Any, user: Any, value: str, field: str = "state") -> tuple[QuerySet, str]:
    """The rows the user may see in this state, and the address of the list that shows exactly them."""
    rows = visible_to(model, user).filter(**{field: value}).order_by()
    return rows, f"{changelist(model._meta.label)}?{field}={value}"


def sums_of(rows: QuerySet, **sums: Any) -> dict[str, Any]:
    """`number` as the list behind the card counts it, and the sums; none of more rows than the list counts."""
    found = rows[: COUNT_CAP + 1].aggregate(number=Count("pk"), **sums)
    if found["number"] <= COUNT_CAP:
        return found
    return dict.fromkeys(sums) | {"number": CappedCount(found["number"])}


def company_cards(user: Any) -> list[Card]:
    drafts, drafts_link = in_state(Enrolment, user, "DRAFT")
    to_pay, to_pay_link = in_state(Enrolment, user, "AWAITING_PAYMENT")
    confirmed, confirmed_link = in_state(Enrolment, user, "CONFIRMED")
    learning, learning_link = in_state(EnrolmentLine, user, "LEARNING")
    draft = sums_of(drafts, returned=Count("pk", filter=Q(submitted_at__isnull=False)))
    owed = sums_of(in_state(Bill, user, "OPEN", "stage")[0], sum=Sum(F("total") - F("paid")))["sum"]
    sums = sums_of(confirmed, **papers_counts())
    return [
        card(_("Enrolments to submit"), draft["number"], drafts_link, "warning", returned_note(draft["returned"])),
        card(_("Enrolments to pay"), count_capped(to_pay), to_pay_link, "warning", amount_note(owed)),
        card(_("Confirmed enrolments"), sums["number"], confirmed_link, "success", papers_note(sums)),
        card(_("People learning now"), count_capped(learning), learning_link, "info"),
    ]  # fmt: skip


def body_cards(user: Any) -> list[Card]:
    review, review_link = in_state(Enrolment, user, "LOCAL_REVIEW")
    confirmed, confirmed_link = in_state(Enrolment, user, "CONFIRMED")
    learning, learning_link = in_state(EnrolmentLine, user, "LEARNING")
    rosters = sums_of(review, people=Sum("people"))
    sums = sums_of(confirmed, **papers_counts())
    return [
        card(_("Rosters to review"), rosters["number"], review_link, "warning", people_note(rosters["people"])),
        card(_("Confirmed enrolments"), sums["number"], confirmed_link, "success", papers_note(sums)),
        card(_("People learning now"), count_capped(learning), learning_link, "info"),
    ]  # fmt: skip


def finance_cards(user: Any) -> list[Card]:
    bills, bills_link = in_state(Bill, user, "REVIEW", "stage")
    handed_in = visible_to(Voucher, user).filter(status="SUBMITTED", bill__stage="REVIEW").order_by()
    cards = [
        card(_("Payments to verify"), count_capped(bills), bills_link, "warning",
             amount_note(sums_of(handed_in, sum=Sum("amount"))["sum"])),
    ]  # fmt: skip
    for title, model in ((_("Receipts to write"), Receipt), (_("Refunds to pay"), Refund)):
        rows, link = in_state(model, user, "DUE")
        sums = sums_of(rows, sum=Sum("amount"))
        cards.append(card(title, sums["number"], link, "warning", amount_note(sums["sum"])))
    unpaid, link = in_state(Bill, user, "OPEN", "stage")
    sums = sums_of(unpaid, sum=Sum(F("total") - F("paid")))
    return [
        *cards,
        card(_("Companies have yet to pay"), sums["number"], link, "info", amount_note(sums["sum"])),
    ]


def training_cards(user: Any) -> list[Card]:
    today = timezone.localdate()
    to_confirm, to_confirm_link = in_state(Enrolment, user, "TRAINING_REVIEW")
    pending, pending_link = in_state(EnrolmentLine, user, "PENDING")
    handed, handed_link = in_state(EnrolmentLine, user, "SUBMITTED")
    learning, learning_link = in_state(EnrolmentLine, user, "LEARNING")
    wait = sums_of(
        pending.filter(enrolment__training_class__mode="ONLINE"),
        late=Count("pk", filter=Q(enrolment__open_by__lt=today)), first=Min("enrolment__open_by")
    )  # fmt: skip
    results = count_capped(learning.filter(enrolment__training_class__end_date__lt=today))
    people = sums_of(to_confirm, people=Sum("people"))
    link = f"{pending_link}&enrolment__training_class__mode=ONLINE"
    return [
        card(_("Enrolments to confirm"), people["number"], to_confirm_link, "warning", people_note(people["people"])),
        card(_("People to hand to the platform"), wait["number"], link, "danger" if wait["late"] else "warning",
             due_note(wait)),
        card(_("Handed over, not opened yet"), count_capped(handed), handed_link, "info"),
        card(_("People learning now"), count_capped(learning), learning_link, "info", results_note(results)),
    ]  # fmt: skip


def person_cards(user: Any) -> list[Card]:
    learning, link = in_state(EnrolmentLine, user, "LEARNING")
    number = count_capped(learning)
    return [card(_("Your trainings under way"), number, link, "info")] if number else []


# --- Sentences ---------------------------------------------------------------------------------------------


def papers_counts() -> dict[str, Any]:
    """For confirmed enrolments: how many papers are still to come, how many of them late, the first due date."""
    waiting = Q(papers_received_on=None)
    return {
        "papers": Count("pk", filter=waiting),
        "late": Count("pk", filter=waiting & Q(papers_due_on__lt=timezone.localdate())),
        "first": Min("papers_due_on", filter=waiting & Q(papers_due_on__gte=timezone.localdate())),
    }


def papers_note(sums: dict[str, Any]) -> str:
    """How many paper materials are awaited (manual ch. 4b-6): the deadline, and how many passed it."""
    if not sums["papers"]:
        return ""
    text = ngettext("papers of %(count)d awaited", "papers of %(count)d awaited", sums["papers"])
    parts = [text % {"count": sums["papers"]}]
    if sums["late"]:
        parts.append(ngettext("%(count)d late", "%(count)d late", sums["late"]) % {"count": sums["late"]})
    if sums["first"]:
        parts.append(_("next due on %(day)s") % {"day": sums["first"].isoformat()})
    return " · ".join(parts)


def due_note(sums: dict[str, Any]) -> str:
    """The learning opens within two working days of the confirmation (FAQ 1)."""
    if sums["late"]:
        return ngettext("%(count)d overdue", "%(count)d overdue", sums["late"]) % {"count": sums["late"]}
    return _("due on %(day)s") % {"day": sums["first"].isoformat()} if sums["first"] else ""


def returned_note(number: int) -> str:
    return (
        ngettext("%(count)d returned to you", "%(count)d returned to you", number) % {"count": number}
        if number
        else ""
    )


def results_note(number: int) -> str:
    text = ngettext("%(count)d in classes that are over: results awaited",
                    "%(count)d in classes that are over: results awaited", number)  # fmt: skip
    return text % {"count": number} if number else ""


def people_note(number: int | None) -> str:
    return ngettext("%(count)d person", "%(count)d people", number) % {"count": number} if number else ""


def amount_note(amount: Decimal | None) -> str:
    return _("%(amount)s yuan") % {"amount": yuan(amount)} if amount else ""


# --- Beside the cards --------------------------------------------------------------------------------------


def classes_this_week(user: Any) -> list[dict[str, Any]]:
    """The face-to-face classes a body holds from today until a week on: who holds them prepares the room."""
    if user.role != Role.LOCAL_BODY:
        return []
    today = timezone.localdate()
    rows = visible_to(TrainingClass, user).filter(
        local_body=user.local_body_id, mode="FACE_TO_FACE", state__in=("OPEN", "CLOSED", "IN_PROGRESS"),
        start_date__lte=today + WEEK, end_date__gte=today,
    )  # fmt: skip
    confirmed = Q(enrolments__state__in=("CONFIRMED", "CLOSED"))
    rows = rows.annotate(people=Sum("enrolments__people", filter=confirmed)).order_by("start_date", "pk")
    return [
        {
            "title": str(row), "link": reverse("admin:training_trainingclass_change", args=[row.pk]),
            "state": row.get_state_display(), "people": people_note(row.people),
            "days": f"{row.start_date:%m-%d} – {row.end_date:%m-%d}",
        }
        for row in rows[:SHOWN_CLASSES]
    ]  # fmt: skip


def begin_link(user: Any) -> str:
    """Where a company begins an enrolment: the one big button of its first page; empty for everybody else."""
    return reverse("admin:training_enrolment_add") if user.role == Role.COMPANY else ""


def work_things(user: Any) -> list[tuple[str, str]]:
    """What this role can do next, with the address where it is done."""
    bills, lines, classes = (
        changelist(label) for label in ("fees.Bill", "training.EnrolmentLine", "training.TrainingClass")
    )
    things: dict[str, list[tuple[str, str]]] = {
        Role.COMPANY: [
            (_("See which classes take enrolments now"), f"{classes}?state=OPEN"),
            (_("See how far your people's learning has come"), lines),
        ],
        Role.FINANCE: [
            (_("Verify payments, side by side with the bills"), f"{bills}?stage=REVIEW"),
            (_("Write receipts and invoices"), f"{changelist('fees.Receipt')}?state=DUE"),
            (_("See the fee schedule in force"), changelist("fees.FeeSchedule")),
        ],
        Role.TRAINING: [(_("Hand people to the learning platform, and record results"), lines)],
        Role.LOCAL_BODY: [(_("Open face-to-face learning and record results"), lines)],
        Role.PERSON: [(_("See your learning"), reverse("admin:training_enrolmentline_mine"))],
    }  # fmt: skip
    return things.get(user.role, [])
