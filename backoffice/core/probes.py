"""/health/ and /ready/, for load balancers and watchers: they ask by any host name, without https and without sign-in.

    /health/  200 as long as this process answers
    /ready/   200 if it can work: database, cache, storage, worker; else 503

Strangers read one word. What is wrong stands in the log and on the page of the system's state.
"""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from backoffice.core.state import not_ready

logger = logging.getLogger(__name__)

#: Seconds for which an answer of /ready/ is repeated, so that asking often costs the database nothing.
ANSWER_KEPT = 3.0


class ProbeMiddleware:
    """Before all others: these two answers need neither session nor language, and no host that we know."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.asked_at, self.missing = float("-inf"), [""]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in ("/health/", "/ready/"):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if request.path_info == "/health/":
            return answer("ok", 200)
        missing = self.look()
        return answer("not ready", 503) if missing else answer("ready", 200)

    def look(self) -> list[str]:
        if time.monotonic() - self.asked_at > ANSWER_KEPT:
            self.missing = not_ready()
            self.asked_at = time.monotonic()
            if self.missing:
                logger.warning("not ready: %s", ", ".join(self.missing))
        return self.missing


def answer(word: str, status: int) -> HttpResponse:
    return HttpResponse(word, status=status, content_type="text/plain", headers={"Cache-Control": "no-store"})
