"""`manage.py backup DIR`: the database and the uploads in one archive, while the site is running.

The database is copied first: every upload it names is then still there to be copied. A backup that is killed stops
writing at once (pg_dump, too), and what it left behind is taken away by the next one.
"""

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from backoffice.core.state import note
from backoffice.core.tasks import is_gone, is_here, this_worker

MANIFEST, MEDIA = "manifest.json", "media/"
#: The folder in which an archive is made; the name says which process makes it.
UNFINISHED = ".backup-"
#: prctl(2): which signal the kernel sends a process when its parent ends.
PR_SET_PDEATHSIG = 1
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class Command(BaseCommand):
    help = "Write the database and the uploads to one archive in DIR."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR")

    def handle(self, *, directory: Path, **options: Any) -> str:
        media = Path(settings.MEDIA_ROOT).resolve()
        directory = directory.resolve()
        if directory == media or media in directory.parents:
            raise CommandError("DIR lies in the folder of the uploads; choose another place.")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = directory / f"backup-{timezone.localtime():%Y%m%d-%H%M%S-%f}.zip"
        sweep(directory)
        # Beside the target, readable by us alone: it holds personal data, and must not lie in /tmp.
        prefix = f"{UNFINISHED}{this_worker()}-"
        with ended_tidily(), tempfile.TemporaryDirectory(dir=directory, prefix=prefix) as folder:
            archive = Path(folder) / target.name
            count = self.write(archive, Path(folder))
            archive.chmod(0o600)
            archive.replace(target)
        note("backup", f"{target.name}, {target.stat().st_size / 1024**2:.1f} MB")
        self.stdout.write(f"{target}: database and {count} files.")
        if settings.MEDIA_STORAGE != "disk":
            self.stdout.write("The uploads are in the S3 bucket; back that up with the store's own tools.")
        return ""

    @staticmethod
    def write(archive: Path, folder: Path) -> int:
        """Write the archive; return how many uploads went in."""
        copy = folder / DATABASE[connection.vendor]
        dump(copy)
        count = 0
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as container:
            container.writestr(MANIFEST, json.dumps(manifest()))
            container.write(copy, copy.name)
            for path, name in uploads():
                try:
                    # Pictures and workbooks are compressed already.
                    container.write(path, f"{MEDIA}{name}", zipfile.ZIP_STORED)
                    count += 1
                except FileNotFoundError:
                    continue  # taken away while we went through the folder
        return count


def manifest() -> dict[str, Any]:
    """What `restore` must know before it touches anything: the kind of site, and the migrations of the database."""
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        "vendor": connection.vendor, "at": timezone.now().isoformat(), "media": settings.MEDIA_STORAGE,
        "migrations": sorted(f"{app}.{name}" for app, name in applied),
    }  # fmt: skip


def sweep(directory: Path) -> None:
    """Take away what killed backups left here: it holds personal data, and nobody will finish it."""
    a_day_ago = time.time() - 24 * 3600
    for folder in directory.glob(f"{UNFINISHED}*"):
        worker = folder.name.removeprefix(UNFINISHED).rpartition("-")[0]
        if is_gone(worker) or (not is_here(worker) and folder.stat().st_mtime < a_day_ago):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ended_tidily() -> Iterator[None]:
    """Let a scheduler's SIGTERM end the backup as Ctrl-C does: what was begun is taken away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_args: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def die_with_parent() -> None:
    """In the child, before it becomes pg_dump: the kernel ends it when we are killed (Linux; elsewhere it runs on)."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def dump(target: Path) -> None:
    """Write a consistent copy of the running database to `target`."""
    if connection.vendor == "postgresql":
        postgres("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        return
    connection.ensure_connection()
    copy = sqlite3.connect(target)
    try:
        connection.connection.backup(copy)  # SQLite's online backup: readers and writers go on
    finally:
        copy.close()


def postgres(program: str, *arguments: str) -> str:
    """Run a PostgreSQL tool on our database; return what it printed.

    The password goes by the environment, not the process list.
    """
    found = shutil.which(program)
    if found is None:
        raise CommandError(f"{program} is not installed; on Debian: apt-get install postgresql-client")
    database = connection.settings_dict
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    given = {variable: str(database[key]) for variable, key in names.items() if database.get(key)}
    done = subprocess.run(  # noqa: S603
        [found, *arguments], env=os.environ | given, capture_output=True, text=True,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    if done.returncode:
        raise CommandError(f"{program} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout


def uploads() -> Iterator[tuple[Path, str]]:
    """Every uploaded file with its name inside MEDIA_ROOT."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(root.rglob("*")) if settings.MEDIA_STORAGE == "disk" and root.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            yield path, path.relative_to(root).as_posix()
