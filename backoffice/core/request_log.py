"""Every request has an id: it stands in the answer (X-Request-ID), in the log lines and in reports of errors."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from backoffice.core.logs import request_id

logger = logging.getLogger("backoffice.request")
#: An id that the proxy gave is kept, so that its log and ours can be read together.
GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestLogMiddleware:
    """Outermost: the line tells what the visitor got. The route is logged, not the path, which may hold a token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        found = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
        token, began = request_id.set(found), time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = found
            if not request.path_info.startswith(settings.STATIC_URL):
                self.log(request, response, time.perf_counter() - began)
            return response
        finally:
            request_id.reset(token)

    @staticmethod
    def log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = request.resolver_match
        # Only where somebody asked for the user already: a log line is not worth a query.
        user = getattr(request, "_cached_user", None)
        extra = {
            "method": request.method, "route": match.route if match else "", "status": response.status_code,
            "ms": round(seconds * 1000), "user": user.pk if user is not None else None,
        }  # fmt: skip
        logger.info("request", extra=extra)
