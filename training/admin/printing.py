"""Printing of enrolments: the detail sheet and the list of papers as page and PDF, many sheets at once, and the
local body's note that the papers have come."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from backoffice.core.admin import Panel
from backoffice.core.bounds import validate_day
from backoffice.core.printing import (
    MOST,
    TOO_MANY,
    CannotPrint,
    Form,
    missing_in,
    missing_sentence,
    pdf,
    pdf_response,
)
from backoffice.roles import Role
from training.materials import materials_form, materials_of, takes_papers
from training.models import Enrolment
from training.printing import RELATED, number_of, page_of, sheets_of


class PapersForm(forms.Form):
    """The day the papers came; empty takes a mistaken note back."""

    received_on = forms.DateField(
        label=gettext_lazy("Papers received on"), required=False, validators=[validate_day]
    )
    confirmed_on: Any = None

    def clean_received_on(self) -> Any:
        date = self.cleaned_data["received_on"]
        if date is not None and date > timezone.localdate():
            raise forms.ValidationError(_("%(date)s has not come yet.") % {"date": date.isoformat()})
        if date is not None and self.confirmed_on and date < self.confirmed_on:
            values = {"date": date.isoformat(), "confirmed": self.confirmed_on.isoformat()}
            raise forms.ValidationError(
                _("%(date)s is before the confirmation of the enrolment (%(confirmed)s).") % values
            )
        return date


class PrintMixin:
    """Mixin before FlowAdmin; who may see an enrolment may print it, everybody else gets 404.

    The class lists "print_selected" among its actions and PAPERS among its panels.
    """

    actions_detail = ("print_sheet",)

    def get_urls(self) -> list[URLPattern]:
        views = {
            "print.pdf": (self.print_pdf_view, "print_pdf"),
            "materials/": (self.materials_view, "materials"),
            "materials.pdf": (self.materials_pdf_view, "materials_pdf"), "papers/": (self.papers_view, "papers"),
        }  # fmt: skip
        return [
            *(path(f"<path:object_id>/{end}", self.admin_site.admin_view(view), name=f"training_enrolment_{name}")  # type: ignore[attr-defined]
              for end, (view, name) in views.items()),
            *super().get_urls(),  # type: ignore[misc]
        ]  # fmt: skip

    def printable(self, request: HttpRequest, object_id: str) -> Enrolment:
        """The enrolment in the user's scope; 404 for every other one."""
        enrolment: Enrolment | None = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if enrolment is None or not self.has_view_permission(request, enrolment):  # type: ignore[attr-defined]
            raise Http404
        return enrolment

    # -- one enrolment ---------------------------------------------------------------------------

    @action(description=gettext_lazy("Print"), url_path="print", icon="print")
    def print_sheet(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The detail sheet as a page to print, with what the PDF would lack."""
        enrolment = self.printable(request, object_id)
        return form_page(
            request, sheets_of([enrolment], request.user)[0], enrolment, page_of(enrolment, "print_pdf")
        )

    def print_pdf_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        enrolment = self.printable(request, object_id)
        name = f"{_('Enrolment detail sheet')}-{number_of(enrolment)}.pdf"
        return form_pdf(
            request, sheets_of([enrolment], request.user), name, page_of(enrolment, "print_sheet")
        )

    def materials_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The list of papers as a page to print; there is none before the confirmation."""
        enrolment = self.with_papers(request, object_id)
        return form_page(
            request, materials_form(enrolment, request.user), enrolment, page_of(enrolment, "materials_pdf")
        )

    def materials_pdf_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        enrolment = self.with_papers(request, object_id)
        name = f"{_('Papers to send')}-{number_of(enrolment)}.pdf"
        return form_pdf(
            request, [materials_form(enrolment, request.user)], name, page_of(enrolment, "materials")
        )

    def with_papers(self, request: HttpRequest, object_id: str) -> Enrolment:
        enrolment = self.printable(request, object_id)
        if not takes_papers(enrolment):
            raise Http404
        return enrolment

    # -- the papers have come --------------------------------------------------------------------

    def papers_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: the local body notes the day on which the papers came (it is no state of the flow)."""
        enrolment = self.printable(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if request.user.role != Role.LOCAL_BODY:
            raise PermissionDenied
        if not takes_papers(enrolment):
            messages.error(
                request, _("%(enrolment)s is not confirmed: no papers are due.") % {"enrolment": enrolment}
            )
            return HttpResponseRedirect(page_of(enrolment))
        form = PapersForm(request.POST)
        form.confirmed_on = enrolment.confirmed_at and timezone.localdate(enrolment.confirmed_at)
        if form.is_valid():
            note_papers(enrolment, form.cleaned_data["received_on"], request)
        for sentence in form.errors.get("received_on", ()):
            messages.error(request, str(sentence))
        return HttpResponseRedirect(page_of(enrolment))

    # -- many at once ----------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Print the selected"), permissions=["view"])
    def print_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """One PDF, each sheet on pages of its own, in the order of the list."""
        rows = list(queryset.select_related(*RELATED)[: MOST + 1])
        if not rows:
            messages.warning(request, _("None of the chosen enrolments is there any more."))
            return None
        if len(rows) > MOST:
            messages.error(request, TOO_MANY % {"most": MOST, "count": queryset.count()})
            return None
        try:
            content = pdf(sheets_of(rows, request.user))
        except CannotPrint as reason:
            messages.error(request, str(reason))
            return None
        return pdf_response(content, f"{_('Enrolment detail sheets')}-{len(rows)}.pdf", download=True)


def papers_panel(request: HttpRequest, enrolment: Enrolment) -> dict[str, Any] | None:
    materials = materials_of(enrolment, request.user)
    return None if materials is None else {"materials": materials}


#: The first tab below an enrolment that is confirmed; none before.
PAPERS = Panel("papers", gettext_lazy("Papers to send"), papers_panel, "admin/training/materials.html")


def form_page(request: HttpRequest, form: Form, enrolment: Enrolment, pdf_url: str) -> HttpResponse:
    """The form as a page of its own, without the admin's frame."""
    context: dict[str, Any] = {"form": form, "back_url": page_of(enrolment), "pdf_url": pdf_url}
    try:
        if missing := missing_in([form]):
            context["warning"] = missing_sentence(missing)
    except CannotPrint as reason:
        context |= {"warning": str(reason), "pdf_url": ""}
    return TemplateResponse(request, "print/form.html", context)


def form_pdf(request: HttpRequest, printed: list[Form], name: str, page: str) -> HttpResponse:
    """The PDF; where none can be made, the page to print, which says why."""
    try:
        return pdf_response(pdf(printed), name)
    except CannotPrint as reason:
        messages.error(request, str(reason))
        return HttpResponseRedirect(page)


def note_papers(enrolment: Enrolment, date: Any, request: HttpRequest) -> None:
    """Store the day with a row of the history, or say that nothing changed."""
    with transaction.atomic():
        row = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment.pk)
        row.papers_received_on = date
        row._history_user = request.user  # type: ignore[attr-defined]
        row._change_reason = _("Papers received on") if date else _("Papers not received after all")  # type: ignore[attr-defined]
        row.save(update_fields=["papers_received_on", "updated_at"])
    text = _("Noted: the papers of %(enrolment)s came on %(date)s.") if date else _(
        "Noted: the papers of %(enrolment)s have not come yet.")  # fmt: skip
    messages.success(request, text % {"enrolment": enrolment, "date": date})
