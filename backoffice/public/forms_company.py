"""企业申请: the form of a company that wants to become a member (specification 3.2, manual ch. 3-1)."""

from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import login_name
from backoffice.core.excel import clean
from backoffice.core.excel.text import normalise_text
from backoffice.public.forms_apply import ApplicationForm, RecordChoice, phone_number, text
from registry.flows.company_application import login_name_free, not_registered_yet
from registry.models import CompanyApplication
from registry.validators import checked

PURPOSES = [
    ("FORMAL", _("Formal member: pays dues and gets all services")),
    ("TEMPORARY", _("Temporary member: only enrols its people in training, pays no dues")),
]


class CompanyForm(ApplicationForm):
    kept = (
        "purpose", "name", "credit_code", "region", "office_address", "contact_name", "contact_phone", "email",
        "login_name",
    )  # fmt: skip
    sections: ClassVar = (
        (_("Your company"), ("purpose", "name", "credit_code", "region", "office_address")),
        (_("Who answers for it"), ("contact_name", "contact_phone", "email")),
        (_("Your account"), ("login_name",)),
    )

    purpose = forms.ChoiceField(
        label=_("What do you register for?"), choices=PURPOSES, widget=forms.RadioSelect,
        help_text=_("A formal member hands in the licence and the qualification certificate, a temporary one the "
                    "licence. A temporary member can become a formal one later."),
    )  # fmt: skip
    name = text(_("Company name"), 100, check="company_name", autocomplete="organization",
                help_text=_("The full name, as it stands on the business licence."))  # fmt: skip
    credit_code = text(_("Unified social credit code"), 40, check="credit_code", autocomplete="off",
                       autocapitalize="characters", spellcheck="false",
                       help_text=_("18 digits and letters, as on the business licence."))  # fmt: skip
    region = RecordChoice(label=_("Region"), help_text=_("Where the company is registered."))
    office_address = text(_("Office address"), 200, autocomplete="street-address",
                          help_text=_("Couriers deliver certificates here."))  # fmt: skip
    contact_name = text(_("Association contact"), 50, autocomplete="name")
    contact_phone = text(_("Contact phone"), 40, check="phone", autocomplete="tel", inputmode="tel",
                         help_text=_("A mobile phone also gets our text messages."))  # fmt: skip
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({"autocomplete": "email"}),
                             help_text=_("The link to your application is sent here."))  # fmt: skip
    login_name = text(_("Login name"), 100, check="login_name", autocomplete="username", spellcheck="false",
                      help_text=_("You will sign in with it; for example the company's short name."))  # fmt: skip

    def clean_name(self) -> str:
        return company_name(self.cleaned_data["name"])

    def clean_credit_code(self) -> str:
        return credit_code(self.cleaned_data["credit_code"])

    def clean_contact_name(self) -> str:
        return checked(clean.clean_contact, self.cleaned_data["contact_name"]) or ""

    def clean_contact_phone(self) -> str:
        return phone_number(self.cleaned_data["contact_phone"])

    def clean_office_address(self) -> str:
        return normalise_text(self.cleaned_data["office_address"])

    def clean_login_name(self) -> str:
        return free_login_name(self.cleaned_data["login_name"])


def company_name(value: str) -> str:
    return "".join((checked(clean.clean_company_name, value) or "").split())


def new_company_name(value: str) -> str:
    """For the check while typing: a company that is a member already need not fill in the rest."""
    name = company_name(value)
    if reason := not_registered_yet(CompanyApplication(name=name)):
        raise ValidationError(reason)
    return name


def credit_code(value: str) -> str:
    return str(checked(clean.clean_credit_code, value) or "")


def free_login_name(value: str) -> str:
    name = login_name(normalise_text(value))
    if reason := login_name_free(CompanyApplication(login_name=name)):
        raise ValidationError(reason)
    return name
