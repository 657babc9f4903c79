"""Who is turned away from signing in: guessing is stopped per account, per address, and over all addresses.

django-axes keeps the list of failed sign-ins and locks an account for an address after five. That leaves three ways
open, which are counted here (core/counters.py), for passwords and one-time codes alike:

  many tries at once          each try is counted before it is judged, so that no more than five are judged
  one account, many addresses the account is locked for addresses it never signed in from
  many accounts, one address  the address is locked
  many accounts and addresses everybody is locked out who does not sign in from an address known for the account

A success takes back what its try counted. Links and codes go on working: locked_out.html offers them.
"""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final, NamedTuple

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessLog
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from backoffice.accounts.models import login_name
from backoffice.core.counters import count, forget, hidden, numbers
from backoffice.core.models import Counter
from backoffice.core.sender import client_address, sender

logger = logging.getLogger(__name__)

MINUTE: Final = 60


class Limit(NamedTuple):
    """At most `tries` within `seconds`."""

    tries: int
    seconds: int


#: Of one account from one address: axes' own limit, kept exactly under many requests at once.
ACCOUNT_HERE: Final = Limit(settings.AXES_FAILURE_LIMIT, 15 * MINUTE)
#: Of one account from all addresses it never signed in from.
ACCOUNT: Final = Limit(20, 60 * MINUTE)
#: Different accounts that failed from one address: an office mistypes a few, a program tries them all.
ACCOUNTS_FROM_ADDRESS: Final = Limit(20, 60 * MINUTE)
#: Different pairs of account and address that failed on the whole site; a busy morning has some dozens.
EVERYWHERE: Final = Limit(300, 15 * MINUTE)
#: An address is known for an account for so long after a sign-in.
KNOWN_FOR: Final = timedelta(days=90)


class Keys(NamedTuple):
    """The counters that one try counts in."""

    account_here: str
    account: str
    address: str
    everywhere: str


def keys_of(username: str, request: HttpRequest) -> Keys:
    name, address = hidden(login_name(username)), hidden(sender(request))
    return Keys(f"try:{name}:{address}", f"tries:{name}", f"tries-from:{address}", "tries-everywhere")


class LockoutHandler(AxesDatabaseHandler):
    """Axes' handler, which also asks the counters. `is_locked` is called once for each try, before it is judged."""

    def is_locked(self, request: HttpRequest, credentials: dict | None = None) -> bool:
        if super().is_locked(request, credentials):
            return True
        username = get_client_username(request, credentials)
        if not username or not (limit := claim(request, username)):
            return False
        logger.warning("sign-in turned away by the limit of tries: %s", limit)
        request.axes_locked_out = request.sign_in_unjudged = True  # type: ignore[attr-defined]
        return True

    def user_login_failed(self, sender: Any, credentials: dict, request: Any = None, **kwargs: Any) -> None:
        """A try that was turned away is no failure of the account: nobody looked at the password."""
        if getattr(request, "sign_in_unjudged", False):
            request.axes_credentials = credentials
            return
        super().user_login_failed(sender, credentials, request, **kwargs)

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        give_back(request)


def claim(request: HttpRequest, username: str) -> str:
    """Count a try that is about to be judged; return which limit it is over and must not be judged, or ""."""
    keys = keys_of(username, request)
    here, _wait = count(keys.account_here, ACCOUNT_HERE.seconds)
    if here > ACCOUNT_HERE.tries:
        return "account at address"
    first = int(here == 1)
    accounts, _wait = count(keys.address, ACCOUNTS_FROM_ADDRESS.seconds, first)
    tries, _wait = count(keys.account, ACCOUNT.seconds)
    pairs, _wait = count(keys.everywhere, EVERYWHERE.seconds, first)
    request.sign_in_claim = (keys, here)  # type: ignore[attr-defined]
    if accounts > ACCOUNTS_FROM_ADDRESS.tries:
        return "accounts from address"
    over = "account" if tries > ACCOUNT.tries else "everywhere" if pairs > EVERYWHERE.tries else ""
    return over if over and not knows(username, request) else ""


def give_back(request: HttpRequest) -> None:
    """The try was right: neither it nor the mistakes before it from this address count any more."""
    keys, here = getattr(request, "sign_in_claim", (None, 0))
    if keys is None:
        return
    forget(keys.account_here)
    count(keys.account, ACCOUNT.seconds, -here)
    count(keys.address, ACCOUNTS_FROM_ADDRESS.seconds, -1)
    count(keys.everywhere, EVERYWHERE.seconds, -1)


def knows(username: str, request: HttpRequest) -> bool:
    """Whether this account signed in from this address lately."""
    name = login_name(username.removeprefix("code:"))
    return AccessLog.objects.filter(
        username=name, ip_address=client_address(request) or None, attempt_time__gt=timezone.now() - KNOWN_FOR
    ).exists()


def account_keys(username: str) -> tuple[str, str]:
    """The counter of an account over all addresses, and how those of single addresses begin."""
    name = hidden(login_name(username))
    return f"tries:{name}", f"try:{name}:"


def is_locked_out(*usernames: str) -> bool:
    """Whether one of these names is turned away from some address now."""
    for username in usernames:
        account, begin = account_keys(username)
        if numbers(account)[account] > ACCOUNT.tries:
            return True
        now = timezone.now()
        if Counter.objects.filter(
            key__startswith=begin, number__gte=ACCOUNT_HERE.tries, until__gt=now
        ).exists():
            return True
    return False


def locked_out_now(usernames: Collection[str]) -> set[str]:
    """Those of many names that are turned away from some address now, in two queries."""
    keys = {account_keys(name): name for name in usernames}
    if not keys:
        return set()
    counted = numbers(*(account for account, _begin in keys))
    over = Counter.objects.filter(
        key__startswith="try:", number__gte=ACCOUNT_HERE.tries, until__gt=timezone.now()
    )
    begins = {key.rpartition(":")[0] + ":" for key in over.values_list("key", flat=True)}
    return {
        name for (account, begin), name in keys.items() if counted[account] > ACCOUNT.tries or begin in begins
    }


def let_in_again(*usernames: str) -> None:
    """Forget the counted tries of these names, from all addresses."""
    for username in usernames:
        account, begin = account_keys(username)
        forget(account)
        Counter.objects.filter(key__startswith=begin).delete()
