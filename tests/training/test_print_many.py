"""Many sheets in one file: the action on the list of enrolments."""

import io
import re
from collections.abc import Callable
from typing import Any

import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core import printing
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import CompanyFactory, UserFactory
from training.admin import printing as admin_printing
from training.models import Enrolment
from training.printing import RELATED, sheets_of

pytestmark = pytest.mark.django_db
Door = Callable[[Any], Client]
LIST = "admin:training_enrolment_changelist"


def print_selected(client: Client, enrolments: list[Enrolment], **more: Any) -> Any:
    data = {"action": "print_selected", "_selected_action": [row.pk for row in enrolments], **more}
    return client.post(reverse(LIST), data, follow=True)


def numbers_of(response: Any) -> list[str]:
    """The enrolment number on each page, from its footer."""
    assert response["Content-Type"] == "application/pdf"
    pages = pypdf.PdfReader(io.BytesIO(response.content)).pages
    return [re.findall(r"\b\d\d-\d{6}-\d\b", page.extract_text())[-1] for page in pages]


def test_the_chosen_sheets_come_in_the_order_of_the_list(signed_in: Door) -> None:
    company = CompanyFactory()
    enrolments = [EnrolmentFactory(company=company, people=1) for _n in range(3)]
    client = signed_in(UserFactory(role=Role.COMPANY, company=company))
    response = print_selected(client, enrolments)
    assert numbers_of(response) == [row.number for row in reversed(enrolments)]
    assert response["Content-Disposition"].startswith("attachment")


def test_each_sheet_counts_its_own_pages(signed_in: Door) -> None:
    company = CompanyFactory()
    long, short = EnrolmentFactory(company=company, people=40), EnrolmentFactory(company=company, people=1)
    client = signed_in(UserFactory(role=Role.COMPANY, company=company))
    numbers = numbers_of(print_selected(client, [long, short]))
    assert numbers == [short.number, *[long.number] * (len(numbers) - 1)]
    assert len(numbers) > 2


def test_foreign_enrolments_among_the_chosen_are_not_printed(signed_in: Door) -> None:
    own, foreign = EnrolmentFactory(people=1), EnrolmentFactory(people=1)
    client = signed_in(UserFactory(role=Role.COMPANY, company=own.company))
    assert numbers_of(print_selected(client, [own, foreign])) == [own.number]
    assert print_selected(client, [foreign])["Content-Type"].startswith("text/html")


def test_a_local_body_prints_what_was_addressed_to_it(signed_in: Door) -> None:
    own, foreign = (EnrolmentFactory(people=1, at="LOCAL_REVIEW") for _n in range(2))
    client = signed_in(UserFactory(role=Role.LOCAL_BODY, local_body=own.local_body))
    assert numbers_of(print_selected(client, [own, foreign])) == [own.number]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR])
def test_every_reader_may_print(role: Role, signed_in: Door) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    assert numbers_of(print_selected(signed_in(UserFactory(role=role)), [enrolment])) == [enrolment.number]


def test_too_many_are_refused_with_a_sentence(signed_in: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_printing, "MOST", 2)
    company = CompanyFactory()
    enrolments = [EnrolmentFactory(company=company) for _n in range(3)]
    client = signed_in(UserFactory(role=Role.COMPANY, company=company))
    response = print_selected(client, enrolments)
    assert response["Content-Type"].startswith("text/html")
    assert [str(message) for message in response.context["messages"]] == [
        printing.TOO_MANY % {"most": 2, "count": 3}
    ]
    assert len(numbers_of(print_selected(client, enrolments[:2]))) == 2


def test_without_a_font_the_list_says_why(signed_in: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "FAMILIES", ("No Such Font",))
    printing.press.cache_clear()
    enrolment = EnrolmentFactory(people=1)
    response = print_selected(
        signed_in(UserFactory(role=Role.COMPANY, company=enrolment.company)), [enrolment]
    )
    printing.press.cache_clear()
    assert "fonts-noto-cjk" in response.content.decode()


def test_thirty_sheets_take_as_many_queries_as_three() -> None:
    company = CompanyFactory()
    clerk = UserFactory(role=Role.COMPANY, company=company)
    states = ("DRAFT", "LOCAL_REVIEW", "CANCELLED")
    counts = []
    for repeat in (1, 5):
        ids = [EnrolmentFactory(company=company, people=2, at=at).pk for at in states for _n in range(repeat)]
        sheets_of(Enrolment.objects.filter(pk__in=ids[:1]).select_related(*RELATED), clerk)  # content types
        with CaptureQueriesContext(connection) as queries:
            forms = sheets_of(Enrolment.objects.filter(pk__in=ids).select_related(*RELATED), clerk)
        assert len(forms) == 3 * repeat
        counts.append(len(queries))
    assert counts[0] == counts[1]
