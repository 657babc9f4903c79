"""Searching bills, receipts and refunds by the company's name, as the list of companies itself is searched."""

from typing import Any

from django.http import HttpRequest

from backoffice.core.scoping import visible_to
from fees.models import Bill


def companies_named(model_admin: Any, request: HttpRequest, word: str) -> set[int]:
    """The keys of the visible companies that the word may mean: former names and initials count, too.

    The register knows how to search companies, and the cash desk knows nothing of the register: it asks its admin.
    """
    company: Any = Bill._meta.get_field("company").related_model
    register = model_admin.admin_site.get_model_admin(company)
    found, _duplicates = register.get_search_results(request, visible_to(company, request.user), word)
    return set(found.order_by().values_list("pk", flat=True))
