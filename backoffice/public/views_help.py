"""Help requests (specification 3.11): the form that every dead end leads to, and the page behind the signed link."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_fsm import ConcurrentTransition

from backoffice.core import attachments
from backoffice.core.attachments import FileRefused, Picture
from backoffice.core.engine import perform, start
from backoffice.core.flow import StepRefused, available
from backoffice.core.links import SIGNER, Applicant, address_of, new_key, record_of, token_of
from backoffice.core.models import Attachment, AttachmentKind, TransitionLog
from backoffice.core.trail import STARTED, last_log_id
from backoffice.public.forms_help import MOST_PICTURES, HelpForm, PictureField, Pictures, own_details
from backoffice.public.progress import files_of, stages
from backoffice.public.throttle import HELP, too_many
from backoffice.roles import APPLICANT, desk_label
from registry.flows.help_request import S
from registry.models import HelpRequest

#: The form carries the key of the record it will become: a second click finds the first one's record, and
#: pictures that passed wait there, in a draft, while the rest is corrected.
TOKEN = "token"  # noqa: S105


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def help_form(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return receive(request)
    asked = {
        "topic": request.GET.get("topic", ""),
        "certificate_number": request.GET.get("certificate", "")[:32],
    }
    if asked["topic"] == HelpRequest.Topic.STALE and asked["certificate_number"]:
        text = _("Certificate %(number)s: the change or renewal was made already, and the record still shows the old "
                 "employer or date. It should read: ")  # fmt: skip
        asked["text"] = text % {"number": asked["certificate_number"]}
    return show(request, HelpRequest(), HelpForm(initial=own_details(request.user) | asked))


def record_for(token: str) -> HelpRequest:
    """The record the form belongs to: a stored one, or a new one with the form's key."""
    try:
        value = SIGNER.unsign(token)
    except BadSignature:
        return HelpRequest()
    if not value.startswith(HelpRequest.link_code):
        return HelpRequest()
    key = value.removeprefix(HelpRequest.link_code)
    return HelpRequest.objects.filter(key=key).first() or HelpRequest(key=key)


def receive(request: HttpRequest) -> HttpResponse:
    """Take in the form: send it if all is well, else keep what passed and say what did not."""
    record = record_for(request.POST.get(TOKEN, ""))
    if record.state != S.DRAFT:
        if record.text == request.POST.get("text", "").replace("\r\n", "\n").strip():
            return sent_page_of(record)  # a second click
        record = HelpRequest()  # the form was opened again by the Back button for another question
    form = HelpForm(request.POST, instance=record)
    take_back(request, record)
    pictures = Pictures.of(request)
    if form.is_valid() and not pictures.errors:
        wait = HELP.wait(request)
        if not wait:
            return send_or_explain(request, record, form, pictures)
        form.add_error(None, ValidationError(too_many(wait)))
    return keep_and_show(request, record, form, pictures)


def send_or_explain(
    request: HttpRequest, record: HelpRequest, form: HelpForm, pictures: Pictures
) -> HttpResponse:
    try:
        return sent_page_of(send(record, pictures.good))
    except (IntegrityError, ConcurrentTransition, StepRefused, FileRefused) as refusal:
        if HelpRequest.objects.filter(key=record.key).exclude(state=S.DRAFT).exists():
            return sent_page_of(record)  # the first of two clicks was faster
        if not isinstance(refusal, StepRefused | FileRefused):
            raise
        form.add_error(None, ValidationError(sentences(refusal)))
    return keep_and_show(request, record, form, pictures)


def sentences(refusal: StepRefused | FileRefused) -> list[str]:
    return refusal.messages if isinstance(refusal, FileRefused) else [str(refusal)]


def keep_and_show(
    request: HttpRequest, record: HelpRequest, form: HelpForm, pictures: Pictures
) -> HttpResponse:
    """The form again, with what was typed; pictures that passed wait in a draft."""
    stored = record_for(token_of(record))  # without what the refused form wrote onto the record
    if pictures.good:
        try:
            keep(stored, pictures.good)
        except (IntegrityError, FileRefused):  # the other of two clicks was faster, and has them
            stored = record_for(token_of(record))
    return show(request, stored, form, pictures)


@transaction.atomic
def send(record: HelpRequest, pictures: list[tuple[str, Picture]]) -> HelpRequest:
    """Store the request with its pictures and send it: all of it, or nothing."""
    by = Applicant(record)
    if record.pk is None:
        start(record, by=by)
    else:
        record.save()
    keep(record, pictures)
    return perform(record, "send", by=by)  # type: ignore[return-value]


@transaction.atomic
def keep(record: HelpRequest, pictures: list[tuple[str, Picture]]) -> HelpRequest:
    """Attach pictures that passed; a record that is not stored yet becomes a draft first."""
    if record.pk is None:
        start(record, by=Applicant(record))
    kinds = AttachmentKind.objects.in_bulk(field_name="code")
    for code, picture in pictures:
        attachments.store(picture, kinds[code], record, Applicant(record))
    return record


def take_back(request: HttpRequest, record: HelpRequest) -> None:
    """Remove the kept pictures that were ticked."""
    ticked = [value for value in request.POST.getlist("remove") if value.isdecimal() and len(value) < 16][:20]
    if ticked and record.pk is not None:
        with suppress(FileRefused):  # sent meanwhile by another click
            for attachment in Attachment.of(record).filter(removed_at=None, pk__in=map(int, ticked)):
                attachments.remove(attachment, Applicant(record))


def sent_page_of(record: HelpRequest) -> HttpResponseRedirect:
    return redirect("public:help_sent", token=token_of(record))


def picture_fields(record: HelpRequest, errors: dict[str, list[str]]) -> list[PictureField]:
    kept = Attachment.of(record).filter(removed_at=None) if record.pk is not None else []
    english = (get_language() or "").startswith("en")
    kinds = AttachmentKind.objects.filter(code__in=HelpRequest.takes_attachments)
    return [
        PictureField(
            kind, (english and kind.hint_en) or kind.hint,
            [file for file in kept if file.kind_id == kind.pk], errors.get(kind.code, []),
        )
        for kind in kinds
    ]  # fmt: skip


def show(
    request: HttpRequest, record: HelpRequest, form: HelpForm, pictures: Pictures | None = None
) -> HttpResponse:
    if record.state != S.DRAFT:
        record = HelpRequest(key=new_key())
    context = {
        "form": form, "token": token_of(record), "most_pictures": MOST_PICTURES,
        "pictures": picture_fields(record, pictures.errors if pictures else {}),
        "refused": form.is_bound,
    }  # fmt: skip
    return render(request, "public/help.html", context)


@never_cache
@require_safe
def help_sent(request: HttpRequest, token: str) -> HttpResponse:
    """Thanks, what happens next, and the link to keep."""
    record = record_of(token)
    if not isinstance(record, HelpRequest) or record.state == S.DRAFT:
        raise Http404
    return render(request, "public/help_sent.html", {"record": record, "link": address_of(record)})


# --- The page behind the signed link -----------------------------------------------------------------


@never_cache
@sensitive_post_parameters()
def help_page(request: HttpRequest, record: HelpRequest) -> HttpResponse:
    """The asker's own page: question and answers, ask again, close. The dispatcher has read the link already."""
    if record.state == S.DRAFT:
        return show(request, record, HelpForm(instance=record))
    context: dict[str, Any] = {}
    if request.method == "POST":
        answered = act(request, record)
        if isinstance(answered, HttpResponse):
            return answered
        context = answered
        record = HelpRequest.objects.get(pk=record.pk)
    steps = {offer.step.name for offer in available(record, Applicant(record))}
    pictures = picture_fields(record, context.get("errors", {})) if "ask_again" in steps else []
    for picture in pictures:
        picture.kept = []  # they are listed above, and belong to what was sent
    context = {
        "typed": "", "error": "", "pictures": pictures, "record": record, "token": token_of(record),
        "talk": talk_of(record), "stages": stages(record),
        "may_ask_again": "ask_again" in steps, "may_close": "close" in steps, "seen": last_log_id(record),
        "files": files_of(record).select_related("kind"),
    } | context  # fmt: skip
    return render(request, "public/help_page.html", context)


def act(request: HttpRequest, record: HelpRequest) -> HttpResponse | dict[str, Any]:
    """Ask again or close; where that is refused, what the page shows instead."""
    step, typed = request.POST.get("step", ""), request.POST.get("opinion", "")[:2000]
    if step not in ("ask_again", "close"):
        return {"error": _("Choose one of the buttons on this page.")}
    pictures = Pictures.of(request) if step == "ask_again" else Pictures()
    if pictures.errors or (step == "ask_again" and not typed.strip()):
        if record.state == S.ANSWERED:
            with suppress(FileRefused):  # answered or closed meanwhile; the page shows it
                keep(record, pictures.good)
        error = "" if typed.strip() else _("Write what is still open.")
        return {"typed": typed, "error": error, "errors": pictures.errors}
    if wait := HELP.wait(request):
        return {"typed": typed, "error": too_many(wait)}
    seen = request.POST.get("seen", "")
    try:
        with transaction.atomic():
            if record.state == S.ANSWERED:  # after the step the pictures are fixed
                keep(record, pictures.good)
            stale = int(seen) if seen.isdecimal() else None
            perform(record, step, by=Applicant(record), opinion=typed, seen=stale)
    except (StepRefused, FileRefused) as refusal:
        return {"typed": typed, "error": " ".join(sentences(refusal))}
    return redirect("public:application", token=token_of(record))


def talk_of(record: HelpRequest) -> list[dict[str, Any]]:
    """Question, answers and further questions in order; of the association's side the desk, not the person."""
    talk: list[dict[str, Any]] = []
    for entry in TransitionLog.of(record).exclude(step=STARTED).order_by("id"):
        mine = entry.role == APPLICANT
        text = record.text if entry.step == "send" else entry.opinion
        talk.append({
            "who": _("You") if mine else desk_label(entry.role), "mine": mine, "at": entry.at, "text": text,
            "step": "" if text else str(HelpRequest.steps()[entry.step].label),
        })  # fmt: skip
    return talk
