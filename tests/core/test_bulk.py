"""`perform_all()`: what it leaves behind is what `perform()` leaves behind, record by record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from backoffice.core.engine import FEW, perform, perform_all, start, start_many
from backoffice.core.flow import StepRefused, available
from backoffice.core.models import Task, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from tests.factories import PaperFactory, UserFactory
from tests.flowapp.models import Paper, State

pytestmark = pytest.mark.django_db
#: What differs between two records whatever is done to them.
OWN = {
    "id",
    "pk",
    "object_id",
    "history_id",
    "history_date",
    "at",
    "opened_at",
    "closed_at",
    "title",
    "subject",
}


def rows_of(paper: Paper) -> dict[str, list[dict[str, Any]]]:
    """Everything that is stored of a paper, without what is its own."""
    queries: dict[str, models.QuerySet] = {
        "paper": Paper.objects.filter(pk=paper.pk),
        "history": Paper.history.filter(id=paper.pk).order_by("history_id"),
        "log": TransitionLog.of(paper).order_by("id"),
        "tasks": Task.of(paper).order_by("id"),
    }
    return {
        name: [
            {key: value for key, value in row.items() if key not in OWN}
            | {"closed": row.get("closed_at") is not None}
            for row in query.values()
        ]
        for name, query in queries.items()
    }


def in_turn(papers: list[Paper], name: str, **options: Any) -> dict[int, list[str]]:
    """What a loop does; returns the refusals."""
    refused = {}
    for paper in papers:
        try:
            perform(paper, name, **options)
        except StepRefused as refusal:
            refused[paper.pk] = str(refusal).splitlines()
    return refused


@pytest.mark.parametrize("name", ["local_approve", "local_return"])
@pytest.mark.parametrize("in_bulk", [True, False])
def test_the_outcome_is_that_of_the_loop(desk, name, in_bulk, monkeypatch) -> None:
    monkeypatch.setattr(getattr(Paper, name), "declared_step", replace(Paper.steps()[name], in_bulk=in_bulk))
    mine, theirs = [desk.waiting() for _ in range(3)], [desk.waiting() for _ in range(3)]
    done = perform_all(Paper, [paper.pk for paper in mine], name, by=desk.reviewer, opinion=" 请看 ")
    assert in_turn(theirs, name, by=desk.reviewer, opinion=" 请看 ") == {}
    assert [row.pk for row in done.rows] == [paper.pk for paper in mine]
    assert done.refused == {}
    for one, other in zip(mine, theirs, strict=True):
        assert rows_of(one) == rows_of(other)
    stored = rows_of(mine[0])
    assert [row["is_latest"] for row in stored["tasks"]] == [False, False, True]
    assert stored["tasks"][1]["closed_with"] == name
    assert stored["tasks"][1]["closed_by_id"] == desk.reviewer.pk
    assert stored["history"][-1]["history_user_id"] == desk.reviewer.pk
    assert stored["history"][-1]["history_change_reason"].endswith(": 请看")


def test_at_an_end_the_task_is_closed_and_stays_the_latest(desk) -> None:
    papers = [perform(desk.waiting(), "local_approve", by=desk.reviewer) for _ in range(2)]
    perform_all(Paper, [paper.pk for paper in papers], "approve", by=desk.office)
    other = perform(perform(desk.waiting(), "local_approve", by=desk.reviewer), "approve", by=desk.office)
    for paper in papers:
        assert rows_of(paper) == rows_of(other)
        assert Paper.objects.get(pk=paper.pk).effects == 1
        assert Task.of(paper).get(is_latest=True).closed_with == "approve"


def refusals(desk: Any) -> dict[str, tuple[Paper, str, dict[str, Any], str]]:
    """One paper for each reason to refuse: the paper, the step, who and with what, part of the sentence."""
    untitled = PaperFactory(company=desk.company, local_body=desk.body, title="")
    handled = perform(desk.waiting(), "local_approve", by=desk.reviewer)
    clerk, reviewer = {"by": desk.clerk}, {"by": desk.reviewer, "opinion": "好"}
    fresh = PaperFactory(company=desk.company, local_body=desk.body)
    return {
        "guard": (untitled, "submit", clerk, "The title is empty"),
        "role": (desk.waiting(), "local_approve", {"by": desk.office}, "local"),
        "state": (handled, "local_approve", reviewer, str(desk.reviewer)),
        "never touched": (fresh, "local_return", reviewer, ""),
        "out of scope": (desk.waiting(), "local_approve", {"by": UserFactory(role=Role.COMPANY)}, ""),
        "no opinion": (desk.waiting(), "local_return", {"by": desk.reviewer, "opinion": "  "}, ""),
        "not there": (Paper(pk=10**6), "submit", clerk, ""),
    }


@pytest.mark.parametrize(
    "case", ["guard", "role", "state", "never touched", "out of scope", "no opinion", "not there"]
)
def test_a_refusal_says_what_perform_says_and_leaves_no_trace(case, desk) -> None:
    paper, name, options, part = refusals(desk)[case]
    before = rows_of(paper)
    done = perform_all(Paper, [paper.pk], name, **options)
    assert done.rows == []
    assert done.refused == in_turn([paper], name, **options)
    assert all(part in line for line in done.refused[paper.pk])
    assert rows_of(paper) == before


def test_another_body_takes_no_step_on_papers_of_this_one(desk) -> None:
    paper = desk.waiting()
    done = perform_all(Paper, [paper.pk], "local_approve", by=desk.stranger)
    assert list(done.refused) == [paper.pk]
    assert Paper.objects.get(pk=paper.pk).state == State.LOCAL_REVIEW


def test_refused_records_do_not_hold_up_the_others(desk) -> None:
    papers = [PaperFactory(company=desk.company, local_body=desk.body) for _ in range(4)]
    Paper.objects.filter(pk=papers[1].pk).update(title="")
    foreign = PaperFactory()
    ids = [papers[0].pk, papers[1].pk, foreign.pk, papers[2].pk, papers[0].pk]
    done = perform_all(Paper, ids, "submit", by=desk.clerk)
    assert [row.pk for row in done.rows] == [papers[0].pk, papers[2].pk]
    assert list(done.refused) == [papers[1].pk, foreign.pk]
    states = [Paper.objects.get(pk=paper.pk).state for paper in (*papers, foreign)]
    assert states == [State.LOCAL_REVIEW, State.DRAFT, State.LOCAL_REVIEW, State.DRAFT, State.DRAFT]


def test_an_effect_that_refuses_one_record_does_not_hold_up_the_others(desk, monkeypatch) -> None:
    papers = [desk.waiting(title=title) for title in ("好", "坏", "也好")]

    def told(self, done, by, opinion):
        if self.title == "坏":
            raise StepRefused("This one is not wanted.")

    monkeypatch.setattr(Paper, "transition_done", told)
    done = perform_all(Paper, [paper.pk for paper in papers], "local_approve", by=desk.reviewer)
    assert [row.pk for row in done.rows] == [papers[0].pk, papers[2].pk]
    assert done.refused == {papers[1].pk: ["This one is not wanted."]}
    for paper, steps in zip(papers, (2, 1, 2), strict=True):
        assert TransitionLog.of(paper).count() == steps
        assert Task.of(paper).filter(closed_at=None).count() == 1


def test_a_crash_of_an_effect_writes_nothing_at_all(desk, monkeypatch) -> None:
    papers = [desk.waiting(), desk.waiting()]
    before = [rows_of(paper) for paper in papers]

    def crash(self, *args):
        raise OSError("the disk is full")

    monkeypatch.setattr(Paper, "transition_done", crash)
    with pytest.raises(OSError):
        perform_all(Paper, [paper.pk for paper in papers], "local_approve", by=desk.reviewer)
    assert [rows_of(paper) for paper in papers] == before


def test_a_page_that_is_older_than_its_record_is_stale(desk) -> None:
    first, second = desk.waiting(), desk.waiting()
    seen = {paper.pk: last_log_id(paper) for paper in (first, second)}
    perform(first, "local_return", by=desk.colleague, opinion="缺少附件")
    perform(first, "submit", by=desk.clerk)
    done = perform_all(Paper, list(seen), "local_approve", by=desk.reviewer, seen=seen)
    assert [row.pk for row in done.rows] == [second.pk]
    assert done.refused == in_turn([first], "local_approve", by=desk.reviewer, seen=seen[first.pk])
    assert str(desk.clerk) in done.refused[first.pk][0]


@pytest.mark.parametrize("many", [2, FEW + 3])
def test_each_record_gets_what_is_its_own(desk, many, monkeypatch) -> None:
    """Up to FEW different values go in UPDATEs of their own, more in one CASE."""

    papers = [desk.waiting() for _ in range(many)]
    data = {paper.pk: {"title": f"第{n}号"} for n, paper in enumerate(papers)}

    def effect(self: Paper, by: Any, **values: Any) -> None:
        self.title, self.effects = values["title"], values["effects"]
        Paper.state.field.set_state(self, State.OFFICE_REVIEW)

    effect.declared_step = Paper.local_approve.declared_step  # type: ignore[attr-defined]
    monkeypatch.setattr(Paper, "local_approve", effect)
    perform_all(Paper, list(data), "local_approve", by=desk.reviewer, data=data, effects=7)
    for n, paper in enumerate(papers):
        paper.refresh_from_db()
        assert (paper.title, paper.effects, paper.state) == (f"第{n}号", 7, State.OFFICE_REVIEW)
        assert paper.history.latest("history_id").title == f"第{n}号"


def test_a_record_can_be_saved_after_the_step(desk) -> None:
    done = perform_all(Paper, [desk.waiting().pk], "local_approve", by=desk.reviewer)
    done.rows[0].title = "改了"
    done.rows[0].save()
    assert done.rows[0].history.latest("history_id").history_change_reason in (None, "")


def queries_of(job: Callable[[], object]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        job()
    return len(queries)


def test_the_number_of_queries_does_not_depend_on_the_number_of_records(desk) -> None:
    """SQLite takes a thousand values in a statement: 300 rows with 11 columns are 4 statements there, not 300."""
    counts = {}
    for many in (3, 300):
        papers = Paper.objects.bulk_create(
            Paper(title=f"{n}", company=desk.company, local_body=desk.body, state=State.DRAFT)
            for n in range(many)
        )
        ids = [paper.pk for paper in papers]
        counts[many] = queries_of(lambda ids=ids: perform_all(Paper, ids, "submit", by=desk.clerk))
        assert Paper.objects.filter(pk__in=ids, state=State.LOCAL_REVIEW).count() == many
    assert counts[3] < 16
    assert counts[300] <= counts[3] + (15 if connection.vendor == "sqlite" else 0)


def test_many_begin_as_one_does(desk) -> None:
    def new() -> Paper:
        return Paper(title="抄录件", company=desk.company, local_body=desk.body)

    one = start(new(), by=desk.clerk, reason="抄录")
    few = start_many([new(), new()], by=desk.clerk, reason="抄录")
    assert [rows_of(row) for row in few] == [rows_of(one)] * 2
    entry = few[0].history.get()
    assert (entry.history_user, entry.history_change_reason) == (desk.clerk, "抄录")
    assert TransitionLog.of(few[0]).get().step == "start"


def test_what_a_page_foretells_the_effect_asks_itself(desk, monkeypatch) -> None:
    asked: list[Any] = []
    declared = replace(Paper.steps()["submit"], foretold=(lambda row: asked.append(row) or "未备齐",))
    monkeypatch.setattr(Paper, "steps", classmethod(lambda cls: {"submit": declared}))
    paper = Paper(title="草稿", company=desk.company, local_body=desk.body)
    start(paper, by=desk.clerk)
    assert available(paper, desk.clerk)[0].refusals == ["未备齐"]
    assert perform(paper, "submit", by=desk.clerk).state == State.LOCAL_REVIEW
    assert len(asked) == 1
