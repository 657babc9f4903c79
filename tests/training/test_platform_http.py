"""The learning platform by signed requests: retries, repeated keys, garbage, crashes; one effect each time."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from backoffice.core.models import TransitionLog
from backoffice.roles import Role
from tests.factories import UserFactory
from tests.training.learners import learners as learners_of_an_online_class
from tests.training.learners import states
from tests.training.platform_server import Platform
from tests.training.platform_server import platform as platform_fixture
from training.enrolling import move_lines
from training.models import EnrolmentLine, PlatformRow, PlatformRun
from training.platform import http, jobs
from training.platform.hand_off import hand_off, send_again, withdraw

pytestmark = pytest.mark.django_db
Learners = Callable[[int], list[EnrolmentLine]]
platform = platform_fixture


@pytest.fixture(scope="module")
def kept(kept_for_file: Path) -> dict[int, list[EnrolmentLine]]:
    return {people: learners_of_an_online_class(people) for people in (1, 2, 3, 4)}


@pytest.fixture
def learners(kept: dict[int, list[EnrolmentLine]]) -> Learners:
    """`learners(number)` are the people of an enrolment of so many, to be handed over."""
    return lambda number: deepcopy(kept[number])


@pytest.fixture
def officer() -> Any:
    return UserFactory(role=Role.TRAINING)


@pytest.fixture
def handed(officer: Any, django_capture_on_commit_callbacks: Any) -> Any:
    """`handed(lines)` hands over and works the queue off, as after a commit; returns the run."""

    def hand(lines: list[Any]) -> PlatformRun:
        with django_capture_on_commit_callbacks(execute=True):
            done = hand_off([line.pk for line in lines], by=officer)
        assert not done.refused
        return PlatformRun.objects.get(pk=done.runs[0].pk)

    return hand


def outcomes(run: PlatformRun) -> list[str]:
    return list(run.rows.order_by("pk").values_list("outcome", flat=True))


def test_whoever_the_platform_takes_is_handed_over(
    platform: Platform, handed: Any, learners: Learners
) -> None:
    lines = learners(3)
    run = handed(lines)
    assert (run.status, run.attempts, run.error) == ("SENT", 1, "")
    assert states(lines) == ["SUBMITTED"] * 3
    assert outcomes(run) == ["ACCEPTED"] * 3
    sent = platform.requests[0]
    assert (sent["path"], sent["key"], sent["signed"]) == ("/api/enrolments", str(run.key), True)
    first = sent["content"]["lines"][0]
    assert (first["reference"], first["id_number"]) == (str(lines[0].pk), lines[0].id_number)
    assert first["class"]["title"] == lines[0].enrolment.training_class.title


def test_opened_at_once_means_learning(platform: Platform, handed: Any, learners: Learners) -> None:
    lines = learners(2)
    platform.says = {str(line.pk): {"status": "opened"} for line in lines}
    run = handed(lines)
    assert run.status == "CONFIRMED"
    assert states(lines) == ["LEARNING"] * 2
    line = EnrolmentLine.objects.get(pk=lines[0].pk)
    assert line.is_handed_off
    assert line.opened_at


def test_the_refused_stay_to_be_opened_and_the_reason_is_kept(
    platform: Platform, handed: Any, learners: Learners
) -> None:
    lines = learners(2)
    platform.says = {str(lines[0].pk): {"status": "refused", "reason": "身份证号与姓名不符"},
                     str(lines[1].pk): {"status": "opened"}}  # fmt: skip
    run = handed(lines)
    assert run.status == "PARTLY"
    assert states(lines) == ["PENDING", "LEARNING"]
    assert run.rows.get(line=lines[0]).reason == "身份证号与姓名不符"


def test_a_refused_person_is_handed_over_again_after_the_correction(
    platform: Platform, handed: Any, learners: Learners
) -> None:
    lines = learners(1)
    platform.says = {str(lines[0].pk): {"status": "refused", "reason": "错误"}}
    first = handed(lines)
    platform.says = {}
    second = handed(lines)
    assert (first.status, second.status) == ("PARTLY", "SENT")
    assert states(lines) == ["SUBMITTED"]


@pytest.mark.parametrize("wrong", [500, 502, 429, "garbage", "drop", "hang"])
def test_a_failure_of_the_moment_is_tried_again_with_the_same_key_and_one_effect(
    wrong: Any, platform: Platform, handed: Any, settings: Any, learners: Learners
) -> None:
    lines = learners(2)
    platform.plan = [wrong]
    run = handed(lines)
    assert (run.status, run.attempts, run.error) == ("SENT", 2, "")
    assert {request["key"] for request in platform.requests} == {str(run.key)}
    assert platform.created == 2
    assert TransitionLog.of(lines[0]).filter(step="hand_off").count() == 1


def test_after_the_last_attempt_the_run_waits_for_somebody(
    platform: Platform, handed: Any, learners: Learners
) -> None:
    lines = learners(1)
    platform.plan = [503] * jobs.MAX_ATTEMPTS
    run = handed(lines)
    assert (run.status, run.attempts) == ("FAILED", jobs.MAX_ATTEMPTS)
    assert "503" in run.error
    assert states(lines) == ["PENDING"]


@pytest.mark.parametrize("status", [400, 401, 404, 422, 302])
def test_what_cannot_help_is_not_tried_again(
    status: int, platform: Platform, handed: Any, learners: Learners
) -> None:
    lines = learners(1)
    platform.plan = [status]
    run = handed(lines)
    assert (run.status, len(platform.requests)) == ("FAILED", 1)


def test_a_wrong_secret_is_told_apart(
    platform: Platform, handed: Any, settings: Any, learners: Learners
) -> None:
    settings.LEARNING_PLATFORM_HTTP = {**settings.LEARNING_PLATFORM_HTTP, "secret": "another" * 8}
    run = handed(learners(1))
    assert run.status == "FAILED"
    assert "LEARNING_PLATFORM_SECRET" in run.error


def test_a_platform_that_is_not_there_is_tried_again(
    platform: Platform, handed: Any, settings: Any, learners: Learners
) -> None:
    settings.LEARNING_PLATFORM_HTTP = {**settings.LEARNING_PLATFORM_HTTP, "url": "http://127.0.0.1:9/api"}
    run = handed(learners(1))
    assert (run.status, run.attempts) == ("FAILED", jobs.MAX_ATTEMPTS)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: [],
        lambda told: {"lines": None},
        lambda told: {"lines": "accepted"},
        lambda told: {"lines": [{"reference": "1"}]},
        lambda told: {**told, "batch": "another"},
        lambda told: {**told, "lines": told["lines"] * 2},
        lambda told: {**told, "lines": [{**line, "status": "perhaps"} for line in told["lines"]]},
        lambda told: {**told, "lines": [{**line, "status": ["opened"]} for line in told["lines"]]},
    ],
)
def test_an_answer_that_was_not_agreed_changes_nothing(
    spoil: Any, platform: Platform, officer: Any, learners: Learners
) -> None:
    lines = learners(1)
    run = hand_off([lines[0].pk], by=officer).runs[0]
    platform.plan = [spoil]
    with pytest.raises(http.PlatformError):
        jobs.send_run.func(run.pk)
    run.refresh_from_db()
    assert run.status == "QUEUED"
    assert "README" in run.error
    assert states(lines) == ["PENDING"]


def test_half_an_answer_is_recorded_and_the_rest_asked_again(
    platform: Platform, handed: Any, learners: Learners
) -> None:
    lines = learners(4)
    platform.plan = ["half"]
    run = handed(lines)
    assert (run.status, run.attempts) == ("SENT", 2)
    assert outcomes(run) == ["ACCEPTED"] * 4
    assert len(platform.requests[1]["content"]["lines"]) == 4


def test_people_we_did_not_send_are_not_touched(platform: Platform, handed: Any, learners: Learners) -> None:
    stranger, line = learners(2)
    platform.plan = [
        lambda told: {**told, "lines": [*told["lines"], {"reference": str(stranger.pk), "status": "opened"}]}
    ]
    handed([line])
    assert states([stranger]) == ["PENDING"]


def test_a_worker_killed_between_sending_and_storing_resumes(
    platform: Platform, officer: Any, monkeypatch: pytest.MonkeyPatch, learners: Learners
) -> None:
    lines = learners(3)
    run = hand_off([line.pk for line in lines], by=officer).runs[0]

    def killed(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "record", killed)
        with pytest.raises(SystemExit):
            jobs.send_run.func(run.pk)
    run.refresh_from_db()
    assert (run.status, states(lines), platform.created) == ("SENDING", ["PENDING"] * 3, 3)
    jobs.send_run.func(run.pk)  # reap() starts the job again
    jobs.send_run.func(run.pk)  # and once too often
    run.refresh_from_db()
    assert (run.status, states(lines), platform.created) == ("SENT", ["SUBMITTED"] * 3, 3)
    assert len(platform.requests) == 2
    assert TransitionLog.of(lines[0]).filter(step="hand_off").count() == 1


def test_whoever_was_dropped_before_the_sending_is_left_out(
    platform: Platform, officer: Any, learners: Learners
) -> None:
    stays, goes = learners(2)
    run = hand_off([stays.pk, goes.pk], by=officer).runs[0]
    move_lines([goes.pk], "drop", by=officer, opinion="离职")
    jobs.send_run.func(run.pk)
    assert [line["reference"] for line in platform.requests[0]["content"]["lines"]] == [str(stays.pk)]
    assert states([stays, goes]) == ["SUBMITTED", "DROPPED"]
    assert outcomes(run) == ["ACCEPTED", "WITHDRAWN"]


def test_a_batch_that_lost_everybody_is_withdrawn(
    platform: Platform, officer: Any, learners: Learners
) -> None:
    line = learners(1)[0]
    run = hand_off([line.pk], by=officer).runs[0]
    move_lines([line.pk], "drop", by=officer, opinion="离职")
    jobs.send_run.func(run.pk)
    run.refresh_from_db()
    assert (run.status, platform.requests) == ("WITHDRAWN", [])


def test_nobody_is_in_two_open_batches(platform: Platform, officer: Any, learners: Learners) -> None:
    line = learners(1)[0]
    hand_off([line.pk], by=officer)
    again = hand_off([line.pk], by=officer)
    assert not again.runs
    assert line.name in again.refused[line.pk][0]


def test_a_colleague_sends_again_what_a_closed_account_left(
    platform: Platform, handed: Any, officer: Any, django_capture_on_commit_callbacks: Any, learners: Learners
) -> None:
    line = learners(1)[0]
    run = hand_off([line.pk], by=officer).runs[0]
    officer.is_active = False
    officer.save()
    jobs.send_run.func(run.pk)
    run.refresh_from_db()
    assert run.status == "FAILED"
    colleague = UserFactory(role=Role.TRAINING)
    with django_capture_on_commit_callbacks(execute=True):
        send_again(run, by=colleague)
    run.refresh_from_db()
    assert (run.status, states([line])) == ("SENT", ["SUBMITTED"])
    assert TransitionLog.of(line).filter(step="hand_off").get().by == colleague


def test_a_failed_batch_is_withdrawn_and_its_people_are_pending_again(
    platform: Platform, handed: Any, officer: Any, learners: Learners
) -> None:
    line = learners(1)[0]
    platform.plan = [400]
    run = handed([line])
    assert withdraw(run, by=officer, opinion="改用表格") == 1
    run.refresh_from_db()
    assert (run.status, states([line])) == ("WITHDRAWN", ["PENDING"])
    assert hand_off([line.pk], by=officer).runs


def test_news_opens_the_learning(platform: Platform, handed: Any, officer: Any, learners: Learners) -> None:
    lines = learners(3)
    run = handed(lines)
    platform.says = {
        str(lines[0].pk): {"status": "opened"},
        str(lines[1].pk): {"status": "refused", "reason": "重名"},
    }
    assert jobs.ask_now(run, by=officer) == 2
    assert states(lines) == ["LEARNING", "PENDING", "SUBMITTED"]
    assert not EnrolmentLine.objects.get(pk=lines[1].pk).is_handed_off
    run.refresh_from_db()
    assert run.status == "SENT"
    assert jobs.ask_now(run, by=officer) == 0


def test_results_are_fetched_and_fetched_twice_change_nothing(
    platform: Platform, handed: Any, officer: Any, learners: Learners
) -> None:
    lines = learners(3)
    platform.says = {str(line.pk): {"status": "opened"} for line in lines}
    handed(lines)
    platform.results = {
        str(lines[0].pk): {"status": "passed", "study_hours": "24.0", "score": 88, "passed_on": "2026-06-28"},
        str(lines[1].pk): {"status": "failed", "score": "41.5"},
        str(lines[2].pk): {"status": "learning", "study_hours": 6.5},
    }
    done = jobs.fetch_results(by=officer)
    assert (len(done.passed), len(done.failed), len(done.noted)) == (1, 1, 1)
    passed = EnrolmentLine.objects.get(pk=lines[0].pk)
    assert (passed.state, passed.study_hours, passed.score) == ("PASSED", 24, 88)
    assert passed.passed_on.isoformat() == "2026-06-28"
    assert states(lines) == ["PASSED", "FAILED", "LEARNING"]
    assert not jobs.fetch_results(by=officer).changed


def test_results_with_impossible_numbers_are_not_taken(
    platform: Platform, handed: Any, officer: Any, learners: Learners
) -> None:
    line = learners(1)[0]
    platform.says = {str(line.pk): {"status": "opened"}}
    handed([line])
    for wrong in ({"score": "-1"}, {"score": "NaN"}, {"study_hours": "viel"}, {"passed_on": "2099-01-01"}):
        platform.results = {str(line.pk): {"status": "passed", **wrong}}
        with pytest.raises(http.PlatformError):
            jobs.fetch_results(by=officer)
    assert states([line]) == ["LEARNING"]


def test_the_body_is_signed(platform: Platform) -> None:
    one = http.signature("s", "1", "k", "/a", b"{}")
    assert one.startswith("v1=")
    changed = [("t", "1", "k", "/a", b"{}"), ("s", "2", "k", "/a", b"{}"), ("s", "1", "l", "/a", b"{}"),
               ("s", "1", "k", "/b", b"{}"), ("s", "1", "k", "/a", b"[]")]  # fmt: skip
    assert one not in {http.signature(*parts) for parts in changed}


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch, platform: Platform) -> None:
    monkeypatch.setattr(http, "ANSWER_BYTES", 5)
    with pytest.raises(http.PlatformError):
        http.ask("status", {"references": []})


def test_the_error_of_a_batch_names_nobody(platform: Platform, officer: Any, learners: Learners) -> None:
    line = learners(1)[0]
    run = hand_off([line.pk], by=officer).runs[0]
    platform.plan = ["garbage"]
    with pytest.raises(http.PlatformError):
        jobs.send_run.func(run.pk)
    run.refresh_from_db()
    assert line.name not in run.error
    assert line.id_number not in run.error
    assert PlatformRow.objects.get(run=run).outcome == "WAITING"
