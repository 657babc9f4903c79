from fees.admin.bill import BillAdmin, VoucherAdmin
from fees.admin.papers import ReceiptAdmin, RefundAdmin
from fees.admin.schedule import BankAccountAdmin, FeeScheduleAdmin

__all__ = ["BankAccountAdmin", "BillAdmin", "FeeScheduleAdmin", "ReceiptAdmin", "RefundAdmin", "VoucherAdmin"]
