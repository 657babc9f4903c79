"""The papers of an enrolment that go to the local body by courier, and the list of them (FAQ 1, ch. 4b-6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from backoffice.core import written
from backoffice.core.printing import Column, Form, absolute, organisation
from backoffice.roles import Role
from training.flows.enrolment import S
from training.flows.learning import L
from training.models import Enrolment, EnrolmentLine
from training.printing import NO_NUMBER, contact_of, footer_of, numbered, page_of, shown

Matter = EnrolmentLine.Matter


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
