"""Which characters a font can draw, read from its character map (OpenType `cmap`, formats 4 and 12)."""

import struct
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

#: Printed in place of what no font has: the printers' mark for a missing character.
GETA = "〓"
#: Invisible helpers: they need no glyph of their own (variation selectors).
SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


@dataclass(frozen=True)
class Coverage:
    """Sorted ranges of code points: `starts[i]` to `ends[i]`, both included."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def has(self, character: str) -> bool:
        at = bisect_right(self.starts, ord(character)) - 1
        return at >= 0 and ord(character) <= self.ends[at]


@cache
def coverage_of(path: str, index: int) -> Coverage:
    """What the face `index` of this font file can draw; nothing where the file cannot be understood."""
    try:
        with open(path, "rb") as file:
            ranges = sorted(read_ranges(file, index))
    except (OSError, struct.error, ValueError, IndexError):
        ranges = []
    return Coverage(tuple(start for start, _end in ranges), tuple(end for _start, end in ranges))


def needs_glyph(character: str) -> bool:
    """Whether the reader would miss it: not for spaces, controls, joiners and variation selectors."""
    if any(ord(character) in selectors for selectors in SELECTORS):
        return False
    return unicodedata.category(character) not in ("Cc", "Cf", "Zs", "Zl", "Zp")


def is_private(character: str) -> bool:
    """Whether it stands in a private use area, where every font draws something else: a name typed with a
    character an office has made for itself."""
    return unicodedata.category(character) == "Co"


def read_ranges(file: BinaryIO, index: int) -> list[tuple[int, int]]:
    """The ranges of the richest character map of a face."""
    start = 0
    if file.read(4) == b"ttcf":
        _version, count = unpack(file, 4, ">II")
        start = unpack(file, 12, f">{count}I")[index]
    (count,) = unpack(file, start + 4, ">H")
    tables = [unpack(file, start + 12 + 16 * n, ">4sIII") for n in range(count)]
    cmap = next(offset for tag, _sum, offset, _length in tables if tag == b"cmap")
    (count,) = unpack(file, cmap + 2, ">H")
    offsets = {unpack(file, cmap + 4 + 8 * n, ">HHI")[2] for n in range(count)}
    by_format = {unpack(file, cmap + offset, ">H")[0]: cmap + offset for offset in sorted(offsets)}
    return read_12(file, by_format[12]) if 12 in by_format else read_4(file, by_format.get(4, -1))


def read_12(file: BinaryIO, at: int) -> list[tuple[int, int]]:
    (count,) = unpack(file, at + 12, ">I")
    numbers = unpack(file, at + 16, f">{3 * count}I")
    return list(zip(numbers[0::3], numbers[1::3], strict=True))


def read_4(file: BinaryIO, at: int) -> list[tuple[int, int]]:
    """A segment counts as a whole: gaps inside one are rare, and only in old fonts."""
    if at < 0:
        raise ValueError("no character map of a known format")
    (twice,) = unpack(file, at + 6, ">H")
    ends = unpack(file, at + 14, f">{twice // 2}H")
    starts = unpack(file, at + 16 + twice, f">{twice // 2}H")
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start != 0xFFFF]


def unpack(file: BinaryIO, at: int, layout: str) -> tuple:
    file.seek(at)
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
