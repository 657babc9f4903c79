from fees.models.bill import BankAccount, Bill, BillItem, ItemKind, PayerDefault, ReceiptKind, Voucher
from fees.models.papers import Receipt, Refund
from fees.models.schedule import FeeSchedule, NoSchedule, rates_on

__all__ = [
    "BankAccount", "Bill", "BillItem", "FeeSchedule", "ItemKind", "NoSchedule", "PayerDefault", "Receipt",
    "ReceiptKind", "Refund", "Voucher", "rates_on",
]  # fmt: skip
