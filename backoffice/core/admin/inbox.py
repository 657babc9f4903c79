"""待办, 已办, 流程追踪 (manual ch. 5): three lists over one table; a row leads to the record it is about."""

import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core import written
from backoffice.core.admin.inbox_actions import InboxActions
from backoffice.core.admin.inbox_filters import (
    DueFilter,
    FlowFilter,
    HolderFilter,
    ProgressFilter,
    calendar_of,
)
from backoffice.core.admin.next_task import INBOX
from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.filters import key_or_none
from backoffice.core.hidden_terms import typed_term
from backoffice.core.inbox import (
    desk_names,
    done,
    latest_tasks,
    share_of,
    state_label,
    step_label,
    todo,
    tracked,
    tracked_flows,
)
from backoffice.core.lists import FastChangeList
from backoffice.core.models import FinishedTask, Numbered, Task, TrackedTask
from backoffice.core.models.inbox import flow_models
from backoffice.core.public_numbers import mistyped_sentence, typed
from backoffice.core.scoping import visible_to
from backoffice.core.search import any_of, prefix
from backoffice.core.subjects import own_name, without_own_name
from backoffice.core.working_days import (
    SHIPPED_UNTIL,
    Calendar,
    is_provisional,
    known_until,
    working_days_since,
)
from backoffice.roles import BINDINGS, allows

EMPTY = "–"
#: From this row on a page is a deep one.
DEEP = 1_000
COLOURS = {name: name for name in ("", "info", "success", "warning", "danger")}


class InboxChangeList(FastChangeList):
    """Adds to the rows of the page what one look-up for all of them finds, and links to the records."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        tasks: list[Any] = list(self.result_list)
        own = own_name(request.user)
        for task in tasks:  # Django remembers the few kinds of record; a foreign key does not
            task.content_type = ContentType.objects.get_for_id(task.content_type_id)
            task.subject = without_own_name(task.subject, own)
        self.model_admin.dress(request, tasks)
        self._record_links: dict[int, tuple[str, str]] = {}
        # Only from “To do” one goes on to the next: its filters go along to the record and back.
        self._origin = f"?{urlencode({INBOX: self.get_query_string()[1:]})}" if self.model is Task else ""

    def url_for_result(self, result: Any) -> str:
        """The record's own page; reversed once for each flow."""
        if result.content_type_id not in self._record_links:
            start, _key, end = record_url(result.content_type, "__pk__").rpartition("__pk__")
            self._record_links[result.content_type_id] = (start, end)
        start, end = self._record_links[result.content_type_id]
        return f"{start}{result.object_id}{end}{self._origin}"


class TrackedChangeList(InboxChangeList):
    """Finds the page of a user who sees some records of a flow by `inbox.Share`, in two queries."""

    root_queryset: QuerySet

    def get_results(self, request: HttpRequest) -> None:
        self.request = request
        super().get_results(request)

    def read_page(self, paginator: Any) -> tuple[int, list[Model]]:
        share = share_of(self.request.user)
        if not share.parts:
            return super().read_page(paginator)
        scoped, self.root_queryset = self.root_queryset, latest_tasks()
        try:
            # The filters and the search of the list on tasks of all flows; the share is what makes rows of them.
            rows = self.get_queryset(self.request).select_related(None).order_by()
            start, stop = self.bounds(paginator)
            # Deep pages of few among many are a long walk; then some more keys are less work.
            most = paginator.cap * (10 if stop > DEEP else 1)
            found = list(share.keys(rows)[: most + 1])
            paginator.count = paginator.capped(min(len(found), paginator.cap + 1))
            if start >= stop:
                return paginator.count, []
            if len(found) > most:
                ids: Any = share.walk(rows).order_by("-id").values("pk")[start:stop]
            else:
                ids = sorted(found, reverse=True)[start:stop]
            return paginator.count, list(self.rows_of(ids).order_by("-id"))
        finally:
            self.root_queryset = scoped


def record_url(content_type: ContentType, key: Any) -> str:
    return reverse(f"admin:{content_type.app_label}_{content_type.model}_change", args=[key])


def of_number(number: str) -> Q:
    """A condition on tasks: their record bears this public number."""
    return any_of(
        Q(content_type=ContentType.objects.get_for_model(model),
          object_id__in=model._default_manager.filter(number=number).values("pk"))
        for model in flow_models() if issubclass(model, Numbered)
    )  # fmt: skip


class InboxAdmin(ScopedAdmin):
    """What the three lists share. Nothing is edited here: the record's page has the steps."""

    list_before_template = "admin/core/inbox_top.html"
    search_fields = ["subject"]
    search_help_text = _("Part of the subject: a name, a company; or the number of the record")
    sortable_by = ()
    empty_hint: ClassVar[Any] = ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return InboxChangeList

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Chinese has no capitals: not looking for them, PostgreSQL reads the subjects in half the time."""
        term = typed_term(request, request.GET.get(SEARCH_VAR, ""))
        return ["subject__contains"] if term.upper() == term.lower() else ["subject__icontains"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """A public number leads to its record's tasks; anything else is part of the subject."""
        number = typed(search_term)
        if number is not None and number.is_right:
            return queryset.filter(of_number(number.number)), False
        if number is not None and number.is_certain:
            messages.warning(request, mistyped_sentence([number.number]))
            return queryset.none(), False
        return self.search_subjects(request, queryset, search_term)

    def search_subjects(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        return super().get_search_results(request, queryset, search_term)

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        return rows.select_related("assigned_to", "closed_by")

    def dress(self, request: HttpRequest, tasks: list[Any]) -> None:
        """Hook: set on the rows of a page what needs a look-up over all of them."""

    def flows_of(self, request: HttpRequest) -> list[type[Model]]:
        """The flows that the filter offers."""
        return tracked_flows(request.user)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"inbox_tabs": tabs(request, self.model), "inbox_hint": self.empty_hint}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """To the record, whoever has it now: its page says whose turn it is. Out of scope: 404."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        task = visible_to(self.model, request.user).filter(pk=key_or_none(object_id)).first()
        if task is None:
            raise Http404
        try:
            return HttpResponseRedirect(record_url(task.content_type, task.object_id))
        except NoReverseMatch:
            raise Http404 from None

    @display(description=_("subject"))
    def show_subject(self, task: Any) -> str:
        return task.subject or f"#{task.object_id}"

    @display(description=_("flow"))
    def show_flow(self, task: Any) -> str:
        model = task.content_type.model_class()
        return capfirst(str(model._meta.verbose_name)) if model else EMPTY

    @display(description=_("state"), label=COLOURS)
    def show_state(self, task: Any) -> tuple[str, str]:
        """Where the record stands; of an ended flow, where its last step led."""
        model, state = task.content_type.model_class(), task.state
        if task.closed_at and model and task.closed_with in model.steps():
            state = model.steps()[task.closed_with].target
        colour = getattr(model, "colours", {}).get(state, "")
        return (colour if colour in COLOURS else ""), state_label(model, state)

    @display(description=_("due on"))
    def show_due(self, task: Any) -> str:
        if task.due_on is None:
            return EMPTY
        late = getattr(task, "late_days", None)
        if task.closed_at or late is None:
            day = written.day(task.due_on)
            return (
                _("%(day)s (provisional)") % {"day": day} if getattr(task, "is_provisional", False) else day
            )
        return format_html('<span class="bo-late">{}</span>', written.overdue(task.due_on, late))


def count_days(tasks: list[Any], known: Calendar | None = None) -> None:
    """Age and lateness of open tasks in working days, with one query for all."""
    today = timezone.localdate()
    opened = {task.pk: min(timezone.localdate(task.opened_at), today) for task in tasks}
    late = {task.pk: task.due_on for task in tasks if task.due_on and task.due_on < today}
    days: dict[datetime.date, int] = working_days_since([*opened.values(), *late.values()], today, known)
    for task in tasks:
        task.age = days[opened[task.pk]]
        task.late_days = days[late[task.pk]] if task.pk in late else None
    until = known_until() if any(task.due_on and task.due_on.year > SHIPPED_UNTIL for task in tasks) else None
    for task in tasks:
        task.is_provisional = is_provisional(task.due_on, until)


def tabs(request: HttpRequest, model: type[Model]) -> list[dict[str, Any]]:
    """The three lists, the present one marked."""
    entries = [(Task, _("To do"), ""), (FinishedTask, _("Done"), ""),
               (TrackedTask, _("Flow tracking"), "?progress=open")]  # fmt: skip
    return [
        {
            "title": title,
            "url": reverse(f"admin:core_{entry._meta.model_name}_changelist") + query,
            "active": entry is model,
        }
        for entry, title, query in entries
        if allows(request.user.role, "view", entry._meta.label)
    ]


@admin.register(Task)
class TaskAdmin(InboxActions, InboxAdmin):
    """待办: the open tasks of my desk, for every role; the most overdue first."""

    list_display = ["show_subject", "show_flow", "show_state", "show_since", "show_due", "assigned_to"]
    phone_lines = (
        ("show_subject",),
        ("show_flow", "show_state"),
        ("show_due",),
        ("show_since", "assigned_to"),
    )
    list_filter = [FlowFilter, DueFilter, HolderFilter]
    empty_hint = _(
        "Nothing waits for you. “Flow tracking” shows where everything stands that you have to do with."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return visible_to(Task, request.user, queryset=todo(request.user))

    def get_ordering(self, request: HttpRequest) -> Any:
        return (F("due_on").asc(nulls_last=True), "id")

    def dress(self, request: HttpRequest, tasks: list[Any]) -> None:
        count_days(tasks, calendar_of(request))

    def flows_of(self, request: HttpRequest) -> list[type[Model]]:
        """Only flows of which something waits here."""
        flows = {ContentType.objects.get_for_model(model).pk: model for model in super().flows_of(request)}
        waiting = Exists(todo(request.user).order_by().filter(content_type=OuterRef("pk")))
        found = ContentType.objects.filter(waiting, pk__in=flows).values_list("pk", flat=True)
        return [flows[pk] for pk in sorted(found)]

    @display(description=_("waiting since"))
    def show_since(self, task: Any) -> str:
        return written.waiting_since(task.opened_at, task.age)


@admin.register(FinishedTask)
class FinishedTaskAdmin(InboxAdmin):
    """已办: what I, or my company or body, finished. Read-only; the record's page says what became of it."""

    list_display = ["show_subject", "show_flow", "show_step", "closed_at", "closed_by", "show_due"]
    phone_lines = (("show_subject",), ("show_flow", "show_step"), ("closed_at",), ("closed_by",))
    list_filter = [FlowFilter]
    ordering = ["-closed_at", "-id"]
    empty_hint = _("You have finished nothing yet. What waits for you is under “To do”.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return done(request.user) if request.user.is_active else Task.objects.none()

    @display(description=_("step"))
    def show_step(self, task: Any) -> str:
        return step_label(task.content_type.model_class(), task.closed_with)


@admin.register(TrackedTask)
class TrackedTaskAdmin(InboxAdmin):
    """流程追踪: every flow in my scope with its state and the desk it waits at; the newest first."""

    list_display = ["show_subject", "show_flow", "show_state", "show_desk", "opened_at", "show_due"]
    phone_lines = (("show_subject",), ("show_flow", "show_state"), ("show_desk",), ("show_due",))
    list_filter = [ProgressFilter, FlowFilter]
    ordering = ["-id"]
    empty_hint = _("Nothing here. What you or your applicants start appears here until it ends, and after.")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return TrackedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return tracked(request.user)

    def search_subjects(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """All flows of the province are searched by the beginning of the subject, which has an index."""
        if request.user.role in BINDINGS:
            return super().search_subjects(request, queryset, search_term)
        term = search_term.strip()
        return (queryset.filter(prefix("subject", term)) if term else queryset), False

    def dress(self, request: HttpRequest, tasks: list[Any]) -> None:
        waiting = [task for task in tasks if task.closed_at is None]
        count_days(waiting, calendar_of(request))
        names = desk_names(waiting)
        for task in tasks:
            task.desk_name = names.get((task.role, task.bound_id), "") if task.closed_at is None else ""

    @display(description=_("waits at"))
    def show_desk(self, task: Any) -> str:
        return task.desk_name or gettext("Ended")
