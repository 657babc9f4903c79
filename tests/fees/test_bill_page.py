"""The page of a bill: who sees it, what it shows, and which steps it offers."""

from copy import deepcopy
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.models import Attachment
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance, voucher
from tests.factories import UserFactory, actor, client_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance() -> Client:
    return client_of(UserFactory(role=Role.FINANCE))


def pay(enrolment: Enrolment, amount: int) -> Enrolment:
    return perform(enrolment, "submit_voucher", by=actor(enrolment, Role.COMPANY), vouchers=[voucher(amount)])


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Enrolment:
    return pay(EnrolmentFactory(people=1, at="AWAITING_PAYMENT"), 300)


@pytest.fixture
def enrolment(kept: Enrolment) -> Enrolment:
    """An enrolment of 300 yuan whose company handed in a voucher."""
    return deepcopy(kept)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_edits_a_bill_and_only_those_who_may_see_it_do(role: Role, enrolment: Enrolment) -> None:
    bill = enrolment.bill
    client = client_of(UserFactory(role=role))
    page = reverse("admin:fees_bill_change", args=[bill.pk])
    expected = {Role.COMPANY: 404, Role.LOCAL_BODY: 404, Role.PERSON: 404}.get(role, 200)

    assert client.get(page).status_code in (expected, 403 if expected == 404 else expected)
    assert client.post(page, {"total": "1"}).status_code in (403, 404)
    bill.refresh_from_db()
    assert bill.total == 300


def test_the_bills_page_leads_finance_to_its_two_steps(finance: Client, enrolment: Enrolment) -> None:
    answer = finance.get(reverse("admin:fees_bill_change", args=[enrolment.bill.pk]))

    assert [offer.step.name for offer, _url in answer.context["record_offers"]] == [
        "finance_approve",
        "finance_return",
    ]
    html = answer.content.decode()
    for offer, url in answer.context["record_offers"]:
        assert f'href="{url}"' in html, offer
    assert reverse("admin:training_enrolment_change", args=[enrolment.pk]) in html
    assert reverse("core:attachment", args=[Attachment.of(enrolment.bill.vouchers.get()).get().pk]) in html


def test_the_bills_page_shows_receipts_and_refunds_due(finance: Client) -> None:
    bill = advance(pay(EnrolmentFactory(people=1, at="AWAITING_PAYMENT"), 320), "finance_approve").bill

    panels = {
        entry["panel"].key: entry
        for entry in finance.get(reverse("admin:fees_bill_change", args=[bill.pk])).context["panels"]
    }

    assert len(panels["receipts"]["rows"]) == len(panels["refunds"]["rows"]) == 1
    assert len(panels["items"]["rows"]) == 1


@pytest.mark.parametrize("role", [Role.OFFICE, Role.TRAINING, Role.AUDITOR, Role.ADMIN])
def test_other_staff_are_offered_no_step(role: Role, enrolment: Enrolment) -> None:
    bill = enrolment.bill

    answer = client_of(UserFactory(role=role)).get(reverse("admin:fees_bill_change", args=[bill.pk]))

    assert answer.context["record_offers"] == []


def test_the_bills_page_reads_as_people_do(finance: Client, enrolment: Enrolment) -> None:
    html = finance.get(reverse("admin:fees_bill_change", args=[enrolment.bill.pk])).content.decode()

    assert "叁佰元整" in html
    assert "REVIEW" not in html
