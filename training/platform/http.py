"""Asking the platform's service: signed requests, and answers that are understood or refused (README.md)."""

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.core.sms import NoRedirects

#: More of an answer is not read: a thousand lines with reasons are 300 kB.
ANSWER_BYTES: Final = 5 * 1024 * 1024
#: Errors of the moment: the same request may succeed later.
PASSING: Final = {408, 425, 429}


class PlatformError(Exception):
    """No answer that can be used; `str()` says why. `final`: sending it again by itself cannot help."""

    def __init__(self, sentence: str, *, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


def signature(secret: str, timestamp: str, key: str, path: str, body: bytes) -> str:
    """The value of X-Signature (README.md, “Every request”)."""
    text = "\n".join([timestamp, key, path, hashlib.sha256(body).hexdigest()])
    return "v1=" + hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def ask(where: str, content: dict[str, Any], *, key: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """POST the content to `where` below the platform's address; return the lines of the answer.

    The same `key` sent again is the same request. Raises PlatformError, and nothing else.
    """
    config = settings.LEARNING_PLATFORM_HTTP
    url, body = f"{config['url']}/{where}", json.dumps({"version": 1, **content}, ensure_ascii=False).encode()
    stamp, named = str(int(time.time())), str(key or uuid.uuid4())
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": named, "X-Timestamp": stamp,
        "X-Signature": signature(config["secret"], stamp, named, urlsplit(url).path, body),
    }  # fmt: skip
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310  (opener)
    return lines_of(send(request, config["timeout"]), key)


def send(request: urllib.request.Request, seconds: float) -> bytes:
    """The body of a 200, or PlatformError."""
    try:
        with opener().open(request, timeout=seconds) as response:
            if response.status != 200:
                raise PlatformError(
                    _("The platform answered with error %(code)s.") % {"code": response.status}
                )
            return read(response, seconds)
    except urllib.error.HTTPError as error:
        error.close()
        final = error.code < 500 and error.code not in PASSING
        sentence = (
            _("The platform did not accept our signature (error %(code)s); check LEARNING_PLATFORM_SECRET.")
            if error.code in (401, 403)
            else _("The platform answered with error %(code)s.")
        )
        raise PlatformError(sentence % {"code": error.code}, final=final) from None
    except TimeoutError:
        raise PlatformError(_("The platform did not answer in time.")) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise PlatformError(_("The platform did not answer in time.")) from None
        raise PlatformError(_("The platform cannot be reached.")) from None
    except (OSError, ValueError, http.client.HTTPException):
        raise PlatformError(_("The platform broke off its answer.")) from None


def opener() -> urllib.request.OpenerDirector:
    """http(s) only, whatever the setting says, and no redirects: the body holds personal data."""
    director = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor, NoRedirects,
        urllib.request.UnknownHandler,
    ):  # fmt: skip
        director.add_handler(handler())
    return director


def read(response: Any, seconds: float) -> bytes:
    """The answer; one that comes drop by drop is given up after `seconds`, one without end at ANSWER_BYTES."""
    end, answer = time.monotonic() + seconds, b""
    while part := response.read1(65536):
        answer += part
        if time.monotonic() > end:
            raise TimeoutError
        if len(answer) > ANSWER_BYTES:
            raise ValueError
    return answer


def lines_of(answer: bytes, key: uuid.UUID | None) -> list[dict[str, Any]]:
    """The lines of an answer: objects with a reference and a status, each reference once."""
    try:
        content = json.loads(answer)
        lines = content["lines"]
        references = [str(line["reference"]) for line in lines]
        understood = all(isinstance(line["status"], str) for line in lines)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise not_understood() from None
    if not isinstance(lines, list) or not understood or len(set(references)) != len(references):
        raise not_understood()
    if key is not None and str(content.get("batch", key)) != str(key):
        raise not_understood()
    return lines


def not_understood() -> PlatformError:
    return PlatformError(_("The platform's answer is not what was agreed (see training/platform/README.md)."))


def by_reference(lines: Iterable[dict[str, Any]], asked: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The lines by our number of the enrolled person; people we did not ask about are left out."""
    known = {str(pk): pk for pk in asked}
    return {known[ref]: line for line in lines if (ref := str(line["reference"])) in known}
