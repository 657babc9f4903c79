"""Many people at once, on PostgreSQL with real row locks: exactly one effect, everyone else is told."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from django.db import connection, transaction
from django_fsm import ConcurrentTransition

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled
from backoffice.core.models import Task, TransitionLog
from backoffice.roles import Role
from tests.factories import PaperFactory, UserFactory
from tests.flowapp.models import Paper, State

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 20


def all_at_once(jobs: Sequence[Callable[[], object]]) -> list[str]:
    """Start every job at the same moment in a thread of its own; return what became of each."""
    barrier = threading.Barrier(len(jobs))
    outcomes: list[str] = []

    def run(job: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            job()
            outcomes.append("done")
        except Exception as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == len(jobs)
    return outcomes


def test_twenty_reviewers_approve_the_same_paper_and_one_does() -> None:
    paper = PaperFactory()
    clerk = UserFactory(role=Role.COMPANY, company=paper.company)
    body = UserFactory(role=Role.LOCAL_BODY, local_body=paper.local_body)
    perform(paper, "submit", by=clerk)
    perform(paper, "local_approve", by=body)
    reviewers = UserFactory.create_batch(THREADS, role=Role.OFFICE)

    def approval(reviewer: User) -> Callable[[], object]:
        return lambda: perform(Paper.objects.get(pk=paper.pk), "approve", by=reviewer)

    outcomes = Counter(all_at_once([approval(reviewer) for reviewer in reviewers]))
    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    paper.refresh_from_db()
    assert (paper.state, paper.effects) == (State.APPROVED, 1)
    assert TransitionLog.of(paper).filter(step="approve").count() == 1
    assert Task.of(paper).filter(closed_with="approve").count() == 1
    assert not Task.of(paper).filter(closed_at=None).exists()
    assert paper.history.filter(state=State.APPROVED).count() == 1


def test_approval_and_return_at_the_same_moment_do_not_both_happen() -> None:
    paper = PaperFactory()
    perform(paper, "submit", by=UserFactory(role=Role.COMPANY, company=paper.company))
    reviewers = UserFactory.create_batch(THREADS, role=Role.LOCAL_BODY, local_body=paper.local_body)

    def decision(n: int, reviewer: User) -> Callable[[], object]:
        name = ("local_approve", "local_return")[n % 2]
        return lambda: perform(Paper.objects.get(pk=paper.pk), name, by=reviewer, opinion="意见")

    outcomes = Counter(all_at_once([decision(n, reviewer) for n, reviewer in enumerate(reviewers)]))
    assert outcomes == {"done": 1, AlreadyHandled.__name__: THREADS - 1}
    log = TransitionLog.of(paper).latest("id")
    paper.refresh_from_db()
    assert paper.state == log.target
    assert Task.of(paper).get(closed_at=None).state == paper.state


@pytest.mark.parametrize("attempt", range(3))
def test_what_was_submitted_is_what_stays(attempt: int) -> None:
    """Editors and submitters at once: an edit wins before the submit or not at all."""
    paper = PaperFactory(title="原标题")
    clerk = UserFactory(role=Role.COMPANY, company=paper.company)

    def edit(n: int) -> None:
        with transaction.atomic():
            draft = Paper.objects.get(pk=paper.pk)
            if draft.state != State.DRAFT:
                raise AlreadyHandled("locked")
            draft.title = f"第{n}次修改"
            draft.save()

    def submit() -> None:
        perform(Paper.objects.get(pk=paper.pk), "submit", by=clerk)

    jobs: list[Callable[[], object]] = [lambda n=n: edit(n) for n in range(THREADS // 2)]  # type: ignore[misc]
    outcomes = Counter(all_at_once([*jobs, *[submit] * (THREADS // 2)]))
    assert set(outcomes) <= {"done", AlreadyHandled.__name__, ConcurrentTransition.__name__}
    paper.refresh_from_db()
    assert paper.state == State.LOCAL_REVIEW
    submitted = paper.history.get(state=State.LOCAL_REVIEW)
    assert submitted == paper.history.latest("history_id")
    assert submitted.title == paper.title
    assert TransitionLog.of(paper).count() == 1
