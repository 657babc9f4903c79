"""The database file and the uploads are read by the user that runs the product, and by no other user of the machine."""

import contextlib
import os
from pathlib import Path
from typing import Any

from django.conf import settings


def lock_uploads() -> None:
    """Close the folder of uploads; those of earlier versions were open to all."""
    close(Path(settings.MEDIA_ROOT))


def lock_database(connection: Any, **kwargs: Any) -> None:
    """Close the SQLite file once it is opened (it is made by the first opening), and its journals."""
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return
    for ending in ("", "-wal", "-shm", "-journal"):
        close(Path(f"{connection.settings_dict['NAME']}{ending}"))


def close(path: Path) -> None:
    """Take the rights of group and others away; a file that is not ours, or not there, stays as it is."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            os.chmod(path, mode & 0o700)
