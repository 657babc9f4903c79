"""The list of bills: finance's desk for everything that is paid, the company's list of what it owes."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin import ListFilter
from django.contrib.admin.views.main import ORDER_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from backoffice.core import written
from backoffice.core.filters import first_value
from backoffice.core.lists import FastChangeList
from backoffice.core.models import Task
from backoffice.core.scoping import visible_to
from backoffice.core.working_days import working_days_since
from backoffice.roles import Role
from fees.admin.shown import COUNTED, Cover, is_other, pictures_of
from fees.models import Bill, Voucher
from fees.money import in_yuan
from fees.rules import ZERO

EMPTY = "–"
ALL = "ALL"
TONES: dict[str, str] = {tone: tone for tone in ("", "success", "warning", "danger", "info")}
#: The step a role takes from the list, by the stage of the bill.
NEXT_STEPS: dict[tuple[str, str], tuple[str, Any]] = {
    (Role.FINANCE, Bill.Stage.REVIEW): ("finance_approve", gettext_lazy("Look and decide")),
    (Role.COMPANY, Bill.Stage.OPEN): ("submit_voucher", gettext_lazy("Pay now")),
}


class StageFilter(ListFilter):
    """The tabs above the list. Finance begins with what it has to look at, everybody else with everything."""

    scoped = True
    title = gettext_lazy("stage")
    parameter_name = "stage"
    template = "admin/fees/bill_stage_filter.html"
    TABS: ClassVar[dict[str, Any]] = {
        Bill.Stage.REVIEW: gettext_lazy("To review"),
        Bill.Stage.OPEN: Bill.Stage.OPEN.label,
        Bill.Stage.SETTLED: Bill.Stage.SETTLED.label,
        ALL: gettext_lazy("All bills"),
    }

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        given = first_value(params, self.parameter_name)
        if self.parameter_name in params:
            self.used_parameters[self.parameter_name] = params.pop(self.parameter_name)
        self.value = given if given in self.TABS else first_tab(request)
        self.is_active = given in self.TABS and given != first_tab(request)

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name]

    def has_output(self) -> bool:
        return True

    @property
    def ordering(self) -> tuple[str, ...]:
        """What waits longest stands first; otherwise the newest bill."""
        return ("updated_at", "id") if self.value == Bill.Stage.REVIEW else ()

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset if self.value == ALL else queryset.filter(stage=self.value)

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"name": self.parameter_name, "value": self.value if self.is_active else ""}


def first_tab(request: HttpRequest) -> str:
    return str(Bill.Stage.REVIEW) if request.user.role == Role.FINANCE else ALL


def shown_tab(request: HttpRequest) -> str:
    """The tab that the address asks for."""
    given = request.GET.get(StageFilter.parameter_name, "")
    return given if given in StageFilter.TABS else first_tab(request)


def tabs(changelist: Any) -> list[dict[str, Any]]:
    """The tabs, the present one marked; each keeps the other filters and the search."""
    shown = next(spec.value for spec in changelist.filter_specs if isinstance(spec, StageFilter))
    return [
        {
            "title": title, "active": key == shown,
            "url": changelist.get_query_string({StageFilter.parameter_name: key}, ["p"]),
        }
        for key, title in StageFilter.TABS.items()
    ]  # fmt: skip


class BillChangeList(FastChangeList):
    """Adds to the rows of the page, with one look-up each, vouchers, pictures and working days."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list:
        """The desk's tab has its own order until another one is chosen: few bills wait there."""
        sortable = self.sortable_by
        if self.params.get(ORDER_VAR):
            self.filter_ordering = None
        ordering = super().get_ordering(request, queryset)
        self.sortable_by = sortable
        return ordering

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        dress(list(self.result_list), request.user)


def with_sums(bills: QuerySet) -> QuerySet:
    """Annotate what waits for finance (`waiting`) and since when the record stands at its desk (`since`)."""
    sums = (
        Voucher.objects.filter(bill=OuterRef("pk"), status=Voucher.Status.SUBMITTED).order_by().values("bill")
    )
    task = Task.objects.filter(
        content_type=OuterRef("content_type"), object_id=OuterRef("object_id"), closed_at=None
    )
    return bills.annotate(
        waiting=Coalesce(Subquery(sums.annotate(sum=Sum("amount")).values("sum")), ZERO),
        since=Subquery(task.values("opened_at")[:1]),
    )


def dress(bills: list[Any], user: Any) -> None:
    """Set on each bill of a page what its columns show."""
    vouchers: dict[int, list[Voucher]] = defaultdict(list)
    rows = visible_to(Voucher, user).filter(bill__in=bills, status__in=COUNTED)
    for voucher in rows:
        vouchers[voucher.bill_id].append(voucher)
    pictures = pictures_of([voucher for rows in vouchers.values() for voucher in rows], user)
    today = timezone.localdate()
    opened = {bill.pk: min(timezone.localdate(bill.since), today) for bill in bills if bill.since}
    days = working_days_since(opened.values(), today)
    for bill in bills:
        found = vouchers[bill.pk]
        # What finance looks at; of a settled bill, what it has verified.
        bill.vouchers_shown = [row for row in found if row.status == Voucher.Status.SUBMITTED] or found
        bill.pictures = pictures
        bill.cover = Cover(bill.total, bill.paid, bill.waiting)
        bill.age = days[opened[bill.pk]] if bill.pk in opened else None
        bill.next_step = next_step(bill, user)


def next_step(bill: Bill, user: Any) -> tuple[str, Any] | None:
    """Address and label of what this user does with the bill now."""
    found = NEXT_STEPS.get((user.role, bill.stage))
    if found is None:
        return None
    kind = ContentType.objects.get_for_id(bill.content_type_id)
    return reverse(f"admin:{kind.app_label}_{kind.model}_step", args=[bill.object_id, found[0]]), found[1]


def each(lines: list[Any]) -> Any:
    """One under the other."""
    if not lines:
        return EMPTY
    blocks = format_html_join("", '<span class="block">{}</span>', ((line,) for line in lines))
    return format_html("<span>{}</span>", blocks)


class BillColumns:
    """The columns of the list; their rows were dressed."""

    @display(description=gettext_lazy("subject"), ordering="id")
    def show_subject(self, bill: Bill) -> str:
        """Under its number; the company has a column of its own."""
        return format_html('{}<span class="block bo-small">{}</span>', bill.number, bill.subject)

    @display(description=gettext_lazy("vouchers"))
    def show_vouchers(self, bill: Any) -> Any:
        """Each amount is the link to its picture."""
        return each([self.amount_of(row, bill.pictures[row.pk]) for row in bill.vouchers_shown])

    @staticmethod
    def amount_of(voucher: Voucher, pictures: list[Any]) -> Any:
        if not pictures:
            return in_yuan(voucher.amount)
        return format_html(
            '<a class="bo-link" href="{}" target="_blank" rel="noopener" title="{}">{}</a>',
            reverse("core:attachment", args=[pictures[-1].pk]), _("Open the picture"), in_yuan(voucher.amount),
        )  # fmt: skip

    @display(description=gettext_lazy("difference"), label=TONES)
    def show_difference(self, bill: Any) -> Any:
        return None if bill.stage == Bill.Stage.IDLE else (bill.cover.tone, bill.cover.text)

    @display(description=gettext_lazy("payer"))
    def show_payer(self, bill: Any) -> Any:
        """Marked where it is not the company: then the bank statement shows another name."""
        names = dict.fromkeys(row.payer_name for row in bill.vouchers_shown)
        mark = _("not the company")
        return each([
            format_html('{} <span class="bo-late">({})</span>', name, mark)
            if is_other(name, bill.company.name) else name
            for name in names
        ])  # fmt: skip

    @display(description=gettext_lazy("invoice title"))
    def show_title(self, bill: Any) -> Any:
        return each(list(dict.fromkeys(row.invoice_title for row in bill.vouchers_shown)))

    @display(description=gettext_lazy("waiting since"))
    def show_since(self, bill: Any) -> str:
        if bill.age is None:
            return EMPTY
        return written.waiting_since(bill.since, bill.age)

    @display(description=gettext_lazy("stage"), label=Bill.STAGE_COLOURS)
    def show_stage(self, bill: Any) -> Any:
        return bill.stage, str(bill.get_stage_display())

    @display(description=gettext_lazy("balance"))
    def show_balance(self, bill: Bill) -> str:
        return in_yuan(bill.balance)

    @display(description=gettext_lazy("next step"))
    def show_next(self, bill: Any) -> Any:
        if bill.next_step is None:
            return EMPTY
        return format_html('<a class="bo-link" href="{}">{}</a>', *bill.next_step)
