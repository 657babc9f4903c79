"""People of other companies: who asks must know what the number does not tell; wrong answers are counted
(specification 3.6)."""

from typing import Any

import pytest

from backoffice.core.engine import perform
from backoffice.core.models import Task
from backoffice.roles import Role
from registry.models import Certificate, HelpRequest
from tests.factories import CompanyFactory, PersonFactory, UserFactory, client_of
from tests.training.roster_tools import draft_with, entries, held_by, named
from training import foreign
from training.drafting import Outcome, enter, open_findings, remove_lines
from training.entries import Entry, parse
from training.models import CertificateLookup
from training.roster import look

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger() -> Certificate:
    return held_by(CompanyFactory(), person=PersonFactory(name="许国祥"))


def kinds(outcome: Outcome) -> list[str]:
    return [finding.kind for finding in outcome.findings]


def guesses(count: int, start: int = 0) -> list[Entry]:
    return [Entry(f"Z{start + n:06d}", name="张三") for n in range(count)]


# -- what must be known --------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", ["许国祥", "{tail}", "许国祥 {tail}", "{id_number}"])
def test_name_or_last_four_of_the_id_number_show_the_person_masked(
    stranger: Certificate, beside: str
) -> None:
    draft, user = draft_with()
    number = stranger.person.id_number
    typed = f"{stranger.number} {beside.format(tail=number[-4:], id_number=number)}"
    (finding,) = enter(draft, parse(typed).entries, user).findings
    assert (finding.kind, finding.name) == ("foreign", "许*祥")
    assert "*" in finding.id_number
    lookup = CertificateLookup.objects.get()
    assert (lookup.by, lookup.certificate, lookup.company, lookup.is_wrong) == (
        user,
        stranger,
        draft.company,
        False,
    )


@pytest.mark.parametrize("beside", ["", " 许国强", " 9999", " 许国强 {tail}"])
def test_a_wrong_answer_is_the_same_as_no_such_number(stranger: Certificate, beside: str) -> None:
    draft, user = draft_with()
    said = beside.format(tail=stranger.person.id_number[-4:])
    answers = []
    for number in (stranger.number, "Z9999999"):
        (finding,) = enter(draft, parse(f"{number}{said}").entries, user).findings[:1]
        problem = finding.problem
        answers.append((finding.kind, finding.row, problem.text.replace(number, "#"), problem.fix_label))
    assert answers[0] == answers[1]
    assert answers[0][0] == "missing"
    assert not draft.lines.exists()
    assert CertificateLookup.objects.filter(is_wrong=True).count() == (2 if said else 0)


def test_a_tick_alone_adds_nobody_of_another_company(stranger: Certificate) -> None:
    draft, user = draft_with()
    enter(draft, entries(stranger), user)
    enter(draft, [], user, confirmed=[stranger.number])
    enter(draft, entries(stranger), user, confirmed=[stranger.number])
    assert not draft.lines.exists()


def test_ten_numbers_of_own_people_need_no_name_and_are_no_look_up() -> None:
    draft, user = draft_with()
    outcome = enter(draft, entries(*(held_by(draft.company) for _ in range(10))), user)
    assert (outcome.added, outcome.findings) == (10, [])
    assert not CertificateLookup.objects.exists()


# -- how often -----------------------------------------------------------------------------------------


def test_after_twenty_wrong_answers_nobody_of_the_company_gets_another_one(stranger: Certificate) -> None:
    draft, user = draft_with()
    colleague = UserFactory(role=Role.COMPANY, company=draft.company)
    outcome = enter(draft, [*guesses(20), *named(stranger)], user)
    assert kinds(outcome) == ["missing"] * 20 + ["limit"]
    other, _clerk = draft_with(user=colleague, company=draft.company)
    assert kinds(enter(other, named(stranger), colleague)) == ["limit"]
    assert kinds(enter(other, [Entry("Z999999", name="张三")], colleague))[0] == "limit"
    assert CertificateLookup.objects.filter(is_wrong=True).count() == 20
    # One's own people are found all the same, and so are strangers by another company.
    assert enter(draft, entries(held_by(draft.company)), user).added == 1
    third, clerk = draft_with()
    assert kinds(enter(third, named(stranger), clerk)) == ["foreign"]


def test_the_office_gets_one_task_that_says_who(stranger: Certificate) -> None:
    draft, user = draft_with()
    enter(draft, guesses(30), user)
    enter(draft, guesses(30, start=50), user)
    report = HelpRequest.objects.get(topic=HelpRequest.Topic.LOOKUPS)
    assert user.username in report.text
    assert Task.objects.get(object_id=report.pk, role=Role.OFFICE).closed_at is None


def test_the_very_same_again_is_no_second_wrong_answer() -> None:
    draft, user = draft_with()
    for _attempt in range(3):
        enter(draft, guesses(15), user)
    assert CertificateLookup.objects.filter(is_wrong=True).count() == 15


def test_what_was_not_answered_today_is_not_answered_by_opening_the_page(
    stranger: Certificate, monkeypatch: Any
) -> None:
    draft, user = draft_with()
    enter(draft, [*guesses(20), *named(stranger)], user)
    monkeypatch.setattr(foreign, "WRONG_A_DAY", 1_000)  # as tomorrow
    assert [finding.kind for finding in open_findings(draft, user)][-1] == "limit"
    assert kinds(enter(draft, named(stranger), user))[0] == "foreign"


def test_who_was_shown_already_can_still_be_added_after_the_limit(stranger: Certificate) -> None:
    draft, user = draft_with()
    enter(draft, named(stranger), user)
    enter(draft, guesses(25), user)
    assert enter(draft, [], user, confirmed=[stranger.number]).added == 1


# -- masked until the submit ---------------------------------------------------------------------------


PLACES = {
    "roster": "/admin/training/enrolment/{draft}/roster/",
    "people": "/admin/training/enrolmentline/?state=ENROLLING",
    "line": "/admin/training/enrolmentline/{line}/change/",
    "attachments": "/admin/training/enrolmentline/{line}/attachments/",
    "history": "/admin/training/enrolmentline/{line}/history/",
    "export": "/admin/training/enrolment/rosters/?id={draft}&format=csv",
    "learning": "/admin/training/enrolmentline/export/?format=csv&state=ENROLLING",
    "print": "/admin/training/enrolment/{draft}/print/",
}


def test_a_stranger_s_line_is_masked_everywhere_until_it_was_submitted(stranger: Certificate) -> None:
    draft, user = draft_with()
    enter(draft, named(stranger), user)
    enter(draft, [], user, confirmed=[stranger.number])
    line = draft.lines.get()
    client = client_of(user)
    seen = {}
    for name, place in PLACES.items():
        answer = client.get(place.format(draft=draft.pk, line=line.pk))
        if answer.status_code == 404:
            continue
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        seen[name] = content.decode("utf-8", "replace")
        assert "许国祥" not in seen[name], name
        assert stranger.person.id_number not in seen[name], name
    assert set(seen) == set(PLACES)
    assert "许*祥" in seen["roster"]
    remove_lines(draft, [line.pk], user)
    past = line.history.model.objects.filter(id=line.pk)
    assert {row.name for row in past} == {"许*祥"}
    assert not past.filter(id_number=stranger.person.id_number).exists()


def test_a_search_does_not_try_the_hidden_digits(stranger: Certificate) -> None:
    draft, user = draft_with()
    enter(draft, named(stranger), user)
    enter(draft, [], user, confirmed=[stranger.number])
    client = client_of(user)
    for term in (stranger.person.id_number, stranger.person.id_number[:10], "国祥"):
        for page in ("/admin/training/enrolment/", "/admin/training/enrolmentline/"):
            asked = {"q": term, "state": "ENROLLING"} if "line" in page else {"q": term}
            shown = client.get(page, asked, follow=True)  # a whole ID number leaves the address
            assert shown.context["cl"].result_count == 0, (page, term)


def test_the_submit_freezes_the_whole_name_and_number(stranger: Certificate) -> None:
    draft, user = draft_with()
    enter(draft, named(stranger), user)
    enter(draft, [], user, confirmed=[stranger.number])
    assert look(draft).errors == []
    perform(draft, "submit", by=user)
    line = draft.lines.get()
    assert (line.name, line.id_number, line.is_masked) == ("许国祥", stranger.person.id_number, False)
