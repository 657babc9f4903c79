"""网络培训报名查询: who sees whom, 状态 and 提交正保 side by side, filters, search, export, the learner's own page."""

import datetime
import io
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory
from tests.training.learners import course, learners, many
from training.admin.line import EnrolmentLineAdmin
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db
LIST = "/admin/training/enrolmentline/"
MINE = reverse("admin:training_enrolmentline_mine")


@pytest.fixture
def training(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.TRAINING))


def shown(client: Any, query: str = "") -> set[str]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return {row.name for row in answer.context["cl"].result_list}


def rename(line: EnrolmentLine, name: str, **values: Any) -> EnrolmentLine:
    EnrolmentLine.objects.filter(pk=line.pk).update(name=name, **values)
    type(line.person).objects.filter(pk=line.person_id).update(name=name)
    line.refresh_from_db()
    return line


def test_state_and_handed_off_stand_side_by_side() -> None:
    columns = EnrolmentLineAdmin.list_display
    assert columns.index("show_handed_off") == columns.index("show_state") + 1


@pytest.mark.parametrize(("state", "yes"), [("PENDING", False), ("SUBMITTED", True), ("LEARNING", True)])
def test_handed_off_is_yes_once_the_platform_has_the_name(state: str, yes: bool, training: Any) -> None:
    learners(1, state)
    page = training.get(LIST).content.decode()
    cell = page[page.index("field-show_handed_off") :]
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


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=PENDING", {"甲"}), ("state=LEARNING", {"乙", "丙"}), ("handed_off=yes", {"乙"}),
        ("handed_off=no", {"甲", "丙"}), ("handed_off=x", {"甲", "乙", "丙"}),
        ("enrolment__training_class__mode=FACE_TO_FACE", {"丙"}), ("due=late", {"甲"}), ("due=today", set()),
        ("enrolment__training_class__type=PRACTICE", set()), ("category=SUPERVISOR", {"甲", "乙", "丙"}),
    ],
)  # fmt: skip
def test_filters(query: str, names: set[str], training: Any) -> None:
    late = rename(learners(1)[0], "甲")
    rename(learners(1, "LEARNING")[0], "乙")
    rename(learners(1, "LEARNING", mode="FACE_TO_FACE")[0], "丙")
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Enrolment.objects.exclude(pk=late.enrolment_id).update(open_by=yesterday + datetime.timedelta(days=30))
    Enrolment.objects.filter(pk=late.enrolment_id).update(open_by=yesterday)
    assert shown(training, query) == names


def test_the_filters_of_class_and_body_keep_to_the_scope(training: Any, signed_in: Any) -> None:
    one, two = rename(learners(1)[0], "甲"), rename(learners(1)[0], "乙")
    assert shown(training, f"enrolment__training_class={one.enrolment.training_class_id}") == {"甲"}
    assert shown(training, f"enrolment__local_body={two.enrolment.local_body_id}") == {"乙"}
    company = signed_in(UserFactory(role=Role.COMPANY, company=one.enrolment.company))
    assert shown(company, f"enrolment__training_class={two.enrolment.training_class_id}") == set()


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


def test_finance_reads_masked_id_numbers(signed_in: Any) -> None:
    line = learners(1)[0]
    page = signed_in(UserFactory(role=Role.FINANCE)).get(LIST).content.decode()
    assert line.id_number not in page
    assert f"{line.id_number[:4]}**********{line.id_number[-4:]}" in page


def test_finance_reads_masked_id_numbers_on_the_page_too(signed_in: Any) -> None:
    line = learners(1)[0]
    page = reverse("admin:training_enrolmentline_change", args=[line.pk])
    for role, may in ((Role.FINANCE, False), (Role.TRAINING, True)):
        text = signed_in(UserFactory(role=role)).get(page).content.decode()
        assert (line.id_number in text) is may


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


@pytest.mark.parametrize("role", list(Role))
def test_the_export_is_for_those_who_may_and_says_yes_or_no(role: Role, signed_in: Any) -> None:
    line = learners(1, "LEARNING")[0]
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
        assert line.id_number in row
        assert "是" in row
        assert len(header) == len(row)


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
    ((shown_line, now),) = answer.context["cards"]
    assert shown_line.pk == line.pk
    assert now


def test_a_learner_without_a_class_reads_what_to_do(signed_in: Any) -> None:
    assert "bo-remark" in signed_in(UserFactory(role=Role.PERSON)).get(MINE).content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PERSON])
def test_my_learning_is_for_learners(role: Role, signed_in: Any) -> None:
    assert signed_in(UserFactory(role=role)).get(MINE).status_code == 403


def test_the_class_without_dates_has_a_page_too(signed_in: Any) -> None:
    line = learners(1, mode="FACE_TO_FACE", training_class=course("FACE_TO_FACE"))[0]
    type(line.enrolment.training_class).objects.update(start_date=None, end_date=None)
    assert signed_in(UserFactory(role=Role.PERSON, person=line.person)).get(MINE).status_code == 200
