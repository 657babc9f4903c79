"""Many enrolments begun at once, on PostgreSQL: every one its own number, and none is left out."""

from collections.abc import Callable

import pytest

from backoffice.core.engine import start
from backoffice.core.models.numbers import written
from tests.core.test_flow_threads import THREADS, all_at_once
from tests.enrolments import EnrolmentFactory
from tests.factories import UserFactory
from training.models import Enrolment

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_twenty_enrolments_begun_at_once_get_twenty_numbers_without_a_gap() -> None:
    template = EnrolmentFactory()
    user = UserFactory(role="COMPANY", company=template.company)

    def begin(n: int) -> Callable[[], object]:
        row = Enrolment(company=template.company, training_class=template.training_class, contact_name=str(n))
        return lambda: start(row, by=user)

    assert all_at_once([begin(n) for n in range(THREADS)]) == ["done"] * THREADS
    year = 2000 + int(template.number[:2])
    assert set(Enrolment.objects.values_list("number", flat=True)) == {
        written(year, n) for n in range(1, THREADS + 2)
    }
