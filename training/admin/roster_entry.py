"""The box of the roster page: numbers, ID numbers and names typed, pasted or uploaded, and what waits of them."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.admin.attachments import UploadForm
from backoffice.core.excel import UnreadableFile
from registry.models import Certificate
from training.admin.roster_forms import ContactForm
from training.drafting import Outcome, enter, renewable, store_waiting, waiting
from training.entries import Typed, parse
from training.finding import TICKED, Finding
from training.models import Enrolment
from training.roster import Roster
from training.roster_file import RosterFile, read_roster, remarks_of

#: Certificates that run out within so many days are offered, so many of them.
SOON, MOST_OFFERED = 180, 100
#: So many sentences about cells that could not be read are told.
MOST_TOLD = 20
#: The acts that look people up.
LOOKS_UP: Final = ("look_up", "confirm", "again", "pick")


@dataclass
class Sheet:
    """What the page shows after an act: the roster, what became of the entries, and forms that were refused."""

    roster: Roster | None = None
    #: None: those that wait on the draft.
    findings: list[Finding] | None = None
    typed: str = ""
    contact: ContactForm | None = None
    upload: UploadForm | None = None
    line_errors: dict[int, list[str]] = field(default_factory=dict)
    #: Whether the box and the picker are to be drawn anew.
    is_entry: bool = False
    #: Whether there is something that a redirect would lose.
    stays: bool = False

    @property
    def ticked(self) -> list[Finding]:
        return [finding for finding in self.findings or () if finding.can_be_ticked]

    @property
    def refused(self) -> list[Finding]:
        return [finding for finding in self.findings or () if not finding.can_be_ticked]


class EntryActs:
    """Acts on the locked draft, each returning the Sheet that shows what came of it."""

    @staticmethod
    def read_upload(request: HttpRequest) -> None:
        """Read the uploaded roster, if there is one, before anything is locked; a file that is none gets a sentence."""
        upload = request.FILES.get("file")
        read = RosterFile()
        if upload is not None:
            try:
                read = read_roster(upload)  # type: ignore[arg-type]
            except UnreadableFile as refusal:
                messages.error(request, _("%(file)s: %(why)s") % {"file": upload.name, "why": refusal})
        request.roster_file = read  # type: ignore[attr-defined]

    @staticmethod
    def given(request: HttpRequest) -> Typed:
        """What stands in the box, and the rows of the uploaded file with remarks on its cells."""
        read: RosterFile = request.roster_file  # type: ignore[attr-defined]
        for sentence in read.problems[:MOST_TOLD]:
            messages.warning(request, sentence)
        if (more := len(read.problems) - MOST_TOLD) > 0:
            text = ngettext("%(count)d more remark on the file.", "%(count)d more remarks on the file.", more)
            messages.warning(request, text % {"count": more})
        typed = parse(request.POST.get("text", ""))
        typed.repeated += read.typed.repeated
        return typed.add([*read.entries, *read.typed.left])

    def look_up(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """What was typed or pasted, and the rows of an uploaded file."""
        typed = self.given(request)
        if not typed.entries and not len(messages.get_messages(request)):
            messages.warning(
                request, _("Type or paste certificate numbers, ID numbers or names, or choose a file.")
            )
        return self.entered(request, draft, typed)

    def entered(
        self, request: HttpRequest, draft: Enrolment, typed: Typed, confirmed: Collection[str] = ()
    ) -> Sheet:
        outcome = enter(draft, typed.entries, request.user, confirmed=confirmed)
        typed.left += outcome.left
        for sentence in remarks_of(typed):
            messages.info(request, sentence)
        tell(request, outcome, typed.repeated)
        left = "\n".join(entry.typed for entry in typed.left)
        return Sheet(outcome.roster, outcome.findings, left, is_entry=True, stays=bool(left))

    def confirm(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """Put the ticked ones on the roster: of those that wait, and of those we offer ourselves."""
        taken = list(dict.fromkeys(request.POST.getlist("take")[:1000]))
        if not taken:
            messages.warning(request, _("Tick the people to be enrolled."))
        waits = {entry.number for entry in waiting(draft)}
        typed = self.given(request)  # what stands in the box is not lost
        typed.add(
            entry
            for value in taken
            for entry in parse(value).entries
            if entry.number and entry.number not in waits
        )
        return self.entered(request, draft, typed, set(taken))

    def again(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """Look up anew what waits, as it was corrected on the page; what the row said besides is kept."""
        typed, kept = self.given(request), []
        for entry in waiting(draft):
            text = request.POST.get(f"entry-{entry.key}")
            is_same = text is not None and text.strip() == entry.typed
            if text is None or (is_same and entry.kind in TICKED):
                kept.append(entry)
            elif is_same:
                typed.add([entry])
            else:
                said: dict[str, Any] = {
                    "matter": entry.matter, "remark": entry.remark, "is_waived": entry.is_waived,
                    "row": entry.row, "key": entry.key,
                }  # fmt: skip
                typed.add(replace(new, **said) for new in parse(text).entries)
        store_waiting(draft, kept)
        return self.entered(request, draft, typed)

    def drop(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """Take one entry, or all, off what waits."""
        gone = request.POST.get("drop", "")
        left = [] if gone == "all" else [entry for entry in waiting(draft) if str(entry.key) != gone]
        store_waiting(draft, left)
        text = request.POST.get("text", "")
        return Sheet(typed=text, is_entry=True, stays=bool(text))


def numbers_of(request: HttpRequest, name: str) -> list[int]:
    """The primary keys that were ticked."""
    return [
        int(value) for value in request.POST.getlist(name)[:1000] if value.isdecimal() and len(value) < 19
    ]


def tell(request: HttpRequest, outcome: Outcome, repeated: int = 0) -> None:
    """Say what was done: every entry has one answer, and they add up."""
    repeated += outcome.repeated
    entries = outcome.entries + repeated - outcome.repeated
    if entries:
        parts = [
            (outcome.added, _("put on the roster: %(count)d")),
            (outcome.here, _("there already: %(count)d")),
            (repeated, _("named twice: %(count)d")),
            (outcome.open, _("still open, see below: %(count)d")),
        ]
        said = _("; ").join(text % {"count": count} for count, text in parts if count)
        text = ngettext("%(count)d entry: %(said)s.", "%(count)d entries: %(said)s.", entries)
        level = messages.WARNING if outcome.open else messages.SUCCESS
        messages.add_message(request, level, text % {"count": entries, "said": said})
    for sentence in outcome.told:
        messages.warning(request, sentence)


def offered(draft: Enrolment, user: Any) -> dict[str, Any]:
    """Certificates of the company that run out soon, and those that ran out: a click instead of typing numbers."""
    today = timezone.localdate()
    rows = renewable(draft, user)
    until = today + datetime.timedelta(days=SOON)
    soon = list(rows.filter(expiry_date__range=(today, until))[:MOST_OFFERED])
    # Those that ran out lately first: whoever let it go years ago has usually left the trade.
    expired = list(rows.filter(expiry_date__lt=today).order_by("-expiry_date", "pk")[:MOST_OFFERED])
    return {
        "offers": [
            ("soon", soon, people_in(soon)), ("expired", expired, people_in(expired)),
        ]
    }  # fmt: skip


def people_in(certificates: list[Certificate]) -> int:
    """How many they are: two certificates of one person are one person."""
    return len({certificate.person_id for certificate in certificates})
