"""The papers that follow a confirmation: what, to whom, until when, and that they have come (manual ch. 4b-6,
FAQ 1)."""

import datetime
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import CertificateFactory, TrainingClassFactory, UserFactory
from training.materials import COPY, ORIGINAL, PAPERS, PHOTO, SHEET, TITLE_COPY, materials_form, materials_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db
Door = Callable[[Any], Client]
Kept = dict[str, Enrolment]
STEPS = ("submit", "local_approve", "submit_voucher", "finance_approve", "training_confirm")


def note(client: Client, enrolment: Enrolment, date: Any) -> Any:
    url = reverse("admin:training_enrolment_papers", args=[enrolment.pk])
    return client.post(url, {"received_on": str(date or "")}, follow=True)


def its_body(enrolment: Enrolment) -> Any:
    return UserFactory(role=Role.LOCAL_BODY, local_body=enrolment.local_body)


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Kept:
    """An enrolment of one person in each state, and a confirmed one of two matters."""
    states = ("DRAFT", "LOCAL_REVIEW", "AWAITING_PAYMENT", "TRAINING_REVIEW", "CONFIRMED", "CANCELLED")
    return {state: EnrolmentFactory(people=1, at=state) for state in states} | {"two matters": confirmed()}


@pytest.fixture
def two_matters(kept: Kept) -> Enrolment:
    """Two renewals and an upgrade, confirmed."""
    return deepcopy(kept["two matters"])


def confirmed() -> Enrolment:
    enrolment = EnrolmentFactory(people=2)
    held = CertificateFactory(
        person__company=enrolment.company, printed_company=enrolment.company.name, type="SUPERVISOR"
    )
    EnrolmentLineFactory(enrolment=enrolment, certificate=held, category="ENGINEER", matter="UPGRADE")
    return advance(enrolment, *STEPS)


def test_each_matter_has_its_papers() -> None:
    from training.models import EnrolmentLine

    assert set(PAPERS) == set(EnrolmentLine.Matter)


def test_the_papers_are_counted_by_kind_with_the_sealed_sheet_first(two_matters: Enrolment) -> None:
    materials = materials_of(two_matters)
    assert materials is not None
    assert materials.papers[0] == (SHEET, 1)
    assert dict(materials.papers) == {SHEET: 1, PHOTO: 3, COPY: 2, ORIGINAL: 1, TITLE_COPY: 1}


def test_who_dropped_out_sends_nothing(two_matters: Enrolment) -> None:
    enrolment = two_matters
    upgrade = enrolment.lines.get(matter="UPGRADE")
    perform(upgrade, "drop", by=UserFactory(role=Role.TRAINING), opinion="不参加")
    materials = materials_of(enrolment)
    assert materials is not None
    assert dict(materials.papers) == {SHEET: 1, PHOTO: 2, COPY: 2}


@pytest.mark.parametrize("at", ["DRAFT", "LOCAL_REVIEW", "AWAITING_PAYMENT", "TRAINING_REVIEW", "CANCELLED"])
def test_before_the_confirmation_nothing_is_to_be_sent(at: str, kept: Kept) -> None:
    assert materials_of(deepcopy(kept[at])) is None


def test_the_form_ticks_what_each_person_sends(two_matters: Enrolment) -> None:
    form = materials_form(two_matters, UserFactory(role=Role.TRAINING))
    assert [row[4:] for row in form.rows] == [["□", "□", "–", "–"]] * 2 + [["□", "–", "□", "□"]]


def test_deadline_and_address_stand_on_block_and_form(kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    body = enrolment.local_body
    body.address, body.contact_name = "越秀区小北路1号", "王老师"
    body.save()
    materials = materials_of(enrolment)
    block = render_to_string("admin/training/materials.html", {"entry": {"materials": materials}})
    due = enrolment.papers_due_on.isoformat()
    for text in (due, body.address, body.phone, body.contact_name, str(body)):
        assert text in block
    facts = " ".join(str(value) for _label, value in materials_form(enrolment, its_body(enrolment)).facts)
    for text in (due, body.address, body.phone, body.contact_name, str(body)):
        assert text in facts


def page_of(enrolment: Enrolment, client: Client) -> str:
    return client.get(reverse("admin:training_enrolment_change", args=[enrolment.pk])).content.decode()


def test_the_enrolments_page_lists_the_papers_and_only_the_body_can_note_them(
    signed_in: Door, kept: Kept
) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    company = UserFactory(role=Role.COMPANY, company=enrolment.company)
    note_url = reverse("admin:training_enrolment_papers", args=[enrolment.pk])
    for user, may in (
        (its_body(enrolment), True),
        (company, False),
        (UserFactory(role=Role.TRAINING), False),
    ):
        page = page_of(enrolment, signed_in(user))
        assert reverse("admin:training_enrolment_materials", args=[enrolment.pk]) in page
        assert (note_url in page) is may
        assert page.count("<form") == page.count("</form")
        for inside in page.split("<form")[1:]:
            assert "</form" in inside  # no form within a form


def test_before_the_confirmation_the_page_lists_no_papers(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["TRAINING_REVIEW"])
    page = page_of(enrolment, signed_in(UserFactory(role=Role.COMPANY, company=enrolment.company)))
    assert reverse("admin:training_enrolment_materials", args=[enrolment.pk]) not in page
    assert reverse("admin:training_enrolment_print_sheet", args=[enrolment.pk]) in page


def test_who_need_not_know_id_numbers_prints_them_masked() -> None:
    held = TrainingClassFactory(type="PRACTICE", category="SUPERVISOR")
    enrolment = EnrolmentFactory(training_class=held)
    person = CertificateFactory(person__company=enrolment.company, type="SAFETY").person
    EnrolmentLineFactory(
        enrolment=enrolment, certificate=None, person=person, category="SUPERVISOR", matter="PRACTICE"
    )
    assert person.id_number in materials_form(enrolment, UserFactory(role=Role.TRAINING)).rows[0]
    assert person.id_number not in materials_form(enrolment, UserFactory(role=Role.FINANCE)).rows[0]


def test_late_papers_are_said_to_be_late_until_they_come(kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    enrolment.papers_due_on = yesterday
    assert materials_of(enrolment).is_overdue
    enrolment.papers_received_on = timezone.localdate()
    assert not materials_of(enrolment).is_overdue
    enrolment.papers_due_on, enrolment.papers_received_on = timezone.localdate(), None
    assert not materials_of(enrolment).is_overdue


def test_the_body_notes_the_day_and_the_history_says_who(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    user, today = its_body(enrolment), timezone.localdate()
    assert note(signed_in(user), enrolment, today).status_code == 200
    enrolment.refresh_from_db()
    assert enrolment.papers_received_on == today
    assert enrolment.state == "CONFIRMED"
    entry = enrolment.history.latest()
    assert entry.history_user == user
    assert entry.history_change_reason
    assert entry.papers_received_on == today


def test_a_mistaken_note_is_taken_back(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    client = signed_in(its_body(enrolment))
    note(client, enrolment, timezone.localdate())
    note(client, enrolment, None)
    enrolment.refresh_from_db()
    assert enrolment.papers_received_on is None


@pytest.mark.parametrize("days", [1, -400])
def test_a_day_to_come_or_before_the_confirmation_is_refused(days: int, signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    day = timezone.localdate() + datetime.timedelta(days=days)
    answer = note(signed_in(its_body(enrolment)), enrolment, day)
    enrolment.refresh_from_db()
    assert enrolment.papers_received_on is None
    assert day.isoformat() in answer.content.decode()


def test_no_day_at_all_is_refused(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    note(signed_in(its_body(enrolment)), enrolment, "31.02.2026x")
    enrolment.refresh_from_db()
    assert enrolment.papers_received_on is None


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.LOCAL_BODY, Role.PERSON, Role.COMPANY)]
)
def test_the_offices_see_the_papers_and_do_not_note_them(role: Role, signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    user = UserFactory(role=role)
    assert note(signed_in(user), enrolment, timezone.localdate()).status_code == 403
    enrolment.refresh_from_db()
    assert enrolment.papers_received_on is None
    assert not materials_of(enrolment, user).may_receive


def test_the_company_itself_does_not_note_them(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    user = UserFactory(role=Role.COMPANY, company=enrolment.company)
    assert note(signed_in(user), enrolment, timezone.localdate()).status_code == 403
    assert not materials_of(enrolment, user).may_receive


@pytest.mark.parametrize("role", [Role.LOCAL_BODY, Role.COMPANY, Role.PERSON])
def test_another_bodys_enrolment_does_not_exist(role: Role, signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    user = UserFactory(role=role)
    assert note(signed_in(user), enrolment, timezone.localdate()).status_code == 404
    assert not materials_of(enrolment, user).may_receive


def test_before_the_confirmation_no_papers_are_noted(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["TRAINING_REVIEW"])
    note(signed_in(its_body(enrolment)), enrolment, timezone.localdate())
    enrolment.refresh_from_db()
    assert enrolment.papers_received_on is None


def test_looking_notes_nothing(signed_in: Door, kept: Kept) -> None:
    enrolment = deepcopy(kept["CONFIRMED"])
    url = reverse("admin:training_enrolment_papers", args=[enrolment.pk])
    assert signed_in(its_body(enrolment)).get(url).status_code == 405
