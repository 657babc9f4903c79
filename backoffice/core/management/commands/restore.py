"""`manage.py restore DIR`: put back the newest archive of DIR (or a named one), after saving what is there now.

Afterwards the database and the folder of uploads are exactly those of the archive: what came later, tables of a newer
version among it, is gone. An archive from before an upgrade is brought up to date by `manage.py migrate`; one from a
newer version is refused. Stop the servers and workers first: they would go on writing into what is being replaced.
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
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from backoffice.core.management.commands.backup import DATABASE, MANIFEST, MEDIA, postgres
from backoffice.core.private_files import write_for_us_alone


class Command(BaseCommand):
    help = "Replace the database and the uploads by those of an archive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, metavar="DIR", help="a folder of archives, or one archive")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--no-safety-copy", action="store_true", help="do not back up the present state first"
        )

    def handle(self, *, source: Path, yes: bool, no_safety_copy: bool, **options: Any) -> None:
        write_for_us_alone()  # also where this is called by another program than manage.py
        archive = newest(source.resolve())
        if not zipfile.is_zipfile(archive):
            raise CommandError("This is no archive of ours, or it is damaged.")
        with (
            zipfile.ZipFile(archive) as container,
            tempfile.TemporaryDirectory(dir=archive.parent, prefix=".restore-") as folder,
        ):
            manifest = check(container)
            if not yes and input(f"Replace everything by {archive.name}? Type yes: ").strip() != "yes":
                raise CommandError("Nothing was changed.")
            copy = database_copy(container, folder)
            missing = refuse_newer(set(manifest.get("migrations") or migrations_in(copy)))
            if not no_safety_copy:
                self.stdout.write("The present state is saved first:")
                call_command("backup", archive.parent / "before-restore", stdout=self.stdout)
            unpacked = unpack_media(container)
            try:
                load(copy, Path(folder))
            except BaseException:
                if unpacked is not None:
                    shutil.rmtree(unpacked)
                raise
        if old := swap_media(unpacked):
            self.stdout.write(
                f"The uploads that were there before are in {old}; delete them when all is well."
            )
        self.stdout.write(f"Restored from {archive}. Messages that were waiting then are sent again.")
        if missing:
            self.stdout.write(
                f"The archive is from before an upgrade (migrations that it lacks: {len(missing)}): "
                "run manage.py migrate before you start the site."
            )


def newest(source: Path) -> Path:
    if source.is_file():
        return source
    archives = sorted(source.glob("backup-*.zip"))  # their names sort by time
    if not archives:
        raise CommandError(f"There is no backup-….zip in {source}.")
    return archives[-1]


def check(container: zipfile.ZipFile) -> dict[str, Any]:
    """The archive's manifest. What is damaged, foreign or of another kind of site is refused, and nothing touched."""
    try:
        manifest: dict[str, Any] = json.loads(container.read(MANIFEST))
        damaged = container.testzip()
    except (KeyError, ValueError, zipfile.BadZipFile):
        raise CommandError("This is no archive of ours, or it is damaged.") from None
    if damaged:
        raise CommandError(f"The archive is damaged at {damaged}; use another one.")
    if manifest.get("vendor") != connection.vendor:
        raise CommandError(
            f"The archive is of a {manifest.get('vendor')} database; this site has {connection.vendor}."
        )
    if manifest.get("media", settings.MEDIA_STORAGE) != settings.MEDIA_STORAGE:
        raise CommandError("The archive is of a site that keeps its uploads elsewhere (MEDIA_STORAGE).")
    for name in container.namelist():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise CommandError(f"The archive holds a file outside its folder: {name}")
    return manifest


def database_copy(container: zipfile.ZipFile, folder: str) -> Path:
    """Unpack the database into the folder."""
    try:
        return Path(container.extract(DATABASE[connection.vendor], folder))
    except KeyError:
        raise CommandError("The archive holds no database; use another one.") from None


def migrations_in(copy: Path) -> set[str]:
    """The migrations that a database copy says it has ("core.0001_initial"); archives of earlier versions do not list
    them in their manifest."""
    if connection.vendor == "postgresql":
        said = postgres("pg_restore", "--data-only", "--table=django_migrations", "--file=-", str(copy))
        rows = [line.split("\t") for line in said.splitlines() if line.count("\t") == 3]
        return {f"{app}.{name}" for _id, app, name, _applied in rows}
    saved = sqlite3.connect(copy)
    try:
        return {f"{app}.{name}" for app, name in saved.execute("SELECT app, name FROM django_migrations")}
    except sqlite3.DatabaseError:
        raise CommandError(
            "The database in the archive is damaged, or none of ours; use another one."
        ) from None
    finally:
        saved.close()


def refuse_newer(migrations: set[str]) -> set[str]:
    """Return which of our migrations the archive lacks; refuse an archive that has others than ours."""
    loader = MigrationLoader(None)
    ours = {f"{app}.{name}" for app, name in loader.disk_migrations}
    replaced = {f"{app}.{name}" for found in loader.disk_migrations.values() for app, name in found.replaces}
    if unknown := migrations - ours - replaced:
        raise CommandError(
            f"The archive is from a newer version of the product ({', '.join(sorted(unknown)[:3])}); "
            "install that version first."
        )
    return ours - migrations


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


def swap_media(folder: Path | None) -> Path | None:
    """Put the unpacked uploads in place; return where the old ones, if any, stay beside them."""
    if folder is None:
        return None
    root = Path(settings.MEDIA_ROOT)
    before = root.with_name(f"{root.name}.before-{timezone.localtime():%Y%m%d-%H%M%S-%f}")
    had = root.exists()
    if had:
        root.rename(before)
    (folder / MEDIA).rename(root)
    shutil.rmtree(folder)
    return before if had else None


#: Empties the schema. Its own rights, and extensions, are the database administrator's and stay.
EMPTY_SCHEMA = """
SET LOCAL lock_timeout = '20s';
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT c.oid::regclass::text AS name, CASE c.relkind
            WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
            WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
        FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        ORDER BY c.relkind = 'S'  -- those of identity columns go with their table
    LOOP
        EXECUTE format('DROP %s IF EXISTS %s CASCADE', found.kind, found.name);
    END LOOP;
    FOR found IN
        SELECT p.oid::regprocedure::text AS name FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', found.name);
    END LOOP;
    FOR found IN
        SELECT t.oid::regtype::text AS name FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE t.typnamespace = current_schema()::regnamespace
            AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', found.name);
    END LOOP;
END $$;
"""


def load(copy: Path, folder: Path) -> None:
    """Replace the database by the copy, wholly or not at all; `folder` is a private one for what is in between."""
    if connection.vendor == "postgresql":
        load_postgres(copy, folder)
        return
    saved = sqlite3.connect(copy)
    try:
        if saved.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise CommandError("The database in the archive is damaged; use another one.")
        connection.ensure_connection()
        saved.backup(connection.connection)
    finally:
        saved.close()


def load_postgres(copy: Path, folder: Path) -> None:
    """Empty the schema and fill it from the copy, in one transaction.

    Not `pg_restore --clean`: that drops only what the archive knows, and fails on what a newer version hung onto it.
    """
    empty, fill = folder / "empty.sql", folder / "fill.sql"
    empty.write_text(EMPTY_SCHEMA)
    postgres("pg_restore", "--no-owner", "--no-privileges", f"--file={fill}", str(copy))
    connections.close_all()
    try:
        postgres(
            "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
            f"--file={empty}", f"--file={fill}",
        )  # fmt: skip
    except CommandError as error:
        if "lock timeout" in str(error):
            raise CommandError(
                "Somebody is using the database. Stop the servers and workers, then restore again; nothing was changed."
            ) from None
        raise
