"""The database file and the uploads are the product's own: other users of the machine do not read them."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from backoffice.core.private_files import lock_database, lock_uploads


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_uploads_and_their_folders_are_open_to_the_product_alone(private_media):
    default_storage.save("attachments/ab/scan.jpg", ContentFile(b"the picture"))
    assert {rights(path) & 0o077 for path in [private_media, *private_media.rglob("*")]} == {0}


def test_a_folder_of_uploads_from_an_earlier_version_is_closed(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    lock_uploads()  # not there yet
    settings.MEDIA_ROOT.mkdir(mode=0o755)
    lock_uploads()
    assert rights(settings.MEDIA_ROOT) == 0o700


@pytest.mark.django_db
def test_a_new_database_file_and_its_journals_are_open_to_the_product_alone(tmp_path):
    (tmp_path / "x").mkdir()
    site = DatabaseWrapper(
        connection.settings_dict
        | {"ENGINE": "sqlite", "NAME": str(tmp_path / "x" / "site.sqlite3"), "OPTIONS": {}}
    )
    with site.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("CREATE TABLE a (b)")
        lock_database(site)
        cursor.execute("INSERT INTO a VALUES (1)")
        found = {path.name: rights(path) for path in (tmp_path / "x").iterdir()}
    site.close()
    assert set(found.values()) == {0o600}
    assert "site.sqlite3" in found
