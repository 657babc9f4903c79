"""A company corrects who paid and the title of the receipt, until finance has written it (manual ch. 5-2, 6-3)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from backoffice.core.admin.flow import object_url, step_url
from backoffice.core.flow import StepRefused, available
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from fees.admin.shown import pictures_of
from fees.models import Voucher
from fees.receipts import Payer, not_correctable
from fees.services import correct_voucher


class CorrectionForm(forms.Form):
    payer_name = forms.CharField(
        label=gettext_lazy("Payer"), max_length=100, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The account holder who made the transfer."),
    )  # fmt: skip
    invoice_title = forms.CharField(
        label=gettext_lazy("Invoice title"), max_length=100, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The full name on receipt and invoice; head office or branch."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason for the change"), required=False, max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )  # fmt: skip

    @property
    def payer(self) -> Payer:
        return Payer(*(" ".join(self.cleaned_data[name].split()) for name in ("payer_name", "invoice_title")))


class CorrectingMixin:
    """Mixin for VoucherAdmin: the page `correct/`, for the company whose voucher it is."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.correct_view)  # type: ignore[attr-defined]
        return [
            path("<path:object_id>/correct/", view, name="fees_voucher_correct"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def correct_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET shows payer and title beside the picture; POST stores them. Out of scope: 404."""
        voucher: Voucher | None = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if voucher is None:
            raise Http404
        if request.user.role != Role.COMPANY or not self.may(request, "change"):  # type: ignore[attr-defined]
            raise PermissionDenied
        back = after_correction(voucher, request.user)
        if refusal := not_correctable(voucher):
            messages.warning(request, refusal)
            return HttpResponseRedirect(back)
        form = CorrectionForm(
            request.POST if request.method == "POST" else None,
            initial={"payer_name": voucher.payer_name, "invoice_title": voucher.invoice_title},
        )
        if request.method == "POST" and form.is_valid():
            try:
                correct_voucher(voucher, form.payer, request.user, form.cleaned_data["reason"].strip())
            except StepRefused as refused:
                messages.error(request, str(refused))
            else:
                messages.success(
                    request, _("Payer and invoice title are corrected; the receipt follows them.")
                )
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request), "title": _("Correct payer and invoice title"),  # type: ignore[attr-defined]
            "subtitle": str(voucher.bill), "opts": Voucher._meta, "voucher": voucher, "form": form, "back_url": back,
            "bill": voucher.bill, "pictures": pictures_of([voucher], request.user)[voucher.pk],
        }  # fmt: skip
        return TemplateResponse(request, "admin/fees/voucher_correct.html", context)


def after_correction(voucher: Voucher, user: Any) -> str:
    """Where one goes on: the payment page while it is open to the user, otherwise the bill."""
    bill = voucher.bill
    model: Any = bill.content_type.model_class()
    record = visible_to(model, user).filter(pk=bill.object_id).first()
    if record is not None and any(offer.step.name == "submit_voucher" for offer in available(record, user)):
        return step_url(record, record.pk, "submit_voucher")
    return object_url(bill)
