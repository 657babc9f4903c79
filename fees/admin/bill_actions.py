"""Many bills at once: verify those that are paid exactly, return the others with one opinion."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.core.admin.review import ready_opinions
from backoffice.core.filters import key_or_none
from backoffice.core.inbox import attempt
from backoffice.core.models import TransitionLog
from backoffice.roles import Role
from fees.admin.bill_list import dress, with_sums
from fees.admin.shown import different_titles, shown_of_bills
from fees.flows.payment import not_plain
from fees.models import Bill
from fees.money import yuan

#: So many bills are decided at once; each is a transaction of its own.
MOST: Final = 200
APPROVE, RETURN = "finance_approve", "finance_return"


class OpinionForm(forms.Form):
    opinion = forms.CharField(
        label=gettext_lazy("Opinion for all that are returned"), required=False, max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )  # fmt: skip


@dataclass
class Outcome:
    """What became of one bill."""

    bill: Any
    reasons: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return not self.reasons


class BillActions:
    """Mixin for BillAdmin: the action and the two pages behind it. Only bills in the user's scope are touched."""

    actions: ClassVar = ["decide_selected"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)  # type: ignore[attr-defined]
        return [path("decide/", view, name="fees_bill_decide"), *super().get_urls()]  # type: ignore[misc]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who verifies payments: the flows ask again."""
        return bool(self.has_view_permission(request) and request.user.role == Role.FINANCE)  # type: ignore[attr-defined]

    @action(description=gettext_lazy("Verify or return …"), permissions=["decide"])
    def decide_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        keys = list(queryset.filter(stage=Bill.Stage.REVIEW).values_list("pk", flat=True)[: MOST + 1])
        if not keys:
            messages.warning(request, _("None of these bills is under review; choose some from “To review”."))
            return None
        if len(keys) > MOST:
            messages.warning(request, _("Choose %(most)d bills at most.") % {"most": MOST})
            return None
        return self.decide_page(request, keys, OpinionForm())

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """POST takes the step on every chosen bill and shows what became of each."""
        if not self.has_decide_permission(request):
            raise PermissionDenied
        keys = [key for value in request.POST.getlist("bill") if (key := key_or_none(value)) is not None][
            :MOST
        ]
        step, form = request.POST.get("step"), OpinionForm(request.POST)
        if request.method != "POST" or not keys or step not in (APPROVE, RETURN):
            if request.method == "POST" and not keys:
                messages.warning(request, _("No bill was chosen."))
            return HttpResponseRedirect(list_url())
        if not form.is_valid() or (step == RETURN and lacks_opinion(form)):
            return self.decide_page(request, keys, form)
        seen = {key: key_or_none(request.POST.get(f"seen_{key}", "")) for key in keys}
        outcomes = [
            Outcome(bill, decide_one(bill, step, request.user, seen[bill.pk], form.cleaned_data["opinion"]))
            for bill in self.chosen(request, keys)
        ]
        done = sum(outcome.is_done for outcome in outcomes)
        context = {
            "title": _("Payments verified") if step == APPROVE else _("Payments returned"), "outcomes": outcomes,
            "done": done, "refused": len(outcomes) - done,
        }  # fmt: skip
        return self.bulk_page(request, "admin/fees/bill_outcomes.html", context)

    def decide_page(self, request: HttpRequest, keys: list[int], form: forms.Form) -> HttpResponse:
        """The chosen bills with their amounts side by side, and the two buttons."""
        bills = list(with_sums(self.chosen(request, keys).filter(stage=Bill.Stage.REVIEW)))
        dress(bills, request.user)
        seen = last_steps(bills)
        # What waits; where nothing does, what was verified before.
        looked_at = [row for bill in bills for row in bill.vouchers_shown]
        vouchers = shown_of_bills(bills, request.user, looked_at)
        for bill in bills:
            bill.seen = seen.get((bill.content_type_id, bill.object_id), 0)
            bill.shown = vouchers[bill.pk]
            bill.titles = different_titles(bill.shown)
            bill.left_out = not_plain(bill.waiting, bill.balance) or missing(bill.cover.difference)
        bills.sort(key=lambda bill: bool(bill.left_out))
        exact = sum(not bill.left_out for bill in bills)
        flow: Any = ContentType.objects.get_for_id(bills[0].content_type_id).model_class() if bills else None
        context = {
            "title": _("Verify or return"), "bills": bills, "form": form, "exact": exact,
            "others": len(bills) - exact, "action_url": reverse("admin:fees_bill_decide"),
            "ready_opinions": ready_opinions(flow, request.user, [flow.steps()[RETURN]]) if flow else [],
            "back": "inbox" if from_inbox(request) else "",
        }  # fmt: skip
        return self.bulk_page(request, "admin/fees/bill_decide.html", context)

    def chosen(self, request: HttpRequest, keys: list[int]) -> QuerySet:
        """These bills within the user's scope, with company and record."""
        rows: QuerySet = self.get_queryset(request).filter(pk__in=keys)  # type: ignore[attr-defined]
        return rows.select_related("company").prefetch_related("owner").order_by("updated_at", "id")

    def bulk_page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        to_inbox = from_inbox(request)
        shared = {
            **self.admin_site.each_context(request), "opts": Bill._meta,  # type: ignore[attr-defined]
            "back_url": reverse("admin:core_task_changelist") if to_inbox else list_url(),
            "back_label": _("To do") if to_inbox else _("Bills"),
        }  # fmt: skip
        return TemplateResponse(request, template, shared | context)


def last_steps(bills: list[Any]) -> dict[tuple[int, int], int]:
    """The number of the last step of each bill's record: one query for each kind of record."""
    found = {}
    for kind in {bill.content_type_id for bill in bills}:
        keys = [bill.object_id for bill in bills if bill.content_type_id == kind]
        logs = (
            TransitionLog.objects.filter(content_type=kind, object_id__in=keys).order_by().values("object_id")
        )
        found |= {(kind, row["object_id"]): row["last"] for row in logs.annotate(last=Max("id"))}
    return found


def lacks_opinion(form: forms.Form) -> bool:
    if form.cleaned_data["opinion"].strip():
        return False
    form.add_error("opinion", _("Write an opinion: the other side must know what to correct."))
    return True


def decide_one(bill: Bill, step: str, by: Any, seen: int | None, opinion: str) -> list[str]:
    """Take the step on the bill's record; return why not, or nothing. The inbox has the same rule (`when_many`)."""
    record: Any = bill.owner
    if record is None or step not in record.steps():
        return [_("This step is not possible here.")]
    return record.steps()[step].refusals_of_many(record) or attempt(record, step, by, seen, opinion)


def missing(difference: Any) -> str:
    """A sentence where the vouchers come to less than the bill by this much."""
    return "" if difference >= 0 else _("%(missing)s yuan are missing.") % {"missing": yuan(-difference)}


def from_inbox(request: HttpRequest) -> bool:
    """Whether the bills were chosen in the inbox: there one goes back to."""
    return request.POST.get("back") == "inbox" or request.path == reverse("admin:core_task_changelist")


def list_url() -> str:
    return reverse("admin:fees_bill_changelist")
