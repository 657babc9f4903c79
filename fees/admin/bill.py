"""Bills and their vouchers: finance's one desk for everything that is paid (SPEC 1, FINANCE)."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin import AttachmentsMixin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY
from backoffice.core.filters import ChoicesFilter
from fees.models import Bill, Voucher


@admin.register(Bill)
class BillAdmin(PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = ["subject", "company", "total", "paid", "stage"]
    list_select_related = ["company"]
    list_filter = [("stage", ChoicesFilter)]
    search_fields = ["subject", "company__name"]
    search_help_text = _("Words of the subject or the company")
    sortable_by = ()
    ordering = ["-id"]
    panels = (HISTORY,)


@admin.register(Voucher)
class VoucherAdmin(AttachmentsMixin, PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = ["payer_name", "invoice_title", "amount", "paid_on", "status"]
    list_filter = [("status", ChoicesFilter)]
    search_fields = ["payer_name", "invoice_title"]
    search_help_text = _("Payer or invoice title")
    sortable_by = ()
    ordering = ["-id"]
    panels = (ATTACHMENTS, HISTORY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Vouchers are handed in and corrected on the payment page only."""
        return False
