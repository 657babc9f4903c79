"""What an enrolment and the learning tell whom, at each hand-over; and no ID number in any of it."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.models import CalendarDay, Message, MessageTemplate
from backoffice.core.notices import NOTICES, ensure_templates, unknown_placeholders
from backoffice.core.reminders import remind
from backoffice.core.working_days import add_working_days
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance, voucher
from tests.factories import UserFactory, actor
from training.enrolling import move_lines
from training.models import Enrolment

pytestmark = pytest.mark.django_db
COMPANY, BODY = "company@example.org", "body@example.org"
OURS = ("enrolment.", "learning.", "reminder.")


def again(enrolment: Enrolment) -> Enrolment:
    return Enrolment.objects.get(pk=enrolment.pk)


def reachable(at: str = "DRAFT", people: int = 2, **values) -> Enrolment:
    """An enrolment whose company and body have somebody with a mail address."""
    enrolment = EnrolmentFactory(people=people, at=at, **values)
    UserFactory(
        role=Role.COMPANY, company=enrolment.company, is_manager=True, email=COMPANY, phone="13900000001"
    )
    UserFactory(role=Role.LOCAL_BODY, local_body=enrolment.local_body, email=BODY)
    Message.objects.all().delete()
    return enrolment


def told() -> list[tuple[str, str]]:
    """Channel and recipient of what was queued since the last look."""
    found = [(m.channel, m.recipient) for m in Message.objects.order_by("id")]
    Message.objects.all().delete()
    return found


#: step -> (the state it begins in, who gets a mail, whether the company gets a text message too)
TOLD = {
    "submit": ("DRAFT", {BODY}, False),
    "local_return": ("LOCAL_REVIEW", {COMPANY}, True),
    "local_approve": ("LOCAL_REVIEW", {COMPANY}, True),
    "decline_payment": ("AWAITING_PAYMENT", set(), False),
    "submit_voucher": ("AWAITING_PAYMENT", set(), False),
    "finance_return": ("FINANCE_REVIEW", {COMPANY}, True),
    "finance_approve": ("FINANCE_REVIEW", {COMPANY}, False),
    "training_return": ("TRAINING_REVIEW", set(), False),
    "training_confirm": ("TRAINING_REVIEW", {COMPANY, BODY}, True),
    "cancel": ("DRAFT", set(), False),
    "training_cancel": ("LOCAL_REVIEW", {COMPANY}, True),
}


@pytest.mark.parametrize("step", TOLD)
def test_each_hand_over_tells_whom_it_concerns(step: str) -> None:
    state, mails, text_message = TOLD[step]
    enrolment = reachable(state)
    advance(enrolment, step, opinion="照片不清楚")
    messages = list(Message.objects.all())
    assert {m.recipient for m in messages if m.channel == "MAIL"} == mails
    assert bool([m for m in messages if m.channel == "SMS"]) is text_message
    for message in messages:
        text = message.subject + message.body
        assert "{" not in text
        assert all(line.id_number not in text for line in enrolment.lines.all())
        if step.endswith("return") or step == "training_cancel":
            assert "照片不清楚" in message.body


def test_the_amount_is_what_is_still_to_be_paid_in_yuan() -> None:
    enrolment = reachable("LOCAL_REVIEW", people=4)
    advance(enrolment, "local_approve")
    assert "1200" in Message.objects.get(channel="MAIL").body.replace(",", "")
    advance(again(enrolment), "submit_voucher", "finance_approve", "training_return", "finance_return")
    enrolment = advance(again(enrolment), "decline_payment")
    EnrolmentLineFactory(enrolment=enrolment)
    enrolment = advance(enrolment, "submit")
    Message.objects.all().delete()
    advance(enrolment, "local_approve")
    body = Message.objects.get(channel="MAIL").body
    assert "300" in body
    assert "1500" not in body.replace(",", "")


def test_money_to_be_paid_back_is_told_to_the_company() -> None:
    enrolment = reachable("AWAITING_PAYMENT", people=1)
    perform(enrolment, "submit_voucher", by=actor(enrolment, "COMPANY"), vouchers=[voucher("1550.50")])
    Message.objects.all().delete()
    advance(again(enrolment), "finance_approve")
    texts = [m.body for m in Message.objects.filter(channel="MAIL", recipient=COMPANY)]
    assert len(texts) == 2
    assert any("1250.50" in text.replace(",", "") for text in texts)


def test_a_cancellation_speaks_of_money_only_where_there_is_some() -> None:
    enrolment = reachable("TRAINING_REVIEW", people=1)
    advance(enrolment, "training_cancel", opinion="班取消")
    assert [m.channel for m in Message.objects.order_by("id")].count("MAIL") == 2
    Message.objects.all().delete()
    advance(reachable("LOCAL_REVIEW", people=1), "training_cancel", opinion="班取消")
    assert [m.channel for m in Message.objects.all()].count("MAIL") == 1


# --- Learning ----------------------------------------------------------------------------------------


def move(enrolment: Enrolment, step: str, **values) -> None:
    teacher = actor(enrolment, Role.TRAINING)
    move_lines(enrolment.lines.values_list("pk", flat=True), step, by=teacher, **values)


def test_the_company_gets_one_mail_and_each_person_a_text_message_when_the_learning_opens() -> None:
    enrolment = reachable("CONFIRMED", people=3)
    names = [line.name for line in enrolment.lines.all()]
    phones = {line.person.phone for line in enrolment.lines.all()}
    move(enrolment, "hand_off")
    assert told() == []
    move(enrolment, "open_learning")
    messages = list(Message.objects.all())
    (mail,) = [m for m in messages if m.recipient == COMPANY]
    assert all(name in mail.body for name in names)
    assert {m.recipient for m in messages if m.channel == "SMS"} == phones
    for message in messages:
        assert all(line.id_number not in message.subject + message.body for line in enrolment.lines.all())


@pytest.mark.parametrize("step", ["record_pass", "record_fail"])
def test_results_are_told(step: str) -> None:
    enrolment = reachable("CONFIRMED", people=2)
    for name in ("hand_off", "open_learning"):
        move(enrolment, name)
    Message.objects.all().delete()
    move(enrolment, step)
    found = told()
    assert found.count(("MAIL", COMPANY)) == 1
    assert sum(channel == "SMS" for channel, _to in found) == 2


def test_somebody_taken_out_is_told_to_the_company_with_the_reason() -> None:
    enrolment = reachable("CONFIRMED", people=1)
    move(enrolment, "drop", opinion="已离职")
    assert "已离职" in Message.objects.get(recipient=COMPANY).body


def test_a_person_with_two_certificates_gets_one_text_message() -> None:
    enrolment = reachable(people=1)
    first = enrolment.lines.get()
    from tests.factories import CertificateFactory

    second = CertificateFactory(person=first.person, printed_company=enrolment.company.name, type="SAFETY")
    EnrolmentLineFactory(enrolment=enrolment, certificate=second, is_waived=True)
    enrolment = advance(
        enrolment, "submit", "local_approve", "submit_voucher", "finance_approve", "training_confirm"
    )
    Message.objects.all().delete()
    for name in ("hand_off", "open_learning"):
        move(enrolment, name)
    assert [m.channel for m in Message.objects.exclude(recipient=COMPANY)].count("SMS") == 1


def test_the_number_of_queries_does_not_depend_on_the_number_of_people() -> None:
    counts = []
    for people in (1, 3, 12):  # the first one fills caches
        enrolment = reachable("CONFIRMED", people=people)
        move(enrolment, "hand_off")
        with CaptureQueriesContext(connection) as queries:
            move(enrolment, "open_learning")
        counts.append(len(queries))
    assert counts[1] == counts[2]


# --- Papers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "received", "is_told"), [(0, False, True), (1, False, True), (2, False, False), (1, True, False)]
)
def test_paper_materials_that_are_due_by_tomorrow_are_asked_for_once(days, received, is_told) -> None:
    today = timezone.localdate()
    CalendarDay.objects.update_or_create(date=today, defaults={"kind": CalendarDay.Kind.WORKDAY})
    enrolment = reachable("CONFIRMED", people=1)
    Enrolment.objects.filter(pk=enrolment.pk).update(
        papers_due_on=add_working_days(today, days), papers_received_on=today if received else None
    )
    remind()
    assert (("MAIL", COMPANY) in [(m.channel, m.recipient) for m in Message.objects.all()]) is is_told
    before = Message.objects.count()
    assert remind() == 0
    assert Message.objects.count() == before


def test_papers_long_overdue_are_not_asked_for_every_day() -> None:
    enrolment = reachable("CONFIRMED", people=1)
    Enrolment.objects.update(papers_due_on=timezone.localdate() - datetime.timedelta(days=9))
    remind()
    assert not Message.objects.filter(recipient=COMPANY).exists(), enrolment


# --- Templates ---------------------------------------------------------------------------------------


def test_the_office_finds_every_notice_among_the_templates() -> None:
    ensure_templates()
    codes = {code for code in NOTICES if code.startswith(OURS)}
    assert len(codes) >= 19
    assert codes <= set(MessageTemplate.objects.values_list("code", flat=True))


@pytest.mark.parametrize("code", sorted(code for code in NOTICES if code.startswith(OURS)))
def test_shipped_texts_use_placeholders_that_exist_and_none_for_an_id_number(code: str) -> None:
    notice = NOTICES[code]
    assert unknown_placeholders(notice, str(notice.subject), str(notice.body), str(notice.sms)) == []
    assert "id_number" not in notice.placeholders
