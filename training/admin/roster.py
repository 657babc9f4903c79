"""The company's side of an enrolment: choose a class, fill in the roster, submit (specification 3.6, manual ch. 4b).

Every change is a POST of its own, on the locked draft. With JavaScript the answer is the changed part of the page,
without it the whole page: `roster.js` only saves the reloading.
"""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.core.admin.attachments import UploadForm, present
from backoffice.core.returns import returns_of
from backoffice.core.scoping import visible_to
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from registry.admin.drafts import page_of
from registry.flows.guards import company_active, company_complete
from registry.models import Certificate, Person
from registry.search import search_people
from training.admin.begin import BeginMixin
from training.admin.roster_entry import LOOKS_UP, EntryActs, Sheet, numbers_of, offered, tell
from training.admin.roster_forms import ContactForm, LineForm
from training.drafting import DraftClosed, add_people, edit_line, lock_draft, open_findings, remove_lines
from training.enrolling import recount
from training.flows.enrolment import class_open, contact_known, seats_left
from training.models import Enrolment, TrainingClass
from training.roster import look

#: Members are shown so many at a time.
PAGE = 50
#: What has to hold besides the lines' own rules before the enrolment can be submitted.
GUARDS: Final = (company_active, company_complete, class_open, seats_left, contact_known)


class RosterMixin(EntryActs, BeginMixin):
    """Before CompanyDraftAdmin: a draft's page is its roster, for the company alone."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.roster_view)  # type: ignore[attr-defined]
        return [path("<path:object_id>/roster/", view, name="training_enrolment_roster"), *super().get_urls()]  # type: ignore[misc]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The page of an own draft is the roster."""
        obj = self.get_object(request, object_id) if request.user.role == Role.COMPANY else None  # type: ignore[attr-defined]
        if obj is not None and obj.takes_changes_from(request.user) and obj.state == Enrolment.State.DRAFT:
            return HttpResponseRedirect(page_of(obj, "roster"))
        return super().change_view(request, object_id, form_url, extra_context)  # type: ignore[misc]

    def roster_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the roster of an own draft, or (POST) do what `act` says to it; out of scope: 404."""
        obj = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        if request.user.role != Role.COMPANY:
            raise PermissionDenied
        if request.method == "POST":
            return self.act_on(request, obj)
        if obj.state != Enrolment.State.DRAFT:
            return HttpResponseRedirect(page_of(obj))
        return self.roster_page(request, obj, Sheet(is_entry=request.GET.get("part") != "lines"))

    def act_on(self, request: HttpRequest, obj: Enrolment) -> HttpResponse:
        name = "drop" if "drop" in request.POST else request.POST.get("act", "")
        act = ACTS.get(name)
        if act is None:
            messages.error(request, _("Choose one of the buttons on this page."))
            return HttpResponseRedirect(page_of(obj, "roster"))
        if name in LOOKS_UP:
            self.read_upload(request)
        try:
            with transaction.atomic():
                draft = lock_draft(obj.pk, request.user, looks_up=name in LOOKS_UP)
                sheet = act(self, request, draft)
        except DraftClosed as closed:
            return self.closed(request, obj, closed)
        if name == "submit" and not sheet.stays:
            return self.submitted(request, draft)
        if is_fetch(request) or sheet.stays:
            return self.roster_page(request, draft, sheet)
        return HttpResponseRedirect(page_of(obj, "roster"))

    def closed(self, request: HttpRequest, obj: Enrolment, reason: DraftClosed) -> HttpResponse:
        """Somebody took a step meanwhile: a sentence, and the way to the present state."""
        if is_fetch(request):
            context = {"reason": reason, "object": obj, "url": page_of(obj)}
            return TemplateResponse(request, "admin/training/roster_gone.html", context, status=409)
        messages.error(request, str(reason))
        return HttpResponseRedirect(page_of(obj))

    def submitted(self, request: HttpRequest, draft: Enrolment) -> HttpResponse:
        """Take the step; back on the roster where it is refused, with the sentences."""
        seen = request.POST.get("seen", "")
        data = {"seen": int(seen) if seen.isdecimal() and len(seen) < 19 else None}
        done = self.take(request, draft, "submit", data)  # type: ignore[attr-defined]
        return HttpResponseRedirect(page_of(draft, "change" if done else "roster"))

    # -- acts: each on the locked draft ------------------------------------------------------------------

    def pick(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """Members of the company, for practice training."""
        ticked = numbers_of(request, "person")
        if not ticked:
            messages.warning(request, _("Tick the people to be enrolled."))
        outcome = add_people(draft, ticked, request.user)
        tell(request, outcome)
        return Sheet(outcome.roster, outcome.findings, is_entry=True)

    def edit(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """One line of the grid."""
        form = LineForm(request.POST)
        if not form.is_valid():
            texts = [str(error) for errors in form.errors.values() for error in errors]
            line = form.cleaned_data.get("line")
            if line is None:
                messages.error(request, " ".join(texts))
            return Sheet(recount(draft), line_errors={line: texts} if line else {})
        outcome = edit_line(draft, form.cleaned_data["line"], form.values(), request.user)
        tell(request, outcome)
        return Sheet(outcome.roster)

    def remove(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """One line or the ticked ones."""
        lines = numbers_of(request, "line")
        if not lines:
            messages.warning(request, _("Tick the lines to be removed."))
        outcome = remove_lines(draft, lines, request.user)
        tell(request, outcome)
        return Sheet(outcome.roster, is_entry=True)

    def contact(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """Contact, remark and class."""
        form = ContactForm(request.POST, instance=draft)
        if not form.is_valid():
            draft.refresh_from_db()
            return Sheet(contact=form, stays=True)
        if form.has_changed():
            draft._history_user = request.user  # type: ignore[attr-defined]
            form.save()
            if not is_fetch(request) and request.POST["act"] != "submit":
                messages.success(request, _("Saved."))
        return Sheet(recount(draft))

    def upload(self, request: HttpRequest, draft: Enrolment) -> Sheet:
        """A picture that counts for everybody on the roster."""
        form = UploadForm(request.POST, request.FILES, kinds=draft.takes_attachments)
        taken = form.is_valid() and self.take_in(request, draft, form)  # type: ignore[attr-defined]
        return Sheet(recount(draft), upload=None if taken else form, stays=not taken)

    # -- the page ----------------------------------------------------------------------------------------

    def roster_page(self, request: HttpRequest, draft: Enrolment, sheet: Sheet) -> HttpResponse:
        roster = sheet.roster or look(draft)
        if sheet.findings is None and (sheet.is_entry or not is_fetch(request)):
            sheet.findings = open_findings(draft, request.user)
        is_practice = draft.training_class.type == TrainingClass.Type.PRACTICE
        context: dict[str, Any] = {
            "object": draft, "roster": roster, "sheet": sheet, "is_practice": is_practice,
            "stops": [(guard is contact_known, reason) for guard in GUARDS if (reason := guard(draft))],
            "rows_in_error": sum(bool(row.errors) for row in roster.rows), "types": Certificate.Type.choices,
            "seats": max(draft.training_class.seats_free(), 0), "open_entries": len(draft.waiting),
            "contact_form": sheet.contact or ContactForm(instance=draft), "roster_url": page_of(draft, "roster"),
            "papers_url": page_of(draft, "attachments"), "line_errors": sheet.line_errors,
            "contact_answer": request.POST.get("act") in ("contact", "submit"),
        }  # fmt: skip
        context["may_submit"] = not roster.errors and all(is_contact for is_contact, _why in context["stops"])
        if sheet.is_entry or not is_fetch(request):
            context |= members(request, draft) if is_practice else offered(draft, request.user)
        if is_fetch(request):
            return TemplateResponse(request, "admin/training/roster_fragment.html", context)
        return TemplateResponse(
            request, "admin/training/roster.html", context | self.around(request, draft, sheet)
        )

    def around(self, request: HttpRequest, draft: Enrolment, sheet: Sheet) -> dict[str, Any]:
        """What stands above and below the parts that change: state and steps, contact, pictures for all."""
        flow = self.flow_context(request, draft)  # type: ignore[attr-defined]
        flow["flow_offers"] = [offer for offer in flow["flow_offers"] if offer.step.name != "submit"]
        return {
            **self.admin_site.each_context(request), **flow,  # type: ignore[attr-defined]
            "title": _("Roster"), "subtitle": str(draft.training_class), "opts": self.opts, "original": draft,  # type: ignore[attr-defined]
            "seen": last_log_id(draft), "returns": returns_of(draft),
            "upload_form": sheet.upload or UploadForm(kinds=draft.takes_attachments, auto_id="upload_%s"),
            "files": present(draft, request.user), "history_url": page_of(draft, "history"),
        }  # fmt: skip


ACTS: Final[dict[str, Callable[..., Sheet]]] = {
    "look_up": RosterMixin.look_up,
    "confirm": RosterMixin.confirm,
    "again": RosterMixin.again,
    "drop": RosterMixin.drop,
    "pick": RosterMixin.pick,
    "edit": RosterMixin.edit,
    "remove": RosterMixin.remove,
    "contact": RosterMixin.contact,
    "submit": RosterMixin.contact,
    "upload": RosterMixin.upload,
}


def is_fetch(request: HttpRequest) -> bool:
    """Whether roster.js asks, which puts a part of the page in place."""
    return request.headers.get("X-Requested-With") == "fetch"


def members(request: HttpRequest, draft: Enrolment) -> dict[str, Any]:
    """The company's members for the picker: those without a certificate of the class's type first."""
    given = request.POST if request.method == "POST" else request.GET
    term = given.get("q", "").strip()
    rows = visible_to(Person, request.user).filter(company=draft.company_id)
    if term:
        rows = search_people(rows, term, request.user).queryset
    held = Certificate.objects.filter(person=OuterRef("pk"), status=Certificate.Status.VALID)
    if draft.training_class.category:
        held = held.filter(type=draft.training_class.category)
    rows = rows.annotate(
        is_here=Exists(draft.lines.filter(person=OuterRef("pk"))), holds=Exists(held)
    ).order_by("is_here", "holds", "-pk")
    return {"members": Paginator(rows, PAGE).get_page(given.get("p")), "term": term}
