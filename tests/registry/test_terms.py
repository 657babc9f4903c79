"""The terms of a certificate say what its dates say: corrected with them, appended by a renewal, corrected by hand."""

import datetime
from typing import Any

import pytest
from django.urls import reverse

from backoffice.core import imports
from backoffice.roles import Role
from registry.models import Certificate
from registry.terms import Dates, corrections, is_renewal
from tests.factories import CertificateFactory, UserFactory, client_of
from tests.registry.import_files import carry_out, known_company, row

pytestmark = pytest.mark.django_db
Day = datetime.date
FIRST = (Day(2021, 3, 1), Day(2024, 2, 29))
SECOND = (Day(2024, 3, 1), Day(2027, 2, 28))


@pytest.fixture
def certificate() -> Certificate:
    """Renewed once: two terms."""
    found = CertificateFactory(
        issue_date=FIRST[0], renewal_date=SECOND[0], expiry_date=SECOND[1], term=False, number="A2100001"
    )
    for start, end in (FIRST, SECOND):
        found.terms.create(start_date=start, expiry_date=end)
    return found


@pytest.fixture
def office() -> Any:
    return client_of(UserFactory(role=Role.OFFICE))


def terms(certificate: Certificate) -> list[tuple[Day, Day]]:
    return list(certificate.terms.order_by("start_date", "id").values_list("start_date", "expiry_date"))


def save(client: Any, certificate: Certificate, **values: Any) -> None:
    url = reverse("admin:registry_certificate_change", args=[certificate.pk])
    form = client.get(url).context["adminform"].form
    shown = {name: form.initial.get(name) for name in form.fields}
    data = {name: "" if value is None else value for name, value in shown.items()} | values
    answer = client.post(url, data | {"change_reason": "录入错误"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors


def test_correcting_the_first_issue_corrects_the_first_term(certificate: Certificate, office: Any) -> None:
    save(office, certificate, issue_date="2021-02-01")
    assert terms(certificate) == [(Day(2021, 2, 1), FIRST[1]), SECOND]
    reason = certificate.history.first().history_change_reason
    assert "录入错误" in reason
    assert "2021-03-01" in reason
    assert "2021-02-01" in reason


def test_correcting_the_present_dates_corrects_the_present_term(
    certificate: Certificate, office: Any
) -> None:
    save(office, certificate, renewal_date="2024-03-10", expiry_date="2027-03-09")
    assert terms(certificate) == [FIRST, (Day(2024, 3, 10), Day(2027, 3, 9))]


def test_a_renewal_entered_by_hand_appends_a_term(certificate: Certificate, office: Any) -> None:
    save(office, certificate, renewal_date="2027-03-01", expiry_date="2030-02-28")
    assert terms(certificate) == [FIRST, SECOND, (Day(2027, 3, 1), Day(2030, 2, 28))]


def test_a_renewal_that_never_was_is_taken_off_with_its_term(certificate: Certificate, office: Any) -> None:
    save(office, certificate, renewal_date="", expiry_date=FIRST[1].isoformat())
    assert terms(certificate) == [FIRST]
    assert "2027-02-28" in certificate.history.first().history_change_reason


def test_saving_something_else_leaves_the_terms(certificate: Certificate, office: Any) -> None:
    save(office, certificate, remark="备注")
    assert terms(certificate) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("before", "after", "renewal", "number"),
    [
        ((2021, None, 2024), (2021, 2024, 2027), True, 0),
        ((2021, 2024, 2027), (2021, 2027, 2030), True, 0),
        ((2021, None, 2024), (2022, None, 2024), False, 1),
        ((2021, 2024, 2027), (2020, 2024, 2027), False, 1),
        ((2021, 2024, 2027), (2020, 2023, 2027), False, 2),
        ((2021, 2024, 2027), (2020, 2027, 2030), True, 1),
        ((2021, 2024, 2027), (2021, 2024, 2027), False, 0),
    ],
)
def test_what_is_a_renewal_and_what_a_correction(before: Any, after: Any, renewal: bool, number: int) -> None:
    old, new = (
        Dates(Day(issue, 5, 1), Day(renewed, 5, 1) if renewed else None, Day(end, 4, 30))
        for issue, renewed, end in (before, after)
    )
    assert (is_renewal(old, new), len(corrections(old, new))) == (renewal, number)


# --- One term, by hand --------------------------------------------------------------------------------


def page(certificate: Certificate, which: int) -> str:
    term = certificate.terms.order_by("start_date")[which]
    return reverse("admin:registry_certificate_term", args=[certificate.pk, term.pk])


def test_the_office_corrects_a_term_with_a_reason(certificate: Certificate, office: Any) -> None:
    url = reverse("admin:registry_certificate_change", args=[certificate.pk])
    assert page(certificate, 0) in office.get(url).content.decode()
    asked = {"start_date": "2021-02-15", "expiry_date": "2024-02-14"}
    assert office.post(page(certificate, 0), asked).context["form"].errors.keys() == {"reason"}
    office.post(page(certificate, 0), asked | {"reason": "见原证"})
    assert terms(certificate) == [(Day(2021, 2, 15), Day(2024, 2, 14)), SECOND]
    certificate.refresh_from_db()
    assert (certificate.issue_date, certificate.expiry_date) == (Day(2021, 2, 15), SECOND[1])
    assert "见原证" in certificate.history.first().history_change_reason


def test_the_certificate_follows_its_present_term(certificate: Certificate, office: Any) -> None:
    asked = {"start_date": "2024-03-05", "expiry_date": "2027-03-04", "reason": "见原证"}
    office.post(page(certificate, 1), asked)
    certificate.refresh_from_db()
    assert (certificate.renewal_date, certificate.expiry_date) == (Day(2024, 3, 5), Day(2027, 3, 4))
    assert terms(certificate) == [FIRST, (Day(2024, 3, 5), Day(2027, 3, 4))]


@pytest.mark.parametrize(
    ("start", "end"), [("2024-03-05", "2023-01-01"), ("2020-01-01", "2021-01-01"), FIRST]
)
def test_dates_out_of_order_are_a_sentence(
    start: Any, end: Any, certificate: Certificate, office: Any
) -> None:
    answer = office.post(page(certificate, 1), {"start_date": start, "expiry_date": end, "reason": "x"})
    assert answer.context["form"].errors
    assert terms(certificate) == [FIRST, SECOND]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICE])
def test_nobody_else_corrects_a_term(role: Role, certificate: Certificate) -> None:
    client = client_of(UserFactory(role=role))
    data = {"start_date": "2020-01-01", "expiry_date": "2027-01-01", "reason": "x"}
    assert client.post(page(certificate, 0), data).status_code in (403, 404)
    assert terms(certificate) == [FIRST, SECOND]


# --- By import ----------------------------------------------------------------------------------------


def test_an_import_corrects_the_term_and_its_undo_puts_it_back() -> None:
    known_company()
    by = UserFactory(role=Role.OFFICE)
    carry_out(row(1), row(2), by=by)
    run = carry_out(
        row(1, issue_date="2024-02-01"), row(2, renewal_date="2027-01-02", expiry_date="2030-01-01"), by=by
    )
    one, two = Certificate.objects.order_by("number")
    assert terms(one) == [(Day(2024, 2, 1), Day(2027, 1, 1))]
    assert len(terms(two)) == 2
    imports.undo(run, by)
    assert terms(one) == terms(two) == [(Day(2024, 1, 1), Day(2027, 1, 1))]


def test_a_term_corrected_since_stands_against_the_undo_of_its_import(office: Any) -> None:
    known_company()
    by = UserFactory(role=Role.OFFICE)
    run = carry_out(row(1), by=by)
    certificate = Certificate.objects.get()
    asked = {"start_date": "2024-01-05", "expiry_date": "2027-01-04", "reason": "见原证"}
    office.post(page(certificate, 0), asked)
    assert certificate.number in imports.undo_blockers(run)[0]
