"""The form of a help request (specification 3.11): what is asked, who asks, and pictures that show it."""

import unicodedata
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.attachments import Picture, check_picture
from backoffice.core.excel import clean
from backoffice.core.excel.text import normalise_text
from backoffice.core.models import AttachmentKind
from backoffice.public.throttle import UPLOADS, too_many
from registry.models import HelpRequest
from registry.validators import checked, normalise_id_number

#: Topics of the system's own: reviewers raise one (manual ch. 4a-4), the look-ups the other; people choose neither.
OWN_TOPICS = (HelpRequest.Topic.KNOWN_MEMBER, HelpRequest.Topic.LOOKUPS)
TOPICS = [choice for choice in HelpRequest.Topic.choices if choice[0] not in OWN_TOPICS]
MOST_PICTURES = 6


class HelpForm(forms.ModelForm):
    topic = forms.ChoiceField(label=gettext_lazy("What it is about"), choices=[("", "---------"), *TOPICS])
    text = forms.CharField(
        label=gettext_lazy("What is wrong"), max_length=2000, widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy("Say what you did and what the page answered; for a wrong date, which one is right."),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Full name"), max_length=50, widget=forms.TextInput({"autocomplete": "name"})
    )
    id_number = forms.CharField(
        label=gettext_lazy("ID number"), max_length=40, required=False,
        help_text=gettext_lazy("With it we find your records at once."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    certificate_number = forms.CharField(
        label=gettext_lazy("Certificate number"), max_length=32, required=False,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    company_name = forms.CharField(
        label=gettext_lazy("Company"), max_length=100, required=False,
        widget=forms.TextInput({"autocomplete": "organization"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=gettext_lazy("Email"), required=False,
        help_text=gettext_lazy("The answer goes here. Without an email address, give a mobile phone."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )  # fmt: skip
    phone = forms.CharField(
        label=gettext_lazy("Mobile phone"), max_length=40, required=False,
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
    )  # fmt: skip
    #: A trap: people do not see it, programs fill in whatever they find.
    website = forms.CharField(label=gettext_lazy("Leave this field empty"), required=False)

    class Meta:
        model = HelpRequest
        fields = (
            "topic", "text", "name", "id_number", "certificate_number", "company_name", "email", "phone",
        )  # fmt: skip

    def clean_name(self) -> str:
        name: str = checked(clean.clean_name, self.cleaned_data["name"]) or ""
        if not name:
            raise ValidationError(_("Enter your full name."))
        return name

    def clean_text(self) -> str:
        return self.cleaned_data["text"].replace("\r\n", "\n").strip()

    def clean_id_number(self) -> str:
        return normalise_id_number(self.cleaned_data["id_number"])

    def clean_certificate_number(self) -> str:
        # Not checked: that the number looks wrong may be the very question.
        typed: str = normalise_text(unicodedata.normalize("NFKC", self.cleaned_data["certificate_number"]))
        return typed.upper()[:32]

    def clean_company_name(self) -> str:
        return checked(clean.clean_company_name, self.cleaned_data["company_name"]) or ""

    def clean_phone(self) -> str:
        return checked(clean.clean_phone, self.cleaned_data["phone"]) or ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not {"email", "phone"} & self.errors.keys() and not (data.get("email") or data.get("phone")):
            self.add_error("email", _("Give an email address or a mobile phone for the answer."))
        if data.get("website"):
            self.data = {**self.data.dict(), "website": ""}  # type: ignore[attr-defined]
            self.add_error(None, _("Your request was not sent yet. Please press “Send” once more."))
        return data


def own_details(user: Any) -> dict[str, str]:
    """What a signed-in user need not type again."""
    if not user.is_authenticated:
        return {}
    company = user.company or (user.person and user.person.company)
    details = {
        "name": user.name,
        "email": user.email,
        "phone": user.phone,
        "company_name": str(company or ""),
    }
    if user.person is not None:
        details["id_number"] = user.person.id_number
    return details


@dataclass
class Pictures:
    """The pictures of one request, each looked at on its own: a bad one costs none of the good ones."""

    good: list[tuple[str, Picture]] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> "Pictures":
        found, seen = cls(), 0
        for code in HelpRequest.takes_attachments:
            for upload in request.FILES.getlist(f"file_{code}"):
                seen += 1
                try:
                    if seen > MOST_PICTURES:
                        raise ValidationError(
                            _("“%(name)s” was left out: at most %(most)d pictures go with one request.")
                            % {"name": upload.name, "most": MOST_PICTURES}
                        )
                    if wait := UPLOADS.wait(request):
                        raise ValidationError(too_many(wait))
                    found.good.append((code, check_picture(upload, code)))
                except ValidationError as refusal:
                    found.errors.setdefault(code, []).extend(refusal.messages)
        return found


@dataclass
class PictureField:
    """One kind of picture on the form: its input, what is there already, and what was refused."""

    kind: AttachmentKind
    hint: str
    kept: list[Any]
    errors: list[str]

    @property
    def name(self) -> str:
        return f"file_{self.kind.code}"
