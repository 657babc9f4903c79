"""Approving and returning many tasks at once: each by itself, with its outcome; never beyond one's own desk."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.inbox import decide
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from tests.factories import PaperFactory, UserFactory
from tests.flowapp.models import Paper, State

pytestmark = pytest.mark.django_db
TODO, DECIDE = "/admin/core/task/", "/admin/core/task/decide/"


def tasks_of(*papers):
    return [Task.of(paper).get(closed_at=None).pk for paper in papers]


def choose(client, ids, action="decide_selected"):
    return client.post(TODO, {"action": action, ACTION_CHECKBOX_NAME: ids}, follow=True)


def states(*papers):
    return [Paper.objects.get(pk=paper.pk).state for paper in papers]


def told(response):
    return [str(message) for message in response.context["messages"]]


def outcomes(response):
    return [(outcome.task and outcome.task.pk, outcome.is_done) for outcome in response.context["outcomes"]]


def test_selected_tasks_are_approved_with_one_opinion(desk, signed_in):
    papers = [desk.waiting() for _ in range(3)]
    ids = tasks_of(*papers)
    client = signed_in(desk.reviewer)
    page = choose(client, ids)
    assert [step.name for step in page.context["steps"]] == ["local_approve", "local_return"]
    response = client.post(DECIDE, {"task": ids, "step": "local_approve", "opinion": "材料齐全"})
    assert outcomes(response) == [(pk, True) for pk in ids]
    assert states(*papers) == [State.OFFICE_REVIEW] * 3
    assert {log.opinion for log in TransitionLog.objects.filter(step="local_approve")} == {"材料齐全"}


def test_a_return_of_many_needs_an_opinion_and_what_was_chosen_is_kept(desk, signed_in):
    papers = [desk.waiting(), desk.waiting()]
    ids = tasks_of(*papers)
    client = signed_in(desk.reviewer)
    page = client.post(DECIDE, {"task": ids, "step": "local_return", "opinion": " "})
    assert page.context["form"].errors["opinion"]
    assert [task.pk for task in page.context["tasks"]] == ids
    assert states(*papers) == [State.LOCAL_REVIEW] * 2
    client.post(DECIDE, {"task": ids, "step": "local_return", "opinion": "缺少附件"})
    assert states(*papers) == [State.DRAFT] * 2


def test_one_refusal_does_not_hold_up_the_others(desk, signed_in):
    papers = [PaperFactory(company=desk.company, local_body=desk.body) for _ in range(3)]
    Paper.objects.filter(pk=papers[1].pk).update(title="")
    ids = tasks_of(*papers)
    response = signed_in(desk.clerk).post(DECIDE, {"task": ids, "step": "submit"})
    assert outcomes(response) == [(ids[0], True), (ids[1], False), (ids[2], True)]
    assert "The title is empty" in response.content.decode()
    assert states(*papers) == [State.LOCAL_REVIEW, State.DRAFT, State.LOCAL_REVIEW]


def test_one_crash_does_not_hold_up_the_others_and_leaves_no_trace(desk, monkeypatch):
    papers = [desk.waiting(title=title) for title in ("good", "bad", "also good")]
    ids = tasks_of(*papers)

    def crash(self, *args):
        if self.title == "bad":
            raise OSError("the disk is full")

    monkeypatch.setattr(Paper, "transition_done", crash)
    found = decide(ids, "local_approve", by=desk.reviewer)
    assert [outcome.is_done for outcome in found] == [True, False, True]
    assert "disk" not in found[1].reasons[0]
    assert states(*papers) == [State.OFFICE_REVIEW, State.LOCAL_REVIEW, State.OFFICE_REVIEW]
    assert not TransitionLog.of(papers[1]).filter(step="local_approve").exists()


def test_what_a_colleague_handled_meanwhile_is_told_not_done_twice(desk, signed_in):
    first, second = desk.waiting(), desk.waiting()
    ids = tasks_of(first, second)
    perform(first, "local_return", by=desk.colleague, opinion="缺少附件")
    perform(first, "submit", by=desk.clerk)  # it waits here again: a new task, which nobody chose
    response = signed_in(desk.reviewer).post(DECIDE, {"task": ids, "step": "local_approve"})
    assert outcomes(response) == [(ids[0], False), (ids[1], True)]
    assert states(first, second) == [State.LOCAL_REVIEW, State.OFFICE_REVIEW]
    again = signed_in(desk.reviewer).post(DECIDE, {"task": ids, "step": "local_approve"})
    assert outcomes(again) == [(ids[0], False), (ids[1], False)]  # the page was sent twice


def test_tasks_of_another_desk_are_never_touched_nor_named(desk, signed_in):
    paper = desk.waiting(title="别人的文件")
    ids = tasks_of(paper)
    for user in (desk.stranger, UserFactory(role=Role.COMPANY), UserFactory(role=Role.FINANCE)):
        client = signed_in(user)
        response = client.post(DECIDE, {"task": ids, "step": "local_approve"})
        assert outcomes(response) == [(None, False)]
        assert "别人的文件" not in response.content.decode()
        choose(client, ids)
    for user in (desk.office, UserFactory(role=Role.ADMIN), UserFactory(role=Role.AUDITOR)):
        response = signed_in(user).post(DECIDE, {"task": ids, "step": "local_approve"})
        assert not any(is_done for _pk, is_done in outcomes(response))
    assert states(paper) == [State.LOCAL_REVIEW]


def test_only_tasks_in_the_same_state_are_decided_together(desk, signed_in):
    draft = PaperFactory(company=desk.company, local_body=desk.body)
    returned = desk.waiting()
    Task.of(returned).filter(closed_at=None).update(role=Role.COMPANY, bound_id=desk.company.pk)
    ids = tasks_of(draft, returned)
    client = signed_in(desk.clerk)
    assert len(told(choose(client, ids))) == 1
    assert len(told(client.post(DECIDE, {"task": ids, "step": "submit"}, follow=True))) == 1
    assert states(draft, returned) == [State.DRAFT, State.LOCAL_REVIEW]


@pytest.mark.parametrize("step", ["approve", "no_such_step", "", "delete"])
def test_a_step_that_is_not_offered_is_not_taken(step, desk, signed_in):
    paper = desk.waiting()
    page = signed_in(desk.reviewer).post(DECIDE, {"task": tasks_of(paper), "step": step})
    assert [task.pk for task in page.context["tasks"]] == tasks_of(paper)
    assert states(paper) == [State.LOCAL_REVIEW]


def test_more_than_two_hundred_are_refused_with_a_sentence(desk, signed_in, monkeypatch):
    monkeypatch.setattr("backoffice.core.admin.inbox_actions.MOST", 2)
    ids = tasks_of(*[desk.waiting() for _ in range(3)])
    assert "2" in told(choose(signed_in(desk.reviewer), ids))[0]


def test_a_get_or_nonsense_leads_back_to_the_inbox(desk, signed_in):
    client = signed_in(desk.reviewer)
    assert client.get(DECIDE).url == TODO == reverse("admin:core_task_changelist")
    assert client.post(DECIDE, {"task": ["x", "", "9" * 30], "step": "local_approve"}).url == TODO
