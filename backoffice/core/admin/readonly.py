"""A record that a page only names is a link for those who may open it, and plain text for the others."""

from typing import Any

from django.db import models
from django.utils.html import conditional_escape
from unfold.fields import UnfoldAdminReadonlyField

from backoffice.core.scoping import visible_to
from backoffice.roles import allows


def may_open(user: Any, record: models.Model) -> bool:
    model = type(record)
    return (
        allows(user.role, "view", model._meta.label) and visible_to(model, user).filter(pk=record.pk).exists()
    )


class ReadonlyField(UnfoldAdminReadonlyField):
    """Asks the form for its `reader` (ScopedAdmin.get_form); the stock field links whatever has a page."""

    def get_admin_url(self, remote_field: Any, remote_obj: models.Model) -> str:
        reader = getattr(self.form, "reader", None)
        if reader is None or may_open(reader, remote_obj):
            return super().get_admin_url(remote_field, remote_obj)  # type: ignore[no-any-return]
        return str(remote_obj)

    def _get_contents(self) -> Any:
        """A field class may say itself how its values are read (core/rows.py), as in lists and histories."""
        field, _attr, value = self.resolved_field or (None, None, None)
        as_read = getattr(field, "as_read", None)
        if as_read is not None and value is not None:
            return conditional_escape(as_read(value))
        return super()._get_contents()
