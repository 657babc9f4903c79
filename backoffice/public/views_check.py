"""Public certificate check (specification 6): number and name together, and then only type, validity and employer."""

import logging
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from backoffice.core.excel.text import normalise_name
from backoffice.public.throttle import CHECKS, too_many
from registry.models import Certificate
from registry.validators import normalise_certificate_number

logger = logging.getLogger(__name__)


class CheckForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Certificate number"), max_length=60,
        help_text=gettext_lazy("As it is printed on the certificate; it starts with a letter."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Full name of the holder"), max_length=60,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def clean_number(self) -> str:
        return normalise_certificate_number(self.cleaned_data["number"])


def comparable(name: str) -> str:
    """A name without what two people type differently: full-width letters, spaces, capitals."""
    return normalise_name(unicodedata.normalize("NFKC", name)).replace(" ", "").casefold()


def find(number: str, name: str) -> Certificate | None:
    """The certificate if both are right. Not through `visible_to()`: whoever holds the paper knows both, and
    sees no more than what stands on it. One query whichever of the two is wrong, so that timing tells nothing.
    """
    certificate = Certificate.objects.filter(number=number).select_related("person", "company").first()
    if certificate is None or comparable(certificate.person.name) != comparable(name):
        return None
    return certificate


def shown(certificate: Certificate) -> dict[str, Any]:
    """The little that the public sees."""
    standing = certificate.standing()
    if standing == Certificate.Standing.SOON:  # whoever checks a paper asks whether it holds today
        standing = Certificate.Standing.VALID
    employer = str(certificate.company or "")
    printed = certificate.printed_company or employer
    return {
        "type": certificate.get_type_display(),
        "validity": standing.label,
        "tone": standing.lower(),
        "until": certificate.expiry_date,
        "printed": printed,
        "employer": employer if employer != printed else "",
    }


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class CheckView(View):
    """What was typed travels in the body of a POST, never in an address; looking up changes nothing."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(request, CheckForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CheckForm(request.POST)
        if not form.is_valid():
            return self.page(request, form)
        if wait := CHECKS.wait(request):
            form.add_error(None, ValidationError(too_many(wait)))
            return self.page(request, form, status=429, headers={"Retry-After": str(wait)})
        found = find(form.cleaned_data["number"], form.cleaned_data["name"])
        # For counting only: neither the number nor the name nor the address is written down.
        logger.info("certificate check: %s", "found" if found else "not found")
        return self.page(request, form, result=shown(found) if found else None, asked=True)

    @staticmethod
    def page(
        request: HttpRequest, form: CheckForm, *, status: int = 200, headers: Any = None, **context: Any
    ) -> HttpResponse:
        response = render(request, "public/check.html", {"form": form, **context}, status=status)
        for name, value in (headers or {}).items():
            response[name] = value
        return response


check = CheckView.as_view()
