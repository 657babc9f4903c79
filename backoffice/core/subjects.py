"""The titles of tasks: renewed when what they are made of is saved, and shown to a desk without its own name.

A task keeps its title (`Flow.task_subject`), because people search the titles of a hundred thousand tasks.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import models

from backoffice.core.models.inbox import Task

#: What stands between the parts of a title.
SEPARATORS: Final = (" · ", " → ")
BATCH: Final = 500


def renew(record: Any) -> None:
    """Give the newest task of this record its present title, if it has another one."""
    subject = record.task_subject()[:200]
    Task.of(record).filter(is_latest=True).exclude(subject=subject).update(subject=subject)


def renew_all(model: Any, ids: Iterable[int]) -> None:
    """`renew()` for many records of one flow."""
    kind, wanted = ContentType.objects.get_for_model(model), list(ids)
    for start in range(0, len(wanted), BATCH):
        rows = model._default_manager.select_related(*model.bulk_related).in_bulk(
            wanted[start : start + BATCH]
        )
        changed = []
        for task in Task.objects.filter(content_type=kind, object_id__in=list(rows), is_latest=True):
            subject = rows[task.object_id].task_subject()[:200]
            if task.subject != subject:
                task.subject = subject
                changed.append(task)
        Task.objects.bulk_update(changed, ["subject"])


def renew_those_of(record: models.Model) -> None:
    """The titles of all flows that refer to this record: a company or a class has a new name."""
    for relation in record._meta.related_objects:
        flow: Any = relation.related_model
        if hasattr(flow, "task_subject") and flow.desks:
            keys = flow._default_manager.filter(**{relation.field.name: record.pk}).values_list(
                "pk", flat=True
            )
            renew_all(flow, keys)


def without_own_name(subject: str, own: str) -> str:
    """The title as the desk of `own` reads it: whose it is goes without saying there."""
    for mark in SEPARATORS if own else ():
        subject = subject.removeprefix(f"{own}{mark}").removesuffix(f"{mark}{own}")
    return subject or own


def own_name(user: Any) -> str:
    """The name of the company or body that the user is bound to, as titles say it; empty for all others."""
    company = getattr(user, "company", None) if getattr(user, "role", "") == "COMPANY" else None
    return str(company or "")
