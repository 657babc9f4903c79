"""Drafts of applications: begun, kept, filled with pictures and submitted by the holder of a signed link.

A form carries the signed token of the record that it is, or will be (`record_for()`): a second click, or a first save
whose answer got lost with the connection, finds the record of the first and begins no second one.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core.signing import BadSignature
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django_fsm import ConcurrentTransition

from backoffice.core import attachments
from backoffice.core.attachments import FileRefused
from backoffice.core.engine import perform, start
from backoffice.core.flow import StepRefused
from backoffice.core.links import SIGNER, Applicant
from backoffice.core.models import Attachment, AttachmentKind
from backoffice.core.trail import last_log_id
from backoffice.public.forms_apply import ApplicationForm
from backoffice.public.forms_company import CompanyForm
from backoffice.public.forms_personal import PersonalForm
from registry import notices
from registry.models import CompanyApplication, PersonalApplication

FORMS: dict[type, type[ApplicationForm]] = {
    PersonalApplication: PersonalForm,
    CompanyApplication: CompanyForm,
}


class Closed(Exception):
    """It is not the applicant's turn, or the page is older than the record."""


def record_for(token: str, model: Any) -> Any:
    """The record a form belongs to: the stored one, or a new one that will have the token's key."""
    try:
        value = SIGNER.unsign(token)
    except BadSignature:
        return model()
    if not value.startswith(model.link_code):
        return model()
    key = value.removeprefix(model.link_code)
    return model.objects.filter(key=key).first() or model(key=key)


def check_turn(record: Any, seen: str = "") -> None:
    """Raise Closed unless the applicant may change the record, seen at its newest step (`last_log_id()`)."""
    if record.pk is None:
        return
    if not record.takes_changes_from(Applicant(record)):
        raise Closed(_("This application was submitted already and is no longer open for changes."))
    if seen.isdecimal() and int(seen) != last_log_id(record):
        raise Closed(
            _("This page is older than your application. Load it again; what was saved is still there.")
        )


def keep(record: Any, values: dict[str, Any]) -> Any:
    """Store what was typed; the first time this begins the draft. Return the stored record.

    Without history rows: the step that submits the application writes one with all of it.
    """
    if record.pk is None:
        return begin(record, values)
    changed = [name for name, value in values.items() if getattr(record, name) != value]
    if changed:
        for name in changed:
            setattr(record, name, values[name])
        try:
            record.save_without_historical_record(update_fields=[*changed, "updated_at"])
        except ConcurrentTransition:
            raise Closed(
                _("This application was submitted already and is no longer open for changes.")
            ) from None
    return record


def begin(record: Any, values: dict[str, Any]) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    try:
        return start(record, by=Applicant(record))
    except IntegrityError:  # the other of two first saves was faster
        return keep(type(record).objects.get(key=record.key), values)


# --- Pictures ------------------------------------------------------------------------------------------


@dataclass
class Paper:
    """The box of one kind of picture: what is there, whether it is needed, what was refused."""

    kind: AttachmentKind
    required: bool
    present: Attachment | None = None
    errors: list[str] = field(default_factory=list)


def papers_of(record: Any, refused: dict[str, list[str]] | None = None) -> list[Paper]:
    """A box for each kind of picture that the record takes."""
    there: dict[int, Attachment] = {}
    if record.pk is not None:
        there = {
            paper.kind_id: paper for paper in Attachment.of(record).filter(removed_at=None).order_by("id")
        }
    required, refused = record.required_papers(), refused or {}
    return [
        Paper(kind, kind.code in required, there.get(kind.pk), refused.get(kind.code, []))
        for kind in AttachmentKind.objects.filter(code__in=record.takes_attachments)
    ]


def take_picture(record: Any, code: str, upload: Any) -> Any:
    """Store a picture in place of the one of its kind; return the stored record, or raise FileRefused.

    The picture is looked at before anything is locked or begun: that takes a while, and may end with a refusal.
    """
    picture = attachments.check_picture(upload, code)
    record = record if record.pk is not None else begin(record, {})
    by = Applicant(record)
    with transaction.atomic():
        kept = attachments.store(picture, AttachmentKind.objects.get(code=code), record, by)
        for former in Attachment.of(record).filter(removed_at=None, kind__code=code).exclude(pk=kept.pk):
            attachments.remove(former, by)
    return record


def remove_picture(record: Any, code: str) -> None:
    """Take back what is there of this kind; raise FileRefused where the pictures are fixed."""
    for paper in Attachment.of(record).filter(removed_at=None, kind__code=code):
        attachments.remove(paper, Applicant(record))


def take_pictures(record: Any, files: Any) -> tuple[Any, dict[str, list[str]]]:
    """All pictures that came with a form, each on its own: a bad one costs none of the good ones."""
    refused: dict[str, list[str]] = {}
    for code in record.takes_attachments:
        if upload := files.get(f"paper_{code}"):
            try:
                record = take_picture(record, code, upload)
            except FileRefused as refusal:
                refused[code] = list(refusal.messages)
    return record, refused


# --- Steps ---------------------------------------------------------------------------------------------


def submit(record: Any, seen: str = "") -> list[str]:
    """Hand the application in; return the sentences of a refusal, or nothing."""
    try:
        perform(record, "submit", by=Applicant(record), seen=int(seen) if seen.isdecimal() else None)
    except (StepRefused, ConcurrentTransition) as refusal:
        return str(refusal).splitlines()
    return []


def mail_link(record: Any) -> str:
    """Send the draft's link to the typed address; return the sentence for the applicant."""
    notices.draft(record)
    return _("The link to this page is on its way to %(email)s.") % {"email": record.email}
