"""Planning the next year from this one's classes: first what would be planned, then the copies with links."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin.flow import object_url
from backoffice.core.filters import key_or_none
from training.models import TrainingClass
from training.services import copies_for_next_year, copy_into_next_year

#: So many classes are copied at once.
MOST = 500


class ClassCopyMixin:
    """Mixin for TrainingClassAdmin: the action `copy_selected` and the page that asks before it copies."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.copy_view)  # type: ignore[attr-defined]
        return [path("copy/", view, name="training_trainingclass_copy"), *super().get_urls()]  # type: ignore[misc]

    @admin.action(description=_("Copy into the next year"), permissions=["add"])
    def copy_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Ask before anything is planned: what would be, on which days, and what stands in the plan already."""
        if queryset.count() > MOST:
            sentence = gettext("Choose %(most)d classes at most; narrow the list with a filter.")
            messages.warning(request, sentence % {"most": MOST})
            return None
        context = {
            **self.admin_site.each_context(request), "title": _("Copy into the next year"),  # type: ignore[attr-defined]
            "opts": TrainingClass._meta, "copies": copies_for_next_year(queryset),
            "list_url": list_url(), "action_url": reverse("admin:training_trainingclass_copy"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/class_copy.html", context)

    def copy_view(self, request: HttpRequest) -> HttpResponse:
        """POST plans the copies of the classes named by the page, those within the user's scope; GET: to the list."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method == "POST":
            keys = [key for value in request.POST.getlist("class") if (key := key_or_none(value)) is not None]
            chosen = self.get_queryset(request).filter(pk__in=keys[:MOST])  # type: ignore[attr-defined]
            self.tell(request, *copy_into_next_year(chosen, request.user))
        return HttpResponseRedirect(list_url())

    def tell(self, request: HttpRequest, new: list[TrainingClass], known: int) -> None:
        if new:
            text = ngettext("%(count)d class was planned for the next year.",
                            "%(count)d classes were planned for the next year.", len(new))  # fmt: skip
            links = format_html_join(
                "、", '<a class="bo-link" href="{}">{}</a>', ((object_url(row), row) for row in new)
            )
            messages.success(request, format_html("{} {}", text % {"count": len(new)}, links))
        if known:
            text = ngettext("%(count)d class stands in the next year's plan already.",
                            "%(count)d classes stand in the next year's plan already.", known)  # fmt: skip
            messages.warning(request, text % {"count": known})


def list_url() -> Any:
    return reverse("admin:training_trainingclass_changelist")
