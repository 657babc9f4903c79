"""Looking up people of other companies: who asks must know something that the number does not tell (specification 3.6).

A certificate number can be guessed; the holder's name or the last four characters of the ID number cannot. What does
not fit and what does not exist get the same answer. Every look is logged, and after so many wrong answers in a day
nobody of the company gets another one that day, and the General Office has a task.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from backoffice.core.engine import start
from backoffice.core.excel.text import normalise_name
from backoffice.core.locks import lock_all
from registry.flows.help_request import S as HelpState
from registry.models import Certificate, Company, HelpRequest, Person
from training.entries import Entry
from training.models import CertificateLookup, Enrolment
from training.storing import insert

#: Wrong answers, and certificates of other companies, that one company gets in a day.
WRONG_A_DAY: Final = 20
LOOKUPS_A_DAY: Final = 2_000
FITS, WRONG, LIMIT = "fits", "wrong", "limit"


def hold_lookups(company: int) -> None:
    """Let the look-ups of one company come one after the other, until the transaction ends: they are counted.

    Taken before the draft (core/locks.py). Who only refers to the company does not wait.
    """
    lock_all(Company, [company])


def fits(entry: Entry, person: Person) -> bool:
    """Whether the entry says of the person what the number does not tell, and nothing that is wrong."""
    return entry.has_evidence and not wrong_parts(entry, person)


def wrong_parts(entry: Entry, person: Person) -> list[str]:
    """Which of "name", "id_number" and "tail" the entry says of somebody else."""
    compared = {
        "name": (entry.name, same_name(entry.name, person.name)),
        "id_number": (entry.id_number, entry.id_number == person.id_number),
        # Four digits in a pasted line may be a year where a name or the whole number says who it is.
        "tail": (
            "" if entry.name or entry.id_number else entry.tail,
            entry.tail == person.id_number[-4:].upper(),
        ),
    }
    return [part for part, (said, is_right) in compared.items() if said and not is_right]


def same_name(said: str, name: str) -> bool:
    return normalise_name(said).casefold() == normalise_name(name).casefold()


def ask(
    entries: Sequence[Entry], found: Mapping[str, Certificate], draft: Enrolment, user: Any
) -> dict[int, str]:
    """FITS, WRONG or LIMIT for each of these entries, by position; the looks are logged.

    The caller holds the look-ups of the company (`hold_lookups`).
    """
    if not entries:
        return {}
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = CertificateLookup.objects.filter(company=draft.company_id, at__gte=midnight)
    seen, wrong = set(), set()
    for seen_one, is_wrong, tried in today.values_list("certificate_id", "is_wrong", "tried"):
        if is_wrong:
            wrong.add(tried)
        else:
            seen.add(seen_one)
    before, log, verdicts = len(wrong), [], {}
    for at, entry in enumerate(entries):
        certificate = found.get(entry.number)
        row = CertificateLookup(
            by=user, company_id=draft.company_id, number=entry.number[:32], certificate=certificate,
            tried=digest(entry),
        )  # fmt: skip
        if len(wrong) >= WRONG_A_DAY:
            verdicts[at] = LIMIT
        elif certificate is None or not fits(entry, certificate.person):
            verdicts[at], row.is_wrong = WRONG, True
            if row.tried not in wrong:
                wrong.add(row.tried)
                log.append(row)
        elif certificate.pk not in seen and len(seen) >= LOOKUPS_A_DAY:
            verdicts[at] = LIMIT
        else:
            verdicts[at] = FITS
            seen.add(certificate.pk)
            log.append(row)
    insert(CertificateLookup, log)
    if before < WRONG_A_DAY <= len(wrong):
        tell_the_office(draft.company, user)
    return verdicts


def digest(entry: Entry) -> str:
    """Tells whether the very same was tried before, without keeping what was typed."""
    said = "|".join((entry.number, entry.name, entry.id_number, entry.tail))
    return salted_hmac("training.foreign", said, algorithm="sha256").hexdigest()[:32]


def tell_the_office(company: Company, user: Any) -> HelpRequest:
    """A task before the General Office: somebody tries names, or needs help with a list of wrong numbers."""
    with translation.override(settings.LANGUAGE_CODE):
        text = _("%(who)s (login name %(login)s) typed %(count)d certificate numbers today with names or ID numbers "
                 "that did not fit. Nobody of other companies is looked up for %(company)s any more until tomorrow. "
                 "The list “Certificate look-ups” shows what was tried; ask the company.") % {
            "who": user.name, "login": user.username, "count": WRONG_A_DAY, "company": company,
        }  # fmt: skip
    report = HelpRequest(
        state=HelpState.OPEN, topic=HelpRequest.Topic.LOOKUPS, name=user.name[:50] or company.contact_name,
        phone=user.phone or "", email=user.email or "", company_name=str(company)[:100], text=text,
    )  # fmt: skip
    return start(report, by=user)  # type: ignore[return-value]
