"""What a page asks again and again is asked once: of this request, by this reader, and only while reading."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from backoffice.core.once import once
from backoffice.roles import Role
from registry.models import Person
from tests.factories import CompanyFactory, PersonFactory, UserFactory


def request_of(user: Any, method: str = "get") -> Any:
    request = getattr(RequestFactory(), method)("/")
    request.user = user
    return request


@pytest.mark.parametrize(("method", "asked"), [("get", 1), ("head", 1), ("post", 2)])
def test_an_answer_is_kept_while_a_page_is_read_and_not_while_something_is_written(
    method: str, asked: int
) -> None:
    request, answers = request_of(None, method), []
    for _time in range(2):
        once(request, "key", lambda: answers.append(1))
    assert len(answers) == asked


def test_another_request_asks_again() -> None:
    assert once(request_of(None), "key", lambda: 1) == 1
    assert once(request_of(None), "key", lambda: 2) == 2


@pytest.mark.django_db
def test_the_scope_of_a_row_is_asked_once_a_page_and_anew_for_each_reader_and_request() -> None:
    people = admin.site.get_model_admin(Person)
    company = CompanyFactory()
    person = PersonFactory(company=company)
    own, stranger = UserFactory(role=Role.COMPANY, company=company), UserFactory(role=Role.COMPANY)
    request = request_of(own)
    with CaptureQueriesContext(connection) as queries:
        for _time in range(3):
            assert people.has_view_permission(request, person)
            assert people.has_change_permission(request, person)
    assert len(queries) == 1
    request.user = stranger
    assert not people.has_view_permission(request, person)
    Person.objects.filter(pk=person.pk).update(company=stranger.company)
    assert not people.has_view_permission(request_of(own), person)


@pytest.mark.django_db
def test_a_request_that_writes_asks_again_what_it_may_have_changed() -> None:
    people = admin.site.get_model_admin(Person)
    company = CompanyFactory()
    person = PersonFactory(company=company)
    request = request_of(UserFactory(role=Role.COMPANY, company=company), "post")
    assert people.has_change_permission(request, person)
    Person.objects.filter(pk=person.pk).update(company=CompanyFactory())
    assert not people.has_change_permission(request, person)
