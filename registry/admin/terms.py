"""The terms below a certificate, and the page on which the General Office corrects one, with a reason."""

from itertools import pairwise
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextareaWidget

from backoffice.core import written
from backoffice.core.admin.panels import table
from backoffice.core.bounds import validate_day
from backoffice.core.scoping import visible_to
from backoffice.roles import allows
from registry.models import Certificate, CertificateTerm
from registry.terms import correct_term


class TermForm(forms.Form):
    start_date = forms.DateField(
        label=_("From"), widget=UnfoldAdminSingleDateWidget, validators=[validate_day]
    )  # fmt: skip
    expiry_date = forms.DateField(
        label=_("Until"), widget=UnfoldAdminSingleDateWidget, validators=[validate_day]
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("What was wrong, and by which paper. It stands in the history of the certificate."),
    )  # fmt: skip


def may_correct(request: HttpRequest) -> bool:
    return allows(request.user.role, "change", Certificate._meta.label)


def terms_panel(request: HttpRequest, certificate: Certificate) -> dict[str, Any]:
    """The terms, newest first, and the days without a valid certificate before each."""
    terms = visible_to(CertificateTerm, request.user).filter(certificate=certificate)
    oldest_first = list(terms.order_by("start_date", "id"))
    gaps = {
        after.pk: (after.start_date - before.expiry_date).days - 1 for before, after in pairwise(oldest_first)
    }
    correctable = may_correct(request)

    def cells(term: CertificateTerm) -> list[Any]:
        days = gaps.get(term.pk, 0)
        gap = _("%d days without a valid certificate before this term") % days if days > 0 else ""
        recorded = written.moment(term.recorded_at)
        row = [term.start_date.isoformat(), term.expiry_date.isoformat(), recorded, gap]
        if correctable:
            url = reverse("admin:registry_certificate_term", args=[certificate.pk, term.pk])
            row.append(format_html('<a class="bo-link" href="{}">{}</a>', url, _("Correct this term")))
        return row

    headers = [
        _("From"),
        _("Until"),
        _("Recorded at"),
        _("Remark"),
        *([_("Correction")] if correctable else []),
    ]
    return table(headers, terms.order_by("-start_date", "-id"), cells)


class TermsMixin:
    """For CertificateAdmin: the page that corrects a term."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.term_view)  # type: ignore[attr-defined]
        own = path("<int:pk>/term/<int:term>/", view, name="registry_certificate_term")
        return [own, *super().get_urls()]  # type: ignore[misc]

    def term_view(self, request: HttpRequest, pk: int, term: int) -> HttpResponse:
        terms = visible_to(CertificateTerm, request.user).filter(certificate=pk).select_related("certificate")
        row = terms.filter(pk=term).first()
        if row is None:
            raise Http404
        if not may_correct(request):
            raise PermissionDenied
        values = {"start_date": row.start_date, "expiry_date": row.expiry_date}
        form = TermForm(request.POST) if request.method == "POST" else TermForm(initial=values)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            try:
                correct_term(row, start=data["start_date"], expiry=data["expiry_date"], by=request.user,
                             reason=data["reason"])  # fmt: skip
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(
                    request, _("The term was corrected; the history of the certificate says how.")
                )
                return HttpResponseRedirect(reverse("admin:registry_certificate_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request), "opts": Certificate._meta, "form": form,  # type: ignore[attr-defined]
            "title": _("Correct this term"), "subtitle": str(row.certificate), "certificate": row.certificate,
            "term": row,
        }  # fmt: skip
        return TemplateResponse(request, "admin/registry/term.html", context)
