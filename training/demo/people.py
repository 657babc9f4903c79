"""Whom a company of the demo enrols: people of its own whose certificates fit what the story tells."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.demo.pictures import hand_over
from registry.models import Certificate, Company, FormerName, Person, Transfer
from training.demo.newcomers import Newcomers
from training.models import Enrolment, EnrolmentLine, TrainingClass

Matter = EnrolmentLine.Matter
#: What a story asks for, by one letter:
#: R renews, L renews a lapsed certificate, C renews and changes the employer, U rises from 监理员 to 专监, D renews two
#: certificates; P takes practice training. With something to put right: N lacks a region, E the change of employer,
#: W the waiver of the second certificate.
KINDS = "RLCUDPNEW"
#: A demo of this many people has rosters as long as the stories say; smaller ones have shorter rosters.
FULL = 1500


class People:
    """Everybody who could be enrolled, by company; nobody twice."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311
        self.newcomers = Newcomers(seed)
        self.today = timezone.localdate()
        self.taken: set[int] = set(
            Transfer.objects.filter(state="OFFICE_REVIEW").values_list("person_id", flat=True)
        )
        self.names: dict[int, set[str]] = defaultdict(set)
        for company in Company.objects.all():
            self.names[company.pk].add(company.name)
        for former in FormerName.objects.all():
            self.names[former.company_id].add(former.name)
        self.people: dict[int | None, list[Person]] = defaultdict(list)
        for person in Person.objects.filter(merged_into=None).order_by("pk"):
            self.people[person.company_id].append(person)
        self.held: dict[int, list[Certificate]] = defaultdict(list)
        valid = Certificate.objects.filter(status=Certificate.Status.VALID)
        for certificate in valid.order_by("expiry_date", "pk"):
            self.held[certificate.person_id].append(certificate)
        users = User.objects.filter(role=Role.PERSON).exclude(person=None)
        self.signing_in = {user.person_id for user in users if user.has_usable_password()}
        self.share = min(1.0, sum(map(len, self.people.values())) / FULL)

    def lines(self, enrolment: Enrolment, wanted: str) -> list[EnrolmentLine]:
        """The lines (not stored) for a wish like "R8 C D L": 8 renewals, one with a change, a pair, a lapsed one."""
        found: list[EnrolmentLine] = []
        for word in wanted.split():
            kind, number = word[0], int(word[1:] or 1)
            for _each in range(max(1, round(number * self.share))):
                found += self.one(enrolment, kind)
        return found

    def one(self, enrolment: Enrolment, kind: str) -> list[EnrolmentLine]:
        """The line, or the two lines, of the next person who fits; of somebody new where nobody is left."""
        fits = FITS[kind]
        for person in sorted(
            self.people[enrolment.company_id], key=self.lately if kind == "P" else self.urgency
        ):
            if person.pk in self.taken or (kind != "N" and person.missing_fields()):
                continue
            if lines := list(fits(self, person, enrolment)):
                self.taken.add(person.pk)
                return lines
        person = self.newcomers.join(enrolment, kind)
        self.taken.add(person.pk)
        self.people[person.company_id].append(person)
        self.held[person.pk] = list(person.certificates.order_by("pk"))
        return list(fits(self, person, enrolment))

    def urgency(self, person: Person) -> Any:
        """Who signs in to see the own learning comes first, then those whose certificate expires first."""
        held = [row.expiry_date for row in self.held[person.pk] if row.expiry_date >= self.today]
        return person.pk not in self.signing_in, min(held, default=self.today.replace(year=9999))

    def lately(self, person: Person) -> Any:
        """Those without a certificate first: their application was approved lately."""
        return len(self.held[person.pk]), -person.pk

    def only_certificate(
        self, person: Person, session: TrainingClass, *, lapsed: bool = False
    ) -> Certificate | None:
        """The person's one certificate, if it is of the class's type and lapsed or not, as asked."""
        held = self.held[person.pk]
        if len(held) != 1 or (session.category and held[0].type != session.category):
            return None
        return held[0] if (held[0].expiry_date < self.today) is lapsed else None

    def is_printed(self, certificate: Certificate, company_id: int) -> bool:
        """Whether the certificate shows the company, under any of its names."""
        return certificate.printed_company in self.names[company_id]


Fits = Callable[[People, Person, Enrolment], Iterator[EnrolmentLine]]


def a_line(
    enrolment: Enrolment, certificate: Certificate, matter: str = Matter.RENEWAL, **values: Any
) -> EnrolmentLine:
    return EnrolmentLine(
        enrolment=enrolment, person=certificate.person, certificate=certificate, matter=matter,
        category=values.pop("category", certificate.type), **values,
    )  # fmt: skip


def renewal(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    certificate = people.only_certificate(person, enrolment.training_class)
    if certificate and people.is_printed(certificate, enrolment.company_id):
        yield a_line(enrolment, certificate)


def lapsed(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    certificate = people.only_certificate(person, enrolment.training_class, lapsed=True)
    if certificate and people.is_printed(certificate, enrolment.company_id):
        yield a_line(enrolment, certificate)


def with_change(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    certificate = people.only_certificate(person, enrolment.training_class)
    if certificate and not people.is_printed(certificate, enrolment.company_id):
        yield a_line(
            enrolment, certificate, Matter.RENEWAL_CHANGE, new_employer=enrolment.company,
            change_remark=f"原单位：{certificate.printed_company}",
        )  # fmt: skip


def change_forgotten(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    certificate = people.only_certificate(person, enrolment.training_class)
    if certificate and not people.is_printed(certificate, enrolment.company_id):
        yield a_line(enrolment, certificate)


def upgrade(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    """员升师: 监理员 only; the remark is filled in by itself (FAQ 7)."""
    held = people.held[person.pk]
    if len(held) == 1 and held[0].type == "SUPERVISOR" and people.is_printed(held[0], enrolment.company_id):
        yield a_line(enrolment, held[0], Matter.UPGRADE, category="ENGINEER", change_remark="员升师")


def pair(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    """双证: the safety certificate is the one that costs nothing."""
    held = people.held[person.pk]
    printed = all(people.is_printed(row, enrolment.company_id) for row in held)
    if len(held) == 2 and printed and {row.type for row in held} & {"SAFETY"}:
        for certificate in held:
            yield a_line(enrolment, certificate, is_waived=certificate.type == "SAFETY")


def waiver_forgotten(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    for line in pair(people, person, enrolment):
        line.is_waived = False
        yield line


def without_region(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    if person.missing_fields() == ["region"]:
        yield from renewal(people, person, enrolment)


def practice(people: People, person: Person, enrolment: Enrolment) -> Iterator[EnrolmentLine]:
    """Somebody without a certificate of the class's type; what the profile lacks is handed in first."""
    session = enrolment.training_class
    if any(row.type == session.category for row in people.held[person.pk]):
        return
    for code in Person.profile_papers:
        if not person_has(person, code):
            hand_over(person, code, person.name, None, people.draw)
    yield EnrolmentLine(enrolment=enrolment, person=person, matter=Matter.PRACTICE, category=session.category)


def person_has(person: Person, code: str) -> bool:
    return Attachment.of(person).filter(removed_at=None, kind__code=code).exists()


FITS: dict[str, Fits] = {
    "R": renewal, "L": lapsed, "C": with_change, "E": change_forgotten, "U": upgrade, "D": pair, "W": waiver_forgotten,
    "N": without_region, "P": practice,
}  # fmt: skip
