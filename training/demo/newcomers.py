"""Members for rosters that a small demo has not enough people for: as the office's import would have made them."""

import datetime
from typing import Any

from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.working_days import last_working_day
from backoffice.roles import Role
from fixtures.names import DemoNames
from registry.demo.records import Past, plus_years, write_past
from registry.models import Certificate, CertificateTerm, Company, Person
from registry.services import city_of
from training.models import Enrolment

#: Serial numbers that neither the register of the demo reaches nor its Excel files use.
FIRST_SERIAL = 8500
#: Days since the certificate was issued: valid for some months still, or lapsed.
VALID, LAPSED = 900, 1300


class Newcomers:
    """Makes people who fit what a story asks for."""

    def __init__(self, seed: int) -> None:
        self.names, self.number, self.people = DemoNames(seed), FIRST_SERIAL, 0
        self.office = User.objects.filter(role=Role.OFFICE).order_by("pk").first()

    def join(self, enrolment: Enrolment, kind: str) -> Person:
        """Store a member of the enrolling company whose certificates are of this kind (see `people.KINDS`)."""
        company = enrolment.company
        ago = datetime.timedelta(days=LAPSED if kind == "L" else VALID)
        issued = last_working_day(timezone.localdate() - ago)
        person = self.person(company, issued, has_region=kind != "N")
        types = {
            "P": [], "U": ["SUPERVISOR"], "D": ["ENGINEER", "SAFETY"], "W": ["ENGINEER", "SAFETY"],
        }.get(kind, [enrolment.training_class.category or "ENGINEER"])  # fmt: skip
        printed = company.name if kind not in ("C", "E") else self.names.company("广州市")
        for category in types:
            self.certificate(person, company, category, issued, printed)
        return person

    def person(self, company: Company, joined: datetime.date, *, has_region: bool) -> Person:
        self.people += 1
        # Born in 1982 to 1995, no two on one day.
        names, birthday = (
            self.names, datetime.date(1982, 1, 1) + datetime.timedelta(days=self.people * 37 % 5000),
        )  # fmt: skip
        phone = names.phone()
        person = Person(
            name=names.person("M"), id_number=names.id_number("440106", birthday, "M"), gender="M", birthday=birthday,
            phone=phone, email=f"{phone}@example.org", company=company, education="BACHELOR", title="工程师",
            region=city_of(company.region) if has_region and company.region else None,
        )  # fmt: skip
        return self.stored(person, joined, "发证入会")

    def certificate(
        self, person: Person, company: Company, category: str, issued: datetime.date, printed: str
    ) -> None:
        self.number += 1
        certificate = Certificate(
            number=self.names.certificate_number(category, issued.year, self.number), type=category, person=person,
            company=company, printed_company=printed, issue_date=issued, expiry_date=plus_years(issued, 3),
            region=city_of(company.region) if company.region else None,
        )  # fmt: skip
        self.stored(certificate, issued, "发证")
        CertificateTerm.objects.create(
            certificate=certificate, start_date=issued, expiry_date=certificate.expiry_date
        )

    def stored(self, record: Any, day: datetime.date, reason: str) -> Any:
        """The record with the history it would have."""
        type(record)._default_manager.bulk_create([record])
        write_past([Past(record, day, "+", reason)], self.office)
        return record
