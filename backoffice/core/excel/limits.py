"""How much a file may hold: known and refused before anything is built from it."""

from dataclasses import dataclass

MB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one door takes. Unpacked size and rows bound the time and the memory of reading."""

    file: int = 100 * MB
    unpacked: int = 600 * MB
    rows: int = 200_000
    """Rows of data; a sheet may be formatted much further down."""

    @property
    def megabytes(self) -> int:
        return self.file // MB


DEFAULT = Limits()
#: An import: looked through in the request of who hands it in, and never while something is locked.
IMPORT = Limits(file=60 * MB)
#: A list that somebody writes for one company, class or year.
LIST = Limits(file=5 * MB, unpacked=80 * MB, rows=5_000)
