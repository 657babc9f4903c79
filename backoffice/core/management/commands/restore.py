"""`manage.py restore DIR`: put back the newest archive of DIR (or a named one), after saving what is there now.

Stop the servers and workers first: they would go on writing into what is being replaced.
"""

import json
import shutil
import sqlite3
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.utils import timezone

from backoffice.core.management.commands.backup import DATABASE, MANIFEST, MEDIA, postgres


class Command(BaseCommand):
    help = "Replace the database and the uploads by those of an archive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, metavar="DIR", help="a folder of archives, or one archive")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--no-safety-copy", action="store_true", help="do not back up the present state first"
        )

    def handle(self, *, source: Path, yes: bool, no_safety_copy: bool, **options: Any) -> None:
        archive = newest(source.resolve())
        if not zipfile.is_zipfile(archive):
            raise CommandError("This is no archive of ours, or it is damaged.")
        with zipfile.ZipFile(archive) as container:
            check(container)
            if not yes and input(f"Replace everything by {archive.name}? Type yes: ").strip() != "yes":
                raise CommandError("Nothing was changed.")
            if not no_safety_copy:
                self.stdout.write("The present state is saved first:")
                call_command("backup", archive.parent / "before-restore", stdout=self.stdout)
            with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".restore-") as folder:
                copy = Path(container.extract(DATABASE[connection.vendor], folder))
                unpacked = unpack_media(container)
                load(copy)
            swap_media(unpacked)
        self.stdout.write(f"Restored from {archive}. Messages that were waiting then are sent again.")


def newest(source: Path) -> Path:
    if source.is_file():
        return source
    archives = sorted(source.glob("backup-*.zip"))  # their names sort by time
    if not archives:
        raise CommandError(f"There is no backup-….zip in {source}.")
    return archives[-1]


def check(container: zipfile.ZipFile) -> None:
    """Refuse, before anything is touched, what is damaged, foreign, or of another kind of database."""
    try:
        manifest = json.loads(container.read(MANIFEST))
        damaged = container.testzip()
    except (KeyError, ValueError, zipfile.BadZipFile):
        raise CommandError("This is no archive of ours, or it is damaged.") from None
    if damaged:
        raise CommandError(f"The archive is damaged at {damaged}; use another one.")
    if manifest.get("vendor") != connection.vendor:
        raise CommandError(
            f"The archive is of a {manifest.get('vendor')} database; this site has {connection.vendor}."
        )
    for name in container.namelist():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise CommandError(f"The archive holds a file outside its folder: {name}")


def unpack_media(container: zipfile.ZipFile) -> Path | None:
    """Unpack the uploads beside the present ones, so that putting them in place is one rename."""
    if settings.MEDIA_STORAGE != "disk":
        return None
    root = Path(settings.MEDIA_ROOT)
    root.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root.parent, prefix=f"{root.name}.restoring-"))
    (folder / MEDIA).mkdir()
    for name in container.namelist():
        if name.startswith(MEDIA):
            container.extract(name, folder)
    return folder


def swap_media(folder: Path | None) -> None:
    """Put the unpacked uploads in place; the old ones stay beside them under another name."""
    if folder is None:
        return
    root = Path(settings.MEDIA_ROOT)
    if root.exists():
        root.rename(root.with_name(f"{root.name}.before-{timezone.localtime():%Y%m%d-%H%M%S-%f}"))
    (folder / MEDIA).rename(root)
    shutil.rmtree(folder)


def load(copy: Path) -> None:
    """Replace the database by the copy, wholly or not at all."""
    if connection.vendor == "postgresql":
        connections.close_all()
        postgres(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
            f"--dbname={connection.settings_dict['NAME']}", str(copy),
        )  # fmt: skip
        return
    saved = sqlite3.connect(copy)
    try:
        if saved.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise CommandError("The database in the archive is damaged; use another one.")
        connection.ensure_connection()
        saved.backup(connection.connection)
    finally:
        saved.close()
