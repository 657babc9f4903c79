"""The outbox: what the product says to people, written in the transaction that has something to say."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    class Channel(models.TextChoices):
        MAIL = "MAIL", _("Mail")
        SMS = "SMS", _("Text message")

    class Status(models.TextChoices):
        QUEUED = "QUEUED", _("Queued")
        SENDING = "SENDING", _("Being sent")
        SENT = "SENT", _("Sent")
        FAILED = "FAILED", _("Failed")

    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    recipient = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    # Where a text holds a credential, subject and body are its masked copy for readers, lists and backups; what is
    # sent is sealed until it is sent or given up (`outbox.py`).
    body = models.TextField(_("text"), blank=True)
    sealed = models.TextField(blank=True, editable=False)
    secret = models.BooleanField(_("holds a one-time link"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # While SENDING: when the claim lapses and another worker may take the message.
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("outbox")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=models.Q(status__in=["QUEUED", "SENDING"]),
                name="message_due",
            )
        ]

    def __str__(self) -> str:
        """Without the address: it is somebody's, and not every reader sees it whole."""
        return f"{self.get_channel_display()} #{self.pk}: {self.subject}"
