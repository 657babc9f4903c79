"""Companies, people and certificates with a past. Set-based: a few statements for thousands of rows.

The same for everyone, except that dates are counted back from the day it is built.
"""

import datetime
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from backoffice.core.working_days import Calendar, last_working_day, read_calendar
from fixtures.names import DemoNames
from registry.models import Certificate, CertificateTerm, Company, FormerName, Person, Region, Specialty
from registry.models.company import initials_of
from registry.services import city_of

SEED = 2026
#: City code -> how many companies.
CITIES = {
    "440100": 11, "440300": 6, "440600": 6, "441900": 4, "440400": 3, "441300": 2, "442000": 2, "440700": 2,
    "440500": 1, "440800": 1,
}  # fmt: skip
#: Company number -> required fields it has not filled in yet; it can start nothing until then.
INCOMPLETE: dict[int, tuple[str, ...]] = {
    3: ("office_address", "contact_phone"),
    9: ("region",),
    17: ("credit_code", "contact_name", "information_officer"),
    28: ("office_address",),
}
SUSPENDED, RENAMED = 12, (1, 5, 8, 14, 22)
#: Companies and people of whom an old import made a second record, as happens: the office merges them.
TWIN_COMPANIES, TWIN_PEOPLE = (6, 15), (45, 61, 77, 90)
TITLES = ("", "", "助理工程师", "工程师", "工程师", "高级工程师", "正高级工程师")
EDUCATION = ("", *["COLLEGE"] * 9, *["BACHELOR"] * 11, *["SECONDARY"] * 3, *["MASTER"] * 2)
TYPE = Certificate.Type
#: Who gets a first certificate has learned the trade and worked in it.
OF_AGE = 22


@dataclass
class Past:
    """One row of an object's history: what was different then from what is stored now."""

    obj: models.Model
    day: datetime.date
    kind: str
    reason: str
    then: dict[str, Any] = field(default_factory=dict)


@dataclass
class Association:
    """What is built, in order; the first company is complete, `incomplete` is not."""

    today: datetime.date
    draw: random.Random
    names: DemoNames
    cities: dict[str, list[Region]]
    companies: list[Company] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    terms: list[CertificateTerm] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    #: The office's own days off in all the years, read once.
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        self.calendar = read_calendar(self.today - datetime.timedelta(days=6000), self.today)

    @property
    def incomplete(self) -> Company:
        return self.companies[min(INCOMPLETE)]

    def days_ago(self, least: int, most: int) -> datetime.date:
        return self.worked(self.today - datetime.timedelta(days=self.draw.randint(least, most)))

    def worked(self, day: datetime.date) -> datetime.date:
        """The day on which the office did what was due then: nothing is issued or renewed on a day off."""
        return last_working_day(day, self.calendar)


@transaction.atomic
def build(by: Any, *, people: int, today: datetime.date | None = None) -> Association:
    """Build the whole association; `by` is the user whom the history names."""
    regions = list(Region.objects.select_related("parent").order_by("code"))
    cities = {
        code: [r for r in regions if r.code == code or (r.parent and r.parent.code == code)]
        for code in CITIES
    }
    demo = Association(today or timezone.localdate(), random.Random(SEED), DemoNames(SEED), cities)  # noqa: S311
    make_companies(demo)
    make_people(demo, people)
    make_certificates(demo)
    write_past(demo.past, by)
    return demo


# --- Companies ----------------------------------------------------------------------------------------


def make_companies(demo: Association) -> None:
    for code, count in CITIES.items():
        for _ in range(count):
            demo.companies.append(a_company(demo, len(demo.companies), demo.cities[code]))
    demo.companies += [twin_company(demo.companies[number]) for number in TWIN_COMPANIES]
    Company.objects.bulk_create(demo.companies)
    former = []
    for number, company in enumerate(demo.companies):
        joined = demo.days_ago(4000, 5200)
        old = ""
        if number in RENAMED:
            old = demo.names.company(demo.cities[next(iter(CITIES))][0].name)
            renamed = demo.days_ago(60, 900)
            former.append(FormerName(company=company, name=old, until=renamed))
            demo.past.append(Past(company, renamed, "~", "企业更名"))
        demo.past.append(Past(company, joined, "+", "入会", {"name": old} if old else {}))
    FormerName.objects.bulk_create(former)


def a_company(demo: Association, number: int, city: list[Region]) -> Company:
    names, region = demo.names, demo.draw.choice(city[1:] or city)
    contact = names.person(demo.draw.choice("MF"))
    name = names.company(city[0].name)
    company = Company(
        name=name,
        initials=initials_of(name),
        credit_code=names.credit_code(region.code),
        membership="TEMPORARY" if number % 3 == 2 else "FORMAL",
        status="SUSPENDED" if number == SUSPENDED else "ACTIVE",
        region=region,
        office_address=names.address(city[0].name, region.name if region.parent_id else ""),
        contact_name=contact,
        contact_phone=names.phone(),
        information_officer=contact,
        email=f"member{number + 1:02d}@example.org",
    )
    for missing in INCOMPLETE.get(number, ()):
        setattr(company, missing, None if missing in ("region", "credit_code") else "")
    return company


def twin_company(company: Company) -> Company:
    """The same company as an Excel list wrote it: another legal suffix, no credit code, hardly any field."""
    name = (
        company.name.replace("有限公司", "有限责任公司")
        if "有限公司" in company.name
        else f"{company.name}公司"
    )
    return Company(
        name=name, initials=initials_of(name), membership=company.membership, region=company.region,
        contact_phone=company.contact_phone,
    )  # fmt: skip


# --- People -------------------------------------------------------------------------------------------


def make_people(demo: Association, count: int) -> None:
    """Large companies first: the n-th has about 1/n of the first one's people, and everyone has some."""
    weights = [1 / (number + 4) for number in range(len(demo.companies))]
    employers = demo.companies + demo.draw.choices(
        demo.companies, weights, k=max(0, count - len(demo.companies))
    )
    demo.people = [a_person(demo, company) for company in employers[:count]]
    demo.people += [twin_person(demo, demo.people[number]) for number in TWIN_PEOPLE]
    Person.objects.bulk_create(demo.people, batch_size=500)


def a_person(demo: Association, company: Company) -> Person:
    draw, names = demo.draw, demo.names
    gender = "F" if draw.random() < 0.24 else "M"
    birthday = datetime.date(1964, 1, 1) + datetime.timedelta(days=draw.randrange(14_000))
    home = draw.choice(demo.cities[draw.choice(list(CITIES))])
    phone = names.phone()
    return Person(
        name=names.person(gender),
        id_number=names.id_number(home.code, birthday, gender),
        gender=gender,
        birthday=birthday,
        phone="" if draw.random() < 0.03 else phone,
        email=f"{phone}@example.org" if draw.random() < 0.4 else "",
        company=company,
        region=None if draw.random() < 0.04 else city_of(company.region),
        education=draw.choice(EDUCATION),
        title=draw.choice(TITLES),
    )


def twin_person(demo: Association, person: Person) -> Person:
    """The same person with a mistyped ID number: name, birthday and phone agree."""
    person.phone = person.phone or demo.names.phone()
    return Person(
        name=person.name, id_number=demo.names.id_number(person.id_number[:6], person.birthday, person.gender),
        gender=person.gender, birthday=person.birthday, phone=person.phone, company=person.company,
        region=person.region, education=person.education,
    )  # fmt: skip


# --- Certificates -------------------------------------------------------------------------------------


def make_certificates(demo: Association) -> None:
    specialties, serials = list(Specialty.objects.order_by("code")), Counter[tuple[str, int]]()
    for person in demo.people:
        former = demo.draw.choice(demo.companies) if demo.draw.random() < 0.06 else None
        printed = former.name if former and person.company else getattr(person.company, "name", "")
        joined = demo.today
        for kind, issued, status in careers(demo, person):
            serials[kind, issued.year] += 1
            number = demo.names.certificate_number(kind, issued.year, serials[kind, issued.year])
            certificate = Certificate(
                number=number, type=kind, person=person, company=person.company, printed_company=printed,
                region=city_of(person.company.region) if person.company else None, issue_date=issued, status=status,
                specialty=None if kind == TYPE.SAFETY else demo.draw.choice(specialties),
            )  # fmt: skip
            live(demo, certificate)
            joined = min(joined, issued)
        demo.past.append(Past(person, joined, "+", "发证入会", {"company_id": former.pk} if former else {}))
        if former:
            demo.past.append(Past(person, max(joined, demo.days_ago(5, 300)), "~", "人员调动"))
    Certificate.objects.bulk_create(demo.certificates, batch_size=500)
    CertificateTerm.objects.bulk_create(demo.terms, batch_size=500)


def careers(demo: Association, person: Person) -> list[tuple[str, datetime.date, str]]:
    """What one person holds: type, first issue, status. Some hold two, some rose from 监理员 to 专监."""
    grown_up = plus_years(person.birthday, OF_AGE)
    since = max(30, (demo.today - grown_up).days - 20)  # the longest ago that something can have been issued
    draw, chance, issued = demo.draw, demo.draw.random(), demo.days_ago(20, min(since, 12 * 365))
    ended = "CANCELLED" if draw.random() < 0.03 else "VALID"
    if chance < 0.07 and since > 700:
        first = demo.days_ago(700, min(since, 9 * 365))
        later = demo.worked(first + datetime.timedelta(days=draw.randint(150, 360)))
        return [(TYPE.SUPERVISOR, first, "SUPERSEDED"), (TYPE.ENGINEER, later, "VALID")]
    if chance < 0.2:
        kind = draw.choice([TYPE.ENGINEER, TYPE.SUPERVISOR])
        return [(kind, issued, ended), (TYPE.SAFETY, demo.days_ago(20, min(since, 2000)), "VALID")]
    return [(draw.choice([TYPE.ENGINEER] * 4 + [TYPE.SUPERVISOR] * 3 + [TYPE.SAFETY]), issued, ended)]


def live(demo: Association, certificate: Certificate) -> None:
    """Give the certificate its terms up to today, and the history that goes with them."""
    periods = terms_of(certificate, demo)
    certificate.expiry_date = periods[-1][1]
    certificate.renewal_date = periods[-1][0] if len(periods) > 1 else None
    demo.certificates.append(certificate)
    status = "VALID"
    for number, (start, end) in enumerate(periods):
        demo.terms.append(CertificateTerm(certificate=certificate, start_date=start, expiry_date=end))
        then = {"expiry_date": end, "renewal_date": start if number else None, "status": status}
        demo.past.append(Past(certificate, start, "~" if number else "+", "延续" if number else "发证", then))
    if certificate.status != status:
        reason = {"CANCELLED": "注销", "SUPERSEDED": "员升师"}[certificate.status]
        day = demo.worked(min(demo.today, periods[-1][0] + datetime.timedelta(days=200)))
        demo.past.append(Past(certificate, day, "~", reason))


def terms_of(certificate: Certificate, demo: Association) -> list[tuple[datetime.date, datetime.date]]:
    """Three years each; most renew in time, some late (a gap stays), some never again."""
    draw = demo.draw
    periods = [(certificate.issue_date, plus_years(certificate.issue_date, 3))]
    while certificate.status == "VALID" and periods[-1][1] < demo.today + datetime.timedelta(days=90):
        end = periods[-1][1]
        late = draw.random() < 0.12
        start = demo.worked(
            end + datetime.timedelta(days=draw.randint(40, 600) if late else -draw.randint(5, 80))
        )
        if start > demo.today or draw.random() < 0.05:
            break
        periods.append((start, plus_years(start if late else end, 3)))
    return periods


def plus_years(day: datetime.date, years: int) -> datetime.date:
    return datetime.date(day.year + years, day.month, min(day.day, 28) if day.month == 2 else day.day)


# --- History ------------------------------------------------------------------------------------------


def write_past(past: Iterable[Past], by: Any) -> None:
    """Write history rows at their days (never in the future), and `created_at` from the first of each record."""
    rows: dict[type[models.Model], list[models.Model]] = {}
    first: dict[type[models.Model], dict[Any, models.Model]] = {}
    for entry in sorted(past, key=lambda entry: entry.day):
        model: Any = type(entry.obj)
        at = timezone.make_aware(datetime.datetime.combine(entry.day, datetime.time(9, 30)))
        history: Any = model.history.model
        values = {f.attname: getattr(entry.obj, f.attname) for f in history.tracked_fields} | entry.then
        if entry.kind == "+":
            entry.obj.created_at = at  # type: ignore[attr-defined]
            first.setdefault(model, {})[entry.obj.pk] = entry.obj
        values["created_at"] = entry.obj.created_at  # type: ignore[attr-defined]
        rows.setdefault(model, []).append(
            history(
                history_date=min(at, timezone.now()), history_type=entry.kind, history_user=by,
                history_change_reason=entry.reason, **values,
            )
        )  # fmt: skip
    for model, written in rows.items():
        model.history.model.objects.bulk_create(written, batch_size=500)  # type: ignore[attr-defined]
        model._default_manager.bulk_update(first[model].values(), ["created_at"], batch_size=200)
