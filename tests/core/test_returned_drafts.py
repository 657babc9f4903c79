"""A draft that came back is told apart from one that was never handed in."""

import pytest

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import CompanyFactory, UserFactory, client_of

pytestmark = pytest.mark.django_db
LIST = "/admin/training/enrolment/"


@pytest.fixture
def drafts():
    company = CompanyFactory()
    fresh = EnrolmentFactory(people=1, company=company)
    back = advance(EnrolmentFactory(people=1, company=company, at="LOCAL_REVIEW"), "local_return")
    client = client_of(UserFactory(role=Role.COMPANY, company=company, is_manager=True))
    return fresh, back, client


def test_the_state_of_a_returned_draft_says_so(drafts):
    _fresh, back, client = drafts
    html = client.get(LIST).content.decode()
    assert html.count("已退回待修改") == 2  # in its row, and in the filter
    assert back.number in html


def test_fresh_and_returned_drafts_are_found_apart(drafts):
    _fresh, back, client = drafts
    assert list(client.get(LIST, {"state": "DRAFT_RETURNED"}).context_data["cl"].result_list) == [back]


def test_a_draft_handed_in_again_is_no_returned_one(drafts):
    _fresh, back, client = drafts
    type(back).objects.filter(pk=back.pk).update(state="LOCAL_REVIEW")
    assert not client.get(LIST, {"state": "DRAFT_RETURNED"}).context_data["cl"].result_list
