"""Everyone's own filters, above every list: chips that apply them, a small form that keeps the present one."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.core.filters import key_or_none
from backoffice.core.hidden_terms import without_numbers
from backoffice.core.models import SavedFilter
from backoffice.core.scoping import visible_to
from backoffice.roles import allows

#: Parts of a list's address that say which page is shown and how, not what is listed.
NOT_KEPT = {"p", "all", "e", "_popup", "_to_field", "_facets"}
#: More chips than this are no help.
MOST = 20
LONGEST_QUERY = 1000
SESSION_KEY = "saved_filters"


def pairs(query: QueryDict) -> set[tuple[str, str]]:
    """What an address asks for, whatever its order."""
    return {
        (name, str(value))
        for name, values in query.lists()
        if name not in NOT_KEPT
        for value in values
        if value
    }


class SavedFiltersMixin:
    """For a ModelAdmin: the user's filters for this list, in the context of its page."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.method == "GET" and "_popup" not in request.GET:
            extra_context = {**(extra_context or {}), **self.saved_filters_context(request)}
        return super().changelist_view(request, extra_context)  # type: ignore[misc]

    def saved_filters_context(self, request: HttpRequest) -> dict[str, Any]:
        if not allows(getattr(request.user, "role", None), "add", "core.SavedFilter"):
            return {}
        label = self.model._meta.label_lower  # type: ignore[attr-defined]
        present = pairs(request.GET)
        rows = mine(request).get(label, [])
        saved = [(row, pairs(QueryDict(row["query"])) == present) for row in rows]
        query = request.GET.copy()
        for name in NOT_KEPT & query.keys():
            del query[name]
        is_new = present and not any(active for _row, active in saved)
        return {
            "saved_filters": saved, "saved_filters_list": label,
            "unsaved_query": query.urlencode() if is_new else "",
        }  # fmt: skip


def mine(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    """The user's filters by list. Kept in the session (hours long), so that a list costs no query more."""
    found: dict[str, list[dict[str, Any]]] | None = request.session.get(SESSION_KEY)
    if found is None:
        found = {}
        for row in visible_to(SavedFilter, request.user).values("pk", "path", "name", "query"):
            found.setdefault(row["path"], []).append(row)
        request.session[SESSION_KEY] = found
    return found


def understood(model_admin: Any, request: HttpRequest, query: str) -> str:
    """The part of the query string that this list understands: its filters, its search, its order."""
    asked = QueryDict(query[: 4 * LONGEST_QUERY])
    get, request.GET = request.GET, asked  # type: ignore[assignment]
    try:
        changelist = model_admin.get_changelist_instance(request)
    finally:
        request.GET = get
    known = {"q", "o", *getattr(model_admin, "url_lookups", ())}
    for spec in changelist.filter_specs:
        known |= {name for name in spec.expected_parameters() if name}
    kept = QueryDict(mutable=True)
    for name, values in asked.lists():
        if name in known:
            kept.setlist(name, [value for value in values if value])
    if without_numbers(kept):
        messages.info(request, _("A filter holds no numbers of people: the search for one is left out."))
    return kept.urlencode()


def list_of(label: str, request: HttpRequest) -> Any:
    """The admin class behind a list's label, if the user may open the list."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.label_lower == label and model_admin.has_view_permission(request):
            return model_admin
    raise PermissionDenied


def save_view(request: HttpRequest) -> HttpResponse:
    """POST keeps the filters of a list under a name, or deletes one; then back to that list."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not allows(request.user.role, "add", "core.SavedFilter"):
        raise PermissionDenied
    if "delete" in request.POST:
        row = get_object_or_404(
            visible_to(SavedFilter, request.user), pk=key_or_none(request.POST["delete"]) or 0
        )
        model_admin = list_of(row.path, request)
        row.delete()
        request.session.pop(SESSION_KEY, None)
        messages.success(request, _("The filter “%(name)s” was deleted.") % {"name": row.name})
        return HttpResponseRedirect(list_url(model_admin.model))
    model_admin = list_of(request.POST.get("list", ""), request)
    query = understood(model_admin, request, request.POST.get("query", ""))
    keep(request, model_admin.model._meta.label_lower, request.POST.get("name", "").strip(), query)
    return HttpResponseRedirect(list_url(model_admin.model) + (f"?{query}" if query else ""))


def keep(request: HttpRequest, path: str, name: str, query: str) -> None:
    """Store the filter, in the place of one with the same name; say why not otherwise."""
    rows = visible_to(SavedFilter, request.user).filter(path=path)
    if not name or len(name) > 40:
        messages.error(request, _("Give the filter a name of at most 40 characters."))
    elif not query:
        messages.error(request, _("Choose a filter or search for something first; then keep it."))
    elif len(query) > LONGEST_QUERY:
        messages.error(request, _("This search is too long to be kept; shorten it."))
    elif rows.count() >= MOST and not rows.filter(name=name).exists():
        messages.error(request, _("You have 20 filters for this list; delete one of them first."))
    else:
        user: Any = request.user
        SavedFilter.objects.update_or_create(user=user, path=path, name=name, defaults={"query": query})
        request.session.pop(SESSION_KEY, None)
        messages.success(request, _("The filter “%(name)s” was saved.") % {"name": name})


def list_url(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
