"""Enrolled people and their learning: 网络培训报名查询 (manual ch. 7, FAQ 12)."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY
from backoffice.core.filters import ChoicesFilter
from training.models import EnrolmentLine


@admin.register(EnrolmentLine)
class EnrolmentLineAdmin(AttachmentsMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    list_display = ["name", "certificate_number", "category", "matter", "show_state"]
    list_filter = [("state", ChoicesFilter)]
    search_fields = ["name", "certificate_number"]
    search_help_text = _("Name or certificate number")
    sortable_by = ()
    ordering = ["-id"]
    review_fields = ("enrolment", "name", "id_number", "certificate_number", "category", "matter", "amount")
    panels = (ATTACHMENTS, HISTORY)
