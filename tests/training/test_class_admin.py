"""Training classes in the admin: who sees and edits them, what stays fixed, many at once, the year's plan."""

import csv
import datetime
import io
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.core.links import VISITOR
from backoffice.core.models import CalendarDay, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.working_days import is_working_day
from backoffice.roles import GRANTS, Role
from tests.factories import LocalBodyFactory, TrainingClassFactory, UserFactory
from training.models import TrainingClass
from training.services import copies_for_next_year, copy_into_next_year, one_year_later, year_plan

pytestmark = pytest.mark.django_db
State = TrainingClass.State
LIST = "/admin/training/trainingclass/"


@pytest.fixture
def training(signed_in: Any) -> Any:
    return signed_in(UserFactory(role=Role.TRAINING))


def change_page(row: TrainingClass) -> str:
    return reverse("admin:training_trainingclass_change", args=[row.pk])


def posted(row: TrainingClass, **values: Any) -> dict[str, Any]:
    return {
        "title": row.title, "type": row.type, "mode": row.mode, "category": row.category,
        "local_body": row.local_body_id, "start_date": row.start_date or "", "end_date": row.end_date or "",
        "place": row.place, "capacity": row.capacity, "tuition": row.tuition, "remark": row.remark,
        "change_reason": "", **values,
    }  # fmt: skip


def act(client: Any, action: str, *rows: TrainingClass) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(LIST, data, follow=True)


# --- Who sees what -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_planned_class_is_known_to_those_who_plan_and_to_its_own_body(role: Role) -> None:
    planned, opened = TrainingClassFactory(state=State.PLANNED), TrainingClassFactory()
    user = UserFactory(role=role)
    everything = role in (Role.TRAINING, Role.ADMIN, Role.AUDITOR)
    assert set(visible_to(TrainingClass, user)) == ({planned, opened} if everything else {opened})
    if role == Role.LOCAL_BODY:
        own = UserFactory(role=role, local_body=planned.local_body)
        assert set(visible_to(TrainingClass, own)) == {planned, opened}


def test_visitors_see_no_planned_class() -> None:
    TrainingClassFactory(state=State.PLANNED)
    opened = TrainingClassFactory()
    assert list(visible_to(TrainingClass, VISITOR)) == [opened]


@pytest.mark.parametrize("role", Role)
def test_the_page_of_a_planned_class_is_a_404_to_the_others(role: Role, signed_in: Any) -> None:
    client = signed_in(UserFactory(role=role))
    planned, opened = TrainingClassFactory(state=State.PLANNED), TrainingClassFactory()
    sees = role in (Role.TRAINING, Role.ADMIN, Role.AUDITOR)
    assert client.get(change_page(planned)).status_code == (200 if sees else 404)
    assert client.get(change_page(opened)).status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role != Role.TRAINING])
def test_nobody_else_edits_adds_or_acts(role: Role, signed_in: Any) -> None:
    client, row = signed_in(UserFactory(role=role)), TrainingClassFactory()
    assert client.post(change_page(row), posted(row, title="别的")).status_code == 403
    assert client.post(f"{LIST}add/", posted(row, title="新班")).status_code == 403
    for action in ("open_selected", "close_selected", "copy_selected"):
        act(client, action, row)
    assert client.post(f"{LIST}copy/", {"class": [row.pk]}).status_code == 403
    row.refresh_from_db()
    assert (row.title != "别的", row.state, TrainingClass.objects.count()) == (True, State.OPEN, 1)


# --- Editing -----------------------------------------------------------------------------------------


def test_a_new_class_is_planned_and_its_trail_begins(training: Any) -> None:
    row = TrainingClassFactory.build(local_body=LocalBodyFactory())
    assert training.post(f"{LIST}add/", posted(row)).status_code == 302
    saved = TrainingClass.objects.get()
    assert (saved.title, saved.state) == (row.title, State.PLANNED)
    assert [line.step for line in TransitionLog.of(saved)] == ["start"]
    assert saved.history.get().history_user.role == Role.TRAINING


@pytest.mark.parametrize("state", [State.PLANNED, State.OPEN, State.CLOSED, State.IN_PROGRESS])
def test_what_companies_chose_the_class_for_is_fixed_once_it_is_open(state: str, training: Any) -> None:
    row = TrainingClassFactory(state=state)
    other = LocalBodyFactory()
    data = posted(
        row,
        title="改名",
        type="CONTINUING",
        mode="FACE_TO_FACE",
        category="SAFETY",
        local_body=other.pk,
        tuition=0,
    )
    assert training.post(change_page(row), data).status_code == 302
    row.refresh_from_db()
    changed = (row.type, row.mode, row.category, row.local_body) == (
        "CONTINUING",
        "FACE_TO_FACE",
        "SAFETY",
        other,
    )
    assert (row.title, changed) == ("改名", state == State.PLANNED)


@pytest.mark.parametrize("state", [State.FINISHED, State.CANCELLED])
def test_a_class_at_its_end_is_not_edited(state: str, training: Any) -> None:
    row = TrainingClassFactory(state=state)
    assert training.post(change_page(row), posted(row, title="改名")).status_code == 403


def test_a_class_does_not_end_before_it_begins(training: Any) -> None:
    row = TrainingClassFactory()
    data = posted(row, end_date=row.start_date - datetime.timedelta(days=1))
    assert training.post(change_page(row), data).status_code == 200


# --- Many at once ------------------------------------------------------------------------------------


def test_many_are_opened_at_once_and_what_cannot_be_is_named(training: Any) -> None:
    good, dateless = TrainingClassFactory(state=State.PLANNED), TrainingClassFactory(
        state=State.PLANNED, start_date=None, title="没有日期的班"
    )  # fmt: skip
    page = act(training, "open_selected", good, dateless)
    good.refresh_from_db()
    dateless.refresh_from_db()
    assert (good.state, dateless.state) == (State.OPEN, State.PLANNED)
    texts = [str(message) for message in page.context["messages"]]
    assert len(texts) == 2
    assert texts[0].startswith("没有日期的班")


def test_many_are_closed_at_once(training: Any) -> None:
    rows = TrainingClassFactory.create_batch(3)
    act(training, "close_selected", *rows)
    assert set(TrainingClass.objects.values_list("state", flat=True)) == {State.CLOSED}
    assert TransitionLog.objects.filter(step="close").count() == 3


# --- The next year -----------------------------------------------------------------------------------


def test_classes_are_copied_into_the_next_year_as_planned(training: Any) -> None:
    row = TrainingClassFactory(
        title="2026年监理员第1期", start_date=datetime.date(2026, 3, 2), end_date=datetime.date(2026, 3, 6),
        place="广州", remark="只为今年", state=State.FINISHED,
    )  # fmt: skip
    asked = act(training, "copy_selected", row)
    assert not TrainingClass.objects.filter(state=State.PLANNED).exists()  # asked first
    assert "2027-03-08" in asked.content.decode()
    told = training.post(f"{LIST}copy/", {"class": [row.pk]}, follow=True)
    copy = TrainingClass.objects.get(state=State.PLANNED)
    assert copy.title == "2027年监理员第1期"
    assert (copy.start_date, copy.end_date) == (
        datetime.date(2027, 3, 2),
        datetime.date(2027, 3, 8),
    )  # not a Saturday
    assert change_page(copy) in told.content.decode()
    assert (copy.place, copy.capacity, copy.tuition, copy.remark) == ("广州", row.capacity, row.tuition, "")
    assert copy.local_body == row.local_body
    assert copy.history.get().history_user.role == Role.TRAINING
    assert [line.step for line in TransitionLog.of(copy)] == ["start"]


def test_no_copy_begins_or_ends_on_a_holiday() -> None:
    holiday = datetime.date(2026, 10, 1)
    for day in (holiday, holiday + datetime.timedelta(days=1)):
        CalendarDay.objects.create(date=day, kind=CalendarDay.Kind.HOLIDAY)
    days = {"start_date": datetime.date(2025, 10, 1), "end_date": datetime.date(2025, 10, 2)}
    row = TrainingClassFactory(**days)
    copied = copies_for_next_year(TrainingClass.objects.filter(pk=row.pk))[0]
    assert copied.is_moved
    assert is_working_day(copied.copy.start_date)
    assert is_working_day(copied.copy.end_date)
    assert copied.copy.end_date > copied.copy.start_date > holiday


def test_copying_twice_plans_nothing_twice() -> None:
    TrainingClassFactory.create_batch(3)
    user = UserFactory(role=Role.TRAINING)
    rows = TrainingClass.objects.filter(state=State.OPEN)
    new, known = copy_into_next_year(rows, user)
    assert (len(new), known) == (3, 0)
    assert copy_into_next_year(rows, user) == ([], 3)
    assert TrainingClass.objects.count() == 6


def test_a_class_without_dates_is_in_the_plan_already() -> None:
    TrainingClassFactory(state=State.PLANNED, start_date=None)
    assert copy_into_next_year(TrainingClass.objects.all(), UserFactory(role=Role.TRAINING)) == ([], 1)


def test_copying_many_takes_as_many_queries_as_copying_one(django_assert_max_num_queries: Any) -> None:
    body = LocalBodyFactory()
    TrainingClassFactory.create_batch(30, local_body=body)
    user = UserFactory(role=Role.TRAINING)
    with django_assert_max_num_queries(10):
        copy_into_next_year(TrainingClass.objects.all(), user)


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (None, None),
        ((2024, 2, 29), (2025, 2, 28)),
        ((2026, 2, 28), (2027, 2, 28)),
        ((2026, 12, 31), (2027, 12, 31)),
    ],
)
def test_one_year_later(day: Any, later: Any) -> None:
    assert one_year_later(day and datetime.date(*day)) == (later and datetime.date(*later))


# --- The year's plan, export -------------------------------------------------------------------------


def test_the_plan_has_twelve_months_and_what_has_no_date_yet() -> None:
    march = TrainingClassFactory(start_date=datetime.date(2026, 3, 2))
    TrainingClassFactory(start_date=datetime.date(2027, 3, 2))
    undated = TrainingClassFactory(state=State.PLANNED, start_date=None)
    plan = dict(year_plan(TrainingClass.objects.all(), 2026))
    assert len(plan) == 13
    assert plan[datetime.date(2026, 3, 1)] == [march]
    assert plan[None] == [undated]
    assert sum(map(len, plan.values())) == 2


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_the_plan_within_the_scope(role: Role, signed_in: Any) -> None:
    today = timezone.localdate()
    TrainingClassFactory(state=State.PLANNED, title="尚未公布的班", start_date=today)
    TrainingClassFactory(title="公开的班", start_date=today)
    text = signed_in(UserFactory(role=role)).get(f"{LIST}year-plan/").content.decode()
    assert "公开的班" in text
    assert ("尚未公布的班" in text) == (role in (Role.TRAINING, Role.ADMIN, Role.AUDITOR))


@pytest.mark.parametrize("year", ["", "x", "0", "9999", "-1", "２０２６", "02026" + "0" * 5000])
def test_a_year_nobody_means_is_this_one(year: str, training: Any) -> None:
    page = training.get(f"{LIST}year-plan/", {"year": year})
    assert page.context["year"] == timezone.localdate().year


def test_the_plan_takes_the_same_queries_however_many_classes(
    training: Any, django_assert_max_num_queries: Any
) -> None:
    TrainingClassFactory.create_batch(20)
    with django_assert_max_num_queries(12):
        training.get(f"{LIST}year-plan/")


@pytest.mark.parametrize("role", Role)
def test_the_list_is_exported_by_those_who_may(role: Role, signed_in: Any) -> None:
    TrainingClassFactory(title="可导出的班", tuition=800)
    answer = signed_in(UserFactory(role=role)).get(f"{LIST}export/?format=csv")
    if "export" not in GRANTS["training.TrainingClass"][role]:
        assert answer.status_code == 403
        return
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert (lines[1][0], float(lines[1][9])) == ("可导出的班", 800)
