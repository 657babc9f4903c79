"""What the application forms ask while people type: save, upload, is this right, which company is meant."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from backoffice.core import written
from backoffice.core.attachments import FileRefused
from backoffice.core.excel.identity import birthday_of, gender_of
from backoffice.core.links import record_of, token_of
from backoffice.core.trail import last_log_id
from backoffice.public import drafts
from backoffice.public.drafts import FORMS, Closed
from backoffice.public.employers import find_employers
from backoffice.public.forms_apply import phone_number
from backoffice.public.forms_company import credit_code, free_login_name, new_company_name
from backoffice.public.throttle import DRAFTS, LOOKUPS, UPLOADS, Limit, too_many
from backoffice.public.views_apply import LINK_MAILS, MODELS
from registry.models import Person
from registry.validators import normalise_id_number

#: Autosaves of one address: a whole office that fills in forms at once, not a program.
SAVES = Limit("saves", 600, 10)


def wait_for(wait: int) -> JsonResponse:
    return JsonResponse({"error": too_many(wait)}, status=429, headers={"Retry-After": str(wait)})


def closed(sentence: Any) -> JsonResponse:
    return JsonResponse({"error": str(sentence), "closed": True}, status=409)


# --- Saving --------------------------------------------------------------------------------------------


@never_cache
@sensitive_post_parameters()
@require_POST
def begin(request: HttpRequest, kind: str) -> JsonResponse:
    """The first words of a form: a draft under the token that the form carries."""
    if kind not in MODELS:
        raise Http404
    return save_record(request, drafts.record_for(request.POST.get("token", ""), MODELS[kind]))


@never_cache
@sensitive_post_parameters()
@require_POST
def save(request: HttpRequest, token: str) -> JsonResponse:
    """Autosave behind the link; `link` asks to have it mailed."""
    return save_record(request, application_behind(token))


def application_behind(token: str) -> Any:
    record = record_of(token)
    if type(record) not in FORMS:
        raise Http404
    return record


def save_record(request: HttpRequest, record: Any) -> JsonResponse:
    if wait := SAVES.wait(request) or (DRAFTS.wait(request) if record.pk is None else 0):
        return wait_for(wait)
    form = FORMS[type(record)](request.POST, record=record)
    try:
        drafts.check_turn(record, request.POST.get("seen", ""))
        record = drafts.keep(record, form.worth_keeping())
    except Closed as why:
        return closed(why)
    answer = state_of(record)
    if "link" in request.POST:
        answer["said"] = mail_link(request, record, form)
    return JsonResponse(answer)


def state_of(record: Any) -> dict[str, Any]:
    return {"token": token_of(record), "seen": last_log_id(record)}


def mail_link(request: HttpRequest, record: Any, form: Any) -> str:
    if not record.email or "email" in form.errors:
        return _("Enter your email address first; the link is sent there.")
    if wait := LINK_MAILS.wait(request):
        return too_many(wait)
    return drafts.mail_link(record)


# --- Pictures ------------------------------------------------------------------------------------------


@never_cache
@require_POST
def picture(request: HttpRequest, token: str, code: str) -> JsonResponse:
    """A picture behind the link; `remove` takes back what is there."""
    return take_in(request, application_behind(token), code)


def take_in(request: HttpRequest, record: Any, code: str) -> JsonResponse:
    if code not in record.takes_attachments:
        raise Http404
    if wait := UPLOADS.wait(request):
        return wait_for(wait)
    file = request.FILES.get("file")
    try:
        drafts.check_turn(record, request.POST.get("seen", ""))
        if "remove" in request.POST:
            drafts.remove_picture(record, code)
        elif file is None:
            return JsonResponse({"error": _("Choose a file.")}, status=422)
        else:
            record = drafts.take_picture(record, code, file)
    except Closed as why:
        return closed(why)
    except FileRefused as refusal:
        return JsonResponse({"error": " ".join(refusal.messages)}, status=422)
    paper = next(paper for paper in drafts.papers_of(record) if paper.kind.code == code)
    html = render_to_string("public/apply_picture.html", {"paper": paper, "token": token_of(record)}, request)
    return JsonResponse(state_of(record) | {"html": html})


# --- Looking up ----------------------------------------------------------------------------------------


@never_cache
@require_safe
def employers(request: HttpRequest) -> JsonResponse:
    """Active member companies that fit what was typed: number and name only."""
    if wait := LOOKUPS.wait(request):
        return wait_for(wait)
    found = find_employers(request.GET.get("q", "")[:100])
    return JsonResponse({"found": [{"pk": company.pk, "name": company.name} for company in found]})


def about_id_number(value: str) -> str:
    """Birthday and gender, which show a slip of two digits; never whether a member has the number."""
    number = normalise_id_number(value)
    born, gender = birthday_of(number), dict(Person.Gender.choices)[gender_of(number)]
    return _("Born on %(birthday)s, %(gender)s.") % {"birthday": written.day(born), "gender": gender}


def passes(check: Callable[[str], str], note: Any = None) -> Callable[[str], str]:
    def checked(value: str) -> str:
        check(value)
        return note() if note else ""

    return checked


CHECKS: dict[str, Callable[[str], str]] = {
    "id_number": about_id_number,
    "phone": passes(phone_number),
    "credit_code": passes(credit_code, lambda: _("The check digit is right.")),
    "company_name": passes(new_company_name),
    "login_name": passes(free_login_name, lambda: _("This login name is free.")),
}


@never_cache
@sensitive_post_parameters()
@require_POST
def check_field(request: HttpRequest, field: str) -> JsonResponse:
    """What is right or wrong about one value, by the very code that checks the form."""
    if field not in CHECKS:
        raise Http404
    if wait := LOOKUPS.wait(request):
        return wait_for(wait)
    value = request.POST.get("value", "")[:100].strip()
    try:
        return JsonResponse({"note": CHECKS[field](value) if value else ""})
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)})
