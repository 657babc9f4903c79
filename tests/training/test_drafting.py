"""The verbs of a draft roster: what is typed, looked up, proposed, added, edited and removed (specification 3.6)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.engine import perform
from registry.models import FormerName
from tests.enrolments import EnrolmentFactory
from tests.factories import (
    CompanyFactory,
    PersonFactory,
    UserFactory,
)
from tests.training.roster_tools import draft_with, entries, held_by, named
from training import foreign
from training.drafting import (
    DraftClosed,
    Outcome,
    enter,
    lock_draft,
    remove_lines,
    renewable,
)
from training.entries import Entry
from training.models import CertificateLookup, EnrolmentLine
from training.proposals import settle_waivers
from training.roster import look

pytestmark = pytest.mark.django_db


# -- looking up --------------------------------------------------------------------------------------


def test_own_people_are_put_on_the_roster_at_once() -> None:
    draft, user = draft_with()
    first, second = held_by(draft.company, type="SUPERVISOR"), held_by(draft.company, type="ENGINEER")
    outcome = enter(draft, entries(second, first), user)
    lines = list(draft.lines.order_by("pk"))
    assert [line.certificate for line in lines] == [second, first]
    assert [(line.category, line.matter) for line in lines] == [
        ("ENGINEER", "RENEWAL"),
        ("SUPERVISOR", "RENEWAL"),
    ]
    assert (lines[0].name, lines[0].certificate_number) == (second.person.name, second.number)
    assert (outcome.added, outcome.findings, outcome.roster.errors) == (2, [], [])
    draft.refresh_from_db()
    assert (draft.people, draft.amount) == (2, Decimal(600))
    assert not CertificateLookup.objects.exists()
    entry = lines[0].history.get()
    assert (entry.history_type, entry.history_user, entry.certificate_id) == ("+", user, second.pk)


def test_a_second_time_changes_nothing() -> None:
    draft, user = draft_with()
    certificate = held_by(draft.company)
    enter(draft, entries(certificate), user)
    outcome = enter(draft, entries(certificate), user)
    assert (outcome.added, outcome.here, draft.lines.count()) == (0, 1, 1)


def test_a_number_nobody_has_leads_to_a_help_request() -> None:
    draft, user = draft_with()
    (finding,) = enter(draft, entries("A9999999"), user).findings
    assert (finding.kind, finding.row) == ("missing", None)
    assert "[A9999999]" in finding.problem.text
    assert finding.problem.fix_url == "/help/?topic=CERTIFICATE&certificate=A9999999"


def test_somebody_of_another_company_is_shown_masked_logged_and_not_added() -> None:
    draft, user = draft_with()
    certificate = held_by(CompanyFactory(), person=PersonFactory(name="欧阳伟强"))
    outcome = enter(draft, named(certificate), user)
    (finding,) = outcome.findings
    assert (finding.kind, finding.name) == ("foreign", "欧**强")
    assert (
        finding.id_number == certificate.person.id_number[:4] + "*" * 10 + certificate.person.id_number[-4:]
    )
    assert finding.row.line.matter == "RENEWAL_CHANGE"
    assert finding.row.amount == 320
    assert "欧阳伟强" not in "".join(problem.text for problem in finding.row.problems)
    assert not draft.lines.exists()
    lookup = CertificateLookup.objects.get()
    assert (lookup.by, lookup.certificate) == (user, certificate)


def test_confirmed_people_of_other_companies_are_added_with_the_change() -> None:
    draft, user = draft_with()
    certificate, other = held_by(CompanyFactory()), held_by(CompanyFactory())
    outcome = enter(draft, named(certificate, other), user, confirmed=[certificate.number])
    assert (outcome.added, [finding.number for finding in outcome.findings]) == (1, [other.number])
    line = draft.lines.get()
    assert line.new_employer == draft.company
    assert line.change_remark == f"原单位：{certificate.printed_company}"
    assert outcome.roster.errors == []


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda row, draft: type(row).objects.filter(pk=row.pk).update(status="CANCELLED"), "status"),
        (lambda row, draft: set_category(draft, "SAFETY"), "class"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("own", [True, False])
def test_what_can_never_be_enrolled_is_not_added_and_says_why(spoil: Any, code: str, own: bool) -> None:
    draft, user = draft_with()
    certificate = held_by(draft.company if own else CompanyFactory(), type="SUPERVISOR")
    spoil(certificate, draft)
    (finding,) = enter(draft, named(certificate), user, confirmed=[certificate.number]).findings
    assert (finding.kind, finding.problem.code) == ("refused", code)
    assert not draft.lines.exists()
    assert (certificate.person.name in finding.problem.text) == own


def set_category(draft: Any, category: str) -> None:
    draft.training_class.category = category
    draft.training_class.save()


def test_a_certificate_in_another_enrolment_is_not_added() -> None:
    other = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    draft, user = draft_with(company=other.company)
    (finding,) = enter(draft, entries(other.lines.get().certificate), user).findings
    assert (finding.kind, finding.problem.code) == ("refused", "elsewhere")


def test_what_can_be_put_right_is_added_with_its_problems() -> None:
    draft, user = draft_with()
    certificate = held_by(
        draft.company, papers=False, person=PersonFactory(company=draft.company, region=None)
    )
    outcome = enter(draft, entries(certificate), user)
    assert outcome.added == 1
    assert {problem.code for problem in outcome.roster.errors} == {"profile", "papers"}


def test_a_company_looks_up_so_many_certificates_of_others_a_day(monkeypatch: Any) -> None:
    monkeypatch.setattr(foreign, "LOOKUPS_A_DAY", 2)
    draft, user = draft_with()
    colleague = UserFactory(role="COMPANY", company=draft.company)
    first, second, third = (held_by(CompanyFactory()) for _ in range(3))
    assert kinds(enter(draft, named(first), user)) == {first.number: "foreign"}
    expected = {first.number: "foreign", second.number: "foreign", third.number: "limit"}
    assert kinds(enter(draft, named(second, third), colleague)) == expected
    beyond = enter(draft, named(third), user).of("limit")[0]
    assert beyond.row is None
    assert kinds(enter(draft, named(first), user)) == expected  # seen today already
    assert not CertificateLookup.objects.filter(certificate=third).exists()
    other, stranger = draft_with()
    assert kinds(enter(other, named(third), stranger)) == {third.number: "foreign"}


def kinds(outcome: Outcome) -> dict[str, str]:
    return {finding.entry.number: finding.kind for finding in outcome.findings}


# -- proposals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "category", "printed", "elsewhere", "expected"),
    [
        ("SUPERVISOR", "", "own", False, ("RENEWAL", "SUPERVISOR", "")),
        ("ENGINEER", "ENGINEER", "own", False, ("RENEWAL", "ENGINEER", "")),
        ("SUPERVISOR", "", "former", False, ("RENEWAL", "SUPERVISOR", "")),
        ("SUPERVISOR", "", "", False, ("RENEWAL", "SUPERVISOR", "")),
        ("SUPERVISOR", "", "佛山旧监理公司", False, ("RENEWAL_CHANGE", "SUPERVISOR", "原单位：佛山旧监理公司")),
        ("SUPERVISOR", "", "佛山旧监理公司", True, ("RENEWAL_CHANGE", "SUPERVISOR", "原单位：佛山旧监理公司")),
        ("SUPERVISOR", "", "own", True, ("RENEWAL_CHANGE", "SUPERVISOR", "原单位：别的监理公司")),
        ("SUPERVISOR", "ENGINEER", "own", False, ("UPGRADE", "ENGINEER", "员升师")),
    ],
)  # fmt: skip
def test_matter_and_remark_are_proposed(
    kind: str, category: str, printed: str, elsewhere: bool, expected: tuple[str, str, str]
) -> None:
    draft, user = draft_with()
    set_category(draft, category)
    FormerName.objects.create(company=draft.company, name="广东曾用名公司")
    name = {"own": draft.company.name, "former": "广东曾用名公司"}.get(printed, printed)
    employer = CompanyFactory(name="别的监理公司") if elsewhere else draft.company
    certificate = held_by(employer, type=kind, printed_company=name)
    enter(draft, named(certificate), user, confirmed=[certificate.number])
    line = draft.lines.get()
    assert (line.matter, line.category, line.change_remark) == expected
    assert line.new_employer == (draft.company if line.matter == "RENEWAL_CHANGE" else None)


@pytest.mark.parametrize("first", ["ENGINEER", "SUPERVISOR"])
@pytest.mark.parametrize("at_once", [True, False])
def test_the_second_certificate_is_waived_on_the_safety_officer_s_line(first: str, at_once: bool) -> None:
    draft, user = draft_with()
    person = PersonFactory(company=draft.company)
    safety, other = (
        held_by(draft.company, person=person, type="SAFETY"),
        held_by(draft.company, person=person, type=first),
    )
    if at_once:
        enter(draft, entries(safety, other), user)
    else:
        enter(draft, entries(safety), user)
        assert not draft.lines.get().is_waived
        enter(draft, entries(other), user)
    assert dict(draft.lines.values_list("category", "is_waived")) == {"SAFETY": True, first: False}
    draft.refresh_from_db()
    assert draft.amount == 300
    assert look(draft).errors == []


def test_two_certificates_with_change_cost_340() -> None:
    draft, user = draft_with()
    person = PersonFactory()
    rows = [held_by(person.company, person=person, type=kind) for kind in ("ENGINEER", "SAFETY")]
    findings = enter(draft, named(*rows), user).findings
    assert sum(finding.row.amount for finding in findings) == 340
    outcome = enter(draft, [], user, confirmed=[row.number for row in rows])
    assert (outcome.added, outcome.roster.total) == (2, 340)


def test_an_uploaded_row_says_matter_remark_and_waiver_itself() -> None:
    draft, user = draft_with()
    supervisor = held_by(draft.company, type="SUPERVISOR")
    moved = held_by(draft.company, printed_company="佛山旧监理公司")
    enter(
        draft,
        [Entry(supervisor.number, matter="UPGRADE"), Entry(moved.number, remark="由佛山旧监理公司调入")],
        user,
    )
    first, second = draft.lines.order_by("pk")
    assert (first.matter, first.category) == ("UPGRADE", "ENGINEER")
    assert second.change_remark == "由佛山旧监理公司调入"


# -- who and when ------------------------------------------------------------------------------------


def locked(draft: Any, user: Any) -> Any:
    with transaction.atomic():
        return lock_draft(draft.pk, user)


def test_only_the_company_s_own_draft_is_open() -> None:
    draft, user = draft_with()
    assert locked(draft, user) == draft
    for role in ("COMPANY", "LOCAL_BODY", "TRAINING", "FINANCE", "OFFICE", "ADMIN", "PERSON", "AUDITOR"):
        with pytest.raises(DraftClosed):
            locked(draft, UserFactory(role=role))


def test_after_the_submit_in_another_tab_nothing_is_changed() -> None:
    draft, user = draft_with(people=1)
    perform(draft, "submit", by=user)
    with pytest.raises(DraftClosed):
        locked(draft, user)


def test_own_certificates_that_run_out_are_offered() -> None:
    draft, user = draft_with()
    first, late, used = (held_by(draft.company) for _ in range(3))
    held_by(CompanyFactory())
    held_by(draft.company, status="CANCELLED")
    type(late).objects.filter(pk=late.pk).update(expiry_date="2090-01-01")
    enter(draft, entries(used), user)
    assert list(renewable(draft, user)) == [first, late]


# -- numbers of queries, and sums --------------------------------------------------------------------


def queries_to_add(count: int) -> int:
    """Of three kinds, as many each: own, with change, and half of a pair."""
    draft, user = draft_with()
    certificates = []
    for _number in range(count // 3):
        certificates += [held_by(draft.company), held_by(CompanyFactory())]
        certificates.append(held_by(draft.company, person=certificates[-2].person, type="SAFETY"))
    with transaction.atomic():
        draft = lock_draft(draft.pk, user, looks_up=True)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            outcome = enter(draft, named(*certificates), user, confirmed=[row.number for row in certificates])
    assert outcome.added == count
    return len(queries)


def test_200_numbers_take_as_many_queries_as_3() -> None:
    queries_to_add(3)  # content types
    assert queries_to_add(3) == queries_to_add(201)


def test_looking_and_removing_take_a_constant_number_of_queries() -> None:
    counts = []
    for people in (3, 60):
        draft, user = draft_with(people=people)
        with CaptureQueriesContext(connection) as looked:
            look(draft)
        with CaptureQueriesContext(connection) as removed:
            remove_lines(draft, list(draft.lines.values_list("pk", flat=True)), user)
        counts.append((len(looked), len(removed)))
    assert counts[0] == counts[1]


KINDS = st.tuples(
    st.integers(0, 3), st.sampled_from(["ENGINEER", "SUPERVISOR", "SAFETY"]),
    st.sampled_from(["RENEWAL", "RENEWAL_CHANGE", "UPGRADE"]), st.booleans(),
)  # fmt: skip


@given(st.lists(KINDS, max_size=9), st.randoms(use_true_random=False))
def test_waivers_do_not_depend_on_the_order_and_are_at_most_one_a_person(rows: list, random: Any) -> None:
    def lines() -> list[EnrolmentLine]:
        return [
            EnrolmentLine(person_id=person, category=kind, matter=matter)
            for person, kind, matter, _waived in unique(rows)
        ]

    first, second = lines(), lines()
    shuffled = list(second)
    random.shuffle(shuffled)
    everybody = {line.person_id for line in first}
    settle_waivers(first, propose_for=everybody)
    settle_waivers(shuffled, propose_for=everybody)
    assert [line.is_waived for line in first] == [line.is_waived for line in second]
    for person in everybody:
        own = [line for line in first if line.person_id == person]
        paired = {"SAFETY"} < {line.category for line in own}
        assert sum(line.is_waived for line in own) == paired


def unique(rows: list) -> list:
    """One row a person and type, as certificates are."""
    return list({row[:2]: row for row in rows}.values())


def test_the_total_is_the_sum_of_the_rows_in_any_order() -> None:
    draft, user = draft_with()
    person = PersonFactory(company=draft.company)
    own = [held_by(draft.company, person=person, type=kind) for kind in ("ENGINEER", "SAFETY")]
    expired = held_by(draft.company)
    type(expired).objects.filter(pk=expired.pk).update(issue_date="2015-01-01", expiry_date="2020-01-01")
    rows = [*own, expired, held_by(CompanyFactory())]
    totals = set()
    for order in (rows, rows[::-1], [rows[i] for i in (2, 0, 3, 1)]):
        roster = enter(draft, named(*order), user, confirmed=[row.number for row in rows]).roster
        assert roster.total == sum(item.amount for row in roster.rows for item in row.items)
        assert all(row.amount >= 0 for row in roster.rows)
        totals.add(roster.total)
        remove_lines(draft, list(draft.lines.values_list("pk", flat=True)), user)
    assert len(totals) == 1
