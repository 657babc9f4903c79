"""Log lines: as text or as JSON, with the id of the request they belong to, and without personal data.

Our own sentences in the logs are English and name records by key. Whatever else stands in a line came with an error or
an address: ID numbers, phone numbers, mail addresses, one-time links and Chinese text (names) are cut out of it.
"""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

#: The id of the request that this thread is answering; empty in background work and commands.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: Chinese characters, the rare ones of names too.
HAN: Final = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
#: What is cut out, in this order. Keys of records are shorter than 11 digits and stay.
PERSONAL: Final = (
    (re.compile(r"DETAIL: .*", re.DOTALL), "DETAIL: …"),  # PostgreSQL quotes the row here
    (re.compile(r"(?<=\?)[^\s'\"]+"), "…"),  # what was asked of an address
    (re.compile(r"(?<=/)(?=[^/\s'\"]*[0-9:])[^/\s'\"<>]{16,}"), "…"),  # a link's token is part of its path
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "…"),
    (re.compile(r"\d{11,}[Xx]?"), "…"),
    (re.compile(rf"[{HAN}][{HAN}·]*"), "…"),
)  # fmt: skip
#: What a log call may say besides its sentence (`extra=`); all of it is harmless.
EXTRA: Final = ("method", "route", "status", "ms", "user")


def scrub(text: str) -> str:
    """The text without personal data."""
    for pattern, instead in PERSONAL:
        text = pattern.sub(instead, text)
    return text


class NoTracebackOfRefusals(logging.Filter):
    """A 403, 404 or 400 is an answer and no fault of ours: one line, without the traceback Django adds."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and getattr(record, "status_code", 500) < 500:
            record.exc_info, record.exc_text = None, None
        return True


class PlainFormatter(logging.Formatter):
    """For people who watch a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        said = f"{self.formatTime(record)} {record.levelname} {record.name}: {scrub(record.getMessage())}"
        if found := request_id.get():
            said += f" [{found}]"
        return f"{said}\n{scrub(self.formatException(record.exc_info))}" if record.exc_info else said


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for whatever collects the logs."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        if request_id.get():
            found["request"] = request_id.get()
        found |= {name: getattr(record, name) for name in EXTRA if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            found["error"] = record.exc_info[0].__name__
            found["traceback"] = scrub(self.formatException(record.exc_info))
        return json.dumps(found, ensure_ascii=False)


def configuration(form: str) -> dict[str, Any]:
    """Django's LOGGING for the form "plain" or "json"; only JSON has a line for each request."""
    formatter = JsonFormatter if form == "json" else PlainFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"refusals": {"()": NoTracebackOfRefusals}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}
        },
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "backoffice": {"level": "INFO"},
            "backoffice.request": {"level": "INFO" if form == "json" else "WARNING"},
            "registry": {"level": "INFO"},
        },
    }
