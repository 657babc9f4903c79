"""网络培训报名查询: who takes the list home, and who reads whole ID numbers."""

import io
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from backoffice.core.sensitive import mask_id_number
from backoffice.roles import Role
from tests.factories import UserFactory
from tests.training.learners import LIST, learners
from training.models import EnrolmentLine

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> EnrolmentLine:
    return learners(1, "LEARNING")[0]


@pytest.fixture
def line(kept: EnrolmentLine) -> EnrolmentLine:
    """The only one who learns."""
    return deepcopy(kept)


def test_finance_reads_masked_id_numbers(signed_in: Any, line: EnrolmentLine) -> None:
    page = signed_in(UserFactory(role=Role.FINANCE)).get(LIST).content.decode()
    assert line.id_number not in page
    assert f"{line.id_number[:4]}**********{line.id_number[-4:]}" in page


def test_finance_reads_masked_id_numbers_on_the_page_too(signed_in: Any, line: EnrolmentLine) -> None:
    page = reverse("admin:training_enrolmentline_change", args=[line.pk])
    for role, may in ((Role.FINANCE, False), (Role.TRAINING, True)):
        text = signed_in(UserFactory(role=role)).get(page).content.decode()
        assert (line.id_number in text) is may


@pytest.mark.parametrize("role", list(Role))
def test_the_export_is_for_those_who_may_and_says_yes_or_no(
    role: Role, signed_in: Any, line: EnrolmentLine
) -> None:
    bound = {
        Role.LOCAL_BODY: {"local_body": line.enrolment.local_body},
        Role.COMPANY: {"company": line.enrolment.company}, Role.PERSON: {"person": line.person},
    }  # fmt: skip
    answer = signed_in(UserFactory(role=role, **bound.get(role, {}))).get(f"{LIST}export/?format=xlsx")
    may = role in (Role.ADMIN, Role.TRAINING, Role.AUDITOR, Role.LOCAL_BODY, Role.COMPANY)
    assert answer.status_code == (200 if may else 403)
    if may:
        sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
        header, row = ([cell.value for cell in line] for line in sheet.iter_rows(max_row=2))
        assert str(line.pk) == row[0]
        number = line.id_number
        assert (mask_id_number(number) if role == Role.AUDITOR else number) in row
        assert "是" in row
        assert len(header) == len(row)
