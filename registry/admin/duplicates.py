"""Possible duplicates: the list, the comparison on which the office decides, and the merges that can be undone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.core import running
from backoffice.core.admin import ScopedAdmin
from backoffice.core.filters import ChoicesFilter
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import level_for, shown_to
from backoffice.roles import WHOLE
from registry import duplicates
from registry.admin.merging import page_of
from registry.merge_children import counts_of
from registry.merging import (
    MODELS,
    MergeRefused,
    compared_fields,
    decide_different,
    merge,
    seen,
    title_of,
    why_gone,
)
from registry.models import DuplicatePair, Merge
from registry.unmerging import blockers, records_of, undo

Status = DuplicatePair.Status
EMPTY = "–"
SIDES = ("first", "second")


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Stands in the history of both records."),
    )  # fmt: skip


@dataclass
class Row:
    """One field of the two records, side by side; `checked` is the side whose value is proposed."""

    name: str
    label: str
    values: list[Any]
    differs: bool
    checked: str


def shown(row: Any, field: models.Field, reader: Any) -> Any:
    if getattr(row, field.attname) in (None, ""):
        return EMPTY
    if level_for(reader, type(row), field.name) != WHOLE:
        return shown_to(reader, row, field.name) or EMPTY
    if field.remote_field is not None:
        return str(getattr(row, field.name))
    if field.choices:
        return getattr(row, f"get_{field.name}_display")()
    return localize(getattr(row, field.attname))


def compared(records: list[Any], keep: str, data: Any, reader: Any) -> list[Row]:
    """All fields of the two; proposed is what was chosen before, else the kept record's, and filled before empty."""
    rows = []
    for field in compared_fields(type(records[0])):
        raw = [getattr(record, field.attname) for record in records]
        filled = [value not in (None, "") for value in raw]
        other = SIDES[1 - SIDES.index(keep)]
        proposed = other if filled[SIDES.index(other)] and not filled[SIDES.index(keep)] else keep
        chosen = (data or {}).get(f"field_{field.name}")
        rows.append(Row(
            name=field.name, label=capfirst(str(field.verbose_name)),
            values=[shown(row, field, reader) for row in records],
            differs=raw[0] != raw[1] and any(filled), checked=chosen if chosen in SIDES else proposed,
        ))  # fmt: skip
    return rows


def proposed_side(counts: list[tuple[str, list[int]]]) -> str:
    """Keep the record on which more hangs; of two alike the older one."""
    sums = [sum(numbers[side] for _label, numbers in counts) for side in (0, 1)]
    return SIDES[1] if sums[1] > sums[0] else SIDES[0]


@admin.register(DuplicatePair)
class DuplicatePairAdmin(ScopedAdmin):
    list_display = ["label", "show_kind", "show_reason", "show_status", "decided_by", "found_at"]
    phone_lines = (("label",), ("show_kind", "show_status"), ("show_reason",), ("found_at",))
    list_select_related = ["decided_by"]
    list_filter = [("status", ChoicesFilter), ("kind", ChoicesFilter)]
    search_fields = ["label"]
    search_help_text = _("Part of a name or number")
    ordering = ["-status", "id"]
    sortable_by = ()
    list_before_template = "admin/registry/merge_tools.html"

    @display(description=_("kind"))
    def show_kind(self, pair: DuplicatePair) -> str:
        return str(pair.get_kind_display())

    @display(description=_("why"))
    def show_reason(self, pair: DuplicatePair) -> str:
        return duplicates.in_words(pair.reason)

    @display(description=_("status"), label=DuplicatePair.COLOURS)
    def show_status(self, pair: DuplicatePair) -> tuple[str, str]:
        return pair.status, str(pair.get_status_display())

    def get_urls(self) -> list[URLPattern]:
        def at(tail: str, view: Callable, name: str) -> URLPattern:
            return path(tail, self.admin_site.admin_view(view), name=f"registry_duplicatepair_{name}")

        return [
            at("find/", self.find_view, "find"),
            at("<int:pk>/merge/", self.merge_view, "merge"),
            at("<int:pk>/different/", self.different_view, "different"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        last = duplicates.last_search()
        own = {
            "last_search": last,
            "search_runs": duplicates.is_running(last),
            "may_search": self.has_change_permission(request),
        }
        return super().changelist_view(request, {**(extra_context or {}), **own})

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Start the search in the background."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if duplicates.begin(request.user) is None:
            messages.warning(request, _("A search is under way; the list shows what it finds."))
        else:
            messages.success(
                request, _("The search has begun. You may leave this page; the list shows what it finds.")
            )
        return HttpResponseRedirect(reverse("admin:registry_duplicatepair_changelist"))

    # -- comparison ------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        pair = self.get_object(request, object_id)
        if pair is None:
            raise Http404
        if request.method == "POST":
            raise PermissionDenied  # each act has an address of its own
        return self.comparison(request, pair, ReasonForm())

    def comparison(
        self, request: HttpRequest, pair: DuplicatePair, form: forms.Form, data: Any = None
    ) -> HttpResponse:
        """The two records side by side; after a refusal with what was chosen."""
        model = MODELS[pair.kind]
        found = visible_to(model, request.user).in_bulk([pair.first_id, pair.second_id])
        records = [found[pk] for pk in (pair.first_id, pair.second_id) if pk in found]
        context = {
            **self.admin_site.each_context(request), "title": _("Compare"), "subtitle": pair.label, "opts": self.opts,
            "object": pair, "pair": pair, "why": duplicates.in_words(pair.reason), "form": form,
            "list_url": reverse("admin:registry_duplicatepair_changelist"), "status": Status,
        }  # fmt: skip
        if len(records) == 2:
            ids = [pair.first_id, pair.second_id]
            counts = counts_of(model, ids)
            keep = (data or {}).get("keep")
            keep = keep if keep in SIDES else proposed_side(counts)
            context |= {
                "records": [
                    {"side": side, "title": title_of(row), "url": page_of(row), "since": row.created_at,
                     "keep": side == keep, "counts": [(label, numbers[at]) for label, numbers in counts]}
                    for at, (side, row) in enumerate(zip(SIDES, records, strict=True))
                ],
                "concerned": [text for _tone, text in running.notes(records, request.user)],
                "rows": compared(records, keep, data, request.user), "seen": seen(*records),
                "is_person": pair.kind == "PERSON",
                "may_act": self.has_change_permission(request, pair),
            }  # fmt: skip
        else:
            context |= {
                "gone": self.what_became(pair, model),
                "left": [(title_of(r), page_of(r)) for r in records],
            }
        return TemplateResponse(request, "admin/registry/merge_compare.html", context)

    @staticmethod
    def what_became(pair: DuplicatePair, model: Any) -> list[str]:
        """Why the two cannot be compared any more: sentences about those that are no longer there."""
        rows = model._default_manager.in_bulk([pair.first_id, pair.second_id])
        gone = [why_gone(row) for row in rows.values() if row.merged_into_id is not None]
        if len(rows) < 2:
            gone.append(str(_("One of the two records does not exist any more.")))
        return gone

    def acted_on(self, request: HttpRequest, pk: int) -> DuplicatePair:
        """The pair an act is about: 404 out of scope, 403 for those who only look."""
        pair: DuplicatePair | None = self.get_queryset(request).filter(pk=pk).first()
        if pair is None:
            raise Http404
        if not self.has_change_permission(request, pair):
            raise PermissionDenied
        return pair

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Merge the two as chosen; on refusal the comparison again, with the sentence and what was chosen."""
        pair = self.acted_on(request, pk)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:registry_duplicatepair_change", args=[pk]))
        form = ReasonForm(request.POST)
        found = MODELS[pair.kind]._default_manager.in_bulk([pair.first_id, pair.second_id])
        keep = request.POST.get("keep")
        if keep not in SIDES or len(found) < 2 or not form.is_valid():
            return self.comparison(request, pair, form, request.POST)
        sides = dict(zip(SIDES, (found[pair.first_id], found[pair.second_id]), strict=True))
        kept, merged = sides.pop(keep), *sides.values()
        take = [
            field.name for field in compared_fields(type(kept))
            if request.POST.get(f"field_{field.name}", keep) in sides
        ]  # fmt: skip
        try:
            merge(kept, merged, take=take, by=request.user, reason=form.cleaned_data["reason"],
                  as_seen=request.POST.get("seen", ""))  # fmt: skip
        except MergeRefused as refusal:
            messages.error(request, str(refusal))
            return self.comparison(request, pair, form, request.POST)
        except OperationalError:  # PostgreSQL ended a deadlock with somebody's step, or SQLite was busy
            messages.error(request, _("Somebody was changing these records at this moment. Try again."))
            return self.comparison(request, pair, form, request.POST)
        messages.success(
            request,
            _("%(merged)s is now part of this record. The list of merges can undo it.")
            % {"merged": title_of(merged)},
        )
        return HttpResponseRedirect(page_of(kept))

    def different_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        pair = self.acted_on(request, pk)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:registry_duplicatepair_change", args=[pk]))
        try:
            decide_different(pair, request.user)
        except MergeRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Remembered: these two are not the same. Nobody is asked again."))
        return HttpResponseRedirect(reverse("admin:registry_duplicatepair_changelist"))


@admin.register(Merge)
class MergeAdmin(ScopedAdmin):
    list_display = ["label", "show_kind", "reason", "by", "at", "show_state"]
    list_select_related = ["by", "content_type", "undone_by"]
    search_fields = ["label"]
    search_help_text = _("Part of a name or number")
    ordering = ["-id"]
    sortable_by = ()

    @display(description=_("kind"))
    def show_kind(self, done: Merge) -> str:
        return capfirst(str(done.content_type.model_class()._meta.verbose_name))

    @display(description=_("state"), label={"done": "success", "undone": "warning"})
    def show_state(self, done: Merge) -> tuple[str, str]:
        return ("undone", str(_("Undone"))) if done.undone_at else ("done", str(_("Merged")))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)
        return [path("<int:pk>/undo/", view, name="registry_merge_undo"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        done = self.get_object(request, object_id)
        if done is None:
            raise Http404
        if request.method == "POST":
            raise PermissionDenied
        kept, merged = records_of(done)
        may_act = self.has_change_permission(request, done) and done.undone_at is None and kept and merged
        context = {
            **self.admin_site.each_context(request), "title": _("Merge"), "subtitle": done.label, "opts": self.opts,
            "object": done, "done": done, "list_url": reverse("admin:registry_merge_changelist"),
            "kept": (title_of(kept), page_of(kept)) if kept else None,
            "moved": moved_in_words(done), "values": changed_values(done, request.user), "may_act": may_act,
            "blockers": list(blockers(done, kept, merged)) if may_act else [],
        }  # fmt: skip
        return TemplateResponse(request, "admin/registry/merge.html", context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        done = self.get_queryset(request).filter(pk=pk).first()
        if done is None:
            raise Http404
        if not self.has_change_permission(request, done):
            raise PermissionDenied
        if request.method == "POST":
            try:
                undo(done, by=request.user)
            except MergeRefused as refusal:
                for sentence in str(refusal).splitlines():
                    messages.error(request, sentence)
            except OperationalError:
                messages.error(request, _("Somebody was changing these records at this moment. Try again."))
            else:
                messages.success(request, _("The merge was undone: there are two records again."))
        return HttpResponseRedirect(reverse("admin:registry_merge_change", args=[pk]))


def moved_in_words(done: Merge) -> list[tuple[str, int]]:
    """What was moved, and how much of it."""
    found: dict[str, int] = {}
    labels = [(name.rpartition(".")[0], ids) for name, ids in done.undo_data.get("moved", {}).items()]
    labels += list(done.undo_data.get("owned", {}).items())
    for label, ids in labels:
        name = capfirst(str(apps.get_model(label)._meta.verbose_name_plural))
        found[name] = max(found.get(name, 0), len(ids))
    return list(found.items())


def changed_values(done: Merge, reader: Any) -> list[tuple[str, str, str]]:
    """Which fields of the kept record took another value: label, old, new."""
    model: Any = done.content_type.model_class()
    fields = {field.attname: field for field in compared_fields(model)}
    changed = []
    for attname, (old, new) in done.undo_data.get("values", {}).get("kept", {}).items():
        if old != new:
            field = fields[attname]
            sides = [shown(model(**{attname: field.to_python(value)}), field, reader) for value in (old, new)]
            changed.append((capfirst(str(field.verbose_name)), *sides))
    return changed  # type: ignore[return-value]
