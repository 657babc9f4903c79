"""What a company fills in on the payment page: one or several vouchers (manual ch. 6)."""

import datetime
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.core.attachments import check_picture
from backoffice.core.bounds import validate_day
from backoffice.core.filters import key_or_none
from backoffice.core.theme import INPUT_CLASSES
from backoffice.core.trail import last_log_id
from fees.admin.shown import pictures_of
from fees.models import Bill, PayerDefault, Voucher
from fees.money import yuan
from fees.rules import ZERO

PREFIX = "vouchers"
#: So many vouchers are handed in at once.
MOST = 20
#: What people put around an amount.
AROUND = "¥￥元,， \t"


class AmountField(forms.DecimalField):
    """Yuan as people type them: 1,200.00, ￥1200, １２００ 元."""

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = unicodedata.normalize("NFKC", str(value if value is not None else ""))
        return super().to_python(text.translate(str.maketrans("", "", AROUND)))


class PageForm(forms.Form):
    """What belongs to the whole page."""

    opinion = forms.CharField(
        label=gettext_lazy("Message to finance"), required=False, max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )  # fmt: skip
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


class VoucherForm(forms.Form):
    """One transfer. A row in which neither amount nor picture stands is left out."""

    pk = forms.IntegerField(required=False, widget=forms.HiddenInput)
    payer_name = forms.CharField(
        label=gettext_lazy("Payer"), max_length=100, required=False, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The account holder who made the transfer; screenshots often do not show it."),
    )  # fmt: skip
    invoice_title = forms.CharField(
        label=gettext_lazy("Invoice title"), max_length=100, required=False, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The full name on receipt and invoice; head office or branch."),
    )  # fmt: skip
    amount = AmountField(
        label=gettext_lazy("Amount paid (yuan)"), max_digits=10, decimal_places=2, min_value=Decimal("0.01"),
        required=False, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "invalid": gettext_lazy("Enter the amount in yuan, such as 1200 or 1200.50."),
            "min_value": gettext_lazy("The amount must be more than 0."),
        },
    )  # fmt: skip
    paid_on = forms.DateField(
        validators=[validate_day],
        label=gettext_lazy("Paid on"), required=False,
        widget=forms.DateInput({"type": "date", "class": " ".join(INPUT_CLASSES)}, "%Y-%m-%d"),
    )  # fmt: skip
    remark = forms.CharField(
        label=gettext_lazy("Remark"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    image = forms.FileField(
        label=gettext_lazy("Picture of the transfer (JPG or PNG, at most 10 MB)"), required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/jpeg,image/png"}),
    )  # fmt: skip
    drop = forms.BooleanField(label=gettext_lazy("Leave this voucher out"), required=False)
    #: The returned voucher that the row corrects, set by the formset: (voucher, its picture or None).
    returned: tuple[Any, Any] | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing was entered that would make it a voucher."""
        given = self.cleaned_data
        return bool(given.get("drop")) or not (
            given.get("pk") or given.get("amount") or given.get("image") or self.errors
        )

    @property
    def picture(self) -> Any:
        """The picture that stays where no new one is chosen."""
        return self.returned[1] if self.returned else None

    def full_clean(self) -> None:
        """A voucher that is left out may be as wrong as it likes."""
        super().full_clean()
        if self.is_bound and self.cleaned_data.get("drop"):
            self.errors.clear()

    def clean_payer_name(self) -> str:
        return " ".join(self.cleaned_data["payer_name"].split())

    def clean_invoice_title(self) -> str:
        return " ".join(self.cleaned_data["invoice_title"].split())

    def clean_paid_on(self) -> datetime.date | None:
        paid_on: datetime.date | None = self.cleaned_data["paid_on"]
        if paid_on and paid_on > timezone.localdate():
            raise ValidationError(_("The day of the transfer lies in the future."))
        return paid_on

    def clean_image(self) -> Any:
        """The checked picture; what is wrong with it stands at the field."""
        image = self.cleaned_data["image"]
        return check_picture(image, "VOUCHER") if image else None

    def require(self) -> None:
        """Say at each field what is missing; called for the rows that count."""
        wanted = {
            "payer_name": _("Enter who paid: without the name the transfer cannot be found."),
            "invoice_title": _("Enter the full name that receipt and invoice are made out to."),
            "amount": _("Enter the amount of this transfer."),
        }
        if self.picture is None:
            wanted["image"] = _("Choose the picture of the transfer.")
        for name, sentence in wanted.items():
            if name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, sentence)


class BaseVoucherFormSet(forms.BaseFormSet):
    """The rows of the page; `balance` is what is to be paid, `returned` the vouchers that may be corrected."""

    def __init__(
        self, *args: Any, balance: Decimal, returned: dict[int, tuple[Any, Any]], **kwargs: Any
    ) -> None:
        self.balance, self.returned = balance, returned
        super().__init__(*args, **kwargs)

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        pk = form["pk"].value() if index is not None else None
        form.returned = self.returned.get(key_or_none(str(pk or "")) or 0)

    @property
    def rows(self) -> list[Any]:
        """The rows that count as vouchers."""
        return [form for form in self.forms if not form.is_blank]

    @property
    def total(self) -> Decimal:
        return sum((form.cleaned_data.get("amount") or ZERO for form in self.rows), ZERO)

    def clean(self) -> None:
        """Every row complete, no picture twice, and the sum covers the balance."""
        rows = self.rows
        if not rows and self.balance > 0 and self.forms:
            rows = self.forms[:1]
        for form in rows:
            form.require()
        self.no_picture_twice(rows)
        if any(form.errors for form in self.forms):
            return
        if (missing := self.balance - self.total) > 0:
            raise ValidationError(
                _("The vouchers come to %(sum)s yuan, and %(balance)s are to be paid: %(missing)s yuan are missing. "
                  "Correct the amounts, or add the voucher of another transfer.")
                % {"sum": yuan(self.total), "balance": yuan(self.balance), "missing": yuan(missing)}
            )  # fmt: skip

    @staticmethod
    def no_picture_twice(rows: list[Any]) -> None:
        seen: dict[str, int] = {}
        for number, form in enumerate(rows, 1):
            image = form.cleaned_data.get("image")
            digest = image.sha256 if image else getattr(form.picture, "sha256", "")
            if digest and digest in seen:
                form.add_error("image", _("This is the same picture as that of voucher %(number)d. Choose the "
                                          "picture of the other transfer, or leave this voucher out.")
                               % {"number": seen[digest]})  # fmt: skip
            elif digest:
                seen[digest] = number

    def vouchers(self) -> list[dict[str, Any]]:
        """What `submit_voucher` takes."""
        names = ("pk", "payer_name", "invoice_title", "amount", "paid_on", "remark", "image")
        return [{name: form.cleaned_data.get(name) for name in names} for form in self.rows]


VoucherFormSet: Any = forms.formset_factory(
    VoucherForm, formset=BaseVoucherFormSet, extra=0, max_num=MOST, absolute_max=MOST, validate_max=True
)


class Entered:
    """The forms of one request: new ones (filled in beforehand), those that were sent, or those with a row more."""

    def __init__(self, request: HttpRequest, bill: Bill) -> None:
        self.bill = bill
        self.returned = returned_vouchers(bill, request.user)
        self.is_longer = request.method == "POST" and "add_row" in request.POST
        bound: dict[str, Any] = {}
        if request.method == "POST" and not self.is_longer:
            self.page = PageForm(request.POST.copy())
            bound = {"data": request.POST, "files": request.FILES}
        else:
            typed = (
                {name: request.POST.get(name, "") for name in ("opinion", "seen")} if self.is_longer else {}
            )
            self.page = PageForm(initial=typed)
            bound = {"initial": typed_rows(request.POST) if self.is_longer else self.first_rows()}
        self.formset = VoucherFormSet(prefix=PREFIX, balance=bill.balance, returned=self.returned, **bound)

    def first_rows(self) -> list[dict[str, Any]]:
        """The returned vouchers, or one that covers the balance by whoever paid last time."""
        names = ("pk", "payer_name", "invoice_title", "amount", "paid_on", "remark")
        if self.returned:
            return [{name: getattr(row, name) for name in names} for row, _picture in self.returned.values()]
        if self.bill.balance <= 0:
            return []
        company = self.bill.company
        known = PayerDefault.objects.filter(company=company).first()
        payer = known.payer_name if known else company.name
        title = known.invoice_title if known else company.name
        return [{"payer_name": payer, "invoice_title": title, "amount": self.bill.balance}]

    def is_valid(self) -> bool:
        """Both are looked at, so that everything that is wrong is said at once."""
        return not self.is_longer and all([self.page.is_valid(), self.formset.is_valid()])

    def data(self) -> dict[str, Any]:
        """What `perform()` takes."""
        return {**self.page.cleaned_data, "vouchers": self.formset.vouchers()}

    def show_state_of(self, obj: Any) -> None:
        """The page that comes back was decided on the present state."""
        (self.page.data if self.page.is_bound else self.page.initial)["seen"] = str(last_log_id(obj))  # type: ignore[index]

    @property
    def too_much(self) -> Decimal:
        """What will be paid back once finance has verified it."""
        total: Decimal = self.formset.total
        return total - self.bill.balance


def returned_vouchers(bill: Bill, user: Any) -> dict[int, tuple[Voucher, Any]]:
    """The vouchers that finance returned, each with its picture, by key."""
    rows = list(bill.vouchers.filter(status=Voucher.Status.RETURNED))
    pictures = pictures_of(rows, user) if rows else {}
    return {row.pk: (row, next(iter(reversed(pictures.get(row.pk, []))), None)) for row in rows}


def typed_rows(data: QueryDict) -> list[dict[str, Any]]:
    """What stands in the rows that were sent, and a new one with the same payer and title."""
    sent = key_or_none(data.get(f"{PREFIX}-TOTAL_FORMS", "")) or 0
    names = ("pk", "payer_name", "invoice_title", "amount", "paid_on", "remark", "drop")
    rows = [
        {name: data.get(f"{PREFIX}-{index}-{name}", "") for name in names}
        for index in range(min(sent, MOST))
        if f"{PREFIX}-{index}-payer_name" in data
    ]
    last = rows[-1] if rows else {}
    return [*rows, {name: last.get(name, "") for name in ("payer_name", "invoice_title")}][:MOST]
