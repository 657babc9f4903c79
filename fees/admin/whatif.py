"""What would it cost? Example cases priced under the schedule in force and under other amounts, side by side.

Every number comes from `fees.rules`; nothing here adds or multiplies.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget

from backoffice.core.bounds import validate_day
from backoffice.roles import Role
from fees.models import FeeSchedule, ItemKind
from fees.models.schedule import AMOUNTS, schedule_on
from fees.rules import Item, Rates, practice, renewal, total
from fees.widgets import date_box

#: Who may try out amounts; everybody else reads what things cost.
PLANNERS: Final = (Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR)


def plans(user: Any) -> bool:
    """Whether the user may try out amounts."""
    return user.role in PLANNERS


#: The tuition of the example class.
TUITION: Final = Decimal(800)

Price = Callable[[Rates, datetime.date], tuple[Item, ...]]


def years_later(day: datetime.date, years: int) -> datetime.date:
    """The same day of another year; the 29th of February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def continuing(*lines: dict[str, Any], lapsed: int = 0) -> Price:
    """Certificates of one person in continuing education, valid, or expired so that as many years have begun."""

    def price(rates: Rates, today: datetime.date) -> tuple[Item, ...]:
        expiry = years_later(today, 1 - lapsed) - datetime.timedelta(days=1) if lapsed else today
        return tuple(item for line in lines for item in renewal(rates, expiry=expiry, today=today, **line))

    return price


EXAMPLES: Final[tuple[tuple[Any, Price], ...]] = (
    (_("Renewal"), continuing({})),
    (_("Renewal and change of employer"), continuing({"change": True})),
    (_("Supervisor to engineer"), continuing({"upgrade": True})),
    (_("Two certificates of one person, the second waived"), continuing({}, {"waived": True})),
    (
        _("Two certificates of one person, both with change of employer"),
        continuing({"change": True}, {"change": True, "waived": True}),
    ),
    (_("Renewal in the first year after the certificate expired"), continuing({}, lapsed=1)),
    (_("Renewal in the second year after the certificate expired"), continuing({}, lapsed=2)),
    (_("Renewal in the third year after the certificate expired"), continuing({}, lapsed=3)),
    (
        _("Practice training in a class with a tuition of 800 yuan"),
        lambda rates, today: practice(rates, tuition=TUITION),
    ),
)


@dataclass
class Row:
    """One case: what it costs now (None: no schedule is in force) and what it would cost."""

    label: Any
    now: Decimal | None
    new: Decimal
    #: Of the new price: (what for, unit price, how often, amount).
    items: list[tuple[str, Decimal, int, Decimal]] = field(default_factory=list)

    @property
    def difference(self) -> Decimal | None:
        return None if self.now is None else self.new - self.now


def breakdown(items: tuple[Item, ...]) -> list[tuple[str, Decimal, int, Decimal]]:
    """The items as people read them; equal ones of several certificates stand in one line."""
    grouped: dict[tuple[str, Decimal], int] = {}
    for item in items:
        grouped[item.kind, item.unit] = grouped.get((item.kind, item.unit), 0) + item.count
    labels = dict(ItemKind.choices)
    return [
        (str(labels[kind]), unit, count, Item(kind, unit, count).amount)  # type: ignore[arg-type, index]
        for (kind, unit), count in grouped.items()
    ]


def compare(now: Rates | None, new: Rates, today: datetime.date) -> list[Row]:
    """The example cases under both rates."""
    return [row_of(label, price, now, new, today) for label, price in EXAMPLES]


def row_of(label: Any, price: Price, now: Rates | None, new: Rates, day: datetime.date) -> Row:
    items = price(new, day)
    return Row(label, None if now is None else total(price(now, day)), total(items), breakdown(items))


# --- The page -------------------------------------------------------------------------------------------


def amount_fields() -> dict[str, forms.Field]:
    """The form fields of a schedule's amounts, with the model's own labels and limits."""
    made: dict[str, forms.Field] = {}
    for name in AMOUNTS:
        number = name == "renewal_years"
        widget = UnfoldAdminIntegerFieldWidget if number else UnfoldAdminDecimalFieldWidget
        column: Any = FeeSchedule._meta.get_field(name)
        made[name] = column.formfield(widget=widget)
        made[name].validators.extend(column.validators)
    return made


class AmountsForm(forms.Form):
    """The amounts to try out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(amount_fields())

    def rates(self) -> Rates:
        return Rates(**{name: self.cleaned_data[name] for name in AMOUNTS})


class CaseForm(forms.Form):
    """A case of one's own; without a date there is none."""

    expiry = forms.DateField(
        label=_("Certificate valid until"), required=False, widget=date_box(), validators=[validate_day]
    )
    priced_on = forms.DateField(
        validators=[validate_day],
        label=_("Priced on"),
        required=False,
        widget=date_box(),
        help_text=_("Empty: today."),
    )
    change = forms.BooleanField(label=_("With change of employer"), required=False)
    upgrade = forms.BooleanField(label=_("Supervisor to engineer"), required=False)
    waived = forms.BooleanField(label=_("Second certificate, waived"), required=False)

    def row(self, now: Rates | None, new: Rates) -> Row | None:
        """The priced case, None where no date was given."""
        case = self.cleaned_data
        if not case.get("expiry"):
            return None
        chosen = {name: case[name] for name in ("change", "upgrade", "waived")}
        names = [str(self.fields[name].label) for name, value in chosen.items() if value]
        label = " · ".join([f"{case['expiry']:%Y-%m-%d}", *names])

        def price(rates: Rates, day: datetime.date) -> tuple[Item, ...]:
            return renewal(rates, expiry=case["expiry"], today=day, **chosen)

        return row_of(label, price, now, new, case.get("priced_on") or timezone.localdate())


class WhatIfMixin:
    """For the admin of FeeSchedule: the preview for those who plan, and the price list for everybody."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("what-if/", wrap(self.what_if_view), name="fees_feeschedule_what_if"),
            path("prices/", wrap(self.prices_view), name="fees_feeschedule_prices"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def what_if_view(self, request: HttpRequest) -> HttpResponse:
        """Amounts come from the address, or from the schedule named there (`of`), or from the one in force."""
        if not plans(request.user) or not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        current = schedule_on()
        of = self.get_object(request, request.GET.get("of", "")) or current or FeeSchedule()  # type: ignore[attr-defined]
        given = {name: getattr(of, name) for name in AMOUNTS}
        data = {name: request.GET.get(name, value) for name, value in given.items()}
        amounts, case = AmountsForm(data), CaseForm(request.GET, prefix="own")
        rows: list[Row] = []
        own: Row | None = None
        if amounts.is_valid():
            now, new = current.rates if current else None, amounts.rates()
            rows = compare(now, new, timezone.localdate())
            own = case.row(now, new) if case.is_valid() else None
        context = {
            **self.admin_site.each_context(request), "title": _("What would it cost?"), "opts": self.opts,
            "amounts": amounts, "case": case, "rows": rows, "own": own, "current": current, "of": of,
            "adopt_url": self.adopt_url(request, current, amounts, given) if rows else "",
        }  # fmt: skip
        return TemplateResponse(request, "admin/fees/schedule_what_if.html", context)

    def adopt_url(
        self, request: HttpRequest, current: FeeSchedule | None, amounts: AmountsForm, given: dict[str, Any]
    ) -> str:
        """Where an administrator makes a schedule of the amounts that were tried out."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            return ""
        values = {name: amounts.cleaned_data[name] for name in AMOUNTS}
        if current is not None and values == {name: getattr(current, name) for name in AMOUNTS}:
            return ""
        query = "&".join(f"{name}={value}" for name, value in values.items())
        if current is None:
            return f"{reverse('admin:fees_feeschedule_add')}?{query}"
        return f"{reverse('admin:fees_feeschedule_successor', args=[current.pk])}?{query}"

    def prices_view(self, request: HttpRequest) -> HttpResponse:
        """What things cost today, and from which day they will cost something else."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        today = timezone.localdate()
        current = schedule_on(today)
        rows = self.get_queryset(request)  # type: ignore[attr-defined]
        coming = rows.filter(effective_from__gt=today).order_by("effective_from").first()
        now = current.rates if current else None
        context = {
            **self.admin_site.each_context(request), "title": _("What things cost"), "opts": self.opts,
            "current": current, "coming": coming,
            "rows": compare(now, now, today) if now else [],
            "coming_rows": compare(now, coming.rates, today) if coming else [],
            "amounts": labelled_amounts(current) if current else [],
        }  # fmt: skip
        return TemplateResponse(request, "admin/fees/schedule_prices.html", context)


def labelled_amounts(schedule: FeeSchedule) -> list[tuple[str, Any]]:
    """(label, amount) of each of the schedule's amounts."""
    fields = [FeeSchedule._meta.get_field(name) for name in AMOUNTS]
    return [(capfirst(str(f.verbose_name)), getattr(schedule, f.name)) for f in fields]  # type: ignore[union-attr]
