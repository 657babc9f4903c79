"""Pages of the test flow, and who works on it."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from backoffice.core.engine import perform
from backoffice.roles import Role
from tests.factories import CompanyFactory, LocalBodyFactory, PaperFactory, UserFactory
from tests.flowapp.admin_pages import paper_pages
from tests.flowapp.models import Paper


@pytest.fixture
def papers() -> Iterator[None]:
    """The admin pages of the test flow."""
    with paper_pages():
        yield


@pytest.fixture
def desk(db: None) -> SimpleNamespace:
    """A company, the body it hands papers to, the office; `waiting()` is a paper at the body's desk."""
    company, body = CompanyFactory(), LocalBodyFactory()
    found = SimpleNamespace(
        company=company,
        body=body,
        clerk=UserFactory(role=Role.COMPANY, company=company),
        reviewer=UserFactory(role=Role.LOCAL_BODY, local_body=body),
        colleague=UserFactory(role=Role.LOCAL_BODY, local_body=body),
        stranger=UserFactory(role=Role.LOCAL_BODY),
        office=UserFactory(role=Role.OFFICE),
    )

    def waiting(**fields: object) -> Paper:
        paper = PaperFactory(company=company, local_body=body, **fields)
        perform(paper, "submit", by=found.clerk)
        return Paper.objects.get(pk=paper.pk)

    found.waiting = waiting
    return found
