"""The list of failed sign-ins: who reads it sees from where, and not whose ID number it is."""

import pytest
from axes.models import AccessAttempt
from django.urls import reverse
from django.utils import timezone

from backoffice.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
ID_NUMBER = "44010319600101001X"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
@pytest.mark.parametrize(
    "typed", [ID_NUMBER, f"code:{ID_NUMBER}", ID_NUMBER[:17], f"x{ID_NUMBER}", "13812345678"]
)
def test_numbers_of_people_are_masked_on_the_list_and_the_page(role, typed, signed_in):
    attempt = AccessAttempt.objects.create(
        username=typed, ip_address="203.0.113.1", attempt_time=timezone.now(), failures_since_start=1
    )
    client = signed_in(UserFactory(role=role))
    for address in (
        reverse("admin:axes_accessattempt_changelist"),
        reverse("admin:axes_accessattempt_change", args=[attempt.pk]),
    ):
        page = client.get(address).content.decode()
        assert "203.0.113.1" in page
        assert typed not in page
        assert "****" in page or "***" in page


def test_names_of_companies_are_readable(signed_in):
    AccessAttempt.objects.create(
        username="广州甲监理", ip_address="203.0.113.1", attempt_time=timezone.now(), failures_since_start=1
    )
    page = signed_in(UserFactory(role=Role.ADMIN)).get(reverse("admin:axes_accessattempt_changelist"))
    assert "广州甲监理" in page.content.decode()
