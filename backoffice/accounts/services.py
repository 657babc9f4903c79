"""How people get in: activation links, reset links, one-time codes, passwords. Every link and code works once."""

import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Any, Final

from axes.helpers import get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django_tasks import task

from backoffice.accounts.lockout import is_locked_out, let_in_again
from backoffice.accounts.models import User, login_name
from backoffice.accounts.policy import may_control
from backoffice.core import outbox, written
from backoffice.core.counters import count, hidden
from backoffice.core.models import Message
from backoffice.core.tasks import deferred

CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O 1 I L: codes are read out on the phone
CODE_LENGTH: Final = 8
CODE_DAYS: Final = 7
CODE_TRIES: Final = 5
RESET_PAUSE: Final = 5 * 60  # seconds between two reset messages to the same user: text messages cost money
RESETS_PER_ADDRESS: Final = 20  # an hour, from one network address
RESET_DELAY: Final = timedelta(seconds=2)  # until the answer to the request is surely out


class Superseded(Exception):
    """The link or page is older than the password: someone was faster, or the link was used twice."""


class LinkTokens(PasswordResetTokenGenerator):
    """Signed one-time tokens; they die with the next password or sign-in, and when the address changes."""

    def __init__(self, salt: str, valid_for: timedelta) -> None:
        super().__init__()
        self.key_salt = salt
        self.valid_for = valid_for

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        # A link sent to a wrong number must die once the number is corrected.
        return f"{super()._make_hash_value(user, timestamp)}{user.phone}{user.is_active}"

    def check_token(self, user: Any, token: str | None) -> bool:
        """Whether the token is this user's, unused and not expired (Django's own has one age for all kinds)."""
        if user is None or not token:
            return False
        try:
            timestamp = base36_to_int(token.partition("-")[0])
        except ValueError:
            return False
        signed = any(
            constant_time_compare(self._make_token_with_timestamp(user, timestamp, secret), token)
            for secret in (self.secret, *self.secret_fallbacks)
        )
        age = self._num_seconds(self._now()) - timestamp
        return signed and age <= self.valid_for.total_seconds()

    def _now(self) -> datetime:
        """Now, by Django's clock; the time zone does not matter, only differences do."""
        return timezone.now().replace(tzinfo=None)


activation_tokens = LinkTokens("backoffice.accounts.activation", timedelta(days=7))
reset_tokens = LinkTokens("backoffice.accounts.reset", timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT))


def link(view: str, user: User, tokens: LinkTokens) -> str:
    """The absolute address of a one-time link; it names the user by key, never by ID number."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return settings.SITE_URL + reverse(view, args=[uid, tokens.make_token(user)])


def invite(user: User, by: User | None = None) -> list[Message]:
    """Queue an activation link by mail and text message; an empty list says that neither reaches the user."""
    if not user.is_active:
        return []
    with translation.override(settings.LANGUAGE_CODE):
        address = link("accounts:activate", user, activation_tokens)
        until = moment(timezone.now() + activation_tokens.valid_for)
        queued = send_link(
            user,
            _("Activate your account"),
            _("%(name)s, your account at %(site)s is ready. Set your password here, before %(until)s; "
              "the link works once: %(link)s")
            % {"name": user.name, "site": settings.UNFOLD["SITE_TITLE"], "until": until, "link": address},
            address,
            every_channel=True,
        )  # fmt: skip
    if queued:
        record(user, by, _("Activation link sent"), "is_active")
    return queued


def request_reset(typed: str, address: str = "") -> None:
    """See to it that whoever the typed login name or mail address names gets a reset link; the caller never tells.

    What is done here is the same whether there is such a user or not, so that the time of the answer tells nothing:
    links are made a moment later, in the background.
    """
    if throttled(f"reset-from:{hidden(address)}", RESETS_PER_ADDRESS, 60 * 60):
        return
    deferred(send_resets, timezone.now() + RESET_DELAY).enqueue([user.pk for user in named(typed)])


@task()
def send_resets(keys: list[int]) -> int:
    """Queue reset links for these users, except for those who were sent one lately; return how many messages."""
    users = User.objects.filter(pk__in=keys, is_active=True)
    due = [user for user in users if not throttled(f"reset-for:{user.pk}", 1, RESET_PAUSE)]
    return sum(len(send_reset(user)) for user in due)


def send_reset(user: User) -> list[Message]:
    """Queue a reset link by mail, by text message where there is no mail address."""
    with translation.override(settings.LANGUAGE_CODE):
        address = link("accounts:reset_confirm", user, reset_tokens)
        return send_link(
            user,
            _("Set a new password"),
            _("%(name)s, set a new password for %(site)s here; the link works once and for %(hours)d hours: "
              "%(link)s If you did not ask for this, do nothing.")
            % {"name": user.name, "site": settings.UNFOLD["SITE_TITLE"],
               "hours": reset_tokens.valid_for.total_seconds() // 3600,
               "link": f"{address}\n"},
            address,
        )  # fmt: skip


def send_link(
    user: User, subject: str, body: str, address: str, *, every_channel: bool = False
) -> list[Message]:
    """Queue one message with a one-time link (`address`) by mail, else by text message, or by both."""
    ways = [(Message.Channel.MAIL, user.email), (Message.Channel.SMS, user.phone)]
    reachable = [(channel, recipient) for channel, recipient in ways if recipient]
    return [
        outbox.queue(channel, recipient, subject, body, credential=address)
        for channel, recipient in (reachable if every_channel else reachable[:1])
    ]


def named(typed: str) -> list[User]:
    """The active users of a login name; of a mail address all (few colleagues share one)."""
    name = login_name(typed)
    users = User.objects.filter(is_active=True)
    found = list(users.filter(username=name))
    return found or (list(users.filter(email__iexact=name)[:3]) if "@" in name else [])


def throttled(key: str, limit: int, seconds: int) -> bool:
    """Count one event; True when more than `limit` fell within `seconds`, in all server processes together."""
    return count(f"accounts:{key}", seconds)[0] > limit


# --- One-time codes ----------------------------------------------------------------------------------


def normalise_code(typed: str) -> str:
    """A code as people type it: in small letters, with spaces or a hyphen, in full-width characters."""
    return "".join(char for char in unicodedata.normalize("NFKC", typed).upper() if char.isalnum())


def issue_code(user: User, by: User) -> str:
    """Return a new one-time code for `user`, to be handed over by `by`; an older code dies.

    Only its hash is kept. The user's failed sign-ins are forgotten, so that the code can be used at once.
    """
    if not may_control(by, user) or not user.is_active:
        raise PermissionDenied
    code = "".join(secrets.choice(CODE_ALPHABET) for _place in range(CODE_LENGTH))
    user.code_hash = make_password(code)
    user.code_expires_at = timezone.now() + timedelta(days=CODE_DAYS)
    user.code_tries = 0
    record(user, by, _("One-time code handed out"), "code_hash", "code_expires_at", "code_tries")
    unlock(user)
    return f"{code[:4]}-{code[4:]}"


def redeem_code(username: str, code: str) -> User | None:
    """The user whose code this is, who must set a password next; None for every kind of no, equally slowly.

    A try is claimed before it is judged, and the code is taken by one conditional update: however many
    requests arrive at once, a code is tried five times at most and works once.
    """
    user = User.objects.filter(username=login_name(username), is_active=True).first()
    claimed = user is not None and open_codes(user).update(code_tries=F("code_tries") + 1)
    if user is None or not claimed:
        make_password(normalise_code(code))  # as slow as the comparison below
        return None
    if not check_password(normalise_code(code), user.code_hash):
        return None
    taken = User.objects.filter(pk=user.pk, code_hash=user.code_hash, is_active=True).update(
        code_hash="", code_expires_at=None
    )
    if not taken:
        return None
    user.code_hash, user.code_expires_at, user.must_change_password = "", None, True
    record(user, user, _("One-time code used"), "must_change_password")
    return user


def open_codes(user: User) -> QuerySet[User]:
    """The user's row while the code has tries and time left (and is still the code we read)."""
    return User.objects.filter(
        pk=user.pk, code_hash=user.code_hash, code_tries__lt=CODE_TRIES, code_expires_at__gt=timezone.now()
    ).exclude(code_hash="")


# --- Passwords, switching off, lock-outs --------------------------------------------------------------


@transaction.atomic
def set_password(user: User, password: str) -> None:
    """Set the user's own password; every other session, link and code of theirs dies with the old one.

    Raise Superseded when the password changed since `user` was read.
    """
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if row.password != user.password or not row.is_active:
        raise Superseded
    user.set_password(password)
    user.must_change_password, user.code_hash, user.code_expires_at = False, "", None
    record(user, user, _("Password set"), "password", "must_change_password", "code_hash", "code_expires_at")


@transaction.atomic
def switch(user: User, *, on: bool, by: User, reason: str) -> bool:
    """Switch a user on or off; return False when someone else had done so already."""
    if not may_control(by, user):
        raise PermissionDenied
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if row.is_active == on:
        return False
    user.is_active = on
    if not on:  # a switched-off user comes back by a new link or code
        user.code_hash, user.code_expires_at = "", None
    record(user, by, reason, "is_active", "code_hash", "code_expires_at")
    if on:
        unlock(user)
    return True


def attempts(user: User) -> QuerySet[AccessAttempt]:
    """The user's failed sign-ins and failed codes; people type the x of an ID number either way."""
    names = {user.username, user.username.lower()}
    return AccessAttempt.objects.filter(username__in=[*names, *(code_key(name) for name in names)])


def code_key(username: str) -> str:
    """Under what name failed codes are counted: a forgotten password must not lock out the code."""
    return f"code:{login_name(username)}"[:255]


def is_locked(user: User) -> bool:
    """Whether the sign-in page or the code page turns the user away from some address now."""
    cooloff = timedelta(hours=settings.AXES_COOLOFF_TIME)
    limit = get_failure_limit(None, None)
    failed = attempts(user).filter(failures_since_start__gte=limit, attempt_time__gt=timezone.now() - cooloff)
    return failed.exists() or is_locked_out(user.username, code_key(user.username))


def unlock(user: User) -> int:
    """Forget the failed sign-ins of the user; return how many addresses they came from."""
    let_in_again(user.username, code_key(user.username))
    return attempts(user).delete()[0]


def record(user: User, by: User | None, reason: str, *fields: str) -> None:
    """Save these columns (others may have changed meanwhile) and say in the history who and why."""
    user._history_user = by  # type: ignore[attr-defined]
    user._change_reason = reason  # type: ignore[attr-defined]
    user.save(update_fields=list(fields))
    user._change_reason = ""  # type: ignore[attr-defined]


def moment(at: datetime) -> str:
    """A moment as people read it in messages."""
    return written.moment(at)
