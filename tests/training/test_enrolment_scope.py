"""Enrolments in the admin: whom each role finds in the list, and which pages do not exist for it."""

from copy import deepcopy
from pathlib import Path

import pytest

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.training.enrolment_pages import LIST, client_of, listed, page_of
from tests.training.enrolment_tools import user_for
from training.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[str, Enrolment]:
    """A draft of company A, a submitted one of A at the body, and a submitted one of strangers."""
    submitted = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    draft = EnrolmentFactory(people=1, company=submitted.company, training_class=submitted.training_class)
    return {"submitted": submitted, "draft": draft, "foreign": EnrolmentFactory(people=1, at="LOCAL_REVIEW")}


@pytest.fixture
def three(kept: dict[str, Enrolment]) -> dict[str, Enrolment]:
    return deepcopy(kept)


@pytest.mark.parametrize("role", Role)
def test_each_role_finds_its_own_and_no_other(role: Role, three: dict[str, Enrolment]) -> None:
    user = user_for(role, three["submitted"])
    if role == Role.PERSON:
        assert client_of(user).get(LIST).status_code == 403
        return
    expected = {
        Role.COMPANY: {"submitted", "draft"}, Role.LOCAL_BODY: {"submitted"}, Role.FINANCE: {"submitted", "foreign"},
    }.get(role, set(three))  # fmt: skip
    assert listed(user) == {three[name] for name in expected}


@pytest.mark.parametrize("role", Role)
def test_a_page_out_of_scope_does_not_exist(role: Role, three: dict[str, Enrolment]) -> None:
    user = user_for(role, three["submitted"])
    hidden = {Role.COMPANY: "foreign", Role.LOCAL_BODY: "draft", Role.FINANCE: "draft"}.get(role)
    if hidden:
        assert client_of(user).get(page_of(three[hidden])).status_code == 404
    own = client_of(user).get(page_of(three["submitted"])).status_code
    assert own == (403 if role == Role.PERSON else 200)
