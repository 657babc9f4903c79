"""The reviewer's page: everybody's papers, what changed since the return, and remarks."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.models import Attachment
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    PersonFactory,
    UserFactory,
    actor,
    client_of,
    give_papers,
)
from training.drafting import remove_lines
from training.models import Enrolment, EnrolmentLine
from training.review import ADDED, CHANGED, Review, look_through, save_remark

pytestmark = pytest.mark.django_db
At = Callable[..., Enrolment]
LIST = reverse("admin:training_enrolment_changelist")


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[tuple[str, int], Enrolment]:
    """An enrolment of one person in each state that is looked at, and of two where the roster is looked through."""
    one = ("LOCAL_REVIEW", "AWAITING_PAYMENT", "TRAINING_REVIEW", "CONFIRMED")
    kept = {(state, 1): EnrolmentFactory(people=1, at=state) for state in one}
    return kept | {
        (state, 2): EnrolmentFactory(people=2, at=state) for state in ("LOCAL_REVIEW", "TRAINING_REVIEW")
    }


@pytest.fixture
def at(kept: dict[tuple[str, int], Enrolment]) -> At:
    """`at(state, people)` is the file's enrolment of so many people in this state."""
    return lambda state, people=1: deepcopy(kept[state, people])


def reviewer_of(enrolment: Enrolment) -> Any:
    return actor(enrolment, Role.LOCAL_BODY)


def step_page(enrolment: Enrolment, step: str = "local_approve") -> str:
    return reverse("admin:training_enrolment_step", args=[enrolment.pk, step])


def remark_page(enrolment: Enrolment) -> str:
    return reverse("admin:training_enrolment_remark", args=[enrolment.pk])


def reviewed(enrolment: Enrolment) -> Review:
    return look_through(enrolment, reviewer_of(enrolment))


def certificate_of(enrolment: Enrolment, **values: Any) -> Any:
    person = PersonFactory(company=enrolment.company)
    values = {"type": "SUPERVISOR", "printed_company": enrolment.company.name} | values
    return CertificateFactory(person=person, **values)


# --- The page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "state", "role"),
    [("local_approve", "LOCAL_REVIEW", Role.LOCAL_BODY), ("local_return", "LOCAL_REVIEW", Role.LOCAL_BODY),
     ("training_confirm", "TRAINING_REVIEW", Role.TRAINING), ("training_return", "TRAINING_REVIEW", Role.TRAINING)],
)  # fmt: skip
def test_every_persons_pictures_are_on_the_decision_page(step: str, state: str, role: str, at: At) -> None:
    enrolment = at(state, 2)
    text = client_of(actor(enrolment, role)).get(step_page(enrolment, step)).content.decode()
    for line in enrolment.lines.select_related("person"):
        assert f'id="line-{line.pk}"' in text
        assert line.id_number in text
        for paper in Attachment.of(line.person):
            assert f'loading="lazy" src="{reverse("core:attachment", args=[paper.pk])}"' in text


def test_papers_of_a_line_and_of_the_roster_are_shown_too() -> None:
    enrolment = EnrolmentFactory(people=1)
    (own,) = give_papers(enrolment.lines.get(), "OTHER")
    (shared,) = give_papers(enrolment, "QUALIFICATION")
    review = reviewed(advance(enrolment, "submit"))
    assert own in [picture.paper for picture in review.people[0].pictures]
    assert [picture.paper for picture in review.shared] == [shared]


def test_papers_taken_back_are_not_shown(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    before = len(reviewed(enrolment).people[0].pictures)
    paper = Attachment.of(enrolment.lines.get().person).first()
    Attachment.objects.filter(pk=paper.pk).update(removed_at=paper.uploaded_at)
    assert len(reviewed(enrolment).people[0].pictures) == before - 1


def test_other_steps_keep_the_ordinary_decision_page(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    answer = client_of(UserFactory(role=Role.TRAINING)).get(step_page(enrolment, "training_cancel"))
    assert answer.status_code == 200
    assert "data-review" not in answer.content.decode()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.OFFICE, Role.COMPANY, Role.TRAINING])
def test_who_does_not_review_is_led_back_to_the_record(role: str, at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    assert client_of(actor(enrolment, role)).get(step_page(enrolment)).status_code == 302


def test_the_body_of_another_class_finds_no_page(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    stranger = client_of(UserFactory(role=Role.LOCAL_BODY))
    assert stranger.get(step_page(enrolment)).status_code == 404
    line = enrolment.lines.get()
    assert stranger.post(remark_page(enrolment), {"line": line.pk, "remark": "x"}).status_code == 404


@pytest.mark.parametrize("returned", [False, True])
def test_thirty_people_take_as_many_queries_as_three(returned: bool) -> None:
    def queries(people: int) -> int:
        enrolment = EnrolmentFactory(people=people, at="LOCAL_REVIEW")
        if returned:
            advance(enrolment, "local_return")
            for line in enrolment.lines.all():
                line.change_remark = "改"
                line.save()
            enrolment = advance(enrolment, "submit")
        client = client_of(reviewer_of(enrolment))
        client.get(step_page(enrolment))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(step_page(enrolment)).status_code == 200
        return len(seen)

    assert queries(30) == queries(3)


# --- Clean or not ------------------------------------------------------------------------------------


def test_a_roster_without_problems_and_remarks_is_clean(at: At) -> None:
    enrolment = at("LOCAL_REVIEW", 2)
    assert reviewed(enrolment).is_clean
    assert "data-all-clean" in client_of(reviewer_of(enrolment)).get(step_page(enrolment)).content.decode()


def test_a_problem_of_the_rules_is_shown_to_the_reviewer_too(at: At) -> None:
    enrolment = at("LOCAL_REVIEW", 2)
    line = enrolment.lines.first()
    line.person.region = None
    line.person.save()
    review = reviewed(enrolment)
    assert [seen.line for seen in review.unclean] == [line]
    (problem,) = review.unclean[0].problems
    assert problem.text in client_of(reviewer_of(enrolment)).get(step_page(enrolment)).content.decode()


def test_what_happened_since_the_submit_stops_the_approval_and_offers_the_return(at: At) -> None:
    enrolment = at("LOCAL_REVIEW", 2)
    line = enrolment.lines.first()
    line.person.company = CompanyFactory(name="广东别家监理有限公司")
    line.person.save()
    client = client_of(reviewer_of(enrolment))
    text = client.get(step_page(enrolment)).content.decode()
    assert "广东别家监理有限公司" in text
    assert 'data-other-step href="../local_return/"' in text
    client.post(step_page(enrolment), {"opinion": ""})
    enrolment.refresh_from_db()
    assert enrolment.state == "LOCAL_REVIEW"
    proposed = client.get(step_page(enrolment, "local_return")).context["form"]["opinion"].value()
    assert "广东别家监理有限公司" in proposed


# --- Remarks -----------------------------------------------------------------------------------------


def test_a_remark_is_saved_by_script_and_proposed_as_opinion_of_the_return(at: At) -> None:
    enrolment = at("LOCAL_REVIEW", 2)
    line = enrolment.lines.first()
    client = client_of(reviewer_of(enrolment))
    answer = client.post(
        remark_page(enrolment),
        {"line": line.pk, "remark": "  照片 太暗 "},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.json() == {"remark": "照片 太暗", "opinion": f"{line}: 照片 太暗"}
    line.refresh_from_db()
    assert line.review_remark == "照片 太暗"
    assert line.history.first().history_user == reviewer_of(enrolment)
    form = client.get(step_page(enrolment, "local_return")).context["form"]
    assert form["opinion"].value() == f"{line}: 照片 太暗"
    assert not reviewed(enrolment).is_clean


def test_without_a_script_the_remark_leads_back_to_the_person(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    line = enrolment.lines.get()
    values = {"line": line.pk, "remark": "照片太暗", "step": "local_approve"}
    answer = client_of(reviewer_of(enrolment)).post(remark_page(enrolment), values)
    assert answer.url == f"{step_page(enrolment)}#line-{line.pk}"
    line.refresh_from_db()
    assert line.review_remark == "照片太暗"


def test_the_company_reads_the_remark_once_the_roster_is_returned_and_the_next_submit_clears_it(
    at: At,
) -> None:
    enrolment = at("LOCAL_REVIEW", 2)
    line = enrolment.lines.first()
    save_remark(enrolment.pk, line.pk, "照片太暗", reviewer_of(enrolment))
    page = reverse("admin:training_enrolment_change", args=[enrolment.pk])
    clerk = client_of(actor(enrolment, Role.COMPANY))
    enrolment = advance(enrolment, "local_return", opinion="见备注")
    assert "照片太暗" in clerk.get(page, follow=True).content.decode()
    enrolment = advance(enrolment, "submit")
    line.refresh_from_db()
    assert line.review_remark == ""
    seen = next(seen for seen in reviewed(enrolment).people if seen.line == line)
    assert seen.earlier_remark == "照片太暗"
    assert seen.is_clean


@pytest.mark.parametrize("role", [Role.FINANCE, Role.OFFICE, Role.AUDITOR, Role.ADMIN, Role.PERSON])
def test_roles_that_change_no_enrolment_write_no_remark(role: str, at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    values = {"line": enrolment.lines.get().pk, "remark": "x"}
    assert client_of(UserFactory(role=role)).post(remark_page(enrolment), values).status_code == 403
    assert enrolment.lines.get().review_remark == ""


@pytest.mark.parametrize("role", [Role.COMPANY, Role.TRAINING])
def test_the_other_desks_are_refused_with_a_sentence(role: str, at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    answer = client_of(actor(enrolment, role)).post(
        remark_page(enrolment),
        {"line": enrolment.lines.get().pk, "remark": "x"},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.status_code == 409
    assert answer.json()["refusal"]
    assert enrolment.lines.get().review_remark == ""


@pytest.mark.parametrize("state", ["AWAITING_PAYMENT", "TRAINING_REVIEW", "CONFIRMED"])
def test_after_the_review_no_remark_is_written(state: str, at: At) -> None:
    enrolment = at(state)
    answer = client_of(reviewer_of(enrolment)).post(
        remark_page(enrolment),
        {"line": enrolment.lines.get().pk, "remark": "x"},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.status_code == 409
    assert enrolment.lines.get().review_remark == ""


@pytest.mark.parametrize("line", ["", "x", "0", str(2**70), "foreign"])
def test_a_line_that_is_not_on_the_roster_takes_no_remark(line: str, at: At) -> None:
    enrolment, other = at("LOCAL_REVIEW"), at("LOCAL_REVIEW", 2)
    foreign = other.lines.first()
    answer = client_of(reviewer_of(enrolment)).post(
        remark_page(enrolment), {"line": str(foreign.pk) if line == "foreign" else line, "remark": "x"},
        headers={"X-Requested-With": "fetch"},
    )  # fmt: skip
    assert answer.status_code == 409
    assert not EnrolmentLine.objects.exclude(review_remark="").exists()


def test_a_remark_that_is_too_long_is_refused_and_says_how_long(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    answer = client_of(reviewer_of(enrolment)).post(
        remark_page(enrolment), {"line": enrolment.lines.get().pk, "remark": "长" * 301},
        headers={"X-Requested-With": "fetch"},
    )  # fmt: skip
    assert answer.status_code == 409
    assert "301" in answer.json()["refusal"]


def test_a_remark_changes_nothing_by_get(at: At) -> None:
    enrolment = at("LOCAL_REVIEW")
    answer = client_of(reviewer_of(enrolment)).get(remark_page(enrolment), {"line": 1, "remark": "x"})
    assert answer.status_code == 405


def test_many_remarks_make_an_opinion_that_still_fits() -> None:
    enrolment = EnrolmentFactory(people=5, at="LOCAL_REVIEW")
    for line in enrolment.lines.all():
        save_remark(enrolment.pk, line.pk, "长" * 300, reviewer_of(enrolment))
    form = client_of(reviewer_of(enrolment)).get(step_page(enrolment, "local_return")).context["form"]
    assert len(form["opinion"].value()) == 1000


# --- What changed since the return -------------------------------------------------------------------


def returned() -> Enrolment:
    return advance(EnrolmentFactory(people=3, at="LOCAL_REVIEW"), "local_return")


def test_at_the_first_submit_nothing_is_marked(at: At) -> None:
    review = reviewed(at("LOCAL_REVIEW", 2))
    assert review.returned_at is None
    assert not review.has_changes()


def test_submitted_again_as_it_was_nothing_is_marked() -> None:
    review = reviewed(advance(returned(), "submit"))
    assert review.returned_at is not None
    assert not review.has_changes()


@pytest.mark.parametrize("back", ["local_return", "decline_payment"])
def test_added_changed_and_removed_people_are_marked(back: str) -> None:
    at = "LOCAL_REVIEW" if back == "local_return" else "AWAITING_PAYMENT"
    enrolment = advance(EnrolmentFactory(people=3, at=at), back)
    kept, changed, removed = enrolment.lines.all()
    name = str(removed)
    remove_lines(enrolment, [removed.pk], actor(enrolment, Role.COMPANY))
    changed.change_remark = "原单位: 别家"
    changed.save()
    added = EnrolmentLineFactory(enrolment=enrolment, certificate=certificate_of(enrolment))
    enrolment = advance(enrolment, "submit")
    review = reviewed(enrolment)
    assert {seen.line: seen.change for seen in review.people} == {kept: "", changed: CHANGED, added: ADDED}
    assert review.removed == [name]
    (difference,) = next(seen.changes for seen in review.people if seen.line == changed)
    assert (difference.old, difference.new) == ("–", "原单位: 别家")
    text = client_of(reviewer_of(enrolment)).get(step_page(enrolment)).content.decode()
    assert re.search(rf"<del>{re.escape(name)}</del>", text)
    assert f'class="rv-person rv-added" id="line-{added.pk}"' in text


def test_only_what_changed_since_the_last_of_several_returns_is_marked() -> None:
    enrolment = returned()
    early = EnrolmentLineFactory(enrolment=enrolment, certificate=certificate_of(enrolment))
    enrolment = advance(enrolment, "submit", "local_return")
    late = EnrolmentLineFactory(enrolment=enrolment, certificate=certificate_of(enrolment))
    review = reviewed(advance(enrolment, "submit"))
    assert {seen.line for seen in review.people if seen.change} == {late}
    assert early in [seen.line for seen in review.people]


def test_pictures_handed_in_after_the_return_are_marked() -> None:
    enrolment = returned()
    line = enrolment.lines.first()
    (paper,) = give_papers(line, "TITLE")
    review = reviewed(advance(enrolment, "submit"))
    new = [picture.paper for seen in review.people for picture in seen.pictures if picture.is_new]
    assert new == [paper]
