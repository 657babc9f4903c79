"""Backup and restore, tried; and the purge of uploads nobody confirmed."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from backoffice.core.management.commands import restore as restoring
from backoffice.core.models import ImportRun, SignOfLife
from backoffice.core.tasks import this_worker
from registry.models import Company
from tests.factories import CompanyFactory
from tests.registry.test_import_safety import shared_database

needs_tools = pytest.mark.skipif(
    connection.vendor == "postgresql" and not shutil.which("pg_restore"),
    reason="needs pg_dump and pg_restore: apt-get install postgresql-client",
)


def backup(folder):
    call_command("backup", folder, stdout=StringIO())
    return max(folder.glob("backup-*.zip"))


def restore(source, *more):
    call_command("restore", source, "--yes", *more, stdout=StringIO())


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_what_was_backed_up_comes_back_and_what_came_later_is_gone(tmp_path, private_media):
    kept = CompanyFactory(name="广东甲工程监理有限公司")
    default_storage.save("attachments/ab/scan.jpg", ContentFile(b"the picture"))
    archive = backup(tmp_path / "backups")

    Company.objects.filter(pk=kept.pk).update(name="改了")
    CompanyFactory(name="后来的公司")
    default_storage.delete("attachments/ab/scan.jpg")
    default_storage.save("attachments/cd/later.jpg", ContentFile(b"later"))
    restore(tmp_path / "backups")

    assert list(Company.objects.values_list("name", flat=True)) == ["广东甲工程监理有限公司"]
    assert default_storage.open("attachments/ab/scan.jpg").read() == b"the picture"
    assert not default_storage.exists("attachments/cd/later.jpg")
    # And nothing of what was replaced is lost.
    (before,) = (tmp_path / "backups" / "before-restore").glob("backup-*.zip")
    assert "media/attachments/cd/later.jpg" in zipfile.ZipFile(before).namelist()
    (old_media,) = private_media.parent.glob("media.before-*")
    assert (old_media / "attachments/cd/later.jpg").exists()
    # The restored database works on: rows get new numbers, not old ones again.
    assert CompanyFactory().pk > kept.pk
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_of_several_archives_the_newest_is_restored_unless_one_is_named(tmp_path):
    first = backup(tmp_path)
    CompanyFactory()
    backup(tmp_path)
    CompanyFactory()
    restore(tmp_path, "--no-safety-copy")
    assert Company.objects.count() == 1
    restore(first, "--no-safety-copy")
    assert Company.objects.count() == 0


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_lying_about(tmp_path):
    backup(tmp_path)
    restore(tmp_path, "--no-safety-copy")
    assert [path.name for path in tmp_path.glob(".*")] == []
    assert not list(tmp_path.glob("media.restoring-*"))


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_a_damaged_or_foreign_archive_is_refused_before_anything_is_touched(tmp_path):
    archive = backup(tmp_path)
    CompanyFactory()
    content = archive.read_bytes()

    damaged = tmp_path / "damaged.zip"
    middle = len(content) // 2
    damaged.write_bytes(
        content[:middle]
        + bytes(byte ^ 0xFF for byte in content[middle : middle + 50])
        + content[middle + 50 :]
    )
    (tmp_path / "half.zip").write_bytes(content[:middle])
    (tmp_path / "text.zip").write_bytes(b"no archive")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("manifest.json", '{"vendor": "oracle"}')
    with zipfile.ZipFile(tmp_path / "escaping.zip", "w") as escaping:
        escaping.writestr("manifest.json", f'{{"vendor": "{connection.vendor}"}}')
        escaping.writestr("media/../../evil", "x")
    for name, words in (
        ("damaged", "damaged"),
        ("half", "damaged"),
        ("text", "no archive"),
        ("other", "oracle"),
        ("escaping", "outside"),
    ):
        with pytest.raises(CommandError, match=words):
            restore(tmp_path / f"{name}.zip")
    assert Company.objects.count() == 1


@pytest.mark.django_db
def test_without_a_yes_nothing_happens(tmp_path, monkeypatch):
    archive = tmp_path / "backup-1.zip"
    with zipfile.ZipFile(archive, "w") as container:
        container.writestr("manifest.json", f'{{"vendor": "{connection.vendor}"}}')
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", archive)


@pytest.mark.django_db
def test_a_folder_without_archives_is_told(tmp_path):
    with pytest.raises(CommandError, match="no backup"):
        restore(tmp_path)


@pytest.mark.django_db
def test_backups_do_not_go_into_the_folder_they_save(private_media):
    with pytest.raises(CommandError, match="another place"):
        call_command("backup", private_media / "backups")


# --- Archives of other versions ------------------------------------------------------------------------


def upgrade_by_a_later_version():
    """What a later version may do to the database: a table that refers to ours, a column, a view, a constraint."""
    with connection.cursor() as cursor:
        key = "bigint" if connection.vendor == "postgresql" else "integer"
        cursor.execute(
            f"CREATE TABLE later_table (id {key} PRIMARY KEY, company {key} REFERENCES registry_company (id))"
        )
        cursor.execute("ALTER TABLE registry_company ADD COLUMN later_column integer DEFAULT 7 NOT NULL")
        cursor.execute("CREATE VIEW later_view AS SELECT id, later_column FROM registry_company")
        if connection.vendor == "postgresql":
            cursor.execute("CREATE FUNCTION later_function() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
            cursor.execute("CREATE TYPE later_type AS ENUM ('a', 'b')")
        else:
            cursor.execute("CREATE UNIQUE INDEX later_index ON registry_company (later_column, id)")
    MigrationRecorder(connection).record_applied("registry", "9999_of_a_later_version")


def shape():
    """All that the database holds, by name."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT 'relation', relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                "UNION ALL SELECT 'routine', proname, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
                "UNION ALL SELECT 'type', typname, '' FROM pg_type WHERE typnamespace = 'public'::regnamespace "
                "UNION ALL SELECT 'column', table_name || '.' || column_name, data_type "
                "FROM information_schema.columns WHERE table_schema = 'public'"
            )
        else:
            cursor.execute("SELECT type, name, sql FROM sqlite_master")
        return sorted(cursor.fetchall(), key=str)


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_an_archive_from_before_an_upgrade_brings_back_exactly_what_was(tmp_path):
    company = CompanyFactory()
    before = shape()
    backup(tmp_path)
    upgrade_by_a_later_version()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO later_table VALUES (1, %s)", [company.pk])
    restore(tmp_path, "--no-safety-copy")
    assert shape() == before
    assert Company.objects.get() == company
    assert ("registry", "9999_of_a_later_version") not in MigrationRecorder(connection).applied_migrations()


@needs_tools
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("listed", [True, False], ids=["in the manifest", "in the database alone"])
def test_an_archive_from_a_newer_version_is_refused_before_anything_is_touched(tmp_path, listed):
    MigrationRecorder(connection).record_applied("registry", "9999_of_a_later_version")
    archive = backup(tmp_path)
    MigrationRecorder(connection).record_unapplied("registry", "9999_of_a_later_version")
    CompanyFactory()
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    assert "registry.9999_of_a_later_version" in manifest["migrations"]
    if not listed:
        archive = without_list_of_migrations(archive)
    with pytest.raises(
        CommandError, match=r"newer version of the product \(registry.9999_of_a_later_version\)"
    ):
        restore(archive)
    assert Company.objects.count() == 1
    assert not (tmp_path / "before-restore").exists()


def without_list_of_migrations(archive):
    """As versions before this one wrote it."""
    old = archive.with_name("backup-0.zip")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(old, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = json.dumps({"vendor": connection.vendor, "at": ""}).encode()
            target.writestr(name, content)
    return old


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_whoever_restores_an_older_archive_is_told_to_migrate(tmp_path):
    MigrationRecorder(connection).record_unapplied("core", "0010_counters_and_signs_of_life")
    archive = backup(tmp_path)
    MigrationRecorder(connection).record_applied("core", "0010_counters_and_signs_of_life")
    for source in (archive, without_list_of_migrations(archive)):
        said = StringIO()
        call_command("restore", source, "--yes", "--no-safety-copy", stdout=said)
        assert "(migrations that it lacks: 1): run manage.py migrate" in said.getvalue()


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_an_archive_of_a_site_with_its_uploads_in_the_cloud_is_refused(tmp_path, settings):
    settings.MEDIA_STORAGE = "s3"
    archive = backup(tmp_path)
    settings.MEDIA_STORAGE = "disk"
    with pytest.raises(CommandError, match="MEDIA_STORAGE"):
        restore(archive)


@pytest.mark.postgres
@needs_tools
@pytest.mark.django_db(transaction=True)
def test_while_somebody_uses_the_database_nothing_is_replaced(tmp_path, private_media, monkeypatch):
    CompanyFactory()
    archive = backup(tmp_path)
    monkeypatch.setattr(restoring, "EMPTY_SCHEMA", restoring.EMPTY_SCHEMA.replace("20s", "200ms"))
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT count(*) FROM registry_company")
            with pytest.raises(CommandError, match="Stop the servers"):
                restore(archive, "--no-safety-copy")
    finally:
        other.close()
    assert Company.objects.count() == 1
    assert not list(private_media.parent.glob("media.restoring-*"))


@needs_tools
@pytest.mark.django_db(transaction=True)
def test_restored_uploads_are_read_by_the_product_alone_and_the_backup_leaves_a_sign(tmp_path, private_media):
    default_storage.save("attachments/ab/scan.jpg", ContentFile(b"the picture"))
    backup(tmp_path)
    restore(tmp_path, "--no-safety-copy")
    paths = [private_media, *private_media.rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in paths} == {0}
    backup(tmp_path)
    assert "backup-" in SignOfLife.objects.get(name="backup").note


# --- Uploads nobody confirmed --------------------------------------------------------------------------


@pytest.fixture
def run(db):
    def make(status, *, days):
        row = ImportRun(
            layout="certificates", filename="a.xlsx", sha256="0" * 64, status=status, samples={"new": [1]}
        )
        row.file.save("a.xlsx", ContentFile(b"rows"))
        row.save()
        ImportRun.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days))
        return row

    return make


@pytest.mark.parametrize("status", ["UPLOADED", "UNMAPPED", "PREVIEWED"])
def test_uploads_never_confirmed_are_forgotten_after_a_week(run, status, capsys):
    old, new = run(status, days=8), run(status, days=6)
    call_command("purge_uploads")
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, old.samples, Path(old.file.path).exists()) == ("DISCARDED", {}, False)
    assert (new.status, new.samples, Path(new.file.path).exists()) == (status, {"new": [1]}, True)
    assert capsys.readouterr().out == "1 uploads discarded.\n"
    call_command("purge_uploads")


@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "DONE", "REFUSED", "FAILED", "DISCARDED", "UNDONE"])
def test_runs_that_were_confirmed_keep_their_file(run, status):
    done = run(status, days=400)
    call_command("purge_uploads", stdout=StringIO())
    done.refresh_from_db()
    assert (done.status, Path(done.file.path).exists()) == (status, True)


KILLED = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from backoffice.core.management.commands import backup
real = backup.dump
def killed(target):
    real(target)
    os.kill(os.getpid(), getattr(signal, sys.argv[2]))
backup.dump = killed
call_command("backup", sys.argv[1])
"""


@pytest.mark.slow
@needs_tools
@pytest.mark.django_db(transaction=True)
def test_what_a_killed_backup_leaves_is_taken_away_by_the_next_one(tmp_path, private_media):
    archives = tmp_path / "backups"
    environment = os.environ | {
        "DATABASE_URL": shared_database(tmp_path),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "backoffice.settings"),
    }

    def killed(by):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(archives), by], env=environment, cwd=settings.BASE_DIR, check=False
        )  # fmt: skip
        assert done.returncode != 0
        return list(archives.glob(".backup-*"))

    assert killed("SIGTERM") == []  # a scheduler's way: it clears up itself
    assert len(killed("SIGKILL")) == 1
    (archives / f".backup-{this_worker()}-x").mkdir()  # one that is being made
    backup(archives)
    assert [path.name for path in archives.glob(".backup-*")] == [f".backup-{this_worker()}-x"]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends the child")
def test_pg_dump_ends_with_a_backup_that_is_killed(tmp_path):
    """A child that was started as pg_dump is does not outlive its parent."""
    script = (
        "import os, signal, subprocess, sys\n"
        "import django\n"
        "django.setup()\n"
        "from backoffice.core.management.commands.backup import die_with_parent\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "backoffice.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    status = Path(f"/proc/{int(done.stdout)}/stat")
    deadline = time.monotonic() + 10
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX":
        assert time.monotonic() < deadline
        time.sleep(0.05)
