"""Applying without an account: a form that is stored as a draft under a signed link from the first word on.

The same page serves the first visit, the draft, and the correction after a return; `views_link` shows the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_fsm import ConcurrentTransition

from backoffice.core import attachments
from backoffice.core.attachments import FileRefused
from backoffice.core.flow import StepRefused, perform, start
from backoffice.core.links import Applicant, record_of, token_of
from backoffice.core.models import Attachment, AttachmentKind, TransitionLog
from backoffice.public.employers import LEAST_TYPED, find_employers
from backoffice.public.forms_apply import ApplicationForm, CompanyForm, PersonalForm, present_papers
from backoffice.public.throttle import APPLICATIONS, DRAFTS, LOOKUPS, UPLOADS, too_many
from registry import notices
from registry.models import CompanyApplication, PersonalApplication
from registry.validators import normalise_id_number, validate_credit_code, validate_phone
from training.services import open_classes

FORMS: dict[type, type[ApplicationForm]] = {
    PersonalApplication: PersonalForm,
    CompanyApplication: CompanyForm,
}
MODELS: dict[str, Any] = {"person": PersonalApplication, "company": CompanyApplication}


@dataclass
class Paper:
    """One box of the form: a kind of picture, what is there, what was refused."""

    kind: AttachmentKind
    hint: str
    required: bool
    present: Attachment | None
    errors: list[str] = field(default_factory=list)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, kind: str) -> HttpResponse:
    """A new application; nothing is stored before something is typed and sent."""
    return form_page(request, MODELS[kind]())


def form_page(request: HttpRequest, record: Any) -> HttpResponse:
    """The form of a new, begun or returned application, and what its buttons do."""
    form_class = FORMS[type(record)]
    if request.method != "POST":
        return show(request, record, form_class(instance=record))
    submitting = "submit" in request.POST
    form = form_class(request.POST, instance=record, submitting=submitting)
    if form.trapped:
        return redirect("public:home")
    if wait := (APPLICATIONS if submitting else DRAFTS).wait(request):
        form.add_error(None, too_many(wait))
        return show(request, record, form)
    valid = form.is_valid()
    stored, refused = keep(request, record, form)
    if "save" in request.POST and not refused:
        return saved_for_later(request, stored)
    if not submitting:
        return show(request, stored, form, refused)
    missing = {code: [*refused.get(code, []), _("Upload this picture.")] for code in lacking(stored)}
    refused = missing | refused
    if valid and not refused:
        try:
            perform(stored, "submit", by=Applicant(stored))
        except (StepRefused, ConcurrentTransition) as refusal:
            for sentence in str(refusal).splitlines():
                form.add_error(None, sentence)
        else:
            return redirect("public:application", token=token_of(stored))
    return show(request, stored, form, refused)


def lacking(record: Any) -> list[str]:
    there = present_papers(record)
    return [code for code in record.required_papers() if code not in there]


@transaction.atomic
def keep(request: HttpRequest, record: Any, form: ApplicationForm) -> tuple[Any, dict[str, list[str]]]:
    """Store what passed, fields and pictures; return the stored record and what was refused of the pictures."""
    form.is_valid()
    stored = type(record).objects.get(pk=record.pk) if record.pk else type(record)(key=record.key)
    address = stored.email
    form.keep_valid(stored)
    if not stored.takes_changes_from(Applicant(stored)):
        return stored, {}
    if stored.pk is None:
        start(stored, by=Applicant(stored))
    else:
        stored.skip_history_when_saving = stored.state in stored.private_states  # a draft has no history yet
        stored.save()
    if address and address != stored.email:
        form.fields["email"].initial = stored.email
    refused: dict[str, list[str]] = {}
    for code in stored.takes_attachments:
        upload = request.FILES.get(f"paper_{code}")
        if upload is not None and (sentence := take_picture(stored, code, upload)):
            refused[code] = [sentence]
    return stored, refused


def take_picture(record: Any, code: str, upload: Any) -> str:
    """Check and store one picture in place of the former one; return the sentence of a refusal."""
    by = Applicant(record)
    try:
        picture = attachments.check_picture(upload, code)
        kept = attachments.store(picture, AttachmentKind.objects.get(code=code), record, by)
    except FileRefused as refusal:
        return " ".join(refusal.messages)
    for former in Attachment.of(record).filter(removed_at=None, kind__code=code).exclude(pk=kept.pk):
        attachments.remove(former, by)
    return ""


def saved_for_later(request: HttpRequest, record: Any) -> HttpResponse:
    """Mail the link, if there is an address, and show it."""
    if record.email:
        notices.draft(record)
        messages.success(
            request, _("Saved. The link to this page is on its way to %(email)s.") % {"email": record.email}
        )
    else:
        messages.success(
            request, _("Saved. Keep the address of this page, or enter your email and save again.")
        )
    return redirect("public:application", token=token_of(record))


# --- The page ----------------------------------------------------------------------------------------


def papers_of(record: Any, refused: dict[str, list[str]]) -> list[Paper]:
    english = (get_language() or "").startswith("en")
    there, required = present_papers(record), record.required_papers()
    return [
        Paper(kind, (english and kind.hint_en) or kind.hint, kind.code in required, there.get(kind.code),
              refused.get(kind.code, []))
        for kind in AttachmentKind.objects.filter(code__in=record.takes_attachments)
    ]  # fmt: skip


def opinion_on(record: Any) -> str:
    """What the reviewer wrote when returning it."""
    if record.pk is None or record.state != "RETURNED":
        return ""
    return (
        TransitionLog.of(record).exclude(opinion="").order_by("-id").values_list("opinion", flat=True).first()
        or ""
    )


def show(
    request: HttpRequest, record: Any, form: ApplicationForm, refused: dict[str, list[str]] | None = None
) -> HttpResponse:
    personal = isinstance(record, PersonalApplication)
    context = {
        "record": record, "form": form, "kind": "person" if personal else "company", "personal": personal,
        "papers": papers_of(record, refused or {}), "token": token_of(record) if record.pk else "",
        "opinion": opinion_on(record), "employers": getattr(form, "found", ()),
        "classes": open_classes().filter(type="PRACTICE") if personal else (),
        "refused": bool(form.errors or refused) and form.is_bound,
    }  # fmt: skip
    response = render(request, "public/apply.html", context)
    response["Referrer-Policy"] = "same-origin"
    return response


# --- While typing --------------------------------------------------------------------------------------


@never_cache
@sensitive_post_parameters()
@require_POST
def begin(request: HttpRequest, kind: str) -> JsonResponse:
    """The first words: store a draft; the answer says under which address it goes on."""
    if kind not in MODELS:
        raise Http404
    if wait := DRAFTS.wait(request):
        return JsonResponse({"error": too_many(wait)}, status=429)
    return saved(request, MODELS[kind]())


@never_cache
@sensitive_post_parameters()
@require_POST
def save(request: HttpRequest, token: str) -> JsonResponse:
    """Autosave of a begun application."""
    record = record_of(token)
    if type(record) not in FORMS:
        raise Http404
    if wait := LOOKUPS.wait(request):
        return JsonResponse({"error": too_many(wait)}, status=429)
    return saved(request, record)


def saved(request: HttpRequest, record: Any) -> JsonResponse:
    form = FORMS[type(record)](request.POST, instance=record)
    if form.trapped:
        raise Http404
    stored, refused = keep(request, record, form)
    if stored.pk is None or not stored.takes_changes_from(Applicant(stored)):
        return JsonResponse({"error": _("This application is no longer open for changes.")}, status=409)
    papers = {code: {"name": paper.name, "pk": paper.pk} for code, paper in present_papers(stored).items()}
    return JsonResponse({"token": token_of(stored), "papers": papers, "refused": refused})


@never_cache
@require_POST
def upload(request: HttpRequest, token: str, code: str) -> JsonResponse:
    """One picture of a begun application, with `remove` to take it back."""
    record = record_of(token)
    if type(record) not in FORMS or code not in record.takes_attachments:
        raise Http404
    if wait := UPLOADS.wait(request):
        return JsonResponse({"error": too_many(wait)}, status=429)
    if not record.takes_changes_from(Applicant(record)):
        return JsonResponse({"error": _("This application is no longer open for changes.")}, status=409)
    if "remove" in request.POST:
        for paper in Attachment.of(record).filter(removed_at=None, kind__code=code):
            attachments.remove(paper, Applicant(record))
        return JsonResponse({"removed": code})
    file = request.FILES.get("file")
    sentence = take_picture(record, code, file) if file else _("Choose a file.")
    if sentence:
        return JsonResponse({"error": sentence}, status=422)
    paper = present_papers(record)[code]
    return JsonResponse({"name": paper.name, "pk": paper.pk})


@never_cache
def employers(request: HttpRequest) -> JsonResponse:
    """Active member companies that fit what was typed: number and name only."""
    if LOOKUPS.wait(request):
        return JsonResponse({"found": [], "busy": True}, status=429)
    typed = request.GET.get("q", "")[:100]
    found = find_employers(typed) if len(typed) >= LEAST_TYPED else []
    return JsonResponse({"found": [{"pk": company.pk, "name": company.name} for company in found]})


def about_id_number(value: str) -> str:
    from backoffice.core.excel.identity import birthday_of, gender_of
    from registry.models import Person

    number = normalise_id_number(value)
    gender = dict(Person.Gender.choices)[gender_of(number)]
    return _("Born on %(birthday)s, %(gender)s.") % {
        "birthday": birthday_of(number).isoformat(),
        "gender": gender,
    }


def about_login_name(value: str) -> str:
    from backoffice.accounts.models import User, login_name

    if User.objects.filter(username__iexact=login_name(value)).exists():
        raise ValidationError(_("The login name “%(name)s” is taken; choose another.") % {"name": value})
    return ""


def about(validate: Callable[[str], None]) -> Callable[[str], str]:
    def checked(value: str) -> str:
        validate(value)
        return ""

    return checked


CHECKED: dict[str, Callable[[str], str]] = {
    "id_number": about_id_number, "credit_code": about(validate_credit_code), "phone": about(validate_phone),
    "login_name": about_login_name,
}  # fmt: skip


@never_cache
@sensitive_post_parameters()
@require_POST
def check_field(request: HttpRequest, field: str) -> JsonResponse:
    """What is right or wrong about one value; never whether a member has it (login names are no secret: they clash)."""
    if field not in CHECKED:
        raise Http404
    if LOOKUPS.wait(request):
        return JsonResponse({}, status=429)
    value = request.POST.get("value", "")[:100]
    try:
        return JsonResponse({"note": CHECKED[field](value) if value else ""})
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)})
