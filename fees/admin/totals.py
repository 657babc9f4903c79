"""Sums under a list of money, for the rows that filters and search show, on all pages."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Sum
from django.http import HttpRequest

from backoffice.core.lists import COUNT_CAP
from fees.rules import ZERO


@dataclass(frozen=True)
class Total:
    label: Any
    amount: Decimal


class TotalsMixin:
    """Mixin before ScopedAdmin; `totals` are labels and what is summed: a field's name or an expression.

    Beyond the rows that a list counts there are no sums: adding up a whole table takes longer than the page itself.
    """

    totals: ClassVar[tuple[tuple[Any, Any], ...]] = ()
    list_after_template = "admin/fees/list_totals.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)  # type: ignore[misc]
        context = getattr(response, "context_data", None) or {}
        if (changelist := context.get("cl")) is not None and changelist.result_count:
            context["money_totals"] = self.sums(changelist)
            context["money_count"] = changelist.result_count
        return response

    def sums(self, changelist: Any) -> list[Total]:
        """None where the list holds more rows than it counts."""
        if changelist.result_count > COUNT_CAP:
            return []
        names = {f"sum_{n}": Sum(what) for n, (_label, what) in enumerate(self.totals)}
        found = changelist.queryset.order_by().aggregate(**names)
        return [Total(label, found[f"sum_{n}"] or ZERO) for n, (label, _what) in enumerate(self.totals)]
