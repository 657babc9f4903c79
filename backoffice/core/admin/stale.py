"""Two people edit one record: what the other one saved is taken into the form, what was typed here stays."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _


def merge(form: Any, before: Any, latest: Any, show: Callable[[models.Field, Any], str]) -> list[str]:
    """Put what changed between two history rows into the form's data where nobody typed anything else.

    `show` makes a stored value readable. Returns a sentence for each field that changed meanwhile.
    """
    form.data = form.data.copy()
    told = []
    for name in form.fields:
        field = tracked_field(form.instance, name)
        if field is None or not hasattr(latest, field.attname):
            continue
        old, new = getattr(before, field.attname), getattr(latest, field.attname)
        typed = key_of(form.cleaned_data.get(name, form.data.get(form.add_prefix(name))))
        if old == new or typed == new:
            continue
        values = {
            "field": capfirst(str(field.verbose_name)),
            "old": show(field, old),
            "new": show(field, new),
        }
        if typed in (old, "", None) and (typed or None) == (old or None):
            put(form, name, new)
            told.append(
                _("%(field)s: changed meanwhile from “%(old)s” to “%(new)s”, and taken over here.") % values
            )
        else:
            values["typed"] = show(field, typed)
            told.append(_("%(field)s: “%(new)s” was saved meanwhile; you typed “%(typed)s”.") % values)
    return told


def tracked_field(instance: models.Model, name: str) -> models.Field | None:
    """The model's own column behind a form field."""
    try:
        field: Any = instance._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if getattr(field, "concrete", False) and not field.many_to_many else None


def key_of(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


def put(form: Any, name: str, value: Any) -> None:
    """Write a stored value into the form's data as its widget would send it."""
    field, key = form.fields[name], form.add_prefix(name)
    if isinstance(field.widget, forms.MultiWidget):
        for index, part in enumerate(field.widget.decompress(value) or ()):
            form.data[f"{key}_{index}"] = "" if part is None else str(part)
    elif isinstance(value, bool):
        form.data.pop(key, None)
        if value:
            form.data[key] = "on"
    else:
        prepared = field.prepare_value(value)
        form.data[key] = "" if prepared is None else str(prepared)
