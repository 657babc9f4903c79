"""Lists that stay fast whatever the size of the table: a capped count, page ids first, headers built once.

What a stock Unfold list does for every page, and what is done here instead (docs/quality.md, "Lists"):

- it counts all matching rows: here at most `COUNT_CAP` + 1 are counted, and "10,000+" is shown;
- it joins before it cuts the page out: here only primary keys are ordered, filtered and cut; the joins and
  annotations of the list are made for the rows of the page, in the same query;
- it rebuilds headers, class lists and labels for every row: see `core/rows.py`;
- it renders a form widget through the template engine for every checkbox: `FastListMixin` writes the tag.
"""

import copy
import math
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.admin import FieldListFilter, ShowFacets, display, helpers
from django.contrib.admin.utils import get_fields_from_path, lookup_spawns_duplicates, quote
from django.contrib.admin.views.main import ORDER_VAR
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Field, Func, IntegerField, Model, QuerySet
from django.db.models.expressions import Col, RawSQL
from django.db.models.sql.where import WhereNode
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from backoffice.core import rows as list_rows
from backoffice.core import written
from backoffice.core.hidden_terms import typed_term
from backoffice.core.theme import CHECKBOX_CLASSES, ChangeList

#: Up to here rows are counted and can be paged through; beyond it a filter or a search is asked for.
COUNT_CAP = 10_000


class CappedCount(int):
    """More rows than the cap. Compares as a number; wherever it is shown it reads "10,000+"."""

    def __str__(self) -> str:
        return f"{written.number(int(self) - 1)}+"

    __repr__ = __str__

    def __format__(self, _spec: str) -> str:
        return str(self)


class CappedPaginator(Paginator):
    """A paginator that never counts further than one row past the cap, nor offers pages beyond it."""

    cap: ClassVar[int] = COUNT_CAP

    @property
    def counted(self) -> QuerySet:
        """What is counted: keys without order, so that the scan of an index stops at the limit."""
        return cast(QuerySet, self.object_list).order_by().values("pk")[: self.cap + 1]

    def capped(self, found: int) -> int:
        return CappedCount(found) if found > self.cap else found

    @cached_property
    def count(self) -> int:
        if not isinstance(self.object_list, QuerySet):
            return len(self.object_list)
        return self.capped(self.counted.count())

    @cached_property
    def num_pages(self) -> int:
        """Pages up to the cap only: an OFFSET costs as much as the rows it skips."""
        return max(1, math.ceil(min(self.count, self.cap) / self.per_page))


def count_capped(rows: QuerySet) -> int:
    """How many rows there are, counted as the list of these rows counts them."""
    found = rows.order_by().values("pk")[: COUNT_CAP + 1].count()
    return CappedCount(found) if found > COUNT_CAP else found


class FastChangeList(ChangeList):
    """Unfold's list with constant work per page.

    A filter or a search may bring its own order (an attribute `ordering`, or `queryset.order_by()` in
    `get_search_results`): the one order an index serves together with the condition. The columns are not
    sortable then.
    """

    preserved_filters: str
    query: str
    page_num: int

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self._ordering: tuple = ()
        self.reader = request.user
        self.headers_memo: list[dict] | None = None  # its presence tells `core.rows` that this list is ours
        super().__init__(request, *args, **kwargs)
        # The row links carry the filters themselves (`_row_link`): Django would resolve each address again.
        self._link_query, self.preserved_filters = self.preserved_filters, ""
        # Facets count every choice of every filter over the whole table.
        self.add_facets = self.is_facets_optional = False

    # -- filters -----------------------------------------------------------------------------------

    def get_filters(self, request: HttpRequest) -> tuple[list, bool, dict[str, list[str]], bool, bool]:
        """As Django's, but parameters that no filter understands are dropped instead of refused.

        Django looks such parameters up as field lookups (`?remark__regex=…`), on columns without an index
        too. Those an admin class wants to be used in links it names in `url_lookups`.
        """
        params = self.get_filters_params()
        specs: list = []
        is_active = may_have_duplicates = False
        for declared in self.list_filter:
            before = len(params)
            spec, field_path = self._make_filter(declared, request, params)
            used = len(params) < before
            if used and field_path:
                may_have_duplicates |= lookup_spawns_duplicates(self.lookup_opts, field_path)
            if spec and spec.has_output():
                specs.append(spec)
                is_active |= used and getattr(spec, "is_active", True)
        known = getattr(self.model_admin, "url_lookups", ())
        remaining = {name: values for name, values in params.items() if name in known}
        orders = (getattr(spec, "ordering", None) for spec in specs)
        self.filter_ordering = next((order for order in orders if order), None)
        return specs, bool(specs), remaining, may_have_duplicates, is_active

    def _make_filter(self, declared: Any, request: HttpRequest, params: dict) -> tuple[Any, str | None]:
        """One entry of `list_filter` as a filter object; it takes its parameters out of `params`."""
        if callable(declared):
            return declared(request, params, self.model, self.model_admin), None
        field, make = declared if isinstance(declared, tuple | list) else (declared, FieldListFilter.create)
        field_path = None
        if not isinstance(field, Field):
            field_path, field = field, get_fields_from_path(self.model, field)[-1]
        return make(field, request, params, self.model, self.model_admin, field_path=field_path), field_path

    # -- order -------------------------------------------------------------------------------------

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list:
        ordering = self.filter_ordering
        self._forget_unoffered_order()
        if ordering is not None:
            self.sortable_by = ()
        elif self.params.get(ORDER_VAR):
            # Django appends the list's usual order and -pk; behind a chosen column no index has those.
            ordering = super().get_ordering(request, queryset.order_by())
            if ordering[-1] == "-pk" and not str(ordering[-2:][0]).startswith("-"):
                ordering[-1] = "pk"
        else:
            ordering = super().get_ordering(request, queryset)
        self._ordering = tuple(ordering)
        return list(ordering)

    def _forget_unoffered_order(self) -> None:
        """Django hides the links of columns that are not sortable, and sorts by them if the address says so."""
        if not self.params.get(ORDER_VAR) or self.sortable_by is None:
            return
        offered = {str(n) for n, name in enumerate(self.list_display) if name in self.sortable_by}
        kept = [part for part in self.params[ORDER_VAR].split(".") if part.removeprefix("-") in offered]
        if kept:
            self.params[ORDER_VAR] = ".".join(kept)
        else:
            del self.params[ORDER_VAR]

    def get_queryset(self, request: HttpRequest, exclude_parameters: list | None = None) -> QuerySet:
        self.query: str = typed_term(request, self.query)  # type: ignore[has-type]  # an ID number is no part of the address
        queryset = super().get_queryset(request, exclude_parameters)
        if queryset.query.order_by != self._ordering:
            self.sortable_by = ()  # the search brought its own order
        return queryset

    # -- the page ----------------------------------------------------------------------------------

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.paginator = paginator
        self.page_num = max(1, self.page_num)
        found, rows = self.read_page(paginator)
        if not rows and self.page_num > paginator.num_pages:
            # A page that does not exist (any more) shows the last one, not an error without filters.
            self.page_num = paginator.num_pages
            found, rows = self.read_page(paginator)
        for row in rows:
            row.reader = self.reader  # type: ignore[attr-defined]  # for display methods of sensitive values
        self.result_count, self.result_list = found, rows
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = found <= self.list_max_show_all
        self.multi_page = found > self.list_per_page
        if found > paginator.cap and self.page_num == paginator.num_pages:
            messages.info(request, _("There are more rows; narrow the list with a filter or a search."))

    def bounds(self, paginator: CappedPaginator) -> tuple[int, int]:
        """Which rows of all that match the page shows."""
        size = self.list_max_show_all if self.show_all else self.list_per_page
        start = 0 if self.show_all else (self.page_num - 1) * size
        return start, min(start + size, max(paginator.cap, size))

    def read_page(self, paginator: CappedPaginator) -> tuple[int, list[Model]]:
        """How many rows match (capped), and the rows of the page, in one query.

        The keys of the page are a subquery that sees one table; joins and annotations outside it are made
        for those rows only. The count rides along as a constant column.
        """
        start, stop = self.bounds(paginator)
        ordered = self.queryset.select_related(None)
        if ordered.query.distinct or ordered.query.combinator:
            ids: Any = [row.pk for row in ordered[start:stop]]
            return paginator.count, self._in_order(self.rows_of(ids), ids)
        if start >= stop:
            return paginator.count, []
        try:
            sql, params = paginator.counted.query.get_compiler(ordered.db).as_sql()
        except EmptyResultSet:
            paginator.count = 0
            return 0, []
        if self.is_planned_wrong(ordered, paginator):
            ordered = without_filter_indexes(ordered)
        rows = self.rows_of(ordered.values("pk")[start:stop]).order_by(*ordered.query.order_by)
        sql = f"SELECT COUNT(*) FROM ({sql}) AS matching"  # noqa: S608
        count = RawSQL(sql, params, IntegerField())  # noqa: S611 (compiled by Django, with its parameters)
        page = list(rows.annotate(found_count=count))
        if page:
            paginator.count = paginator.capped(page[0].found_count)
        elif start == 0:
            paginator.count = 0
        return paginator.count, page

    def is_planned_wrong(self, ordered: QuerySet, paginator: CappedPaginator) -> bool:
        """Whether SQLite would collect and sort many rows where an index already has the chosen order.

        It knows no frequencies of single values. With more matches than the cap, a page is found soon by
        walking along the order; with fewer, collecting them is the right plan, and SQLite takes it.
        """
        is_sqlite = connections[ordered.db].vendor == "sqlite"
        chosen = is_sqlite and self.params.get(ORDER_VAR) and ordered.query.where
        return bool(chosen) and paginator.count > paginator.cap

    def rows_of(self, ids: Any) -> QuerySet:
        """These rows with everything the list shows; `ids` is a list or a subquery."""
        rows = self.apply_select_related(self.root_queryset.order_by().filter(pk__in=ids))
        annotate = getattr(self.model_admin, "annotate_rows", None)
        return annotate(rows) if annotate else rows

    @staticmethod
    def _in_order(rows: QuerySet, ids: list) -> list[Model]:
        by_id = {row.pk: row for row in rows}
        return [by_id[pk] for pk in ids if pk in by_id]

    def apply_select_related(self, queryset: QuerySet) -> QuerySet:
        """The declared relations and every key in a column; Django's own rule leaves nullable keys out."""
        declared = self.list_select_related
        if isinstance(declared, bool):
            keys = {field.name for field in self.lookup_opts.fields if field.many_to_one or field.one_to_one}
            declared = [name for name in self.list_display if name in keys]
        return queryset.select_related(*declared) if declared else queryset

    # -- links -------------------------------------------------------------------------------------

    @cached_property
    def _row_link(self) -> tuple[str, str]:
        """The change page's address before and after the key; reversing it per row is 5 ms a page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        start, _placeholder, end = reverse(
            name, args=("__pk__",), current_app=self.model_admin.admin_site.name
        ).rpartition("__pk__")
        return start, f"{end}?{self._link_query}" if self._link_query else end

    def url_for_result(self, result: Model) -> str:
        start, end = self._row_link
        return f"{start}{quote(getattr(result, self.pk_attname))}{end}"


class Unindexed(Func):
    """A column that SQLite's planner takes for an expression (`+region_id`), so it leaves its index alone."""

    template = "+%(expressions)s"
    arity = 1


def without_filter_indexes(queryset: QuerySet) -> QuerySet:
    """The same rows, which SQLite can then only find along an index of the order."""

    def unindexed(condition: Any) -> Any:
        changed = copy.copy(condition)
        if isinstance(condition, WhereNode):
            changed.children = [unindexed(child) for child in condition.children]
        elif isinstance(getattr(condition, "lhs", None), Col):
            changed.lhs = Unindexed(condition.lhs)
        return changed

    walking = queryset.all()
    walking.query.where = unindexed(walking.query.where)
    return walking


class FastListMixin:
    """For a ModelAdmin: everything of this module. Put it before `unfold.admin.ModelAdmin`."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    #: Drop-down filters have no links: their form needs its button.
    list_filter_submit = True
    #: Unfold looks for this twice in every row; where it is missing Django's templates search the class for its name.
    list_sections: ClassVar[tuple] = ()
    #: A row on a phone, line by line (core/phone_cards.py).
    phone_lines: ClassVar[tuple[tuple[str, ...], ...]] = ()
    #: Field lookups that links from other pages may use although no filter offers them.
    url_lookups: ClassVar[tuple[str, ...]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FastChangeList

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        """Hook: annotations and prefetches for the rows of one page."""
        return rows

    @display(description=mark_safe('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, obj: Model) -> SafeString:
        return plain_checkbox(obj.pk)


_CHECKBOX_CLASS = " ".join([*CHECKBOX_CLASSES, "action-select"])


def plain_checkbox(value: Any) -> SafeString:
    """The tag that Unfold's checkbox widget renders, without the template engine (0.2 ms a row)."""
    return format_html(
        '<input type="checkbox" name="{}" value="{}" class="{}" aria-label="{}">',
        helpers.ACTION_CHECKBOX_NAME, value, _CHECKBOX_CLASS, _("Select record"),
    )  # fmt: skip


def memoise_result_headers() -> None:
    """Called by CoreConfig.ready(): headers, and everything else that is the same in every row, once a list."""
    list_rows.install()
