"""Every message to people with an account ends with the way to the record it is about (manual ch. 5)."""

from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.links import page_of
from backoffice.core.models import Message, MessageTemplate
from backoffice.core.notices import NOTICES
from backoffice.roles import Role
from tests.enrolments import WAYS, EnrolmentFactory, advance
from tests.factories import CompanyFactory, PersonFactory, TransferFactory, UserFactory, client_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db
BOSS = "boss@example.com"
#: Told to people without an account, who have their signed link.
WITHOUT_ACCOUNT = {
    code for code in NOTICES
    if code.split(".")[0] in ("personal", "company", "help") and code.split(".")[-1] not in ("company", "body")
}  # fmt: skip


def test_every_notice_to_somebody_with_an_account_knows_the_page_of_its_record() -> None:
    missing = {
        code for code, notice in NOTICES.items()
        if "page" not in notice.placeholders and code not in WITHOUT_ACCOUNT
        and not code.startswith("account")
    }  # fmt: skip
    assert not missing


def test_each_message_about_an_enrolment_leads_to_it() -> None:
    enrolment = EnrolmentFactory(people=1, company__email=BOSS)
    advance(enrolment, *WAYS["CONFIRMED"])
    bodies = [message.body for message in Message.objects.filter(recipient=BOSS)]
    assert len(bodies) >= 3
    assert all(page_of(enrolment) in body for body in bodies)
    assert page_of(enrolment).startswith(settings.SITE_URL)


def test_the_offices_own_wording_gets_the_link_below_it_and_only_once() -> None:
    MessageTemplate.objects.create(code="enrolment.local_approve", body="请付款", sms="请付款：{page}")
    enrolment = EnrolmentFactory(people=1, company__email=BOSS)
    manager = UserFactory(role=Role.COMPANY, company=enrolment.company, is_manager=True, phone="13811113333")
    Message.objects.all().delete()
    advance(enrolment, "submit", "local_approve")
    told = Message.objects.filter(recipient__in=(BOSS, manager.phone, manager.email))
    body = told.get(channel="SMS", subject__contains=str(enrolment.training_class)).body
    assert body == f"请付款：{page_of(enrolment)}"


@pytest.mark.parametrize("at", ["OFFICE_REVIEW", "APPROVED"])
def test_of_a_transfer_each_side_is_led_to_what_it_may_open(at: str) -> None:
    former, new = CompanyFactory(email="former@example.com"), CompanyFactory(email="new@example.com")
    person = PersonFactory(company=former)
    transfer = TransferFactory(company=new, name=person.name, id_number=person.id_number, at=at)
    for address, company in (("former@example.com", former), ("new@example.com", new)):
        clerk = client_of(UserFactory(role=Role.COMPANY, company=company))
        for message in Message.objects.filter(recipient=address):
            for word in message.body.split():
                if word.startswith(settings.SITE_URL):
                    path = word.removeprefix(settings.SITE_URL)
                    # The former company's way leads to the person as long as the person is there.
                    gone = company == former and at == "APPROVED"
                    assert clerk.get(path).status_code == (404 if gone else 200)
    approved = Message.objects.filter(recipient="former@example.com").order_by("-pk").first()
    assert at != "APPROVED" or settings.SITE_URL not in approved.body
    assert page_of(transfer) not in "".join(Message.objects.filter(recipient="former@example.com").values_list(
        "body", flat=True
    ))  # fmt: skip


def test_a_face_to_face_class_speaks_of_its_day_and_place_and_of_no_platform() -> None:
    enrolment = EnrolmentFactory(
        people=1, company__email=BOSS, training_class__mode="FACE_TO_FACE", training_class__place="佛山南海"
    )
    advance(enrolment, *WAYS["CONFIRMED"][:-1])
    Message.objects.all().delete()
    enrolment = advance(Enrolment.objects.get(), "training_confirm")
    course = enrolment.training_class
    told = Message.objects.get(recipient=BOSS)
    assert course.start_date.isoformat() in told.body
    assert "佛山南海" in told.body
    assert enrolment.open_by == course.start_date
    line = enrolment.lines.get()
    client = client_of(UserFactory(role=Role.TRAINING))
    client.cookies["django_language"] = "en"
    for address in (
        reverse("admin:training_enrolment_change", args=[enrolment.pk]),
        reverse("admin:training_enrolmentline_change", args=[line.pk]),
    ):
        text = client.get(address).content.decode()
        assert "within two working days of the confirmation" not in text
        assert "handed to the platform at" not in text.lower()


def test_learners_are_led_to_their_own_page() -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    line = enrolment.lines.get()
    line.person.email = "learner@example.com"
    line.person.save()
    teacher: Any = UserFactory(role=Role.TRAINING)
    for name in ("hand_off", "open_learning"):
        perform(enrolment.lines.get(), name, by=teacher)
    told = Message.objects.filter(recipient="learner@example.com").first()
    assert reverse("admin:training_enrolmentline_mine") in told.body
