"""PanelsMixin: the tabs below a record (its certificates, attachments, history), each scoped and short."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True)
class Panel:
    """One tab: `content(request, obj)` returns the context for its template, None to leave the tab out."""

    key: str
    title: Any
    content: Callable[[HttpRequest, Any], dict[str, Any] | None]
    template: str = "admin/core/panel_table.html"


class PanelsMixin:
    panels: ClassVar[tuple[Panel, ...]] = ()
    change_form_outer_after_template = "admin/core/panels.html"

    def get_panels(self, request: HttpRequest) -> tuple[Panel, ...]:
        return self.panels

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            built = [(panel, panel.content(request, obj)) for panel in self.get_panels(request)]
            context["panels"] = [
                {"panel": panel, **content} for panel, content in built if content is not None
            ]
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


def table(
    headers: list[Any], rows: QuerySet, cells: Callable[[Any], list[Any]], *, limit: int = 20, **more: Any
) -> dict:
    """Context of the standard panel: the first `limit` rows, and whether there are more."""
    found = list(rows[: limit + 1])
    return {
        "headers": headers,
        "rows": [cells(row) for row in found[:limit]],
        "has_more": len(found) > limit,
        **more,
    }
