"""Import screens: hand in a file, map unknown columns, look it through, confirm, watch, download, undo."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldBooleanSwitchWidget

from backoffice.core import imports, written
from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.excel import UnreadableFile, cell_name
from backoffice.core.excel.layouts import get_layouts
from backoffice.core.excel.limits import IMPORT
from backoffice.core.excel.template import label_of
from backoffice.core.filters import ChoicesFilter
from backoffice.core.import_watch import BUSY, standstill
from backoffice.core.models import ImportRun
from backoffice.core.sensitive import is_hidden, level_for, masked, text_for
from backoffice.core.undoing import SHOWN
from backoffice.roles import WHOLE, allows

Status = ImportRun.Status
#: Begins the names of profile fields that the row of a certificate fills in.
OF_HOLDER = "person_"
#: The choices that let conflicts of a kind pass: accept_other_company is the kind "other_company".
ACCEPT = "accept_"
#: Outcome -> (label, colour), in the order people read them.
OUTCOMES: dict[str, tuple[Any, str]] = {
    "create": (_("New"), "success"),
    "update": (_("Changed"), "info"),
    "unchanged": (_("Unchanged"), "default"),
    "repeated": (_("Repeated in the file"), "default"),
    "conflict": (_("Conflicts"), "warning"),
    "error": (_("Errors"), "danger"),
}


def outcomes_of(layout: str) -> Mapping[str, tuple[Any, str]]:
    """What can become of a row of this layout; an importer may have outcomes of its own."""
    return getattr(imports.importer_for(layout), "outcomes", OUTCOMES)


def written_by(layout: str) -> Sequence[str]:
    """The outcomes that write something."""
    return getattr(imports.importer_for(layout), "writes", ("create", "update"))


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget,
        help_text=_("Excel (.xlsx, .xls), WPS, LibreOffice or .csv; up to 60 MB and 200,000 rows."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > IMPORT.file:
            raise forms.ValidationError(
                _("“%s” is larger than 60 MB; split it into several files.") % file.name
            )
        return file


class OptionsForm(forms.Form):
    all_or_nothing = forms.BooleanField(
        label=_("All or nothing"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("Import no row as long as one is wrong. Otherwise the good rows are imported."),
    )  # fmt: skip
    accept_other_company = forms.BooleanField(
        label=_("People known in another company stay there"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("Import their certificates with the company of the file printed on them, and move nobody."),
    )  # fmt: skip
    accept_differing = forms.BooleanField(
        label=_("Take rows that do not fit their person"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("You have checked the rows whose name or other columns do not fit: the number is right."),
    )  # fmt: skip
    accept_odd = forms.BooleanField(
        label=_("Take unusual results"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("You have checked the results with a remark: they are right."),
    )  # fmt: skip
    create_companies = forms.BooleanField(
        label=_("Create unknown companies"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("As temporary members with an incomplete profile."),
    )  # fmt: skip

    def __init__(self, *args: Any, offered: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(offered):
            del self.fields[name]

    def options(self) -> dict[str, Any]:
        """The choices in the words of `core.imports`."""
        chosen = dict(self.cleaned_data)
        kinds = [name for name in chosen if name.startswith(ACCEPT)]
        return {name: value for name, value in chosen.items() if name not in kinds} | {
            "accept": [name.removeprefix(ACCEPT) for name in kinds if chosen[name]]
        }


def lines(
    run: ImportRun, shown: str, columns: Sequence[str], labels: Mapping[str, str], reader: Any
) -> list[dict[str, Any]]:
    """The first rows of an outcome as table lines: cells with a mark where file and register differ, and why."""
    as_read = imports.importer_for(run.layout).readable
    is_masked = level_for(reader, ImportRun, "samples") != WHOLE

    def readable(name: str, value: Any) -> str:
        """The value as people read it; a row names a person as the register does."""
        text = as_read(name, value)
        return masked(name, text) if is_masked else text

    found: list[dict[str, Any]] = []
    for row in run.samples.get(shown, []):
        changes = row.get("changes", {})
        differs = set(changes) | set(row.get("register", {}))
        cells = [(readable(name, row["values"].get(name, "")), name in differs) for name in columns]
        details = [
            _("{cell}: {message}").format(
                cell=cell_name(reason["column"], row["row"]), message=reason["message"]
            )
            for reason in row.get("reasons", [])
        ]
        details += [row["message"]] if "message" in row else []
        details += [_("The same as row %s") % row["same_as"]] if "same_as" in row else []
        details += [
            _("{field}: {old} → {new}").format(field=label_of_change(name, labels), old=old or "–", new=new)
            for name, (old, new) in ((name, map_pair(readable, name, pair)) for name, pair in changes.items())
        ]
        if row.get("person") == "known":
            details.append(str(_("The holder is in the register already.")))
        details = [text_for(reader, detail) for detail in details]
        found.append({"row": row["row"], "side": _("File"), "cells": cells, "details": details})
        if row.get("register"):
            known = [(readable(name, row["register"].get(name, "")), name in differs) for name in columns]
            found.append({"row": "", "side": _("Register"), "cells": known, "details": []})
    return found


def map_pair(readable: Callable[[str, Any], str], name: str, pair: list[Any]) -> tuple[str, str]:
    """What was and what will be, as people read it; nothing where there was nothing."""
    plain = name.removeprefix(OF_HOLDER)
    old, new = ("" if value in (None, "") else readable(plain, value) for value in pair)
    return old, new


def label_of_change(name: str, labels: Mapping[str, str]) -> str:
    """The caption of a field that changes; a certificate's import also fills in its holder's profile."""
    plain = name.removeprefix(OF_HOLDER)
    label = labels.get(plain, plain)
    return _("holder's {field}").format(field=label) if plain != name else label


def undo_context(run: ImportRun, may_act: bool) -> dict[str, Any]:
    """What the page of a run says of its undo: whether it is offered, what stands against it, what would stay."""
    offered = run.status in imports.UNDOABLE and may_act
    blockers = imports.undo_blockers(run) if offered else []
    preview = imports.undo_preview(run) if offered and not blockers else None
    free, stay = preview or (0, [])
    return {
        "undo_offered": offered, "blockers": blockers, "undo_by_record": preview is not None, "undo_free": free,
        "undo_stay": stay[: SHOWN], "undo_more": max(0, len(stay) - SHOWN),
    }  # fmt: skip


@admin.register(ImportRun)
class ImportRunAdmin(ScopedAdmin):
    list_display = ["filename", "show_status", "show_counts", "created_by", "created_at", "finished_at"]
    list_select_related = ["created_by"]
    list_filter = [("status", ChoicesFilter)]
    search_fields = ["filename"]
    ordering = ["-id"]
    sortable_by = ()

    @display(description=_("status"), label=ImportRun.COLOURS)
    def show_status(self, run: ImportRun) -> tuple[str, str]:
        return run.status, str(run.get_status_display())

    @display(description=_("rows"))
    def show_counts(self, run: ImportRun) -> str:
        outcomes = outcomes_of(run.layout).items()
        parts = [
            f"{label} {written.number(run.counts[key])}"
            for key, (label, _c) in outcomes
            if run.counts.get(key)
        ]
        return " · ".join(parts) or "–"

    def get_urls(self) -> list[URLPattern]:
        def at(tail: str, view: Callable, name: str) -> URLPattern:
            return path(tail, self.admin_site.admin_view(view), name=f"core_importrun_{name}")

        return [
            at("template/<str:layout>/", self.template_view, "template"),
            at("<int:pk>/mapping/", self.mapping_view, "mapping"),
            at("<int:pk>/options/", self.options_view, "options"),
            at("<int:pk>/confirm/", self.confirm_view, "confirm"),
            at("<int:pk>/discard/", self.discard_view, "discard"),
            at("<int:pk>/undo/", self.undo_view, "undo"),
            at("<int:pk>/progress/", self.progress_view, "progress"),
            at("<int:pk>/file/<str:which>/", self.file_view, "file"),
            *super().get_urls(),
        ]

    # -- pages -----------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Hand in a file; a file that cannot be read is refused with its sentence and leaves no record."""
        offered = {k: v for k, v in get_layouts().items() if imports.may_import(request.user, k)}
        layout = request.GET.get("layout") or next(iter(offered), "")
        if not self.has_add_permission(request) or layout not in offered:
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                run = imports.start(file, file.name, layout, request.user, {})
                imports.preview(run)
            except UnreadableFile as refusal:
                form.add_error("file", str(refusal))
            else:
                return self.to_run(run)
        labels = [(key, entry.label) for key, entry in offered.items()]
        context = self.context(
            request, _("Import from Excel"), form=form, add=True, layout=layout, layouts=labels
        )
        return TemplateResponse(request, "admin/core/imports/upload.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        if request.method == "POST":
            raise PermissionDenied  # each act has an address of its own
        may_act = allows(request.user.role, "change", "core.ImportRun")
        outcomes = outcomes_of(run.layout)
        shown = request.GET.get("show") or next(
            (key for key in ("conflict", "error", *outcomes) if run.counts.get(key)), ""
        )
        options = run.options
        labels = {field.name: label_of(field) for field in get_layouts()[run.layout].fields}
        columns = imports.importer_for(run.layout).shown
        context = self.context(
            request, run.filename, run=run, original=run, may_act=may_act, shown=shown,
            outcomes=[(key, label, colour, run.counts.get(key, 0)) for key, (label, colour) in outcomes.items()],
            columns=[labels[name] for name in columns], lines=lines(run, shown, columns, labels, request.user),
            status=Status, may_download=not is_hidden(request.user, ImportRun, "file"),
            open=run.status in (Status.PREVIEWED, Status.REFUSED, Status.FAILED),
            busy=run.status in BUSY, standstill=standstill(run),
            left_out=run.counts.get("conflict", 0) + run.counts.get("error", 0),
            to_write=sum(run.counts.get(name, 0) for name in written_by(run.layout)),
            options_form=OptionsForm(
                offered=imports.importer_for(run.layout).options,
                initial=options | {f"{ACCEPT}{kind}": True for kind in options.get("accept") or ()},
            ),
            fields=labels.items(), **undo_context(run, may_act),
        )  # fmt: skip
        return TemplateResponse(request, "admin/core/imports/run.html", context)

    def context(self, request: HttpRequest, title: Any, **more: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **more}

    @staticmethod
    def to_run(run: ImportRun) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:core_importrun_change", args=[run.pk]))

    # -- acts (POST only) ------------------------------------------------------------------------

    def act(
        self, request: HttpRequest, pk: int, verb: Callable[[ImportRun], Any], done: Any = ""
    ) -> HttpResponse:
        """Do `verb` on a run in scope and go back to its page; a refusal is shown there."""
        run = self.get_queryset(request).filter(pk=pk).first()
        if run is None:
            raise Http404
        if request.method != "POST" or not self.has_change_permission(request, run):
            raise PermissionDenied
        try:
            verb(run)
        except imports.ImportRefused as refusal:
            for sentence in refusal.sentences:
                messages.error(request, sentence)
        except UnreadableFile as refusal:
            messages.error(request, str(refusal))
        else:
            if done:
                messages.success(request, done)
        return self.to_run(run)

    def mapping_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Columns, header row and sheets as chosen. Another row or sheet has columns of its own: they are proposed
        anew, and what was chosen for the former ones is dropped.
        """
        posted = request.POST
        mapping = {
            int(key.removeprefix("column_")): str(value)
            for key, value in posted.items()
            if key.startswith("column_") and re.fullmatch(r"column_\d{1,4}", key)
        }
        row = posted.get("header_row", "")
        header_row = int(row) if re.fullmatch(r"[1-9]\d{0,5}", row) else None

        def choose(run: ImportRun) -> None:
            offered = run.seen.get("all_sheets", [])
            sheets = [name for name in offered if name in posted.getlist("sheet")] or None
            same_row = header_row in (None, run.seen.get("header_row"))
            same_sheets = sheets in (None, run.seen.get("sheets"))
            imports.set_mapping(
                run, mapping if same_row and same_sheets else {}, by=request.user,
                header_row=None if same_row else header_row, sheets=None if same_sheets else sheets,
                remember=posted.get("remember") == "on",
            )  # fmt: skip

        return self.act(request, pk, choose)

    def options_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def choose(run: ImportRun) -> None:
            form = OptionsForm(request.POST, offered=imports.importer_for(run.layout).options)
            form.is_valid()
            imports.set_options(run, **form.options())

        return self.act(request, pk, choose)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.act(request, pk, lambda run: imports.confirm(run, request.user))

    def discard_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.act(
            request, pk, lambda run: imports.discard(run, request.user), _("The upload was discarded.")
        )

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin the undo; the page then shows how far it is (core/undoing.py)."""
        return self.act(request, pk, lambda run: imports.begin_undo(run, request.user))

    # -- downloads -------------------------------------------------------------------------------

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self.get_queryset(request).filter(pk=pk).defer("seen", "samples", "counts").first()
        if run is None:
            raise Http404
        return JsonResponse({
            "busy": run.status in BUSY, "progress": run.progress, "status": str(run.get_status_display()),
            "note": standstill(run),
        })  # fmt: skip

    def file_view(self, request: HttpRequest, pk: int, which: str) -> FileResponse:
        """The upload as it came, or the copy with the wrong rows marked."""
        run = self.get_queryset(request).filter(pk=pk).first()
        if is_hidden(request.user, ImportRun, "file"):
            raise Http404
        stored = {"upload": run.file, "marked": run.marked_copy}.get(which) if run else None
        if not stored:
            raise Http404
        stem = run.filename.rpartition(".")[0] or run.filename  # type: ignore[union-attr]
        marked = _("{stem}-marked.xlsx").format(stem=stem)
        name = run.filename if which == "upload" else marked  # type: ignore[union-attr]
        try:
            content = stored.open("rb")
        except FileNotFoundError:  # purged
            raise Http404 from None
        response = FileResponse(
            content, as_attachment=True, filename=name, content_type="application/octet-stream"
        )
        response["Cache-Control"] = "private, no-store"
        return response

    def template_view(self, request: HttpRequest, layout: str) -> FileResponse:
        """The empty workbook to fill in: drop-downs, examples, notes."""
        known = layout in get_layouts() and imports.may_import(request.user, layout)
        if not self.has_add_permission(request) or not known:
            raise Http404
        workbook = imports.importer_for(layout).template()
        return FileResponse(workbook, as_attachment=True, filename=f"{get_layouts()[layout].label}.xlsx")
