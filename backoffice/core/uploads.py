"""The one guard before every upload: what is too large is refused before anything reads or locks for it.

The request as a whole is weighed here, whatever its address. Each door has its own, smaller measure besides:
tables by `core.excel.limits`, pictures by `core.attachments.MAX_BYTES`; both are asked outside any transaction.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from backoffice.core.excel.limits import IMPORT, MB

#: The largest file that any door takes, and the form around it.
MAX_REQUEST: Final = IMPORT.file + 4 * MB
#: A browser shows the answer only when it was allowed to send everything; more than this is cut off.
MAX_DRAINED: Final = 256 * MB
PIECE: Final = 256 * 1024


class UploadSizeMiddleware:
    """413 with a sentence for a request that is too large, before its body is parsed or kept anywhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() and len(length) < 19 else 0
        return self.get_response(request) if size <= MAX_REQUEST else refuse(request, size)


def refuse(request: HttpRequest, size: int) -> HttpResponse:
    """The sentence, as a page or for the script that asked."""
    if size <= MAX_DRAINED:
        while request.read(PIECE):
            pass
    text = _("What you send is larger than {size} MB. Send large files one by one, or make them smaller.")
    sentence = text.format(size=MAX_REQUEST // MB)
    wants_json = "application/json" in request.headers.get("Accept", "")
    if wants_json or request.headers.get("X-Requested-With"):
        return JsonResponse({"error": sentence}, status=413)
    # Without the request: session and user are not known yet, and the page asks for neither.
    return HttpResponse(render_to_string("413.html", {"sentence": sentence}), status=413)
