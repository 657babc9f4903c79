"""The pages before and around sign-in. They look like the sign-in page and tell nobody whether a user exists."""

from typing import Any, cast

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_lockout_response
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login, update_session_auth_hash, user_login_failed
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import PasswordResetConfirmView
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from backoffice.accounts.forms import ChangePasswordForm, CodeForm, NewPasswordForm, ResetForm
from backoffice.accounts.models import User
from backoffice.accounts.services import (
    Superseded,
    activation_tokens,
    code_key,
    redeem_code,
    request_reset,
    reset_tokens,
)
from backoffice.core.sender import sender

BACKEND = settings.AUTHENTICATION_BACKENDS[-1]  # axes' backend comes first and signs nobody in


class PageMixin:
    """Title and the admin site's look; nothing of these pages stays in a shared computer's cache."""

    title: Any = ""
    intro: Any = ""
    button: Any = ""

    @method_decorator(sensitive_post_parameters())
    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = {"title": self.title, "intro": self.intro, "button": self.button}
        context: dict[str, Any] = super().get_context_data(**own | kwargs)  # type: ignore[misc]
        return admin.site.each_context(self.request) | context  # type: ignore[attr-defined]


class LinkView(PageMixin, PasswordResetConfirmView):
    """Set a password by one-time link. Opening it uses nothing up: mail scanners open links, too."""

    template_name = "accounts/link.html"
    form_class = NewPasswordForm
    button = gettext_lazy("Set password")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except Superseded:
            return HttpResponseRedirect(self.request.path)  # says that the link was used

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if not self.validlink:
            context["title"] = _("This link is no longer valid")
        return context


class ActivateView(LinkView):
    title = gettext_lazy("Activate your account")
    token_generator = activation_tokens
    post_reset_login = True
    post_reset_login_backend = BACKEND
    success_url = reverse_lazy("admin:index")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        if self.request.user.is_authenticated and self.request.user == self.user:
            messages.success(self.request, _("Your password is set. Welcome!"))
        return response


class ResetConfirmView(LinkView):
    title = gettext_lazy("Set a new password")
    token_generator = reset_tokens
    success_url = reverse_lazy("accounts:reset_complete")


class ResetView(PageMixin, FormView):
    template_name = "accounts/form.html"
    title = gettext_lazy("Forgotten password")
    intro = gettext_lazy(
        "We send a link to the email address (or mobile phone) that we know for the account."
    )
    button = gettext_lazy("Send the link")
    form_class = ResetForm
    success_url = reverse_lazy("accounts:reset_done")

    def form_valid(self, form: Form) -> HttpResponse:
        request_reset(form.cleaned_data["username"], sender(self.request))
        return super().form_valid(form)


class ResetDoneView(PageMixin, TemplateView):
    template_name = "accounts/reset_done.html"
    title = gettext_lazy("Look at your messages")


class ResetCompleteView(PageMixin, TemplateView):
    template_name = "accounts/reset_complete.html"
    title = gettext_lazy("Your password is set")


class CodeView(PageMixin, FormView):
    """Sign in once with a code from the company's manager or the General Office; a password comes next."""

    template_name = "accounts/form.html"
    title = gettext_lazy("Use a one-time code")
    intro = gettext_lazy("Your company's manager or the General Office hands out codes. A code works once.")
    button = gettext_lazy("Continue")
    form_class = CodeForm

    def form_valid(self, form: Form) -> HttpResponse:
        credentials = {"username": code_key(form.cleaned_data["username"])}
        if not AxesProxyHandler.is_allowed(self.request, credentials):
            return get_lockout_response(self.request, credentials=credentials)
        user = redeem_code(form.cleaned_data["username"], form.cleaned_data["password"])
        if user is None:
            # Counted for names that do not exist as well: the lock-out must tell nothing either.
            user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
            form.add_error(
                None, _("The login name or the code is wrong, or the code was used or has expired.")
            )
            return self.form_invalid(form)
        login(self.request, user, BACKEND)
        AxesProxyHandler.reset_attempts(username=credentials["username"])
        return redirect("accounts:set_password")


class SetPasswordView(LoginRequiredMixin, PageMixin, FormView):
    """Everyone's password page. At the first sign-in it asks for no old password: there is none worth asking."""

    template_name = "accounts/form.html"
    title = gettext_lazy("Set a password")
    button = gettext_lazy("Set password")
    success_url = reverse_lazy("admin:index")

    @property
    def intro(self) -> str:  # type: ignore[override]
        if self.request.user.must_change_password:  # type: ignore[union-attr]
            return _("Choose your own password; then you can start.")
        return _("You stay signed in here and are signed out everywhere else.")

    def get_form_class(self) -> type[Form]:
        forced = self.request.user.must_change_password  # type: ignore[union-attr]
        return NewPasswordForm if forced else ChangePasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        # A copy: a refused form must not leave a half-changed user behind for the rest of the request.
        user = User.objects.get(pk=cast(User, self.request.user).pk)
        return super().get_form_kwargs() | {"user": user}

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            user = form.save()
        except Superseded:
            messages.error(self.request, _("Your password was changed elsewhere meanwhile. Sign in again."))
            return redirect("admin:login")
        update_session_auth_hash(self.request, user)
        messages.success(self.request, _("Your password is set."))
        return super().form_valid(form)
