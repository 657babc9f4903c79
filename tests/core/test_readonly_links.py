"""A record that a page only names leads to its page, or nowhere: never to a refusal."""

import re
from typing import Any

import pytest
from django.urls import reverse

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import PersonalApplicationFactory, UserFactory, actor, client_of

pytestmark = pytest.mark.django_db


def page_of(record: Any) -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


@pytest.mark.parametrize(("role", "is_link"), [("OFFICE", True), ("COMPANY", True), ("LOCAL_BODY", False)])
def test_the_company_of_an_application_is_a_link_for_those_who_may_open_it(role: str, is_link: bool) -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    reader = UserFactory(role=Role.OFFICE) if role == "OFFICE" else actor(application, Role(role))
    client = client_of(reader)
    text = client.get(page_of(application)).content.decode()
    assert application.company.name in text
    assert (f'href="{page_of(application.company)}"' in text) == is_link
    assert client.get(page_of(application.company)).status_code == (200 if is_link else 403)


@pytest.mark.parametrize("role", [Role.PERSON, Role.LOCAL_BODY, Role.COMPANY, Role.TRAINING])
def test_every_record_named_on_a_learners_page_opens(role: Role) -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    line = enrolment.lines.get()
    bound = {"person": line.person} if role == Role.PERSON else {}
    reader = UserFactory(role=role, **bound) if bound or role == Role.TRAINING else actor(enrolment, role)
    client = client_of(reader)
    text = client.get(page_of(line)).content.decode()
    found = set(re.findall(r'<a href="(/admin/[^"]+/change/)" class="text-link">', text))
    assert {client.get(address).status_code for address in found} <= {200}
    assert bool(found) or role == Role.PERSON
