"""What a decision page shows of a record: its declared fields as label and value, and its pictures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.text import capfirst

from backoffice.core.admin.attachments import present
from backoffice.core.flow import Step
from backoffice.core.models import Attachment, ReadyOpinion
from backoffice.core.rows import field_text, label_of
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import is_hidden, level_for, value_for
from backoffice.core.theme import display_for_value
from backoffice.roles import WHOLE

EMPTY = "–"


@dataclass(frozen=True)
class Shown:
    label: str
    value: Any


def described(model_admin: Any, obj: Any, names: tuple[str, ...], reader: Any) -> list[Shown]:
    """The named fields or display methods of `model_admin` as the reader may see them."""
    return [
        Shown(
            capfirst(str(label_for_field(name, type(obj), model_admin))),
            value_of(model_admin, obj, name, reader),
        )
        for name in names
        if not is_hidden(reader, type(obj), name)
    ]


def value_of(model_admin: Any, obj: Any, name: str, reader: Any) -> Any:
    obj.reader = reader  # for display methods of sensitive values
    try:
        field, attr, value = lookup_field(name, obj, model_admin)
    except ObjectDoesNotExist:
        return EMPTY
    if value in (None, "", ()):
        return EMPTY
    if level_for(reader, type(obj), name) != WHOLE:
        return value_for(reader, type(obj), name, value)
    if field is None:
        if label := getattr(attr, "label", False):
            return label_of(value, EMPTY, label)
        return display_for_value(value, EMPTY, getattr(attr, "boolean", False))
    if field.remote_field is not None:
        return getattr(obj, field.name)
    if isinstance(field, models.FileField):
        return str(value)
    return field_text(value, field, EMPTY)


def pictures(obj: Any, user: Any) -> Any:
    """The record's attachments within the user's scope; none for a model that takes none."""
    if not getattr(obj, "takes_attachments", ()):
        return Attachment.objects.none()
    return present(obj, user)


def ready_opinions(obj: Any, user: Any, steps: Iterable[Step]) -> list[str]:
    """The sentences offered for these steps of the flow, then those for every flow.

    One that names no step is a reason for a return: it is offered where an opinion is required.
    """
    wanted = list(steps)
    required, names = any(step.opinion_required for step in wanted), {step.name for step in wanted}
    rows = visible_to(ReadyOpinion, user).filter(is_active=True, flow__in=("", obj._meta.label))
    fitting = [row for row in rows if (names & set(row.steps.split(",")) if row.steps else required)]
    return [str(row) for row in sorted(fitting, key=lambda row: (not row.flow, row.order, row.pk))]
