"""A record that a page only names is a link for those who may open it, and plain text for the others; a sensitive
field is shown as roles.SENSITIVE lets the reader see it."""

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from backoffice.core import theme
from backoffice.core.once import once
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import ask_link, level_for, value_for
from backoffice.roles import MASKED, MAY_ASK, WHOLE, allows


def may_open(user: Any, record: models.Model) -> bool:
    model = type(record)
    if not allows(user.role, "view", model._meta.label):
        return False
    rows = visible_to(model, user)
    # Who sees all rows sees this one, too.
    return not rows.query.where or rows.filter(pk=record.pk).exists()


class ReadonlyField(theme.ReadonlyField):
    """Asks the form for its `reader` (ScopedAdmin.get_form); the stock field links whatever has a page."""

    written: SafeString | None = None

    def contents(self) -> SafeString:
        """The template asks three times, and some values are looked up."""
        if self.written is None:
            self.written = super().contents()
        return self.written

    def get_admin_url(self, remote_field: Any, remote_obj: models.Model) -> str:
        reader = getattr(self.form, "reader", None)
        if reader is None or self.may_open(reader, remote_obj):
            return super().get_admin_url(remote_field, remote_obj)  # type: ignore[no-any-return]
        return str(remote_obj)

    def may_open(self, reader: Any, record: models.Model) -> bool:
        """The same company stands in several fields of a page."""
        key = ("may_open", reader.pk, type(record), record.pk)
        return once(self.form.request, key, lambda: may_open(reader, record))

    def _get_contents(self) -> SafeString:
        """The value that the page writes: masked with a link to ask for the whole one, or none at all."""
        reader, name, record = getattr(self.form, "reader", None), self.field["field"], self.form.instance
        if reader is not None:
            record.reader = reader  # for display methods of sensitive values
        if reader is None or not isinstance(name, str) or level_for(reader, type(record), name) == WHOLE:
            return self.whole()
        value = getattr(record, name, None)
        if value is None:  # a display method of the admin class
            value = getattr(self.model_admin, name, lambda _record: "")(record)
        text = value_for(reader, type(record), name, value) or self.empty_value_display
        level = level_for(reader, type(record), name)
        if level == MASKED and value and reader.role in MAY_ASK and record.pk and hasattr(record, name):
            return ask_link(ask_url(record, name), text, pgettext("masked value", "Show"))
        return conditional_escape(text)

    def whole(self) -> SafeString:
        """A field class may say itself how its values are read (core/rows.py), as in lists and histories."""
        field, _attr, value = self.resolved_field or (None, None, None)
        as_read = getattr(field, "as_read", None)
        if as_read is not None and value is not None:
            return conditional_escape(as_read(value))
        return super()._get_contents()


def ask_url(record: models.Model, name: str) -> str:
    """The page that shows one masked value of a record, with a reason."""
    return reverse("admin:core_disclosure_ask", args=[record._meta.label_lower, record.pk, name])
