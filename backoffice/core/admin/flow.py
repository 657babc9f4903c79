"""FlowAdmin: the steps a user may take now, as buttons; each leads to a page that is decided by POST only."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransition
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.core.flow import Offer, StepRefused, available, last_log_id, perform
from backoffice.core.inbox import trail


class OpinionForm(forms.Form):
    opinion = forms.CharField(
        label=_("Opinion"),
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


class FlowAdmin:
    """Mixin for a ScopedAdmin whose model is a Flow."""

    change_form_outer_before_template = "admin/core/flow_steps.html"
    step_template: ClassVar[str] = "admin/core/flow_step.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.step_view)  # type: ignore[attr-defined]
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"  # type: ignore[attr-defined]
        return [path("<path:object_id>/step/<str:step>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context["flow_offers"] = available(obj, request.user)
            context["flow_trail"] = trail(obj)
            context["flow_desk"] = obj.desk()
            context["flow_step_url"] = f"{self.opts.app_label}_{self.opts.model_name}_step"  # type: ignore[attr-defined]
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """A step taken while someone edits wins; the edit is refused with a sentence (outside its transaction)."""
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)  # type: ignore[misc]
        except ConcurrentTransition:
            messages.error(
                request, _("Someone took a step on this record while you were editing; look at it again.")
            )
            return HttpResponseRedirect(request.path)

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """Show the step's form; POST takes the step. Out of scope: 404. Not offered now: a message, and back."""
        obj = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None or step not in obj.steps():
            raise Http404
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])  # type: ignore[attr-defined]
        form_class = step_form(obj.steps()[step].form)
        if request.method == "POST":
            form = form_class(request.POST, request.FILES)
            if form.is_valid() and self.take(request, obj, step, dict(form.cleaned_data)):
                return HttpResponseRedirect(back)
        else:
            form = form_class(initial={"seen": last_log_id(obj)})
        offers = {offer.step.name: offer for offer in available(obj, request.user)}
        if step not in offers:
            if request.method == "GET":
                messages.warning(request, _("This step is not open to you in the present state."))
            return HttpResponseRedirect(back)
        return self.step_page(request, obj, offers[step], form)

    def take(self, request: HttpRequest, obj: Any, step: str, data: dict[str, Any]) -> bool:
        """Perform the step; on refusal tell the user why and return False."""
        try:
            perform(obj, step, by=request.user, **data)
        except StepRefused as refusal:
            for line in str(refusal).splitlines():
                messages.error(request, line)
            return False
        messages.success(request, _("Done: %(step)s.") % {"step": obj.steps()[step].label})
        return True

    def step_page(self, request: HttpRequest, obj: Any, offer: Offer, form: forms.Form) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": offer.step.label, "subtitle": str(obj), "offer": offer, "form": form, "object": obj,
            "opts": obj._meta,
        }  # fmt: skip
        return TemplateResponse(request, self.step_template, context)


def step_form(own: type[forms.Form] | None) -> type[forms.Form]:
    """The step's own fields, then the opinion."""
    return OpinionForm if own is None else type("StepForm", (own, OpinionForm), {})
