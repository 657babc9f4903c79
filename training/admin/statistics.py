"""The page of a company's own statistics, reached from its enrolments."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from backoffice.roles import Role
from training.statistics import SOON, statistics


class StatisticsMixin:
    """Mixin for the enrolments: `statistics/` for companies, with a link above their list."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.statistics_view)  # type: ignore[attr-defined]
        return [path("statistics/", view, name="training_enrolment_statistics"), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = dict(extra_context or {})
        if request.user.role == Role.COMPANY:
            context["statistics_url"] = reverse("admin:training_enrolment_statistics")
        return super().changelist_view(request, context)  # type: ignore[misc]

    def statistics_view(self, request: HttpRequest) -> HttpResponse:
        """Only a company has numbers of its own; the others filter and export the lists."""
        if request.user.role != Role.COMPANY or not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        found = statistics(request.user)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Statistics"), "subtitle": str(request.user.company), "opts": self.opts,  # type: ignore[attr-defined]
            "statistics": found, "longest": SOON[-1],
            "certificates_url": reverse("admin:registry_certificate_changelist"),
            "list_url": reverse("admin:training_enrolment_changelist"),
            "add_url": reverse("admin:training_enrolment_add"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/statistics.html", context)
