"""The database file and the uploads are the product's own: other users of the machine do not read them."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from backoffice.core.private_files import close_what_is_there
from tests.core.test_settings import ROOT, environment


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_uploads_and_their_folders_are_open_to_the_product_alone(private_media):
    default_storage.save("attachments/ab/scan.jpg", ContentFile(b"the picture"))
    assert {rights(path) & 0o077 for path in [private_media, *private_media.rglob("*")]} == {0}


def test_uploads_and_a_database_from_an_earlier_version_are_closed(settings, tmp_path):
    media, database = tmp_path / "media", tmp_path / "site.sqlite3"
    settings.MEDIA_ROOT = media
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}}
    close_what_is_there()  # nothing there yet
    media.mkdir(mode=0o755)
    for path in (database, tmp_path / "site.sqlite3-wal"):
        path.touch(mode=0o644)
    close_what_is_there()
    assert rights(media) == 0o700
    assert {rights(path) for path in tmp_path.glob("site.sqlite3*")} == {0o600}


@pytest.mark.slow
def test_a_new_database_file_is_open_to_the_product_alone(tmp_path):
    folder = tmp_path / "site"
    script = [sys.executable, "manage.py", "migrate", "django_tasks_database", "--verbosity", "0"]
    subprocess.run(script, cwd=ROOT, env=environment(folder), check=True, umask=0o022)
    assert {path.name: rights(path) & 0o077 for path in [folder, *folder.iterdir()]} == {
        path.name: 0 for path in [folder, *folder.iterdir()]
    }
    assert (folder / "backoffice.sqlite3").exists()
