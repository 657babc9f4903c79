"""What the running site notes about itself: counters of limits, and signs of life."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Counter(models.Model):
    """How often something happened within a time (core/counters.py)."""

    key = models.CharField(max_length=120, primary_key=True)
    number = models.IntegerField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("limit counter")
        verbose_name_plural = _("limit counters")

    def __str__(self) -> str:
        return f"{self.key}: {self.number}"


class SignOfLife(models.Model):
    """When a worker, a scheduled command or a backup was last seen at work (core/state.py)."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self) -> str:
        return f"{self.name}: {self.at:%Y-%m-%d %H:%M}"
