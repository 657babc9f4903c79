"""Many officers and members at the same moment, on PostgreSQL: one merge, one undo, nothing in between."""

from collections import Counter
from collections.abc import Callable

import pytest

from backoffice.core.engine import perform, start
from backoffice.roles import Role
from registry.merging import MergeRefused, merge
from registry.models import Merge, Person, Transfer
from registry.unmerging import undo
from tests.core.test_flow_threads import all_at_once
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, UserFactory, give_papers
from tests.registry.merge_tools import everything, two_people

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 10


def test_officers_merging_the_same_pair_both_ways_make_one_merge() -> None:
    one, other = two_people()
    certificates = [CertificateFactory(person=person) for person in (one, other)]
    officers = UserFactory.create_batch(THREADS, role=Role.OFFICE)

    def job(n: int) -> Callable[[], object]:
        pair = (one.pk, other.pk) if n % 2 else (other.pk, one.pk)
        return lambda: merge(
            Person.objects.get(pk=pair[0]), Person.objects.get(pk=pair[1]), by=officers[n], reason="同一人"
        )

    outcomes = Counter(all_at_once([job(n) for n in range(THREADS)]))
    assert outcomes == {"done": 1, MergeRefused.__name__: THREADS - 1}
    kept = Person.objects.get(merged_into=None)
    assert {row.pk for row in kept.certificates.all()} == {row.pk for row in certificates}
    assert Merge.objects.count() == 1


def test_officers_undoing_the_same_merge_undo_it_once() -> None:
    one, other = two_people()
    CertificateFactory(person=other)
    officers = UserFactory.create_batch(THREADS, role=Role.OFFICE)
    before = everything()
    done = merge(one, other, by=officers[0], reason="同一人")
    outcomes = Counter(all_at_once([lambda by=by: undo(done, by=by) for by in officers]))  # type: ignore[misc]
    assert outcomes == {"done": 1, MergeRefused.__name__: THREADS - 1}
    assert everything() == before


def test_three_records_merged_in_a_ring_leave_one_that_is_not_merged() -> None:
    people = PersonFactory.create_batch(3, name="陈静")
    officers = UserFactory.create_batch(3, role=Role.OFFICE)
    all_at_once([
        lambda n=n: merge(people[n], people[(n + 1) % 3], by=officers[n], reason="同一人")  # type: ignore[misc]
        for n in range(3)
    ])  # fmt: skip
    left = Person.objects.filter(merged_into=None)
    assert left.count() == 3 - Merge.objects.count()
    assert Merge.objects.count() >= 1
    assert all(person.merged_into in left for person in Person.objects.filter(merged_into__isnull=False))


@pytest.mark.parametrize("attempt", range(3))
def test_a_transfer_approved_during_the_merge_of_its_person_moves_who_is_left(attempt: int) -> None:
    kept, merged = two_people()
    clerk = UserFactory(role=Role.COMPANY, company=CompanyFactory())
    transfer = Transfer(company=clerk.company, name=merged.name, id_number=merged.id_number, created_by=clerk)
    transfer = start(transfer, by=clerk)
    give_papers(transfer, "ID_CARD", "JOINING")
    transfer = perform(transfer, "submit", by=clerk)
    one, other = UserFactory.create_batch(2, role=Role.OFFICE)
    outcomes = all_at_once([
        lambda: perform(transfer, "approve", by=one),
        lambda: merge(kept, merged, take=["company"], by=other, reason="同一人"),
    ])  # fmt: skip
    assert set(outcomes) <= {"done"}
    kept.refresh_from_db()
    assert kept.company == clerk.company
    assert Transfer.objects.get().person_id == kept.pk
