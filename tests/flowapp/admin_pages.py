"""The admin of the test flow: registered by tests that ask for it, so that the product's site stays as it is."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.urls import clear_url_caches

import backoffice.urls
from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin
from tests.flowapp.models import Paper


class PaperAdmin(AttachmentsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    list_display = ["title", "show_state"]
    review_fields = ("title", "company", "local_body", "show_length")

    def show_length(self, paper: Paper) -> str:
        return f"{len(paper.title)} characters"

    def review_notes(self, request: Any, obj: Paper) -> list[tuple[str, Any]]:
        return [("warning", "Look twice at this paper.")] if "odd" in obj.title else []


def renew_addresses() -> None:
    importlib.reload(backoffice.urls)
    clear_url_caches()


@contextmanager
def paper_pages() -> Iterator[None]:
    """The site with papers in it."""
    admin.site.register(Paper, PaperAdmin)
    renew_addresses()
    try:
        yield
    finally:
        admin.site.unregister(Paper)
        renew_addresses()
