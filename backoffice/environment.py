"""Reads the environment for settings.py. What is wrong or missing is gathered, and said in one go at the end:
whoever sets a site up corrects everything at once instead of starting it again for each variable.
"""

import importlib.util
import json
import os
from collections.abc import Iterable
from email.utils import parseaddr
from typing import Any, ClassVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

ON = ("on", "true", "yes", "1")
OFF = ("off", "false", "no", "0", "")


class Environment:
    """The variables of this process. A wrong value is noted and its default returned; `finish()` then refuses."""

    #: Every variable that anything asked for; a test compares them with the README.
    asked: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        self.problems: list[str] = []

    def refuse(self, sentence: str) -> None:
        """Note what is wrong; the sentence names the variable and the remedy."""
        self.problems.append(sentence)

    def finish(self) -> None:
        """Raise ImproperlyConfigured with all sentences, if there are any."""
        if len(self.problems) == 1:
            raise ImproperlyConfigured(self.problems[0])
        if self.problems:
            raise ImproperlyConfigured("\n".join([f"{len(self.problems)} settings are wrong or missing:",
                                                  *(f"- {sentence}" for sentence in self.problems)]))  # fmt: skip

    # --- Plain values --------------------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        """The variable's value; a variable set to nothing counts as not set."""
        self.asked.add(name)
        return os.environ.get(name, "").strip() or default

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """The variable's value, which must be one of `allowed`."""
        value = self.text(name, default)
        if value in allowed:
            return value
        self.refuse(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
        return default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """The variable's value as a whole number between `low` and `high`, both included."""
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        self.refuse(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")
        return default

    def switch(self, name: str, default: bool) -> bool:
        """Whether the variable is on."""
        value = self.text(name, "on" if default else "off")
        if value.lower() not in ON + OFF:
            self.refuse(f"{name} is {value!r}; it must be on or off.")
            return default
        return value.lower() in ON

    def required(self, name: str, why: str) -> str:
        """The variable's value; a site without it does not start."""
        value = self.text(name)
        if not value:
            self.refuse(f"{name} is not set; {why}.")
        return value

    # --- Values with a form of their own -------------------------------------------------------------

    def hosts(self, name: str, default: Iterable[str], required: bool) -> list[str]:
        """Host names with commas between them; "*" and anything with a scheme or a path is refused."""
        given = self.required(name, "name the site's hosts, with commas") if required else self.text(name)
        found = [host.strip() for host in given.split(",") if host.strip()]
        if required and "*" in found:
            self.refuse(f"{name} holds '*'; name the site's hosts instead.")
        for host in found:
            if "/" in host or " " in host:
                self.refuse(f"{name} holds {host!r}; write host names only, for example members.example.org.")
        return found or list(default)

    def web_address(self, name: str, default: str = "", *, secure: bool = False, why: str = "") -> str:
        """An http(s) address without the last slash; `secure`: https alone will do, for the reason `why`."""
        value = self.text(name, default).rstrip("/")
        if value and not is_web_address(value):
            begin = "https://" if secure else "http:// or https://"
            self.refuse(f"{name} is {value!r}; it must be an address that starts with {begin}.")
        elif value and secure and urlsplit(value).scheme != "https":
            self.refuse(f"{name} must start with https:// ({why}).")
        return value

    def database(self, name: str, default: str) -> dict:
        """Django's settings of the database."""
        example = "an example: postgres://user:password@host/name"
        try:
            found = dict(environ.Env.db_url_config(self.text(name, default)))
        except (ImproperlyConfigured, ValueError, KeyError):
            found = {}
        engines = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
        if not found:
            self.refuse(f"{name} is not understood; {example}.")
        elif found.get("ENGINE") not in engines:
            self.refuse(f"{name} names a database we do not run on; use postgres://… or sqlite:///…")
        elif not found.get("NAME"):
            self.refuse(f"{name} names no database; {example}.")
        else:
            return found
        return {"ENGINE": engines[0], "NAME": ":memory:"}

    def mail_server(self, name: str, required: bool) -> dict:
        """Django's mail settings; where mail is `required`, the console or a folder will not do."""
        example = "an example: smtp+tls://user:password@host:587"
        value = (
            self.required(name, f"nobody would get a link to sign in; {example}")
            if required
            else self.text(name)
        )
        try:
            found = dict(environ.Env.email_url_config(value or "consolemail://"))
        except (ImproperlyConfigured, ValueError, KeyError):
            self.refuse(f"{name} is not understood; {example}.")
            return {}
        if value and found["EMAIL_BACKEND"].endswith("smtp.EmailBackend") and not found.get("EMAIL_HOST"):
            self.refuse(f"{name} names no mail server; {example}.")
        elif value and required and not found["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
            self.refuse(f"{name} sends no mail ({value.split(':')[0]}); {example}.")
        return found

    def sender(self, name: str, default: str) -> str:
        """A mail address, or a name with one: 会员服务 <service@example.org>."""
        value = self.text(name, default)
        if not value:
            self.refuse(f"{name} is not set; an example: 会员服务 <service@members.example.org>")
            return value
        try:
            validate_email(parseaddr(value)[1])
        except ValidationError:
            self.refuse(f"{name} is {value!r}; it must be a mail address, or: Name <address>.")
        return value

    def headers(self, name: str, default: dict[str, str]) -> dict[str, str]:
        """HTTP headers, written as a JSON object."""
        value = self.text(name)
        try:
            found = json.loads(value) if value else default
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
            self.refuse(
                f'{name} is no JSON object of texts; an example: {{"Content-Type": "application/json"}}'
            )
            return default
        return found

    def sms_gateway(self, used: bool, *, secure: bool) -> dict:
        """The gateway's request (core/sms.py), as templates over {phone} and {text}."""
        found: dict[str, Any] = {
            "url": self.text("SMS_URL"),
            "method": self.choice("SMS_METHOD", ("POST", "GET"), "POST"),
            "headers": self.headers("SMS_HEADERS", {"Content-Type": "application/json"}),
            "body": self.text("SMS_BODY", '{"phone": "{phone}", "text": "{text}"}'),
            "success": self.text("SMS_SUCCESS"),  # text that the answer must contain; empty: any 2xx
            "timeout": self.number("SMS_TIMEOUT", 10, 1, 60),
        }
        if used:
            self.check_sms_gateway(found, secure)
        return found

    def check_sms_gateway(self, gateway: dict, secure: bool) -> None:
        if not is_web_address(gateway["url"]):
            self.refuse("SMS_URL is not set to an http(s) address, but SMS_BACKEND is 'http'.")
        elif secure and urlsplit(gateway["url"]).scheme != "https":
            self.refuse("SMS_URL must start with https:// (text messages carry links that sign people in).")
        posted = gateway["method"] == "POST"
        sent = gateway["url"] + (gateway["body"] if posted else "")
        if "{phone}" not in sent or "{text}" not in sent:
            self.refuse("SMS_URL and SMS_BODY together must hold {phone} and {text}.")
        kind = {name.lower(): value for name, value in gateway["headers"].items()}.get("content-type", "")
        if posted and "json" not in kind and "form-urlencoded" not in kind:
            self.refuse(
                "SMS_HEADERS holds no Content-Type we can escape for; use application/json or "
                "application/x-www-form-urlencoded."
            )
        if (
            posted
            and "json" in kind
            and not is_json(gateway["body"].replace("{phone}", "1").replace("{text}", "1"))
        ):
            self.refuse("SMS_BODY is no JSON, but SMS_HEADERS says so.")

    def learning_platform(self, used: bool, *, secure: bool) -> dict:
        """How the learning platform is reached (training/platform/README.md); times in seconds and minutes."""
        found: dict[str, Any] = {
            "url": self.text("LEARNING_PLATFORM_URL").rstrip("/"),
            "secret": self.text("LEARNING_PLATFORM_SECRET"),
            "timeout": self.number("LEARNING_PLATFORM_TIMEOUT", 20, 1, 120),
            "poll_minutes": self.number("LEARNING_PLATFORM_POLL_MINUTES", 30, 1, 1440),
        }
        if used and not is_web_address(found["url"]):
            self.refuse(
                "LEARNING_PLATFORM_URL is not set to an http(s) address, but LEARNING_PLATFORM is 'http'."
            )
        elif used and secure and urlsplit(found["url"]).scheme != "https":
            self.refuse("LEARNING_PLATFORM_URL must start with https:// (it carries personal data).")
        if used and len(found["secret"]) < 32:
            self.refuse(
                "LEARNING_PLATFORM_SECRET is shorter than 32 characters; agree on a longer one with the platform."
            )
        return found

    def redis(self, name: str) -> str:
        """The address of a Redis server, or an empty text."""
        value = self.text(name)
        try:
            parts = urlsplit(value)
            known = parts.scheme in ("redis", "rediss") and parts.hostname and (parts.port or 1)
        except ValueError:
            known = False
        if value and not known:
            self.refuse(f"{name} is not understood; an example: redis://:password@host:6379/0")
        return value

    def needs_package(self, module: str, setting: str, file: str) -> None:
        """Refuse a setting whose optional package is not installed."""
        if importlib.util.find_spec(module) is None:
            self.refuse(f"{setting} needs more packages; install them with: pip install -r {file}")


def is_web_address(value: str) -> bool:
    """Whether this is an http(s) address of some host."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
