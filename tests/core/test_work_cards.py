"""What enrolments, learning and the cash desk put on each role's first page: its own rows only, and the list behind."""

import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.navigation import changelist, count_waiting
from backoffice.roles import Role
from backoffice.work_cards import classes_this_week, work_cards
from fees.models import Bill, Receipt, Refund
from tests.enrolments import EnrolmentFactory, advance, voucher
from tests.factories import (
    CompanyFactory,
    LocalBodyFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
    actor,
)
from training.enrolling import move_lines
from training.models import Enrolment, EnrolmentLine

pytestmark = pytest.mark.django_db
YESTERDAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def no_old_badges() -> None:
    cache.clear()


def cards_of(user: Any) -> dict[str, dict[str, Any]]:
    """The cards by the part of their address that says which list, in which state."""
    return {card["link"].removeprefix("/admin/"): card for card in work_cards(user)}


def number(user: Any, label: str, query: str) -> int:
    return int(cards_of(user)[f"{changelist(label).removeprefix('/admin/')}?{query}"]["value"])


def note(user: Any, label: str, query: str) -> str:
    return str(cards_of(user)[f"{changelist(label).removeprefix('/admin/')}?{query}"]["note"])


def company_user(company: Any) -> Any:
    return UserFactory(role=Role.COMPANY, company=company)


def body_user(body: Any) -> Any:
    return UserFactory(role=Role.LOCAL_BODY, local_body=body)


def open_learning(enrolment: Enrolment) -> None:
    for step in ("hand_off", "open_learning"):
        move_lines(enrolment.lines.values_list("pk", flat=True), step, by=UserFactory(role=Role.TRAINING))


def test_a_company_counts_its_own_enrolments_and_nobody_elses() -> None:
    mine, other = CompanyFactory(), CompanyFactory()
    for company in (mine, other, other):
        EnrolmentFactory(company=company)
        EnrolmentFactory(company=company, people=1, at="AWAITING_PAYMENT")
        open_learning(EnrolmentFactory(company=company, people=2, at="CONFIRMED"))
    user = company_user(mine)
    assert number(user, "training.Enrolment", "state=DRAFT") == 1
    assert number(user, "training.Enrolment", "state=AWAITING_PAYMENT") == 1
    assert number(user, "training.Enrolment", "state=CONFIRMED") == 1
    assert number(user, "training.EnrolmentLine", "state=LEARNING") == 2
    assert "300" in note(user, "training.Enrolment", "state=AWAITING_PAYMENT")


def test_a_company_is_told_what_came_back_and_which_papers_are_due() -> None:
    company = CompanyFactory()
    EnrolmentFactory(company=company)
    advance(EnrolmentFactory(company=company, people=1), "submit", "local_return")
    late = EnrolmentFactory(company=company, people=1, at="CONFIRMED")
    Enrolment.objects.filter(pk=late.pk).update(papers_due_on=timezone.localdate() - YESTERDAY)
    there = EnrolmentFactory(company=company, people=1, at="CONFIRMED")
    Enrolment.objects.filter(pk=there.pk).update(papers_received_on=timezone.localdate())
    due = EnrolmentFactory(company=company, people=1, at="CONFIRMED")
    user = company_user(company)
    assert number(user, "training.Enrolment", "state=DRAFT") == 2
    assert "1" in note(user, "training.Enrolment", "state=DRAFT")
    awaited, overdue, next_day = note(user, "training.Enrolment", "state=CONFIRMED").split(" · ")
    assert "2" in awaited  # of three, one has come
    assert "1" in overdue
    assert due.papers_due_on.isoformat() in next_day


def test_the_big_button_is_the_companys_alone(users: Any, signed_in: Any) -> None:
    address = f'class="bo-button bo-button-large" href="{reverse("admin:training_enrolment_add")}"'
    having = {
        role
        for role in Role
        if address in signed_in(users[role]).get(reverse("admin:index")).content.decode()
    }
    assert having == {Role.COMPANY}


def test_a_local_body_counts_the_rosters_of_its_own_classes() -> None:
    body = LocalBodyFactory()
    here = TrainingClassFactory(type="CONTINUING", category="", local_body=body)
    EnrolmentFactory(training_class=here)  # never submitted: no body sees it
    EnrolmentFactory(training_class=here, people=3, at="LOCAL_REVIEW")
    EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    user = body_user(body)
    assert number(user, "training.Enrolment", "state=LOCAL_REVIEW") == 1
    assert "3" in note(user, "training.Enrolment", "state=LOCAL_REVIEW")


def test_a_body_sees_the_face_to_face_classes_it_holds_in_the_next_days() -> None:
    body, today = LocalBodyFactory(), timezone.localdate()

    def session(begins: int, **values: Any) -> Any:
        first = today + datetime.timedelta(days=begins)
        values = {"mode": "FACE_TO_FACE", "type": "CONTINUING", "category": "", "local_body": body} | values
        return TrainingClassFactory(start_date=first, end_date=first + datetime.timedelta(days=2), **values)

    soon, running = session(5), session(-1)
    for begins, values in (
        (9, {}),
        (-5, {}),
        (2, {"mode": "ONLINE"}),
        (2, {"local_body": LocalBodyFactory()}),
    ):
        session(begins, **values)
    EnrolmentFactory(training_class=soon, people=2, at="CONFIRMED")
    EnrolmentFactory(training_class=soon, people=1, at="LOCAL_REVIEW")
    found = classes_this_week(body_user(body))
    assert [row["title"] for row in found] == [str(running), str(soon)]
    assert "2" in found[1]["people"]
    assert not found[0]["people"]
    assert classes_this_week(UserFactory(role=Role.TRAINING)) == []


def test_finance_sees_what_to_verify_with_its_sum_and_what_to_write_and_pay_back() -> None:
    finance = UserFactory(role=Role.FINANCE)
    EnrolmentFactory(people=2, at="FINANCE_REVIEW")
    EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    paid = EnrolmentFactory(people=1, at="AWAITING_PAYMENT")
    company = actor(paid, Role.COMPANY)
    perform(paid, "submit_voucher", by=company, vouchers=[voucher(350)])
    perform(paid, "finance_approve", by=finance)
    assert number(finance, "fees.Bill", "stage=REVIEW") == 1
    assert "600" in note(finance, "fees.Bill", "stage=REVIEW")
    assert number(finance, "fees.Bill", "stage=OPEN") == 1
    assert "300" in note(finance, "fees.Bill", "stage=OPEN")
    assert number(finance, "fees.Receipt", "state=DUE") == Receipt.objects.count() == 1
    assert number(finance, "fees.Refund", "state=DUE") == Refund.objects.count() == 1
    assert "50" in note(finance, "fees.Refund", "state=DUE")
    badges = count_waiting(finance)
    assert badges[changelist("fees.Receipt")] == badges[changelist("fees.Refund")] == 1


def test_the_training_department_sees_what_is_to_be_handed_over_and_how_late() -> None:
    training = UserFactory(role=Role.TRAINING)
    EnrolmentFactory(people=4, at="TRAINING_REVIEW")
    late = EnrolmentFactory(people=2, at="CONFIRMED")
    Enrolment.objects.filter(pk=late.pk).update(open_by=timezone.localdate() - YESTERDAY)
    in_time = EnrolmentFactory(people=1, at="CONFIRMED")
    face_to_face = TrainingClassFactory(type="CONTINUING", category="", mode="FACE_TO_FACE")
    EnrolmentFactory(people=1, training_class=face_to_face, at="CONFIRMED")
    assert number(training, "training.Enrolment", "state=TRAINING_REVIEW") == 1
    pending = next(card for card in work_cards(training) if "state=PENDING" in card["link"])
    assert (pending["value"], pending["tone"]) == ("3", "danger")
    assert "2" in pending["note"]
    assert count_waiting(training)[changelist("training.EnrolmentLine")] == 3
    Enrolment.objects.filter(pk=late.pk).update(open_by=in_time.open_by)
    pending = next(card for card in work_cards(training) if "state=PENDING" in card["link"])
    assert pending["tone"] == "warning"
    assert in_time.open_by.isoformat() in pending["note"]


def test_results_are_asked_for_once_the_class_is_over() -> None:
    training = UserFactory(role=Role.TRAINING)
    enrolment = EnrolmentFactory(people=2, at="CONFIRMED")
    open_learning(enrolment)
    assert not note(training, "training.EnrolmentLine", "state=LEARNING")
    ended = timezone.localdate() - YESTERDAY
    type(enrolment.training_class).objects.filter(pk=enrolment.training_class_id).update(
        start_date=ended, end_date=ended
    )
    assert "2" in note(training, "training.EnrolmentLine", "state=LEARNING")


def test_a_person_is_told_of_the_own_learning_only() -> None:
    enrolment = EnrolmentFactory(people=2, at="CONFIRMED")
    learner = UserFactory(role=Role.PERSON, person=enrolment.lines.first().person)
    assert work_cards(learner) == []
    open_learning(enrolment)
    assert number(learner, "training.EnrolmentLine", "state=LEARNING") == 1
    assert work_cards(UserFactory(role=Role.PERSON, person=PersonFactory())) == []


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OFFICE, Role.AUDITOR])
def test_who_does_nothing_here_has_no_cards(role: Role) -> None:
    EnrolmentFactory(people=1, at="TRAINING_REVIEW")
    assert work_cards(UserFactory(role=role)) == []


def test_bills_of_others_are_in_no_sum() -> None:
    mine, other = CompanyFactory(), CompanyFactory()
    EnrolmentFactory(company=mine, people=1, at="AWAITING_PAYMENT")
    EnrolmentFactory(company=other, people=5, at="AWAITING_PAYMENT")
    assert Bill.objects.count() == 2
    sentence = note(company_user(mine), "training.Enrolment", "state=AWAITING_PAYMENT")
    assert "300" in sentence
    assert "1,500" not in sentence


def test_the_learning_of_other_companies_is_in_no_number() -> None:
    open_learning(EnrolmentFactory(people=3, at="CONFIRMED"))
    assert EnrolmentLine.objects.filter(state="LEARNING").count() == 3
    assert number(company_user(CompanyFactory()), "training.EnrolmentLine", "state=LEARNING") == 0
