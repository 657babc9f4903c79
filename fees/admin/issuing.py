"""Many receipts at once: a number for each and one date, with numbers that run on; each row has its own outcome."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.bounds import validate_day
from backoffice.core.engine import perform
from backoffice.core.filters import key_or_none
from backoffice.core.flow import StepRefused
from backoffice.roles import Role
from fees.flows.receipts import ReceiptState, normal_number
from fees.models import Receipt, ReceiptKind
from fees.widgets import date_box

#: So many are written on one page; each is a transaction of its own.
MOST: Final = 200
#: A number that runs on: anything, then digits.
RUNNING = re.compile(r"(.*?)(\d{1,18})")


class DateForm(forms.Form):
    issued_on = forms.DateField(
        validators=[validate_day],
        label=gettext_lazy("Issued on"),
        initial=timezone.localdate,
        widget=date_box(),
    )


@dataclass
class Row:
    """A receipt on the page: what was typed, and what became of it."""

    receipt: Receipt
    number: str = ""
    error: str = ""
    is_done: bool = False


@dataclass
class Start:
    """The box "consecutive from" of one kind."""

    kind: str
    label: Any
    value: str = ""
    error: str = ""


def consecutive(first: str, count: int) -> list[str]:
    """`count` numbers from `first` on, with as many digits; empty where it does not end in digits."""
    match = RUNNING.fullmatch(normal_number(first))
    if match is None:
        return []
    head, digits = match.groups()
    return [f"{head}{int(digits) + n:0{len(digits)}d}" for n in range(count)]


def fill(rows: Iterable[Row], starts: Iterable[Start]) -> None:
    """Number the rows of each kind on from its start, where one was given."""
    rows = list(rows)
    for start in starts:
        if not start.value.strip():
            continue
        wanted = [row for row in rows if row.receipt.kind == start.kind]
        numbers = consecutive(start.value, len(wanted))
        if not numbers:
            start.error = _("The number must end in digits, so that the next ones can follow it.")
            continue
        for row, number in zip(wanted, numbers, strict=True):
            row.number = number


def issue(rows: Iterable[Row], issued_on: Any, by: Any) -> int:
    """Record the rows that have a number as issued; return how many, the others say why not."""
    done = 0
    for row in rows:
        if not row.number.strip():
            continue
        try:
            perform(row.receipt, "issue", by=by, number=row.number, issued_on=issued_on)
        except StepRefused as refusal:
            row.error = str(refusal)
        else:
            row.number, row.is_done = normal_number(row.number), True
            done += 1
    return done


class IssuingMixin:
    """Mixin for ReceiptAdmin: the action of the list, and the page behind it."""

    actions: ClassVar = ["issue_selected"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.issue_view)  # type: ignore[attr-defined]
        return [path("issue/", view, name="fees_receipt_issue"), *super().get_urls()]  # type: ignore[misc]

    def has_issue_permission(self, request: HttpRequest) -> bool:
        """Who writes receipts; the flow asks again."""
        allowed = self.may(request, "change")  # type: ignore[attr-defined]
        return bool(allowed and request.user.role == Role.FINANCE)

    @action(description=gettext_lazy("Record as issued …"), permissions=["issue"])
    def issue_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        due = queryset.filter(state=ReceiptState.DUE).order_by("id")
        keys = list(due.values_list("pk", flat=True)[: MOST + 1])
        if not keys:
            messages.warning(request, _("None of these receipts is still to be issued."))
            return None
        if len(keys) > MOST:
            messages.warning(request, _("Choose %(most)d receipts at most.") % {"most": MOST})
            return None
        query = "&".join(f"row={key}" for key in keys)
        return HttpResponseRedirect(f"{reverse('admin:fees_receipt_issue')}?{query}")

    def issue_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows the chosen receipts that are due; POST records them, or with `fill` numbers them on."""
        if not self.has_issue_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        rows = self.rows(request, given)
        starts = [
            Start(kind, label, given.get(f"start-{kind}", "")[:40])
            for kind, label in ReceiptKind.choices
            if any(row.receipt.kind == kind for row in rows)
        ]
        form = DateForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and "fill" in request.POST:
            fill(rows, starts)
        elif request.method == "POST" and form.is_valid():
            self.record(request, rows, form.cleaned_data["issued_on"])
        if not any(not row.is_done for row in rows):
            if not rows:
                messages.warning(request, _("None of these receipts is still to be issued."))
            return HttpResponseRedirect(reverse("admin:fees_receipt_changelist"))
        context = {
            **self.admin_site.each_context(request), "title": _("Record receipts as issued"),  # type: ignore[attr-defined]
            "opts": self.opts, "rows": rows, "starts": starts, "form": form,  # type: ignore[attr-defined]
            "back_url": reverse("admin:fees_receipt_changelist"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/fees/receipt_issue.html", context)

    def rows(self, request: HttpRequest, given: Any) -> list[Row]:
        """The receipts named there that are due and in the user's scope, by kind, the oldest first."""
        keys = {key for text in given.getlist("row") if (key := key_or_none(text)) is not None}
        found = self.get_queryset(request).filter(pk__in=sorted(keys)[:MOST], state=ReceiptState.DUE)  # type: ignore[attr-defined]
        receipts = found.select_related("bill__company").order_by("kind", "id")
        return [Row(receipt, given.get(f"number-{receipt.pk}", "")[:40]) for receipt in receipts]

    def record(self, request: HttpRequest, rows: list[Row], issued_on: Any) -> None:
        done = issue(rows, issued_on, request.user)
        if done:
            text = ngettext("%(count)d receipt is recorded as issued.",
                            "%(count)d receipts are recorded as issued.", done)  # fmt: skip
            messages.success(request, text % {"count": done})
        refused, empty = sum(bool(row.error) for row in rows), sum(not row.number.strip() for row in rows)
        if refused:
            text = ngettext("%(count)d receipt was refused: the reason stands beside it.",
                            "%(count)d receipts were refused: the reasons stand beside them.", refused)  # fmt: skip
            messages.error(request, text % {"count": refused})
        if empty:
            text = ngettext("%(count)d receipt without a number is still due.",
                            "%(count)d receipts without a number are still due.", empty)  # fmt: skip
            messages.info(request, text % {"count": empty})
