"""What the frame of the admin pages asks for: its style sheets and scripts, and the errors of a form in one list."""

from collections.abc import Iterator
from typing import Any

from django import template
from django.forms import BaseForm, BaseFormSet, Media
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from backoffice.core import bundles, phone_cards

register = template.Library()


@register.simple_tag
def bundle(name: str) -> str:
    """The address of a bundle: "styles" and "scripts" of every page, "forms" and "form_styles" of lists and forms."""
    return static(getattr(bundles, name.upper()))


@register.simple_tag
def bundled(media: Media | str) -> SafeString:
    """The tags of a form's media, with the files of a bundle replaced by it; nothing for a page without media."""
    return bundles.bundled(media) if isinstance(media, Media) else SafeString("")


@register.simple_tag
def phone_card(cl: Any) -> SafeString:
    """The rules for this list's cards on a phone."""
    return phone_cards.style_of(cl)


@register.filter
def errors_of(form: BaseForm | BaseFormSet | None) -> list[dict[str, Any]]:
    """What stands against a form, or the forms of a set, as a whole and field by field, for a list of links.

    Each entry has "text", and "label" and "id" of the field it is about; both are empty where it is about no field.
    """
    if isinstance(form, BaseFormSet):
        alone = [{"text": text, "label": "", "id": ""} for text in form.non_form_errors()]
        return [*alone, *(error for each in form.forms for error in errors_of(each))]
    return list(_errors(form)) if getattr(form, "errors", None) else []  # type: ignore[arg-type]


def _errors(form: BaseForm) -> Iterator[dict[str, Any]]:
    for text in form.non_field_errors():
        yield {"text": text, "label": "", "id": ""}
    for field in form:
        for text in field.errors:
            yield {"text": text, "label": capfirst(field.label), "id": field.id_for_label or field.auto_id}
