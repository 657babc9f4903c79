"""A new schedule from another day: a copy to change, whose saving ends the old one on the day before."""

import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from fees.admin.whatif import compare
from fees.locks import one_at_a_time
from fees.models import FeeSchedule
from fees.models.schedule import AMOUNTS, schedule_on
from fees.widgets import date_box

ONE_DAY = datetime.timedelta(days=1)


class SuccessorForm(forms.ModelForm):
    """The new schedule; `old` is the one it takes over from."""

    class Meta:
        model = FeeSchedule
        fields = ("effective_from", "effective_until", *AMOUNTS, "remark")
        widgets = {
            "effective_from": date_box(),
            "effective_until": date_box(),
            **{name: UnfoldAdminDecimalFieldWidget() for name in AMOUNTS if name != "renewal_years"},
            "renewal_years": UnfoldAdminIntegerFieldWidget(),
            "remark": UnfoldAdminTextInputWidget(),
        }
        labels = {"effective_from": gettext_lazy("In force from")}

    def __init__(self, *args: Any, old: FeeSchedule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.succeeds = self.old = old

    def clean_effective_from(self) -> datetime.date:
        """After the old one's first day, and not before tomorrow where the old one prices today."""
        day, today = self.cleaned_data["effective_from"], timezone.localdate()
        earliest = self.old.effective_from + ONE_DAY
        if self.old.is_in_use(today) and not self.old.has_ended(today):
            earliest = max(earliest, today + ONE_DAY)
        if day < earliest:
            text = _("%(old)s is in force until then. The earliest first day is %(day)s.")
            raise forms.ValidationError(text % {"old": self.old, "day": f"{earliest:%Y-%m-%d}"})
        return day


def first_values(old: FeeSchedule, query: Any) -> dict[str, Any]:
    """A copy of the old one from the first day it leaves, or from the next month; the address may say other amounts."""
    tomorrow = timezone.localdate() + ONE_DAY
    if old.effective_until and old.effective_until < datetime.date.max:
        begin = max(old.effective_until + ONE_DAY, timezone.localdate())
    else:
        begin = max(next_month(timezone.localdate()), old.effective_from + ONE_DAY, tomorrow)
    later = FeeSchedule.objects.filter(effective_from__gt=max(begin, old.effective_from)).order_by(
        "effective_from"
    )
    following = later.first()
    values = {name: query.get(name, getattr(old, name)) for name in AMOUNTS}
    until = following.effective_from - ONE_DAY if following else None
    return values | {"effective_from": begin, "effective_until": until}


def next_month(day: datetime.date) -> datetime.date:
    """The first day of the month after `day`."""
    return (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)


@transaction.atomic
def succeed(old: Any, data: Any, user: Any) -> tuple[SuccessorForm, bool]:
    """Save the new schedule and end the old one, both or none; the form tells why not."""
    one_at_a_time(FeeSchedule)
    old.refresh_from_db()
    form = SuccessorForm(data, old=old)
    if not form.is_valid():
        return form, False
    new: Any = form.save(commit=False)
    new._history_user = user
    last_day = new.effective_from - ONE_DAY
    if old.effective_until is None or old.effective_until > last_day:
        old.effective_until = last_day
        old._history_user = user
        old._change_reason = _("A new schedule follows from %(day)s") % {
            "day": f"{new.effective_from:%Y-%m-%d}"
        }  # type: ignore[attr-defined]
        old.save()
    new.save()
    return form, True


def successor_page(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the copy; POST saves it, or with `preview` shows what would cost what."""
    old = model_admin.get_object(request, object_id)
    if old is None:
        raise Http404
    if not (model_admin.has_add_permission(request) and model_admin.has_change_permission(request, old)):
        raise PermissionDenied
    if request.method == "POST" and "preview" not in request.POST:
        form, done = succeed(old, request.POST, request.user)
        if done:
            text = _("%(new)s was saved; %(old)s ends on the day before.")
            messages.success(request, text % {"new": form.instance, "old": old})
            return HttpResponseRedirect(reverse("admin:fees_feeschedule_change", args=[form.instance.pk]))
    elif request.method == "POST":
        form = SuccessorForm(request.POST, old=old)
    else:
        form = SuccessorForm(initial=first_values(old, request.GET), old=old)
    rows = []
    if form.is_bound and form.is_valid():
        current = schedule_on()
        rows = compare(current.rates if current else None, form.instance.rates, timezone.localdate())
    context = {
        **model_admin.admin_site.each_context(request), "title": _("New schedule from another day"),
        "opts": model_admin.opts, "form": form, "old": old, "rows": rows, "current": schedule_on(),
        "back_url": reverse("admin:fees_feeschedule_change", args=[old.pk]),
    }  # fmt: skip
    return TemplateResponse(request, "admin/fees/schedule_successor.html", context)
