"""Finding the records a help request is about (specification 3.11): what the asker wrote beside what the register says.

Everything is looked up within the reader's scope. A match is certain where a number says so; a name alone may
belong to several people, so such matches are shown, but no follow-up relies on them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.accounts.models import User, login_name
from backoffice.accounts.policy import masked, sees_login_name
from backoffice.core.excel.text import normalise_text
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import shown_to, value_for
from registry.models import Certificate, Company, HelpRequest, Person
from registry.search import NAMES, search_companies
from registry.validators import normalise_certificate_number

#: So many records of a kind are shown; of more, the asker has to say more.
MOST: Final = 10
#: Of people with a common name so many are read, to show those of the named company first.
MOST_NAMESAKES: Final = 100


@dataclass(frozen=True)
class Fact:
    """One thing the register knows. `asked` is what the asker wrote instead, if the two differ."""

    label: str
    value: str
    asked: str = ""


@dataclass
class Match:
    record: models.Model
    #: By what it was found, as a phrase.
    found_by: str
    certain: bool = False
    facts: list[Fact] = field(default_factory=list)


@dataclass
class Matches:
    people: list[Match]
    certificates: list[Match]
    companies: list[Match]
    users: list[Match]
    more_people: bool = False

    @property
    def certain_people(self) -> list[Person]:
        return [match.record for match in self.people if match.certain]  # type: ignore[misc]

    @property
    def company(self) -> Company | None:
        """The asker's company, if exactly one member bears the name (now or formerly)."""
        exact = [match.record for match in self.companies if match.certain]
        return exact[0] if len(exact) == 1 else None  # type: ignore[return-value]


def matches_of(request: HelpRequest, user: Any) -> Matches:
    """The records within `user`'s scope that the request may be about."""
    asked = Asked.by(request)
    certificates = certificates_for(asked, user)
    people, more = people_for(asked, user, certificates)
    companies = companies_for(asked, user)
    users = users_for(asked, user, people, companies)
    return Matches(
        people=[describe_person(match, asked, user) for match in people],
        certificates=[describe_certificate(match, asked) for match in certificates],
        companies=[describe_company(match, user) for match in companies],
        users=[describe_user(match, asked, user) for match in users],
        more_people=more,
    )


@dataclass(frozen=True)
class Asked:
    """The request's words, tidied as the register stores them."""

    name: str
    id_number: str
    certificate_number: str
    company: str
    phone: str
    email: str

    @classmethod
    def by(cls, request: HelpRequest) -> "Asked":
        return cls(
            name=normalise_text(request.name),
            id_number=request.id_number,
            certificate_number=certificate_number_of(request),
            company="".join(normalise_text(request.company_name).split()),
            phone=normalise_text(request.phone),
            email=request.email.strip().lower(),
        )


def certificate_number_of(request: HelpRequest) -> str:
    """The certificate number as certificates store it; as it was typed where it is none."""
    try:
        return normalise_certificate_number(request.certificate_number)
    except ValidationError:
        return normalise_text(request.certificate_number)


# --- Finding -----------------------------------------------------------------------------------------


def certificates_for(asked: Asked, user: Any) -> list[Match]:
    """By number; and what else the holder of the ID number has, for the asker may not know the new number."""
    rows = visible_to(Certificate, user).select_related("person", "company")
    found = []
    if asked.certificate_number:
        numbered = rows.filter(number=asked.certificate_number)
        found = [Match(row, _("by the certificate number"), certain=True) for row in numbered]
    if asked.id_number:
        theirs = rows.filter(person__id_number=asked.id_number, person__merged_into=None).order_by(
            "-expiry_date"
        )
        known = {match.record.pk for match in found}
        found += [Match(row, _("by the ID number")) for row in theirs[:MOST] if row.pk not in known]
    return found


def people_for(asked: Asked, user: Any, certificates: list[Match]) -> tuple[list[Match], bool]:
    """By ID number, as the certificate's holder, then by name with colleagues of the named company first."""
    rows = visible_to(Person, user).select_related("company", "user")
    found: dict[int, Match] = {}
    if asked.id_number:
        for person in rows.filter(id_number=asked.id_number):
            found[person.pk] = Match(person, _("by the ID number"), certain=True)
    held = [match.record for match in certificates if match.certain]
    for person in rows.filter(pk__in=[certificate.person_id for certificate in held]):  # type: ignore[attr-defined]
        # A certificate number stands on walls; it is the asker's only if the name is, too.
        match = Match(person, _("as holder of the certificate"), certain=person.name == asked.name)
        found.setdefault(person.pk, match)
    if not asked.name:
        return list(found.values()), False
    namesakes = list(rows.filter(NAMES.contains(asked.name, rows.db), name=asked.name)[: MOST_NAMESAKES + 1])
    namesakes.sort(key=lambda person: not same_company(asked, person.company))
    for person in namesakes:
        there = same_company(asked, person.company)
        found.setdefault(person.pk, Match(person, _("by name and company") if there else _("by name")))
    return list(found.values())[:MOST], len(found) > MOST


def companies_for(asked: Asked, user: Any) -> list[Match]:
    """By the exact name, now or formerly; else by its words."""
    if not asked.company:
        return []
    rows = visible_to(Company, user).prefetch_related("former_names")
    exact = rows.filter(Q(name=asked.company) | Q(former_names__name=asked.company)).distinct()
    if found := [Match(company, found_by_name(asked, company), certain=True) for company in exact[:MOST]]:
        return found
    similar, _duplicates, _notice = search_companies(rows, asked.company, user)
    return [Match(company, _("by a similar name")) for company in similar[:MOST]]


def found_by_name(asked: Asked, company: Company) -> str:
    return _("by name") if company.name == asked.company else _("by a former name")


def users_for(asked: Asked, user: Any, people: list[Match], companies: list[Match]) -> list[Match]:
    """By login name; the users of the people and the company found; last, by mail address or phone."""
    rows = visible_to(User, user).select_related("company", "person")
    names = {login_name(name) for name in (asked.id_number, asked.name, asked.company) if name}
    found: dict[int, Match] = {}
    for row in rows.filter(username__in=names):
        found[row.pk] = Match(row, _("by the login name"), certain=row.username == asked.id_number)
    for row in rows.filter(person__in=[match.record.pk for match in people]):
        found.setdefault(row.pk, Match(row, _("user of %(person)s") % {"person": row.person}))
    exact = [match.record.pk for match in companies if match.certain]
    for row in rows.filter(company__in=exact).order_by("-is_manager", "id")[:MOST]:
        found.setdefault(row.pk, Match(row, _("user of %(company)s") % {"company": row.company}))
    if not found and (asked.email or asked.phone):
        reached = Q(email__iexact=asked.email) if asked.email else Q(pk__in=[])
        reached |= Q(phone=asked.phone) if asked.phone else Q(pk__in=[])
        found = {row.pk: Match(row, _("by email or mobile phone")) for row in rows.filter(reached)[:MOST]}
    return list(found.values())[:MOST]


# --- Describing --------------------------------------------------------------------------------------


def fact(label: Any, value: Any, asked: str = "", *, same: bool | None = None) -> Fact:
    """The value with what the asker wrote, where both are there and differ."""
    text = "" if value is None else str(value)
    if same is None:
        same = text.lower() == asked.lower()
    return Fact(capfirst(str(label)), text, asked if asked and not same else "")


def personal_fact(reader: Any, record: models.Model, name: str, asked: str = "") -> Fact:
    """A fact about somebody's number or address, masked for those who read it masked; so is what was asked."""
    known = fact(label_of(type(record), name), getattr(record, name), asked)
    told = value_for(reader, HelpRequest, name, known.asked) if known.asked else ""
    return Fact(known.label, str(shown_to(reader, record, name)), told)


def label_of(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def same_company(asked: Asked, company: Company | None) -> bool:
    """Whether the asker names this company, by its present or a former name."""
    if company is None or not asked.company:
        return False
    return asked.company == company.name or company.former_names.filter(name=asked.company).exists()


def describe_person(match: Match, asked: Asked, reader: Any) -> Match:
    person: Any = match.record
    account = getattr(person, "user", None)
    match.facts = [
        fact(label_of(Person, "name"), person.name, asked.name),
        personal_fact(reader, person, "id_number", asked.id_number),
        fact(
            label_of(Person, "company"),
            person.company,
            asked.company,
            same=same_company(asked, person.company),
        ),
        personal_fact(reader, person, "phone", asked.phone),
        personal_fact(reader, person, "email", asked.email),
        fact(_("sign-in"), sign_in_state(account) if account else _("has none")),
    ]
    return match


def describe_certificate(match: Match, asked: Asked) -> Match:
    row: Any = match.record
    printed_differs = asked.company and row.printed_company != asked.company
    match.facts = [
        fact(label_of(Certificate, "number"), row.number, asked.certificate_number),
        fact(label_of(Certificate, "type"), row.get_type_display()),
        fact(label_of(Certificate, "person"), row.person, asked.name),
        fact(
            label_of(Certificate, "printed_company"),
            row.printed_company,
            asked.company,
            same=not printed_differs,
        ),
        fact(label_of(Certificate, "issue_date"), row.issue_date),
        fact(label_of(Certificate, "renewal_date"), row.renewal_date),
        fact(label_of(Certificate, "expiry_date"), row.expiry_date),
        fact(label_of(Certificate, "status"), row.standing_label()),
    ]
    return match


def describe_company(match: Match, reader: Any) -> Match:
    company: Any = match.record
    match.facts = [
        fact(label_of(Company, "name"), company.name),
        fact(_("former names"), listed(former.name for former in company.former_names.all())),
        fact(label_of(Company, "status"), company.get_status_display()),
        fact(label_of(Company, "contact_name"), company.contact_name),
        personal_fact(reader, company, "contact_phone"),
    ]
    return match


def describe_user(match: Match, asked: Asked, reader: Any) -> Match:
    account: Any = match.record
    own = account.person_id is not None  # a company's clerk has a name and a phone other than the asker's
    name = account.username if sees_login_name(reader, account) else masked(account.username)
    match.facts = [
        fact(label_of(User, "username"), name),
        fact(label_of(User, "name"), account.name, asked.name if own else ""),
        fact(label_of(User, "role"), account.get_role_display()),
        personal_fact(reader, account, "phone", asked.phone if own else ""),
        personal_fact(reader, account, "email", asked.email if own else ""),
        fact(_("sign-in"), sign_in_state(account)),
    ]
    return match


def sign_in_state(account: User) -> str:
    """Whether the user can sign in, and when that last happened."""
    if not account.is_active:
        return _("switched off")
    if account.last_login is None:
        return _("never signed in")
    return _("last on %(date)s") % {"date": f"{account.last_login:%Y-%m-%d}"}


def listed(words: Iterable[str]) -> str:
    return "、".join(words)
