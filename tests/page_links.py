"""The links and pictures of pages, and which of them lead nowhere."""

import re
from html import unescape
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client
from django.urls import reverse

LINK = re.compile(r'\b(?:href|src|hx-get|data-progress)="([^"]*)"')
HERE = "testserver"


class Pages:
    """What was read, and where each address stood that must lead somewhere."""

    def __init__(self) -> None:
        self.seen_on: dict[str, str] = {}
        self.answered: set[str] = set()
        self.shapes: set[Any] = set()

    def read(self, url: str, response: Any) -> None:
        if response.status_code != 200:
            return
        self.answered.add(url)
        if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
            for link in LINK.findall(response.content.decode()):
                self.note(urljoin(f"http://{HERE}{url}", unescape(link)), url)

    def note(self, address: str, page: str) -> None:
        """Of addresses that differ in the values of their query only one is asked."""
        parts = urlsplit(address)
        shape = parts.path, frozenset(name for name, _value in parse_qsl(parts.query))
        if parts.netloc == HERE and parts.path != reverse("admin:logout") and shape not in self.shapes:
            self.shapes.add(shape)
            self.seen_on[f"{parts.path}?{parts.query}" if parts.query else parts.path] = page

    def dead_links(self, client: Client, session: str) -> list[str]:
        """The addresses that do not end on a page; a link to sign in is none for those who are signed in."""
        dead = []
        for address, page in self.seen_on.items():
            if address not in self.answered and (why := why_dead(address, client, session)):
                dead.append(f"{address} (on {page}): {why}")
        return dead


def why_dead(address: str, client: Client, session: str) -> str:
    path = urlsplit(address).path
    if path.startswith(settings.STATIC_URL):
        return "" if finders.find(path.removeprefix(settings.STATIC_URL)) else "no such file"
    client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session} if session else {})
    with transaction.atomic():
        response: Any = client.get(address, follow=True)
        transaction.set_rollback(True)
    login = reverse("admin:login")
    if session and any(step.startswith(login) for step, _status in response.redirect_chain):
        return "asks to sign in"
    return "" if response.status_code == 200 else str(response.status_code)
