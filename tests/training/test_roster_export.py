"""Enrolments and the people on their rosters as files: the list's own rows, whole ID numbers for who needs them."""

import csv
import io
from typing import Any

import pytest
from django.urls import reverse

from backoffice.core.export import columns_for
from backoffice.roles import GRANTS, Role
from tests.enrolments import EnrolmentFactory
from tests.factories import CompanyChangeFactory, TransferFactory, UserFactory, actor, client_of
from tests.training.test_enrolment_admin import user_for
from training.models import Enrolment

pytestmark = pytest.mark.django_db
ROSTERS = reverse("admin:training_enrolment_roster_export")
ENROLMENTS = reverse("admin:training_enrolment_export")


def rows_of(user: Any, address: str, **query: Any) -> list[list[str]]:
    answer = client_of(user).get(address, {"format": "csv", **query})
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def names(rows: list[list[str]]) -> set[str]:
    """The certificate numbers of a roster file."""
    return {row[2] for row in rows[1:]}


def numbers_of(*enrolments: Enrolment) -> set[str]:
    return {line.certificate_number for row in enrolments for line in row.lines.all()}


@pytest.fixture
def two() -> tuple[Enrolment, Enrolment]:
    return EnrolmentFactory(people=2, at="LOCAL_REVIEW"), EnrolmentFactory(people=1, at="LOCAL_REVIEW")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("address", "label"), [(ROSTERS, "training.EnrolmentLine"), (ENROLMENTS, "training.Enrolment")]
)
def test_only_roles_with_the_grant_take_files(role: str, address: str, label: str) -> None:
    may = "export" in GRANTS[label].get(role, ())
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    assert client_of(user_for(role, enrolment)).get(address).status_code == (200 if may else 403)


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY])
def test_a_roster_file_holds_the_own_people_only(role: str, two: tuple[Enrolment, Enrolment]) -> None:
    mine, foreign = two
    user = user_for(role, mine)
    assert names(rows_of(user, ROSTERS)) == numbers_of(mine)
    assert len(rows_of(user, ENROLMENTS)) == 2
    assert client_of(user).get(ROSTERS, {"id": foreign.pk}).status_code == 404


def test_the_file_follows_filters_and_search_or_one_enrolment(two: tuple[Enrolment, Enrolment]) -> None:
    first, second = two
    training = UserFactory(role=Role.TRAINING)
    assert names(rows_of(training, ROSTERS)) == numbers_of(first, second)
    assert names(rows_of(training, ROSTERS, company=first.company_id)) == numbers_of(first)
    assert names(rows_of(training, ROSTERS, q=second.company.name)) == numbers_of(second)
    assert names(rows_of(training, ROSTERS, id=second.pk)) == numbers_of(second)
    assert names(rows_of(training, ROSTERS, state="CLOSED")) == set()


@pytest.mark.parametrize("role", [Role.LOCAL_BODY, Role.TRAINING, Role.COMPANY])
def test_who_compares_with_the_id_card_reads_whole_numbers(role: str) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    (row,) = rows_of(user_for(role, enrolment), ROSTERS)[1:]
    assert row[1] == enrolment.lines.get().id_number


def test_a_role_that_need_not_know_gets_masked_numbers() -> None:
    """No such role may export rosters today; the columns are right all the same."""
    columns = columns_for("training.EnrolmentLine", UserFactory(role=Role.FINANCE))
    show: Any = next(column for column in columns if column.source == "id_number").show
    assert show("440103199001011234") == "4401**********1234"


def test_the_roster_file_says_what_is_known_of_everybody() -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    line = enrolment.lines.get()
    header, row = rows_of(user_for(Role.COMPANY, enrolment), ROSTERS)
    assert len(header) == len(row) == len(set(header))
    for value in (line.name, str(enrolment.training_class), str(enrolment.company), "300"):
        assert any(value in cell for cell in row), value


@pytest.mark.parametrize("address", [ROSTERS, ENROLMENTS])
def test_files_are_read_not_written(address: str) -> None:
    client = client_of(UserFactory(role=Role.TRAINING))
    assert client.post(address).status_code == 405
    assert client.get(address, {"format": "exe"}).status_code == 404
    answer = client.get(address, {"format": "xlsx"})
    assert b"".join(answer.streaming_content).startswith(b"PK")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("model", ["companychange", "transfer"])
def test_the_office_takes_changes_and_transfers_as_a_file(role: str, model: str) -> None:
    made = CompanyChangeFactory if model == "companychange" else TransferFactory
    record: Any = made(at="OFFICE_REVIEW")
    user = actor(record, role) if role == Role.COMPANY else UserFactory(role=role)
    address = reverse(f"admin:registry_{model}_export")
    may = "export" in GRANTS[record._meta.label].get(role, ())
    assert client_of(user).get(address).status_code == (200 if may else 403)
    if may:
        rows = rows_of(user, address)
        assert any(str(record.company) in cell for cell in rows[1])
        assert address in client_of(user).get(reverse(f"admin:registry_{model}_changelist")).content.decode()
