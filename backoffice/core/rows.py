"""The table rows of a list: Unfold's markup, with what is the same in every row worked out once.

Unfold (0.91) builds the column headers, class lists and links again for every row, and renders a template
for every label: half of a list page's time. `install()` puts in its place, for `FastChangeList` only:

- `result_headers(cl)`, memoised per list;
- `results(cl)`, which asks `RowRenderer` for each row; lists it does not know (editable, sortable by
  dragging) go to Unfold's own.

A test compares every row with what Unfold itself renders, so a new Unfold that renders differently is seen.
"""

import datetime
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.contrib.admin.utils import _get_non_gfk_field, lookup_field  # type: ignore[attr-defined]
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import models
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from backoffice.core import theme
from backoffice.core.sensitive import level_for, value_for
from backoffice.roles import WHOLE

DATE_LIKE = (datetime.date, datetime.time)


def field_text(value: Any, field: Any, empty: str) -> Any:
    """A field's value as people read it, everywhere alike: a field class may say it itself (`as_read`)."""
    as_read = getattr(field, "as_read", None)
    if as_read is not None and value is not None:
        return as_read(value)
    return theme.display_for_field(value, field, empty)


def two_lines(first: Any, second: Any = "") -> Any:
    """A cell of two lines, the second one small: what belongs together takes one column."""
    if not second:
        return first
    return format_html('{}<span class="block bo-small">{}</span>', first, second)


class Column:
    """One column of one list: its markup before and after the value, and how to get at the value."""

    def __init__(self, cl: Any, index: int, name: str, header: Any, linked: bool, tag: str) -> None:
        admin = cl.model_admin
        self.name, self.admin, self.linked, self.reader = name, admin, linked, cl.reader
        self.level = level_for(cl.reader, cl.model, name) if isinstance(name, str) else WHOLE
        self.empty = admin.get_empty_value_display()
        on_admin = isinstance(name, str) and name != "__str__" and not is_field(cl, name)
        self.method = getattr(admin, name, None) if on_admin else None
        classes = [f"field-{theme.coerce_field_name(name, index)}", *theme.ROW_CLASSES]
        if name == "action_checkbox":
            classes = list(theme.ROW_CHECKBOX_CLASSES)
        label = header if linked or index else _("Select record")
        # A date's cell has one class more; which cells hold dates shows only in the row.
        self.start = opening(tag, classes, label)
        self.start_date = opening(tag, [*classes, "nowrap"], label)
        self.end = f"</{tag}>"

    def render(self, row: Any, link: tuple[str, str]) -> str:
        """The whole cell."""
        is_date = False
        try:
            if self.method is not None:
                field, attr, value = None, self.method, self.method(row)
            else:
                field, attr, value = lookup_field(self.name, row, self.admin)
        except ObjectDoesNotExist:
            shown: Any = self.empty
        else:
            if self.level != WHOLE:
                shown = value_for(self.reader, type(row), self.name, value) or self.empty
            elif field is None or field.auto_created:
                shown, is_date = self.shown_value(row, attr, value), isinstance(value, DATE_LIKE)
            else:
                shown = self.shown_field(row, field, value)
                is_date = isinstance(field, models.DateField | models.TimeField | models.ForeignKey)
        before, after = link if self.linked else ("", "")
        return f"{self.start_date if is_date else self.start}{before}{conditional_escape(shown)}{after}{self.end}"

    def shown_value(self, row: Any, attr: Any, value: Any) -> Any:
        """What a display function returned, as its @display asks."""
        empty = getattr(attr, "empty_value_display", self.empty)
        if label := getattr(attr, "label", False):
            return label_of(value, empty, label)
        if getattr(attr, "dropdown", False):
            return theme.display_for_dropdown(row, self.name, value, empty)
        if getattr(attr, "header", False):
            return theme.display_for_header(value, empty)
        return theme.display_for_value(value, empty, getattr(attr, "boolean", False))

    def shown_field(self, row: Any, field: Any, value: Any) -> Any:
        if isinstance(field.remote_field, models.ManyToOneRel):
            related = getattr(row, field.name)
            return self.empty if related is None else related
        return field_text(value, field, self.empty)


class RowRenderer:
    """All columns of one list."""

    def __init__(self, cl: Any) -> None:
        self.cl, links = cl, cl.list_display_links
        self.classes = " ".join(theme.LINK_CLASSES)
        self.columns = []
        first = True  # no linked column so far
        for index, header in enumerate(theme.result_headers_of(cl)):
            name = cl.list_display[index]
            linked = links is not None and ((first and not links) or name in links)
            tag = "th" if linked and first else "td"
            self.columns.append(Column(cl, index, name, header["text"], linked, tag))
            first = first and not linked

    def link(self, row: Any) -> tuple[str, str]:
        try:
            url = self.cl.url_for_result(row)
        except NoReverseMatch:
            return "", ""
        popup: Any = ""
        if self.cl.is_popup:
            key = row.serializable_value(str(self.cl.to_field or self.cl.lookup_opts.pk.attname))
            popup = format_html(' data-popup-opener="{}"', key)
        return format_html('<a href="{}" class="{}" {}>', url, self.classes, popup), "</a>"

    def render(self, row: Any) -> SafeString:
        link = self.link(row)
        # Every cell is escaped where it is built.
        return mark_safe("".join([column.render(row, link) for column in self.columns]))  # noqa: S308


def opening(tag: str, classes: list[str], label: Any) -> SafeString:
    return format_html('<{} class="{}" data-label="{}">', tag, mark_safe(" ".join(classes)), label)  # noqa: S308


def is_field(cl: Any, name: Any) -> bool:
    """Whether the column is a model field rather than a display function."""
    try:
        return bool(_get_non_gfk_field(cl.lookup_opts, name))
    except Exception as error:
        if isinstance(error, FieldDoesNotExist) or type(error).__name__ == "FieldIsAForeignKeyColumnName":
            return False
        raise


def label_of(value: Any, empty: str, label: Any) -> SafeString:
    """A coloured label; the few there are (states, kinds) are rendered once."""
    texts = value if isinstance(value, tuple) else (value,)
    if not all(type(text) is str for text in texts) or not isinstance(label, dict | bool):
        return theme.display_for_label(value, empty, label)
    colours = tuple(sorted(label.items())) if isinstance(label, dict) else label
    return _label(value, empty, colours, get_language())


@lru_cache(maxsize=1000)
def _label(value: Any, empty: str, colours: Any, language: str | None) -> SafeString:
    return theme.display_for_label(value, empty, dict(colours) if isinstance(colours, tuple) else colours)


def result_headers(cl: Any) -> Any:
    if not hasattr(cl, "headers_memo"):
        return theme.original_result_headers(cl)
    if cl.headers_memo is None:
        cl.headers_memo = list(theme.original_result_headers(cl))
    return cl.headers_memo


def results(cl: Any) -> Iterator[Any]:
    editable = getattr(cl, "formset", None) or getattr(cl.model_admin, "ordering_field", None)
    if editable or not hasattr(cl, "headers_memo"):
        yield from theme.original_results(cl)
        return
    renderer = RowRenderer(cl)
    for row in cl.result_list:
        # The template writes the items of a row one after another: one item is as good as ten.
        yield theme.ResultList(row, None, [renderer.render(row)])


def install() -> None:
    """Take the place of Unfold's two functions; for an AppConfig's `ready()`. Twice does nothing.

    A version of Unfold that draws its rows differently keeps its own.
    """
    if theme.rows_are_known():
        theme.take_over_rows(result_headers, results)
