"""How an account stands, for the list of users: switched off, turned away, never used, or in use."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from axes.helpers import get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.admin import SimpleListFilter
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.lockout import locked_out_now
from backoffice.accounts.models import User
from backoffice.accounts.services import code_key, is_locked
from backoffice.core.lists import FastChangeList

ON, OFF, LOCKED, NEVER = "on", "off", "locked", "never"
STANDINGS: Final = {
    ON: _("Active"), OFF: _("Switched off"), LOCKED: _("Locked after failed sign-ins"), NEVER: _("Never activated"),
}  # fmt: skip
STANDING_COLOURS: Final = {ON: "success", OFF: "danger", LOCKED: "warning", NEVER: "info"}
#: Nobody has set a password, and nobody ever signed in (with a one-time code, say).
UNUSED: Final = {"password__startswith": UNUSABLE_PASSWORD_PREFIX, "last_login": None}
#: So many users are asked about when those who are locked are looked for.
MOST_LOCKED: Final = 500


def is_turned_away(user: Any) -> bool:
    """`is_locked()`, unless the page has asked already."""
    known = getattr(user, "is_locked_now", None)
    return is_locked(user) if known is None else known


def standing_of(user: Any) -> str:
    """One of STANDINGS. A list sets `is_locked_now` on its rows with one look, a page on its user."""
    if not user.is_active:
        return OFF
    if is_turned_away(user):
        return LOCKED
    return NEVER if user.last_login is None and not user.has_usable_password() else ON


def locked_among(names: Iterable[str]) -> set[str]:
    """Those of the login names that are turned away from some address now, in a fixed number of queries."""
    keys = {key: name for name in names for key in (name, code_key(name))}
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    failed = AccessAttempt.objects.filter(
        username__in=keys, failures_since_start__gte=get_failure_limit(None, None), attempt_time__gt=since
    )
    found = {*failed.values_list("username", flat=True), *locked_out_now(keys)}
    return {keys[key] for key in found if key in keys}


class UserChangeList(FastChangeList):
    """Asks once for the whole page who is locked out."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        users: list[Any] = list(self.result_list)
        locked = locked_among(user.username for user in users)
        for user in users:
            user.is_locked_now = user.username in locked


class StandingFilter(SimpleListFilter):
    title = _("account")
    parameter_name = "account"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STANDINGS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        if value == OFF:
            return queryset.filter(is_active=False)
        if value == NEVER:
            return queryset.filter(is_active=True, **UNUSED)
        if value == LOCKED:
            return queryset.filter(is_active=True, username__in=self.locked())
        return queryset.filter(is_active=True).exclude(**UNUSED) if value == ON else queryset

    @staticmethod
    def locked() -> set[str]:
        """Whoever failed lately is a candidate; few are."""
        lately = timezone.now() - timedelta(hours=max(settings.AXES_COOLOFF_TIME, 1))
        failed = AccessAttempt.objects.filter(attempt_time__gt=lately).order_by("-attempt_time")
        names = {
            name.removeprefix("code:") for name in failed.values_list("username", flat=True)[:MOST_LOCKED]
        }
        known = User.objects.filter(username__in=names).values_list("username", flat=True)
        return locked_among(known)
