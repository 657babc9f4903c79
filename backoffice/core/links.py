"""Signed links for people without an account: who holds the link to an application is its applicant.

A link names the record by a random key, never by anything personal, and is signed so that keys cannot be tried.
Changing the key (a wrong mail address was corrected) makes all earlier links useless.
"""

import secrets
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.core.models.inbox import flow_models
from backoffice.roles import APPLICANT

SIGNER = Signer(salt="backoffice.core.links", sep=".")


def new_key() -> str:
    """A key nobody can guess."""
    return secrets.token_urlsafe(12)


class Applicant:
    """The holder of a signed link, as `visible_to()` and `perform()` know users: one role, one record."""

    role = APPLICANT
    is_active = True
    is_authenticated = False
    pk = None

    def __init__(self, record: models.Model | None = None) -> None:
        self.record = record

    @property
    def record_id(self) -> int | None:
        return self.record.pk if self.record is not None else None

    def __str__(self) -> str:
        return str(getattr(self.record, "name", "") or _("Applicant"))


#: A visitor of the public pages: sees what is public, and no record.
VISITOR = Applicant()


def token_of(record: Any) -> str:
    """The signed token of a record with a `key` and a `link_code`."""
    return SIGNER.sign(f"{record.link_code}{record.key}")


def record_of(token: str) -> Any:
    """The record behind a token, or None for a wrong, outdated or forged one."""
    try:
        value = SIGNER.unsign(token)
    except BadSignature:
        return None
    model = next((m for m in flow_models() if m.link_code and m.link_code == value[:1]), None)  # type: ignore[attr-defined]
    return model._default_manager.filter(key=value[1:]).first() if model else None


def page_of(record: Any, *, absolute: bool = True) -> str:
    """The address of the record's page in the admin panel, for those with an account; absolute for mails."""
    opts = record._meta
    path = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk])
    return settings.SITE_URL + path if absolute else path


def address_of(record: Any) -> str:
    """The absolute address of the record's own page, as it stands in mails."""
    return settings.SITE_URL + reverse("public:application", args=[token_of(record)])
