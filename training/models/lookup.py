"""Who looked up whose certificate by its number (docs/quality.md, "Safety"): kept for certificates of other
companies."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from registry.models import Certificate, Company


class CertificateLookup(models.Model):
    """A look at the certificate of another company's employee: with what fitted, or a wrong answer."""

    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("by"))
    company = models.ForeignKey(
        Company, models.PROTECT, null=True, related_name="+", verbose_name=_("company"), db_index=False
    )
    number = models.CharField(_("certificate number"), max_length=32, blank=True)
    #: None: nobody has this number.
    certificate = models.ForeignKey(
        Certificate, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("certificate")
    )
    #: What was typed beside the number did not fit, or there is no such number.
    is_wrong = models.BooleanField(_("wrong answer"), default=False)
    #: A digest of number and what was typed beside it: the same again is no second wrong answer.
    tried = models.CharField(pgettext_lazy("look-up", "tried"), max_length=32, blank=True, editable=False)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("certificate looked up")
        verbose_name_plural = _("certificates looked up")
        ordering = ["-id"]
        indexes = [models.Index("company", "at", name="lookup_company_day")]

    def __str__(self) -> str:
        return f"{self.by} · {self.certificate or self.number}"
