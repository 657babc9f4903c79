"""The outbox: messages belong to their transaction, go out once, and are tried again when a gateway fails."""

import smtplib
import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone, translation

from backoffice.core import outbox
from backoffice.core.models import Message
from backoffice.core.sms import SendFailed

Status = Message.Status
LINK = "https://example.org/activate/SECRET-TOKEN"


@pytest.fixture(autouse=True)
def english():
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def phone(monkeypatch):
    """A gateway for text messages that keeps what it got; set `phone.failure` and it fails."""

    class Phone(list):
        failure = None

        def __call__(self, message):
            if self.failure:
                raise self.failure
            self.append((message.recipient, message.body))

    gateway = Phone()
    monkeypatch.setitem(outbox.SENDERS, Message.Channel.SMS, gateway)
    return gateway


def sms(body="hello", **more):
    return outbox.queue("SMS", "13800000001", "", body, **more)


def again_after(message, **elapsed):
    """As if that much time had gone by since the last attempt."""
    Message.objects.filter(pk=message.pk).update(
        next_attempt_at=message.next_attempt_at - timedelta(**elapsed)
    )


# --- In the caller's transaction ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_message_goes_out_after_the_commit_and_not_before(phone):
    with transaction.atomic():
        message = sms()
        assert not phone
    assert phone == [("13800000001", "hello")]
    message.refresh_from_db()
    assert (message.status, message.attempts, message.error) == (Status.SENT, 1, "")
    assert message.sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_step_that_is_rolled_back_says_nothing(phone):
    with transaction.atomic():
        sms()
        transaction.set_rollback(True)
    assert not phone
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_failing_queue_does_not_break_the_request(monkeypatch):
    class Broken:
        def enqueue(self):
            raise ConnectionError

    monkeypatch.setattr(outbox, "drain", Broken())
    message = sms()
    assert Message.objects.get().pk == message.pk


def test_a_thousand_messages_are_a_handful_of_queries(db, django_assert_max_num_queries):
    rows = [Message(channel="SMS", recipient=f"138{n:08d}", body="x") for n in range(1000)]
    # SQLite takes a limited number of values in one statement.
    with django_assert_max_num_queries(1 if connection.vendor == "postgresql" else 15):
        outbox.queue_all(rows)
    assert Message.objects.count() == 1000


def test_an_unknown_channel_is_an_error_where_it_is_written(db):
    with pytest.raises(ValueError, match="PIGEON"):
        outbox.queue("PIGEON", "x", "", "x")


# --- Sending -----------------------------------------------------------------------------------------


def test_mail_goes_out_with_its_subject_on_one_line(db):
    outbox.queue("MAIL", " li@example.org ", "审批\n结果", "您好")
    assert outbox.deliver_due() == 1
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["li@example.org"], "审批 结果", "您好")


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b.c\nBcc: all@example.org", "a@example.org, b@example.org"]
)
def test_what_is_no_mail_address_fails_at_once(db, address):
    message = outbox.queue("MAIL", address, "s", "b")
    assert outbox.deliver_due() == 0
    message.refresh_from_db()
    assert message.status == Status.FAILED
    assert "correct the address" in message.error
    assert not mail.outbox


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (ConnectionRefusedError(), Status.QUEUED, "cannot be reached"),
        (smtplib.SMTPAuthenticationError(535, b"no"), Status.QUEUED, "EMAIL_URL"),
        (smtplib.SMTPServerDisconnected(), Status.QUEUED, "refused the mail"),
        (smtplib.SMTPRecipientsRefused({"a@example.org": (450, b"later")}), Status.QUEUED, "takes no mail"),
        (smtplib.SMTPRecipientsRefused({"a@example.org": (550, b"gone")}), Status.FAILED, "takes no mail"),
        (RuntimeError(f"surprise {LINK}"), Status.QUEUED, "RuntimeError"),
    ],
)
def test_trouble_with_the_mail_server_is_a_sentence(db, monkeypatch, caplog, error, status, words):
    def fail(self, *args, **kwargs):
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    message = outbox.queue("MAIL", "a@example.org", "s", "b")
    assert outbox.deliver_due() == 0
    message.refresh_from_db()
    assert (message.status, words in message.error) == (status, True)
    assert "SECRET" not in message.error + caplog.text


def test_a_one_time_link_is_masked_from_the_first_moment_and_gone_once_it_is_sent(db, phone):
    message = sms(f"Open {LINK}", credential=LINK)
    waiting = Message.objects.values().get(pk=message.pk)
    assert not any("SECRET" in str(value) for value in waiting.values())
    plain = sms(f"See {LINK}")
    outbox.deliver_due()
    message.refresh_from_db()
    plain.refresh_from_db()
    assert phone[0][1] == f"Open {LINK}"
    assert (message.sealed, message.secret) == ("", True)
    assert message.body.startswith("Open ")
    assert "SECRET" not in message.body
    assert plain.body == f"See {LINK}"


def test_a_one_time_link_is_gone_once_it_is_given_up(db, phone):
    phone.failure = SendFailed("no such number", final=True)
    message = sms(f"Open {LINK}", credential=LINK)
    outbox.deliver_due()
    message.refresh_from_db()
    assert (message.status, message.sealed) == (Status.FAILED, "")


def test_what_another_key_sealed_is_given_up_with_a_sentence(db, phone, settings):
    message = sms(f"Open {LINK}", credential=LINK)
    settings.SECRET_KEY = "another" * 10
    outbox.deliver_due()
    message.refresh_from_db()
    assert (message.status, list(phone)) == (Status.FAILED, [])
    assert "SECRET_KEY" in message.error


def test_a_key_that_was_replaced_still_opens_what_it_sealed(db, phone, settings):
    sms(f"Open {LINK}", credential=LINK)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    outbox.deliver_due()
    assert phone[0][1] == f"Open {LINK}"


def test_a_text_message_written_before_texts_were_sealed_loses_its_link_when_it_is_sent(db, phone):
    message = sms(f"Open {LINK}")
    Message.objects.update(secret=True)
    outbox.deliver_due()
    message.refresh_from_db()
    assert (phone[0][1], message.body) == (f"Open {LINK}", "")


def test_at_most_so_many_are_sent_in_one_go(db, phone):
    for n in range(5):
        sms(str(n))
    assert outbox.deliver_due(limit=3) == 3
    assert [body for _to, body in phone] == ["0", "1", "2"]


def test_the_command_for_a_scheduler_sends_all_that_is_due(db, phone, capsys):
    for n in range(120):
        sms(str(n))
    call_command("send_outbox")
    assert capsys.readouterr().out == "120 sent, 0 not sent.\n"


# --- Trying again ------------------------------------------------------------------------------------


def test_a_failed_message_is_tried_after_1_5_30_and_120_minutes_then_given_up(db, phone):
    phone.failure = SendFailed("The gateway is down.")
    message = sms()
    for attempt, minutes in enumerate((1, 5, 30, 120), start=1):
        before = timezone.now()
        assert outbox.deliver_due() == 0
        message.refresh_from_db()
        assert (message.status, message.attempts) == (Status.QUEUED, attempt)
        assert message.error == "The gateway is down."
        wait = message.next_attempt_at - before
        assert timedelta(minutes=minutes) <= wait < timedelta(minutes=minutes, seconds=5)
        outbox.deliver_due()
        message.refresh_from_db()
        assert message.attempts == attempt  # not before its time
        again_after(message, minutes=minutes)
    outbox.deliver_due()
    message.refresh_from_db()
    assert (message.status, message.attempts) == (Status.FAILED, 5)


def test_a_gateway_that_recovers_delivers_and_the_error_is_forgotten(db, phone):
    phone.failure = SendFailed("The gateway is down.")
    message = sms()
    outbox.deliver_due()
    phone.failure = None
    message.refresh_from_db()
    again_after(message, minutes=1)
    assert outbox.deliver_due() == 1
    message.refresh_from_db()
    assert (message.status, message.attempts, message.error) == (Status.SENT, 2, "")


def test_one_bad_message_does_not_hold_up_the_others(db, phone):
    outbox.queue("MAIL", "nobody", "s", "b")
    sms()
    assert outbox.deliver_due() == 1


def test_a_message_left_by_a_dead_worker_is_taken_up_after_ten_minutes(db, phone):
    message = sms()
    outbox.claim(message.pk)  # … and the process dies
    assert outbox.deliver_due() == 0
    message.refresh_from_db()
    again_after(message, minutes=9, seconds=50)
    assert outbox.deliver_due() == 0
    again_after(message, minutes=10)
    assert outbox.deliver_due() == 1


def test_a_message_that_kills_its_workers_ends(db, phone):
    message = sms()
    for _ in range(outbox.MAX_ATTEMPTS):
        outbox.claim(message.pk)
        message.refresh_from_db()
        again_after(message, minutes=10)
    assert outbox.deliver_due() == 0
    message.refresh_from_db()
    assert (message.status, phone) == (Status.FAILED, [])
    assert "interrupted" in message.error


def test_whoever_lost_the_claim_writes_nothing(db, phone):
    message = sms()
    ours = outbox.claim(message.pk)
    again_after(ours, minutes=10)
    theirs = outbox.claim(message.pk)
    outbox.note_failure(ours, SendFailed("too late", final=True))
    outbox.deliver(theirs)
    message.refresh_from_db()
    assert (message.status, message.error) == (Status.SENT, "")


def test_after_a_failure_the_next_drain_is_planned_once(db, phone, settings):
    from django_tasks_db.models import DBTaskResult

    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    phone.failure = SendFailed("The gateway is down.")
    message = sms()
    for _ in range(3):
        outbox.drain.call()
    (planned,) = DBTaskResult.objects.filter(task_path="backoffice.core.outbox.drain", status="READY")
    message.refresh_from_db()
    late = planned.run_after - message.next_attempt_at
    assert timedelta(0) <= late <= timedelta(minutes=1)


# --- Two workers -------------------------------------------------------------------------------------


def test_a_message_already_claimed_is_not_claimed_again(db):
    message = sms()
    assert outbox.claim(message.pk) is not None
    assert outbox.claim(message.pk) is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_workers_send_every_message_exactly_once(monkeypatch):
    sent, guard, ready = [], threading.Lock(), threading.Barrier(20)

    def send(message):
        time.sleep(0.002)  # long enough for the others to see it
        with guard:
            sent.append(message.pk)

    monkeypatch.setitem(outbox.SENDERS, Message.Channel.SMS, send)
    Message.objects.bulk_create(
        Message(channel="SMS", recipient="13800000001", body=str(n)) for n in range(200)
    )

    def work():
        try:
            ready.wait()
            while outbox.deliver_batch():
                pass
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(sent) == sorted(Message.objects.values_list("pk", flat=True))
    assert set(Message.objects.values_list("status", "attempts")) == {(Status.SENT, 1)}
