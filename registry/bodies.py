"""资料审核所属区域: which local bodies an application may name (manual ch. 2-3, 4b-1).

The training room knows it, by its open practice classes; the register knows no classes, so training tells it here.
"""

from collections.abc import Callable

from django.db.models import QuerySet

from registry.models import LocalBody

Bodies = Callable[[], "QuerySet[LocalBody]"]


def active_bodies() -> "QuerySet[LocalBody]":
    return LocalBody.objects.filter(is_active=True)


_offered: list[Bodies] = [active_bodies]


def offer(bodies: Bodies) -> None:
    """Called once at start-up by the room that knows where classes are open."""
    _offered[:] = [bodies]


def offered_bodies(also: int | None = None) -> "QuerySet[LocalBody]":
    """The bodies on offer now, and the one an application names already: a class that closes strands nobody."""
    bodies = LocalBody.objects.filter(pk__in=_offered[0]().values("pk"))
    return bodies | LocalBody.objects.filter(pk=also) if also else bodies
