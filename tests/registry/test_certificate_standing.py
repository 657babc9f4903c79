"""How a certificate stands today, told alike wherever it is shown: valid, soon to expire, expired, cancelled."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.public.views_check import shown
from backoffice.roles import Role
from registry.matching import Asked, Match, describe_certificate
from registry.models import Certificate
from tests.factories import CertificateFactory, CompanyFactory, UserFactory, client_of

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 28)
LIST = "/admin/registry/certificate/"


@pytest.mark.parametrize(
    ("status", "days", "told"),
    [
        ("VALID", 91, "有效"), ("VALID", 90, "即将到期"), ("VALID", 0, "即将到期"), ("VALID", -1, "已过期"),
        ("CANCELLED", 400, "已注销"), ("CANCELLED", -1, "已注销"),
    ],
)  # fmt: skip
def test_the_standing_follows_the_last_day_unless_the_certificate_was_cancelled(status, days, told):
    row = Certificate(status=status, expiry_date=TODAY + datetime.timedelta(days=days))
    assert str(row.standing(TODAY).label) == told


def expired(**values):
    day = timezone.localdate() - datetime.timedelta(days=1)
    return CertificateFactory(issue_date=day - datetime.timedelta(days=1000), expiry_date=day, **values)


def test_lists_and_tabs_call_an_expired_certificate_expired():
    company = CompanyFactory()
    certificate = expired(person__company=company)
    office = client_of(UserFactory(role=Role.OFFICE))
    finance = client_of(UserFactory(role=Role.FINANCE))
    for client, url in [
        (office, LIST), (office, reverse("admin:registry_person_change", args=[certificate.person_id])),
        (office, reverse("admin:registry_company_change", args=[company.pk])),
        (finance, reverse("admin:registry_certificate_change", args=[certificate.pk])),
    ]:  # fmt: skip
        assert "已过期" in client.get(url).content.decode(), url


def test_help_matches_and_the_public_check_tell_the_same():
    certificate = expired()
    match = describe_certificate(
        Match(certificate, ""),
        Asked("", "", "", "", "", ""),
    )
    assert "已过期" in [str(fact.value) for fact in match.facts]
    assert str(shown(certificate)["validity"]) == "已过期"


def test_the_list_is_filtered_by_what_it_says():
    today = timezone.localdate()
    late = expired()
    soon = CertificateFactory(issue_date=today - datetime.timedelta(days=900), expiry_date=today)
    good = CertificateFactory(
        issue_date=today - datetime.timedelta(days=9), expiry_date=today + datetime.timedelta(days=999)
    )
    gone = expired(status="CANCELLED")
    office = client_of(UserFactory(role=Role.OFFICE))

    def found(status):
        return set(office.get(LIST, {"status": status}).context_data["cl"].result_list)

    assert found("CURRENT") == {soon, good}
    assert found("SOON") == {soon}
    assert found("EXPIRED") == {late}
    assert found("VALID") == {late, soon, good}
    assert found("CANCELLED") == {gone}
