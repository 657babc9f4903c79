"""“… and open the next task” stays where the clerk came from: the list, its filters, the kind of work.

The inbox and the lists put their filters into the links of their rows; the pages of a record hand them on.
"""

import copy
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from backoffice.core.inbox import open_to, todo
from backoffice.core.models import Task

#: The filters of the inbox, and (Django's own name) those of the record's own list.
INBOX, LIST = "_inbox", "_changelist_filters"


def origin_of(request: HttpRequest) -> str:
    """The query that the links of a record's pages carry on; empty where nobody came from a list."""
    kept = {name: request.GET[name] for name in (INBOX, LIST) if name in request.GET}
    return f"?{urlencode(kept)}" if kept else ""


def list_behind(model_admin: Any, request: HttpRequest) -> str:
    """The address of the list one came from, with its filters; the inbox otherwise."""
    if LIST in request.GET and INBOX not in request.GET:
        opts = model_admin.model._meta
        return with_query(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"), request.GET[LIST])
    return with_query(reverse("admin:core_task_changelist"), request.GET.get(INBOX, ""))


def with_query(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address


def rows_of(model_admin: Any, request: HttpRequest, query: str) -> QuerySet:
    """The rows of a list under these filters, as its page shows them; without filters where they make no sense."""
    asked = QueryDict(query, mutable=True)
    asked.pop(PAGE_VAR, None)
    inner: Any = copy.copy(request)
    inner.GET, inner.method = asked, "GET"
    try:
        return model_admin.get_changelist_instance(inner).queryset  # type: ignore[no-any-return]
    except IncorrectLookupParameters:
        return model_admin.get_queryset(inner)  # type: ignore[no-any-return]


def next_of_kind(model_admin: Any, request: HttpRequest, obj: Any, states: tuple[str, ...]) -> Task | None:
    """The task to go on with: the same flow in the same state, within the list one came from; nobody else's."""
    kind = ContentType.objects.get_for_model(obj)
    tasks = open_to(todo(request.user), request.user).filter(content_type=kind, state__in=states)
    if INBOX in request.GET:
        inbox: Any = model_admin.admin_site._registry[Task]
        tasks = tasks.filter(pk__in=rows_of(inbox, request, request.GET[INBOX]).order_by().values("pk"))
    elif LIST in request.GET:
        rows = rows_of(model_admin, request, request.GET[LIST])
        tasks = tasks.filter(object_id__in=rows.order_by().values("pk"))
    return tasks.first()


def go_on(model_admin: Any, request: HttpRequest, obj: Any, step: Any, address: Any) -> HttpResponse:
    """To the same decision on the next record (`address` makes its page's), else back to the list, which says so."""
    task = next_of_kind(model_admin, request, obj, step.sources)
    if task is not None:
        return HttpResponseRedirect(address(obj, task.object_id, step.name) + origin_of(request))
    if todo(request.user).exists():
        messages.info(request, _("Nothing else of this kind waits in the list you came from."))
    else:
        messages.info(request, _("Well done: nothing else waits for you."))
    return HttpResponseRedirect(list_behind(model_admin, request))
