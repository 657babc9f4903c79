"""One Chromium for all browser tests, a fresh context for each, and pages that note what must not happen."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from backoffice.core.models import AttachmentKind
from tests.browser.access import NOTE_CLICKS
from tests.conftest import CHROMIUM

# Playwright's loop runs in this thread; Django would refuse its database to it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SHOTS = Path("/tmp/shots")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def files_are_kept() -> Iterator[None]:
    """The browser keeps scripts and styles from page to page, as it does where their names carry a hash."""
    find = StaticFilesHandler.serve

    def serve(handler: StaticFilesHandler, request: HttpRequest) -> HttpResponseBase:
        response = find(handler, request)
        response["Cache-Control"] = "max-age=600"
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", serve)
        yield


@pytest.fixture(autouse=True)
def kinds(transactional_db: None) -> None:
    """The flush between these tests takes away what migrations put there."""
    AttachmentKind.objects.get_or_create(code="ID_CARD", defaults={"name": "身份证", "name_en": "ID card"})
    cache.clear()


@pytest.fixture
def context(chromium: Browser, live_server: Any) -> Iterator[BrowserContext]:
    opened = chromium.new_context(
        base_url=live_server.url, viewport=WIDE, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    opened.set_default_timeout(15_000)
    opened.add_init_script(NOTE_CLICKS)
    yield opened
    opened.close()
    # The flush that follows must not meet a request that is still being answered (a draft saving itself, say).
    until = time.monotonic() + 10
    while any("process_request_thread" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < until, "the server is still answering a page that is closed"
        time.sleep(0.01)


@pytest.fixture
def notes() -> SimpleNamespace:
    """What the pages of a test did wrong: errors in the console, requests to another host, failed ones."""
    return SimpleNamespace(errors=[], strangers=[], failed=[])


@pytest.fixture
def page(context: BrowserContext, live_server: Any, notes: SimpleNamespace) -> Iterator[Page]:
    """A page; after the test nothing may have gone wrong in it."""
    opened = context.new_page()

    def listen(message: Any) -> None:
        # A refused upload or a locked sign-in is an answer, not an error of the page.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            notes.errors.append(f"{opened.url}: {message.text}")

    def request(sent: Any) -> None:
        if not sent.url.startswith((live_server.url, "data:", "blob:")):
            notes.strangers.append(sent.url)

    def answered(response: Any) -> None:
        if response.status >= 500 or (
            response.status == 404 and response.request.resource_type != "document"
        ):
            notes.failed.append(f"{response.status} {response.url}")

    opened.on("console", listen)
    opened.on("pageerror", lambda error: notes.errors.append(f"{opened.url}: {error}"))
    opened.on("request", request)
    opened.on("response", answered)
    yield opened
    assert not notes.errors
    assert not notes.strangers
    assert not notes.failed


@pytest.fixture
def enter(context: BrowserContext, live_server: Any) -> Callable[[Any], None]:
    """`enter(user)`: the browser has the user's session, without the sign-in page."""

    def with_session_of(user: Any) -> None:
        client = Client()
        client.force_login(user)
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.clear_cookies()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])

    return with_session_of


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the whole page if someone wants to look (SHOTS=1)."""
    if os.environ.get("SHOTS"):
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
