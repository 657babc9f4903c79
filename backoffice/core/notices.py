"""Notices: what is told to whom at a step. Their wording is shipped here by the apps and edited by the office.

An app registers a Notice for each thing it tells; `notify()` words it (the office's template, else the shipped
text, always in the site's language) and queues mails and text messages in the caller's transaction.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.utils import translation

from backoffice.core import outbox
from backoffice.core.models import Message, MessageTemplate


@dataclass(frozen=True)
class Notice:
    """A thing we tell people. `placeholders` maps each {name} its texts may use to an example for the preview.

    `page` is the address of the record in the admin panel; where no text uses it, it stands below the message.
    """

    code: str
    label: Any
    subject: Any
    body: Any
    sms: Any = ""
    placeholders: Mapping[str, Any] = field(default_factory=dict)


class Credential(str):
    """A value of a notice that lets its holder act: a signed link, a one-time link. For the addressee's eyes only."""


@dataclass(frozen=True)
class Recipient:
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Wording:
    subject: str
    body: str
    sms: str


#: What our own people and pages write in a notice: addresses in it are meant.
OWN_WORDS: Final = frozenset({"opinion", "answer", "link", "page"})
ADDRESS: Final = re.compile(
    r"https?:/*\S+|www\.\S+|\S+@\S+|\d+(?:\.\d+){3}\S*|(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?:[:/?#]\S*)?",
    re.ASCII | re.IGNORECASE,
)
NOTICES: Final[dict[str, Notice]] = {}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_BEFORE_STOP = re.compile(r"\{(\w+)\}(。?)")
#: What ends a sentence.
ENDS: Final = ("。", "！", "？", "…", ".", "!", "?")


def register(*notices: Notice) -> None:
    NOTICES.update({notice.code: notice for notice in notices})


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its {placeholders} filled in; unknown ones stay as they are.

    People end their opinions with a stop of their own: the text's stop is left out after it.
    """

    def put(found: re.Match[str]) -> str:
        value = str(values.get(found[1], f"{{{found[1]}}}"))
        return value if value.rstrip().endswith(ENDS) else value + found[2]

    return _BEFORE_STOP.sub(put, text)


def unknown_placeholders(notice: Notice, *texts: str) -> list[str]:
    """The {placeholders} that this notice does not know, for the editor's form."""
    used = {name for text in texts for name in _PLACEHOLDER.findall(text)}
    return sorted(used - set(notice.placeholders))


def wording(notice: Notice, values: Mapping[str, Any], template: MessageTemplate | None = None) -> Wording:
    """Subject, mail and text message as they would go out."""
    with translation.override(settings.LANGUAGE_CODE):
        texts = (
            (template and template.subject) or str(notice.subject),
            (template and template.body) or str(notice.body),
            (template and template.sms) or str(notice.sms),
        )
    subject, *told = (fill(text, values) for text in texts)
    return Wording(subject, *(with_page(text, str(values.get("page", ""))) for text in told))


def with_page(text: str, page: str) -> str:
    """People with an account get the way to the record, whether or not the office's wording names it."""
    return f"{text}\n{page}" if text and page and page not in text else text


def notify(code: str, recipients: Iterable[Recipient], **values: Any) -> list[Message]:
    """Queue the notice for the recipients: mail where there is an address, a text message too if it has one.

    Returns the queued messages; none where the office switched the notice off or nobody can be reached.
    """
    return notify_each(code, [(recipients, values)])


def notify_each(code: str, told: Iterable[tuple[Iterable[Recipient], Mapping[str, Any]]]) -> list[Message]:
    """`notify()` for many at once, each with values of their own: two queries however many there are."""
    template = MessageTemplate.objects.filter(code=code).first()
    if template is not None and not template.is_active:
        return []
    return outbox.queue_all(
        message
        for recipients, values in told
        for message in messages_of(NOTICES[code], template, recipients, values)
    )


def as_told(name: str, value: Any) -> Any:
    """A value as it may stand in a mail of ours: what strangers call themselves is no place for an address."""
    if name in OWN_WORDS or isinstance(value, Credential | int | Decimal | date):
        return value
    return without_addresses(str(value))


def without_addresses(text: str) -> str:
    """The text with an ellipsis in the place of every web and mail address."""
    return ADDRESS.sub("…", text)


def messages_of(
    notice: Notice,
    template: MessageTemplate | None,
    recipients: Iterable[Recipient],
    values: Mapping[str, Any],
) -> list[Message]:
    """The messages to these recipients, not stored: a mail, and a text message where the notice has one.

    A value that is a Credential opens something in the recipient's name: the stored copy has a mask in its place.
    """
    text = wording(notice, {name: as_told(name, value) for name, value in values.items()}, template)
    key = next((str(value) for value in values.values() if isinstance(value, Credential)), "")
    messages = []
    for recipient in dict.fromkeys(recipients):
        if recipient.email:
            messages.append(
                outbox.message_of(Message.Channel.MAIL, recipient.email, text.subject, text.body, key)
            )
        if recipient.phone and text.sms:
            messages.append(
                outbox.message_of(Message.Channel.SMS, recipient.phone, text.subject, text.sms, key)
            )
    return messages


def ensure_templates() -> int:
    """Give every registered notice its (empty) row to edit; return how many were new."""
    known = set(MessageTemplate.objects.values_list("code", flat=True))
    new = [MessageTemplate(code=code) for code in NOTICES if code not in known]
    MessageTemplate.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)
