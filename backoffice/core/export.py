"""Export of a list as it stands on the screen: same filters, same search, same scope, all pages.

The columns of an app's models are in its `exports.py`, as `EXPORTS = {"registry.Person": function}`: given
the user, the function returns the columns. Headers and values are those our own import understands.

Rows go from the database into the file a chunk at a time, without model instances, so 100,000 rows take
no more memory than 100. The file has no name as soon as it is open: it is gone when it has been sent, or
when the process dies.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import IO, Any, Final

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.excel.write import write_csv, write_xlsx
from backoffice.core.sensitive import level_for, mask_id_number, masked, without_id_numbers
from backoffice.roles import MASKED, MASKED_IN_TEXT, WHOLE

logger = logging.getLogger("backoffice.export")
CHUNK: Final = 2_000
#: A worksheet has 1,048,576 rows, the header included.
MOST_XLSX_ROWS: Final = 1_048_575
FORMATS: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
FORMAT_LABELS: Final = {"xlsx": gettext_lazy("Export to Excel"), "csv": gettext_lazy("Export to CSV")}


@dataclass(frozen=True)
class Column:
    """One column: its header, where the value comes from, and how it is written."""

    header: str
    #: A field path or an expression, as `values_list()` takes it.
    source: Any
    #: What to write instead of the value: a table of texts (a value that is not in it gives ""), or a function.
    show: Mapping[Any, Any] | Callable[[Any], Any] | None = None
    width: float | None = None


Columns = Callable[[Any], Sequence[Column]]


def columns_for(label: str, user: Any) -> list[Column]:
    """The columns of the model's export that this user may have, from its app's `exports.py`."""
    app = apps.get_app_config(label.split(".")[0])
    exports: Mapping[str, Columns] = import_module(f"{app.name}.exports").EXPORTS
    return permitted(exports[label](user), apps.get_model(label), user)


def permitted(columns: Sequence[Column], model: type[Model], user: Any) -> list[Column]:
    """The columns as roles.SENSITIVE lets the user have them: masked, or left out. Doing it twice changes nothing."""
    found = []
    for column in columns:
        owner, name = source_of(model, column.source)
        level = level_for(user, owner, name)
        if level == WHOLE:
            found.append(column)
        elif level == MASKED:
            found.append(replace(column, show=partial(masked, name)))
    if getattr(user, "role", None) in MASKED_IN_TEXT:
        return [replace(column, show=careful(column.show)) for column in found]
    return found


def source_of(model: type[Model], source: Any) -> tuple[type[Model], str]:
    """The model and the field that a column's path ends at; an expression is told by its text: no sensitive field."""
    if not isinstance(source, str):
        return model, ""
    *path, name = source.split("__")
    for step in path:
        try:
            related = model._meta.get_field(step).related_model
        except FieldDoesNotExist:  # an annotation
            return model, ""
        if not isinstance(related, type):
            return model, step  # a transform at the end, such as issue_date__year
        model = related
    return model, name


def careful(show: Any) -> Callable[[Any], Any]:
    """What `show` writes, with the ID numbers in free text masked."""

    write_as = show if callable(show) or show is None else Texts(show).__getitem__

    def shown(value: Any) -> Any:
        text = write_as(value) if write_as else value
        return without_id_numbers(text) if isinstance(text, str) else text

    return shown


def rows_of(queryset: QuerySet, columns: Sequence[Column]) -> Iterator[Sequence[Any]]:
    """The rows as they are written, from one query read in chunks."""
    shown: list[tuple[int, Callable[[Any], Any]]] = []
    for index, column in enumerate(columns):
        if callable(column.show):
            shown.append((index, column.show))
        elif column.show is not None:
            shown.append((index, Texts(column.show).__getitem__))
    sources = [column.source for column in columns]
    for values in queryset.values_list(*sources).iterator(chunk_size=CHUNK):
        row = list(values)
        for index, show in shown:
            row[index] = show(row[index])
        yield row


class Texts(dict[Any, Any]):
    """A table of texts in which what is missing reads as nothing."""

    def __missing__(self, key: Any) -> str:
        return ""


def write(
    target: IO[bytes], format_: str, queryset: QuerySet, columns: Sequence[Column], *, title: str,
    progress: Callable[[int], None] | None = None,
) -> int:  # fmt: skip
    """Write the rows of the queryset into an open file; return how many."""
    headers, rows = [str(column.header) for column in columns], rows_of(queryset, columns)
    if format_ == "csv":
        return write_csv(target, headers, rows)
    widths = [column.width or 14.0 for column in columns]
    return write_xlsx(target, title, headers, rows, widths=widths, progress=progress)


class ExportMixin:
    """For a ModelAdmin: `export/` beside the list, for roles with the verb "export" (roles.GRANTS).

    It takes the list's own query string and `format=xlsx|csv`. The list's template finds the two addresses,
    with the filters that are set, as `export_links`.
    """

    model: Any
    opts: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {"export_links": self.export_links(request), **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[misc]

    def export_links(self, request: HttpRequest) -> list[dict[str, Any]]:
        """One link for each format, carrying the filters and the search of the list."""
        if not self.has_export_permission(request):  # type: ignore[attr-defined]
            return []
        query = request.GET.copy()
        query.pop("p", None)
        links = []
        for format_, label in FORMAT_LABELS.items():
            query["format"] = format_
            links.append(
                {"url": f"{self._export_url()}?{query.urlencode()}", "title": label, "format": format_}
            )
        return links

    def _export_url(self) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_export"
        return reverse(name, current_app=self.admin_site.name)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_export_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        query = request.GET.copy()
        format_ = (query.pop("format", None) or ["xlsx"])[-1]
        if format_ not in FORMATS:
            raise Http404
        # The list understands its own parameters only.
        request.GET = query  # type: ignore[assignment]
        changelist = self.get_changelist_instance(request)  # type: ignore[attr-defined]
        if format_ == "xlsx" and is_longer_than(changelist.queryset, MOST_XLSX_ROWS):
            return self._too_long(request)
        return self._send(request, changelist.queryset, format_)

    def _too_long(self, request: HttpRequest) -> HttpResponse:
        messages.error(request, _("A worksheet holds 1,048,575 rows; narrow the list, or export to CSV."))
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return redirect(f"{reverse(name, current_app=self.admin_site.name)}?{request.GET.urlencode()}")

    def export_columns(self, request: HttpRequest) -> list[Column]:
        """Hook: what this list exports, where it is not what the model's rows export elsewhere."""
        return columns_for(self.model._meta.label, request.user)

    def _send(self, request: HttpRequest, queryset: QuerySet, format_: str) -> FileResponse:
        title = str(self.opts.verbose_name_plural)
        columns = permitted(self.export_columns(request), self.model, request.user)
        file = nameless_file()
        try:
            count = write(file, format_, queryset, columns, title=title)
        except BaseException:
            file.close()
            raise
        # Who took what; neither names nor search terms (they are personal data).
        logger.info(
            "user %s exported %s rows of %s as %s", request.user.pk, count, self.model._meta.label, format_
        )
        file.seek(0)
        name = f"{title}-{timezone.localdate():%Y%m%d}.{format_}"
        return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[format_])


def nameless_file() -> IO[bytes]:
    """A temporary file that no other process can find and that is gone when it is closed."""
    descriptor, name = tempfile.mkstemp(prefix="export-")
    os.unlink(name)
    return os.fdopen(descriptor, "w+b")


def is_longer_than(queryset: QuerySet, limit: int) -> bool:
    """Whether there are more rows than the limit, without counting much further."""
    return queryset.order_by().values("pk")[limit : limit + 1].exists()


#: As modules of the apps know it.
mask = mask_id_number


def mask_name(name: str) -> str:
    """A name for those who need not know it, and may compare: 李*, 许*祥, 欧**强."""
    return f"{name[:1]}*" if len(name) < 3 else f"{name[:1]}{'*' * (len(name) - 2)}{name[-1:]}"
