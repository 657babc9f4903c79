"""What the tests of rosters share."""

from typing import Any

from registry.models import Certificate
from tests.enrolments import EnrolmentFactory
from tests.factories import CertificateFactory, PersonFactory, UserFactory, client_of, give_papers
from training.entries import Entry
from training.models import Enrolment, EnrolmentLine
from training.roster import Row, look


def draft_with(user: Any = None, **values: Any) -> tuple[Enrolment, Any]:
    """A draft of a company in an open class of all types, and the clerk who fills it in."""
    enrolment = EnrolmentFactory(**values)
    return enrolment, user or UserFactory(role="COMPANY", company=enrolment.company)


def held_by(company: Any, papers: bool = True, **values: Any) -> Certificate:
    """A certificate of one of the company's own people, with the scan on the profile."""
    values.setdefault("person", PersonFactory(company=company))
    certificate = CertificateFactory(**values)
    if papers:
        give_papers(certificate.person, "CERTIFICATE")
    return certificate


def entries(*certificates: Any) -> list[Entry]:
    return [Entry(getattr(row, "number", row)) for row in certificates]


def named(*certificates: Certificate) -> list[Entry]:
    """The same with the holder's name beside each number, as who holds the certificate can tell it."""
    return [Entry(row.number, name=row.person.name) for row in certificates]


def row_of(line: EnrolmentLine) -> Row:
    """The line's row on its roster as it is stored. Each remedy that it promises is there for the company."""
    roster = look(Enrolment.objects.get(pk=line.enrolment_id))
    row = next(row for row in roster.rows if row.line.pk == line.pk)
    if links := {problem.fix_url for problem in row.problems if problem.fix_url}:
        client = client_of(UserFactory(role="COMPANY", company=line.enrolment.company))
        for address in links:
            assert client.get(address, follow=True).status_code == 200, address
    return row


def codes(line: EnrolmentLine) -> dict[str, bool]:
    """The codes of the line's problems: whether each stops the submit."""
    return {problem.code: problem.is_error for problem in row_of(line).problems}
