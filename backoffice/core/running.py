"""Acts that break into running matters: one mechanism to name them before and to tell those concerned after.

A class gets other dates, a person goes to another company, a certificate is cancelled, two records are merged, a
company takes a new name: each may concern what somebody is in the middle of. An app says what hangs on a record
(`offer`) and who looks after a flow's record (`reach`); pages show `notes()` before the act, and `tell()` after it
writes one message for each matter.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.inbox import state_label
from backoffice.core.links import page_of
from backoffice.core.notices import Notice, Recipient, notify_each, register
from backoffice.core.scoping import visible_to

#: Given a record, the running matters of one flow that hang on it, as a queryset.
Source = Callable[[Any], models.QuerySet]
#: Given records of a flow, whom to tell of each, by primary key.
Reach = Callable[[list[Any]], dict[int, list[Recipient]]]

SOURCES: Final[dict[type[models.Model], list[Source]]] = defaultdict(list)
REACHES: Final[dict[type[models.Model], Reach]] = {}
#: So many are named on a page, the others counted.
NAMED: Final = 5
CODE: Final = "running.changed"


def offer(model: type[models.Model], source: Source) -> None:
    """Running matters of `source` hang on records of `model`. Called at start-up."""
    if source not in SOURCES[model]:
        SOURCES[model].append(source)


def reach(flow: type[models.Model], recipients: Reach) -> None:
    """Who is told of the running matters of this flow. Called at start-up."""
    REACHES[flow] = recipients


def register_notices() -> None:
    """Called once at start-up (CoreConfig.ready)."""
    register(
        Notice(CODE, gettext_lazy("Something changed under a running matter: to those who look after it"),
               gettext_lazy("Please look at this again: {matter}"),
               gettext_lazy("{what}\n\nThis concerns “{matter}” ({state}). Please check whether it can go on as it "
                            "is."),
               placeholders={
                   "what": "2026年第1期网络继续教育班：开班日期 2026-06-01 → 2026-07-01",
                   "matter": "广东示范监理有限公司 · 2026年第1期网络继续教育班", "state": "当地审批",
                   "page": "https://members.example.org/admin/training/enrolment/1/change/",
               }),
    )  # fmt: skip


def matters_of(*records: Any) -> list[Any]:
    """The running matters that hang on these records, each once."""
    found: dict[tuple[type, Any], Any] = {}
    for record in records:
        for source in SOURCES.get(type(record), ()):
            found |= {(type(row), row.pk): row for row in source(record)}
    return list(found.values())


def notes(records: Iterable[Any], user: Any) -> list[tuple[str, Any]]:
    """One remark for a page: how many running matters the act concerns, and the first of them as links.

    Those that the reader may not see are counted, not named.
    """
    matters = matters_of(*records)
    return [("warning", in_words(matters, user))] if matters else []


def in_words(matters: list[Any], user: Any) -> Any:
    kinds = {type(row) for row in matters}
    seen = {
        (kind, pk)
        for kind in kinds
        for pk in visible_to(kind, user)
        .filter(pk__in=[row.pk for row in matters if type(row) is kind])
        .values_list("pk", flat=True)
    }
    shown = [row for row in matters if (type(row), row.pk) in seen][:NAMED]
    text = ngettext(
        "This concerns %(count)d running matter. Those who look after it are told:",
        "This concerns %(count)d running matters. Those who look after them are told:", len(matters),
    ) % {"count": len(matters)}  # fmt: skip
    links = format_html_join(
        "、", '<a class="bo-link" href="{}" target="_blank" rel="noopener">{}</a> ({})',
        ((page_of(row, absolute=False), row, state_label(type(row), row.state)) for row in shown),
    )  # fmt: skip
    more = len(matters) - len(shown)
    rest = (
        ngettext(" and %(more)d more", " and %(more)d more", more) % {"more": more} if more and shown else ""
    )
    return format_html("{} {}{}", text, links, rest)


def tell(matters: list[Any], what: str) -> int:
    """Tell those who look after these matters what has changed; return how many messages were queued."""
    with translation.override(settings.LANGUAGE_CODE):
        told = []
        for flow in dict.fromkeys(type(row) for row in matters):
            rows = [row for row in matters if type(row) is flow]
            recipients = REACHES[flow](rows) if flow in REACHES else {}
            told += [
                (recipients.get(row.pk, []), {
                    "what": what, "matter": row, "state": state_label(flow, row.state), "page": page_of(row),
                })
                for row in rows
            ]  # fmt: skip
        return len(notify_each(CODE, told))


def changed(record: Any, fields: Iterable[str], before: Any) -> str:
    """What was changed on a record, as the message says it: “class: begins on 2026-06-01 → 2026-07-01”."""
    with translation.override(settings.LANGUAGE_CODE):
        parts = []
        for name in fields:
            field = record._meta.get_field(name)
            parts.append(f"{field.verbose_name} {value(before, name)} → {value(record, name)}")
        return _("%(kind)s “%(record)s”: %(changes)s") % {
            "kind": record._meta.verbose_name, "record": before, "changes": "；".join(parts),
        }  # fmt: skip


def value(record: Any, name: str) -> str:
    shown = getattr(record, f"get_{name}_display", None)
    found = shown() if shown is not None else getattr(record, name)
    return "–" if found in (None, "") else str(found)
