"""Whoever breaks into a running matter reads so before, and those who look after it are told (core/running.py)."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.admin.flow import object_url, step_url
from backoffice.core.engine import perform
from backoffice.core.models import Message
from backoffice.core.running import matters_of
from backoffice.roles import Role
from registry.merging import merge
from registry.models import Certificate, Person
from tests.enrolments import EnrolmentFactory
from tests.factories import (
    CompanyChangeFactory,
    CompanyFactory,
    PersonFactory,
    TransferFactory,
    UserFactory,
    client_of,
)
from training.models import Enrolment

pytestmark = pytest.mark.django_db
BOSS = "boss@example.com"


@pytest.fixture
def enrolment() -> Enrolment:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT", company__email=BOSS)
    Message.objects.all().delete()
    return enrolment


@pytest.fixture
def office() -> Client:
    client = client_of(UserFactory(role=Role.OFFICE))
    client.cookies["django_language"] = "en"
    return client


def told(enrolment: Enrolment) -> list[str]:
    page = reverse("admin:training_enrolment_change", args=[enrolment.pk])
    return [message.body for message in Message.objects.filter(recipient=BOSS) if page in message.body]


def posted(page: Any, **changes: Any) -> dict[str, Any]:
    """The form as it stands on the page, with these values instead."""
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None} | changes


def edited(client: Client, record: Any, **changes: Any) -> Any:
    page = object_url(record)
    return client.post(page, posted(client.get(page), change_reason="更正", **changes))


def test_a_certificate_is_cancelled_only_after_reading_which_enrolment_it_concerns(
    enrolment: Enrolment, office: Client
) -> None:
    certificate = enrolment.lines.get().certificate
    answer = edited(office, certificate, status="CANCELLED")
    assert "1 running matter" in answer.content.decode()
    assert object_url(enrolment) in answer.content.decode()
    assert Certificate.objects.get(pk=certificate.pk).status == "VALID"
    assert edited(office, certificate, status="CANCELLED", confirm_running="1").status_code == 302
    assert Certificate.objects.get(pk=certificate.pk).status == "CANCELLED"
    assert "已注销" in told(enrolment)[0]


def test_a_corrected_name_is_confirmed_and_told(enrolment: Enrolment, office: Client) -> None:
    person = enrolment.lines.get().person
    assert edited(office, person, name="陈改名").status_code == 200
    assert edited(office, person, name="陈改名", confirm_running="1").status_code == 302
    assert person.name in told(enrolment)[0]
    assert "陈改名" in told(enrolment)[0]
    assert edited(office, person, phone="13899990000").status_code == 302  # nobody's matter


def test_a_transfer_names_the_enrolment_it_breaks_into_and_tells_the_former_company(
    enrolment: Enrolment, office: Client
) -> None:
    person = enrolment.lines.get().person
    company = CompanyFactory(email="new@example.com")
    transfer = TransferFactory(
        company=company, name=person.name, id_number=person.id_number, at="OFFICE_REVIEW"
    )
    Message.objects.all().delete()
    asked = office.get(step_url(transfer, transfer.pk, "approve")).content.decode()
    assert object_url(enrolment) in asked
    perform(transfer, "approve", by=UserFactory(role=Role.OFFICE))
    assert company.name in told(enrolment)[0]


def test_a_rename_tells_whoever_has_something_of_the_company_under_way_and_how_to_sign_in(
    enrolment: Enrolment, office: Client
) -> None:
    names = {"new_name": "广东新名监理有限公司", "new_login_name": "新名监理"}
    change = CompanyChangeFactory(company=enrolment.company, kind="RENAME", at="OFFICE_REVIEW", **names)
    Message.objects.all().delete()
    assert object_url(enrolment) in office.get(step_url(change, change.pk, "approve")).content.decode()
    perform(change, "approve", by=UserFactory(role=Role.OFFICE))
    assert "广东新名监理有限公司" in told(enrolment)[0]
    own = Message.objects.get(recipient=BOSS, body__contains=object_url(change))
    assert "广东新名监理有限公司" in own.body
    assert "新名监理" in own.body
    assert enrolment.company.name in own.body


def test_an_upgrade_is_told_in_other_words_than_a_rename() -> None:
    company = CompanyFactory(membership="TEMPORARY", email=BOSS)
    change = CompanyChangeFactory(kind="UPGRADE", company=company, at="OFFICE_REVIEW")
    Message.objects.all().delete()
    change = perform(change, "approve", by=UserFactory(role=Role.OFFICE))
    message = Message.objects.get(recipient=BOSS)
    assert change.company.dues_from.isoformat() in message.body
    assert "新的登录名" not in message.body
    assert object_url(change) in message.body


def test_a_merge_names_and_tells(enrolment: Enrolment) -> None:
    merged = enrolment.lines.get().person
    kept = PersonFactory(name=merged.name, company=merged.company)
    assert matters_of(merged) == [enrolment]
    merge(kept, Person.objects.get(pk=merged.pk), by=UserFactory(role=Role.OFFICE), reason="同一人")
    assert merged.name in told(enrolment)[0]


def test_what_has_ended_is_nobodys_running_matter(enrolment: Enrolment) -> None:
    person = enrolment.lines.get().person
    perform(enrolment, "training_cancel", by=UserFactory(role=Role.TRAINING), opinion="不办")
    assert matters_of(person, enrolment.company, enrolment.training_class) == []
