"""The forms of the pages before and around sign-in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import (
    UnfoldAdminPasswordToggleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.accounts.models import User, login_name
from backoffice.accounts.services import set_password

LOGIN_NAME_HINT = _(
    "Individuals: your ID number. Companies and bodies: the login name chosen at registration."
)


class SignInForm(AuthenticationForm):
    """Unfold's, without "staff account": everyone here is a member or works for one."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The login name or the password is wrong. Capital and small letters count."),
    }

    def clean_username(self) -> str:
        """One spelling, so that failed attempts are counted together however the name was typed."""
        return login_name(self.cleaned_data["username"])


class PasswordFields:
    """What the password forms share: Unfold's inputs, and saving through the service."""

    user: User
    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def dress(self) -> None:
        for name, field in self.fields.items():
            complete = "current-password" if name == "old_password" else "new-password"
            field.widget = UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": complete})

    def save(self, commit: bool = True) -> User:
        """Set the password; raise Superseded when it changed since the page was opened."""
        set_password(self.user, self.cleaned_data["new_password1"])
        return self.user


class NewPasswordForm(PasswordFields, SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()


class ChangePasswordForm(PasswordFields, PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()


class CodeForm(forms.Form):
    username = forms.CharField(
        label=_("Login name"), max_length=150, help_text=LOGIN_NAME_HINT,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )  # fmt: skip
    # Named like a password, so that axes blanks it out in its record of failed attempts.
    password = forms.CharField(
        label=_("One-time code"), max_length=20, help_text=_("8 letters and digits, for example ABCD-2345."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )  # fmt: skip


class ResetForm(forms.Form):
    username = forms.CharField(
        label=_("Login name or email"), max_length=254, help_text=LOGIN_NAME_HINT,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )  # fmt: skip


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Stands in the history."),
    )  # fmt: skip
