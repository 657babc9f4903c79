"""Users: one role each, bound roles to one record (specification 1). There is no superuser: roles.py says it all."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import validate_phone
from backoffice.core.history import History
from backoffice.core.validators import validate_company_name
from backoffice.roles import BINDINGS, Role, allows

ID_NUMBER: Final = re.compile(r"\d{17}[\dXx]")


def login_name(typed: str) -> str:
    """What someone typed as a login name, as we store it: half-width, trimmed, an ID number's x in capitals."""
    name = unicodedata.normalize("NFKC", typed).strip()
    return name.upper() if ID_NUMBER.fullmatch(name) else name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """The user of a typed login name; sign-in looks users up with this."""
        return self.get(username=login_name(username or ""))

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user; without a password nobody can sign in until activation sets one."""
        user: User = self.model(username=login_name(username), **fields)
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.save()
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """`manage.py createsuperuser` makes a system administrator."""
        return self.create_user(username, password, role=Role.ADMIN, **fields)


class User(AbstractBaseUser):
    username = models.CharField(
        _("login name"), max_length=150, unique=True,
        help_text=_("A person's is the ID number, a company's the name it chose at registration."),
        error_messages={"unique": _("This login name is taken; choose another.")},
    )  # fmt: skip
    name = models.CharField(_("full name"), max_length=100, validators=[validate_company_name])
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    company = models.ForeignKey(
        "registry.Company",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
        verbose_name=_("company"),
    )
    person = models.OneToOneField(
        "registry.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="user",
        verbose_name=_("person"),
    )
    local_body = models.ForeignKey(
        "registry.LocalBody", models.PROTECT, null=True, blank=True, related_name="users",
        verbose_name=_("local body"),
    )  # fmt: skip
    is_manager = models.BooleanField(
        _("manager of the company's users"), default=False, help_text=_("May invite and suspend colleagues.")
    )
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("mobile phone"), max_length=20, blank=True, validators=[validate_phone])
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Switch off instead of deleting."))
    must_change_password = models.BooleanField(_("must set a password at the next sign-in"), default=False)
    # One-time code for people whom no mail and no text message reaches; only its hash is kept.
    code_hash = models.CharField(max_length=128, blank=True, editable=False)
    code_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    joined_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = UserManager()
    history = History(
        excluded_fields=["password", "last_login", "code_hash", "code_expires_at", "code_tries"]
    )

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                name="user_bound_to_what_the_role_needs",
                condition=(
                    Q(role=Role.COMPANY, company__isnull=False, person=None, local_body=None)
                    | Q(role=Role.PERSON, person__isnull=False, company=None, local_body=None)
                    | Q(role=Role.LOCAL_BODY, local_body__isnull=False, company=None, person=None)
                    | (~Q(role__in=list(BINDINGS)) & Q(company=None, person=None, local_body=None))
                ),
                violation_error_message=_("A company, person or local-body user is bound to exactly that record; "
                                          "other roles are bound to none."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A company whose information officer is not known gets the login name (specification 2: the default)."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if is_new and self.role == Role.COMPANY and self.company is not None:
            self.company.default_officer(self.username, getattr(self, "_history_user", None))

    @property
    def is_staff(self) -> bool:
        """Every active user works in the admin panel; what they find there, roles.py says."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        """Nobody: the administrator has no bypass of roles, scopes or flows (specification 1)."""
        return False

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Read GRANTS for Django's "app.verb_model" names; rows are `visible_to()`'s business."""
        app_label, _dot, codename = perm.partition(".")
        verb, _underscore, model_name = codename.partition("_")
        return self.is_active and allows(self.role, verb, _label(app_label, model_name))

    def has_perms(self, perms: Iterable[str], obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        from backoffice.roles import GRANTS

        return self.is_active and any(
            label.startswith(f"{app_label}.") and "view" in roles.get(self.role, ())
            for label, roles in GRANTS.items()
        )


def _label(app_label: str, model_name: str) -> str:
    from django.apps import apps

    try:
        return apps.get_model(app_label, model_name)._meta.label
    except LookupError:
        return ""
