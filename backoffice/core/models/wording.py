"""Texts the office words itself: ready-made opinions, message templates; and everyone's own saved filters."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.core.history import History


class CodeTextManager(models.Manager):
    def get_by_natural_key(self, code: str) -> Any:
        return self.get(code=code)


class ReadyOpinion(models.Model):
    """A sentence reviewers put into an opinion with one click (manual ch. 4a-4)."""

    flow = models.CharField(
        _("flow"), max_length=60, blank=True, help_text=_("Empty: offered in every flow.")
    )  # the model's label, e.g. registry.PersonalApplication
    steps = models.CharField(
        pgettext_lazy("ready opinion", "steps"),
        max_length=200,
        blank=True,
        help_text=_("Empty: offered wherever an opinion is required."),
    )  # names of the flow's steps, with commas, e.g. local_return,training_return
    text = models.CharField(_("opinion"), max_length=300)
    text_en = models.CharField(_("English opinion"), max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("ready-made opinion")
        verbose_name_plural = _("ready-made opinions")
        ordering = ["flow", "order", "id"]

    def __str__(self) -> str:
        return (
            ((get_language() or settings.LANGUAGE_CODE).startswith("zh") and self.text)
            or self.text_en
            or self.text
        )


class MessageTemplate(models.Model):
    """The office's wording of one notice (`core/notices.py`); empty fields mean the shipped text."""

    code = models.CharField(_("notice"), max_length=80, unique=True, editable=False)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("mail"), blank=True)
    sms = models.CharField(_("text message"), max_length=300, blank=True)
    is_active = models.BooleanField(_("sent"), default=True, help_text=_("Off: nobody gets this notice."))
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    history = History(excluded_fields=["updated_at"])

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["code"]

    def __str__(self) -> str:
        from backoffice.core.notices import NOTICES

        return str(NOTICES[self.code].label) if self.code in NOTICES else self.code


class SavedFilter(models.Model):
    """A list as someone likes it: its filters, search and order under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters", editable=False
    )
    path = models.CharField(_("list"), max_length=100, editable=False)
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(_("filters"), max_length=1000, editable=False)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "path", "name"], name="saved_filter_name_once")
        ]

    def __str__(self) -> str:
        return self.name
