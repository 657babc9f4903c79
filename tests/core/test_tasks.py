"""Background work: done after the commit, by whichever backend; resumed when a worker dies."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks import task

from backoffice.core import tasks
from backoffice.core.tasks import is_gone, reap, retrying, this_worker
from tests.core.forked_sites import DATABASE, fork_server, play

ROOT = Path(__file__).resolve().parents[2]

# --- Jobs --------------------------------------------------------------------------------------------


@task()
def write(path: str, text: str) -> None:
    with open(path, "a") as file:
        file.write(f"{text}\n")


@task()
def write_slowly(path: str) -> None:
    """The first time it takes a minute; whoever starts it again finds the work half done and finishes it."""
    first = not Path(path).exists()
    write.call(path, f"started by {os.getpid()}")
    if first:
        time.sleep(60)
    write.call(path, "finished")


@task()
def fail(path: str) -> None:
    write.call(path, "failing")
    raise ValueError("on purpose")


@task()
def fail_twice(path: str) -> None:
    write.call(path, "attempt")
    if len(Path(path).read_text().splitlines()) < 3:
        raise ValueError("on purpose")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "output"


# --- A process of its own: tests themselves run with the immediate backend -----------------------------

PREAMBLE = """
import json, os, sys, threading, time
from datetime import timedelta
import django
django.setup()
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from backoffice.core import tasks
from tests.core.test_tasks import *
output = sys.argv[1]
def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, (condition, list(DBTaskResult.objects.values("status", "traceback")))
        time.sleep(0.02)
def lines():
    return Path(output).read_text().splitlines() if Path(output).exists() else []
"""


def environment(tmp_path, **changes):
    """A demo site of its own below tmp_path, on SQLite."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "PYTEST_CURRENT_TEST")
    }
    return clean | {"DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATA_DIR": str(tmp_path)} | changes


def run(script, tmp_path, **changes):
    """Run the script in a process that sets Django up for this environment."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script, str(tmp_path / "output")],
        cwd=ROOT, env=environment(tmp_path, **changes), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """`fork(script, folder)` runs the script in a process that was forked from a site, as a server's workers are."""
    context = fork_server(environment(tmp_path_factory.mktemp("site")))

    def started(script, folder):
        process = context.Process(target=play, args=(PREAMBLE + script, folder))
        process.start()
        return process

    return started


@pytest.fixture(scope="module")
def empty_queue(fork, tmp_path_factory):
    """A database that has the queue's tables."""
    folder = tmp_path_factory.mktemp("queue")
    finish(fork('call_command("migrate", "django_tasks_database", verbosity=0)', folder), folder)
    return folder / DATABASE


@pytest.fixture
def site(empty_queue, tmp_path):
    """The folder of a demo site with an empty queue."""
    shutil.copy(empty_queue, tmp_path)
    return tmp_path


def finish(process, folder):
    process.join(120)
    complaints = folder / "complaints"
    assert process.exitcode == 0, complaints.read_text() if complaints.exists() else process.exitcode


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


# --- The embedded worker -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thread_does_the_jobs_after_the_commit_and_ends(fork, site):
    script = """
with transaction.atomic():
    write.enqueue(output, "one")
    time.sleep(0.3)
    assert lines() == [] and not tasks._threads, "inside the transaction"
    thread = threading.current_thread()
wait_for(lambda: lines() == ["one"])

with transaction.atomic():
    write.enqueue(output, "rolled back")
    transaction.set_rollback(True)

# A job that fails does not stop the ones behind it, and keeps its traceback.
fail.enqueue(output)
for n in range(20):
    write.enqueue(output, str(n))
wait_for(lambda: len(lines()) == 22)
assert sorted(lines()) == sorted(["one", "failing", *map(str, range(20))])
wait_for(lambda: not DBTaskResult.objects.exclude(status__in=["SUCCESSFUL", "FAILED"]).exists())
(failed,) = DBTaskResult.objects.filter(status="FAILED")
assert "on purpose" in failed.traceback

# Nothing left to do: the thread ends, and the next job starts another.
wait_for(lambda: not tasks._threads)
later = timezone.now() + timedelta(seconds=0.5)
write.using(run_after=later).enqueue(output, "deferred")
wait_for(lambda: "deferred" in lines())
assert timezone.now() >= later
wait_for(lambda: not tasks._threads)

# A forked child (gunicorn --preload) has a thread of its own, even if its parent has one waiting. The parent's
# thread must be between two looks: SQLite cannot be carried over a fork (resume_with_first_request).
looked, look = [], tasks._seconds_to_next
tasks._seconds_to_next = lambda alias: (look(alias), looked.append(1))[0]
def sqlite_is_open():
    opened = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink() and path.exists()]
    return any("backoffice.sqlite3" in name for name in opened)
write.using(run_after=timezone.now() + timedelta(minutes=5)).enqueue(output, "much later")
connections.close_all()
wait_for(lambda: looked and not sqlite_is_open())
assert tasks._threads
if os.fork() == 0:
    assert not tasks._threads
    write.enqueue(output, "child")
    wait_for(lambda: "child" in lines())
    os._exit(0)
assert os.wait()[1] == 0
assert "rolled back" not in lines() and "much later" not in lines()
"""
    finish(fork(script, site), site)


@pytest.mark.slow
def test_many_threads_enqueue_and_every_job_is_done_once(fork, site):
    script = """
def enqueue(n):
    for m in range(10):
        write.enqueue(output, f"{n}-{m}")
        time.sleep(0.01)  # the worker's thread is about to end now and then
    connections.close_all()
threads = [threading.Thread(target=enqueue, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
wait_for(lambda: len(lines()) >= 80, 30)
time.sleep(0.3)
assert sorted(lines()) == sorted(f"{n}-{m}" for n in range(8) for m in range(10))
"""
    finish(fork(script, site), site)


@pytest.mark.slow
def test_the_job_of_a_killed_process_is_finished_by_the_next_one(fork, site, output):
    first = fork("write_slowly.enqueue(output)\ntime.sleep(60)", site)
    wait_until(output.exists)
    first.kill()
    first.join()
    assert first.exitcode == -signal.SIGKILL
    finish(fork('tasks.resume()\nwait_for(lambda: lines()[-1] == "finished")', site), site)
    started = [line for line in output.read_text().splitlines() if line.startswith("started")]
    assert len(started) == 2


@pytest.mark.slow
def test_the_worker_command_finishes_what_a_killed_worker_began(site, output):
    options = ["worker", "--batch", "--no-startup-delay"]
    script = f"""
write_slowly.enqueue(output)
time.sleep(0.1)
assert not tasks._threads and not lines()  # no thread here: that is the worker's job
call_command(*{options})
"""
    worker = environment(site, TASKS_BACKEND="worker")
    first = subprocess.Popen([sys.executable, "-c", PREAMBLE + script, str(output)], cwd=ROOT, env=worker)
    wait_until(lambda: output.exists() or first.poll() is not None)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    subprocess.run([sys.executable, "manage.py", *options], cwd=ROOT, env=worker, check=True, timeout=60)
    assert output.read_text().splitlines()[-1] == "finished"


@pytest.mark.slow
def test_a_server_takes_up_what_was_left_with_its_first_request_and_not_before(fork, site):
    script = """
from django.core.signals import request_started
started = []
tasks.wake = lambda alias="default": started.append(alias)
tasks.resume_with_first_request()
assert started == []
for _ in range(3):
    request_started.send(sender=None)
assert started == ["default"]
"""
    finish(fork(script, site), site)


# --- Reaping -----------------------------------------------------------------------------------------


@pytest.fixture
def running(db):
    """`running(worker, minutes)` is a job that a worker took that long ago."""
    from django_tasks_db.models import DBTaskResult

    def make(*workers, minutes=1):
        return DBTaskResult.objects.create(
            status="RUNNING", started_at=timezone.now() - timedelta(minutes=minutes), worker_ids=list(workers),
            args_kwargs={"args": [], "kwargs": {}}, task_path="x.y", backend_name="default", queue_name="default",
            exception_class_path="", traceback="",
        )  # fmt: skip

    return make


@cache
def dead_worker():
    """The name of a process of this machine that has ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, this_worker().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    with open(reading) as name:
        return name.read()


def test_a_process_knows_the_living_from_the_dead():
    here = this_worker()
    place, pid, started = here.split("-")
    assert not is_gone(here)
    assert is_gone(dead_worker())
    assert is_gone(f"{place}-{pid}-{int(started) - 1}")  # the number was given to another process since
    # What we cannot know, we do not claim.
    assert not is_gone(f"elsewhere-{pid}-1")
    assert not is_gone("kX3randomNameOfDbWorker")
    assert not is_gone("")


def test_jobs_of_dead_workers_go_back_and_others_are_left_alone(running):
    dead = running(dead_worker())
    alive = running(this_worker(), minutes=59)
    elsewhere = running("elsewhere-1-1", minutes=59)
    too_long = running("elsewhere-1-1", minutes=61)
    assert reap() == (2, 0)
    for job, status in ((dead, "READY"), (alive, "RUNNING"), (elsewhere, "RUNNING"), (too_long, "READY")):
        job.refresh_from_db()
        assert job.status == status
    assert reap() == (0, 0)


def test_a_job_that_kills_its_workers_is_put_back_three_times_then_failed(running):
    job = running("a", minutes=61)
    for attempt in range(2, 5):
        assert reap() == (1, 0)
        job.refresh_from_db()
        job.claim(f"worker {attempt}")
        type(job).objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(minutes=61))
    assert reap() == (0, 1)
    job.refresh_from_db()
    assert (job.status, job.exception_class_path) == ("FAILED", "backoffice.core.tasks.WorkerLost")
    assert "4" in job.traceback
    assert job.finished_at is not None


def test_a_job_that_ends_while_we_look_is_not_started_again(running, monkeypatch):
    job = running(dead_worker())

    def it_ends(worker):
        type(job).objects.filter(pk=job.pk).update(status="SUCCESSFUL")
        return True

    monkeypatch.setattr(tasks, "is_gone", it_ends)
    assert reap() == (0, 0)
    job.refresh_from_db()
    assert job.status == "SUCCESSFUL"


def test_the_command_for_a_scheduler_reaps(running, capsys):
    running("elsewhere-1-1", minutes=61)
    call_command("reap_tasks")
    assert capsys.readouterr().out == "1 put back, 0 given up.\n"


# --- Trying again ------------------------------------------------------------------------------------


def test_a_failing_job_is_tried_again_until_it_succeeds(output):
    retrying(fail_twice, str(output))
    assert output.read_text().splitlines() == ["attempt"] * 3


def test_a_hopeless_job_is_tried_so_many_times_and_no_more(output):
    retrying(fail, str(output), attempts=2)
    assert output.read_text().splitlines() == ["failing"] * 2


def test_attempts_wait_longer_and_longer(db, settings, output):
    from django_tasks_db.models import DBTaskResult

    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    retrying(fail, str(output), back_off=[60, 300])
    job, waits = DBTaskResult.objects.get(), []
    while job is not None:
        with pytest.raises(ValueError, match="on purpose"):
            tasks.attempt.call(*job.args_kwargs["args"])
        job.delete()
        job = DBTaskResult.objects.first()
        if job:
            waits.append(round((job.run_after - timezone.now()).total_seconds()))
    assert waits == [60, 300, 300]


def test_only_tasks_are_run_by_path():
    with pytest.raises(TypeError, match="is not a task"):
        tasks.attempt.call("os.system", ["true"], {}, 1, 1, [])


# --- Celery ------------------------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path):
    """A Redis of the test's own; the machine's may hold other people's jobs."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server: apt-get install redis-server")
    pytest.importorskip("celery", reason="needs requirements-celery.txt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_celery_does_the_same_jobs_after_the_commit(tmp_path, output, redis):
    site = {"TASKS_BACKEND": "celery", "REDIS_URL": redis}
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "backoffice.core.celery", "worker", "--pool", "solo", "-l", "error"],
        cwd=ROOT, env=environment(tmp_path, **site), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        printed = run(
            """
with transaction.atomic():
    write.enqueue(output, "rolled back")
    transaction.set_rollback(True)
with transaction.atomic():
    result = write.enqueue(output, text="committed")
    time.sleep(0.3)
    assert lines() == []
wait_for(lambda: lines() == ["committed"], 40)
due = timezone.now() + timedelta(seconds=1)
write.using(run_after=due).enqueue(output, "deferred")
tasks.retrying(fail_twice, output + ".retried", back_off=[0])
wait_for(lambda: lines() == ["committed", "deferred"], 20)
assert timezone.now() >= due
wait_for(lambda: Path(output + ".retried").read_text().splitlines() == ["attempt"] * 3)
print(json.dumps([result.status, len(result.id)]))
""",
            tmp_path,
            **site,
        )
        assert json.loads(printed) == ["READY", 32]
    finally:
        worker.kill()  # all is proven: no need to wait for its farewell
        worker.wait()
