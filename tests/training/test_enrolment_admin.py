"""Enrolments in the admin: what each role finds in the list, how it is searched and filtered, what the page shows."""

import datetime
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import Task
from backoffice.roles import Role
from fees.models import FeeSchedule
from registry.models import Person
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import (
    CertificateFactory,
    LocalBodyFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
)
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db
LIST = reverse("admin:training_enrolment_changelist")
STAFF = (Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR)


def user_for(role: str, enrolment: Enrolment) -> Any:
    """A user of the role, bound to the enrolment's own company or body."""
    bound = {Role.COMPANY: "company", Role.LOCAL_BODY: "local_body"}.get(Role(role))
    return UserFactory(role=role, **({bound: getattr(enrolment, bound)} if bound else {}))


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def listed(user: Any, **query: Any) -> set[Enrolment]:
    answer = client_of(user).get(LIST, query)
    assert answer.status_code == 200
    return set(answer.context["cl"].result_list)


def page_of(enrolment: Enrolment) -> str:
    return reverse("admin:training_enrolment_change", args=[enrolment.pk])


def text_of(user: Any, address: str, **query: Any) -> str:
    answer = client_of(user).get(address, query, follow=True)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


# --- Who finds what ----------------------------------------------------------------------------------


@pytest.fixture
def three() -> dict[str, Enrolment]:
    """A draft of company A, a submitted one of A at the body, and a submitted one of strangers."""
    submitted = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    draft = EnrolmentFactory(people=1, company=submitted.company, training_class=submitted.training_class)
    return {"submitted": submitted, "draft": draft, "foreign": EnrolmentFactory(people=1, at="LOCAL_REVIEW")}


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


def test_a_body_sees_a_returned_enrolment_as_one_that_was_submitted() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    advance(enrolment, "local_return")
    assert listed(user_for(Role.LOCAL_BODY, enrolment)) == {enrolment}


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING])
def test_an_empty_list_says_what_to_do_next(role: Role) -> None:
    text = text_of(UserFactory(role=role), LIST)
    target = {Role.COMPANY: "admin:training_enrolment_add", Role.FINANCE: "admin:core_task_changelist"}
    hint = text.split('class="bo-remark mb-4"')[1].split("</p>")[0]
    assert reverse(target.get(role, "admin:training_trainingclass_changelist")) in hint


@pytest.mark.parametrize(
    ("role", "missing"),
    [(Role.COMPANY, {"company", "local_body"}), (Role.LOCAL_BODY, {"local_body"}), (Role.FINANCE, set())],
)
def test_nobody_reads_the_own_name_in_every_row(role: Role, missing: set[str]) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    columns = client_of(user_for(role, enrolment)).get(LIST).context["cl"].list_display
    every = {"training_class", "company", "local_body", "people", "amount", "show_state", "show_contact",
             "submitted_at", "show_due"}  # fmt: skip
    assert every - set(columns) == missing


def test_the_list_names_contact_people_amount_and_a_late_due_date() -> None:
    enrolment = EnrolmentFactory(
        people=2, at="LOCAL_REVIEW", contact_name="郑经办", contact_phone="13900001111"
    )
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Task.of(enrolment).filter(closed_at=None).update(due_on=yesterday)
    text = text_of(user_for(Role.LOCAL_BODY, enrolment), LIST)
    for shown in ("郑经办 13900001111", "600", yesterday.isoformat(), "bo-late"):
        assert shown in text


# --- Filters and search ------------------------------------------------------------------------------


@pytest.fixture
def two_kinds() -> tuple[Enrolment, Enrolment]:
    """A renewal online this year, and a face-to-face practice class that begins next year."""
    first = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    year = timezone.localdate().year + 1
    other_class = TrainingClassFactory(
        type="PRACTICE", mode="FACE_TO_FACE", title="来年面授从业班", start_date=datetime.date(year, 3, 1)
    )
    return first, EnrolmentFactory(training_class=other_class, contact_name="")


@pytest.mark.parametrize(
    "query",
    [
        lambda one, other: {"state": "LOCAL_REVIEW"},
        lambda one, other: {"training_class__type": "CONTINUING"},
        lambda one, other: {"training_class__mode": "ONLINE"},
        lambda one, other: {"local_body": one.local_body_id},
        lambda one, other: {"company": one.company_id},
        lambda one, other: {"training_class": one.training_class_id},
        lambda one, other: {"year": one.training_class.start_date.year},
    ],
)
def test_every_filter_narrows_the_list(query: Any, two_kinds: tuple[Enrolment, Enrolment]) -> None:
    training = UserFactory(role=Role.TRAINING)
    one, other = two_kinds
    assert listed(training) == {one, other}
    if "year" in query(one, other) and one.training_class.start_date.year != timezone.localdate().year:
        pytest.skip("the factory's class begins next year, too")
    assert listed(training, **query(one, other)) == {one}


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY])
def test_a_filter_with_a_foreign_record_finds_nothing(role: Role) -> None:
    mine, foreign = (
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
    )
    user = user_for(role, mine)
    assert listed(user, training_class=foreign.training_class_id) == set()
    assert foreign not in listed(user, company=foreign.company_id, local_body=foreign.local_body_id)


def put_on(enrolment: Enrolment, person: Person, **values: Any) -> EnrolmentLine:
    """A renewal of this person."""
    values = {"type": "SUPERVISOR", "printed_company": enrolment.company.name} | values
    return EnrolmentLineFactory(enrolment=enrolment, certificate=CertificateFactory(person=person, **values))


def searched() -> tuple[Enrolment, Enrolment]:
    enrolment = EnrolmentFactory(at="DRAFT", training_class__title="2026年第九期网络继续教育班")
    person = PersonFactory(name="欧阳修远", company=enrolment.company)
    put_on(enrolment, person, number="B9160001")
    other = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    return advance(enrolment, "submit"), other


@pytest.mark.parametrize("role", [Role.TRAINING, Role.FINANCE, Role.COMPANY, Role.LOCAL_BODY])
def test_a_term_finds_the_enrolment_by_person_number_class_and_company(role: str) -> None:
    enrolment, other = searched()
    user = user_for(role, enrolment)
    terms = ("B9160001", "b916", "Ｂ９１６", "欧阳修远", "阳修", "第九期", "欧阳 第九期", "B9160001、B9169999",
             enrolment.company.name, enrolment.lines.get().id_number)  # fmt: skip
    assert {term: listed(user, q=term) for term in terms} == {term: {enrolment} for term in terms}
    assert other.pk


@pytest.mark.parametrize("role", [Role.TRAINING, Role.COMPANY, Role.LOCAL_BODY])
def test_a_term_that_names_nothing_finds_nothing(role: str) -> None:
    enrolment, _other = searched()
    user = user_for(role, enrolment)
    for term in ("B916999", "欧阳锋", "欧阳 第八期", "！？", "没有这家公司的名称"):
        assert listed(user, q=term) == set(), term


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY])
def test_the_search_finds_no_foreign_enrolment(role: str) -> None:
    enrolment, other = searched()
    user = user_for(role, enrolment)
    line = other.lines.select_related("person", "certificate").get()
    for term in (line.person.name, line.certificate.number, other.company.name, line.person.id_number):
        assert other not in listed(user, q=term), term


@pytest.mark.parametrize("role", [Role.TRAINING, Role.FINANCE, Role.LOCAL_BODY, Role.COMPANY])
def test_the_list_takes_as_many_queries_for_thirty_rows_as_for_three(role: str) -> None:
    first = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    user = user_for(role, first)

    def more(number: int) -> None:
        for _n in range(number):
            EnrolmentFactory(company=first.company, training_class=first.training_class)
        Enrolment.objects.filter(submitted_at=None).update(submitted_at=timezone.now())

    client = client_of(user)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(LIST).status_code == 200
        return len(seen)

    more(2)
    client.get(LIST)
    few = queries()
    more(27)
    assert queries() == few
    assert few - 2 <= 7  # besides session and user


# --- The page ----------------------------------------------------------------------------------------

WAY = (
    "DRAFT",
    "LOCAL_REVIEW",
    "AWAITING_PAYMENT",
    "FINANCE_REVIEW",
    "TRAINING_REVIEW",
    "CONFIRMED",
    "CANCELLED",
)


@pytest.mark.parametrize("state", WAY)
@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.OFFICE])
def test_the_page_opens_in_every_state_and_names_everybody(state: str, role: str) -> None:
    enrolment = EnrolmentFactory(people=2, at=state)
    Enrolment.objects.filter(pk=enrolment.pk, submitted_at=None).update(submitted_at=timezone.now())
    text = text_of(user_for(role, enrolment), page_of(enrolment))
    for line in enrolment.lines.select_related("person", "certificate"):
        assert line.person.name in text
        assert line.certificate.number in text


@pytest.mark.parametrize(
    ("role", "whole"),
    [
        (Role.LOCAL_BODY, True),
        (Role.TRAINING, True),
        (Role.COMPANY, True),
        (Role.OFFICE, True),
        (Role.FINANCE, False),
    ],
)
def test_whole_id_numbers_are_for_those_who_compare_with_the_card(role: str, whole: bool) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    number = enrolment.lines.get().id_number
    text = text_of(user_for(role, enrolment), page_of(enrolment))
    assert (number in text) == whole
    assert (f"{number[:4]}**********{number[-4:]}" in text) != whole


@pytest.mark.parametrize("state", WAY[1:])
@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING])
def test_nobody_edits_the_form_outside_the_draft(state: str, role: str) -> None:
    enrolment = EnrolmentFactory(people=1, at=state)
    Enrolment.objects.filter(pk=enrolment.pk, submitted_at=None).update(submitted_at=timezone.now())
    user = user_for(role, enrolment)
    answer = client_of(user).post(page_of(enrolment), {
        "training_class": enrolment.training_class_id, "contact_name": "别人", "contact_phone": "13800138000",
    })  # fmt: skip
    assert answer.status_code == 403
    enrolment.refresh_from_db()
    assert enrolment.contact_name == "陈小明"


def test_links_of_a_body_lead_to_no_page_it_may_not_open() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    client = client_of(user_for(Role.LOCAL_BODY, enrolment))
    for address in (page_of(enrolment), page_of(enrolment).replace("change", "step/local_approve"), LIST):
        text = client.get(address).content.decode()
        for found in set(re.findall(r'href="(/admin/(?:registry|training|fees|accounts)/[^"#]*)"', text)):
            assert client.get(found.replace("&amp;", "&"), follow=True).status_code == 200, (address, found)


def test_a_company_reaches_its_people_by_name_and_not_those_of_others() -> None:
    enrolment = EnrolmentFactory(people=1)
    mine = enrolment.lines.get().person
    foreign = put_on(enrolment, PersonFactory()).person
    text = text_of(UserFactory(role=Role.OFFICE), page_of(enrolment))
    assert reverse("admin:registry_person_change", args=[foreign.pk]) in text
    advanced = Enrolment.objects.filter(pk=enrolment.pk)
    advanced.update(state="CANCELLED")  # the roster is read-only: whatever the draft's own page links to
    text = text_of(user_for(Role.COMPANY, enrolment), page_of(enrolment))
    assert reverse("admin:registry_person_change", args=[mine.pk]) in text
    assert reverse("admin:registry_person_change", args=[foreign.pk]) not in text


@pytest.mark.parametrize(
    ("role", "sees"), [(Role.COMPANY, True), (Role.FINANCE, True), (Role.LOCAL_BODY, False)]
)
def test_the_bill_is_summed_up_for_those_who_may_see_it(role: str, sees: bool) -> None:
    enrolment = EnrolmentFactory(people=2, at="AWAITING_PAYMENT")
    address = reverse("admin:fees_bill_change", args=[enrolment.bill.pk])
    assert (address in text_of(user_for(role, enrolment), page_of(enrolment))) == sees


def test_prices_are_those_of_the_submit_not_of_today() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    FeeSchedule.objects.update(yearly_dues=999)
    text = text_of(user_for(Role.COMPANY, enrolment), page_of(enrolment))
    assert "¥300" in text
    assert "2,997" not in text


def test_another_class_in_the_draft_brings_another_reviewer() -> None:
    enrolment = EnrolmentFactory()
    other = TrainingClassFactory(type="CONTINUING", category="", local_body=LocalBodyFactory())
    client = client_of(user_for(Role.COMPANY, enrolment))
    client.post(reverse("admin:training_enrolment_roster", args=[enrolment.pk]), {
        "act": "contact", "training_class": other.pk, "contact_name": "陈小明", "contact_phone": "13800138000",
    })  # fmt: skip
    enrolment.refresh_from_db()
    assert (enrolment.training_class, enrolment.local_body) == (other, other.local_body)


@pytest.mark.parametrize("role", [Role.LOCAL_BODY, Role.FINANCE, Role.TRAINING, Role.COMPANY])
def test_the_page_takes_as_many_queries_for_thirty_people_as_for_three(role: str) -> None:
    few, many = (
        EnrolmentFactory(people=3, at="FINANCE_REVIEW"),
        EnrolmentFactory(people=30, at="FINANCE_REVIEW"),
    )

    def queries(enrolment: Enrolment) -> int:
        client = client_of(user_for(role, enrolment))
        client.get(page_of(enrolment))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page_of(enrolment)).status_code == 200
        return len(seen)

    assert queries(many) == queries(few)
