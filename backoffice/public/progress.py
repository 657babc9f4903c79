"""Where an application stands, in the applicant's words: the way it goes, who has it, what was said."""

from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.inbox import step_label, trail
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import mask_id_number as mask
from backoffice.core.stages import Stage
from backoffice.core.stages import stages as core_stages
from backoffice.core.trail import STARTED
from backoffice.roles import APPLICANT, Role, desk_label


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
    """The way of the record as its applicant reads it: it begins with what the applicant sends in."""
    task = Task.of(record).filter(closed_at=None).first()
    first, *others = core_stages(record, lambda obj, desk: stage_name(obj, desk.role), task)
    ends = {"p": _("Individual member"), "c": _("Member company")}
    found = [
        replace(
            first, label=pgettext("application", "Question") if record.link_code == "h" else _("Application")
        ),
        *others,
    ]
    if record.link_code in ends and found[-1].state == "APPROVED":
        found[-1] = replace(found[-1], label=ends[record.link_code])
    return found


def stage_name(record: Any, role: str) -> str:
    return _("You") if role == APPLICANT else desk_name(record, role)


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


def files_of(record: Any) -> Any:
    """The pictures the holder of the link sees: those that count, until the end; then they are in the member's
    profile, and the link in an old mail shows them no more."""
    rows = visible_to(Attachment, Applicant(record), queryset=Attachment.of(record))
    return rows.none() if record.is_closed() else rows.filter(removed_at=None)
