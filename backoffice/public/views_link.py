"""The page behind a signed link: the form while it is the applicant's turn, else where the application stands.

Whoever has the link is the applicant (core/links.py): nothing here is cached, indexed, or told to other sites.
"""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_fsm import ConcurrentTransition

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused, available
from backoffice.core.links import Applicant, record_of
from backoffice.core.trail import last_log_id
from backoffice.core.urls import answer
from backoffice.public import progress
from backoffice.public.drafts import FORMS
from backoffice.public.progress import files_of
from backoffice.public.throttle import Limit, too_many
from backoffice.public.views_apply import form_page
from backoffice.public.views_help import help_page
from registry.models import HelpRequest, PersonalApplication

#: Wrong links from one address: a mail program may have cut one, nobody needs dozens.
WRONG_LINKS = Limit("wrong-links", 30, 10)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, token: str) -> HttpResponse:
    """Whatever the link names; a wrong, outdated or forged one gets a page that says whom to ask."""
    record = record_of(token)
    if record is None:
        return unknown(request)
    if isinstance(record, HelpRequest):
        return private(help_page(request, record))
    if record.takes_changes_from(Applicant(record)):
        return private(form_page(request, record))
    if request.method == "POST":  # a second click, or a page older than the application
        messages.info(request, _("This application was submitted already and is no longer open for changes."))
        return redirect("public:application", token=token)
    return private(progress_page(request, record, token))


def private(response: HttpResponse) -> HttpResponse:
    """Kept by no cache and found by no search engine; other sites never see the address."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def unknown(request: HttpRequest) -> HttpResponse:
    wait = WRONG_LINKS.wait(request)
    context = {"wait": too_many(wait) if wait else ""}
    return render(request, "public/link_invalid.html", context, status=429 if wait else 404)


def progress_page(request: HttpRequest, record: Any, token: str) -> HttpResponse:
    """Where it stands: the way it goes, who has it since when, every opinion, one's own data and pictures."""
    context = {
        "record": record, "token": token, "personal": isinstance(record, PersonalApplication),
        "stages": progress.stages(record), "waiting": progress.waiting(record),
        "history": progress.history(record), "facts": progress.facts(record, FORMS[type(record)].kept),
        "files": list(files_of(record).select_related("kind")), "reached": progress.reached_at(record),
        "may_withdraw": may_withdraw(record),
    }  # fmt: skip
    return render(request, "public/link.html", context)


def may_withdraw(record: Any) -> bool:
    return any(offer.step.name == "withdraw" for offer in available(record, Applicant(record)))


def application_behind(token: str) -> Any:
    record = record_of(token)
    if type(record) not in FORMS:
        raise Http404
    return record


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST withdraws."""
    record = application_behind(token)
    if not may_withdraw(record):
        messages.info(request, _("This application is at its end; there is nothing left to withdraw."))
        return redirect("public:application", token=token)
    if request.method != "POST":
        context = {"record": record, "token": token, "seen": last_log_id(record)}
        return private(render(request, "public/link_withdraw.html", context))
    seen = request.POST.get("seen", "")
    try:
        perform(record, "withdraw", by=Applicant(record), seen=int(seen) if seen.isdecimal() else None)
    except (StepRefused, ConcurrentTransition) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Your application was withdrawn. You can apply again at any time."))
    return redirect("public:application", token=token)


@never_cache
@require_safe
def file(request: HttpRequest, token: str, pk: int, small: bool = False) -> FileResponse:
    """A picture of this very application or question, for the holder of its link."""
    record = record_of(token)
    if record is None:
        raise Http404
    return answer(get_object_or_404(files_of(record), pk=pk), small=small)
