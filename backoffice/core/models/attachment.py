"""Files people hand in: private, checked and re-encoded on the way in (`core/attachments.py`)."""

import secrets
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from backoffice.core.models.base import Dictionary, Owned
from backoffice.roles import NONE, PAPERS, Role, paper_level


class AttachmentKind(Dictionary):
    """ID card, diploma, title, certificate, licence, …: what a flow asks for by name."""

    order = models.PositiveSmallIntegerField(_("order"), default=0)
    hint = models.CharField(_("hint"), max_length=200, blank=True)
    hint_en = models.CharField(_("English hint"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("attachment kind")
        verbose_name_plural = _("attachment kinds")
        ordering = ["order", "code"]

    @property
    def hint_text(self) -> str:
        """The hint in the reader's language."""
        in_chinese = (get_language() or settings.LANGUAGE_CODE).startswith("zh")
        return self.hint if in_chinese else self.hint_en or self.hint


def private_path(attachment: "Attachment", filename: str) -> str:
    """A path that says nothing about the person: random name, the extension of the checked content."""
    token = secrets.token_hex(16)
    return f"attachments/{token[:2]}/{token}{PurePath(filename).suffix.lower()}"


class Attachment(Owned):
    kind = models.ForeignKey(AttachmentKind, models.PROTECT, verbose_name=_("kind"))
    file = models.FileField(_("file"), upload_to=private_path, max_length=200)
    name = models.CharField(_("file name"), max_length=120)
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(max_length=64, editable=False)
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    # Replaced or removed files stay on record for the flows that were decided on them.
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["kind__order", "id"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="attachment_owner")]

    def __str__(self) -> str:
        return self.name

    #: Companies and people see the files of records that they look after, not of every record they may read:
    #: a member reads the employer's name and address, not its licence scans.
    only_of_what_they_change = (Role.COMPANY, Role.PERSON)

    @staticmethod
    def shown_to(user: Any) -> models.Q:
        """Without the kinds that the role does not see (roles.PAPERS); announcements hold nobody's papers."""
        role = getattr(user, "role", None)
        if paper_level(role, "") != NONE:
            return models.Q()
        announced = models.Q(content_type__app_label="core", content_type__model="announcement")
        return announced | models.Q(
            kind__code__in=[kind for kind in PAPERS if paper_level(role, kind) != NONE]
        )

    @staticmethod
    def owner_models() -> tuple[type[models.Model], ...]:
        """The models that declare `takes_attachments = (kind codes, …)`."""
        from django.apps import apps

        return tuple(model for model in apps.get_models() if getattr(model, "takes_attachments", ()))
