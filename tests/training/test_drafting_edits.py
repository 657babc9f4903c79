"""Editing the lines of a draft roster, and picking members for practice training (specification 3.6)."""

from typing import Any

import pytest

from tests.factories import (
    PersonFactory,
    TrainingClassFactory,
    give_papers,
)
from tests.training.roster_tools import draft_with, entries, held_by
from training.drafting import (
    DraftClosed,
    add_people,
    edit_line,
    enter,
    remove_lines,
)
from training.models import EnrolmentLine

pytestmark = pytest.mark.django_db


# -- editing -----------------------------------------------------------------------------------------


def one_line(**values: Any) -> tuple[Any, Any, EnrolmentLine]:
    draft, user = draft_with()
    enter(draft, entries(held_by(draft.company, **{"type": "SUPERVISOR"} | values)), user)
    return draft, user, draft.lines.get()


def test_another_matter_brings_what_follows_from_it() -> None:
    draft, user, line = one_line(printed_company="佛山旧监理公司")
    for matter, expected in [
        ("RENEWAL", ("SUPERVISOR", "", None)),
        ("UPGRADE", ("ENGINEER", "员升师", None)),
        ("RENEWAL_CHANGE", ("SUPERVISOR", "原单位：佛山旧监理公司", draft.company)),
    ]:
        outcome = edit_line(draft, line.pk, {"matter": matter, "change_remark": "x"}, user)
        line.refresh_from_db()
        assert (line.category, line.change_remark, line.new_employer) == expected
    assert outcome.roster.total == 320
    assert line.history.count() == 4
    edit_line(draft, line.pk, {"matter": "RENEWAL_CHANGE", "change_remark": "由佛山旧监理公司调入"}, user)
    line.refresh_from_db()
    assert line.change_remark == "由佛山旧监理公司调入"


def test_saving_the_same_writes_no_history() -> None:
    draft, user, line = one_line()
    edit_line(draft, line.pk, {"matter": "RENEWAL"}, user)
    assert line.history.count() == 1


def test_a_waiver_moves_to_the_line_where_it_is_ticked() -> None:
    draft, user, line = one_line()
    safety = held_by(draft.company, person=line.person, type="SAFETY")
    enter(draft, entries(safety), user)
    outcome = edit_line(draft, line.pk, {"is_waived": True}, user)
    assert dict(draft.lines.values_list("category", "is_waived")) == {"SUPERVISOR": True, "SAFETY": False}
    assert outcome.roster.errors == []
    outcome = edit_line(draft, line.pk, {"is_waived": False}, user)
    assert [problem.code for problem in outcome.roster.errors] == ["waiver"]


def test_a_waiver_falls_away_with_its_partner() -> None:
    draft, user, line = one_line()
    enter(draft, entries(held_by(draft.company, person=line.person, type="SAFETY")), user)
    outcome = remove_lines(draft, [line.pk], user)
    left = draft.lines.get()
    assert (left.category, left.is_waived) == ("SAFETY", False)
    assert len(outcome.told) == 1
    assert left.certificate.number in outcome.told[0]
    assert [entry.history_type for entry in left.history.all()] == ["~", "+"]
    assert (outcome.roster.total, outcome.roster.errors) == (300, [])


def test_an_upgrade_keeps_the_pair_and_its_waiver() -> None:
    draft, user, line = one_line()
    enter(draft, entries(held_by(draft.company, person=line.person, type="SAFETY")), user)
    outcome = edit_line(draft, line.pk, {"matter": "UPGRADE"}, user)
    assert (outcome.told, outcome.roster.total) == ([], 320)


def test_removed_lines_leave_their_history_and_take_their_pictures() -> None:
    draft, user, line = one_line()
    (paper,) = give_papers(line, "TITLE")
    history = line.history
    remove_lines(draft, [line.pk, 999_999], user)
    assert not draft.lines.exists()
    assert history.filter(id=line.pk).first().history_type == "-"
    paper.refresh_from_db()
    assert paper.removed_at is not None
    draft.refresh_from_db()
    assert (draft.people, draft.amount) == (0, 0)


def test_another_enrolment_s_lines_stay_out_of_reach() -> None:
    draft, user, _line = one_line()
    _other, _user, foreign = one_line()
    remove_lines(draft, [foreign.pk], user)
    assert EnrolmentLine.objects.filter(pk=foreign.pk).exists()
    with pytest.raises(DraftClosed):
        edit_line(draft, foreign.pk, {"matter": "UPGRADE"}, user)


# -- practice ----------------------------------------------------------------------------------------


@pytest.fixture
def practice() -> tuple[Any, Any]:
    return draft_with(training_class=TrainingClassFactory(type="PRACTICE", category="ENGINEER", tuition=800))


def test_members_are_picked_in_bulk_and_each_once(practice: tuple[Any, Any]) -> None:
    draft, user = practice
    people = [PersonFactory(company=draft.company) for _ in range(3)]
    stranger = PersonFactory()
    outcome = add_people(draft, [person.pk for person in (*people, stranger)], user)
    assert (outcome.added, outcome.roster.total) == (3, 3300)
    assert set(draft.lines.values_list("matter", "category")) == {("PRACTICE", "ENGINEER")}
    outcome = add_people(draft, [person.pk for person in people], user)
    assert (outcome.added, outcome.here, draft.lines.count()) == (0, 3, 3)


def test_each_kind_of_class_has_its_own_way_in(practice: tuple[Any, Any]) -> None:
    draft, user = practice
    assert [finding.kind for finding in enter(draft, entries("A1160123"), user).findings] == ["missing"]
    other, clerk = draft_with()
    with pytest.raises(DraftClosed):
        add_people(other, [PersonFactory(company=other.company).pk], clerk)
