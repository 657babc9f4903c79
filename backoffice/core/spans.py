"""Since when a record has been the reader's own: a history begins there, and ends where the record left.

A company reads of its people what happened while they were its own, a member reads of the employer what happened
while employed there (specification 1: scoping is absolute, the history included). Staff reads everything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from backoffice.core.once import once
from backoffice.core.scoping import bound_id, scope_of
from backoffice.roles import ALL, DESK_BINDINGS


@dataclass(frozen=True)
class Span:
    """From the moment on at which the record came, up to the one at which it left (None: it is here)."""

    since: datetime
    until: datetime | None = None


def spans_of(record: Any, user: Any) -> list[Span] | None:
    """When the record was the user's own, oldest first; None where nothing is cut off.

    The record's own history says whom it was bound to. A model that does not keep that, or is visible by way of
    another one, has `history_follows(user)`: the record whose spans count, and the field that names the owner.
    """
    path = scope_of(type(record), user)
    bound = bound_id(user) if getattr(user, "role", None) in DESK_BINDINGS else None
    if bound is None or path in (None, ALL, "pk") or str(path).startswith("@"):
        return None
    if follows := getattr(record, "history_follows", None):
        found = follows(user)
        return None if found is None else spans(*found)
    tracked = (
        {field.name for field in type(record).history.model.tracked_fields} if has_history(record) else ()
    )
    return spans(record, str(path), bound) if path in tracked else None


def spans_on_page(request: HttpRequest, record: Any) -> list[Span] | None:
    """The same for the reader of a page: its history, its trail and its panels ask."""
    key = ("spans", type(record), record.pk, request.user.pk)
    return once(request, key, lambda: spans_of(record, request.user))


def has_history(record: Any) -> bool:
    return hasattr(type(record), "history")


def spans(record: Any, field: str, bound: Any) -> list[Span]:
    """When `field` of the record was `bound`, by the record's history."""
    column: Any = type(record)._meta.get_field(field)
    attname, owners = column.attname, column.related_model._default_manager
    own = {bound}
    if hasattr(column.related_model, "merged_into"):  # what a merged duplicate owned is the kept record's
        own |= set(owners.filter(merged_into=bound).values_list("pk", flat=True))
    rows = (
        type(record)
        .history.filter(**{record._meta.pk.attname: record.pk})
        .order_by("history_date", "history_id")
    )
    found: list[Span] = []
    since = None
    for moment, owner in rows.values_list("history_date", attname):
        if owner in own and since is None:
            since = moment
        elif owner not in own and since is not None:
            found.append(Span(since, moment))
            since = None
    return [*found, Span(since)] if since is not None else found


def within(found: list[Span] | None, rows: Any, moment: str) -> Any:
    """Those of the rows (a queryset) that fall into one of the spans, without what took the record away."""
    if found is None:
        return rows
    condition = Q(pk__in=[])
    for span in found:
        inside = Q(**{f"{moment}__gte": span.since})
        condition |= inside & Q(**{f"{moment}__lt": span.until}) if span.until else inside
    return rows.filter(condition)


def is_first(found: list[Span] | None, moment: datetime) -> bool:
    """Whether this history row is the one with which the record came: what it was before is somebody else's."""
    return found is not None and any(span.since == moment for span in found)
