"""Applying without an account: a form that is a draft under a signed link from the first word on.

The same page serves the first visit, the draft, and the correction after a return; `views_link.py` shows the rest,
`api.py` answers while people type. Everything here works without scripts.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from backoffice.core.links import token_of
from backoffice.core.trail import last_log_id
from backoffice.public import drafts
from backoffice.public.drafts import FORMS, Closed
from backoffice.public.forms_apply import ApplicationForm
from backoffice.public.progress import opinion_on, stages
from backoffice.public.throttle import APPLICATIONS, DRAFTS, UPLOADS, Limit, too_many
from registry.models import CompanyApplication, PersonalApplication

MODELS: dict[str, Any] = {"person": PersonalApplication, "company": CompanyApplication}
TEMPLATES = {PersonalApplication: "public/apply_person.html", CompanyApplication: "public/apply_company.html"}
#: Links sent to a typed address: enough for a mistyped one, too few to fill strangers' mailboxes.
LINK_MAILS = Limit("link-mails", 6, 60)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, kind: str) -> HttpResponse:
    """A new application; nothing is stored before something is typed and sent."""
    model = MODELS[kind]
    if request.method == "POST":
        return receive(request, drafts.record_for(request.POST.get("token", ""), model))
    return show(request, model())


def form_page(request: HttpRequest, record: Any) -> HttpResponse:
    """The form of a begun or returned application, behind its link."""
    return receive(request, record) if request.method == "POST" else show(request, record)


def receive(request: HttpRequest, record: Any) -> HttpResponse:
    """Keep what was typed and chosen, then do what the button says."""
    seen = request.POST.get("seen", "")
    try:
        drafts.check_turn(record, seen)
        form = FORMS[type(record)](request.POST, record=record)
        form.is_valid()
        if request.POST.get("website"):
            return show(request, record, form)  # the form says to press the button once more
        if wait := waiting(request, record):
            form.add_error(None, ValidationError(too_many(wait)))
            return show(request, record, form, status=429)
        values = form.worth_keeping()
        if record.pk is not None or any(values.values()):
            record = drafts.keep(record, values)
        record, refused = drafts.take_pictures(record, request.FILES)
        if code := request.POST.get("remove"):
            drafts.remove_picture(record, code)
    except (Closed, drafts.FileRefused) as closed:
        messages.warning(request, str(closed) if isinstance(closed, Closed) else " ".join(closed.messages))
        return link_page(record)
    if "submit" in request.POST:
        return submit(request, record, form, refused)
    return put_aside(request, record, form, refused)


def waiting(request: HttpRequest, record: Any) -> int:
    """The seconds this address has to wait before it may begin another draft or upload more pictures."""
    wait = DRAFTS.wait(request) if record.pk is None else 0
    for _file in request.FILES:
        wait = wait or UPLOADS.wait(request)
    return wait


def submit(
    request: HttpRequest, record: Any, form: ApplicationForm, refused: dict[str, list[str]]
) -> HttpResponse:
    papers = drafts.papers_of(record, refused)
    for paper in papers:
        if paper.required and paper.present is None and not paper.errors:
            paper.errors = [_("This picture is still missing; choose a file.")]
    if form.is_valid() and not any(paper.errors for paper in papers):
        if wait := APPLICATIONS.wait(request):
            form.add_error(None, ValidationError(too_many(wait)))
            return show(request, record, form, papers, status=429)
        sentences = drafts.submit(record, request.POST.get("seen", ""))
        if not sentences:
            said = _("Your application was submitted. The link to this page is on its way to %(email)s.")
            messages.success(request, said % {"email": record.email})
            return link_page(record)
        form.add_error(None, ValidationError(sentences))
    return show(request, record, form, papers)


def put_aside(
    request: HttpRequest, record: Any, form: ApplicationForm, refused: dict[str, list[str]]
) -> HttpResponse:
    """Save for later, or search for the employer: empty fields are no mistake yet."""
    form.calm()
    if "find" in request.POST and getattr(form, "found", None):
        form.errors.pop("employer", None)
    papers = drafts.papers_of(record, refused)
    if record.pk is None and "save" in request.POST:
        messages.info(request, _("Nothing is typed yet, so there is nothing to save."))
    elif "save" in request.POST and not form.errors and not refused:
        messages.success(request, saved_sentence(request, record))
        return link_page(record)
    return show(request, record, form, papers)


def saved_sentence(request: HttpRequest, record: Any) -> str:
    if not record.email:
        return _("Saved. Keep the address of this page, or enter your email and have the link sent to you.")
    if wait := LINK_MAILS.wait(request):
        return _("Saved. Keep the address of this page.") + " " + too_many(wait)
    return _("Saved.") + " " + drafts.mail_link(record)


def link_page(record: Any) -> HttpResponse:
    return redirect("public:application", token=token_of(record))


# --- The page ------------------------------------------------------------------------------------------


def show(
    request: HttpRequest, record: Any, form: ApplicationForm | None = None,
    papers: list[drafts.Paper] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    form = form or FORMS[type(record)](record=record)
    papers = drafts.papers_of(record) if papers is None else papers
    stored = record.pk is not None
    context = {
        "form": form, "record": record, "papers": papers, "token": token_of(record), "is_stored": stored,
        "personal": isinstance(record, PersonalApplication),
        "returned": record.state == "RETURNED",
        "opinion": opinion_on(record) if stored else None,
        "stages": stages(record) if record.state == "RETURNED" else [],
        "seen": last_log_id(record) if stored else "",
        "sections": [(title, [form[name] for name in names]) for title, names in form.sections],
        "wrong": wrong_fields(form), "refused": bool(form.errors) or any(paper.errors for paper in papers),
        "words": words(),
    }  # fmt: skip
    return render(request, TEMPLATES[type(record)], context, status=status)


def words() -> dict[str, str]:
    """What the page's script says."""
    return {
        "saving": _("Saving …"),
        "saved": _("All changes are saved ({time})."),
        "offline": _(
            "No connection. What you typed stays on this page and is saved as soon as there is one."
        ),
        "server": _("The server answered with an error; it was recorded. What you typed stays on this page."),
        "stale": _("The page must be loaded again before it can save. What was saved is still there."),
        "reload": _("Load the page again"),
        "stayed": _("Not submitted: there is no connection. Press the button again when there is one."),
        "not_sent": _("Not submitted: the server had an error. Press the button again in a minute."),
        "uploading": _("Uploading “{name}” …"),
        "waiting": _("No connection. “{name}” is uploaded as soon as there is one."),
        "retry": _("Try again"),
        "failed": _("“{name}” could not be uploaded. Try again, or choose another file."),
        "too_big": _(
            "“{name}” is larger than 10 MB. Scan it at 200 to 300 dots per inch, or save it smaller."
        ),
        "uploaded": _("“{name}” was uploaded."),
        "removed": _("The picture was removed."),
        "none": _("No member company fits. Try a shorter part of the name."),
        "found": _("{count} companies found; choose with the arrow keys."),
        "chosen": _("Chosen: {name}"),
        "choose": _("Choose the company from the list, so that the application goes to the right one."),
    }


def wrong_fields(form: ApplicationForm) -> list[Any]:
    """The fields with errors in the order of the page, for the summary at its top."""
    return [form[name] for _title, names in form.sections for name in names if form[name].errors]
