"""Looking after tasks and handing them over within one desk; who did it stays on record."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry

from backoffice.core.engine import perform
from backoffice.core.inbox import colleagues
from backoffice.core.models import Task
from backoffice.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODO, HAND_OVER = "/admin/core/task/", "/admin/core/task/hand-over/"


@pytest.fixture
def task(desk):
    return Task.of(desk.waiting()).get(closed_at=None)


def holder(task):
    task.refresh_from_db()
    return task.assigned_to


def test_i_look_after_a_task_myself_and_it_is_on_record(desk, task, signed_in):
    client = signed_in(desk.reviewer)
    client.post(TODO, {"action": "look_after", ACTION_CHECKBOX_NAME: [task.pk]})
    assert holder(task) == desk.reviewer
    entry = LogEntry.objects.get(object_id=task.pk)
    assert entry.user == desk.reviewer
    assert desk.reviewer.name in entry.change_message


def test_a_task_is_handed_over_to_a_colleague_and_given_back(desk, task, signed_in):
    client = signed_in(desk.reviewer)
    page = client.post(TODO, {"action": "hand_over", ACTION_CHECKBOX_NAME: [task.pk]})
    assert list(page.context["form"].fields["to"].queryset) == [desk.colleague]
    client.post(HAND_OVER, {"task": [task.pk], "to": desk.colleague.pk})
    assert holder(task) == desk.colleague
    client.post(HAND_OVER, {"task": [task.pk], "to": ""})
    assert holder(task) is None
    assert [entry.user for entry in LogEntry.objects.filter(object_id=task.pk)] == [desk.reviewer] * 2


@pytest.mark.usefixtures("papers")
def test_the_record_says_who_looks_after_it_and_who_decided_that(desk, task, signed_in):
    client = signed_in(desk.reviewer)
    client.post(HAND_OVER, {"task": [task.pk], "to": desk.colleague.pk})
    context = client.get(f"/admin/flowapp/paper/{task.object_id}/change/").context
    assert context["flow_task"].assigned_to == desk.colleague
    assert context["flow_assignment"].user == desk.reviewer


def test_everybody_at_the_desk_may_still_act(desk, task):
    Task.objects.filter(pk=task.pk).update(assigned_to=desk.colleague)
    perform(task.owner, "local_approve", by=desk.reviewer)
    task.refresh_from_db()
    assert (task.assigned_to, task.closed_by) == (desk.colleague, desk.reviewer)


def test_colleagues_are_active_users_of_the_same_desk(desk):
    UserFactory(role=Role.LOCAL_BODY, local_body=desk.body, is_active=False)
    other_office = UserFactory(role=Role.OFFICE)
    assert list(colleagues(desk.reviewer)) == [desk.colleague]
    assert list(colleagues(desk.office)) == [other_office]
    assert list(colleagues(desk.stranger)) == []


@pytest.mark.parametrize("to", ["stranger", "office", "clerk"])
def test_nobody_outside_the_desk_gets_a_task(to, desk, task, signed_in):
    page = signed_in(desk.reviewer).post(HAND_OVER, {"task": [task.pk], "to": getattr(desk, to).pk})
    assert page.context["form"].errors["to"]
    assert holder(task) is None


@pytest.mark.parametrize("who", ["stranger", "office", "clerk"])
def test_tasks_of_another_desk_are_not_handed_over(who, desk, task, signed_in):
    user = getattr(desk, who)
    client = signed_in(user)
    client.post(HAND_OVER, {"task": [task.pk], "to": ""})
    client.post(TODO, {"action": "look_after", ACTION_CHECKBOX_NAME: [task.pk]})
    assert holder(task) is None
    assert not LogEntry.objects.filter(object_id=task.pk).exists()


def test_a_finished_task_stays_with_who_had_it(desk, task, signed_in):
    perform(task.owner, "local_approve", by=desk.colleague)
    signed_in(desk.reviewer).post(HAND_OVER, {"task": [task.pk], "to": desk.colleague.pk})
    assert holder(task) is None


def test_a_get_hands_over_nothing(desk, task, signed_in):
    assert signed_in(desk.reviewer).get(HAND_OVER, {"task": task.pk}).url == TODO
    assert holder(task) is None
