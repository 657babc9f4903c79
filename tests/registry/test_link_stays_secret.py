"""A signed link acts in the applicant's name: nobody but the addressee reads it, in no page, column or backup."""

import io
import logging
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from backoffice.core import outbox
from backoffice.core.links import address_of, token_of
from backoffice.core.models import Message, MessageTemplate
from backoffice.core.notices import NOTICES
from backoffice.roles import Role
from registry import notices
from tests.factories import (
    CompanyApplicationFactory,
    HelpRequestFactory,
    PersonalApplicationFactory,
    UserFactory,
    client_of,
    take,
)

pytestmark = pytest.mark.django_db


def told_of_everything() -> list[Any]:
    """Records with a signed link, each with a message about it."""
    records = [PersonalApplicationFactory(at="RETURNED"), CompanyApplicationFactory(at="RETURNED")]
    asked = take(HelpRequestFactory(), "answer", opinion="请用身份证号登录")
    notices.application_link(records[0])
    notices.draft(PersonalApplicationFactory())
    return [*records, asked]


@pytest.mark.parametrize("status", ["QUEUED", "SENT", "FAILED"])
def test_no_column_of_the_outbox_holds_a_link(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records = told_of_everything()
    if status == "FAILED":
        monkeypatch.setattr(outbox, "SENDERS", {})
    if status != "QUEUED":
        outbox.deliver_due()
    dump = io.StringIO()
    call_command("dumpdata", "core.message", stdout=dump)
    text = dump.getvalue() + str(list(Message.objects.values()))
    for record in records:
        assert token_of(record) not in text
        assert record.key not in text


def test_the_addressee_gets_the_link() -> None:
    records = told_of_everything()
    outbox.deliver_due()
    sent = "".join(message.body for message in mail.outbox)
    assert all(address_of(record) in sent for record in records)
    assert not Message.objects.exclude(sealed="").filter(status="SENT").exists()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OFFICE, Role.AUDITOR])
def test_nobody_reads_it_in_list_page_or_history(role: Role, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    records, client = told_of_everything(), client_of(UserFactory(role=role))
    urls = ["/admin/core/message/"]
    for message in Message.objects.all():
        args = [message.pk]
        urls += [reverse(f"admin:core_message_{act}", args=args) for act in ("change", "history")]
    text = "".join(client.get(url).content.decode() for url in urls) + caplog.text
    assert "个人链接" in text
    for record in records:
        assert token_of(record) not in text


def test_it_is_masked_wherever_the_offices_own_wording_puts_it() -> None:
    MessageTemplate.objects.create(
        code="help.answer", subject="答复 {link}", body="{answer} {link} {link}", sms="{link}"
    )
    asked = take(HelpRequestFactory(phone="13900000001"), "answer", opinion="已处理")
    assert Message.objects.count() == 2
    for message in Message.objects.all():
        assert token_of(asked) not in message.subject + message.body
        assert token_of(asked) in outbox.text_of(message)[1]


def test_notices_to_others_know_no_link(client: Client) -> None:
    for code, notice in NOTICES.items():
        if code.endswith((".company", ".body")):
            assert "link" not in notice.placeholders, code
    MessageTemplate.objects.create(code="personal.submit.company", body="{name} {link}")
    application = PersonalApplicationFactory(at="COMPANY_REVIEW", company__email="gs@example.org")
    for message in Message.objects.filter(recipient="gs@example.org"):
        assert token_of(application) not in outbox.text_of(message)[1]
    assert client.get(address_of(application)).status_code in (200, 302)
