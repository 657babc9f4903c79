"""The page of the system's state: for the administrator, and for the General Office, which is asked first."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.core.state import report
from backoffice.roles import allows


@require_safe
def state_page(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if not allows(user.role, "view", "core.SignOfLife"):
        raise PermissionDenied
    context = {**admin.site.each_context(request), "title": _("System state"), "lines": report()}
    return TemplateResponse(request, "admin/core/system_state.html", context)
