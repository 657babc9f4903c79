"""Form boxes of the cash desk."""

from django import forms

from backoffice.core.theme import INPUT_CLASSES


def date_box() -> forms.DateInput:
    """The browser's own date box: no scripts, and right on a phone."""
    return forms.DateInput({"type": "date", "class": " ".join(INPUT_CLASSES)}, "%Y-%m-%d")
