"""The search in the list of enrolments: by person, number, class and company, and only in what one may see."""

from copy import deepcopy
from pathlib import Path

import pytest

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import PersonFactory
from tests.training.enrolment_pages import listed, put_on
from tests.training.enrolment_tools import user_for
from training.models import Enrolment

pytestmark = pytest.mark.django_db
Pair = tuple[Enrolment, Enrolment]


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Pair:
    """An enrolment that is looked for, and a stranger's."""
    enrolment = EnrolmentFactory(at="DRAFT", training_class__title="2026年第九期网络继续教育班")
    person = PersonFactory(name="欧阳修远", company=enrolment.company)
    put_on(enrolment, person, number="B9160001")
    other = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    return advance(enrolment, "submit"), other


@pytest.fixture
def searched(kept: Pair) -> Pair:
    return deepcopy(kept)


@pytest.mark.parametrize("role", [Role.TRAINING, Role.FINANCE, Role.COMPANY, Role.LOCAL_BODY])
def test_a_term_finds_the_enrolment_by_person_number_class_and_company(role: str, searched: Pair) -> None:
    enrolment, other = searched
    user = user_for(role, enrolment)
    terms = ("B9160001", "b916", "Ｂ９１６", "欧阳修远", "阳修", "第九期", "欧阳 第九期", "B9160001、B9169999",
             enrolment.company.name, enrolment.lines.get().id_number)  # fmt: skip
    assert {term: listed(user, q=term) for term in terms} == {term: {enrolment} for term in terms}
    assert other.pk


@pytest.mark.parametrize("role", [Role.TRAINING, Role.COMPANY, Role.LOCAL_BODY])
def test_a_term_that_names_nothing_finds_nothing(role: str, searched: Pair) -> None:
    enrolment, _other = searched
    user = user_for(role, enrolment)
    for term in ("B916999", "欧阳锋", "欧阳 第八期", "！？", "没有这家公司的名称"):
        assert listed(user, q=term) == set(), term


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY])
def test_the_search_finds_no_foreign_enrolment(role: str, searched: Pair) -> None:
    enrolment, other = searched
    user = user_for(role, enrolment)
    line = other.lines.select_related("person", "certificate").get()
    for term in (line.person.name, line.certificate.number, other.company.name, line.person.id_number):
        assert other not in listed(user, q=term), term
