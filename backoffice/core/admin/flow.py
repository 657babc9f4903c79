"""FlowAdmin: whose turn it is, the trail, and the steps a user may take; each is decided on a page of its own.

class PaperAdmin(AttachmentsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    list_display = ["title", "show_state"]
    review_fields = ("title", "company", "show_something")

    def review_notes(self, request, obj):
        return [("warning", _("A person of this name is a member already."))]
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import action as admin_action
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransition
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.core import running
from backoffice.core.admin.next_task import go_on, origin_of
from backoffice.core.admin.review import described, pictures, ready_opinions
from backoffice.core.engine import perform
from backoffice.core.flow import Offer, Step, StepRefused, at_own_desk, available
from backoffice.core.inbox import lines, todo, waits_at
from backoffice.core.models import Task
from backoffice.core.once import once
from backoffice.core.returns import is_returned_draft
from backoffice.core.spans import spans_of, spans_on_page
from backoffice.core.stages import names_for, stages, way
from backoffice.core.trail import last_log_id
from backoffice.core.working_days import is_provisional
from backoffice.roles import Role

#: In place of the state of a draft that came back.
RETURNED = "DRAFT_RETURNED"


class OpinionForm(forms.Form):
    opinion = forms.CharField(
        label=_("Opinion"),
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


class FlowAdmin:
    """Mixin for a ScopedAdmin whose model is a Flow; `show_state` is its coloured state for `list_display`."""

    change_form_outer_before_template = "admin/core/flow_steps.html"
    step_template: ClassVar[str] = "admin/core/flow_step.html"
    #: Fields and display methods that a decision page shows as label and value. They are also the fields of the
    #: object's page, unless the class declares `fields` or `fieldsets`.
    review_fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)  # type: ignore[call-arg]
        self.show_state = state_display(model)

    def reviewed(self, obj: Any) -> tuple[str, ...]:
        """The review fields that say something of this record now."""
        return self.review_fields

    def review_notes(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Hook: remarks for whoever decides, each ("info" | "warning" | "danger", sentence)."""
        return []

    def step_notes(self, request: HttpRequest, obj: Any, step: Step) -> list[tuple[str, Any]]:
        """What stands on the page of this very step: the remarks, and whose running matters it concerns."""
        concerned = [row for row in running.matters_of(*obj.touches(step.name)) if row != obj]
        notes = [("warning", running.in_words(concerned, request.user))] if concerned else []
        return [*self.review_notes(request, obj), *notes]

    def outcome(self, request: HttpRequest, obj: Any, step: str) -> list[Any]:
        """Hook: what the step did beyond this record, as sentences with links; shown after it was taken."""
        return []

    # -- the object's page -------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.step_view)  # type: ignore[attr-defined]
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"  # type: ignore[attr-defined]
        return [path("<path:object_id>/step/<str:step>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Edited is only at the own desk (manual ch. 5), or where the record rests at none."""
        allowed = super().has_change_permission(request, obj)  # type: ignore[misc]
        if not allowed or obj is None or obj.pk is None or obj.state in obj.resting:
            return allowed
        return is_turn_of(obj, request.user)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Help texts speak to whoever fills the record in; others read the values without them."""
        if obj is not None and request.user.role not in begun_by(obj):
            names = (field.name for field in self.model._meta.fields)  # type: ignore[attr-defined]
            kwargs["help_texts"] = dict.fromkeys(names, "")
        return super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.fields or not self.review_fields:  # type: ignore[attr-defined]
            return super().get_fields(request, obj)  # type: ignore[misc]
        return list(self.review_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Display methods and fields that nobody edits can only be shown."""
        readonly = tuple(super().get_readonly_fields(request, obj))  # type: ignore[misc]
        shown = (name for name in self.review_fields if not is_editable(self.model, name))  # type: ignore[attr-defined]
        return (*readonly, *(name for name in shown if name not in readonly))

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context |= self.flow_context(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def flow_context(
        self, request: HttpRequest, obj: Any, notes: list[tuple[str, Any]] | None = None
    ) -> dict[str, Any]:
        """What the flow box shows: the state, whose turn it is until when, the offered steps, the trail; the remarks
        for whoever decides, unless there are others already."""
        if notes is None:
            notes = self.review_notes(request, obj) if is_turn_of(obj, request.user) else []
        task = Task.of(obj).filter(closed_at=None).select_related("assigned_to").first()
        return {
            "flow_state": value_of_state(self, obj, request.user),
            "flow_offers": offers_of(request, obj),
            "flow_trail": lines(obj, request.user, spans_on_page(request, obj)),
            "flow_desk": waits_at(obj),
            "flow_is_turn": is_turn_of(obj, request.user),
            "flow_task": task,
            "flow_origin": origin_of(request),
            "flow_stages": stages(obj, names_for(request.user), task),
            "flow_assignment": assignment_of(task) if task and task.assigned_to else None,
            "flow_provisional": is_provisional(task.due_on if task else None),
            "flow_overdue": bool(task and task.due_on and task.due_on < timezone.localdate()),
            "flow_notes": notes,
        }

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """A step taken while someone edits wins; the edit is refused with a sentence (outside its transaction)."""
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)  # type: ignore[misc]
        except ConcurrentTransition:
            text = _("Someone took a step on this record while you were editing; look at it again.")
            messages.error(request, text, extra_tags="unsent")
            return HttpResponseRedirect(request.path)

    # -- many at once ------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Where a desk decides by opinion alone, its list leads to the same page as the inbox."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        if "_popup" not in request.GET and decides_in_bulk(self.model, request.user):  # type: ignore[attr-defined]
            label = _("Approve or return …")
            actions["decide_selected"] = (decide_selected, "decide_selected", label)
        return actions

    # -- the decision page -------------------------------------------------------------------------

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """Show the step's form; POST takes the step. Out of scope: 404. Not offered now: a message, and back."""
        obj: Any = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None or step not in obj.steps():
            raise Http404
        told = False
        form = step_form(obj.steps()[step])(initial={"seen": last_log_id(obj)})
        if request.method == "POST":
            data = request.POST.copy()
            form = type(form)(data, request.FILES)
            told = form.is_valid()
            if told and self.take(request, obj, step, dict(form.cleaned_data)):
                return self.after_step(request, obj, step)
            obj = self.get_object(request, object_id) or obj  # type: ignore[attr-defined]
            # What was typed is kept, on a page that shows the present state.
            data["seen"] = str(last_log_id(obj))
        offers = offers_of(request, obj)
        offer = next((offer for offer in offers if offer.step.name == step), None)
        if offer is None:
            if not told:
                messages.warning(request, not_open(obj, request.user))
            return HttpResponseRedirect(object_url(obj) + origin_of(request))
        return self.step_page(request, obj, offer, form, offers)

    def take(self, request: HttpRequest, obj: Any, step: str, data: dict[str, Any]) -> bool:
        """Perform the step; on refusal tell the user why and return False."""
        try:
            perform(obj, step, by=request.user, **data)
        except StepRefused as refusal:
            for line in str(refusal).splitlines():
                messages.error(request, line, extra_tags="unsent")
            return False
        label = obj.steps()[step].label
        messages.success(request, _("%(record)s: %(step)s – done.") % {"record": obj, "step": label})
        for sentence in self.outcome(request, obj, step):
            messages.info(request, sentence)
        return True

    def after_step(self, request: HttpRequest, obj: Any, step: str) -> HttpResponse:
        """Back to the record, or on to the same decision on the next one of the list the clerk came from."""
        if "next" not in request.POST:
            return HttpResponseRedirect(object_url(obj) + origin_of(request))
        return go_on(self, request, obj, obj.steps()[step], step_url)

    def step_page(
        self, request: HttpRequest, obj: Any, offer: Offer, form: forms.Form, offers: list[Offer]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            **self.flow_context(request, obj, self.step_notes(request, obj, offer.step)),
            "title": offer.step.label, "subtitle": str(obj), "offer": offer, "form": form, "object": obj,
            "opts": obj._meta, "back_url": object_url(obj) + origin_of(request),
            "other_offers": [other for other in offers if other.step.name != offer.step.name],
            "fields": described(self, obj, self.reviewed(obj), request.user), "pictures": pictures(obj, request.user),
            "ready_opinions": ready_opinions(obj, request.user, [offer.step]),
        }  # fmt: skip
        return TemplateResponse(request, self.step_template, context)


def offers_of(request: HttpRequest, obj: Any) -> list[Offer]:
    """The steps that the reader may take on the record; several parts of a page ask."""
    key = ("offers", type(obj), obj.pk, request.user.pk)
    return once(request, key, lambda: available(obj, request.user))


def decides_in_bulk(model: Any, user: Any) -> bool:
    """Whether this user's desk decides on records of the flow by nothing but an opinion. (Finance has its bills.)"""
    if user.role == Role.FINANCE:
        return False
    states = {state for state, desk in model.desks.items() if desk.role == user.role}
    return any(
        states & set(step.sources) and user.role in step.by and step.form is None and step.opinion_required
        for step in model.steps().values()
    )


@admin_action(description=_("Approve or return …"))
def decide_selected(model_admin: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    """The tasks of the chosen records on the inbox's page: who takes the step, who is left out and why."""
    kind = ContentType.objects.get_for_model(model_admin.model)
    keys = queryset.order_by().values("pk")
    inbox: Any = model_admin.admin_site._registry[Task]
    tasks = inbox.chosen(request, todo(request.user).filter(content_type=kind, object_id__in=keys))
    if not tasks:
        messages.warning(request, _("None of these waits at your desk now."))
        return None
    return inbox.decide_chosen(request, tasks)  # type: ignore[no-any-return]


def step_form(declared: Any) -> type[forms.Form]:
    """The step's own fields, then the opinion, required where the other side must know what to correct."""
    own = (declared.form,) if declared.form else ()
    opinion = forms.CharField(
        label=_("Opinion"), required=declared.opinion_required, max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )  # fmt: skip
    return type("StepForm", (*own, OpinionForm), {"opinion": opinion})


def state_display(model: Any) -> Any:
    """A `list_display` method: the state with its colour."""

    plain = dict.fromkeys((value for value, _label in model._meta.get_field("state").choices), "")

    @display(description=_("state"), label={**plain, **model.colours, RETURNED: "danger"}, ordering="state")
    def show_state(obj: Any) -> tuple[str, str]:
        if is_returned_draft(obj):
            return RETURNED, str(_("Returned to be corrected"))
        return obj.state, str(obj.get_state_display())

    return show_state


def value_of_state(model_admin: FlowAdmin, obj: Any, reader: Any) -> Any:
    return described(model_admin, obj, ("show_state",), reader)[0].value


def assignment_of(task: Task) -> LogEntry | None:
    """Who decided, and when, who looks after the task (inbox_actions.py writes it)."""
    kind = ContentType.objects.get_for_model(Task)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(task.pk))
    return entries.select_related("user").order_by("-pk").first()


def is_editable(model: Any, name: str) -> bool:
    try:
        return bool(model._meta.get_field(name).editable)
    except FieldDoesNotExist:
        return False


def is_turn_of(obj: Any, user: Any) -> bool:
    """Whether the record waits at the very desk of this user."""
    desk = obj.desk()
    return desk is not None and desk.role == user.role and at_own_desk(obj, user)


def begun_by(obj: Any) -> set[str]:
    """The roles that take the first step: they fill the record in."""
    first = way(type(obj))[0]
    return {role for step in obj.steps().values() if first in step.sources for role in step.by}


def not_open(obj: Any, user: Any) -> str:
    """Why no step is offered: who has taken one last, and whose turn it is."""
    trail = lines(obj, user, spans_of(obj, user))
    desk = waits_at(obj)
    if not trail:
        return str(_("This step is not open to you in the present state."))
    values = {"who": trail[-1].who, "step": trail[-1].step, "desk": desk}
    if desk:
        return str(_("Already handled: %(who)s, “%(step)s”. It is now with: %(desk)s.") % values)
    return str(_("Already handled: %(who)s, “%(step)s”. The flow has ended.") % values)


def object_url(obj: Any) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def step_url(obj: Any, pk: Any, step: str) -> str:
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_step", args=[pk, step])
