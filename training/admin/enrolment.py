"""报名 (SPEC 3.5): begun by a company, reviewed by the class's body, finance and the training department."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY
from backoffice.core.filters import ChoicesFilter
from registry.admin.drafts import CompanyDraftAdmin
from training.admin.printing import PrintMixin
from training.models import Enrolment


@admin.register(Enrolment)
class EnrolmentAdmin(
    PrintMixin, CompanyDraftAdmin, AttachmentsMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin
):
    list_display = ["training_class", "company", "people", "amount", "show_state", "created_at"]
    list_select_related = ["training_class", "company"]
    list_filter = [("state", ChoicesFilter)]
    search_fields = ["company__name", "training_class__title"]
    search_help_text = _("Company or class")
    sortable_by = ()
    ordering = ["-id"]
    autocomplete_fields = ["training_class"]
    review_fields = (
        "company", "training_class", "local_body", "people", "amount", "contact_name", "contact_phone", "remark",
        "created_by", "created_at",
    )  # fmt: skip
    panels = (ATTACHMENTS, HISTORY)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return [(None, {"fields": ["training_class", "contact_name", "contact_phone", "remark"]})]
        return [(None, {"fields": list(self.review_fields)})]
