"""What the product writes is read by the user that runs it, and by no other user of the machine."""

import contextlib
import os
from pathlib import Path
from typing import Any

from django.conf import settings


def write_for_us_alone() -> None:
    """Every file and folder that this process makes from now on, the SQLite file among them, is its owner's alone."""
    os.umask(0o077)


def close_what_is_there() -> None:
    """Close the uploads and the SQLite file of an earlier version, which were open to all."""
    close(Path(settings.MEDIA_ROOT))
    database: dict[str, Any] = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3") and ":memory:" not in str(database["NAME"]):
        for ending in ("", "-wal", "-shm", "-journal"):
            close(Path(f"{database['NAME']}{ending}"))


def close(path: Path) -> None:
    """Take the rights of group and others away; a file that is not ours, or not there, stays as it is."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            os.chmod(path, mode & 0o700)
