"""A record that a page only names is a link for those who may open it, and plain text for the others."""

from typing import Any

from django.db import models

from backoffice.core import theme
from backoffice.core.scoping import visible_to
from backoffice.roles import allows


def may_open(user: Any, record: models.Model) -> bool:
    model = type(record)
    return (
        allows(user.role, "view", model._meta.label) and visible_to(model, user).filter(pk=record.pk).exists()
    )


class ReadonlyField(theme.ReadonlyField):
    """Asks the form for its `reader` (ScopedAdmin.get_form); the stock field links whatever has a page."""

    def get_admin_url(self, remote_field: Any, remote_obj: models.Model) -> str:
        reader = getattr(self.form, "reader", None)
        if reader is None or may_open(reader, remote_obj):
            return super().get_admin_url(remote_field, remote_obj)  # type: ignore[no-any-return]
        return str(remote_obj)
