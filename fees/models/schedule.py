"""The schedule of fees: amounts with effective dates. Prices once asked for are frozen on their bill."""

import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core.history import History
from fees.rules import Rates


def money(label: Any, default: int | None = None, **options: Any) -> models.DecimalField:
    """An amount in yuan that is never negative."""
    if default is not None:
        options["default"] = Decimal(default)
    return models.DecimalField(
        label, max_digits=10, decimal_places=2, validators=[MinValueValidator(0)], **options
    )


class FeeSchedule(models.Model):
    effective_from = models.DateField(_("in force from"), default=timezone.localdate)
    effective_until = models.DateField(
        _("in force until"), null=True, blank=True, help_text=_("The last day; empty while no end is known.")
    )
    yearly_dues = money(_("personal dues a year"), 100)
    renewal_years = models.PositiveSmallIntegerField(
        _("years a renewal pays for"), default=3, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    change = money(_("change of a certificate"), 20)
    upgrade = money(_("supervisor to engineer, on top of the renewal"), 20)
    lapsed_year = money(_("each year begun since a certificate expired"), 100, help_text=_("0 turns it off."))
    practice_dues = money(_("dues of practice training"), 300, help_text=_("The class's tuition is added."))
    remark = models.CharField(_("remark"), max_length=200, blank=True)

    history = History()

    class Meta:
        verbose_name = _("fee schedule")
        verbose_name_plural = _("fee schedules")
        ordering = ["-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["effective_from"], name="one_schedule_begins_on_a_day"),
            models.CheckConstraint(
                name="schedule_ends_after_it_begins",
                condition=Q(effective_until=None) | Q(effective_until__gte=F("effective_from")),
                violation_error_message=_("The schedule ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        until = f"{self.effective_until:%Y-%m-%d}" if self.effective_until else "…"
        return f"{self.effective_from:%Y-%m-%d} – {until}"

    @property
    def rates(self) -> Rates:
        return Rates(
            yearly_dues=self.yearly_dues, renewal_years=self.renewal_years, change=self.change, upgrade=self.upgrade,
            lapsed_year=self.lapsed_year, practice_dues=self.practice_dues,
        )  # fmt: skip

    def overlapping(self) -> "models.QuerySet[FeeSchedule]":
        """The other schedules that are in force on one of this one's days."""
        until = self.effective_until or datetime.date.max
        others = FeeSchedule.objects.exclude(pk=self.pk).filter(effective_from__lte=until)
        return others.filter(Q(effective_until=None) | Q(effective_until__gte=self.effective_from))

    def clean(self) -> None:
        if self.effective_from and (other := self.overlapping().first()) is not None:
            raise ValidationError(
                _("%(other)s is in force on some of these days. End it on the day before this one begins."),
                params={"other": other},
            )


class NoSchedule(ValueError):
    """No schedule is in force on the day."""


def rates_on(day: datetime.date | None = None) -> Rates:
    """The rates in force on `day` (today); raises NoSchedule where the association has entered none."""
    day = day or timezone.localdate()
    rows = FeeSchedule.objects.filter(effective_from__lte=day).order_by("-effective_from")
    schedule = rows.filter(Q(effective_until=None) | Q(effective_until__gte=day)).first()
    if schedule is None:
        raise NoSchedule(day)
    return schedule.rates
