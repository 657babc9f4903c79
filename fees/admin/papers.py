"""Receipts to be written and refunds to be paid."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin import FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.history import HISTORY
from backoffice.core.filters import ChoicesFilter
from fees.models import Receipt, Refund


@admin.register(Receipt)
class ReceiptAdmin(PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    list_display = ["title", "kind", "amount", "number", "issued_on", "show_state"]
    list_filter = [("state", ChoicesFilter), ("kind", ChoicesFilter)]
    search_fields = ["title", "number"]
    search_help_text = _("Title or number")
    sortable_by = ()
    ordering = ["-id"]
    review_fields = ("bill", "kind", "title", "amount", "number", "issued_on")
    panels = (HISTORY,)


@admin.register(Refund)
class RefundAdmin(PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    list_display = ["bill", "amount", "reason", "show_state", "created_at"]
    list_select_related = ["bill"]
    list_filter = [("state", ChoicesFilter)]
    search_fields = ["bill__subject"]
    search_help_text = _("Words of the bill")
    sortable_by = ()
    ordering = ["-id"]
    review_fields = ("bill", "amount", "reason", "reference", "paid_on")
    panels = (HISTORY,)
