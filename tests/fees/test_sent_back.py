"""The opinion to act on is the one that sent the record back, whatever was done or noted since (manual ch. 5-3)."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from backoffice.core.models import Message
from backoffice.core.returns import returned_by, returns_of
from backoffice.roles import Role
from fees.receipts import Payer
from fees.services import correct_voucher
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import UserFactory, actor, client_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db
BECAUSE = "名单中有一人已在其他单位学习"


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> Enrolment:
    """Returned by the training department through finance."""
    enrolment = EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    UserFactory(role=Role.COMPANY, company=enrolment.company, is_manager=True, email="clerk@example.org")
    enrolment = advance(enrolment, "training_return", opinion=BECAUSE)
    return advance(enrolment, "finance_return", opinion=BECAUSE)


@pytest.fixture
def returned(kept: Enrolment) -> Enrolment:
    return deepcopy(kept)


def pay_page(enrolment: Enrolment) -> Any:
    address = reverse("admin:training_enrolment_step", args=[enrolment.pk, "submit_voucher"])
    return client_of(actor(enrolment, Role.COMPANY)).get(address)


def test_the_company_reads_that_the_training_department_returned_it(returned: Enrolment) -> None:
    (told,) = pay_page(returned).context["returns"]
    assert (told.role, told.opinion) == ("省协会培训部", BECAUSE)
    change = reverse("admin:training_enrolment_change", args=[returned.pk])
    notes = client_of(actor(returned, Role.COMPANY)).get(change).context["flow_notes"]
    said = [str(text) for _tone, text in notes if BECAUSE in str(text)]
    assert [text[:6] for text in said] == ["省协会培训部"]


def test_the_message_says_so_too_and_speaks_of_no_wrong_voucher(returned: Enrolment) -> None:
    message = Message.objects.filter(body__contains=BECAUSE).latest("id")
    assert "培训部" in message.body
    assert "凭证被退回" not in message.subject


def test_finance_adding_its_own_words_is_told_beside() -> None:
    enrolment = advance(EnrolmentFactory(people=1, at="TRAINING_REVIEW"), "training_return", opinion=BECAUSE)
    enrolment = advance(enrolment, "finance_return", opinion="请按培训部意见处理")
    assert [told.opinion for told in returns_of(enrolment)] == ["请按培训部意见处理", BECAUSE]


def test_after_disagreeing_the_roster_still_says_why_it_came_back(returned: Enrolment) -> None:
    enrolment = advance(returned, "decline_payment", opinion="")
    roster = client_of(actor(enrolment, Role.COMPANY)).get(
        reverse("admin:training_enrolment_roster", args=[enrolment.pk])
    )
    assert BECAUSE in roster.content.decode()


def test_a_correction_noted_since_hides_nothing(returned: Enrolment) -> None:
    voucher = returned.bill.vouchers.get()
    correct_voucher(voucher, Payer("某公司", "某公司"), actor(returned, Role.COMPANY))
    assert returned_by(Enrolment.objects.get(pk=returned.pk), "training_return") == BECAUSE


def test_once_it_went_forwards_again_the_old_opinion_is_gone(returned: Enrolment) -> None:
    enrolment = advance(returned, "submit_voucher")
    assert returns_of(enrolment) == []
    enrolment = advance(enrolment, "finance_return", opinion="截屏看不清")
    assert [told.opinion for told in returns_of(enrolment)] == ["截屏看不清"]
    assert returned_by(enrolment, "training_return") == ""


def test_a_local_return_is_told_on_the_roster() -> None:
    enrolment = advance(EnrolmentFactory(people=1, at="LOCAL_REVIEW"), "local_return", opinion="上岗证看不清")
    assert [told.opinion for told in returns_of(enrolment)] == ["上岗证看不清"]
    assert returns_of(advance(enrolment, "submit")) == []


def test_a_return_by_training_changes_the_bill_once(returned: Enrolment) -> None:
    enrolment = EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    before = enrolment.bill.history.count()
    advance(enrolment, "training_return")
    assert enrolment.bill.history.count() == before + 1
