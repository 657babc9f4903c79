"""How complete a profile is: the required fields, and the pictures kept so that no flow asks for them again.

An empty required field stops every flow (manual ch. 1-2, 4b-2); a missing picture only means an upload later
(ch. 4b-3.4).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from backoffice.core.models import Attachment, AttachmentKind


@dataclass(frozen=True)
class Item:
    """One thing a complete profile has: a field by name, or a picture by the code of its kind."""

    name: str
    label: str
    done: bool
    is_picture: bool = False


@dataclass(frozen=True)
class Completeness:
    items: tuple[Item, ...]

    @property
    def missing(self) -> list[Item]:
        """What is to be done, the fields that stop flows first."""
        return [item for item in self.items if not item.done]

    @property
    def percent(self) -> int:
        """Rounded down: 100 means that nothing is missing."""
        return 100 * (len(self.items) - len(self.missing)) // len(self.items) if self.items else 100

    @property
    def stops_flows(self) -> bool:
        return any(not item.is_picture for item in self.missing)


def completeness(record: Any) -> Completeness:
    """Of a person or a company: `required_for_flows` and `profile_papers`, in this order."""
    there = Attachment.of(record).filter(removed_at=None).values_list("kind__code", flat=True).distinct()
    return Completeness((*field_items(record), *picture_items(record, set(there))))


def field_items(record: Any) -> list[Item]:
    empty = record.missing_fields()
    return [
        Item(name, capfirst(str(record._meta.get_field(name).verbose_name)), name not in empty)
        for name in record.required_for_flows
    ]


def picture_items(record: Any, there: Collection[str]) -> list[Item]:
    kinds = {kind.code: str(kind) for kind in AttachmentKind.objects.filter(code__in=record.profile_papers)}
    return [
        Item(code, kinds.get(code, code), code in there, is_picture=True) for code in record.profile_papers
    ]
