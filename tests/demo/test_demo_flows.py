"""What is under way in the demo: every state of every flow, work at every desk, told by real steps."""

import datetime
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.flow import Flow
from backoffice.core.inbox import todo
from backoffice.core.links import record_of
from backoffice.core.models import Announcement, Attachment, Message, ReadyOpinion, Task, TransitionLog
from backoffice.core.models.inbox import flow_models
from backoffice.core.working_days import add_working_days, is_working_day
from backoffice.roles import Role
from backoffice.work_cards import classes_this_week, work_cards
from fees.models import BankAccount, Bill, FeeSchedule, Receipt, Refund, Voucher
from registry.demo.users import sign_ins
from registry.models import DuplicatePair, HelpRequest, Merge, Person, PersonalApplication
from training.flows.learning import ENDED
from training.models import Enrolment, EnrolmentLine, TrainingClass
from training.roster import look
from training.services import bodies_with_open_practice_classes

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.xdist_group("demo")]


def flows() -> list[Any]:
    return [model for model in flow_models() if model._meta.app_label in ("registry", "training", "fees")]


def test_every_flow_is_there_in_every_state(printed: str) -> None:
    missing = [
        f"{model.__name__}: {state}"
        for model in flows()
        for state in dict(model._meta.get_field("state").choices)
        if not model._default_manager.filter(state=state).exists()
    ]
    assert missing == []


def test_everybody_who_reviews_has_something_to_do_and_something_late(printed: str) -> None:
    today = timezone.localdate()
    for user, _note in sign_ins():
        if user.username in ("office", "finance", "training", "guangzhou", "nanhai", "foshan", "company"):
            assert todo(user).filter(due_on__lt=today).exists(), user.username
            assert todo(user).filter(due_on__gte=today).exists(), user.username
    assert todo(User.objects.get(username="shenzhen")).exists()
    company = User.objects.get(username="company")
    flows_of_company = {task.content_type.model for task in todo(company)}
    assert flows_of_company == {"personalapplication", "companychange", "transfer", "enrolment"}


def test_dates_lie_behind_us_and_in_order(printed: str) -> None:
    now = timezone.now()
    for model in flows():
        for record in model._default_manager.all():
            log = list(TransitionLog.of(record).order_by("id"))
            history = [row.history_date for row in record.history.order_by("history_id")]
            moments = [line.at for line in log]
            assert moments == sorted(moments)
            assert history == sorted(history), record
            assert [*moments, *history][-1] <= now
            assert set(moments) <= set(history), record  # every step is in the history; edits are besides
            if model is EnrolmentLine:  # put on a roster, which is no step
                assert not log or log[0].step == "confirm"
                continue
            assert log[0].step == "start"
            assert log[-1].target == record.state
            assert record.created_at == moments[0]
            tasks = list(Task.of(record).order_by("id"))
            assert all(task.opened_at in moments for task in tasks)
            assert all(task.closed_at in moments for task in tasks if task.closed_at)


def test_the_open_task_is_that_of_the_state(printed: str) -> None:
    for model in flows():
        for record in model._default_manager.all():
            desk = record.desk()
            open_tasks = list(Task.of(record).filter(closed_at=None))
            assert [task.state for task in open_tasks] == ([record.state] if desk else [])


def test_a_public_applicant_finds_bodies_and_companies_that_somebody_signs_in_for(printed: str) -> None:
    bodies = set(bodies_with_open_practice_classes())
    assert {body.short_name for body in bodies} == {"广州", "南海", "深圳", "佛山"}
    assert bodies == {user.local_body for user, _note in sign_ins() if user.local_body}
    assert len({row.local_body_id for row in TrainingClass.objects.all()}) > 5


def test_opinions_stand_where_people_look_for_them(printed: str) -> None:
    known = "用户名已存在，已是个人会员，无需再申请。"
    assert PersonalApplication.objects.filter(state="RETURNED", local_opinion=known).exists()
    again = PersonalApplication.objects.filter(state="COMPANY_REVIEW")
    assert any(TransitionLog.of(row).exclude(opinion="").exists() for row in again)
    reports = HelpRequest.objects.filter(topic="KNOWN_MEMBER", state="OPEN")
    assert reports.count() >= 2
    assert ReadyOpinion.objects.count() >= 10
    assert ReadyOpinion.objects.filter(text=known, flow="registry.PersonalApplication").exists()


def test_an_approved_application_made_a_member_with_pictures_and_a_sign_in(printed: str) -> None:
    for application in PersonalApplication.objects.filter(state="APPROVED"):
        person = Person.objects.get(id_number=application.id_number)
        kinds = set(Attachment.of(person).values_list("kind__code", flat=True))
        assert {"PHOTO", "ID_CARD", "DIPLOMA"} <= kinds
        assert not User.objects.get(person=person).has_usable_password()
        assert person.created_at <= timezone.now() - datetime.timedelta(days=10)


def test_messages_went_out_in_their_time_and_keep_no_secret(printed: str) -> None:
    assert Message.objects.count() > 50
    assert not Message.objects.exclude(status=Message.Status.SENT).exists()
    assert not Message.objects.exclude(sealed="").exists()
    assert Message.objects.filter(sent_at__gt=timezone.now()).count() == 0
    assert not Message.objects.filter(body__contains="http://127.0.0.1:8000").exists()


def test_duplicates_wait_and_some_are_decided(printed: str) -> None:
    assert set(DuplicatePair.objects.values_list("status", flat=True)) == {"OPEN", "DIFFERENT", "MERGED"}
    assert set(DuplicatePair.objects.filter(status="OPEN").values_list("kind", flat=True)) == {
        "PERSON",
        "COMPANY",
    }
    assert Merge.objects.count() == 1


def test_announcements_are_pinned_published_planned_and_drafted(printed: str) -> None:
    assert Announcement.public().filter(is_pinned=True).exists()
    assert Announcement.public().count() >= 5
    assert Announcement.objects.filter(is_published=True, published_at__gt=timezone.now()).exists()
    assert Announcement.objects.filter(is_published=False).exists()


def test_the_sheet_shows_the_home_page_and_two_links_that_work(printed: str) -> None:
    assert "http://127.0.0.1:8765/\n" in printed
    links = [line.split("/a/")[1].strip("/ ") for line in printed.splitlines() if "/a/" in line]
    shown: list[Flow] = [record_of(token) for token in links]
    assert [record.state for record in shown] == ["RETURNED", "COMPANY_REVIEW"]
    assert "activation links" in printed


# --- Enrolments, learning, the cash desk --------------------------------------------------------------------


def user(name: str) -> User:
    return User.objects.get(username=name)


def test_the_demo_company_has_enrolments_at_every_stage(printed: str) -> None:
    mine = Enrolment.objects.filter(company=user("company").company)
    assert set(mine.values_list("state", flat=True)) == set(Enrolment.State.values)
    assert mine.filter(state="DRAFT", submitted_at__isnull=False).exists()  # returned
    assert mine.filter(training_class__type="PRACTICE").exists()


def test_one_draft_has_everything_to_put_right_and_one_is_ready(printed: str) -> None:
    drafts = Enrolment.objects.filter(company=user("company").company, state="DRAFT", submitted_at=None)
    found = [{problem.code for problem in look(draft).errors} for draft in drafts]
    assert set() in found
    assert any({"papers"} < codes for codes in found)


def test_what_was_submitted_was_in_order(printed: str) -> None:
    """Seats, prices and bills as the flow leaves them."""
    for enrolment in Enrolment.objects.exclude(state__in=("DRAFT", "CANCELLED")):
        lines = enrolment.lines.all()
        assert enrolment.people == len({line.person_id for line in lines}) > 0
        assert enrolment.amount == sum(line.amount for line in lines)
        assert enrolment.bill.total == enrolment.amount
        assert enrolment.bill.items.aggregate(sum=Sum("amount"))["sum"] == enrolment.amount
    for session in TrainingClass.objects.all():
        assert session.seats_taken() <= session.capacity


def test_the_cases_of_the_manual_are_there(printed: str) -> None:
    assert set(EnrolmentLine.objects.values_list("matter", flat=True)) == set(EnrolmentLine.Matter.values)
    kinds = set(Bill.objects.values_list("items__kind", flat=True))
    assert kinds >= {"DUES", "CHANGE", "UPGRADE", "TUITION", "WAIVED", "ARREARS"}
    change = EnrolmentLine.objects.filter(matter="RENEWAL_CHANGE").first()
    assert change.printed_company in change.change_remark
    waived = EnrolmentLine.objects.filter(is_waived=True).exclude(enrolment__state="DRAFT").first()
    assert waived.amount == 0
    assert waived.enrolment.lines.filter(person=waived.person, is_waived=False).count() == 1
    assert FeeSchedule.objects.count() == BankAccount.objects.count() == 1


def test_money_adds_up_and_stands_in_every_state(printed: str) -> None:
    assert set(Bill.objects.values_list("stage", flat=True)) == set(Bill.Stage.values)
    assert {"SUBMITTED", "VERIFIED", "RETURNED"} <= set(Voucher.objects.values_list("status", flat=True))
    for bill in Bill.objects.all():
        verified = sum((row.amount for row in bill.vouchers.filter(status="VERIFIED")), Decimal(0))
        back = sum((row.amount for row in bill.refunds.filter(state="PAID")), Decimal(0))
        assert bill.paid == verified - back
        if bill.stage == "SETTLED":
            due = sum((row.amount for row in bill.refunds.filter(state="DUE")), Decimal(0))
            assert due == bill.paid - bill.total, bill
    for voucher in Voucher.objects.all():
        assert Attachment.of(voucher).filter(removed_at=None, kind__code="VOUCHER").count() == 1


def test_every_number_of_a_receipt_is_its_own_and_lies_in_the_past(printed: str) -> None:
    issued = Receipt.objects.exclude(number="")
    assert issued.exists()
    assert all(row.issued_on <= timezone.localdate() for row in issued)
    assert max(Counter(issued.values_list("kind", "number")).values()) == 1
    assert set(Refund.objects.values_list("state", flat=True)) == set(Refund.State.values)


def test_a_declined_payment_left_its_credit(printed: str) -> None:
    steps = Counter(TransitionLog.objects.values_list("step", flat=True))
    assert steps["decline_payment"] >= 2
    assert steps["skip_payment"] >= 2
    assert steps["training_return"] >= 2
    assert steps["finance_return"] >= 2
    credit = Bill.objects.filter(stage="OPEN", paid__gt=0)
    assert credit.exists()


def test_learning_stands_in_every_state_with_its_dates(printed: str) -> None:
    assert set(EnrolmentLine.objects.values_list("state", flat=True)) == set(EnrolmentLine.State.values)
    assert EnrolmentLine.objects.filter(attempts=2, state="PASSED").exists()
    for line in EnrolmentLine.objects.exclude(handed_off_at=None).select_related("enrolment"):
        assert line.enrolment.confirmed_at <= line.handed_off_at <= timezone.now()
        assert line.opened_at is None or line.opened_at >= line.handed_off_at
    for line in EnrolmentLine.objects.filter(state="PASSED"):
        assert line.passed_on <= timezone.localdate()
        assert line.score >= 60
        assert line.study_hours == 24
    for line in EnrolmentLine.objects.filter(enrolment__state="CLOSED"):
        assert line.state in ENDED


def test_deadlines_are_counted_from_the_confirmation(printed: str) -> None:
    confirmed = Enrolment.objects.exclude(confirmed_at=None)
    assert confirmed.filter(open_by__lt=timezone.localdate()).exists()
    for enrolment in confirmed:
        day = timezone.localdate(enrolment.confirmed_at)
        assert enrolment.open_by == add_working_days(day, 2)
        assert enrolment.papers_due_on == add_working_days(day, 3)


def test_a_class_that_is_over_ended_in_the_past_and_its_history_says_the_same(printed: str) -> None:
    for session in TrainingClass.objects.filter(state__in=("FINISHED", "CANCELLED")):
        assert session.end_date < timezone.localdate()
        assert set(session.history.values_list("end_date", flat=True)) == {session.end_date}


def test_nobody_is_in_two_enrolments_under_way(printed: str) -> None:
    under_way = EnrolmentLine.objects.filter(
        enrolment__state__in=("LOCAL_REVIEW", "AWAITING_PAYMENT", "FINANCE_REVIEW", "TRAINING_REVIEW")
    )
    certificates = [pk for pk in under_way.values_list("certificate", flat=True) if pk]
    assert max(Counter(certificates).values()) == 1


@pytest.mark.parametrize("name", ["company", "guangzhou", "nanhai", "shenzhen", "finance", "training"])
def test_everybody_finds_numbers_on_the_first_page(printed: str, name: str) -> None:
    assert any(card["value"] != "0" for card in work_cards(user(name)))


def test_a_body_holds_a_class_this_week_and_a_person_is_learning(printed: str) -> None:
    assert classes_this_week(user("nanhai"))
    coming = [timezone.localdate() + datetime.timedelta(days=number) for number in range(11)]
    if all(is_working_day(day) for day in coming if day.weekday() < 5):  # nobody teaches in a holiday week
        assert classes_this_week(user("guangzhou"))
    person = next(row for row, _note in sign_ins() if row.role == Role.PERSON)
    assert person.person is not None
    assert person.person.enrolment_lines.exclude(state="ENROLLING").exists()


def test_the_first_page_of_the_sheet_says_what_waits_for_whom(printed: str) -> None:
    waiting = [line for line in printed.splitlines() if line.startswith("  finance ")]
    assert len(waiting) == 1
    assert any(character.isdigit() for character in waiting[0])


def test_opinions_for_enrolments_and_payments_are_ready(printed: str) -> None:
    assert ReadyOpinion.objects.filter(flow="training.Enrolment").count() >= 5
    recent = Enrolment.objects.filter(created_at__gte=timezone.now() - datetime.timedelta(days=200))
    assert recent.count() == Enrolment.objects.count()
