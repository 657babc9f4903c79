"""网络培训报名查询: who sees whom, 状态 and 提交正保 side by side, search, the learner's own page."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory
from tests.training.learners import LIST, course, learners, many, rename, shown
from training.admin.line import EnrolmentLineAdmin
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db
MINE = reverse("admin:training_enrolmentline_mine")


@pytest.fixture
def training(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.TRAINING))


def test_state_and_handed_off_stand_side_by_side() -> None:
    columns = EnrolmentLineAdmin.list_display
    assert columns.index("show_handed_off") == columns.index("show_state") + 1


@pytest.mark.parametrize(("state", "yes"), [("PENDING", False), ("SUBMITTED", True), ("LEARNING", True)])
def test_handed_off_is_yes_once_the_platform_has_the_name(state: str, yes: bool, training: Any) -> None:
    learners(1, state)
    page = training.get(LIST).content.decode()
    cell = page[page.index('<td class="field-show_handed_off') :]
    assert ("是" in cell[: cell.index("</td>")]) is yes


def test_each_role_sees_its_own(signed_in: Any) -> None:
    mine, other = learners(1)[0], learners(1)[0]
    rename(mine, "张三丰")
    rename(other, "李莫愁")
    own = {
        Role.LOCAL_BODY: {"local_body": mine.enrolment.local_body}, Role.COMPANY: {"company": mine.enrolment.company},
        Role.PERSON: {"person": mine.person},
    }  # fmt: skip
    for role in Role:
        client = signed_in(UserFactory(role=role, **own.get(role, {})))
        assert shown(client) == ({"张三丰"} if role in own else {"张三丰", "李莫愁"}), role
        page = reverse("admin:training_enrolmentline_change", args=[other.pk])
        assert client.get(page).status_code == (404 if role in own else 200), role


def test_whoever_is_not_enrolled_for_good_is_shown_only_when_asked_for(training: Any) -> None:
    EnrolmentFactory(people=1, at="FINANCE_REVIEW")
    assert shown(training) == set()
    assert len(shown(training, "state=ENROLLING")) == 1


def test_an_overdue_day_is_marked(training: Any) -> None:
    line = learners(1)[0]
    Enrolment.objects.filter(pk=line.enrolment_id).update(open_by=datetime.date(2026, 1, 5))
    assert "bo-late" in training.get(LIST).content.decode()


@pytest.mark.parametrize("role", [Role.TRAINING, Role.OFFICE, Role.LOCAL_BODY, Role.COMPANY])
def test_search_by_name_number_certificate_and_company(role: Role, signed_in: Any) -> None:
    line, other = learners(2)
    rename(line, "欧阳锋")
    rename(other, "黄药师")
    bound = {
        Role.LOCAL_BODY: {"local_body": line.enrolment.local_body},
        Role.COMPANY: {"company": line.enrolment.company},
    }
    client = signed_in(UserFactory(role=role, **bound.get(role, {})))
    for term in ("欧阳锋", line.id_number, line.certificate_number, line.id_number[:10]):
        assert "欧阳锋" in shown(client, f"q={term}"), term
    assert shown(client, f"q={line.certificate_number}") == {"欧阳锋"}
    assert shown(client, f"q={line.enrolment.company.name}") == {"欧阳锋", "黄药师"}
    assert shown(client, "q=令狐冲") == set()


@pytest.mark.parametrize("role", [Role.TRAINING, Role.COMPANY, Role.LOCAL_BODY])
def test_as_many_queries_for_thirty_people_as_for_three(role: Role, signed_in: Any) -> None:
    ids = many(3)
    line = EnrolmentLine.objects.get(pk=ids[0])
    bound = {
        Role.LOCAL_BODY: {"local_body": line.enrolment.local_body},
        Role.COMPANY: {"company": line.enrolment.company},
    }
    client = signed_in(UserFactory(role=role, **bound.get(role, {})))
    client.get(LIST)
    counts = []
    for more in (0, 27):
        if more:
            many_more(line, more)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
    # session, user and filters' options included
    assert counts[0] == counts[1] <= 7, counts


def many_more(line: EnrolmentLine, number: int) -> None:
    from tests.factories import PersonFactory

    people = [PersonFactory(company=line.enrolment.company) for _n in range(number)]
    EnrolmentLine.objects.bulk_create(
        EnrolmentLine(enrolment=line.enrolment, person=person, category=line.category, matter=line.matter,
                      name=person.name, id_number=person.id_number, state="PENDING")
        for person in people
    )  # fmt: skip


def test_nobody_edits_a_person_here(training: Any) -> None:
    line = learners(1)[0]
    page = reverse("admin:training_enrolmentline_change", args=[line.pk])
    assert training.post(page, {"name": "别人", "category": "SAFETY", "matter": "UPGRADE"}).status_code in (
        302,
        403,
    )
    assert EnrolmentLine.objects.get(pk=line.pk).category == line.category


@pytest.mark.parametrize(
    ("state", "mode", "words"),
    [
        ("PENDING", "ONLINE", "open"), ("PENDING", "FACE_TO_FACE", ""), ("SUBMITTED", "ONLINE", ""),
        ("LEARNING", "ONLINE", ""), ("LEARNING", "FACE_TO_FACE", ""), ("PASSED", "ONLINE", "20"),
        ("FAILED", "ONLINE", ""), ("DROPPED", "ONLINE", ""),
    ],
)  # fmt: skip
def test_a_learner_reads_what_the_state_means(state: str, mode: str, words: str, signed_in: Any) -> None:
    line = learners(1, state, mode)[0]
    stranger = learners(1, state, mode)[0]
    answer = signed_in(UserFactory(role=Role.PERSON, person=line.person)).get(MINE)
    page = answer.content.decode()
    assert str(line.enrolment.training_class) in page
    assert str(stranger.enrolment.training_class) not in page
    (card,) = answer.context["cards"]
    assert card.line.pk == line.pk
    assert card.now
    assert 'class="bo-stages"' in page  # how far it is


def test_a_learner_without_a_class_reads_what_to_do(signed_in: Any) -> None:
    assert "bo-remark" in signed_in(UserFactory(role=Role.PERSON)).get(MINE).content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PERSON])
def test_my_learning_is_for_learners(role: Role, signed_in: Any) -> None:
    assert signed_in(UserFactory(role=role)).get(MINE).status_code == 403


def test_the_class_without_dates_has_a_page_too(signed_in: Any) -> None:
    line = learners(1, mode="FACE_TO_FACE", training_class=course("FACE_TO_FACE"))[0]
    type(line.enrolment.training_class).objects.update(start_date=None, end_date=None)
    assert signed_in(UserFactory(role=Role.PERSON, person=line.person)).get(MINE).status_code == 200
