"""The page behind a signed link: the form while it may be filled in, else where the application stands."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_fsm import ConcurrentTransition

from backoffice.core.flow import STARTED, StepRefused, available, last_log_id, perform
from backoffice.core.links import Applicant, record_of, token_of
from backoffice.core.models import Attachment, Task, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.urls import answer
from backoffice.public.throttle import LOOKUPS
from backoffice.public.views_apply import FORMS, form_page
from backoffice.public.views_help import help_page
from backoffice.roles import APPLICANT, desk_label
from registry.models import HelpRequest, PersonalApplication


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, token: str) -> HttpResponse:
    """Whatever the link names; a wrong, outdated or forged one gets a page that says whom to ask."""
    record = record_of(token)
    if record is None:
        LOOKUPS.wait(request)
        return render(request, "public/link_invalid.html", status=404)
    if isinstance(record, HelpRequest):
        return help_page(request, record)
    if record.takes_changes_from(Applicant(record)):
        return form_page(request, record)
    if request.method == "POST":
        messages.warning(request, _("This application is no longer open for changes."))
        return redirect("public:application", token=token)
    return progress(request, record)


def progress(request: HttpRequest, record: Any) -> HttpResponse:
    """Where it stands: the way it goes, who has it since when, opinions, one's own data and pictures."""
    task = Task.of(record).filter(closed_at=None).first()
    steps = {offer.step.name for offer in available(record, Applicant(record))}
    context = {
        "record": record, "token": token_of(record), "task": task, "stages": stages(record), "trail": trail_of(record),
        "waits_at": waits_at(record), "facts": facts_of(record), "may_withdraw": "withdraw" in steps,
        "files": visible_to(Attachment, Applicant(record), queryset=Attachment.of(record)).filter(removed_at=None)
        .select_related("kind"),
        "approved": record.state == "APPROVED", "withdrawn": record.state == "WITHDRAWN",
        "reached": masked_address(record),
    }  # fmt: skip
    return render(request, "public/link.html", context)


def stages(record: Any) -> list[dict[str, Any]]:
    """The way of an application, each stage done, current or still to come."""
    way = ["DRAFT", "COMPANY_REVIEW", "LOCAL_REVIEW", "APPROVED"]
    if not isinstance(record, PersonalApplication):
        way = ["DRAFT", "OFFICE_REVIEW", "APPROVED"]
    labels = dict(type(record)._meta.get_field("state").flatchoices)
    at = way.index(record.state) if record.state in way else 0
    return [
        {"label": _("Sent in") if state == "DRAFT" else labels[state],
         "done": place < at or state == record.state == "APPROVED", "current": state == record.state}
        for place, state in enumerate(way)
    ]  # fmt: skip


def waits_at(record: Any) -> str:
    """The desk that has it now, by name where it has one."""
    desk = record.desk()
    if desk is None:
        return ""
    named = {"COMPANY": getattr(record, "company", None), "LOCAL_BODY": getattr(record, "local_body", None)}
    return str(named.get(desk.role) or desk_label(desk.role))


def trail_of(record: Any) -> list[dict[str, Any]]:
    """Every step with its opinion; of the reviewers the desk, not the person."""
    steps = type(record).steps()
    return [
        {"at": line.at, "who": _("You") if line.role == APPLICANT else desk_label(line.role),
         "what": steps[line.step].label, "opinion": line.opinion}
        for line in TransitionLog.of(record).exclude(step=STARTED).order_by("id")
    ]  # fmt: skip


def facts_of(record: Any) -> list[tuple[str, str]]:
    """The fields as they were handed in."""
    found = []
    for name in FORMS[type(record)]._meta.fields or ():
        show = getattr(record, f"get_{name}_display", None)
        value = show() if show else getattr(record, name)
        if value:
            found.append((str(record._meta.get_field(name).verbose_name), str(value)))
    return found


def masked_address(record: Any) -> str:
    """z***@example.org: enough to know which mailbox to look into."""
    name, _at, host = record.email.partition("@")
    return f"{name[:1]}***@{host}" if host else ""


def record_behind(token: str) -> Any:
    record = record_of(token)
    if type(record) not in FORMS:
        raise Http404
    return record


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST withdraws."""
    record = record_behind(token)
    steps = {offer.step.name for offer in available(record, Applicant(record))}
    if "withdraw" not in steps:
        messages.warning(request, _("This application is at an end; nothing is left to withdraw."))
        return redirect("public:application", token=token)
    if request.method != "POST":
        context = {"record": record, "token": token, "seen": last_log_id(record)}
        return render(request, "public/withdraw.html", context)
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
    """A picture of this very record, for the holder of its link."""
    record = record_of(token)
    if record is None:
        raise Http404
    rows = visible_to(Attachment, Applicant(record), queryset=Attachment.of(record))
    return answer(get_object_or_404(rows, pk=pk), small=small)
