"""Announcements 公告: for the public pages and the dashboards."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import validate_day
from backoffice.core.history import History
from backoffice.roles import allows


class Announcement(models.Model):
    takes_attachments = ("OTHER",)

    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(
        _("text"), help_text=_("Blank lines separate paragraphs; web addresses become links.")
    )
    is_published = models.BooleanField(_("published"), default=False)
    is_pinned = models.BooleanField(_("pinned"), default=False, help_text=_("Stands above the others."))
    published_at = models.DateTimeField(
        _("published at"), null=True, blank=True, validators=[validate_day],
        help_text=_("A later moment publishes it then."),
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False,
        verbose_name=_("written by"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    history = History()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-is_pinned", "-published_at", "-id"]
        indexes = [models.Index("is_pinned", models.F("published_at").desc(), name="announcement_shown")]

    def __str__(self) -> str:
        return self.title

    def is_public(self) -> bool:
        """Whether everybody reads it by now."""
        return self.is_published and self.published_at is not None and self.published_at <= timezone.now()

    @staticmethod
    def shown_to(user: Any) -> models.Q:
        """Drafts and planned announcements are for those who write them (core/scoping.py)."""
        if allows(user.role, "change", "core.Announcement"):
            return models.Q()
        return models.Q(is_published=True, published_at__lte=timezone.now())

    @classmethod
    def public(cls) -> "models.QuerySet[Announcement]":
        """What is published by now, pinned ones first."""
        return cls._default_manager.filter(is_published=True, published_at__lte=timezone.now())
