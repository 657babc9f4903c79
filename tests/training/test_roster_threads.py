"""Two tabs at once on PostgreSQL: a roster never changes behind a submit, and a number is on it once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory
from tests.training.roster_tools import draft_with, entries, held_by
from training.drafting import DraftClosed, enter, lock_draft, remove_lines
from training.entries import Entry
from training.models import CertificateLookup, Enrolment

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*acts: Callable[[], None]) -> None:
    """Run the acts in threads that begin together."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        barrier.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def adding(draft: Enrolment, certificate: Any, user: Any, closed: list[DraftClosed]) -> Callable[[], None]:
    def act() -> None:
        try:
            with transaction.atomic():
                enter(lock_draft(draft.pk, user), entries(certificate), user)
        except DraftClosed as reason:
            closed.append(reason)

    return act


def test_the_same_number_from_ten_tabs_is_on_the_roster_once() -> None:
    draft, user = draft_with()
    certificate, closed = held_by(draft.company), []
    at_once(*[adding(draft, certificate, user, closed) for _ in range(10)])
    assert (draft.lines.count(), closed) == (1, [])
    draft.refresh_from_db()
    assert draft.people == 1


@pytest.mark.parametrize("attempt", range(5))
def test_editing_against_submitting_leaves_bill_and_roster_alike(attempt: int) -> None:
    draft = EnrolmentFactory(people=2)
    user = UserFactory(role="COMPANY", company=draft.company)
    certificate, gone, closed, refused = held_by(draft.company), draft.lines.first(), [], []

    def submit() -> None:
        try:
            perform(draft, "submit", by=user)
        except StepRefused as reason:
            refused.append(reason)

    def remove() -> None:
        try:
            with transaction.atomic():
                remove_lines(lock_draft(draft.pk, user), [gone.pk], user)
        except DraftClosed as reason:
            closed.append(reason)

    at_once(submit, adding(draft, certificate, user, closed), remove)
    assert refused == []
    enrolment = Enrolment.objects.get(pk=draft.pk)
    assert enrolment.state == "LOCAL_REVIEW"
    assert enrolment.people == enrolment.lines.count()
    assert enrolment.bill.total == enrolment.amount == 300 * enrolment.lines.count()


def test_wrong_answers_from_ten_tabs_are_counted_together() -> None:
    """Ten drafts at once, each with a list of guesses: the company still gets twenty wrong answers."""
    draft, user = draft_with()
    drafts = [draft, *(draft_with(user=user, company=draft.company)[0] for _ in range(9))]

    def guessing(one: Enrolment, start: int) -> Callable[[], None]:
        def act() -> None:
            guesses = [Entry(f"Z{start + n:06d}", name="张三") for n in range(10)]
            with transaction.atomic():
                enter(lock_draft(one.pk, user, looks_up=True), guesses, user)

        return act

    at_once(*[guessing(one, 100 * place) for place, one in enumerate(drafts)])
    assert CertificateLookup.objects.filter(is_wrong=True).count() == 20
