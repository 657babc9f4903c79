"""What templates ask of the sidebar."""

from typing import Any

from django import template
from django.http import HttpRequest

from backoffice.navigation import group_of

register = template.Library()


@register.simple_tag
def sidebar_group(request: HttpRequest) -> Any:
    """The title of the sidebar group that this page's model stands in; empty for other pages."""
    match = request.resolver_match
    return group_of(match.url_name or "") if match and match.namespace == "admin" else ""
