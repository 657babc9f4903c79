"""Acts on many people of the learning list: who may, whom they leave out and why, whole classes, a thousand at once."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import TransitionLog
from backoffice.roles import Role
from tests.factories import UserFactory, client_of
from tests.training.learners import LIST, body_of, course, kinds_of, learners, many, page_of, posted, states
from training.models import Enrolment, EnrolmentLine, PlatformRun
from training.platform.acts import act
from training.platform.hand_off import hand_off

pytestmark = pytest.mark.django_db
DESK = reverse("admin:training_enrolmentline_hand_off")


@pytest.fixture
def officer() -> Any:
    return UserFactory(role=Role.TRAINING)


@pytest.fixture
def training(signed_in: Any, officer: Any) -> Any:
    return signed_in(officer)


def test_a_get_changes_nothing(training: Any) -> None:
    line = learners(1)[0]
    assert training.get(page_of("hand_off"), posted([line])).status_code == 302
    assert states([line]) == ["PENDING"]


@pytest.mark.parametrize("step", ["unknown", "confirm"])
def test_other_steps_have_no_page(step: str, training: Any) -> None:
    assert training.post(page_of(step), {"ids": "1"}).status_code in (403, 404)


def test_the_page_asks_first_and_says_whom_it_leaves_out(training: Any) -> None:
    pending, learning = learners(2), learners(1, "LEARNING")
    answer = training.post(
        LIST,
        {
            "action": "hand_off_selected",
            "_selected_action": [line.pk for line in (*pending, *learning)],
            "index": 0,
        },
    )
    assert answer.status_code == 200
    assert answer.context["fits"] == 2
    assert states(pending) == ["PENDING"] * 2
    answer = training.post(page_of("hand_off"), posted([*pending, *learning]))
    assert (answer.context["done"], answer.context["refused"]) == (2, 1)
    ((line, reasons),) = answer.context["refusals"]
    assert line == learning[0]
    assert reasons


def test_a_drop_needs_a_reason_and_keeps_what_was_chosen(training: Any) -> None:
    lines = learners(2, "LEARNING")
    answer = training.post(page_of("drop"), posted(lines, opinion=""))
    assert answer.context["form"].errors
    assert answer.context["ids"] == posted(lines)["ids"]
    assert states(lines) == ["LEARNING"] * 2


def test_nobody_passes_in_the_future(training: Any) -> None:
    line = learners(1, "LEARNING")[0]
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    training.post(page_of("record_pass"), posted([line], passed_on=tomorrow.isoformat()))
    assert states([line]) == ["LEARNING"]


def test_numbers_that_are_none_are_nobody(training: Any) -> None:
    answer = training.post(
        page_of("hand_off"), {"ids": "x,,-1,999999999999999999999,7777777", "confirm": "1"}
    )
    assert (answer.context["done"], answer.context["refused"]) == (0, 1)


def test_everybody_of_a_class_and_everybody_due(training: Any) -> None:
    one, two = learners(2), learners(1)
    learners(1, mode="FACE_TO_FACE")
    answer = training.post(page_of("hand_off"), {"course": one[0].enrolment.training_class_id})
    assert answer.context["fits"] == 2
    answer = training.post(page_of("hand_off"), {"due": "1"})
    assert answer.context["fits"] == 3
    training.post(page_of("hand_off"), posted(answer.context["ids"].split(",")))
    assert states([*one, *two]) == ["SUBMITTED"] * 3


def test_the_desk_shows_classes_with_the_most_urgent_first(training: Any) -> None:
    later, late = learners(1), learners(2)
    Enrolment.objects.filter(pk=late[0].enrolment_id).update(open_by=datetime.date(2026, 1, 5))
    answer = training.get(DESK)
    rows = answer.context["rows"]
    assert [(row[0].pk, row[1], bool(row[3])) for row in rows] == [
        (late[0].enrolment.training_class_id, 2, True), (later[0].enrolment.training_class_id, 1, False),
    ]  # fmt: skip
    assert answer.context["total"] == 3


@pytest.mark.parametrize("role", list(Role))
def test_the_desk_is_for_the_department_and_its_readers(role: Role, signed_in: Any) -> None:
    learners(1)
    answer = signed_in(UserFactory(role=role)).get(DESK)
    may_see = role in (Role.ADMIN, Role.OFFICE, Role.TRAINING, Role.AUDITOR)
    assert answer.status_code == (200 if may_see else 403)
    if may_see:
        assert answer.context["may_act"] is (role == Role.TRAINING)


def test_the_desk_takes_the_same_queries_however_many_people(training: Any) -> None:
    learners(1)
    training.get(DESK)
    counts = []
    for more in (0, 6):
        for _n in range(more):
            learners(1)
        with CaptureQueriesContext(connection) as queries:
            training.get(DESK)
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def test_a_thousand_are_handed_over_with_as_many_queries_as_ten(officer: Any) -> None:
    counts, kinds = [], []
    for people in (10, 1000):
        ids = many(people)
        with CaptureQueriesContext(connection) as queries:
            done = hand_off(ids, by=officer)
        assert len(done.lines) == people
        counts.append(len(queries))
        kinds.append(kinds_of(queries))
    # SQLite takes history, log and rows in portions of a thousand values
    assert counts[1] < 100, counts
    assert kinds[0] == kinds[1]


def test_more_than_a_thousand_make_two_hand_overs(officer: Any) -> None:
    done = hand_off(many(1001), by=officer)
    assert sorted(run.people for run in done.runs) == [1, 1000]


def test_opening_by_hand_settles_the_hand_over(officer: Any) -> None:
    lines = learners(2)
    run = hand_off([line.pk for line in lines], by=officer).runs[0]
    assert len(act([line.pk for line in lines], "open_learning", by=officer).done) == 2
    run.refresh_from_db()
    assert run.status == "CONFIRMED"
    assert TransitionLog.of(lines[0]).filter(step="open_learning").count() == 1


def test_dropping_somebody_settles_the_hand_over(officer: Any) -> None:
    stays, goes = learners(2)
    run = hand_off([stays.pk, goes.pk], by=officer).runs[0]
    act([goes.pk], "drop", by=officer, opinion="离职")
    act([stays.pk], "open_learning", by=officer)
    run.refresh_from_db()
    assert run.status == "CONFIRMED"
    assert list(run.rows.order_by("pk").values_list("outcome", flat=True)) == ["OPENED", "WITHDRAWN"]


def test_when_the_last_one_ends_the_enrolment_is_completed_and_a_retake_opens_it_again(officer: Any) -> None:
    lines = learners(2, "LEARNING")
    act([lines[0].pk], "record_pass", by=officer)
    act([lines[1].pk], "record_fail", by=officer)
    assert Enrolment.objects.get(pk=lines[0].enrolment_id).state == "CLOSED"
    act([lines[1].pk], "retake", by=officer)
    assert Enrolment.objects.get(pk=lines[0].enrolment_id).state == "CONFIRMED"
    assert EnrolmentLine.objects.get(pk=lines[1].pk).attempts == 2


def test_a_second_click_has_no_second_effect(training: Any) -> None:
    lines = learners(2)
    training.post(page_of("hand_off"), posted(lines))
    answer = training.post(page_of("hand_off"), posted(lines))
    assert (answer.context["done"], answer.context["refused"]) == (0, 2)
    assert PlatformRun.objects.count() == 1


def test_a_body_is_not_offered_online_steps_on_a_persons_page(signed_in: Any) -> None:
    online, here = learners(1, "LEARNING")[0], learners(1, "LEARNING", "FACE_TO_FACE")[0]
    for line, offered in ((online, set()), (here, {"record_pass", "record_fail"})):
        client = signed_in(body_of(line))
        page = client.get(reverse("admin:training_enrolmentline_change", args=[line.pk]))
        assert {offer.step.name for offer in page.context["flow_offers"]} == offered
        step = reverse("admin:training_enrolmentline_step", args=[line.pk, "record_pass"])
        client.post(step, {"opinion": "", "seen": ""})
        assert states([line]) == ["PASSED" if offered else "LEARNING"]


def test_a_class_of_another_mode_is_refused_with_a_sentence(officer: Any) -> None:
    line = learners(1, training_class=course("FACE_TO_FACE"))[0]
    assert line.name in act([line.pk], "hand_off", by=officer).refused[line.pk][0]


def test_the_platform_gets_the_name_that_was_corrected_after_the_confirmation(officer: Any) -> None:
    first, second = learners(2)
    first.person.name = "更正后的姓名"
    first.person.save()
    client = client_of(officer)
    ids = {"ids": f"{first.pk},{second.pk}"}
    address = "/admin/training/enrolmentline/act/hand_off/"
    assert "更正后的姓名" in client.post(address, ids).content.decode()  # named before it is done
    shown = client.post(address, ids | {"confirm": "1"}).content.decode()
    assert f"姓名 {first.name} → 更正后的姓名" in shown
    first.refresh_from_db()
    assert (first.name, first.state) == ("更正后的姓名", "SUBMITTED")
    assert first.history.filter(name="更正后的姓名").exists()


def test_who_was_corrected_after_the_hand_over_stands_in_a_list(officer: Any) -> None:
    first, second = learners(2)
    act([first.pk, second.pk], "hand_off", by=officer)
    first.person.name = "更正后的姓名"
    first.person.save()
    client = client_of(officer)
    assert client.get("/admin/training/enrolmentline/hand-off/").context["outdated"] == 1
    listed = client.get("/admin/training/enrolmentline/?corrected=yes").context["cl"].result_list
    assert [line.pk for line in listed] == [first.pk]
    page = client.get(f"/admin/training/enrolmentline/{first.pk}/change/").content.decode()
    assert f"姓名 {first.name} → 更正后的姓名" in page
