"""The user admin: the office looks after members' users, a company's manager after the company's own."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import Field, Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from backoffice.accounts.forms import ReasonForm
from backoffice.accounts.models import ID_NUMBER, User, login_name
from backoffice.accounts.policy import manageable_roles, masked, may_control, may_manage, sees_login_name
from backoffice.accounts.services import invite, issue_code, switch, unlock
from backoffice.accounts.standing import (
    STANDING_COLOURS,
    STANDINGS,
    StandingFilter,
    UserChangeList,
    is_turned_away,
    standing_of,
)
from backoffice.core.admin import HistoryAdmin, ScopedAdmin
from backoffice.core.admin.history import HistoryForm
from backoffice.core.once import SAFE
from backoffice.roles import BINDINGS, Role

ROLE_COLOURS = {
    Role.ADMIN: "danger", Role.OFFICE: "primary", Role.FINANCE: "warning", Role.TRAINING: "warning",
    Role.LOCAL_BODY: "info", Role.COMPANY: "success", Role.PERSON: "default", Role.AUDITOR: "default",
}  # fmt: skip
BOUND_FIELDS = {role: field.removesuffix("_id") for role, field in BINDINGS.items()}
IDENTITY = ("role", "company", "person", "local_body")


def requester(request: HttpRequest) -> User:
    """Who asks; the admin site lets nobody in who is not one of our users."""
    return cast(User, request.user)


class UserForm(HistoryForm):
    """What the server decides (`fixed`) stands on the instance before validation, never in the form."""

    fixed: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.fixed.items():
            setattr(self.instance, name, value)
        if self.instance.pk is None:  # nothing to correct yet; and a declared field is shared by all requests
            for name in ("change_reason", "seen_version"):
                self.fields.pop(name, None)
        if "username" in self.fields and "person" in self.fields:
            self.fields["username"].required = False  # a person's is the ID number

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if "role" in self.fields:
            self.bind(cleaned)
        if "username" in self.fields and cleaned.get("role", self.instance.role) != Role.PERSON:
            self.check_login_name(cleaned)
        return cleaned

    def bind(self, cleaned: dict[str, Any]) -> None:
        """Exactly the record that the role needs; a person's login name is the ID number."""
        role = cleaned.get("role", "")
        needed = BOUND_FIELDS.get(role)
        for name in BOUND_FIELDS.values():
            if name != needed and name in self.fields:
                cleaned[name] = None
        if needed and cleaned.get(needed) is None and needed not in self.errors:
            self.add_error(needed, gettext("A user of this role is bound to such a record; choose it."))
        if role != Role.COMPANY and "is_manager" in self.fields:
            cleaned["is_manager"] = False
        if role == Role.PERSON and cleaned.get("person") is not None:
            cleaned["username"] = cleaned["person"].id_number

    def check_login_name(self, cleaned: dict[str, Any]) -> None:
        """Present, not an ID number (it would take a person's place), and not another's in other letters."""
        if "username" in self.errors:
            return
        name = cleaned["username"] = login_name(cleaned.get("username") or "")
        others = User.objects.exclude(pk=self.instance.pk).filter(username__iexact=name)
        if not name or any(char.isspace() for char in name):
            self.add_error("username", gettext("Choose a login name without spaces."))
        elif ID_NUMBER.fullmatch(name):
            self.add_error(
                "username", gettext("An ID number is the login name of an individual member only.")
            )
        elif others.exists():
            self.add_error("username", User._meta.get_field("username").error_messages["unique"])


class UserFields(ScopedAdmin):
    """Which fields of a user who sees, and who may write."""

    readonly_fields = ("login", "masked_login", "role_name", "bound", "account", "last_login", "joined_at")
    autocomplete_fields = ("company", "person", "local_body")
    #: `role` is an input only where an administrator or the office chooses it; elsewhere everything shows.
    conditional_fields: ClassVar = {
        "company": f"role == '{Role.COMPANY}'",
        "person": f"role == '{Role.PERSON}'",
        "local_body": f"role == '{Role.LOCAL_BODY}'",
        "is_manager": f"typeof role === 'undefined' || role == '{Role.COMPANY}'",
        "username": f"typeof role === 'undefined' || role != '{Role.PERSON}'",
    }

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        contact = (_("Contact"), {"fields": ["email", "phone"]})
        if obj is None:
            return [(None, {"fields": self.fields_to_add(request.user)}), contact]
        state = (_("State"), {"fields": ["account", "last_login", "joined_at"]})
        return [(None, {"fields": self.fields_to_change(request.user, obj)}), contact, state]

    @staticmethod
    def fields_to_add(by: Any) -> list[str]:
        """A company's manager chooses neither role nor company."""
        if by.role == Role.COMPANY:
            return ["username", "name", "is_manager"]
        return [*IDENTITY, "is_manager", "username", "name"]

    @staticmethod
    def fields_to_change(by: Any, user: User) -> list[str]:
        """Role and record of an existing user are the administrator's business alone; nobody's, for oneself."""
        if not may_manage(by, user):
            login = "login" if sees_login_name(by, user) else "masked_login"
            return [
                login,
                "name",
                "role_name",
                "bound",
                *(["is_manager"] if user.role == Role.COMPANY else []),
            ]
        if by.role == Role.ADMIN and may_control(by, user):
            return [*IDENTITY, "is_manager", "username", "name"]
        fields = ["login", "name", "role_name", "bound"]
        if may_control(by, user) and by.role == Role.OFFICE and user.role != Role.PERSON:
            fields[0] = "username"
        if user.role == Role.COMPANY and may_control(by, user):
            fields.append("is_manager")
        return fields

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        if db_field.name == "role":
            allowed = manageable_roles(request.user)
            kwargs["choices"] = [("", "---------"), *((r.value, r.label) for r in Role if r in allowed)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    # -- displays --------------------------------------------------------------------------------

    @display(description=_("login name"), ordering="username")
    def login(self, user: User) -> str:
        return user.username

    @display(description=_("login name"))
    def masked_login(self, user: User) -> str:
        return masked(user.username) if user.role == Role.PERSON else user.username

    @display(description=_("role"), ordering="role", label=ROLE_COLOURS)
    def role_label(self, user: User) -> tuple[str, str]:
        return user.role, user.get_role_display()

    @display(description=_("bound to"))
    def bound(self, user: User) -> Any:
        return getattr(user, BOUND_FIELDS.get(user.role, ""), None) or "–"

    @display(description=_("account"), ordering="is_active", label=STANDING_COLOURS)
    def active(self, user: User) -> tuple[str, str]:
        standing = standing_of(user)
        return standing, str(STANDINGS[standing])

    # Unfold shows labels in lists only; on the form they would read as raw pairs.

    @display(description=_("role"))
    def role_name(self, user: User) -> str:
        return str(user.get_role_display())

    @display(description=_("account"))
    def account(self, user: User) -> str:
        return str(STANDINGS[standing_of(user)])


@admin.register(User)
class UserAdmin(HistoryAdmin, UserFields):
    form = UserForm
    list_filter = ("role", StandingFilter)
    list_select_related = ("company", "person", "local_body")
    ordering = ("username",)
    actions_detail = ("send_activation", "hand_out_code", "unlock_user", "switch_off", "switch_on")

    # -- list ------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return UserChangeList

    def get_list_display(self, request: HttpRequest) -> Any:
        if requester(request).role == Role.COMPANY:
            return ("login", "name", "is_manager", "active", "last_login")
        login = "login" if requester(request).role in (Role.ADMIN, Role.OFFICE) else "masked_login"
        return (login, "name", "role_label", "bound", "active", "last_login")

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        return (StandingFilter,) if requester(request).role == Role.COMPANY else self.list_filter

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Who sees masked ID numbers must not find them by guessing digits either."""
        masked_for = requester(request).role not in (Role.ADMIN, Role.OFFICE, Role.COMPANY)
        return ("name", "=phone") if masked_for else ("username", "name", "phone")

    # -- who may ---------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and bool(manageable_roles(request.user))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_change_permission(request, obj) or not manageable_roles(request.user):
            return False
        return obj is None or may_manage(request.user, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None and requester(request).role == Role.COMPANY:
            form.fixed = {"role": Role.COMPANY, "company_id": requester(request).company_id}
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """The rules once more, on what would be written; a new user gets an activation link at once."""
        if not may_manage(request.user, obj):
            raise PermissionDenied
        if change:
            self.keep_what_the_form_lacks(obj)
        else:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            self.tell_invited(request, obj)

    @staticmethod
    def keep_what_the_form_lacks(obj: User) -> None:
        """A password set while this form was open must not be written back to the old one."""
        row = User.objects.select_for_update(of=("self",)).get(pk=obj.pk)
        for name in ("password", "last_login", "is_active", "must_change_password",
                     "code_hash", "code_expires_at", "code_tries"):  # fmt: skip
            setattr(obj, name, getattr(row, name))

    def tell_invited(self, request: HttpRequest, obj: User) -> None:
        if queued := invite(obj, requester(request)):
            messages.success(request, self.sent_sentence(queued))
            return
        messages.warning(
            request,
            _("%(name)s has neither email nor mobile phone: hand out a one-time code.") % {"name": obj},
        )

    @staticmethod
    def sent_sentence(queued: list[Any]) -> str:
        recipients = ", ".join(message.recipient for message in queued)
        return gettext("An activation link is on its way to %(recipients)s.") % {"recipients": recipients}

    # -- actions ---------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With what several parts of a page ask: whether sign-in turns the user away."""
        user = super().get_object(request, object_id, from_field)
        if user is not None and request.method in SAFE:
            user.is_locked_now = is_turned_away(user)
        return user

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        user = self.get_object(request, str(object_id))
        offered = self.offered(request.user, user) if user is not None else set()
        return [entry for entry in self._get_base_actions_detail() if entry.path in offered]

    @staticmethod
    def offered(by: Any, user: User) -> set[str]:
        """The actions (by path) that make sense for this user now."""
        if not may_control(by, user):
            return set()
        found = {"unlock"} if is_turned_away(user) else set()
        if not user.is_active:
            return found | {"switch-on"}
        return found | {"switch-off", "code"} | ({"activation"} if user.email or user.phone else set())

    def controlled(self, request: HttpRequest, object_id: str) -> User:
        """The user an action is about: 404 outside the scope, 403 for oneself and for roles one does not manage."""
        user: User | None = self.get_object(request, object_id)
        if user is None:
            raise Http404
        if not may_control(request.user, user):
            raise PermissionDenied
        return user

    def confirm(
        self,
        request: HttpRequest,
        user: User,
        title: Any,
        intro: Any,
        form: Form | None = None,
        tone: str = "primary",
    ) -> HttpResponse:
        """The page that asks before anything is done (Unfold's detail actions are GET links)."""
        own = {"title": title, "intro": intro, "form": form, "tone": tone}
        return self.page(request, user, "accounts/admin_action.html", own)

    def page(self, request: HttpRequest, user: User, template: str, own: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "object": user, "opts": self.opts,
            "subtitle": str(user), "back": self.address(user), **own,
        }  # fmt: skip
        return TemplateResponse(request, template, context)

    @staticmethod
    def address(user: User) -> str:
        return reverse("admin:accounts_user_change", args=[user.pk])

    def done(
        self, request: HttpRequest, user: User, sentence: str, level: int = messages.SUCCESS
    ) -> HttpResponse:
        messages.add_message(request, level, sentence)
        return HttpResponseRedirect(self.address(user))

    @action(description=_("Send activation link"), url_path="activation", icon="send")
    def send_activation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.controlled(request, object_id)
        if request.method != "POST":
            intro = _("The link goes out by mail and text message, works once and for seven days.")
            return self.confirm(request, user, _("Send activation link"), intro)
        if queued := invite(user, requester(request)):
            return self.done(request, user, self.sent_sentence(queued))
        sentence = gettext(
            "Nothing was sent: the user is switched off, or has neither email nor mobile phone."
        )
        return self.done(request, user, sentence, messages.ERROR)

    @action(description=_("Hand out one-time code"), url_path="code", icon="pin")
    def hand_out_code(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.controlled(request, object_id)
        if request.method != "POST":
            intro = _("For people whom no message reaches. Make sure whom you talk to: the code opens the account. "
                      "An older code dies.")  # fmt: skip
            return self.confirm(request, user, _("Hand out one-time code"), intro)
        code = issue_code(user, requester(request))
        own = {"title": _("One-time code"), "code": code}
        return self.page(request, user, "accounts/admin_code.html", own)

    @action(description=_("Unlock"), url_path="unlock", icon="lock_open")
    def unlock_user(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.controlled(request, object_id)
        if request.method != "POST":
            intro = _("Signing in is locked after too many failed attempts. Unlocking forgets them.")
            return self.confirm(request, user, _("Unlock"), intro)
        unlock(user)
        return self.done(request, user, gettext("The user may try to sign in again."))

    @action(description=_("Switch off"), url_path="switch-off", icon="block", variant=ActionVariant.DANGER)
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        intro = _(
            "The user is signed out everywhere and cannot sign in until switched on again. Nothing is deleted."
        )
        return self.switch_view(request, object_id, False, _("Switch off"), intro)

    @action(
        description=_("Switch on"), url_path="switch-on", icon="check_circle", variant=ActionVariant.PRIMARY
    )
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        intro = _("The user can sign in again with the old password; failed attempts are forgotten.")
        return self.switch_view(request, object_id, True, _("Switch on"), intro)

    def switch_view(
        self, request: HttpRequest, object_id: str, on: bool, title: Any, intro: Any
    ) -> HttpResponse:
        user = self.controlled(request, object_id)
        form = ReasonForm(request.POST) if request.method == "POST" else ReasonForm()
        if request.method != "POST" or not form.is_valid():
            return self.confirm(request, user, title, intro, form, "primary" if on else "danger")
        if switch(user, on=on, by=requester(request), reason=form.cleaned_data["reason"]):
            return self.done(
                request,
                user,
                gettext("The user is switched on.") if on else gettext("The user is switched off."),
            )
        return self.done(request, user, gettext("Someone else did so already."), messages.WARNING)
