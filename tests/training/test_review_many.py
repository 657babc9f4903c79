"""Many decided at once, by the inbox or by the list: one page that asks first, one rule, one outcome each."""

from typing import Any

import pytest
from django.urls import reverse

from backoffice.core.inbox import decide, todo
from backoffice.core.models import Task
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import CompanyFactory, PersonalApplicationFactory, UserFactory, actor, client_of
from training.models import Enrolment
from training.review import save_remark

pytestmark = pytest.mark.django_db
LIST = reverse("admin:training_enrolment_changelist")
DECIDE = reverse("admin:core_task_decide")


def reviewer_of(enrolment: Enrolment) -> Any:
    return actor(enrolment, Role.LOCAL_BODY)


def by_the_list(user: Any, *enrolments: Enrolment) -> Any:
    """The list's door: the page that asks."""
    data = {"action": "decide_selected", "_selected_action": [row.pk for row in enrolments]}
    answer = client_of(user).post(LIST, data, follow=True)
    assert answer.status_code == 200
    return answer


def by_the_inbox(user: Any, *enrolments: Enrolment) -> Any:
    """The inbox's door to the same page."""
    tasks = [Task.of(row).get(is_latest=True).pk for row in enrolments]
    data = {"action": "decide_selected", "_selected_action": tasks}
    return client_of(user).post(reverse("admin:core_task_changelist"), data, follow=True)


def decided(user: Any, page: Any, step: str = "local_approve") -> Any:
    tasks = [row["task"].pk for row in page.context["checked"]]
    return client_of(user).post(DECIDE, {"task": tasks, "step": step, "opinion": ""})


def states(*enrolments: Enrolment) -> list[str]:
    by_key = dict(Enrolment.objects.values_list("pk", "state"))
    return [by_key[row.pk] for row in enrolments]


@pytest.mark.parametrize("door", [by_the_list, by_the_inbox])
def test_by_either_door_the_clean_ones_are_approved_and_before_it_is_said_which_are_not(door: Any) -> None:
    clean = EnrolmentFactory(people=2, at="LOCAL_REVIEW")
    same: dict[str, Any] = {"training_class": clean.training_class}
    remarked, problem, moved = (EnrolmentFactory(people=1, at="LOCAL_REVIEW", **same) for _ in range(3))
    reviewer = reviewer_of(clean)
    save_remark(remarked.pk, remarked.lines.get().pk, "照片太暗", reviewer)
    person = problem.lines.get().person
    person.phone = ""
    person.save()
    person = moved.lines.get().person
    person.company = CompanyFactory(name="广东别家监理有限公司")
    person.save()
    page = door(reviewer, clean, remarked, problem, moved)
    said = {row["task"].object_id: row["steps"][0][1] for row in page.context["checked"]}
    assert states(clean) == ["LOCAL_REVIEW"]  # asked first
    assert said[clean.pk] == []
    for enrolment, why in (
        (remarked, "照片太暗"),
        (moved, "广东别家监理有限公司"),
        (problem, str(problem.lines.get())),
    ):
        assert any(why in reason for reason in said[enrolment.pk])
    outcome = decided(reviewer, page)
    assert (outcome.context["done"], outcome.context["refused"]) == (1, 3)
    assert states(clean, remarked, problem, moved) == ["AWAITING_PAYMENT", *["LOCAL_REVIEW"] * 3]


def test_the_lists_door_opens_to_no_foreign_enrolment_and_to_none_that_waits_elsewhere() -> None:
    mine, foreign = (
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
    )
    elsewhere = EnrolmentFactory(people=1, at="AWAITING_PAYMENT", training_class=mine.training_class)
    page = by_the_list(reviewer_of(mine), mine, foreign, elsewhere)
    assert [row["task"].object_id for row in page.context["checked"]] == [mine.pk]


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.LOCAL_BODY, Role.PERSON)])
def test_who_does_not_review_decides_nothing_there(role: str) -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    page = by_the_list(actor(enrolment, role) if role == Role.COMPANY else UserFactory(role=role), enrolment)
    assert "checked" not in (page.context or {})
    assert states(enrolment) == ["LOCAL_REVIEW"]


def test_the_list_of_applications_leads_to_the_same_page() -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    reviewer = actor(application, Role.LOCAL_BODY)
    data = {"action": "decide_selected", "_selected_action": [application.pk]}
    page = client_of(reviewer).post(
        reverse("admin:registry_personalapplication_changelist"), data, follow=True
    )
    assert [row["task"].object_id for row in page.context["checked"]] == [application.pk]


def test_fifty_enrolments_are_approved_from_the_inbox_at_once() -> None:
    first = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    same = {"training_class": first.training_class}
    # the inbox decides 200 at a time; ten show it
    ten = [first, *(EnrolmentFactory(people=1, at="LOCAL_REVIEW", **same) for _n in range(9))]
    reviewer = reviewer_of(first)
    tasks = list(todo(reviewer).values_list("pk", flat=True))
    client = client_of(reviewer)
    answer = client.post(
        reverse("admin:core_task_decide"), {"task": tasks, "step": "local_approve", "opinion": ""}
    )
    assert answer.context["done"] == len(tasks) == 10
    assert states(*ten) == ["AWAITING_PAYMENT"] * 10
    assert not todo(reviewer).exists()


def test_in_the_inbox_one_that_cannot_be_approved_does_not_hold_up_the_others() -> None:
    first = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    second = EnrolmentFactory(people=1, at="LOCAL_REVIEW", training_class=first.training_class)
    person = first.lines.get().person
    person.company = CompanyFactory()
    person.save()
    reviewer = reviewer_of(first)
    outcomes = decide(list(todo(reviewer).values_list("pk", flat=True)), "local_approve", by=reviewer)
    assert {outcome.is_done for outcome in outcomes} == {True, False}
    assert states(first, second) == ["LOCAL_REVIEW", "AWAITING_PAYMENT"]
