"""HistoryAdmin: who changed which field from what to what, why; and corrections ask for the reason."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.core.admin.panels import Panel
from backoffice.core.admin.stale import merge
from backoffice.core.filters import key_or_none
from backoffice.core.sensitive import is_hidden, level_for, text_for, value_for
from backoffice.core.spans import is_first, spans_on_page, within
from backoffice.roles import WHOLE, Role

EMPTY = "–"


@dataclass
class Change:
    label: str
    old: str
    new: str


@dataclass
class Entry:
    """One line of the history page."""

    at: Any
    kind: str
    who: str
    reason: str
    changes: list[Change] = field(default_factory=list)


class HistoryForm(forms.ModelForm):
    """Adds the reason, and refuses to overwrite what someone else saved meanwhile."""

    #: Set on the class made for one request; the declared field itself is shared by all requests.
    reason_required = False
    #: From a link that knows the reason (`?change_reason=…`: a help request, an overdue profile).
    reason_given = ""
    #: Who reads the page (ScopedAdmin.get_form); what others typed meanwhile is shown as this user may read it.
    reader: Any = None

    change_reason = forms.CharField(
        label=_("Reason for the change"), required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Stands in the history for everyone who may see the record."),
    )  # fmt: skip
    seen_version = forms.CharField(required=False, widget=forms.HiddenInput, label="")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "change_reason" in self.fields:
            self.fields["change_reason"].required = self.reason_required
            self.fields["change_reason"].initial = self.reason_given
        if self.instance.pk and "seen_version" in self.fields:
            self.fields["seen_version"].initial = str(self.latest.history_id) if self.latest else ""

    @cached_property
    def latest(self) -> Any:
        return (
            type(self.instance).history.filter(**{self.instance._meta.pk.attname: self.instance.pk}).first()
        )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        seen = (cleaned or {}).get("seen_version")
        if self.instance.pk and seen and self.latest and str(self.latest.history_id) != seen:
            self.take_in_changes(seen)
        return cleaned

    def take_in_changes(self, seen: str) -> None:
        """Refuse the save once; what somebody else changed since is taken in, what was typed here stays.

        The page comes back with the newest version under it: whoever looked at both saves again.
        """
        rows = type(self.latest).objects.filter(**{self.instance._meta.pk.attname: self.instance.pk})
        before = rows.filter(history_id=key_or_none(seen)).first()
        names = related_names([before, self.latest], self.instance) if before else {}

        def show(field: models.Field, value: Any) -> str:
            return shown(field, value, names, type(self.instance), self.reader)

        told = merge(self, before, self.latest, show) if before else []
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("seen_version")] = str(self.latest.history_id)
        self.data = data
        raise forms.ValidationError(
            [
                forms.ValidationError(
                    _("%(who)s changed this record at %(when)s, after you opened it. Nothing was saved yet; what you "
                      "typed is still here. Look at both and save again."),
                    params={
                        "who": self.latest.history_user or _("The system"),
                        "when": localize(localtime(self.latest.history_date)),
                    },
                ),
                *told,
            ]
        )  # fmt: skip


class HistoryAdmin:
    """Mixin for a ScopedAdmin whose model has `history = History()`."""

    form = HistoryForm
    object_history_template = "admin/core/history.html"
    #: These roles correct other people's records and must say why.
    reason_required: ClassVar[tuple[str, ...]] = (Role.OFFICE, Role.ADMIN)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))  # type: ignore[misc]
        if obj is not None and self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            fieldsets.append((_("Correction"), {"fields": ["change_reason", "seen_version"]}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)  # type: ignore[misc]
        return tuple(name for name in fields if name not in ("change_reason", "seen_version"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        form.reason_required = change and request.user.role in self.reason_required
        form.reason_given = request.GET.get("change_reason", "")[:200]
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        obj._change_reason = form.cleaned_data.get("change_reason") or ""
        obj._history_user = request.user
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None or request.method != "GET":
            raise Http404
        page = Paginator(rows_of(request, obj), 50).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("History: %s") % obj, "page": page,
            "entries": entries(request, list(page.object_list), obj),
            "object": obj, "opts": obj._meta, "preserved_filters": "",
        }  # fmt: skip
        return TemplateResponse(request, self.object_history_template, context)


def history_panel(request: HttpRequest, obj: Any) -> dict[str, Any]:
    """The latest changes as a tab below the record; the page behind the link has them all."""
    rows = list(rows_of(request, obj)[:11])
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_history"
    return {
        "entries": entries(request, rows, obj)[:10],
        "more_url": reverse(name, args=[obj.pk]) if len(rows) > 10 else "",
    }


HISTORY = Panel("history", _("History"), history_panel, "admin/core/panel_history.html")


def rows_of(request: HttpRequest, obj: Any) -> models.QuerySet:
    """The record's history rows, newest first, as long as the record was the user's own."""
    rows = type(obj).history.filter(**{obj._meta.pk.attname: obj.pk}).select_related("history_user")
    return within(spans_on_page(request, obj), rows, "history_date")  # type: ignore[no-any-return]


def entries(request: HttpRequest, rows: list[Any], obj: Any) -> list[Entry]:
    """The history rows (newest first, one object) as lines with field-level differences, as the user may read them.

    With the row that brought the record to the user the page begins: it shows what the record was then, not what
    it had been with somebody else, nor that one's reason.
    """
    if not rows:
        return []
    user, found, first = request.user, spans_on_page(request, obj), rows[-1]
    key = first.instance_type._meta.pk.attname
    same = type(first).objects.filter(**{key: getattr(first, key)})
    oldest = same.filter(history_id__lt=first.history_id).order_by("-history_id").first()
    names = related_names([*rows, oldest] if oldest else rows, obj)
    kinds = {"+": _("Created"), "~": _("Changed"), "-": _("Deleted")}
    users = {row.history_user_id: row.history_user for row in rows}
    lines = []
    for row, previous in zip(rows, [*rows[1:], oldest], strict=True):
        came = row.history_type != "+" and is_first(found, row.history_date)
        lines.append(
            Entry(
                at=row.history_date, kind=str(_("Came to you") if came else kinds[row.history_type]),
                reason="" if came else text_for(user, row.history_change_reason),
                who=str(users[row.history_user_id] or _("The system")),
                changes=differences(row, None if came else previous, names, user),
            )
        )  # fmt: skip
    return lines


def differences(
    row: Any, previous: Any | None, names: dict[tuple[type, Any], str], user: Any
) -> list[Change]:
    """The fields in which `row` differs from the row before it; all filled fields for the first one."""
    changes = []
    hidden = getattr(row.instance_type, "hidden_in_history", lambda row: ())
    for tracked in row.tracked_fields:
        if tracked.name in hidden(row) or is_hidden(user, row.instance_type, tracked.name):
            continue
        old = getattr(previous, tracked.attname) if previous is not None else None
        new = getattr(row, tracked.attname)
        if tracked.primary_key or old == new or (old in (None, "") and new in (None, "")):
            continue
        changes.append(
            Change(
                capfirst(str(tracked.verbose_name)),
                *(shown(tracked, value, names, row.instance_type, user) for value in (old, new)),
            )
        )
    return changes


def shown(
    tracked: models.Field, value: Any, names: dict[tuple[type, Any], str], model: Any, user: Any
) -> str:
    """A stored value as people read it, and as this user may."""
    if value in (None, ""):
        return EMPTY
    if level_for(user, model, tracked.name) != WHOLE:
        return str(value_for(user, model, tracked.name, value)) or EMPTY
    if isinstance(tracked, models.TextField):
        return text_for(user, value)
    if tracked.remote_field is not None:
        return names.get((tracked.remote_field.model, value), str(value))
    if tracked.choices:
        return str(dict(tracked.flatchoices).get(value, value))
    if (as_read := getattr(tracked, "as_read", None)) is not None:
        return str(as_read(value))
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    return str(localize(localtime(value) if hasattr(value, "hour") else value))


def related_names(rows: list[Any], obj: Any) -> dict[tuple[type, Any], str]:
    """The names behind the foreign keys of these history rows: those that the record has at hand, and one query for
    each related model with others."""
    at_hand: dict[tuple[type, Any], str] = {}
    wanted: dict[type[models.Model], set[Any]] = {}
    for tracked in rows[0].tracked_fields:
        if tracked.remote_field is None:
            continue
        model, field = tracked.remote_field.model, obj._meta.get_field(tracked.name)
        if field.is_cached(obj) and getattr(obj, tracked.name) is not None:
            at_hand[model, getattr(obj, tracked.attname)] = str(getattr(obj, tracked.name))
        found = {getattr(row, tracked.attname) for row in rows} - {None}
        wanted.setdefault(model, set()).update(key for key in found if (model, key) not in at_hand)
    return at_hand | {
        (model, obj.pk): str(obj)
        for model, ids in wanted.items()
        if ids
        for obj in model._default_manager.filter(pk__in=ids)
    }
