"""Lets the lock-out page look like the sign-in page: axes renders its template without the admin's context."""

from typing import Any

from django import template
from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def locked_out_page(context: dict[str, Any]) -> SafeString:
    """The whole page, with how many minutes the lock-out lasts."""
    request = context["request"]
    minutes = round(context["cooloff_timedelta"].total_seconds() / 60)
    return render_to_string(
        "accounts/locked_out_page.html", admin.site.each_context(request) | {"minutes": minutes}, request
    )
