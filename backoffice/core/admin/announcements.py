"""公告: written by the General Office and the training department, read by everybody once published."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin.attachments import ATTACHMENTS, AttachmentsMixin, present
from backoffice.core.admin.history import HISTORY, HistoryAdmin
from backoffice.core.admin.panels import PanelsMixin
from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.models import Announcement

ABOUT = _("About")
COLOURS = {"draft": "", "planned": "info", "published": "success"}
STATES = {"draft": _("Draft"), "planned": _("Planned"), "published": _("Published")}


def state_of(announcement: Announcement) -> str:
    """draft, planned (published at a later moment) or published."""
    if not announcement.is_published:
        return "draft"
    return "published" if announcement.is_public() else "planned"


class PublishedFilter(SimpleListFilter):
    title = _("state")
    parameter_name = "published"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.items()) if model_admin.has_change_permission(request) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        later = Q(published_at__gt=timezone.now())
        conditions = {
            "draft": Q(is_published=False),
            "planned": Q(is_published=True) & later,
            "published": Q(is_published=True) & ~later,
        }
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(Announcement)
class AnnouncementAdmin(AttachmentsMixin, PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = ["title", "show_state", "is_pinned", "published_at", "created_by"]
    list_select_related = ["created_by"]
    list_filter = [PublishedFilter, "is_pinned"]
    search_fields = ["title", "body"]
    search_help_text = _("Words of the title or the text")
    ordering = ["-is_pinned", "-published_at", "-id"]
    sortable_by = ["published_at"]
    readonly_fields = ["created_by", "show_preview"]
    fieldsets = [
        (None, {"fields": ["title", "body"]}),
        (_("Publishing"), {
            "fields": ["is_published", "published_at", "is_pinned"],
            "description": _("A draft is seen only by those who write announcements. What is published stands on the "
                             "public pages and on every dashboard. Save first; then pictures can be added below."),
        }),
        (ABOUT, {"fields": [("created_by", "show_preview")]}),
    ]  # fmt: skip
    panels = (ATTACHMENTS, HISTORY)
    #: Editing one's own news is no correction of somebody's record.
    reason_required = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [
            path("<path:object_id>/preview/", view, name="core_announcement_preview"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["title", "body", "published_at"]})]
        return [
            entry for entry in super().get_fieldsets(request, obj) if obj is not None or entry[0] != ABOUT
        ]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        if self.has_change_permission(request):
            return super().get_list_display(request)
        return ["title", "published_at"]

    def save_model(self, request: HttpRequest, obj: Announcement, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]
        if obj.is_published and obj.published_at is None:
            obj.published_at = timezone.now()
        super().save_model(request, obj, form, change)

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The announcement as readers see it; of a draft, for those who may see drafts."""
        obj: Any = self.get_object(request, object_id)
        if obj is None or request.method != "GET":
            raise Http404
        context = {
            **self.admin_site.each_context(request), "title": obj.title, "object": obj, "opts": self.opts,
            "state": STATES[state_of(obj)], "is_public": obj.is_public(),
            "pictures": present(obj, request.user), "back": address(obj),
        }  # fmt: skip
        return TemplateResponse(request, "admin/core/announcement.html", context)

    @display(description=_("state"), label=COLOURS)
    def show_state(self, announcement: Announcement) -> tuple[str, str]:
        state = state_of(announcement)
        return state, str(STATES[state])

    @display(description=_("preview"))
    def show_preview(self, announcement: Announcement) -> str:
        page = reverse("admin:core_announcement_preview", args=[announcement.pk])
        return format_html('<a class="bo-link" href="{}">{}</a>', page, _("Look at it as readers see it"))


def address(announcement: Announcement) -> str:
    return reverse("admin:core_announcement_change", args=[announcement.pk])
