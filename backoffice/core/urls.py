"""Addresses of private files. The scope check is here: nothing under MEDIA_ROOT has an address of its own."""

from pathlib import PurePath
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.views.decorators.http import require_safe

from backoffice.core import attachments
from backoffice.core.disclosure import is_open
from backoffice.core.models import Attachment
from backoffice.core.scoping import visible_to
from backoffice.roles import allows

app_name = "core"

CONTENT_TYPES = {".jpg": "image/jpeg", ".png": "image/png"}
#: Whatever the file holds, the browser treats it as a picture of no site: no script, no request, no guessing.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",  # offices share computers
}


def visible_attachment(request: HttpRequest, pk: int) -> Attachment:
    """The attachment, or 404 as if it did not exist. Files taken back stay visible: steps were decided on them."""
    user: Any = request.user
    if not allows(user.role, "view", "core.Attachment"):
        raise PermissionDenied
    attachment: Attachment = get_object_or_404(visible_to(Attachment, user).select_related("kind"), pk=pk)
    return attachment


def answer(attachment: Attachment, *, download: bool = False, small: bool = False) -> FileResponse:
    suffix = ".jpg" if small else PurePath(str(attachment.file.name)).suffix
    try:
        content = attachments.thumbnail(attachment) if small else attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        content,
        as_attachment=download or suffix not in CONTENT_TYPES,
        filename=attachment.name,
        content_type=CONTENT_TYPES.get(suffix, "application/octet-stream"),
        headers=HEADERS,
    )


def covered(request: HttpRequest, attachment: Attachment) -> HttpResponse | None:
    """What a reader gets to whom this kind is masked: a grey picture inside a page, else the page that asks why."""
    if is_open(request.user, attachment):
        return None
    inside_page = request.path.endswith("/thumb/") or request.headers.get("Sec-Fetch-Dest") == "image"
    if inside_page:
        picture = render_to_string("core/covered_picture.html")
        return HttpResponse(picture, content_type="image/svg+xml", headers=HEADERS)
    return redirect("admin:core_disclosure_ask", "core.attachment", attachment.pk, "file")


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponseBase:
    attachment = visible_attachment(request, pk)
    return covered(request, attachment) or answer(attachment)


@login_required
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    attachment = visible_attachment(request, pk)
    return covered(request, attachment) or answer(attachment, download=True)


@login_required
@require_safe
def thumb(request: HttpRequest, pk: int) -> HttpResponseBase:
    attachment = visible_attachment(request, pk)
    return covered(request, attachment) or answer(attachment, small=True)


urlpatterns = [
    path("attachments/<int:pk>/", show, name="attachment"),
    path("attachments/<int:pk>/download/", download, name="attachment_download"),
    path("attachments/<int:pk>/thumb/", thumb, name="attachment_thumb"),
]
