"""What company changes and transfers share: a company begins them with “add”, hands in papers, and submits."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.core.engine import start
from backoffice.core.flow import Guard
from backoffice.roles import Role
from registry.flows.guards import all_papers_there, company_active, company_complete
from registry.models import Company


def page_of(obj: Any, act: str = "change", *more: str) -> str:
    """The address of the record's page, or of another page of it."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_{act}", args=[obj.pk, *more])


class OpenAlready(Exception):
    """The company has one under way; a second would be the same again."""

    def __init__(self, obj: Any) -> None:
        super().__init__(str(obj))
        self.obj = obj


class CompanyDraftAdmin:
    """Mixin before FlowAdmin. Whose the record is, the signed-in user says, never the form."""

    change_form_outer_before_template = "admin/registry/draft.html"
    #: Guards about papers: what they say is shown with a link to the upload.
    paper_guards: ClassVar[tuple[Guard, ...]] = (all_papers_there,)

    def open_one(self, request: HttpRequest) -> Any:
        """Hook: what the company has under way already instead of what this request begins."""
        return None

    def hindrance(self, request: HttpRequest) -> tuple[str, str, str] | None:
        """Why the company can begin nothing: the sentence, and label and address of what helps."""
        company = request.user.company
        draft = self.model(company=company)  # type: ignore[attr-defined]
        if reason := company_active(draft):
            return reason, _("To your company's page"), page_of(company)
        if reason := company_complete(draft):
            return reason, _("Fill in the company profile"), page_of(company)
        return None

    # -- begin -------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if object_id is not None:
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if (hindrance := self.hindrance(request)) is not None:
            return self.cannot_begin(request, *hindrance)
        if (under_way := self.open_one(request)) is not None:
            return self.lead_to(request, under_way)
        try:
            return super().changeform_view(request, None, form_url, extra_context)  # type: ignore[misc]
        except OpenAlready as other:
            return self.lead_to(request, other.obj)

    def cannot_begin(self, request: HttpRequest, reason: str, label: str, url: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Not possible yet"), "opts": self.opts, "reason": reason,  # type: ignore[attr-defined]
            "remedy_label": label, "remedy_url": url,
        }  # fmt: skip
        return TemplateResponse(request, "admin/registry/cannot_begin.html", context)

    def lead_to(self, request: HttpRequest, under_way: Any) -> HttpResponse:
        sentence = _("“%(record)s” is under way already (%(state)s); this is its page.")
        messages.info(request, sentence % {"record": under_way, "state": under_way.get_state_display()})
        return HttpResponseRedirect(page_of(under_way))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form checks a new record as the company's own, though no field says so."""
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        form.begun_by = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)  # type: ignore[misc]
            return
        # A double click waits here, and then finds the first click's record.
        company: Any = request.user.company
        obj.company = Company.objects.select_for_update(of=("self",)).get(pk=company.pk)
        obj.created_by = request.user
        if (under_way := self.open_one(request)) is not None:
            raise OpenAlready(under_way)
        start(obj, by=request.user)

    # -- go on -------------------------------------------------------------------------------------

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        messages.success(request, _("Begun. Two things are left: upload the papers, then submit."))
        return HttpResponseRedirect(page_of(obj))

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(page_of(obj))

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        obj = kwargs.get("obj")
        if obj is not None and obj.takes_changes_from(request.user):
            context["draft"] = {
                "missing": [reason for guard in self.paper_guards if (reason := guard(obj))],
                "upload_url": page_of(obj, "attachments"),
            }
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


def is_company(request: HttpRequest) -> bool:
    return bool(request.user.role == Role.COMPANY)
