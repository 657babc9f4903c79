"""Text messages: to the console (demo) or through a provider's HTTP gateway written down in settings.SMS_HTTP."""

import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, quote_plus

from django.conf import settings
from django.utils.translation import gettext as _

PHONE = re.compile(r"\+?\d{6,15}")
#: More of an answer is not read: a gateway says what it has to say in a line.
ANSWER_BYTES = 64 * 1024


class SendFailed(Exception):
    """The message did not go out; `str()` says why. `final`: trying again cannot help."""

    def __init__(self, sentence: str, *, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


def send(phone: str, text: str) -> None:
    """Hand the text to the gateway, or raise SendFailed."""
    number = re.sub(r"[\s\-()]", "", phone)
    if not PHONE.fullmatch(number):
        raise SendFailed(
            _("“%(phone)s” is not a phone number; correct it in the profile.") % {"phone": phone}, final=True
        )
    if settings.SMS_BACKEND == "http":
        send_by_http(number, text, settings.SMS_HTTP)
    elif settings.PRODUCTION:
        raise SendFailed(
            _(
                "This site has no text-message gateway; the system administrator can set one up (SMS_BACKEND)."
            ),
            final=True,
        )
    else:
        sys.stdout.write(f"SMS to {number}: {text}\n")
        sys.stdout.flush()


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A gateway that answers with another address is refused: the text may hold a one-time link."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def send_by_http(phone: str, text: str, gateway: dict[str, Any]) -> None:
    """Make the request of `gateway` for this phone and text; raise SendFailed unless it answers success."""
    # Only http(s) has a handler here, whatever the setting says.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor, NoRedirects,
        urllib.request.UnknownHandler,
    ):  # fmt: skip
        opener.add_handler(handler())
    try:
        with opener.open(request_for(phone, text, gateway), timeout=gateway["timeout"]) as response:
            answer = read_answer(response, gateway["timeout"])
    except urllib.error.HTTPError as error:
        error.close()
        raise SendFailed(
            _("The text-message gateway answered with error %(code)s.") % {"code": error.code}
        ) from None
    except TimeoutError:
        raise SendFailed(_("The text-message gateway did not answer in time.")) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise SendFailed(_("The text-message gateway did not answer in time.")) from None
        raise SendFailed(_("The text-message gateway cannot be reached.")) from None
    except (OSError, ValueError, http.client.HTTPException):
        raise SendFailed(_("The text-message gateway broke off its answer.")) from None
    if gateway["success"] and gateway["success"] not in answer:
        # What the gateway says helps the office (no credit, unknown template), unless it repeats our text.
        ours = (phone, text, json_escape(text), quote(text, safe=""), quote_plus(text))
        said = "…" if any(part in answer for part in ours) else " ".join(answer.split())[:200]
        raise SendFailed(_("The text-message gateway refused the message: %(answer)s") % {"answer": said})


def request_for(phone: str, text: str, gateway: dict[str, Any]) -> urllib.request.Request:
    """The request with {phone} and {text} filled in, escaped for the place they stand in."""
    headers = {
        name: fill(value, phone, text, lambda part: quote(part, safe=""))
        for name, value in gateway["headers"].items()
    }
    content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    body = None
    if gateway["method"] != "GET":
        # settings.py lets no third kind pass.
        escape = quote_plus if "form-urlencoded" in content_type else json_escape
        body = fill(gateway["body"], phone, text, escape).encode()
    url = fill(gateway["url"], phone, text, lambda part: quote(part, safe=""))
    return urllib.request.Request(url, data=body, headers=headers, method=gateway["method"])  # noqa: S310  (opener)


def fill(template: str, phone: str, text: str, escape: Any) -> str:
    """Replace both place-holders in one pass, so that a text holding "{phone}" stays as it is."""
    values = {"phone": phone, "text": text}
    return re.sub(r"\{(phone|text)\}", lambda match: escape(values[match[1]]), template)


def json_escape(value: str) -> str:
    """The inside of a JSON string."""
    return json.dumps(value)[1:-1]


def read_answer(response: Any, seconds: float) -> str:
    """The answer's text; a gateway that sends it drop by drop is given up after `seconds`."""
    end, answer = time.monotonic() + seconds, b""
    while len(answer) < ANSWER_BYTES and (part := response.read1(4096)):
        answer += part
        if time.monotonic() > end:
            raise TimeoutError
    return answer.decode("utf-8", "replace")
