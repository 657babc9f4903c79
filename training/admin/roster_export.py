"""Rosters as a file: the people of the listed enrolments, or of one, with whole ID numbers for those who need them."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.export import FORMATS, columns_for, nameless_file, write
from backoffice.core.filters import key_or_none
from backoffice.core.scoping import visible_to
from backoffice.roles import allows
from training.models import EnrolmentLine

logger = logging.getLogger("backoffice.export")
LABEL = EnrolmentLine._meta.label


class RosterExportMixin:
    """Mixin for the enrolments: `rosters/` takes the list's own filters, or `?id=` of one enrolment."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.roster_export_view)  # type: ignore[attr-defined]
        return [path("rosters/", view, name="training_enrolment_roster_export"), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = dict(extra_context or {})
        if allows(request.user.role, "export", LABEL):
            query = request.GET.copy()
            query.pop("p", None)
            address = f"{reverse('admin:training_enrolment_roster_export')}?{query.urlencode()}"
            context["roster_export_url"] = address
        return super().changelist_view(request, context)  # type: ignore[misc]

    def roster_export_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET: the lines of the enrolments within the user's scope, the newest enrolment first."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not allows(request.user.role, "export", LABEL) or not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        query = request.GET.copy()
        format_ = (query.pop("format", None) or ["xlsx"])[-1]
        if format_ not in FORMATS:
            raise Http404
        wanted = query.pop("id", None)
        request.GET = query  # type: ignore[assignment]
        if wanted is None:
            enrolments = self.get_changelist_instance(request).queryset  # type: ignore[attr-defined]
        else:
            enrolments = self.get_queryset(request).filter(pk=key_or_none(wanted[-1]) or 0)  # type: ignore[attr-defined]
            if not enrolments.exists():
                raise Http404
        lines = visible_to(EnrolmentLine, request.user).filter(
            enrolment__in=enrolments.order_by().values("pk")
        )
        return send(request, lines.order_by("-enrolment_id", "id"), format_)


def send(request: HttpRequest, lines: Any, format_: str) -> FileResponse:
    """The lines as a file that is gone when it has been sent."""
    title = _("Rosters")
    file = nameless_file()
    try:
        count = write(file, format_, lines, columns_for(LABEL, request.user), title=title)
    except BaseException:
        file.close()
        raise
    # Who took what; neither names nor search terms (they are personal data).
    logger.info("user %s exported %s rows of %s as %s", request.user.pk, count, LABEL, format_)
    file.seek(0)
    name = f"{title}-{timezone.localdate():%Y%m%d}.{format_}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[format_])
