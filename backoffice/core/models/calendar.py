"""Days that differ from the plain week: statutory holidays and make-up working days, editable."""

import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import validate_day
from backoffice.core.history import History


class CalendarDayManager(models.Manager):
    def get_by_natural_key(self, date: datetime.date | str) -> Any:
        return self.get(date=date)


class CalendarDay(models.Model):
    class Kind(models.TextChoices):
        HOLIDAY = "HOLIDAY", _("Day off")
        WORKDAY = "WORKDAY", _("Make-up working day")

    date = models.DateField(_("date"), unique=True, validators=[validate_day])
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=50, blank=True)

    objects = CalendarDayManager()
    history = History()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("working-day calendar")
        ordering = ["-date"]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.name or self.get_kind_display()}"

    def natural_key(self) -> tuple[datetime.date]:
        return (self.date,)
