"""A masked value shown to one reader with a reason (roles.MAY_ASK): who, what, when and why is kept."""

from datetime import timedelta
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from backoffice.core.models import Attachment, Disclosure
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import level_for, without_id_numbers
from backoffice.roles import MASKED, MAY_ASK, allows, paper_level

#: So long a picture stays open after it was asked for: it is fetched by requests of its own.
OPEN_FOR: Final = timedelta(minutes=10)


def askable(user: Any, model: type[models.Model], pk: int, name: str) -> models.Model | None:
    """The record whose masked `name` this user may have shown; None for whatever is not masked to the user."""
    if user.role not in MAY_ASK or not allows(user.role, "view", model._meta.label):
        return None
    record: Any = visible_to(model, user).filter(pk=pk).first()
    if record is None:
        return None
    if isinstance(record, Attachment):
        return record if name == "file" and paper_level(user.role, record.kind.code) == MASKED else None
    is_field = any(field.name == name for field in model._meta.concrete_fields)
    return record if is_field and level_for(user, model, name) == MASKED else None


def disclose(user: Any, record: models.Model, name: str, reason: str) -> Any:
    """Note the reason and return the value; the caller has asked `askable()`."""
    Disclosure.objects.create(
        owner=record, field=name, label=without_id_numbers(str(record))[:200], reason=reason[:300], by=user
    )
    return getattr(record, name)


def is_open(user: Any, attachment: Attachment) -> bool:
    """Whether the picture is no secret to the user, or was asked for just now."""
    if paper_level(user.role, attachment.kind.code) != MASKED:
        return True
    return Disclosure.of(attachment).filter(by=user, at__gt=timezone.now() - OPEN_FOR).exists()


def owner_of(attachment: Attachment) -> str:
    """The record that a picture hangs on, in words."""
    return without_id_numbers(
        str(attachment.owner or ContentType.objects.get_for_id(attachment.content_type_id))
    )
