"""How many queries a page takes: a list at most seven, the same with 3 and 30 rows; no page more than its ceiling.

The lists are those of the admin's own registry: one that is registered tomorrow is counted tomorrow.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from backoffice.core.models import (
    AttachmentKind,
    CalendarDay,
    HeaderMapping,
    Message,
    ReadyOpinion,
    SavedFilter,
)
from backoffice.roles import Role, allows
from fees.models import BankAccount
from registry.models import DuplicatePair
from tests.access_calls import Call, calls
from tests.access_seats import Seat, whole_world
from tests.access_world import flows, make_world
from tests.enrolment_world import enrol
from tests.factories import (
    AnnouncementFactory,
    CertificateFactory,
    CompanyApplicationFactory,
    CompanyFactory,
    HelpRequestFactory,
    LocalBodyFactory,
    PersonFactory,
    RegionFactory,
    SpecialtyFactory,
    TrainingClassFactory,
    UserFactory,
    client_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MOST_OF_A_LIST = 7
MOST_OF_A_PAGE = 20
#: Pages that still ask more, with what they ask. A number here only ever falls.
MORE: dict[str, int] = {
    "admin:training_enrolment_change": 29,
    "admin:fees_bill_change": 24,
    "admin:registry_duplicatepair_change": 24,
    "admin:registry_personalapplication_change": 24,
    "admin:registry_companyapplication_change": 22,
    "admin:registry_companychange_change": 22,
}


class Queries:
    number = 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.number += 1
        return execute(*args)


@contextmanager
def counted() -> Iterator[Queries]:
    """Counts without Django's log of queries, which forgets the oldest ones of a long test."""
    queries = Queries()
    with connection.execute_wrapper(queries):
        yield queries


def asked(client: Any, url: str, data: Any = None) -> tuple[int, Any]:
    """The queries of the second look at a page: kinds of records and badges are known by then, as in a day's work."""
    for _look in range(2):
        with counted() as queries:
            response = client.get(url, data)
            if getattr(response, "streaming", False):
                for _part in response.streaming_content:
                    pass
        if queries.number <= MOST_OF_A_LIST:
            break
    return queries.number, response


def lists_of(role: str) -> list[str]:
    return [
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model in admin.site._registry
        if allows(role, "view", model._meta.label)
    ]


def grow(world: SimpleNamespace, numbers: Iterator[int], rows: int) -> None:
    """So many more of everything: of the side whose users look, and of the association."""
    a, office = world.a, world.users[Role.OFFICE]
    for _row in range(rows):
        n = next(numbers)
        company = CompanyFactory()
        certificate = CertificateFactory(person=PersonFactory(company=a.company))
        CertificateFactory(person=a.people[0])
        enrol(a.company, a.body, certificate, f"甲{n}")
        flows(f"乙{n}", n % 10, company, a.body)
        UserFactory(role=Role.COMPANY, company=a.company)
        HelpRequestFactory()
        CompanyApplicationFactory(at="OFFICE_REVIEW")
        TrainingClassFactory(local_body=a.body)
        AnnouncementFactory()
        for make in (RegionFactory, SpecialtyFactory, LocalBodyFactory):
            make()
        one, other = PersonFactory(), PersonFactory()
        DuplicatePair.objects.create(
            kind="PERSON", first_id=one.pk, second_id=other.pk, label="两人", reason="同名"
        )
        Message.objects.create(channel="MAIL", recipient="b@example.org", subject="通知", body="密语")
        HeaderMapping.objects.create(layout="certificates", signature=str(n), header="编号|姓名")
        CalendarDay.objects.create(
            date=f"2031-{n % 12 + 1:02d}-{n % 28 + 1:02d}", kind=CalendarDay.Kind.HOLIDAY
        )
        ReadyOpinion.objects.create(text=f"请更正{n}")
        AttachmentKind.objects.create(code=f"K{n}", name=f"种类{n}")
        BankAccount.objects.create(holder="协会", bank="工商银行", number=str(n))
        SavedFilter.objects.create(user=office, path="/admin/registry/person/", name=str(n), query="q=1")


def test_a_list_takes_seven_queries_at_most_and_as_many_with_thirty_rows_as_with_three() -> None:
    world, numbers = make_world(), itertools.count(1)
    grow(world, numbers, 3)
    few = count_lists(world)
    grow(world, numbers, 27)
    many = count_lists(world)
    assert {name: found for name, found in many.items() if found[0] > MOST_OF_A_LIST} == {}
    grown = {
        name: (few[name], found)
        for name, found in many.items()
        if found[0] > few[name][0] and few[name][1]  # an empty list asks for nothing
    }
    assert grown == {}


def count_lists(world: SimpleNamespace) -> dict[tuple[str, str], tuple[int, int]]:
    """(role, list) -> its queries and its rows."""
    cache.clear()
    found = {}
    for role, user in world.users.items():
        client = client_of(user)
        for name in lists_of(role):
            number, response = asked(client, reverse(f"admin:{name}_changelist"))
            if response.status_code == 200:
                found[str(role), name] = number, len(response.context["cl"].result_list)
    return found


def test_no_page_of_any_role_takes_more_than_twenty_queries(private_media: Path) -> None:
    private_media.mkdir(parents=True, exist_ok=True)
    world = whole_world(private_media)
    over: dict[str, int] = {}
    for role in Role:
        seat = world.seats[role]
        client = client_of(seat.user)
        for call in pages_of(world, seat):
            number, response = asked(client, call.url, call.data)
            if response.status_code == 200 and number > MORE.get(call.name, MOST_OF_A_PAGE):
                over[f"{role} {call.name}"] = number
    assert not over, "\n".join(f"{page}: {number}" for page, number in sorted(over.items()))


def pages_of(world: SimpleNamespace, seat: Seat) -> Iterator[Call]:
    """Every page that the access matrix knows and this role can open, but the one that ends the session."""
    for call in calls(world, seat):
        if call.method == "GET" and call.whose != "foreign" and call.name != "admin:logout":
            yield call
