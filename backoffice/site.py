"""The admin site: the product's front door for every signed-in role."""

from functools import partial
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import ForeignKey
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.views.generic import RedirectView
from unfold.sites import UnfoldAdminSite

from backoffice.navigation import sidebar
from backoffice.roles import Role

#: Models that libraries register for themselves and nobody here needs: there are no groups (roles.py decides),
#: and background jobs are shown by the records they work for.
NOT_SHOWN = {"auth.Group", "django_tasks_database.DBTaskResult"}


def without_old(urls: list[Any]) -> list[Any]:
    """These addresses, and those included in them, without Django's of before 1.9, which have no name: tests find and
    ask addresses by name, and refuse one that has none."""
    kept = []
    for url in urls:
        if isinstance(url, URLResolver):
            url.url_patterns[:] = without_old(url.url_patterns)
        elif not url.name and getattr(url.callback, "view_class", None) is RedirectView:
            continue
        kept.append(url)
    return kept


class BackofficeSite(UnfoldAdminSite):
    #: It would be an address without a name; what leads nowhere is not found.
    final_catch_all_view = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        shown = [model for model in models if model._meta.label not in NOT_SHOWN]
        super().register(shown, admin_class, **options)

    def get_urls(self) -> list[URLPattern]:
        """Without /r/<type>/<id>/, which names any object of any model to anybody."""
        from backoffice.core.admin.state import state_page  # both ask this very site
        from backoffice.help import help_page

        own = [
            path("help/", self.admin_view(help_page), name="help"),
            path("system/", self.admin_view(state_page), name="system_state"),
        ]
        kept = [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]
        return [*own, *without_old(kept)]

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """One page for it, with our rules and our look."""
        return redirect("accounts:set_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Worked out where it is looked at: every page has it at hand, and the sidebar is ours."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"profile_banner": self.profile_banner(request)}

    def i18n_javascript(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Django's words for its scripts, kept by the browser for an hour; another language is another cookie."""
        response = super().i18n_javascript(request, extra_context)
        patch_cache_control(response, private=True, max_age=3600)
        patch_vary_headers(response, ["Cookie"])
        return response

    def search(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Ctrl+K: the entries of the user's own sidebar whose name or group holds the words; all without words."""
        words = request.GET.get("s", "").strip().casefold()
        entries = [
            {
                "title": item["title"],
                "icon": item["icon"],
                "link": item["link"],
                "group": group.get("title", ""),
            }
            for group in sidebar(request)
            for item in group["items"]
            if words in f"{item['title']} {group.get('title', '')}".casefold()
        ]
        return TemplateResponse(request, "admin/core/palette_results.html", {"entries": entries})

    @staticmethod
    def profile_banner(request: HttpRequest) -> dict[str, Any] | None:
        """What the company's profile still lacks (manual ch. 1-2, 4b-2): every screen says so and links there."""
        company = getattr(request.user, "company", None)
        if (
            getattr(request.user, "role", None) != Role.COMPANY
            or company is None
            or not company.is_active_member
        ):
            return None
        missing = company.missing_fields()
        if not missing:
            return None
        return {"company": company, "missing": [company._meta.get_field(name) for name in missing]}

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Only for a real foreign key: a reverse relation has no choices (the stock view answers it with a 500).

        The term is posted (backoffice.js): people look for people by ID number, which stands in no address.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        asked = request.POST
        request.GET, request.method = asked, "GET"  # type: ignore[assignment]  # what the stock view reads
        try:
            model = apps.get_model(asked["app_label"], asked["model_name"])
            field = model._meta.get_field(asked["field_name"])
        except (LookupError, ValueError, FieldDoesNotExist):
            raise PermissionDenied from None
        if not isinstance(field, ForeignKey):
            raise PermissionDenied
        return super().autocomplete_view(request)

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
        """One way in: the sidebar and the dashboard; app pages would only repeat them."""
        return self.index(request)
