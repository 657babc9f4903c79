"""What the General Office does for a help request with one click (specification 3.11), each noted in the request's
history.

A follow-up acts on records within the user's scope only, and only while the request is with the office.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.accounts.policy import manageable_roles, may_control
from backoffice.accounts.services import invite, issue_code
from backoffice.core.engine import start
from backoffice.core.scoping import visible_to
from backoffice.roles import Role, allows
from registry.matching import Match, Matches, certificate_number_of
from registry.membership import copy_papers, open_account, signed
from registry.models import Certificate, Company, HelpRequest, Person, Transfer

#: The same follow-up again within this time is a second click.
DOUBLE_CLICK: Final = datetime.timedelta(seconds=30)


class FollowUpRefused(Exception):
    """Nothing was done; `str()` is a sentence for the user."""


@dataclass(frozen=True)
class Offer:
    """A button beside a match: what to do, with which record (and which company, for a transfer)."""

    act: str
    label: str
    record: int | str = ""
    company: int | str = ""
    #: Asked before it is done.
    warning: str = ""
    tone: str = "default"


@dataclass(frozen=True)
class Outcome:
    """What was done, as a sentence; where to go on; a code that is shown once."""

    sentence: str
    address: str = ""
    user: User | None = None
    code: str = ""


# --- What is offered ---------------------------------------------------------------------------------


def offers_for(match: Match, matches: Matches, by: Any) -> list[Offer]:
    """The follow-ups that make sense for a matching record, in the order people need them."""
    record: Any = match.record
    if isinstance(record, User):
        return user_offers(record, match, by)
    if isinstance(record, Person):
        return person_offers(record, match, matches, by)
    return [correction_of(record)]


def user_offers(account: User, match: Match, by: Any) -> list[Offer]:
    if not may_control(by, account) or not account.is_active:
        return []
    code = Offer(
        "hand_out_code", _("Hand out a one-time code"), account.pk,
        warning=_("Make sure whom you talk to: the code opens the account of %(name)s. An older code dies.")
        % {"name": account.name},
    )  # fmt: skip
    if not (account.email or account.phone):
        return [code]
    return [Offer("send_activation", _("Send the activation link"), account.pk, tone=tone_of(match)), code]


def person_offers(person: Person, match: Match, matches: Matches, by: Any) -> list[Offer]:
    offers = []
    if not hasattr(person, "user") and Role.PERSON in manageable_roles(by):
        offers.append(Offer("create_sign_in", _("Create the sign-in"), person.pk, tone=tone_of(match)))
    offers.append(correction_of(person))
    if match.certain and matches.company is not None and matches.company.pk != person.company_id:
        label = _("Start a transfer to %(company)s") % {"company": matches.company}
        offers.append(Offer("start_transfer", label, person.pk, matches.company.pk))
    return offers


def tone_of(match: Match) -> str:
    """Only what is certain is put forward."""
    return "primary" if match.certain else "default"


def correction_of(record: models.Model) -> Offer:
    return Offer(f"correct_{record._meta.model_name}", _("Correct this record"), record.pk)


def certificate_offers(request: HelpRequest, matches: Matches, by: Any) -> list[Offer]:
    """Where the asker names a certificate that is not there."""
    missing = bool(request.certificate_number) and not any(match.certain for match in matches.certificates)
    offers = []
    if missing and allows(by.role, "add", "registry.Certificate"):
        people = matches.certain_people
        holder = people[0].pk if len(people) == 1 else ""
        offers.append(Offer("enter_certificate", _("Enter the missing certificate"), holder, tone="primary"))
    if missing and allows(by.role, "import", "registry.Certificate"):
        offers.append(Offer("import_certificates", _("Import certificates from Excel")))
    return offers


# --- Doing it ----------------------------------------------------------------------------------------


@transaction.atomic
def follow_up(request: HelpRequest, act: str, by: Any, *, record: str = "", company: str = "") -> Outcome:
    """Do it and note it; raise FollowUpRefused, or `DoesNotExist` for a record out of scope."""
    row = visible_to(HelpRequest, by).select_for_update(of=("self",)).get(pk=request.pk)
    if row.is_closed() or row.desk() is None or row.desk().role != by.role:
        raise FollowUpRefused(_("This question is not with you any more; look at it again."))
    outcome = ACTS[act](row, by, record, company)
    note(row, outcome.sentence, by, again=bool(outcome.address or outcome.code))
    return outcome


def note(request: HelpRequest, sentence: str, by: Any, *, again: bool) -> None:
    """Keep it in the request's history; refuse a second click, unless doing it `again` does no harm."""
    latest = request.history.first()  # type: ignore[attr-defined]
    just_now = latest is not None and timezone.now() - latest.history_date < DOUBLE_CLICK
    if just_now and latest.history_change_reason == sentence:
        if again:
            return
        raise FollowUpRefused(_("Somebody did this a moment ago; nothing was done twice."))
    signed(request, by, sentence).save()


def done_so_far(request: HelpRequest) -> list[Any]:
    """The follow-ups, oldest first: history rows that give a reason and change no state."""
    rows = list(request.history.select_related("history_user").order_by("history_id"))  # type: ignore[attr-defined]
    follow_ups = []
    for before, after in pairwise(rows):
        same = all(
            getattr(before, tracked.attname) == getattr(after, tracked.attname)
            for tracked in after.tracked_fields
        )
        if same and after.history_change_reason:
            follow_ups.append(after)
    return follow_ups


def within(model: type[Any], key: str, by: Any) -> Any:
    """The record if it is in the user's scope; `DoesNotExist` otherwise, for rubbish too."""
    return visible_to(model, by).get(pk=key if key.isascii() and key.isdecimal() and len(key) < 19 else -1)


def send_activation(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
    account = within(User, record, by)
    if not may_control(by, account):
        raise PermissionDenied
    queued = invite(account, by)
    if not queued:
        raise FollowUpRefused(
            _("%(name)s is switched off, or has neither email nor mobile phone: hand out a one-time code.")
            % {"name": account.name}
        )
    return Outcome(
        _("Activation link of %(name)s sent to %(recipients)s.")
        % {"name": account.name, "recipients": ", ".join(message.recipient for message in queued)}
    )


def hand_out_code(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
    account = within(User, record, by)
    code = issue_code(account, by)
    return Outcome(
        _("One-time code of %(name)s handed out.") % {"name": account.name}, user=account, code=code
    )


def create_sign_in(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
    """As an approved application does: the login name is the ID number (specification 1)."""
    person = within(Person, record, by)
    if Role.PERSON not in manageable_roles(by):
        raise PermissionDenied
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if User.objects.filter(models.Q(person=person) | models.Q(username=person.id_number)).exists():
        raise FollowUpRefused(_("%(name)s has a sign-in already.") % {"name": person.name})
    if open_account(person, by, reason_of(request)):
        return Outcome(
            _("Sign-in of %(name)s created; the activation link is on its way.") % {"name": person.name}
        )
    return Outcome(
        _("Sign-in of %(name)s created. Neither email nor mobile phone is known: hand out a one-time code.")
        % {"name": person.name}
    )


def start_transfer(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
    """A draft at the new company's desk, with the asker's scans; the company adds the proof and submits (FAQ 16)."""
    person, employer = within(Person, record, by), within(Company, company, by)
    check_transfer(person, employer)
    transfer = Transfer(
        company=employer,
        name=person.name,
        id_number=person.id_number,
        created_by=by,
        remark=reason_of(request),
    )
    start(transfer, by=by, reason=reason_of(request))
    copy_papers(request, transfer)
    return Outcome(
        _("Transfer of %(name)s to %(company)s started; it is in the company's inbox.")
        % {"name": person.name, "company": employer}
    )


def check_transfer(person: Person, employer: Company) -> None:
    names = {"name": person.name, "company": employer}
    if person.company_id == employer.pk:
        raise FollowUpRefused(_("%(name)s already belongs to %(company)s.") % names)
    if employer.status != Company.Status.ACTIVE:
        raise FollowUpRefused(_("%(company)s is not an active member and can start nothing.") % names)
    under_way = Transfer.objects.filter(id_number=person.id_number, state__in=("DRAFT", "OFFICE_REVIEW"))
    if other := under_way.select_related("company").first():
        raise FollowUpRefused(
            _("A transfer of %(name)s to %(company)s is under way already.")
            % {"name": person.name, "company": other.company}
        )


def correct(model: type[models.Model]) -> Callable[[HelpRequest, Any, str, str], Outcome]:
    """A follow-up that opens the record's page with the reason filled in."""

    def open_page(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
        found = within(model, record, by)
        if not allows(by.role, "change", model._meta.label):
            raise PermissionDenied
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[found.pk])
        sentence = _("Correction of “%(record)s” opened.") % {"record": found}
        return Outcome(sentence, f"{page}?{urlencode({'change_reason': reason_of(request)})}")

    return open_page


def enter_certificate(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
    if not allows(by.role, "add", "registry.Certificate"):
        raise PermissionDenied
    number = certificate_number_of(request)
    known = {"number": number} | ({"person": str(within(Person, record, by).pk)} if record else {})
    address = f"{reverse('admin:registry_certificate_add')}?{urlencode(known)}"
    return Outcome(_("Entry of certificate %(number)s opened.") % {"number": number}, address)


def import_certificates(request: HelpRequest, by: Any, record: str, company: str) -> Outcome:
    if not allows(by.role, "import", "registry.Certificate"):
        raise PermissionDenied
    address = f"{reverse('admin:core_importrun_add')}?layout=certificates"
    return Outcome(_("Import of certificates opened."), address)


def reason_of(request: HelpRequest) -> str:
    """Why a record was touched, for its history."""
    return _("Help request %(number)d of %(name)s") % {"number": request.pk, "name": request.name}


ACTS: Final[dict[str, Callable[[HelpRequest, Any, str, str], Outcome]]] = {
    "send_activation": send_activation,
    "hand_out_code": hand_out_code,
    "create_sign_in": create_sign_in,
    "start_transfer": start_transfer,
    "correct_person": correct(Person),
    "correct_certificate": correct(Certificate),
    "correct_company": correct(Company),
    "enter_certificate": enter_certificate,
    "import_certificates": import_certificates,
}
