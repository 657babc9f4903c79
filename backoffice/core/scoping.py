"""`visible_to(model, user)`: the rows a user may see, the only source of rows for every screen.

Reads the one table `roles.SCOPES`. Whatever it does not know, it answers with no row (specification 1).
"""

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet

from backoffice.roles import ALL, APPLICANT, DESK_BINDINGS, OWNER, SCOPES, SELF, allows


def scope_of(model: type[Model], user: Any) -> str | None:
    """The entry of SCOPES for this model and user, or None where nothing may be seen."""
    if user is None or not getattr(user, "is_active", False):
        return None
    return SCOPES.get(model._meta.label, {}).get(getattr(user, "role", ""))


def bound_id(user: Any) -> int | None:
    """The primary key of the record the user is bound to (company, person, local body), or None."""
    return getattr(user, DESK_BINDINGS.get(user.role, ""), None)


def visible_to(model: type[Model], user: Any, *, queryset: QuerySet | None = None) -> QuerySet:
    """Return the rows of `model` (or of `queryset`) that `user` may see; none if nothing says otherwise."""
    rows: QuerySet = model._default_manager.all() if queryset is None else queryset
    scope = scope_of(model, user)
    if scope is None:
        return rows.none()
    rows = without_hidden(model, user, rows)
    if scope == ALL:
        return rows
    if scope == SELF:
        return rows.filter(user_id=user.pk)
    if scope == OWNER:
        return rows.filter(owner_visible(model, user))
    if scope == "@desk" and user.role not in DESK_BINDINGS:
        return rows.filter(role=user.role)
    bound = bound_id(user)
    if bound is None or (user.role == APPLICANT and not isinstance(user.record, model)):
        return rows.none()
    return rows.filter(role=user.role, bound_id=bound) if scope == "@desk" else rows.filter(**{scope: bound})


def without_hidden(model: type[Model], user: Any, rows: QuerySet) -> QuerySet:
    """Leave out what is nobody's (merged records), the drafts of applicants, who alone see them, and what is
    not published yet for those who only read (`shown_to`)."""
    if hidden := getattr(model, "hidden_rows", None):
        rows = rows.filter(~hidden)
    if shown_to := getattr(model, "shown_to", None):
        rows = rows.filter(shown_to(user))
    private = getattr(model, "private_states", ())
    return rows.exclude(state__in=private) if private and user.role != APPLICANT else rows


def owner_visible(model: type[Model], user: Any) -> Q:
    """A condition on rows with a generic owner (`content_type`, `object_id`): the owner is visible."""
    condition = Q(pk__in=[])
    careful = user.role in getattr(model, "only_of_what_they_change", ())
    for owner in getattr(model, "owner_models", lambda: ())():
        scope = scope_of(owner, user)
        # What is open to everybody (announcements) has no private files.
        verb = "change" if careful and scope != ALL else "view"
        if scope is not None and allows(user.role, verb, owner._meta.label):
            content_type = ContentType.objects.get_for_model(owner)
            condition |= Q(content_type=content_type, object_id__in=visible_to(owner, user).values("pk"))
    for owner, keys in LENT.get((model._meta.label, user.role), {}).items():
        if user.is_active:
            condition |= Q(content_type=ContentType.objects.get_for_model(owner), object_id__in=keys(user))
    return condition


#: What `lend()` was told: (label of what hangs on the record, role) -> owner -> the keys of the owners.
LENT: dict[tuple[str, str], dict[type[Model], Callable[[Any], QuerySet]]] = {}


def lend(model: type[Model], owner: type[Model], role: str, keys: Callable[[Any], QuerySet]) -> None:
    """Let a role read what hangs on records that it does not see itself: a reviewer, the papers of those who apply.

    Called at start-up. `keys(user)` is a queryset of the owners' keys, asked inside the query. To read only: a role
    that changes such records has them in its scope.
    """
    if allows(role, "change", owner._meta.label):
        raise ValueError(f"{role} changes {owner._meta.label}: say in SCOPES which of them it sees")
    LENT.setdefault((model._meta.label, role), {})[owner] = keys


def can_see(obj: Model, user: Any) -> bool:
    """Whether this very row is in the user's scope."""
    return visible_to(type(obj), user).filter(pk=obj.pk).exists()
