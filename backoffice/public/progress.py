"""Where an application stands, in the applicant's words: the way it goes, who has it, what was said."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.flow import STARTED
from backoffice.core.inbox import state_label, step_label, trail
from backoffice.core.links import Applicant
from backoffice.core.models import Task, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import mask_id_number as mask
from backoffice.roles import APPLICANT, Role, desk_label
from registry.models import PersonalApplication

#: The desks an application passes, by the state in which it waits there.
WAYS: dict[str, tuple[str, ...]] = {
    "p": ("COMPANY_REVIEW", "LOCAL_REVIEW"),
    "c": ("OFFICE_REVIEW",),
}


@dataclass(frozen=True)
class Stage:
    """One stop of the way. `mark`: done, here, returned (it came back from there), or nothing yet."""

    label: str
    name: str
    mark: str

    @property
    def says(self) -> str:
        """The mark in words, for those who do not see colours."""
        return {"done": _("done"), "here": _("it is here now"), "returned": _("returned it")}.get(
            self.mark, ""
        )


@dataclass(frozen=True)
class Opinion:
    who: str
    text: str
    at: Any


@dataclass(frozen=True)
class Entry:
    """One line of what happened; of the reviewers the desk, not the person."""

    at: Any
    who: str
    what: str
    opinion: str
    mine: bool


def desk_name(record: Any, role: str) -> str:
    """The company or body behind a desk by its name; the desk itself where there is none."""
    named = {Role.COMPANY: "company", Role.LOCAL_BODY: "local_body"}.get(role)  # type: ignore[call-overload]
    return str((named and getattr(record, named, None)) or desk_label(role))


def logs(record: Any) -> list[TransitionLog]:
    steps = visible_to(TransitionLog, Applicant(record), queryset=trail(record)).exclude(step=STARTED)
    return list(steps)


def opinion_on(record: Any) -> Opinion | None:
    """What the reviewer wrote who returned it; None unless it is returned."""
    if record.state != "RETURNED":
        return None
    log = TransitionLog.of(record).filter(target="RETURNED").first()
    return Opinion(desk_name(record, log.role), log.opinion, log.at) if log else None


def stages(record: Any) -> list[Stage]:
    """Applicant → company → local body → member; or → General Office → member."""
    states = WAYS[record.link_code]
    position = states.index(record.state) if record.state in states else -1
    returned_by = TransitionLog.of(record).filter(target="RETURNED").values_list("source", flat=True).first()
    found = [Stage(_("Application"), _("You"), "here" if record.state in ("DRAFT", "RETURNED") else "done")]
    for number, state in enumerate(states):
        mark = "here" if number == position else ""
        if record.state == "APPROVED" or number < position:
            mark = "done"
        elif record.state == "RETURNED" and state == returned_by:
            mark = "returned"
        role = record.desks[state].role
        found.append(Stage(state_label(type(record), state), desk_name(record, role), mark))
    member = _("Individual member") if isinstance(record, PersonalApplication) else _("Member company")
    found.append(Stage(member, "", "done" if record.state == "APPROVED" else ""))
    return found


def history(record: Any) -> list[Entry]:
    """Every step, oldest first, with its opinion."""
    return [
        Entry(
            log.at, _("You") if log.role == APPLICANT else desk_name(record, log.role),
            step_label(type(record), log.step), log.opinion, log.role == APPLICANT,
        )
        for log in logs(record)
    ]  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """The desk that has it, since when, until when, and whom to call."""

    who: str
    since: Any
    until: Any
    contact: str = ""

    @property
    def is_late(self) -> bool:
        return self.until is not None and self.until < timezone.localdate()


def waiting(record: Any) -> Waiting | None:
    """None at an end. The applicant sees no tasks; this one says where the own record waits."""
    desk, task = record.desk(), Task.of(record).filter(closed_at=None).first()
    if desk is None or task is None:
        return None
    body = record.local_body if desk.role == Role.LOCAL_BODY else None
    contact = " ".join(filter(None, (body.contact_name, body.phone))) if body else ""
    return Waiting(desk_name(record, desk.role), task.opened_at, task.due_on, contact)


def facts(record: Any, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The fields as they were handed in. After the end the ID number is masked: the link lies about in mailboxes."""
    found = []
    for name in names:
        shown = getattr(record, f"get_{name}_display", None)
        value = shown() if shown else getattr(record, name)
        if name == "id_number" and record.is_closed():
            value = mask(value)
        if value:
            label = str(record._meta.get_field(name).verbose_name)
            found.append((label[:1].upper() + label[1:], str(value)))
    return found


def reached_at(record: Any) -> list[str]:
    """Where the activation link went, enough to know which mailbox and which phone to look at."""
    phone = getattr(record, "phone", "") or getattr(record, "contact_phone", "")
    name, _at, host = record.email.partition("@")
    address = f"{name[:1]}***@{host}" if host else ""
    return [found for found in (address, f"{phone[:3]}****{phone[-4:]}" if len(phone) > 8 else "") if found]
