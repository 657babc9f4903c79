"""Enrolments as somebody finds them in the admin: the list, the page, and its text."""

from typing import Any

from django.urls import reverse

from registry.models import Person
from tests.enrolments import EnrolmentLineFactory
from tests.factories import CertificateFactory, client_of
from training.models import Enrolment, EnrolmentLine

LIST = reverse("admin:training_enrolment_changelist")


def listed(user: Any, **query: Any) -> set[Enrolment]:
    answer = client_of(user).get(LIST, query, follow=True)  # a number goes into the session first
    assert answer.status_code == 200
    return set(answer.context["cl"].result_list)


def page_of(enrolment: Enrolment) -> str:
    return reverse("admin:training_enrolment_change", args=[enrolment.pk])


def text_of(user: Any, address: str, **query: Any) -> str:
    answer = client_of(user).get(address, query, follow=True)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def put_on(enrolment: Enrolment, person: Person, **values: Any) -> EnrolmentLine:
    """A renewal of this person."""
    values = {"type": "SUPERVISOR", "printed_company": enrolment.company.name} | values
    return EnrolmentLineFactory(enrolment=enrolment, certificate=CertificateFactory(person=person, **values))
