"""The public number of enrolments and bills: its shape, its check digit, where it stands, and how it is found."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from backoffice.core.models import Message, NumberSeries
from backoffice.core.models.numbers import SeriesFull, take, written
from backoffice.core.public_numbers import numbers_in, typed
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import UserFactory, actor, client_of
from training.models import Enrolment

pytestmark = pytest.mark.django_db
RIGHT = written(2026, 4713)


# --- The number itself -----------------------------------------------------------------------------------


def test_a_number_has_year_running_number_and_check_digit() -> None:
    assert re.fullmatch(r"26-004713-\d", RIGHT)
    assert len({written(2026, n) for n in range(1, 2000)}) == 1999


def test_every_wrong_digit_and_every_swap_of_neighbours_is_noticed() -> None:
    digits = RIGHT.replace("-", "")
    others = {digits[:n] + wrong + digits[n + 1 :] for n in range(9) for wrong in "0123456789"}
    others |= {digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :] for n in range(8)}
    for other in others - {digits}:
        found = typed(other)
        assert found is not None
        assert not found.is_right, other


@pytest.mark.parametrize(
    "text",
    [RIGHT, RIGHT.replace("-", ""), f" {RIGHT} ", RIGHT.replace("-", "－"), RIGHT.replace("-", "—"),
     RIGHT.replace("-", " - "), RIGHT.translate({n + 48: n + 0xFF10 for n in range(10)}), RIGHT.replace("-", " ")],
)  # fmt: skip
def test_it_is_read_however_it_is_typed(text: str) -> None:
    assert numbers_in(text).numbers == [RIGHT]


@pytest.mark.parametrize(
    "text", ["", "26", "A1234567", "440106199001011234", "13800138000", "张三", "2026-05-01"]
)
def test_other_words_are_no_number(text: str) -> None:
    assert typed(text) is None


def test_each_year_counts_from_one_and_has_an_end() -> None:
    assert [take(2, year=2031), take(1, year=2032), take(1, year=2031)] == [
        [written(2031, 1), written(2031, 2)], [written(2032, 1)], [written(2031, 3)],
    ]  # fmt: skip
    NumberSeries.objects.filter(year=2031).update(last=999_999)
    with pytest.raises(SeriesFull):
        take(year=2031)


def test_a_number_whose_record_was_not_stored_is_given_again() -> None:
    first = EnrolmentFactory().number
    mark = transaction.savepoint()
    EnrolmentFactory()
    transaction.savepoint_rollback(mark)
    assert int(EnrolmentFactory().number[3:9]) == int(first[3:9]) + 1


# --- Where it stands -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> tuple[Enrolment, Enrolment]:
    """One that is looked for, confirmed, and a stranger's."""
    return EnrolmentFactory(people=1, at="CONFIRMED"), EnrolmentFactory(people=1, at="CONFIRMED")


@pytest.fixture
def enrolment(kept: tuple[Enrolment, Enrolment]) -> Enrolment:
    return deepcopy(kept[0])


def test_an_enrolment_keeps_its_number_and_its_bill_bears_the_same() -> None:
    enrolment = EnrolmentFactory(people=1)
    number = enrolment.number
    enrolment = advance(enrolment, "submit", "local_return", "submit", "local_approve")
    assert (enrolment.number, enrolment.bill.number) == (number, number)


LISTS = (
    "training_enrolment",
    "training_enrolmentline",
    "fees_bill",
    "fees_receipt",
    "fees_voucher",
    "core_trackedtask",
)


@pytest.mark.parametrize("name", LISTS)
def test_it_stands_on_every_list_and_is_found_there_however_it_is_typed(
    name: str, enrolment: Enrolment
) -> None:
    user = UserFactory(role=Role.FINANCE if name.startswith("fees") else Role.TRAINING)
    address, client = reverse(f"admin:{name}_changelist"), client_of(user)
    query = {"stage": "ALL"} if name == "fees_bill" else {}
    full_width = enrolment.number.translate({n + 48: n + 0xFF10 for n in range(10)}).replace("-", "－")
    counts = {}
    for term in (enrolment.number, enrolment.number.replace("-", ""), full_width):
        answer = client.get(address, query | {"q": term})
        counts[term] = answer.context["cl"].result_count
        assert enrolment.number in answer.content.decode()
    assert set(counts.values()) == {1}
    assert client.get(address, query).context["cl"].result_count > 1


@pytest.mark.parametrize("name", LISTS)
def test_a_mistyped_number_is_called_mistyped(name: str, enrolment: Enrolment) -> None:
    user = UserFactory(role=Role.FINANCE if name.startswith("fees") else Role.TRAINING)
    wrong = f"{enrolment.number[:-1]}{(int(enrolment.number[-1]) + 1) % 10}"
    answer = client_of(user).get(reverse(f"admin:{name}_changelist"), {"q": wrong})
    assert answer.context["cl"].result_count == 0
    assert wrong in " ".join(map(str, answer.context["messages"]))


def test_a_company_finds_its_own_by_the_number_and_no_other(kept: tuple[Enrolment, Enrolment]) -> None:
    own, foreign = kept
    client = client_of(actor(own, Role.COMPANY))
    for name in ("training_enrolment", "fees_bill", "core_trackedtask"):
        address = reverse(f"admin:{name}_changelist")
        assert client.get(address, {"q": own.number}).context["cl"].result_count == 1
        assert client.get(address, {"q": foreign.number}).context["cl"].result_count == 0


@pytest.mark.parametrize("act", ["change", "print_sheet", "materials"])
def test_it_stands_on_page_and_print(act: str, enrolment: Enrolment) -> None:
    page = client_of(UserFactory(role=Role.TRAINING)).get(
        reverse(f"admin:training_enrolment_{act}", args=[enrolment.pk])
    )
    assert enrolment.number in page.content.decode()


def test_the_remark_of_the_transfer_is_company_matter_and_number() -> None:
    enrolment = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    page = client_of(actor(enrolment, Role.COMPANY)).get(
        reverse("admin:training_enrolment_step", args=[enrolment.pk, "submit_voucher"])
    )
    assert page.context["transfer_remark"] == f"{enrolment.company.name} 报名单 {enrolment.number}"


def test_every_mail_to_a_company_or_body_names_it() -> None:
    company = UserFactory(role=Role.COMPANY, is_manager=True, email="clerk@example.org").company
    enrolment = EnrolmentFactory(people=1, company=company, at="CONFIRMED")
    sent = list(Message.objects.exclude(body="").values_list("body", flat=True))
    assert sent
    for body in sent:
        assert enrolment.number in body


@pytest.mark.parametrize("name", ["training_enrolment", "fees_bill", "fees_receipt", "fees_voucher"])
def test_it_stands_in_every_export(name: str, enrolment: Enrolment) -> None:
    address = reverse(f"admin:{name}_export")
    query: dict[str, Any] = {"format": "csv", "stage": "ALL"} if name == "fees_bill" else {"format": "csv"}
    answer = client_of(UserFactory(role=Role.AUDITOR)).get(address, query)
    assert enrolment.number in b"".join(answer.streaming_content).decode("utf-8-sig")
