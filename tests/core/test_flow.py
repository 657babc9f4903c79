"""`perform()` and `available()` on the test flow: who may take which step, and what a refusal leaves behind."""

from typing import Any

import pytest
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django_fsm import ConcurrentTransition, TransitionNotAllowed

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import AlreadyHandled, Desk, StepRefused, available
from backoffice.core.models import Task, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.roles import SCOPES, Role
from tests.factories import CompanyFactory, LocalBodyFactory, PaperFactory, UserFactory
from tests.flowapp.models import Paper, State

pytestmark = pytest.mark.django_db

#: The flow once more, written down independently: step -> (role, from, to).
STEPS = {
    "submit": (Role.COMPANY, State.DRAFT, State.LOCAL_REVIEW),
    "local_approve": (Role.LOCAL_BODY, State.LOCAL_REVIEW, State.OFFICE_REVIEW),
    "local_return": (Role.LOCAL_BODY, State.LOCAL_REVIEW, State.DRAFT),
    "approve": (Role.OFFICE, State.OFFICE_REVIEW, State.APPROVED),
    "office_return": (Role.OFFICE, State.OFFICE_REVIEW, State.DRAFT),
    "cancel": (Role.COMPANY, State.DRAFT, State.CANCELLED),
}
WAY_TO = {
    State.DRAFT: [],
    State.LOCAL_REVIEW: ["submit"],
    State.OFFICE_REVIEW: ["submit", "local_approve"],
    State.APPROVED: ["submit", "local_approve", "approve"],
    State.CANCELLED: ["cancel"],
}


@pytest.fixture
def paper() -> Paper:
    return PaperFactory()


@pytest.fixture
def actors(paper: Paper) -> dict[Role, User]:
    """One user of every role; company and local body are those of the paper."""
    bound = {Role.COMPANY: {"company": paper.company}, Role.LOCAL_BODY: {"local_body": paper.local_body}}
    return {role: UserFactory(role=role, **bound.get(role, {})) for role in Role}


def brought_to(state: str, paper: Paper, actors: dict[Role, User]) -> Paper:
    for name in WAY_TO[State(state)]:
        paper = perform(paper, name, by=actors[STEPS[name][0]])
    return paper


def everything() -> list[Any]:
    """All that a step may write, for comparing before and after."""
    tables: tuple[type[models.Model], ...] = (Paper, Paper.history.model, Task, TransitionLog)
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def refused(kind: type[StepRefused], paper: Paper, name: str, by: User, **data: Any) -> str:
    """Take a step that must be refused without a trace; return the sentence."""
    before = everything()
    with pytest.raises(kind) as refusal:
        perform(paper, name, by=by, **data)
    assert type(refusal.value) is kind
    assert everything() == before
    return str(refusal.value)


def test_the_steps_are_listed_in_the_order_they_are_written() -> None:
    assert list(Paper.steps()) == [
        "submit", "local_approve", "local_return", "approve", "office_return", "cancel",
    ]  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_the_right_role_takes_the_step_in_the_right_state(name: str, paper: Paper, actors: Any) -> None:
    role, source, target = STEPS[name]
    paper = brought_to(source, paper, actors)
    done = perform(paper, name, by=actors[role], opinion="意见")
    done.refresh_from_db()
    assert done.state == target


@pytest.mark.parametrize(
    ("name", "role"), [(name, role) for name in STEPS for role in Role if role != STEPS[name][0]]
)
def test_no_other_role_takes_the_step(name: str, role: Role, paper: Paper, actors: Any) -> None:
    paper = brought_to(STEPS[name][1], paper, actors)
    refused(StepRefused, paper, name, actors[role], opinion="意见")


@pytest.mark.parametrize(
    ("name", "state"), [(name, state) for name in STEPS for state in State if state != STEPS[name][1]]
)
def test_no_step_is_taken_in_another_state(name: str, state: State, paper: Paper, actors: Any) -> None:
    paper = brought_to(state, paper, actors)
    refused(AlreadyHandled, paper, name, actors[STEPS[name][0]], opinion="意见")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", State)
def test_what_is_offered_is_what_would_be_done(state: State, role: Role, paper: Paper, actors: Any) -> None:
    paper = brought_to(state, paper, actors)
    expected = [name for name, (by, source, _to) in STEPS.items() if (by, source) == (role, state)]
    offers = available(paper, actors[role])
    assert [offer.step.name for offer in offers] == [name for name in Paper.steps() if name in expected]
    assert all(offer.refusals == [] for offer in offers)


def test_the_administrator_has_no_bypass(paper: Paper, actors: Any) -> None:
    paper = brought_to(State.OFFICE_REVIEW, paper, actors)
    sentence = gettext("“%(step)s” is not for your role.") % {"step": "Approve"}
    assert refused(StepRefused, paper, "approve", actors[Role.ADMIN]) == sentence
    assert available(paper, actors[Role.ADMIN]) == []


# Out of scope


@pytest.mark.parametrize(("role", "name"), [(Role.COMPANY, "submit"), (Role.LOCAL_BODY, "local_approve")])
def test_a_user_of_another_record_cannot_act(role: Role, name: str, paper: Paper, actors: Any) -> None:
    paper = brought_to(STEPS[name][1], paper, actors)
    stranger = UserFactory(role=role)
    assert refused(StepRefused, paper, name, stranger) == gettext("This record is not yours to act on.")
    assert available(paper, stranger) == []


def test_a_body_that_sees_the_record_but_was_not_asked_cannot_act(
    paper: Paper, actors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = brought_to(State.LOCAL_REVIEW, paper, actors)
    monkeypatch.setitem(SCOPES["flowapp.Paper"], Role.LOCAL_BODY, "*")
    other = UserFactory(role=Role.LOCAL_BODY, local_body=LocalBodyFactory())
    refused(StepRefused, paper, "local_approve", other)
    assert available(paper, other) == []
    assert perform(paper, "local_approve", by=actors[Role.LOCAL_BODY]).state == State.OFFICE_REVIEW


def test_an_inactive_user_cannot_act(paper: Paper, actors: Any) -> None:
    actors[Role.COMPANY].is_active = False
    refused(StepRefused, paper, "submit", actors[Role.COMPANY])
    assert available(paper, actors[Role.COMPANY]) == []


def test_an_unknown_role_can_do_nothing(paper: Paper, actors: Any) -> None:
    actors[Role.COMPANY].role = "JANITOR"
    refused(StepRefused, paper, "submit", actors[Role.COMPANY])
    assert available(paper, actors[Role.COMPANY]) == []


def test_a_deleted_record_is_refused_like_one_out_of_scope(actors: Any) -> None:
    gone = PaperFactory(company=actors[Role.COMPANY].company, task=False)
    pk = gone.pk
    gone.delete()
    gone.pk = pk
    refused(StepRefused, gone, "submit", actors[Role.COMPANY])


# Too late, or an old page


def test_the_second_click_is_told_who_and_when(paper: Paper, actors: Any) -> None:
    page = Paper.objects.get(pk=paper.pk)
    perform(paper, "submit", by=actors[Role.COMPANY])
    sentence = refused(AlreadyHandled, page, "submit", actors[Role.COMPANY])
    log = TransitionLog.of(paper).get()
    assert actors[Role.COMPANY].name in sentence
    assert f"{timezone.localtime(log.at):%H:%M}" in sentence


def test_a_page_older_than_the_last_step_decides_nothing(paper: Paper, actors: Any) -> None:
    """Returned and submitted again in between: the state is right, but the page shows the old paper."""
    paper = brought_to(State.LOCAL_REVIEW, paper, actors)
    seen = last_log_id(paper)
    perform(paper, "local_return", by=actors[Role.LOCAL_BODY], opinion="缺少附件")
    perform(paper, "submit", by=actors[Role.COMPANY])
    sentence = refused(AlreadyHandled, paper, "local_approve", actors[Role.LOCAL_BODY], seen=seen)
    assert actors[Role.COMPANY].name in sentence
    fresh = perform(paper, "local_approve", by=actors[Role.LOCAL_BODY], seen=last_log_id(paper))
    assert fresh.state == State.OFFICE_REVIEW


def test_the_page_of_a_new_record_has_seen_nothing(paper: Paper, actors: Any) -> None:
    assert last_log_id(paper) == 0
    assert perform(paper, "submit", by=actors[Role.COMPANY], seen=0).state == State.LOCAL_REVIEW


def test_a_step_before_its_turn_says_so(paper: Paper, actors: Any) -> None:
    sentence = refused(AlreadyHandled, paper, "approve", actors[Role.OFFICE])
    assert str(Paper.steps()["approve"].label) in sentence


# Opinion and guards


@pytest.mark.parametrize("name", ["local_return", "office_return"])
@pytest.mark.parametrize("opinion", ["", "  \n\t", "\u3000"])
def test_a_return_needs_an_opinion(name: str, opinion: str, paper: Paper, actors: Any) -> None:
    role, source, _target = STEPS[name]
    paper = brought_to(source, paper, actors)
    refused(StepRefused, paper, name, actors[role], opinion=opinion)


def test_a_failed_guard_says_why(paper: Paper, actors: Any) -> None:
    Paper.objects.filter(pk=paper.pk).update(title="")
    paper.refresh_from_db()
    offers = {offer.step.name: offer for offer in available(paper, actors[Role.COMPANY])}
    assert offers["submit"].refusals == ["The title is empty; fill it in first."]
    assert offers["cancel"].refusals == []
    assert (
        refused(StepRefused, paper, "submit", actors[Role.COMPANY]) == "The title is empty; fill it in first."
    )


def test_guards_judge_the_record_as_it_is_stored(paper: Paper, actors: Any) -> None:
    """What the caller holds in memory decides nothing, and is not saved with the step."""
    paper.title = ""
    done = perform(paper, "submit", by=actors[Role.COMPANY])
    assert done.title
    paper.title, paper.company = "另一个标题", CompanyFactory()
    done = perform(paper, "local_approve", by=actors[Role.LOCAL_BODY])
    assert done.title != "另一个标题"


def test_a_crash_after_the_step_leaves_no_trace(
    paper: Paper, actors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = brought_to(State.OFFICE_REVIEW, paper, actors)
    before = everything()

    def crash(*args: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Paper, "transition_done", crash)
    with pytest.raises(OSError, match="disk"):
        perform(paper, "approve", by=actors[Role.OFFICE])
    assert everything() == before


def test_a_step_nobody_would_receive_is_refused(actors: Any) -> None:
    paper = PaperFactory(company=actors[Role.COMPANY].company, local_body=None)
    refused(StepRefused, paper, "submit", actors[Role.COMPANY])


def test_a_desk_may_be_named_by_a_path(paper: Paper) -> None:
    assert Desk(Role.COMPANY, bound="company.pk").bound_id(paper) == paper.company_id
    assert Desk(Role.OFFICE).bound_id(paper) is None


# Around `perform()`


def test_an_edit_that_began_before_the_submit_does_not_undo_it(paper: Paper, actors: Any) -> None:
    form_page = Paper.objects.get(pk=paper.pk)
    perform(paper, "submit", by=actors[Role.COMPANY])
    form_page.title = "改过的标题"
    before = everything()
    with pytest.raises(ConcurrentTransition), transaction.atomic():
        form_page.save()
    assert everything() == before


def test_the_state_cannot_be_written(paper: Paper) -> None:
    with pytest.raises(AttributeError):
        paper.state = State.APPROVED


def test_the_state_machine_itself_refuses_a_step_out_of_turn(paper: Paper, actors: Any) -> None:
    with pytest.raises(TransitionNotAllowed):
        paper.approve(by=actors[Role.OFFICE])


def test_the_effect_happens_once(paper: Paper, actors: Any) -> None:
    paper = brought_to(State.APPROVED, paper, actors)
    refused(AlreadyHandled, paper, "approve", actors[Role.OFFICE])
    paper.refresh_from_db()
    assert paper.effects == 1


def test_every_state_is_reachable_and_only_ends_have_no_way_out() -> None:
    steps = Paper.steps().values()
    reached, frontier = {str(State.DRAFT)}, {str(State.DRAFT)}
    while frontier:
        frontier = {step.target for step in steps if frontier & set(step.sources)} - reached
        reached |= frontier
    assert reached == set(State.values)
    ends = reached - {source for step in steps for source in step.sources}
    assert ends == {State.APPROVED, State.CANCELLED} == set(State.values) - set(Paper.desks)
