"""Masked values that were shown to somebody with a reason: append-only, read by administrator and General Office."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.core.models.base import Owned


class Disclosure(Owned):
    #: The field of the record, or "file" of an attachment.
    field = models.CharField(pgettext_lazy("disclosure", "what"), max_length=60)
    #: The record as it was called then.
    label = models.CharField(pgettext_lazy("disclosure", "of whom"), max_length=200)
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("disclosure", "by"),
    )
    at = models.DateTimeField(pgettext_lazy("disclosure", "at"), auto_now_add=True)

    class Meta:
        verbose_name = _("masked value shown")
        verbose_name_plural = _("masked values shown")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["by", "content_type", "object_id", "-id"], name="disclosure_by"),
            # Undoing an import asks of each record what hangs on it.
            models.Index(fields=["content_type", "object_id"], name="disclosure_object"),
        ]

    def __str__(self) -> str:
        return f"{self.label} · {self.field}"
