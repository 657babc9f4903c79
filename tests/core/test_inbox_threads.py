"""Two reviewers with the same list before them, on PostgreSQL: each task is decided once."""

import threading

import pytest
from django.db import connection

from backoffice.core.engine import perform
from backoffice.core.inbox import decide
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from tests.factories import UserFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
PAPERS = 10


def at_once(*jobs):
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(n, job):
        try:
            barrier.wait(timeout=30)
            results[n] = job()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


@pytest.mark.parametrize("second_step", ["approve", "office_return"])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_two_reviewers_decide_the_same_tasks_and_each_task_is_decided_once(second_step, is_reversed, desk):
    papers = [perform(desk.waiting(), "local_approve", by=desk.reviewer) for _ in range(PAPERS)]
    ids = [Task.of(paper).get(closed_at=None).pk for paper in papers]
    one, two = UserFactory.create_batch(2, role=Role.OFFICE)
    others = ids[::-1] if is_reversed else ids
    first, second = at_once(
        lambda: decide(ids, "approve", by=one, opinion="好"),
        lambda: decide(others, second_step, by=two, opinion="不好"),
    )
    done = [outcome.task.pk for outcome in [*first, *second] if outcome.is_done]
    assert sorted(done) == sorted(ids)
    for paper in papers:
        paper.refresh_from_db()
        log = TransitionLog.of(paper).get(step__in=("approve", "office_return"))
        assert paper.state == log.target
        assert paper.effects == (log.step == "approve")
        assert Task.objects.get(pk=ids[papers.index(paper)]).closed_with == log.step
