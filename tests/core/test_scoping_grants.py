"""A local body reads the papers of the people on rosters it reviews, and of nobody else; the rest stays closed."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from backoffice.core.attachments import accept, remove
from backoffice.core.models import Attachment
from backoffice.core.scoping import LENT, can_see, lend, visible_to
from backoffice.roles import Role
from registry.models import Certificate, Person
from tests.enrolments import EnrolmentFactory, advance
from tests.factories import LocalBodyFactory, PersonFactory, UserFactory, give_papers
from tests.files.images import jpeg, upload
from training.enrolling import move_lines
from training.models import Enrolment

pytestmark = pytest.mark.django_db
UNDER_WAY = ("LOCAL_REVIEW", "AWAITING_PAYMENT", "FINANCE_REVIEW", "TRAINING_REVIEW", "CONFIRMED")


def reviewer_of(enrolment: Enrolment) -> Any:
    return UserFactory(role=Role.LOCAL_BODY, local_body=enrolment.local_body)


def person_of(enrolment: Enrolment) -> Person:
    return enrolment.lines.select_related("person").get().person


def papers_of(person: Person, user: Any) -> int:
    return visible_to(Attachment, user, queryset=Attachment.of(person)).count()


@pytest.mark.parametrize("state", UNDER_WAY)
def test_a_body_reads_the_profile_papers_of_people_on_its_rosters(state: str) -> None:
    enrolment = EnrolmentFactory(people=1, at=state)
    assert papers_of(person_of(enrolment), reviewer_of(enrolment)) == 5


def test_a_draft_shows_nothing_to_the_body() -> None:
    enrolment = EnrolmentFactory(people=1)
    assert papers_of(person_of(enrolment), reviewer_of(enrolment)) == 0


def test_after_a_return_to_the_company_the_papers_are_closed_again() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    person, reviewer = person_of(enrolment), reviewer_of(enrolment)
    advance(enrolment, "local_return")
    assert papers_of(person, reviewer) == 0


def test_after_the_end_of_the_enrolment_the_papers_are_closed_again() -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    person, reviewer, training = person_of(enrolment), reviewer_of(enrolment), UserFactory(role=Role.TRAINING)
    lines = list(enrolment.lines.values_list("pk", flat=True))
    for step in ("hand_off", "open_learning", "record_pass"):
        assert not move_lines(lines, step, by=training).refused
    enrolment.refresh_from_db()
    assert enrolment.state == "CLOSED"
    assert papers_of(person, reviewer) == 0


def test_who_dropped_out_is_no_longer_read_about() -> None:
    enrolment = EnrolmentFactory(people=2, at="CONFIRMED")
    dropped, staying = enrolment.lines.select_related("person")
    training = UserFactory(role=Role.TRAINING)
    assert not move_lines([dropped.pk], "drop", by=training, opinion="离职").refused
    reviewer = reviewer_of(enrolment)
    assert papers_of(dropped.person, reviewer) == 0
    assert papers_of(staying.person, reviewer) == 5


def test_people_of_another_bodys_roster_and_of_none_stay_closed() -> None:
    enrolment, other = (
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
        EnrolmentFactory(people=1, at="LOCAL_REVIEW"),
    )
    loner = PersonFactory()
    give_papers(loner, "ID_CARD")
    reviewer = reviewer_of(enrolment)
    assert papers_of(person_of(other), reviewer) == 0
    assert papers_of(loner, reviewer) == 0


def test_an_unbound_or_inactive_reviewer_reads_nothing() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    reviewer, stranger = (
        reviewer_of(enrolment),
        UserFactory(role=Role.LOCAL_BODY, local_body=LocalBodyFactory()),
    )
    stranger.local_body_id = None
    assert papers_of(person_of(enrolment), stranger) == 0
    reviewer.is_active = False
    assert papers_of(person_of(enrolment), reviewer) == 0


def test_the_person_the_certificate_and_their_pages_stay_closed() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    person, reviewer = person_of(enrolment), reviewer_of(enrolment)
    assert not can_see(person, reviewer)
    assert not visible_to(Certificate, reviewer).exists()
    client = Client()
    client.force_login(reviewer)
    for page in ("change", "history", "attachments"):
        answer = client.get(reverse(f"admin:registry_person_{page}", args=[person.pk]))
        assert answer.status_code in (403, 404), page


def test_the_picture_itself_is_sent_for_as_long_and_not_longer() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    (paper,) = give_papers(person_of(enrolment), "OTHER", content=jpeg())
    client = Client()
    client.force_login(reviewer_of(enrolment))
    addresses = [reverse(f"core:{name}", args=[paper.pk]) for name in
                 ("attachment", "attachment_thumb", "attachment_download")]  # fmt: skip
    assert {client.get(address).status_code for address in addresses} == {200}
    advance(enrolment, "local_return")
    assert {client.get(address).status_code for address in addresses} == {404}


def test_the_papers_are_lent_to_read_only() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    person, reviewer = person_of(enrolment), reviewer_of(enrolment)
    paper = Attachment.of(person).first()
    assert paper is not None
    with pytest.raises(PermissionDenied):
        remove(paper, reviewer)
    with pytest.raises(PermissionDenied):
        accept(upload(jpeg()), "OTHER", person, reviewer)


def test_nothing_is_lent_to_a_role_that_changes_such_records() -> None:
    before = {key: dict(owners) for key, owners in LENT.items()}
    with pytest.raises(ValueError, match="COMPANY"):
        lend(Attachment, Person, Role.COMPANY, lambda user: Person.objects.none())
    assert before == LENT


@pytest.mark.parametrize("role", [role for role in Role if role != Role.LOCAL_BODY])
def test_other_roles_gain_nothing(role: Role) -> None:
    assert not LENT.get(("core.Attachment", role))


def test_the_question_stays_one_query(django_assert_num_queries: Any) -> None:
    enrolment = EnrolmentFactory(people=3, at="LOCAL_REVIEW")
    reviewer = reviewer_of(enrolment)
    papers_of(PersonFactory(), reviewer)  # content types are remembered
    with django_assert_num_queries(1):
        visible_to(Attachment, reviewer).count()
