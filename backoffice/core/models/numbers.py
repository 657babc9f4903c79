"""Public numbers: year, running number, check digit (26-004713-8). A record keeps its number for ever.

People copy them onto transfers and letters. The check digit (Damm's) catches every single wrong digit and every swap
of two neighbours.
"""

from typing import Any, Final

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import pgettext_lazy
from stdnum import damm

#: The running number has six digits.
MOST_IN_A_YEAR: Final = 999_999


class SeriesFull(Exception):
    """A year has given its last number."""


def written(year: int, running: int) -> str:
    """The number of a year's `running`-th record as it stands everywhere."""
    digits = f"{year % 100:02d}{running:06d}"
    return f"{digits[:2]}-{digits[2:]}-{damm.calc_check_digit(digits)}"


class NumberSeries(models.Model):
    """The last number that was given in a year."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = pgettext_lazy("public number", "series of numbers")
        verbose_name_plural = pgettext_lazy("public number", "series of numbers")

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


def take(count: int = 1, year: int | None = None) -> list[str]:
    """The next numbers of the year (this one), in order; SeriesFull where it has no more.

    Call it inside the transaction that stores the records: the year's row stays locked until that one ends, so no
    number is given twice, and one whose record was not stored after all is given again.
    """
    year = year or timezone.localdate().year
    with transaction.atomic():
        NumberSeries.objects.get_or_create(year=year)
        series = NumberSeries.objects.select_for_update().get(year=year)
        first, series.last = series.last + 1, series.last + count
        if series.last > MOST_IN_A_YEAR:
            raise SeriesFull(year)
        series.save()
    return [written(year, running) for running in range(first, series.last + 1)]


class Numbered(models.Model):
    """Gets its number with its first save, in the same transaction."""

    number = models.CharField(
        pgettext_lazy("public number", "number"), max_length=11, unique=True, editable=False
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.number:
            super().save(*args, **kwargs)
            return
        try:
            with transaction.atomic():
                self.number = take()[0]
                super().save(*args, **kwargs)
        except BaseException:
            self.number = ""  # rolled back with the row: somebody else may have it by now
            raise
