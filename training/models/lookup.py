"""Who looked up whose certificate by its number (QUALITY.md, Safety): kept for certificates of other companies."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models import Certificate


class CertificateLookup(models.Model):
    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("by"))
    certificate = models.ForeignKey(
        Certificate, models.PROTECT, related_name="+", verbose_name=_("certificate")
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("certificate looked up")
        verbose_name_plural = _("certificates looked up")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.by} · {self.certificate}"
