"""The language people chose (not the browser's), the content security policy, text without NUL, the last net for ID
numbers, and pages sent compressed."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import translation

from backoffice.core.sensitive import without_id_numbers
from backoffice.roles import MASKED_IN_TEXT

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
#: No page of ours uses any of these: what a page might be made to carry cannot use them either.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi",
        "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip

NUL: Final = "\0"


class ChosenLanguageMiddleware:
    """Chinese unless the user switched: many office browsers announce English without anyone's wish."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


class NoNullMiddleware:
    """What was typed or stands in the address, without NUL: no keyboard has it, and PostgreSQL stores none.

    It comes with text pasted from damaged files, and from programs that try what happens. Stands behind the check of
    the CSRF token, which has read the form already.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        if NUL in unquote(request.META.get("QUERY_STRING", "")):
            request.GET = without_nul(request.GET)  # type: ignore[assignment]
        if request.method == "POST" and any(
            NUL in text for name, values in request.POST.lists() for text in (name, *map(str, values))
        ):
            request.POST = without_nul(request.POST)  # type: ignore[assignment]


def without_nul(query: QueryDict) -> QueryDict:
    clean = QueryDict(mutable=True)
    for name, values in query.lists():
        clean.setlist(name.replace(NUL, ""), [str(value).replace(NUL, "") for value in values])
    clean._mutable = False
    return clean


class MaskedNumbersMiddleware:
    """Who reads ID numbers masked gets them masked in free text, too, on whatever page it stands.

    The fields themselves are masked where they are written (core/sensitive.py). But opinions, reasons and remarks
    are typed by people, and people type ID numbers into them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming
        if not is_page or getattr(request.user, "role", None) not in MASKED_IN_TEXT:
            return response
        if getattr(response, "is_disclosure", False):
            return response
        text = response.content.decode(response.charset)
        masked = without_id_numbers(text)
        if masked != text:
            response.content = masked.encode(response.charset)
        return response


class ContentSecurityPolicyMiddleware:
    """'unsafe-eval' is Alpine's, which the admin's pages are built with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response


class CompressedTextMiddleware(GZipMiddleware):
    """Pages and other text are sent compressed: a list is 300 KB as it stands and 15 KB over the wire.

    Workbooks, PDFs and pictures are compressed already. Compression and secrets in one page make the BREACH attack
    possible; Django's answer is used: random bytes in the length (`max_random_bytes`), and a CSRF token that is masked
    anew in every page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").split(";")[0]
        if not kind.startswith("text/") and kind not in ("application/json", "application/javascript"):
            return response
        return super().process_response(request, response)
