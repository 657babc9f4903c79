"""Hand-overs to the learning platform: what was sent, what came back, and what to do where nothing did."""

import io
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin import ScopedAdmin
from backoffice.core.admin.flow import object_url
from backoffice.core.filters import ChoicesFilter
from backoffice.core.flow import StepRefused
from backoffice.core.scoping import visible_to
from training.models import PlatformRow, PlatformRun
from training.platform.excel import write_roster
from training.platform.hand_off import adapter, send_again, withdraw
from training.platform.http import PlatformError
from training.platform.jobs import ask_now, fetch_results

Status = PlatformRun.Status


@admin.register(PlatformRun)
class PlatformRunAdmin(ScopedAdmin):
    list_display = [
        "show_number",
        "adapter",
        "people",
        "show_status",
        "attempts",
        "created_by",
        "created_at",
        "answered_at",
    ]
    list_select_related = ["created_by"]
    list_filter = [("status", ChoicesFilter), ("adapter", ChoicesFilter)]
    list_before_template = "admin/training/platform_tools.html"
    sortable_by = ()
    ordering = ["-id"]

    def get_urls(self) -> list[URLPattern]:
        def at(tail: str, view: Callable, name: str) -> URLPattern:
            return path(tail, self.admin_site.admin_view(view), name=f"training_platformrun_{name}")

        return [
            at("results/", self.results_view, "results"),
            at("<int:pk>/send/", self.send_view, "send"),
            at("<int:pk>/ask/", self.ask_view, "ask"),
            at("<int:pk>/withdraw/", self.withdraw_view, "withdraw"),
            at("<int:pk>/roster/", self.roster_view, "roster"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        may_act = self.has_change_permission(request)
        context = {"may_fetch": may_act and adapter() == PlatformRun.Adapter.HTTP, "may_hand_off": may_act}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        if request.method != "GET":
            raise PermissionDenied  # each act has an address of its own
        may_act = self.has_change_permission(request, run)
        rows = visible_to(PlatformRow, request.user).filter(run=run).select_related(
            "line__enrolment__training_class", "line__enrolment__company"
        )  # fmt: skip
        shown = request.GET.get("show", "")
        if shown in PlatformRow.Outcome.values:
            rows = rows.filter(outcome=shown)
        outcomes = visible_to(PlatformRow, request.user).filter(run=run).order_by().values_list("outcome")
        numbers = dict(outcomes.annotate(number=Count("pk")))
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": str(run), "run": run, "original": run,
            "may_act": may_act, "shown": shown,
            "counts": [
                (code, label, PlatformRow.COLOURS[code], numbers.get(code, 0))
                for code, label in PlatformRow.Outcome.choices
            ],
            "page": Paginator(rows.order_by("pk"), 100).get_page(request.GET.get("page")),
            "can_send": may_act and run.by_http and run.status in (Status.QUEUED, Status.SENDING, Status.FAILED),
            "can_ask": may_act and run.by_http and run.status == Status.SENT,
            "can_withdraw": may_act and run.status == (Status.FAILED if run.by_http else Status.SENT),
            "can_upload": may_act and not run.by_http and run.is_open,
            "upload_url": f"{reverse('admin:core_importrun_add')}?layout=platform_confirmation",
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/platform_run.html", context)

    # -- acts (POST only) ------------------------------------------------------------------------

    def act(self, request: HttpRequest, pk: int, verb: Callable[[PlatformRun], str]) -> HttpResponse:
        """Do `verb` on a hand-over in scope and go back to its page with what it says."""
        run = self.get_queryset(request).filter(pk=pk).first()
        if run is None:
            raise Http404
        if request.method != "POST" or not self.has_change_permission(request, run):
            raise PermissionDenied
        try:
            messages.success(request, verb(run))
        except (StepRefused, PlatformError) as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(object_url(run))

    def send_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def send(run: PlatformRun) -> str:
            send_again(run, by=request.user)
            return gettext("It is being sent; this page shows the answer as soon as there is one.")

        return self.act(request, pk, send)

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def ask(run: PlatformRun) -> str:
            return gettext("The platform had news of %(count)d people.") % {
                "count": ask_now(run, by=request.user)
            }

        return self.act(request, pk, ask)

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def take_back(run: PlatformRun) -> str:
            number = withdraw(run, by=request.user, opinion=request.POST.get("opinion", ""))
            return gettext("%(count)d people are to be opened again.") % {"count": number}

        return self.act(request, pk, take_back)

    def results_view(self, request: HttpRequest) -> HttpResponse:
        """Fetch hours and results of everybody who learns on the platform."""
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        try:
            done = fetch_results(by=request.user)
        except PlatformError as error:
            messages.error(request, str(error))
        else:
            text = gettext(
                "From the platform: %(passed)d passed, %(failed)d failed, hours or scores of %(noted)d more."
            )
            values = {"passed": len(done.passed), "failed": len(done.failed), "noted": len(done.noted)}
            messages.success(request, text % values)
        return HttpResponseRedirect(reverse("admin:training_platformrun_changelist"))

    def roster_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The roster in the platform's layout; for those who hand it over."""
        run = self.get_queryset(request).filter(pk=pk).first()
        if run is None or not self.has_change_permission(request, run):
            raise Http404
        file = io.BytesIO()
        write_roster(run, file)
        file.seek(0)
        name = gettext("Roster-%(run)d-%(date)s.xlsx") % {
            "run": run.pk,
            "date": f"{timezone.localdate():%Y%m%d}",
        }
        response = FileResponse(file, as_attachment=True, filename=name)
        response["Cache-Control"] = "private, no-store"
        return response

    @display(description=_("Hand-over"))
    def show_number(self, run: PlatformRun) -> str:
        return f"#{run.pk}"

    @display(description=_("status"), label=PlatformRun.COLOURS)
    def show_status(self, run: PlatformRun) -> tuple[str, str]:
        return run.status, str(run.get_status_display())
