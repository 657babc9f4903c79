"""Many tasks at once: decide them with one opinion, look after them, hand them over to a colleague."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from backoffice.core.admin.review import ready_opinions
from backoffice.core.filters import key_or_none
from backoffice.core.flow import Step
from backoffice.core.inbox import colleagues, decide, preview, state_label, todo
from backoffice.core.models import Task

#: So many tasks are decided at once.
MOST = 200


class OpinionForAll(forms.Form):
    opinion = forms.CharField(
        label=_("Opinion for all of them"), required=False, max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )  # fmt: skip


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(
        None, label=_("To"), required=False, widget=UnfoldAdminSelectWidget,
        empty_label=_("Nobody in particular"),
        help_text=_("The colleagues of your desk; everybody there may still act on the tasks."),
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues(user)  # type: ignore[attr-defined]


class InboxActions:
    """Mixin for TaskAdmin: its actions and their two pages. Only tasks of `todo(user)` are ever touched."""

    actions: ClassVar = ["decide_selected", "look_after", "hand_over"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("decide/", wrap(self.decide_view), name="core_task_decide"),
            path("hand-over/", wrap(self.hand_over_view), name="core_task_hand_over"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    @action(description=_("Approve or return …"))
    def decide_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return self.decide_chosen(request, self.chosen(request, queryset))

    def decide_chosen(self, request: HttpRequest, tasks: list[Task]) -> HttpResponse | None:
        """The page that asks before it decides; also the door of the flows' own lists."""
        if not tasks or not (steps := self.steps_for(request, tasks)):
            return None
        if (page := self.own_page(request, tasks)) is not None:
            return page
        return self.decide_page(request, tasks, steps, OpinionForAll())

    @action(description=_("Look after myself"))
    def look_after(self, request: HttpRequest, queryset: QuerySet) -> None:
        if tasks := self.chosen(request, queryset):
            self.assign(request, [task.pk for task in tasks], request.user)

    @action(description=_("Hand over to …"))
    def hand_over(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        tasks = self.chosen(request, queryset)
        return self.hand_over_page(request, tasks, HandOverForm(user=request.user)) if tasks else None

    # -- deciding ----------------------------------------------------------------------------------

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """POST takes the step on every chosen task and shows what became of each."""
        ids = self.posted(request)
        tasks = list(
            todo(request.user).filter(pk__in=ids).select_related("content_type").prefetch_related("owner")
        )
        form = OpinionForAll(request.POST)
        steps = self.steps_for(request, tasks) if tasks else []
        if not ids or (tasks and not steps):
            return HttpResponseRedirect(inbox_url())
        chosen = next((step for step in steps if step.name == request.POST.get("step")), None)
        if tasks and (chosen is None or not form.is_valid() or lacks_opinion(form, chosen)):
            return self.decide_page(request, tasks, steps, form)
        outcomes = decide(
            ids, chosen.name if chosen else "", by=request.user, opinion=request.POST.get("opinion", "")
        )
        done = sum(outcome.is_done for outcome in outcomes)
        context = {
            "title": chosen.label if chosen else _("Approve or return"), "outcomes": outcomes, "done": done,
            "refused": len(outcomes) - done,
        }  # fmt: skip
        return self.page(request, "admin/core/inbox_result.html", context)

    def own_page(self, request: HttpRequest, tasks: list[Task]) -> HttpResponse | None:
        """The page on which the flow itself shows many at once (`bulk_decision` of its admin), where it has one."""
        model: Any = tasks[0].content_type.model_class()
        flow_admin = self.admin_site.get_model_admin(model) if self.admin_site.is_registered(model) else None  # type: ignore[attr-defined]
        show = getattr(flow_admin, "bulk_decision", None)
        return show(request, [task.object_id for task in tasks], tasks[0].state) if show else None

    def decide_page(
        self, request: HttpRequest, tasks: list[Task], steps: list[Step], form: forms.Form
    ) -> HttpResponse:
        model: Any = tasks[0].content_type.model_class()
        context = {
            "title": _("Approve or return"), "tasks": tasks, "steps": steps, "form": form,
            "flow": model._meta.verbose_name, "state": state_label(model, tasks[0].state),
            "ready_opinions": ready_opinions(model, request.user, steps),
            "action_url": reverse("admin:core_task_decide"),
            "checked": checked(tasks, steps, request.user),
            "needs_opinion": [step.label for step in steps if step.opinion_required],
        }  # fmt: skip
        return self.page(request, "admin/core/inbox_decide.html", context)

    def steps_for(self, request: HttpRequest, tasks: list[Task]) -> list[Step]:
        """The steps that all of these tasks offer and that ask for an opinion at most; else a sentence."""
        if len({(task.content_type_id, task.state) for task in tasks}) > 1:
            sentence = _("Choose tasks of one flow that wait in the same state; the filter “flow” helps.")
            messages.warning(request, sentence)
            return []
        model: Any = tasks[0].content_type.model_class()
        steps = [
            step
            for step in model.steps().values()
            if tasks[0].state in step.sources and request.user.role in step.by and step.form is None
        ]
        if not steps:
            sentence = _("These steps ask for more than an opinion; take them on each record's own page.")
            messages.warning(request, sentence)
        return steps

    # -- handing over ------------------------------------------------------------------------------

    def hand_over_view(self, request: HttpRequest) -> HttpResponse:
        ids = self.posted(request)
        tasks = list(todo(request.user).filter(pk__in=ids))
        form = HandOverForm(request.POST, user=request.user)
        if tasks and not form.is_valid():
            return self.hand_over_page(request, tasks, form)
        if ids:
            self.assign(request, ids, form.cleaned_data["to"] if tasks else None)
        return HttpResponseRedirect(inbox_url())

    def hand_over_page(self, request: HttpRequest, tasks: list[Task], form: forms.Form) -> HttpResponse:
        context = {"title": _("Hand over"), "tasks": tasks, "form": form,
                   "action_url": reverse("admin:core_task_hand_over")}  # fmt: skip
        return self.page(request, "admin/core/inbox_hand_over.html", context)

    @transaction.atomic
    def assign(self, request: HttpRequest, ids: list[int], to: Any) -> None:
        """Note who looks after the tasks; the log of the task says who decided that."""
        tasks = todo(request.user).filter(pk__in=ids).select_for_update(of=("self",))
        changed = [task for task in tasks if task.assigned_to_id != (to.pk if to else None)]
        Task.objects.filter(pk__in=[task.pk for task in changed]).update(assigned_to=to)
        note = gettext("Looked after by %(name)s") % {"name": to or gettext("nobody in particular")}
        LogEntry.objects.log_actions(request.user.pk or 0, changed, CHANGE, change_message=note)
        text = ngettext("%(count)d task: %(note)s.", "%(count)d tasks: %(note)s.", len(changed))
        messages.success(request, text % {"count": len(changed), "note": note})

    # -- shared ------------------------------------------------------------------------------------

    def chosen(self, request: HttpRequest, queryset: QuerySet) -> list[Task]:
        """The selected tasks; a sentence instead where there are too many."""
        tasks = list(queryset.select_related("content_type").prefetch_related("owner")[: MOST + 1])
        if len(tasks) > MOST:
            sentence = _("Choose %(most)d tasks at most; narrow the list with a filter.") % {"most": MOST}
            messages.warning(request, sentence)
            return []
        return tasks

    def posted(self, request: HttpRequest) -> list[int]:
        """The tasks named by a page of ours, each once, in order; none for a GET."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method != "POST":
            return []
        keys = (key_or_none(value) for value in request.POST.getlist("task"))
        return list(dict.fromkeys(key for key in keys if key is not None))[:MOST]

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": Task._meta, "back_url": inbox_url()}  # type: ignore[attr-defined]
        return TemplateResponse(request, template, shared | context)


#: So many reasons are written out for each task.
NAMED = 3


def checked(tasks: list[Task], steps: list[Step], user: Any) -> list[dict[str, Any]]:
    """Each task with what becomes of it at the steps forward; a return is open to all of them."""
    forward = [step for step in steps if not step.opinion_required]
    found = preview(tasks, forward, user)
    return [
        {"task": task, "steps": [
            (step, found[task.pk][step.name][:NAMED], max(0, len(found[task.pk][step.name]) - NAMED))
            for step in forward
        ]}
        for task in tasks
    ]  # fmt: skip


def lacks_opinion(form: OpinionForAll, step: Step) -> bool:
    """Whether the step needs an opinion that is not there; the sentence goes beside the box."""
    if not step.opinion_required or form.cleaned_data["opinion"].strip():
        return False
    form.add_error("opinion", step.opinion_missing())
    return True


def inbox_url() -> str:
    return reverse("admin:core_task_changelist")
