"""The schedule of fees: amounts with effective dates. Prices once asked for are frozen on their bill."""

import datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import MOST_YUAN, between, validate_day
from backoffice.core.history import History
from fees.money import in_yuan
from fees.rules import Rates


class MoneyField(models.DecimalField):
    """An amount in yuan, read as everywhere: 1,240 元."""

    def as_read(self, value: Decimal) -> str:
        """What lists, pages and histories show (core/rows.py)."""
        return in_yuan(value)

    def deconstruct(self) -> Any:
        """The column is a plain decimal: migrations need not know this class."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.DecimalField", args, options


#: More than any bill or transfer ever comes to; a digit too many is refused where it is typed.
MOST_MONEY: Final = 10_000_000


def money(label: Any, default: int | None = None, *, most: Any = MOST_MONEY, **options: Any) -> MoneyField:
    """An amount in yuan that is never negative, and at most `most`."""
    if default is not None:
        options["default"] = Decimal(default)
    return MoneyField(label, max_digits=10, decimal_places=2, validators=between(0, most), **options)


#: The amounts of a schedule, in the order people read them.
AMOUNTS: Final = ("yearly_dues", "renewal_years", "change", "upgrade", "lapsed_year", "practice_dues")


class FeeSchedule(models.Model):
    #: The schedule that this one ends the day before it begins (the page "new schedule from another day").
    succeeds: "FeeSchedule | None" = None

    effective_from = models.DateField(
        _("in force from"), default=timezone.localdate, validators=[validate_day]
    )
    effective_until = models.DateField(
        _("in force until"),
        null=True,
        blank=True,
        validators=[validate_day],
        help_text=_("The last day; empty while no end is known."),
    )
    yearly_dues = money(_("personal dues a year"), 100, most=MOST_YUAN)
    renewal_years = models.PositiveSmallIntegerField(
        _("years a renewal pays for"), default=3, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    change = money(_("change of a certificate"), 20, most=MOST_YUAN)
    upgrade = money(_("supervisor to engineer, on top of the renewal"), 20, most=MOST_YUAN)
    lapsed_year = money(
        _("each year begun since a certificate expired"), 100, most=MOST_YUAN, help_text=_("0 turns it off.")
    )
    practice_dues = money(
        _("dues of practice training"), 300, most=MOST_YUAN, help_text=_("The class's tuition is added.")
    )
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
        return Rates(**{name: getattr(self, name) for name in AMOUNTS})

    def is_in_use(self, today: datetime.date | None = None) -> bool:
        """Whether its first day has come: bills rest on its amounts, so they stay as they are."""
        return self.effective_from <= (today or timezone.localdate())

    def has_ended(self, today: datetime.date | None = None) -> bool:
        """Whether its last day is over."""
        return self.effective_until is not None and self.effective_until < (today or timezone.localdate())

    def overlapping(self) -> "models.QuerySet[FeeSchedule]":
        """The other schedules that are in force on one of this one's days, except the one it takes over from."""
        until = self.effective_until or datetime.date.max
        besides = [row.pk for row in (self, self.succeeds) if row is not None and row.pk]
        others = FeeSchedule.objects.exclude(pk__in=besides).filter(effective_from__lte=until)
        return others.filter(Q(effective_until=None) | Q(effective_until__gte=self.effective_from))

    def clean(self) -> None:
        """Only one schedule is in force on a day; the sentence stands at the date that has to change."""
        if (
            not self.effective_from
            or (other := self.overlapping().order_by("effective_from").first()) is None
        ):
            return
        if other.effective_from > self.effective_from:
            text = _("%(other)s begins before this one ends. The last day can be %(day)s at the latest.")
            day = other.effective_from - datetime.timedelta(days=1)
            raise ValidationError({"effective_until": text % {"other": other, "day": f"{day:%Y-%m-%d}"}})
        if other.effective_until and other.effective_until < datetime.date.max:
            text = _(
                "%(other)s is in force on some of these days. The first day can be %(day)s at the earliest."
            )
            day = other.effective_until + datetime.timedelta(days=1)
            raise ValidationError({"effective_from": text % {"other": other, "day": f"{day:%Y-%m-%d}"}})
        text = _("%(other)s is in force on some of these days. End it on the day before this one begins.")
        raise ValidationError({"effective_from": text % {"other": other}})


def schedule_on(day: datetime.date | None = None) -> FeeSchedule | None:
    """The schedule in force on `day` (today), None where the association has entered none."""
    day = day or timezone.localdate()
    rows = FeeSchedule.objects.filter(effective_from__lte=day).order_by("-effective_from")
    return rows.filter(Q(effective_until=None) | Q(effective_until__gte=day)).first()


def first_day_without() -> datetime.date | None:
    """The first day from today on that no schedule covers; None where the last one has no end."""
    day = timezone.localdate()
    for row in FeeSchedule.objects.order_by("effective_from"):
        if row.effective_from > day:
            break
        if row.effective_until in (None, datetime.date.max):
            return None
        day = max(day, row.effective_until + datetime.timedelta(days=1))
    return day


class NoSchedule(ValueError):
    """No schedule is in force on the day."""


def rates_on(day: datetime.date | None = None) -> Rates:
    """The rates in force on `day` (today); raises NoSchedule where the association has entered none."""
    schedule = schedule_on(day)
    if schedule is None:
        raise NoSchedule(day)
    return schedule.rates
