"""Who may print an enrolment: whoever may see it, and nobody else."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory
from training.models import Enrolment
from training.printing import sheets_of

pytestmark = pytest.mark.django_db
Door = Callable[[Any], Client]
ACTS = ("print_sheet", "print_pdf", "materials", "materials_pdf")
READERS = (Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR)


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[str, Enrolment]:
    """An enrolment of one person in each state."""
    states = ("DRAFT", "LOCAL_REVIEW", "TRAINING_REVIEW", "CONFIRMED", "CANCELLED")
    return {state: EnrolmentFactory(people=1, at=state) for state in states}


@pytest.fixture
def confirmed(kept: dict[str, Enrolment]) -> Enrolment:
    return deepcopy(kept["CONFIRMED"])


@pytest.fixture(params=ACTS)
def act(request: pytest.FixtureRequest) -> str:
    return request.param


def status(client: Client, enrolment: Enrolment, act: str) -> int:
    return client.get(reverse(f"admin:training_enrolment_{act}", args=[enrolment.pk])).status_code


@pytest.mark.parametrize("role", READERS)
def test_the_offices_print_every_enrolment(
    role: Role, act: str, confirmed: Enrolment, signed_in: Door
) -> None:
    assert status(signed_in(UserFactory(role=role)), confirmed, act) == 200


def test_company_and_local_body_print_their_own(act: str, confirmed: Enrolment, signed_in: Door) -> None:
    own = UserFactory(role=Role.COMPANY, company=confirmed.company)
    body = UserFactory(role=Role.LOCAL_BODY, local_body=confirmed.local_body)
    assert [status(signed_in(user), confirmed, act) for user in (own, body)] == [200, 200]


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.PERSON])
def test_somebody_elses_enrolment_does_not_exist(
    role: Role, act: str, confirmed: Enrolment, signed_in: Door
) -> None:
    assert status(signed_in(UserFactory(role=role)), confirmed, act) == 404


def test_the_person_on_the_roster_prints_no_roster(act: str, confirmed: Enrolment, signed_in: Door) -> None:
    user = UserFactory(role=Role.PERSON, person=confirmed.lines.get().person)
    assert status(signed_in(user), confirmed, act) == 404


def test_the_signed_out_are_asked_to_sign_in(act: str, confirmed: Enrolment, client: Client) -> None:
    assert status(client, confirmed, act) == 302


@pytest.mark.parametrize("act", ["print_sheet", "print_pdf"])
def test_a_draft_that_was_never_submitted_is_the_companys_alone(
    act: str, kept: dict[str, Enrolment], signed_in: Door
) -> None:
    draft = deepcopy(kept["DRAFT"])
    body = UserFactory(role=Role.LOCAL_BODY, local_body=draft.local_body)
    assert status(signed_in(body), draft, act) == 404
    assert status(signed_in(UserFactory(role=Role.FINANCE)), draft, act) == 404
    assert status(signed_in(UserFactory(role=Role.COMPANY, company=draft.company)), draft, act) == 200


@pytest.mark.parametrize("act", ["materials", "materials_pdf"])
@pytest.mark.parametrize("at", ["DRAFT", "LOCAL_REVIEW", "TRAINING_REVIEW", "CANCELLED"])
def test_there_is_no_list_of_papers_before_the_confirmation(
    at: str, act: str, kept: dict[str, Enrolment], signed_in: Door
) -> None:
    enrolment = deepcopy(kept[at])
    assert status(signed_in(UserFactory(role=Role.COMPANY, company=enrolment.company)), enrolment, act) == 404


def test_a_local_body_reads_the_amounts_and_not_the_items_of_the_bill(confirmed: Enrolment) -> None:
    body = UserFactory(role=Role.LOCAL_BODY, local_body=confirmed.local_body)
    office, its = (sheets_of([confirmed], user)[0] for user in (UserFactory(role=Role.OFFICE), body))
    assert list(office.totals) == ["300", "", "", "", "300"]
    assert list(its.totals) == ["300"]
    assert its.rows[0][-1] == "300"
    assert office.sums == its.sums


@pytest.mark.parametrize("role", [*READERS, Role.LOCAL_BODY, Role.COMPANY])
def test_id_numbers_are_whole_for_those_who_compare_them(role: Role, confirmed: Enrolment) -> None:
    number = confirmed.lines.get().id_number
    (form,) = sheets_of([confirmed], UserFactory(role=role))
    assert (number in form.rows[0]) is (role not in (Role.FINANCE, Role.AUDITOR))
