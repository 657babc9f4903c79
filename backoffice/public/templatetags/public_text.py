"""Small text filters of the public pages."""

import re

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

#: Chinese is written without spaces, so that an address ends where its characters do; Django's urlize
#: looks for spaces.
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9@./])(?:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*[A-Za-z0-9/#=&%_~+-]",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?[\d][\d\s()-]{5,}\d")


@register.filter(is_safe=True)
def paragraphs(text: str) -> SafeString:
    """The text in paragraphs, with web addresses as links; everything else is shown as it was typed."""
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = found[0] if "://" in found[0] else f"https://{found[0]}"
        link = format_html('<a href="{}" rel="nofollow noopener noreferrer">{}</a>', address, found[0])
        parts += [(conditional_escape(text[end : found.start()]),), (link,)]
        end = found.end()
    parts.append((conditional_escape(text[end:]),))
    return mark_safe(linebreaks(format_html_join("", "{}", parts)))  # noqa: S308 (every part is escaped)


@register.filter
def tel(text: str) -> str:
    """The address behind a phone number: the first number in the text, digits only; empty where there is none."""
    found = _PHONE.search(text)
    return f"tel:{re.sub(r'[^0-9+]', '', found[0])}" if found else ""
