"""The enrolments that are under way, for acts that break into them (core/running.py)."""

from django.db.models import QuerySet

from backoffice.core import running
from registry.models import Certificate, Company, Person
from registry.running import company_and_body
from training.flows.enrolment import UNDER_WAY, S
from training.flows.learning import ENDED
from training.models import Enrolment, EnrolmentLine, TrainingClass


def register() -> None:
    """Called once at start-up (TrainingConfig.ready)."""
    running.offer(TrainingClass, in_class)
    running.offer(Person, with_person)
    running.offer(Certificate, with_certificate)
    running.offer(Company, of_company)
    running.reach(Enrolment, company_and_body)


def under_way() -> QuerySet[Enrolment]:
    rows = Enrolment.objects.filter(state__in=UNDER_WAY).order_by("pk")
    return rows.select_related("company", "training_class", "local_body")


def in_class(row: TrainingClass) -> QuerySet[Enrolment]:
    """Drafts too: whoever prepares a roster has chosen this class."""
    return Enrolment.objects.filter(training_class=row, state__in=(S.DRAFT, *UNDER_WAY)).order_by("pk").select_related(
        "company", "training_class", "local_body"
    )  # fmt: skip


def of_company(company: Company) -> QuerySet[Enrolment]:
    return under_way().filter(company=company)


def with_person(person: Person) -> QuerySet[Enrolment]:
    return with_lines(EnrolmentLine.objects.filter(person=person))


def with_certificate(certificate: Certificate) -> QuerySet[Enrolment]:
    return with_lines(EnrolmentLine.objects.filter(certificate=certificate))


def with_lines(lines: QuerySet[EnrolmentLine]) -> QuerySet[Enrolment]:
    """Those of people whose learning has not ended: nothing that happens now breaks into what is over."""
    return under_way().filter(pk__in=lines.exclude(state__in=ENDED).values("enrolment"))
