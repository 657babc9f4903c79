"""The schedule of fees and the bank account companies pay to."""

from django.contrib import admin

from backoffice.core.admin import HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.history import HISTORY
from fees.models import BankAccount, FeeSchedule


@admin.register(FeeSchedule)
class FeeScheduleAdmin(PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = [
        "__str__",
        "yearly_dues",
        "renewal_years",
        "change",
        "upgrade",
        "lapsed_year",
        "practice_dues",
    ]
    sortable_by = ()
    panels = (HISTORY,)


@admin.register(BankAccount)
class BankAccountAdmin(PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = ["holder", "bank", "number", "is_active"]
    sortable_by = ()
    panels = (HISTORY,)
