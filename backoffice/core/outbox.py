"""The outbox: a message is a row of the transaction that has something to say, and is sent after its commit.

A message goes out at least once, and once only unless a process dies between the gateway's "yes" and our
note of it: two workers never send the same one, because each first claims the row with a conditional UPDATE.
"""

import copy
import json
import logging
import smtplib
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import BadHeaderError, EmailMessage
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import F, Min
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_tasks import task

from backoffice.core import sms
from backoffice.core.models import Message
from backoffice.core.sealed import CannotOpen, seal, unseal
from backoffice.core.sms import SendFailed
from backoffice.core.tasks import deferred, enqueue_or_log, on_reap, waiting_jobs

logger = logging.getLogger(__name__)

#: Minutes before the second, third … attempt; after the last one the message is FAILED.
BACK_OFF = (1, 5, 30, 120)
MAX_ATTEMPTS = len(BACK_OFF) + 1
#: A message being sent for longer than this was left behind by a dead process; another may take it.
CLAIM_TIME = timedelta(minutes=10)

Channel, Status = Message.Channel, Message.Status
OPEN = (Status.QUEUED, Status.SENDING)


def queue(channel: str, recipient: str, subject: str, body: str, credential: str = "") -> Message:
    """Write a message in the caller's transaction; `credential` is the link or code in it that opens something."""
    return queue_all([message_of(channel, recipient, subject, body, credential)])[0]


def message_of(channel: str, recipient: str, subject: str, body: str, credential: str = "") -> Message:
    """The message, not stored. A credential goes to the addressee alone: the stored text has a mask in its place."""
    message = Message(channel=Channel(channel), recipient=recipient, subject=subject, body=body)
    if credential and credential in subject + body:
        message.secret, message.sealed = True, seal(json.dumps([subject, body]))
        with translation.override(settings.LANGUAGE_CODE):
            mask = _("(personal link, sent to the recipient only)")
        message.subject, message.body = subject.replace(credential, mask), body.replace(credential, mask)
    return message


def text_of(message: Message) -> tuple[str, str]:
    """Subject and text as they are sent; raise SendFailed where they were sealed with another SECRET_KEY."""
    if not message.sealed:
        return message.subject, message.body
    try:
        subject, body = json.loads(unseal(message.sealed))
    except CannotOpen:
        raise SendFailed(
            _("SECRET_KEY has changed since this was written; have the link sent again."), final=True
        ) from None
    return " ".join(subject.split())[:200], body


def queue_all(messages: Iterable[Message]) -> list[Message]:
    """Write many messages with one query (a step on a thousand rows), and one job to send them."""
    rows = list(messages)
    for row in rows:
        row.subject = " ".join(row.subject.split())[:200]
        row.recipient = row.recipient.strip()
    Message.objects.bulk_create(rows, batch_size=1000)
    # One job for all messages of a transaction: a bulk step on a thousand rows comes here a thousand times.
    if rows and not any(function == drain.enqueue for _ids, function, *_ in connection.run_on_commit):
        # robust: the messages are stored; should the job not be, `watch()` or the next drain takes them along.
        transaction.on_commit(drain.enqueue, robust=True)
    return rows


def watch() -> int:
    """Drain again where messages are due for longer than a drain takes and no job is there to do it."""
    late = Message.objects.filter(status__in=OPEN, next_attempt_at__lt=timezone.now() - CLAIM_TIME)
    if not late.exists() or waiting_jobs(drain.module_path):
        return 0
    return int(enqueue_or_log(drain))


on_reap(watch)


@task()
def drain() -> int:
    """Send what is due, and come back when the next one is."""
    sent = 0
    while tried := deliver_batch():
        sent += sum(tried)
    come_back()
    return sent


def come_back() -> None:
    """Enqueue a drain for the full minute after the next open message is due, once for each minute."""
    first = Message.objects.filter(status__in=OPEN).aggregate(first=Min("next_attempt_at"))["first"]
    if first is None or not drain.get_backend().supports_defer:
        return
    now = timezone.now()
    moment = (max(first, now) + timedelta(minutes=1)).replace(second=0, microsecond=0)
    # Without this, each of a thousand drains of an hour without gateway would plan a drain of its own.
    if cache.add(f"outbox-drain-{moment:%Y%m%d%H%M}", True, timeout=(moment - now).total_seconds()):
        deferred(drain, moment).enqueue()


def deliver_due(limit: int = 100) -> int:
    """Send up to `limit` messages that are due; return how many went out."""
    return sum(deliver_batch(limit))


def deliver_batch(limit: int = 100) -> list[bool]:
    """Claim and send up to `limit` due messages; one entry for each that we tried, True if it went out."""
    due = Message.objects.filter(status__in=OPEN, next_attempt_at__lte=timezone.now())
    keys = list(due.order_by("next_attempt_at", "id").values_list("pk", flat=True)[:limit])
    claimed = (claim(pk) for pk in keys)
    return [deliver(message) for message in claimed if message is not None]


def claim(pk: int) -> Message | None:
    """Take the message, or None if another worker was faster. A claim lapses at `next_attempt_at`."""
    now = timezone.now()
    until = now + CLAIM_TIME
    taken = Message.objects.filter(pk=pk, status__in=OPEN, next_attempt_at__lte=now).update(
        status=Status.SENDING, attempts=F("attempts") + 1, next_attempt_at=until
    )
    # `until` again: should we have slept for ten minutes since, the message is another worker's.
    return (
        Message.objects.filter(pk=pk, status=Status.SENDING, next_attempt_at=until).first() if taken else None
    )


def deliver(message: Message) -> bool:
    """Send a claimed message and note what became of it."""
    if message.attempts > MAX_ATTEMPTS:
        note_failure(message, SendFailed(_("Sending was interrupted again and again."), final=True))
        return False
    try:
        opened = copy.copy(message)  # what is noted below are single columns of the row
        opened.subject, opened.body = text_of(message)
        SENDERS[message.channel](opened)
    except SendFailed as failure:
        note_failure(message, failure)
        return False
    except Exception as error:
        # Not its text, which may quote an address or a link: logs hold nothing personal.
        logger.error("message %s could not be sent: %s", message.pk, type(error).__name__)
        sentence = _("Could not be sent (%(error)s).") % {"error": type(error).__name__}
        note_failure(message, SendFailed(sentence))
        return False
    note(message, status=Status.SENT, sent_at=timezone.now(), error="", **without_credential(message))
    return True


def without_credential(message: Message) -> dict[str, str]:
    """The columns of a message that is sent or given up: a key lying there could only be read by the wrong person."""
    if message.secret and not message.sealed:  # written before texts were sealed
        return {"body": ""}
    return {"sealed": ""}


def note_failure(message: Message, failure: SendFailed) -> None:
    """Plan the next attempt, or give up with a sentence for the office."""
    if not failure.final and message.attempts < MAX_ATTEMPTS:
        later = timezone.now() + timedelta(minutes=BACK_OFF[message.attempts - 1])
        note(message, status=Status.QUEUED, next_attempt_at=later, error=str(failure))
        return
    logger.warning("message %s given up after %s attempts", message.pk, message.attempts)
    note(message, status=Status.FAILED, error=str(failure), **without_credential(message))


def note(message: Message, **changes: Any) -> None:
    """Write to the row as long as our claim on it holds."""
    ours = Message.objects.filter(
        pk=message.pk, status=Status.SENDING, next_attempt_at=message.next_attempt_at
    )
    ours.update(**changes)


# --- Senders -----------------------------------------------------------------------------------------


def send_mail(message: Message) -> None:
    """By Django's mail backend (EMAIL_URL)."""
    try:
        validate_email(message.recipient)
        EmailMessage(message.subject, message.body, to=[message.recipient]).send()
    except (ValidationError, BadHeaderError):
        raise SendFailed(bad_address(message), final=True) from None
    except smtplib.SMTPRecipientsRefused as error:
        final = all(code >= 500 for code, _said in error.recipients.values())
        raise SendFailed(bad_address(message), final=final) from None
    except smtplib.SMTPAuthenticationError:
        raise SendFailed(
            _("The mail server refused our sign-in; the administrator must check EMAIL_URL.")
        ) from None
    except smtplib.SMTPException as error:
        raise SendFailed(
            _("The mail server refused the mail (%(error)s).") % {"error": type(error).__name__}
        ) from None
    except OSError:
        raise SendFailed(_("The mail server cannot be reached.")) from None


def bad_address(message: Message) -> str:
    return _("“%(address)s” takes no mail; correct the address in the profile.") % {
        "address": message.recipient
    }


def send_sms(message: Message) -> None:
    sms.send(message.recipient, message.body)


SENDERS: dict[str, Callable[[Message], None]] = {Channel.MAIL: send_mail, Channel.SMS: send_sms}
