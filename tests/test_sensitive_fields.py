"""One table of sensitive fields and roles, obeyed by pages, searches, orders, files and what the auditor asks for.

That no page of finance or the auditor says a planted number is walked by tests/test_access_matrix.py.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.core.disclosure import OPEN_FOR
from backoffice.core.models import Attachment, Disclosure, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import mask_text, shown_to
from backoffice.roles import PAPERS, SENSITIVE, WHOLE, Role, level_of, paper_level
from registry.models import Person
from tests.factories import (
    CertificateFactory,
    HelpRequestFactory,
    PersonalApplicationFactory,
    PersonFactory,
    UserFactory,
    client_of,
    give_papers,
)
from tests.files.images import jpeg
from tests.registry.import_files import look_through, row

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/registry/person/"


@pytest.fixture(scope="module")
def known(kept_for_file: Path) -> SimpleNamespace:
    person = PersonFactory(name="周小敏", phone="13812345678", email="zhou@example.org")
    CertificateFactory(person=person)
    scan = give_papers(person, "ID_CARD", content=jpeg())[0]
    users = {role: UserFactory(role=role) for role in (Role.OFFICE, Role.FINANCE, Role.AUDITOR, Role.ADMIN)}
    return SimpleNamespace(person=person, scan=scan, users=users, masked=f"{person.id_number[:4]}**********")


def page(known: SimpleNamespace, role: Role, url: str = "", **data: Any) -> str:
    url = url or reverse("admin:registry_person_change", args=[known.person.pk])
    return client_of(known.users[role]).get(url, data, follow=True).content.decode()


def test_finance_and_auditor_read_nothing_of_a_person_whole() -> None:
    """By hand, so that a slip in the table is seen."""
    for key in SENSITIVE:
        label, _dot, name = key.rpartition(".")
        if label.startswith(("registry.LocalBody", "fees.BankAccount", "core.Attachment")):
            continue
        pays_back = key == "fees.Refund.payee_account"
        for role in (Role.AUDITOR,) if pays_back else (Role.FINANCE, Role.AUDITOR):
            assert level_of(role, label, name) != WHOLE, (role, key)
    assert {kind for kind in PAPERS if paper_level(Role.FINANCE, kind) == WHOLE} == {"VOUCHER"}
    assert paper_level(Role.AUDITOR, "ID_CARD") != WHOLE


def test_an_unknown_role_reads_nothing_and_an_unlisted_kind_is_a_personal_paper() -> None:
    assert level_of(None, "registry.Person", "phone") == "none"
    assert paper_level(Role.FINANCE, "NEW_KIND") == "none"


def test_the_page_shows_masked_values_to_the_auditor_and_leaves_phone_and_mail_out_for_finance(
    known: SimpleNamespace,
) -> None:
    audited, paid = page(known, Role.AUDITOR), page(known, Role.FINANCE)
    assert known.masked in audited
    assert "138****5678" in audited
    assert "z***@example.org" in audited
    assert known.masked in paid
    assert "移动电话" not in paid
    assert "138****5678" not in paid
    assert known.person.id_number in page(known, Role.OFFICE)


def test_the_list_has_masked_columns_that_cannot_be_sorted_by(known: SimpleNamespace) -> None:
    PersonFactory()
    changelist = client_of(known.users[Role.AUDITOR]).get(PEOPLE, {"o": "2"}).context["cl"]
    assert "id_number" in changelist.list_display
    assert [row.pk for row in changelist.result_list] == list(
        Person.objects.order_by("-id").values_list("pk", flat=True)
    )
    assert "phone" not in client_of(known.users[Role.FINANCE]).get(PEOPLE).context["cl"].list_display


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FINANCE])
def test_a_masked_number_is_not_guessed_digit_by_digit(role: Role, known: SimpleNamespace) -> None:
    client = client_of(known.users[role])

    def found(term: str) -> list[Any]:
        return list(client.get(PEOPLE, {"q": term}, follow=True).context["cl"].result_list)

    assert found(known.person.id_number) == [known.person]
    assert found(known.person.id_number[:12]) == []
    assert found("1381234") == []
    assert found(known.person.phone) == ([known.person] if role == Role.AUDITOR else [])


def test_applications_transfers_and_pairs_are_no_oracle_either() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client = client_of(UserFactory(role=Role.AUDITOR))
    url = "/admin/registry/personalapplication/"

    def count(term: str) -> int:
        return client.get(url, {"q": term}, follow=True).context["cl"].result_count

    assert (count(application.id_number), count(application.id_number[:10])) == (1, 0)
    assert not client.get("/admin/registry/duplicatepair/").context["cl"].search_fields


# --- Free text ---------------------------------------------------------------------------------------


def test_numbers_in_free_text_are_masked_too(known: SimpleNamespace) -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    number = application.id_number
    TransitionLog.of(application).update(opinion=f"号码{number}，电话{application.phone}")
    url = reverse("admin:registry_personalapplication_change", args=[application.pk])
    assert number in page(known, Role.OFFICE, url)
    text = page(known, Role.AUDITOR, url)
    assert number not in text
    assert application.phone not in text
    assert "号码" in text


def test_what_is_no_number_of_a_person_stays_as_it_is() -> None:
    for text in ("12440000455858138X", "91440101MA5CQ8XM5X", "A1160123", "2026-11-28", "6222021234567890123"):
        assert mask_text(text) == text


def test_the_first_rows_of_an_import_are_masked_and_its_file_is_nobodys_who_hands_none_in(
    known: SimpleNamespace,
) -> None:
    run = look_through(row(1, number="A1999902", phone="13712349999"), by=known.users[Role.OFFICE])
    url = reverse("admin:core_importrun_change", args=[run.pk])
    number = next(rows[0] for rows in run.samples.values() if rows)["values"]["id_number"]
    whole, text = page(known, Role.OFFICE, url), page(known, Role.AUDITOR, url)
    assert number in whole
    assert number not in text
    assert "13712349999" not in text
    download = reverse("admin:core_importrun_file", args=[run.pk, "upload"])
    assert download in whole
    assert download not in text
    assert client_of(known.users[Role.AUDITOR]).get(download).status_code == 404


def test_the_help_desks_matches_are_masked_as_their_own_pages_are(known: SimpleNamespace) -> None:
    asked = HelpRequestFactory(name=known.person.name, id_number=known.person.id_number, phone="13955556666")
    url = reverse("admin:registry_helprequest_change", args=[asked.pk])
    assert known.person.phone in page(known, Role.OFFICE, url)
    text = page(known, Role.AUDITOR, url)
    assert known.person.phone not in text
    assert known.person.email not in text
    assert asked.phone not in text


# --- Files -------------------------------------------------------------------------------------------


def test_finance_has_no_scans_of_people(known: SimpleNamespace) -> None:
    assert not visible_to(Attachment, known.users[Role.FINANCE]).filter(pk=known.scan.pk).exists()
    answer = client_of(known.users[Role.FINANCE]).get(reverse("core:attachment", args=[known.scan.pk]))
    assert answer.status_code == 404


def test_the_auditor_opens_a_scan_with_a_reason_and_for_a_while(known: SimpleNamespace) -> None:
    client, url = client_of(known.users[Role.AUDITOR]), reverse("core:attachment", args=[known.scan.pk])
    assert client.get(f"{url}thumb/")["Content-Type"] == "image/svg+xml"
    ask = client.get(url)
    assert ask.status_code == 302
    assert client.post(ask["Location"], {"reason": ""}).status_code == 200
    assert not Disclosure.objects.exists()
    opened = client.post(ask["Location"], {"reason": "核对身份证"}, follow=True)
    assert opened["Content-Type"] == "image/jpeg"
    assert Disclosure.objects.get().reason == "核对身份证"
    Disclosure.objects.update(at=timezone.now() - OPEN_FOR)
    assert client.get(url).status_code == 302


# --- One value with a reason -------------------------------------------------------------------------


def test_the_auditor_has_one_value_shown_with_a_reason_that_is_kept(known: SimpleNamespace) -> None:
    client = client_of(known.users[Role.AUDITOR])
    ask = reverse("admin:core_disclosure_ask", args=["registry.person", known.person.pk, "id_number"])
    assert ask in page(known, Role.AUDITOR)
    assert known.person.id_number not in client.get(ask).content.decode()
    assert known.person.id_number not in client.post(ask, {"reason": ""}).content.decode()
    answer = client.post(ask, {"reason": "投诉核查"})
    assert known.person.id_number in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    entry = Disclosure.objects.get()
    assert (entry.by, entry.owner, entry.field, entry.label) == (
        known.users[Role.AUDITOR], known.person, "id_number", "周小敏",
    )  # fmt: skip
    for role in (Role.ADMIN, Role.OFFICE):
        assert "投诉核查" in page(known, role, "/admin/core/disclosure/")
    assert client.get("/admin/core/disclosure/").status_code == 403


@pytest.mark.parametrize(
    ("role", "label", "field"),
    [
        (Role.FINANCE, "registry.person", "id_number"),  # masked, and not for finance to ask
        (Role.OFFICE, "registry.person", "id_number"),  # not masked at all
        (Role.AUDITOR, "registry.person", "name"),
        (Role.AUDITOR, "registry.person", "password"),
        (Role.AUDITOR, "accounts.user", "password"),
        (Role.AUDITOR, "core.importrun", "file"),  # not seen at all
        (Role.AUDITOR, "no.model", "phone"),
    ],
)
def test_nothing_else_is_shown_that_way(role: Role, label: str, field: str, known: SimpleNamespace) -> None:
    url = reverse("admin:core_disclosure_ask", args=[label, known.person.pk, field])
    assert client_of(known.users[role]).post(url, {"reason": "就想看看"}).status_code == 404
    assert not Disclosure.objects.exists()


def test_a_masked_value_is_never_written_back(known: SimpleNamespace) -> None:
    for role in (Role.FINANCE, Role.AUDITOR):
        url = reverse("admin:registry_person_change", args=[known.person.pk])
        client_of(known.users[role]).post(url, {"name": "改", "phone": "138****5678"})
    known.person.refresh_from_db()
    assert known.person.phone == "13812345678"
    assert shown_to(known.users[Role.FINANCE], known.person, "phone") == ""
