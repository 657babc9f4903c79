"""Every role's cards in one busy world: each number is that of the list behind it, at the same few queries."""

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import User
from backoffice.roles import Role
from backoffice.work_cards import classes_this_week, work_cards
from tests.core.test_work_cards import open_learning
from tests.enrolments import EnrolmentFactory
from tests.factories import CompanyFactory, LocalBodyFactory, TrainingClassFactory, UserFactory

pytestmark = pytest.mark.django_db
STATES = ("DRAFT", "LOCAL_REVIEW", "AWAITING_PAYMENT", "FINANCE_REVIEW", "TRAINING_REVIEW", "CONFIRMED")


@pytest.fixture(autouse=True)
def no_old_badges() -> None:
    cache.clear()


def queries_of(user: User) -> int:
    with CaptureQueriesContext(connection) as queries:
        work_cards(user)
        classes_this_week(user)
    return len(queries)


@pytest.fixture(scope="module")
def grown(kept_for_file: Path) -> SimpleNamespace:
    """What the cards of each role cost while little waited; since then more does."""
    body, company = LocalBodyFactory(), CompanyFactory()
    here = TrainingClassFactory(type="CONTINUING", category="", local_body=body)
    bound = {Role.COMPANY: {"company": company}, Role.LOCAL_BODY: {"local_body": body}}
    users = {role: UserFactory(role=role, **bound.get(role, {})) for role in Role}
    for state in STATES:
        EnrolmentFactory(training_class=here, company=company, people=1, at=state)
    cache.clear()
    few = {role: queries_of(user) for role, user in users.items()}
    for state in STATES:
        EnrolmentFactory(training_class=here, company=company, people=3, at=state)
    return SimpleNamespace(users=users, few=few)


@pytest.fixture(scope="module")
def busy(kept_for_file: Path) -> dict[Role, User]:
    """Who works where enrolments of the company at the body's classes, and others, wait in every state."""
    body, company = LocalBodyFactory(), CompanyFactory()
    here = TrainingClassFactory(type="CONTINUING", category="", local_body=body)
    for state in STATES:
        EnrolmentFactory(training_class=here, company=company, people=2, at=state)
        EnrolmentFactory(people=1, at=state)
    open_learning(
        learning := EnrolmentFactory(training_class=here, company=company, people=2, at="CONFIRMED")
    )
    there = TrainingClassFactory(type="CONTINUING", category="", mode="FACE_TO_FACE", local_body=body)
    EnrolmentFactory(training_class=there, company=company, people=1, at="CONFIRMED")
    bound = {
        Role.COMPANY: {"company": company}, Role.LOCAL_BODY: {"local_body": body},
        Role.PERSON: {"person": learning.lines.first().person},
    }  # fmt: skip
    roles = (Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.PERSON)
    return {role: UserFactory(role=role, **bound.get(role, {})) for role in roles}


@pytest.mark.parametrize("role", list(Role))
def test_the_cards_cost_the_same_queries_however_much_waits(role: Role, grown: SimpleNamespace) -> None:
    few = grown.few[role]
    assert queries_of(deepcopy(grown.users[role])) == few
    assert few <= 7


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.PERSON])
def test_a_number_is_the_length_of_the_list_it_leads_to(
    role: Role, busy: dict[Role, User], signed_in: Any
) -> None:
    user = deepcopy(busy[role])
    client = signed_in(user)
    cards = work_cards(user)
    assert any(card["value"] != "0" for card in cards)
    for card in cards:
        assert client.get(card["link"]).context["cl"].result_count == int(card["value"]), card["link"]
