"""The page of an enrolment: what it shows to whom in every state, and what nobody changes there."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.roles import Role
from fees.models import FeeSchedule
from tests.enrolments import WAYS, EnrolmentFactory
from tests.factories import LocalBodyFactory, PersonFactory, TrainingClassFactory, UserFactory
from tests.training.enrolment_pages import LIST, client_of, page_of, put_on, text_of
from tests.training.enrolment_tools import user_for
from training.models import Enrolment

pytestmark = pytest.mark.django_db
At = Callable[[str], Enrolment]


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[str, Enrolment]:
    """An enrolment of two people in every state, and one of three people and one of thirty at the cash desk."""
    kept = {state: EnrolmentFactory(people=2, at=state) for state in WAYS}
    return kept | {n: EnrolmentFactory(people=int(n), at="FINANCE_REVIEW") for n in ("3", "30")}


@pytest.fixture
def at(kept: dict[str, Enrolment]) -> At:
    """`at(state)` is the file's enrolment of two people in this state, `at("30")` that of thirty."""
    return lambda state: deepcopy(kept[state])


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.OFFICE])
def test_the_page_opens_in_every_state_and_names_everybody(state: str, role: str, at: At) -> None:
    enrolment = at(state)
    Enrolment.objects.filter(pk=enrolment.pk, submitted_at=None).update(submitted_at=timezone.now())
    text = text_of(user_for(role, enrolment), page_of(enrolment))
    for line in enrolment.lines.select_related("person", "certificate"):
        assert line.person.name in text
        assert line.certificate.number in text


@pytest.mark.parametrize(
    ("role", "whole"),
    [
        (Role.LOCAL_BODY, True),
        (Role.TRAINING, True),
        (Role.COMPANY, True),
        (Role.OFFICE, True),
        (Role.FINANCE, False),
    ],
)
def test_whole_id_numbers_are_for_those_who_compare_with_the_card(role: str, whole: bool, at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    text = text_of(user_for(role, enrolment), page_of(enrolment))
    for number in enrolment.lines.values_list("id_number", flat=True):
        assert (number in text) == whole
        assert (f"{number[:4]}**********{number[-4:]}" in text) != whole


@pytest.mark.parametrize("state", [state for state in WAYS if state != "DRAFT"])
@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING])
def test_nobody_edits_the_form_outside_the_draft(state: str, role: str, at: At) -> None:
    enrolment = at(state)
    Enrolment.objects.filter(pk=enrolment.pk, submitted_at=None).update(submitted_at=timezone.now())
    user = user_for(role, enrolment)
    answer = client_of(user).post(page_of(enrolment), {
        "training_class": enrolment.training_class_id, "contact_name": "别人", "contact_phone": "13800138000",
    })  # fmt: skip
    assert answer.status_code == 403
    enrolment.refresh_from_db()
    assert enrolment.contact_name == "陈小明"


def test_links_of_a_body_lead_to_no_page_it_may_not_open(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    client = client_of(user_for(Role.LOCAL_BODY, enrolment))
    for address in (page_of(enrolment), page_of(enrolment).replace("change", "step/local_approve"), LIST):
        text = client.get(address).content.decode()
        for found in set(re.findall(r'href="(/admin/(?:registry|training|fees|accounts)/[^"#]*)"', text)):
            assert client.get(found.replace("&amp;", "&"), follow=True).status_code == 200, (address, found)


def test_a_company_reaches_its_people_by_name_and_not_those_of_others() -> None:
    enrolment = EnrolmentFactory(people=1)
    mine = enrolment.lines.get().person
    foreign = put_on(enrolment, PersonFactory()).person
    text = text_of(UserFactory(role=Role.OFFICE), page_of(enrolment))
    assert reverse("admin:registry_person_change", args=[foreign.pk]) in text
    advanced = Enrolment.objects.filter(pk=enrolment.pk)
    advanced.update(state="CANCELLED")  # the roster is read-only: whatever the draft's own page links to
    text = text_of(user_for(Role.COMPANY, enrolment), page_of(enrolment))
    assert reverse("admin:registry_person_change", args=[mine.pk]) in text
    assert reverse("admin:registry_person_change", args=[foreign.pk]) not in text


@pytest.mark.parametrize(
    ("role", "sees"), [(Role.COMPANY, True), (Role.FINANCE, True), (Role.LOCAL_BODY, False)]
)
def test_the_bill_is_summed_up_for_those_who_may_see_it(role: str, sees: bool, at: At) -> None:
    enrolment = at("AWAITING_PAYMENT")
    address = reverse("admin:fees_bill_change", args=[enrolment.bill.pk])
    assert (address in text_of(user_for(role, enrolment), page_of(enrolment))) == sees


def test_prices_are_those_of_the_submit_not_of_today() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    FeeSchedule.objects.update(yearly_dues=999)
    text = text_of(user_for(Role.COMPANY, enrolment), page_of(enrolment))
    assert "300元" in text
    assert "2,997" not in text


def test_another_class_in_the_draft_brings_another_reviewer() -> None:
    enrolment = EnrolmentFactory()
    other = TrainingClassFactory(type="CONTINUING", category="", local_body=LocalBodyFactory())
    client = client_of(user_for(Role.COMPANY, enrolment))
    client.post(reverse("admin:training_enrolment_roster", args=[enrolment.pk]), {
        "act": "contact", "training_class": other.pk, "contact_name": "陈小明", "contact_phone": "13800138000",
    })  # fmt: skip
    enrolment.refresh_from_db()
    assert (enrolment.training_class, enrolment.local_body) == (other, other.local_body)


@pytest.mark.parametrize("role", [Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.COMPANY])
def test_the_page_takes_as_many_queries_for_thirty_people_as_for_three(role: str, at: At) -> None:
    few, many = at("3"), at("30")

    def queries(enrolment: Enrolment) -> int:
        client = client_of(user_for(role, enrolment))
        client.get(page_of(enrolment))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page_of(enrolment)).status_code == 200
        return len(seen)

    assert queries(many) == queries(few)
